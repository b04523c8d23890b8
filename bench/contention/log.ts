// The log of a watched round: for each thread a list of what it did to locks, and when. It lies in
// shared memory, so that the main thread can read it when the round is over; while the round goes
// on, each thread writes its own part and nobody reads.
//
//   word        writers     readers          access
//   ON          main        the thread       plain    written while nobody works
//   COUNT       the thread  main, afterwards plain    events so far; main sets it to 0
//   code, time  the thread  main, afterwards plain

/** What an event says: a thread asks for a lock, has it, gives it back; or adds to a shared sum. */
export const EVENT = Object.freeze({ ASKED: 0, TAKEN: 1, GIVEN: 2, TOUCHED: 3 });

export interface LogEvent {
  readonly kind: number;
  /** Word index, in the heap, of the lock or the sum. */
  readonly word: number;
  /** Nanoseconds on a clock that all threads of the process share. */
  readonly ns: number;
}

const ON = 0;
const COUNT = 1;
const STATE_BYTES = 128; // lines of its own for each thread
const KIND_BITS = 2;

/** Events that the log of one thread has room for. */
export const ROOM = 2 ** 18;
const THREAD_BYTES = STATE_BYTES + ROOM * 12;

/** Memory for the logs of so many threads. */
export function logBuffer(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * THREAD_BYTES);
}

export class Log {
  private readonly state: Int32Array;
  private readonly codes: Int32Array;
  private readonly times: Float64Array;
  private readonly offsetNs: number;

  constructor(buffer: SharedArrayBuffer, thread: number) {
    const at = thread * THREAD_BYTES;
    this.state = new Int32Array(buffer, at, STATE_BYTES / 4);
    this.times = new Float64Array(buffer, at + STATE_BYTES, ROOM);
    this.codes = new Int32Array(buffer, at + STATE_BYTES + ROOM * 8, ROOM);
    this.offsetNs = offsetNs();
  }

  /** Forgets everything, and takes notes from now on or does not. While nobody works. */
  begin(on: boolean): void {
    this.state[ON] = on ? 1 : 0;
    this.state[COUNT] = 0;
  }

  /** The watch: what it costs is in every figure, and is measured on nothing (cost.ts). */
  note(kind: number, word: number): void {
    const count = this.state[COUNT]!;
    if (this.state[ON] === 0 || count === ROOM) return;
    this.codes[count] = (word << KIND_BITS) | kind;
    this.state[COUNT] = count + 1;
    this.times[count] = performance.now() * 1e6 + this.offsetNs;
  }

  /** Whether there was no room for all of it. */
  get overflowed(): boolean {
    return this.state[COUNT] === ROOM;
  }

  get length(): number {
    return this.state[COUNT]!;
  }

  read(): LogEvent[] {
    return Array.from({ length: this.length }, (_, i) => {
      const code = this.codes[i]!;
      return { kind: code & 3, word: code >>> KIND_BITS, ns: this.times[i]! };
    });
  }
}

// `performance.now` is the quickest clock, and counts from its thread's own beginning.
function offsetNs(): number {
  const tries = Array.from({ length: 16 }, () => {
    return Number(process.hrtime.bigint()) - performance.now() * 1e6;
  });
  return Math.max(...tries); // the try with the least time between the two readings
}
