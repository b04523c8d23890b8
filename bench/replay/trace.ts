// A trace: one program's allocation traffic, read from a file, checked wholly, laid out for replay.
//
// The file (bench/traces/README.md) lists events in one global order. A replaying thread wants its
// own events side by side, and must know of each event how many others on the same block come
// first. So the events are sorted by thread, order kept, four words each, in shared memory:
//
//   word    meaning
//   WHAT    op, log2 of the alignment << 8, HANDOVER if another thread has the block's next event
//   BLOCK   the block's number in the trace
//   SIZE    bytes requested, never 0 except in a free
//   STEP    how many events of this block come before this one
//
// starts[t] .. starts[t + 1] are thread t's events. Nothing of a damaged file is ever replayed:
// whatever is wrong with it ends in a TraceError that says what and where.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';

export const EVENT = Object.freeze({ WORDS: 4, WHAT: 0, BLOCK: 1, SIZE: 2, STEP: 3 });
export const OP = Object.freeze({ ALLOC: 1, FREE: 2, REALLOC: 3 });
export const HANDOVER = 1 << 16;

const HEADER_BYTES = 20;
const EVENT_BYTES = 12;
const VERSION = 1;
const MAX_THREADS = 1 << 16;
const MAX_ALIGN_LOG2 = 24;
const MAX_UNPACKED_BYTES = 2 ** 31 - 1;
// A block costs the checker and each copy a few words, whether an event uses it or not.
const MAX_UNUSED_BLOCKS = 1 << 20;
const VERBS = ['', 'allocated', 'freed', 'reallocated'];

export interface Trace {
  readonly name: string;
  readonly threads: number;
  readonly blocks: number;
  readonly events: number;
  readonly words: Int32Array;
  readonly starts: Int32Array;
  /** Which event of `words` came first, which next, as they were recorded. */
  readonly order: Int32Array;
  /** Most bytes requested and not yet freed, in the recorded order. */
  readonly peakBytes: number;
  /** Most bytes that can be live in any order that keeps each thread's own. */
  readonly reachBytes: number;
}

export class TraceError extends Error {
  override readonly name = 'TraceError';
}

interface Header {
  readonly threads: number;
  readonly blocks: number;
  readonly events: number;
}

interface Unpacked {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

export function readTrace(path: string): Trace {
  try {
    return parseTrace(basename(path).replace(/(\.atrc)?(\.gz)?$/, ''), readFileSync(path));
  } catch (error) {
    throw new TraceError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function parseTrace(name: string, packed: Uint8Array): Trace {
  const body = unpack(packed);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const header = readHeader(view);
  const sorter = new Sorter(header, startsOf(view, header));
  for (let event = 0; event < header.events; event++) sorter.take(view, event);
  const { words, starts, order } = sorter;
  return { name, ...header, words, starts, order, ...sorter.peaks() };
}

function unpack(packed: Uint8Array): Uint8Array {
  const options = { info: true, maxOutputLength: MAX_UNPACKED_BYTES };
  let unpacked: Unpacked;
  try {
    unpacked = gunzipSync(packed, options) as unknown as Unpacked;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TraceError(
      code === 'Z_BUF_ERROR' ? 'truncated: its gzip stream has no end' : `bad gzip: ${message}`,
    );
  }
  const trailing = packed.byteLength - unpacked.engine.bytesWritten;
  if (trailing > 0) throw new TraceError(`${trailing} trailing bytes after its gzip stream`);
  return unpacked.buffer;
}

function readHeader(view: DataView): Header {
  if (view.byteLength >= 4 && view.getUint32(0) !== 0x41545243) {
    throw new TraceError("bad magic: it does not begin with 'ATRC'");
  }
  if (view.byteLength < HEADER_BYTES) {
    throw new TraceError(`truncated: ${view.byteLength} bytes are less than a header`);
  }
  const word = (index: number): number => view.getUint32(index * 4, true);
  if (word(1) !== VERSION) {
    throw new TraceError(
      `wrong version: it is of version ${word(1)}, this program reads ${VERSION}`,
    );
  }
  const header = { threads: word(2), blocks: word(3), events: word(4) };
  checkCounts(header);
  checkLength(view.byteLength, header.events);
  return header;
}

function checkCounts({ threads, blocks, events }: Header): void {
  if (threads > MAX_THREADS) {
    throw new TraceError(`bad header: ${threads} threads, an event can name ${MAX_THREADS}`);
  }
  if (blocks > events + MAX_UNUSED_BLOCKS) {
    throw new TraceError(`bad header: ${blocks} blocks for ${events} events`);
  }
}

function checkLength(bytes: number, events: number): void {
  const expected = HEADER_BYTES + events * EVENT_BYTES;
  if (bytes < expected) {
    const held = Math.floor((bytes - HEADER_BYTES) / EVENT_BYTES);
    throw new TraceError(`truncated: the header says ${events} events, ${held} are there`);
  }
  if (bytes > expected) {
    throw new TraceError(`${bytes - expected} trailing bytes after its last event`);
  }
}

function startsOf(view: DataView, { threads, events }: Header): Int32Array {
  const starts = sharedWords(threads + 1);
  for (let event = 0; event < events; event++) {
    const thread = view.getUint16(HEADER_BYTES + event * EVENT_BYTES + 2, true);
    if (thread >= threads) {
      fail(event, `thread ${thread} is out of range, the trace has ${threads}`);
    }
    starts[thread + 1]! += 1;
  }
  for (let thread = 0; thread < threads; thread++) starts[thread + 1]! += starts[thread]!;
  return starts;
}

function fail(event: number, reason: string): never {
  throw new TraceError(`event ${event}: ${reason}`);
}

export function sharedWords(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * 4));
}

/** Takes events in recorded order, checks each against its block's life, puts it in its place. */
class Sorter {
  readonly words: Int32Array;
  readonly starts: Int32Array;
  readonly order: Int32Array;
  readonly #blocks: number;
  readonly #next: Int32Array; // per thread: where its next event goes
  readonly #steps: Int32Array; // per block: events so far
  readonly #size: Float64Array; // per block: bytes while it lives, NaN before and after
  readonly #last: Int32Array; // per block: where its last event went
  readonly #net: Float64Array; // per thread: bytes it made live minus bytes it ended
  readonly #top: Float64Array; // per thread: the most that net has been
  #live = 0;
  #peak = 0;

  constructor({ threads, blocks, events }: Header, starts: Int32Array) {
    this.words = sharedWords(events * EVENT.WORDS);
    this.starts = starts;
    this.order = sharedWords(events);
    this.#blocks = blocks;
    this.#next = new Int32Array(starts);
    this.#steps = new Int32Array(blocks);
    this.#size = new Float64Array(blocks).fill(Number.NaN);
    this.#last = new Int32Array(blocks);
    this.#net = new Float64Array(threads);
    this.#top = new Float64Array(threads);
  }

  take(view: DataView, event: number): void {
    const at = HEADER_BYTES + event * EVENT_BYTES;
    const op = view.getUint8(at);
    const align = view.getUint8(at + 1);
    const thread = view.getUint16(at + 2, true);
    const block = view.getUint32(at + 4, true);
    const size = op === OP.FREE ? 0 : Math.max(1, view.getUint32(at + 8, true));
    if (op < OP.ALLOC || op > OP.REALLOC) fail(event, `op ${op} is unknown`);
    if (align > MAX_ALIGN_LOG2) fail(event, `an alignment of 2^${align} is absurd`);
    if (block >= this.#blocks) {
      fail(event, `block ${block} is out of range, the trace has ${this.#blocks}`);
    }
    this.#checkLife(event, op, block);
    this.order[event] = this.#place(op | (align << 8), thread, block, size);
    this.#account(op, thread, block, size);
  }

  #checkLife(event: number, op: number, block: number): void {
    const steps = this.#steps[block]!;
    if (op === OP.ALLOC && steps > 0) fail(event, `block ${block} is allocated twice`);
    if (op !== OP.ALLOC && steps === 0) {
      fail(event, `block ${block} is ${VERBS[op]} before it is allocated`);
    }
    if (op !== OP.ALLOC && Number.isNaN(this.#size[block])) {
      fail(event, `block ${block} is ${VERBS[op]} after it was freed`);
    }
  }

  #place(what: number, thread: number, block: number, size: number): number {
    const index = this.#next[thread]!++;
    const at = index * EVENT.WORDS;
    const step = this.#steps[block]!++;
    this.words[at + EVENT.WHAT] = what;
    this.words[at + EVENT.BLOCK] = block;
    this.words[at + EVENT.SIZE] = size;
    this.words[at + EVENT.STEP] = step;
    if (step > 0) this.#markHandover(this.#last[block]!, thread);
    this.#last[block] = index;
    return index;
  }

  #markHandover(index: number, thread: number): void {
    const mine = index >= this.starts[thread]! && index < this.starts[thread + 1]!;
    if (!mine) this.words[index * EVENT.WORDS + EVENT.WHAT]! |= HANDOVER;
  }

  #account(op: number, thread: number, block: number, size: number): void {
    const change = size - (op === OP.ALLOC ? 0 : this.#size[block]!);
    this.#size[block] = op === OP.FREE ? Number.NaN : size;
    this.#live += change;
    this.#peak = Math.max(this.#peak, this.#live);
    this.#net[thread]! += change;
    this.#top[thread] = Math.max(this.#top[thread]!, this.#net[thread]!);
  }

  // Live bytes are the sum of every thread's net, each at some point of its own order: never more
  // than the sum of their tops.
  peaks(): { peakBytes: number; reachBytes: number } {
    const reachBytes = this.#top.reduce((sum, top) => sum + top, 0);
    return { peakBytes: this.#peak, reachBytes };
  }
}
