// Players replay every event exactly once and in order, and see what a broken heap does.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlayedHeap } from '../../bench/replay/blocks.ts';
import { eventsOf, type Turn } from '../../bench/replay/plan.ts';
import { Player } from '../../bench/replay/player.ts';
import { buildStage, CONTROL, CURSOR, eventsPlayed, RECORD } from '../../bench/replay/stage.ts';
import { peakLiveBytes, tallied, TALLY, type Stage } from '../../bench/replay/stage.ts';
import { OP, parseTrace } from '../../bench/replay/trace.ts';
import { SharedHeap, type Mode } from '../../src/index.ts';
import { pack, recordings, type Recorded, type Recording } from './recording.ts';

const { ALLOC, FREE, REALLOC } = OP;

function turnOf(recording: Recording, copies = 1): Turn {
  return { name: 'test', traces: [parseTrace('test', pack(recording))], copies };
}

function talliesOf(stage: Stage): Record<string, number> {
  const names = Object.keys(TALLY) as (keyof typeof TALLY)[];
  const found = names.map((name) => [name, tallied(stage, TALLY[name])] as const);
  return Object.fromEntries(found.filter(([, count]) => count > 0));
}

function expectAllPlayed(stage: Stage, turn: Turn, heap: SharedHeap): void {
  expect(eventsPlayed(stage, firstEvents(turn))).toBe(eventsOf(turn));
  const { LEFTOVERS: _freed, WAITS: _waits, ...faults } = talliesOf(stage);
  expect(faults).toEqual({});
  for (let at = 0; at < stage.records.length; at += RECORD.WORDS) {
    expect(stage.records[at + RECORD.GRANULE]).toBe(0);
  }
  expect(heap.stats().liveBlocks).toBe(0);
  expect(heap.validate()).toEqual([]);
}

// Cursors begin where their threads' events do: the sum over all of them when nothing was played.
function firstEvents(turn: Turn): number {
  return eventsPlayed(buildStage(turn, 1), 0);
}

function cursorsOf({ cursors }: Stage): number[] {
  return Array.from({ length: cursors.length / CURSOR.WORDS }, (_, n) => n * CURSOR.WORDS);
}

// Any cursor of any player next, a few events at a time; then all until nobody has any left.
function interleave(stage: Stage, players: readonly Player[], picks: Iterator<number>): void {
  const cursors = cursorsOf(stage);
  const play = (cursor: number, events: number): number =>
    players[stage.cursors[cursor + CURSOR.SHARE]!]!.play(cursor, events);
  for (let turns = 0; turns < 100; turns++) {
    play(cursors[picks.next().value % cursors.length]!, 1 + (picks.next().value % 3));
  }
  while (cursors.some((cursor) => play(cursor, 1000) > 0));
}

describe('players', () => {
  it('replay everything whoever goes next, in every mode, with few workers or many', () => {
    const heap = SharedHeap.create({ size: '16MiB' });
    const schedules = fc.infiniteStream(fc.nat(1000));
    const workers = fc.integer({ min: 1, max: 7 });
    const modes = fc.constantFrom<Mode>('two-tier', 'simple-heap', 'hybrid');
    fc.assert(
      fc.property(recordings(80), workers, modes, schedules, (recording, count, mode, picks) => {
        heap.setMode(mode);
        const turn = turnOf(recording, 2);
        const stage = buildStage(turn, count);
        const players = Array.from({ length: count }, (_, n) => new Player(heap, stage, n));
        interleave(stage, players, picks);
        for (const player of players) player.playShare();
        expectAllPlayed(stage, turn, heap);
        // Each player may keep less than a unit to itself.
        expect(Math.abs(stage.control[CONTROL.LIVE]!)).toBeLessThanOrEqual(count);
        expect(peakLiveBytes(stage)).toBeLessThanOrEqual(turn.traces[0]!.reachBytes * 2);
      }),
      { numRuns: 60 },
    );
  });

  it('take a share over from wherever its worker was, and play no event twice', () => {
    const heap = SharedHeap.create({ size: '16MiB' });
    fc.assert(
      fc.property(recordings(80), fc.nat(80), fc.nat(80), (recording, played, stale) => {
        const turn = turnOf(recording);
        const stage = buildStage(turn, 1);
        const first = new Player(heap, stage, 0);
        for (const cursor of cursorsOf(stage)) {
          const from = stage.cursors[cursor + CURSOR.NEXT]!;
          const reached = from + first.play(cursor, played);
          stage.cursors[cursor + CURSOR.NEXT] = Math.max(from, reached - stale);
        }
        new Player(heap, stage, 0).playShare();
        expectAllPlayed(stage, turn, heap);
      }),
      { numRuns: 60 },
    );
  });
});

describe('blocks beyond 4 GiB', () => {
  it('are stamped, checked and handed over like any others', () => {
    const highStart = 4 * 1024 ** 3;
    const heap = SharedHeap.create({ size: highStart + 512 * 1024 ** 2, zones: { highStart } });
    let lowest = Infinity;
    const high = broken(heap, () => ({
      alloc: (bytes) => {
        const found = heap.tryAlloc(bytes, { zone: 'high' });
        if (found.ok) lowest = Math.min(lowest, found.value);
        return found.ok ? found.value : 0;
      },
    }));
    const turn = turnOf({ threads: 1, blocks: 3, events: growing });
    const stage = buildStage(turn, 1);
    new Player(high, stage, 0).playShare();
    expect(lowest).toBeGreaterThanOrEqual(highStart);
    expectAllPlayed(stage, turn, heap);
  });
});

const alloc = (block: number, size = 64, align = 0): Recorded => {
  return { op: ALLOC, thread: 0, block, size, align };
};
const free = (block: number): Recorded => ({ op: FREE, thread: 0, block });
const realloc = (block: number, size: number): Recorded => {
  return { op: REALLOC, thread: 0, block, size };
};

/** Changes some of what a sound heap does. */
type Breakage = (heap: SharedHeap) => Partial<PlayedHeap>;

function broken(heap: SharedHeap, breakage: Breakage): PlayedHeap {
  return {
    i32: heap.i32,
    u8: heap.u8,
    view: (ptr, type, length) => heap.view(ptr, type, length),
    alloc: (size) => heap.alloc(size),
    free: (ptr) => heap.free(ptr),
    realloc: (ptr, size) => heap.realloc(ptr, size),
    tryAlloc: (size, options) => heap.tryAlloc(size, options),
    ...breakage(heap),
  };
}

// Every second block begins `distance` bytes behind the one before it.
function crowding(distance: number): Breakage {
  return (heap) => {
    let last = 0;
    return {
      alloc: (size) => {
        const ptr = last === 0 ? heap.alloc(size) : last + distance;
        last = last === 0 ? ptr : 0;
        return ptr;
      },
      free: (ptr) => heap.free(ptr) || distance > 0,
    };
  };
}

// Each alloc spoils a byte of the block before it.
const spoiling: Breakage = (heap) => {
  let last = 0;
  return {
    alloc: (size) => {
      if (last > 0) heap.u8[last + 5]! ^= 255;
      last = heap.alloc(size);
      return last;
    },
  };
};

const growing = [
  alloc(0, 3),
  alloc(1, 70_001),
  realloc(0, 5000),
  alloc(2, 4097),
  realloc(1, 90_003),
  realloc(2, 7),
  free(0),
  free(1),
];
const two = [alloc(0), alloc(1), free(0), free(1)];
const crossed = [alloc(0), alloc(1), free(1), free(0)];
const damage: [name: string, breakage: Breakage, events: Recorded[], tallies: object][] = [
  ['blocks that overlap by half', crowding(32), two, { OVERLAPS: 1 }],
  ['blocks that overlap by their last granule', crowding(48), two, { OVERLAPS: 1 }],
  ['blocks that overlap, the other freed first', crowding(32), crossed, { OVERLAPS: 1 }],
  ['the same block twice', crowding(0), two, { OVERLAPS: 1, BAD_FREES: 1 }],
  ['a heap that writes into a live block', spoiling, two, { MISMATCHES: 1 }],
  [
    'a realloc that forgets the contents',
    (heap) => ({ realloc: (ptr, size) => (heap.free(ptr) ? heap.alloc(size * 2) : 0) }),
    [alloc(0), realloc(0, 5000), free(0)],
    { MISMATCHES: 1 },
  ],
  [
    'a realloc that forgets the last byte',
    (heap) => ({
      realloc: (ptr, size) => {
        const moved = heap.realloc(ptr, size);
        heap.u8[moved + 62]! ^= 1;
        return moved;
      },
    }),
    [alloc(0, 63), realloc(0, 5000), free(0)],
    { MISMATCHES: 1 },
  ],
  [
    'free refused for a live block',
    (heap) => ({ free: (ptr) => !heap.free(ptr) }),
    [alloc(0), free(0)],
    { BAD_FREES: 1 },
  ],
  [
    'an alignment that was not kept',
    (heap) => ({
      tryAlloc: (size) => ({ ok: true, value: Math.ceil(heap.alloc(size) / 128) * 128 + 64 }),
      free: () => true,
    }),
    [alloc(0, 300, 7), free(0)],
    { MISALIGNED: 1 },
  ],
  [
    'a pointer between granules',
    (heap) => ({ alloc: (size) => heap.alloc(size) + 8, free: () => true }),
    [alloc(0), free(0)],
    { MISALIGNED: 1, SKIPPED: 1 },
  ],
  [
    'no memory for a block',
    () => ({ alloc: () => 0 }),
    [alloc(0), realloc(0, 100), free(0), alloc(1, 64, 4), free(1)],
    { FAILED: 1, SKIPPED: 2 },
  ],
  [
    'no memory to grow a block',
    () => ({ realloc: () => 0 }),
    [alloc(0), realloc(0, 1000), realloc(0, 2000), free(0)],
    { FAILED: 2 },
  ],
];

describe('a broken heap is seen', () => {
  it.each(damage)('%s', (_name, breakage, events, tallies) => {
    const heap = SharedHeap.create({ size: '8MiB' });
    const stage = buildStage(turnOf({ threads: 1, blocks: 4, events }), 1);
    const player = new Player(broken(heap, breakage), stage, 0);
    player.playShare();
    expect(talliesOf(stage)).toEqual(tallies);
    expect(player.notes.length === 0).toBe('FAILED' in tallies);
  });
});
