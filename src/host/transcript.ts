// A recording's events as its file has them (bench/traces/README.md): pointers become numbers of
// blocks, each allocated once; seats become numbers of threads, by who sat there.
//
// It makes good what tapes may lack, so that the file is always in order: a free of a block that is
// not known was there before, or its alloc was dropped, and is left out; an alloc where a block is
// known stands behind a free that was dropped, and that free is put in.

import { EVENT, type TapeEvent } from '../slot/tape.ts';

export const HEADER_BYTES = 20;
export const EVENT_BYTES = 12;
const VERSION = 1;
/** More threads than a file can name are one. */
const LAST_THREAD = 2 ** 16 - 1;
const INCARNATIONS = 2 ** 22;

export interface Counts {
  readonly events: number;
  readonly blocks: number;
  readonly threads: number;
}

export class Transcript {
  events = 0;
  blocks = 0;
  /** Frees and resizes of what was there before. */
  foreign = 0;
  /** Frees that were put in. */
  assumed = 0;
  private readonly live = new Map<number, number>();
  private readonly seats = new Map<number, number>();

  get threads(): number {
    return Math.min(this.seats.size, LAST_THREAD + 1);
  }

  /** What the file has for these events, which follow those before. */
  write(events: readonly TapeEvent[]): Buffer {
    const bytes = Buffer.alloc(events.length * EVENT_BYTES * 2);
    let length = 0;
    const put = (op: number, align: number, thread: number, block: number, size: number) => {
      bytes[length] = op;
      bytes[length + 1] = align;
      bytes.writeUInt16LE(thread, length + 2);
      bytes.writeUInt32LE(block, length + 4);
      bytes.writeUInt32LE(size, length + 8);
      length += EVENT_BYTES;
      this.events++;
    };
    for (const event of events) this.translate(event, put);
    return bytes.subarray(0, length);
  }

  private translate({ op, granule, size, alignLog2, ...who }: TapeEvent, put: Put): void {
    const known = this.live.get(granule);
    if (op !== EVENT.ALLOC && known === undefined) {
      this.foreign++;
      return;
    }
    const thread = this.threadOf(who.slot * INCARNATIONS + who.incarnation);
    if (op === EVENT.ALLOC && known !== undefined) {
      this.assumed++;
      put(EVENT.FREE, 0, thread, known, 0);
    }
    const block = op === EVENT.ALLOC ? this.blocks++ : (known as number);
    if (op === EVENT.FREE) this.live.delete(granule);
    else this.live.set(granule, block);
    put(op, op === EVENT.ALLOC ? alignLog2 : 0, thread, block, size);
  }

  private threadOf(seat: number): number {
    const known = this.seats.get(seat);
    if (known !== undefined) return known;
    const thread = Math.min(this.seats.size, LAST_THREAD);
    this.seats.set(seat, thread);
    return thread;
  }
}

type Put = (op: number, align: number, thread: number, block: number, size: number) => void;

export function headerOf({ threads, blocks, events }: Counts): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.write('ATRC', 'latin1');
  for (const [i, word] of [VERSION, threads, blocks, events].entries()) {
    bytes.writeUInt32LE(word, 4 + i * 4);
  }
  return bytes;
}
