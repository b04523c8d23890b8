// The phase of `npm start` in which workers are killed: what its players promise, that its
// reckoning sees what is wrong, and the whole of it as a user runs it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Report } from '../../bench/replay/run.ts';
import { EVENT, parseTrace } from '../../bench/replay/trace.ts';
import {
  ACCOUNTS,
  layOut,
  stateOf,
  STATE,
  tallied,
  TALLY,
  type Ground,
} from '../../bench/siege/ground.ts';
import { inOneRow } from '../../bench/siege/order.ts';
import { Player } from '../../bench/siege/player.ts';
import { reckon } from '../../bench/siege/reckoning.ts';
import type { SiegeReport } from '../../bench/siege/siege.ts';
import { SharedHeap } from '../../src/index.ts';
import { startIn, traffic } from './command.ts';
import { pack } from './recording.ts';

const BLOCKS = 600;
const packed = pack({ threads: 5, blocks: BLOCKS, events: traffic(5, BLOCKS) });
const trace = parseTrace('small', packed);

test('the row of a trace has every event, each after those of its block before it', () => {
  const row = inOneRow(trace);
  const played = new Int32Array(trace.blocks);
  for (let at = 0; at < row.length; at += EVENT.WORDS) {
    const block = row[at + EVENT.BLOCK]!;
    expect(row[at + EVENT.STEP]).toBe(played[block]);
    played[block]!++;
  }
  expect(row.length / EVENT.WORDS).toBe(trace.events);
});

describe('players', () => {
  let heap: SharedHeap;
  let ground: Ground;

  function begin(): void {
    heap = SharedHeap.create({ size: '16MiB', maxSlots: 4 });
    ground = layOut(heap, [trace], 2);
  }

  function play(player: number, batches: number): Player {
    const one = new Player(heap, ground, player);
    for (let batch = 0; batch < batches; batch++) expect(one.playBatch()).toBe(true);
    return one;
  }

  function tallies(): number[] {
    const { MISMATCHES, OUT_OF_TURN, BAD_FREES, FAILED, MISCOUNTS } = TALLY;
    return [MISMATCHES, OUT_OF_TURN, BAD_FREES, FAILED, MISCOUNTS].map((which) =>
      tallied(ground, which),
    );
  }

  it('go on where others stopped, lap after lap, and leave nothing behind', () => {
    begin();
    while (play(0, 3).events < trace.events * 2.5) play(1, 2);
    const { bytesLost, blocksMissing, total, totalBefore, findings, notes } = reckon(heap, ground);
    expect(tallies()).toEqual([0, 0, 0, 0, 0]);
    expect({ bytesLost, blocksMissing, findings, notes }).toEqual({
      bytesLost: 0,
      blocksMissing: 0,
      findings: [],
      notes: [],
    });
    expect(total).toBe(totalBefore);
    heap.detach();
  });

  it('find a byte of theirs that another has written', () => {
    begin();
    const player = play(0, 20);
    const held: number[] = [];
    player.inspect((ptr) => held.push(ptr));
    heap.u8[held[0]!]! ^= 1;
    expect(reckon(heap, ground).notes[0]).toMatch(/byte \d+ of block \d+.*not as it was stamped/);
    expect(tallies()).toEqual([1, 0, 0, 0, 0]);
    heap.detach();
  });

  it('find a batch that was played twice', () => {
    begin();
    const place = ground.places[0]!;
    while (stateOf(heap, place)[STATE.POSITION] === 0) play(0, 1);
    stateOf(heap, place)[STATE.POSITION] = 0;
    new Player(heap, ground, 0).playBatch();
    expect(tallied(ground, TALLY.OUT_OF_TURN)).toBeGreaterThan(0);
    heap.detach();
  });

  it('find an account that half a transfer has changed', () => {
    begin();
    heap.view(ground.places[1]!.accounts, Int32Array, ACCOUNTS)[3]! -= 5;
    const { total, totalBefore, notes } = reckon(heap, ground);
    expect([totalBefore - total, notes.length]).toEqual([5, 1]);
    expect(tallies()).toEqual([0, 0, 0, 0, 1]);
    heap.detach();
  });

  it('and their reckoning finds a block that nobody knows of, and one that is gone', () => {
    begin();
    const player = play(0, 20);
    heap.alloc(1000);
    const held: number[] = [];
    player.inspect((ptr) => held.push(ptr));
    heap.free(held[0]!);
    const { bytesLost, blocksMissing } = reckon(heap, ground);
    expect(bytesLost).toBeGreaterThanOrEqual(1000);
    expect(blocksMissing).toBe(1);
    heap.detach();
  });
});

describe('npm start', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
  const json = join(folder, 'figures.json');
  const args = ['--trace', join(folder, 'small.atrc.gz'), '--copies', '1', '--json', json];

  beforeAll(() => writeFileSync(join(folder, 'small.atrc.gz'), packed));
  afterAll(() => rmSync(folder, { recursive: true }));

  function figures(): Report & { readonly siege: SiegeReport | null } {
    return JSON.parse(readFileSync(json, 'utf8'));
  }

  it('kills workers, and all that the dead had is found again', async () => {
    const { status, stdout, stderr } = await startIn(folder, [...args, '--kill-every', '10']);
    expect([status, stderr]).toEqual([0, '']);
    const siege = figures().siege!;
    expect(siege).toMatchObject({ sound: true, killEveryMs: 10, bytesLost: 0, findings: [] });
    expect(siege.kills).toBeGreaterThan(0);
    expect(siege.recoveries).toBe(siege.kills);
    expect(siege.total).toBe(siege.totalBefore);
    expect(siege.committed).toBeGreaterThan(0);
    for (const row of ['kills', 'recoveries', 'recovery, median', 'bytes lost', '… for the dead'])
      expect(stdout).toContain(`│ ${row} `);
    expect(stdout).toMatch(/Sound: whatever the dead had begun was undone/);
  });

  it('spares them when told so', async () => {
    const { status, stdout } = await startIn(folder, [...args, '--no-kill']);
    expect(status).toBe(0);
    expect(figures().siege).toBeNull();
    expect(stdout).not.toContain('under fire');
  });

  it('counts what there is when it is interrupted under fire', async () => {
    let told = false;
    const { status, stdout } = await startIn(folder, args, (interrupt, text) => {
      if (!told && text.includes('nothing leaked')) setTimeout(interrupt, 1500);
      told ||= text.includes('nothing leaked');
    });
    expect(status).toBe(130);
    expect(figures().siege).toMatchObject({ interrupted: true, sound: true, bytesLost: 0 });
    expect(stdout).toMatch(/Interrupted/);
  });
});
