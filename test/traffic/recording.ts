// Recordings for tests: a trace file's events as plain objects, any valid list of them at random,
// and the writer of the format that the replayer reads.
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { OP } from '../../bench/replay/trace.ts';

export interface Recorded {
  readonly op: number;
  readonly align?: number;
  readonly thread: number;
  readonly block: number;
  readonly size?: number;
}

export interface Recording {
  readonly threads: number;
  readonly blocks: number;
  readonly events: readonly Recorded[];
}

/** What a damaged header says instead of the truth. */
export interface Lies {
  readonly magic?: string;
  readonly version?: number;
  readonly events?: number;
}

export function write({ threads, blocks, events }: Recording, lies: Lies = {}): Buffer {
  const bytes = Buffer.alloc(20 + events.length * 12);
  bytes.write(lies.magic ?? 'ATRC', 'latin1');
  const header = [lies.version ?? 1, threads, blocks, lies.events ?? events.length];
  header.forEach((word, index) => bytes.writeUInt32LE(word, 4 + index * 4));
  events.forEach(({ op, align = 0, thread, block, size = 0 }, index) => {
    const at = 20 + index * 12;
    bytes.writeUInt8(op, at);
    bytes.writeUInt8(align, at + 1);
    bytes.writeUInt16LE(thread, at + 2);
    bytes.writeUInt32LE(block, at + 4);
    bytes.writeUInt32LE(size, at + 8);
  });
  return bytes;
}

export function pack(recording: Recording, lies: Lies = {}): Buffer {
  return gzipSync(write(recording, lies));
}

interface Choice {
  readonly act: number;
  readonly thread: number;
  readonly pick: number;
  readonly size: number;
  readonly align: number;
}

const sizes = fc.oneof(fc.nat(64), fc.nat(5000), fc.constantFrom(0, 1, 16, 4096, 70_000));

const choices = fc.record<Choice>({
  act: fc.nat(5),
  thread: fc.nat(4),
  pick: fc.nat(1000),
  size: sizes,
  align: fc.constantFrom(0, 0, 0, 0, 5, 8, 12),
});

/** Any valid recording: up to five threads, blocks passed between them in every way. */
export function recordings(maxEvents: number): fc.Arbitrary<Recording> {
  return fc.array(choices, { maxLength: maxEvents, size: 'max' }).map(record);
}

function record(list: readonly Choice[]): Recording {
  const live: number[] = [];
  let blocks = 0;
  const events = list.map(({ act, thread, pick, size, align }): Recorded => {
    if (live.length === 0 || act < 2) {
      live.push(blocks);
      return { op: OP.ALLOC, align, thread, block: blocks++, size };
    }
    const index = pick % live.length;
    const block = live[index]!;
    if (act === 2) return { op: OP.REALLOC, thread, block, size };
    live.splice(index, 1);
    return { op: OP.FREE, thread, block, size: 0 };
  });
  return { threads: 5, blocks, events };
}
