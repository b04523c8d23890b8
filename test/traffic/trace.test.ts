// A trace file is either read exactly as it was recorded or refused with its reason.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EVENT,
  HANDOVER,
  OP,
  parseTrace,
  readTrace,
  type Trace,
} from '../../bench/replay/trace.ts';
import { pack, recordings, write, type Recorded, type Recording } from './recording.ts';

const { ALLOC, FREE, REALLOC } = OP;

interface Laid {
  readonly op: number;
  readonly align: number;
  readonly handover: boolean;
  readonly block: number;
  readonly size: number;
  readonly step: number;
}

function laidOut(trace: Trace, thread: number): Laid[] {
  const laid: Laid[] = [];
  for (let index = trace.starts[thread]!; index < trace.starts[thread + 1]!; index++) {
    const [what = 0, block = 0, size = 0, step = 0] = trace.words.subarray(index * EVENT.WORDS);
    const handover = (what & HANDOVER) !== 0;
    laid.push({ op: what & 255, align: (what >> 8) & 255, handover, block, size, step });
  }
  return laid;
}

// What the layout should be, looked up in the recording the slow way.
function expected({ events }: Recording, thread: number): Laid[] {
  return events.flatMap((event, index) => {
    if (event.thread !== thread) return [];
    const { op, align = 0, block } = event;
    const next = events.slice(index + 1).find((other) => other.block === block);
    const step = events.slice(0, index).filter((other) => other.block === block).length;
    const size = op === FREE ? 0 : Math.max(1, event.size ?? 0);
    const handover = next !== undefined && next.thread !== thread;
    return [{ op, align, handover, block, size, step }];
  });
}

function peakOf(events: readonly Recorded[]): number {
  const live = new Map<number, number>();
  let peak = 0;
  for (const { op, block, size = 0 } of events) {
    live.set(block, op === FREE ? 0 : Math.max(1, size));
    const sum = [...live.values()].reduce((total, bytes) => total + bytes, 0);
    peak = Math.max(peak, sum);
  }
  return peak;
}

describe('a trace that is whole', () => {
  it('is laid out thread by thread, each event with its step and whether it hands over', () => {
    fc.assert(
      fc.property(recordings(60), (recording) => {
        const trace = parseTrace('any', pack(recording));
        for (let thread = 0; thread < recording.threads; thread++) {
          expect(laidOut(trace, thread)).toEqual(expected(recording, thread));
        }
      }),
    );
  });

  it('says how many bytes were live at most', () => {
    fc.assert(
      fc.property(recordings(60), (recording) => {
        expect(parseTrace('any', pack(recording)).peakBytes).toBe(peakOf(recording.events));
      }),
    );
  });

  it('says how many bytes no drift of its threads against each other exceeds', () => {
    fc.assert(
      fc.property(recordings(60), fc.infiniteStream(fc.nat(1000)), (recording, picks) => {
        const drifted = drift(recording, picks);
        expect(drifted.length).toBe(recording.events.length);
        const trace = parseTrace('any', pack(recording));
        expect(peakOf(drifted)).toBeLessThanOrEqual(trace.reachBytes);
        expect(trace.reachBytes).toBeGreaterThanOrEqual(trace.peakBytes);
      }),
    );
  });

  it('may be empty', () => {
    const trace = parseTrace('empty', pack({ threads: 0, blocks: 0, events: [] }));
    expect(trace).toMatchObject({ events: 0, peakBytes: 0, reachBytes: 0 });
  });
});

// Another order of the same events, in which each thread and each block keep their own.
function drift({ events }: Recording, picks: Iterator<number>): Recorded[] {
  const waiting = [...events];
  const order: Recorded[] = [];
  while (waiting.length > 0) {
    const ready = waiting.filter((event, index) =>
      waiting
        .slice(0, index)
        .every(({ thread, block }) => thread !== event.thread && block !== event.block),
    );
    const next = ready[picks.next().value % ready.length]!;
    waiting.splice(waiting.indexOf(next), 1);
    order.push(next);
  }
  return order;
}

const alloc = (block: number, thread = 0): Recorded => ({ op: ALLOC, thread, block, size: 8 });
const free = (block: number, thread = 0): Recorded => ({ op: FREE, thread, block });
const realloc = (block: number): Recorded => ({ op: REALLOC, thread: 0, block, size: 9 });
const of = (...events: Recorded[]): Recording => ({ threads: 2, blocks: 3, events });
const sound = of(alloc(0), alloc(1), free(0, 1));

const damaged: [name: string, file: Uint8Array, reason: RegExp][] = [
  ['no gzip', write(sound), /bad gzip: incorrect header check/],
  ['an empty file', Buffer.alloc(0), /truncated/],
  ['half a gzip stream', pack(sound).subarray(0, 30), /truncated: its gzip stream has no end/],
  ['a flipped bit', flipped(pack(sound), 25), /bad gzip/],
  ['bytes after the stream', Buffer.concat([pack(sound), Buffer.alloc(3)]), /3 trailing bytes/],
  ['a second stream', Buffer.concat([pack(sound), pack(sound)]), /56 trailing bytes/],
  ['another magic', pack(sound, { magic: 'ATRX' }), /bad magic/],
  ['another version', pack(sound, { version: 2 }), /wrong version: it is of version 2/],
  ['less than a header', gzipSync(write(sound).subarray(0, 19)), /truncated: 19 bytes/],
  ['half an event', gzipSync(write(sound).subarray(0, 50)), /header says 3 events, 2 are there/],
  ['fewer events than it says', pack(sound, { events: 4 }), /says 4 events, 3 are there/],
  ['more events than it says', pack(sound, { events: 2 }), /12 trailing bytes/],
  ['2^32 − 1 events', pack(sound, { events: 2 ** 32 - 1 }), /truncated/],
  ['2^32 − 1 threads', pack({ ...sound, threads: 2 ** 32 - 1 }), /bad header: .* threads/],
  ['2^32 − 1 blocks', pack({ ...sound, blocks: 2 ** 32 - 1 }), /bad header: .* blocks/],
  ['op 0', pack(of({ ...alloc(0), op: 0 })), /event 0: op 0 is unknown/],
  ['op 4', pack(of(alloc(0), { ...free(0), op: 4 })), /event 1: op 4 is unknown/],
  ['a thread too many', pack(of(alloc(0, 2))), /event 0: thread 2 is out of range/],
  ['a block too many', pack(of(alloc(0), alloc(3))), /event 1: block 3 is out of range/],
  ['a free before', pack(of(free(1))), /event 0: block 1 is freed before it is allocated/],
  ['a realloc before', pack(of(realloc(1))), /block 1 is reallocated before it is allocated/],
  [
    'a double free',
    pack(of(alloc(0), free(0), free(0, 1))),
    /event 2: .* freed after it was freed/,
  ],
  ['a realloc after', pack(of(alloc(0), free(0), realloc(0))), /reallocated after it was freed/],
  ['a second alloc', pack(of(alloc(0), alloc(0))), /event 1: block 0 is allocated twice/],
  ['an alloc after', pack(of(alloc(0), free(0), alloc(0))), /event 2: block 0 is allocated twice/],
  ['an absurd alignment', pack(of({ ...alloc(0), align: 60 })), /alignment of 2\^60 is absurd/],
];

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at]! ^= 0x10;
  return bytes;
}

describe('a trace that is damaged', () => {
  it.each(damaged)('is refused with its reason: %s', (_name, file, reason) => {
    expect(() => parseTrace('damaged', file)).toThrow(reason);
  });

  it('never gets past the checks wherever its file is cut', () => {
    const file = pack(sound);
    for (let length = 0; length < file.length; length++) {
      expect(() => parseTrace('cut', file.subarray(0, length))).toThrow(/truncated|bad gzip/);
    }
  });

  it('is named in the reason, also if it cannot be read at all', () => {
    expect(() => readTrace('no/such.atrc.gz')).toThrow(/^no\/such\.atrc\.gz: ENOENT/);
    expect(() => readTrace(import.meta.dirname)).toThrow(/EISDIR/);
  });
});

describe('the traces that ship', () => {
  const folder = `${import.meta.dirname}/../../bench/traces`;
  const table = readFileSync(`${folder}/README.md`, 'utf8').split('\n');
  const rows = table.filter((line) => /^\| [a-z]+/.test(line) && !line.startsWith('| trace'));

  it.each(rows.map((row) => row.split('|').map((cell) => cell.trim())))(
    'are as their table says: %s%s',
    (...cells) => {
      const numbers = cells.map((cell) => Number(cell.replaceAll(',', '')));
      const trace = readTrace(`${folder}/${cells[1]}.atrc.gz`);
      const { threads, events, blocks, peakBytes } = trace;
      expect([threads, events, blocks, peakBytes]).toEqual(numbers.slice(3, 7));
      expect(countOf(trace)).toEqual(numbers.slice(7, 9));
    },
  );
});

// Reallocs, and frees by another thread than the one that had the block's event before.
function countOf(trace: Trace): [number, number] {
  const { threads, blocks } = trace;
  const allocators = new Map<number, number>();
  const all = Array.from({ length: threads }, (_, thread) => laidOut(trace, thread));
  all.forEach((laid, thread) => {
    for (const { op, block } of laid) if (op === ALLOC) allocators.set(block, thread);
  });
  const foreign = all.map(
    (laid, thread) =>
      laid.filter((e) => e.op === FREE && allocators.get(e.block) !== thread).length,
  );
  expect(allocators.size).toBe(blocks);
  const reallocs = all.flat().filter(({ op }) => op === REALLOC).length;
  return [reallocs, foreign.reduce((sum, count) => sum + count, 0)];
}
