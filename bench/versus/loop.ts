// The loop alone: the workload with an "allocator" that only reads pointers from a table and writes
// them back, the oldest first. Its figure is what the loop itself, its random numbers, the tokens
// and the hand-over cost; it is shown beside the others and never subtracted.
//
// Each thread has a table of its own with more entries than blocks can be live or on their way, so
// no pointer is handed out twice; pointers may go from one thread's table to another's.
import { capacityFor } from '../workloads/ring.ts';
import type { Allocator, Job } from '../workloads/work.ts';
import { foundedAs, workOn, type Peer } from './peer.ts';

const BLOCK_BYTES = 64;

class Table implements Allocator {
  private readonly entries: Int32Array;
  private readonly mask: number;
  private next = 0;
  private last = 0;

  constructor(entries: number, firstPtr: number) {
    this.entries = Int32Array.from({ length: entries }, (_, i) => firstPtr + i * BLOCK_BYTES);
    this.mask = entries - 1;
  }

  alloc(_size: number): number {
    const at = this.next;
    this.next = (at + 1) & this.mask;
    return this.entries[at]!;
  }

  free(ptr: number): void {
    const at = this.last;
    this.last = (at + 1) & this.mask;
    this.entries[at] = ptr;
  }
}

function entriesFor({ workload, live, size }: Job): number {
  const most = workload === 'ring' ? 2 * capacityFor(size) : live;
  return 2 ** Math.ceil(Math.log2(most + 1));
}

export const loop: Peer = {
  found(job) {
    const bytes = (job.threads * entriesFor(job) + 1) * BLOCK_BYTES;
    return foundedAs(new Int32Array(new SharedArrayBuffer(bytes)));
  },
  join(data, part) {
    const entries = entriesFor(part);
    const heap = new Table(entries, (part.thread * entries + 1) * BLOCK_BYTES);
    return workOn({ heap, words: data as Int32Array }, part);
  },
};
