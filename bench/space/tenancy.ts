// A tenancy: a heap of ours is made, played a list of requests, emptied and left, and what it held
// at each stage is noted. It has a deadline: a simple heap with many live blocks may take hours.
import { OP } from '../replay/trace.ts';
import { SharedHeap, type HeapStats } from '../../src/index.ts';
import type { OwnHolding, TooSlow } from './holding.ts';
import { REQUEST } from './requests.ts';

export interface Tenancy {
  readonly mode: 'two-tier' | 'simple-heap';
  readonly words: Int32Array;
  readonly blocks: number;
  readonly deadlineMs: number;
}

const HEAP_BYTES = 256 * 2 ** 20;
const OS_PAGE_BYTES = 4096;
const RUN_ORDER = 4; // sixteen pages, 64 KiB
const GLANCE = 1023; // requests between two looks at the clock, as a mask

export function live({ mode, words, blocks, deadlineMs }: Tenancy): OwnHolding | TooSlow {
  const heap = SharedHeap.create({ size: HEAP_BYTES, mode });
  const atFirst = heap.stats();
  const ptrs = new Int32Array(blocks);
  const tooSlow = play(heap, words, ptrs, deadlineMs);
  if (tooSlow !== null) return { tooSlow };
  const atEnd = heap.stats();
  const metadataBytes = writtenBytes(heap.u8, atEnd.metadataBytes);
  heap.reclaim();
  const reclaimedBytes = usedBytes(heap.stats());
  for (const ptr of ptrs) if (ptr !== 0) release(heap, ptr);
  heap.reclaim();
  const after = heap.stats();
  const wrong = heap.validate();
  heap.detach();
  if (wrong.length > 0) throw new Error(`${wrong[0]!.where}: ${wrong[0]!.message}`);
  return {
    peakBytes: atEnd.peakPages * atEnd.pageBytes,
    endBytes: usedBytes(atEnd),
    afterBytes: usedBytes(after),
    metadataBytes,
    reclaimedBytes,
    blockBytes: atEnd.allocatedBytes,
    unmergedBytes: Math.max(0, brokenBytes(after) - brokenBytes(atFirst)),
  };
}

function play(
  heap: SharedHeap,
  words: Int32Array,
  ptrs: Int32Array,
  deadlineMs: number,
): string | null {
  const start = performance.now();
  const requests = words.length / REQUEST.WORDS;
  for (let i = 0; i < requests; i++) {
    perform(heap, words, ptrs, i * REQUEST.WORDS);
    if ((i & GLANCE) !== GLANCE || performance.now() - start < deadlineMs) continue;
    const share = Math.round((100 * i) / requests);
    return `too slow: ${share} % of the requests in ${deadlineMs / 1000} s`;
  }
  return null;
}

function perform(heap: SharedHeap, words: Int32Array, ptrs: Int32Array, at: number): void {
  const block = words[at + REQUEST.BLOCK]!;
  const size = words[at + REQUEST.SIZE]!;
  const align = words[at + REQUEST.ALIGN]!;
  const op = words[at + REQUEST.OP]!;
  const old = ptrs[block]!;
  if (op === OP.FREE) {
    ptrs[block] = 0;
    return release(heap, old);
  }
  if (op === OP.REALLOC && align === 0) ptrs[block] = present(heap.realloc(old, size), size);
  else ptrs[block] = fetch(heap, size, align);
  // No realloc promises an alignment: a program that wants one moves the block itself.
  if (op === OP.REALLOC && align > 0) release(heap, old);
}

function fetch(heap: SharedHeap, size: number, align: number): number {
  if (align === 0) return present(heap.alloc(size), size);
  const result = heap.tryAlloc(size, { align: 2 ** align });
  return present(result.ok ? result.value : 0, size);
}

function present(ptr: number, size: number): number {
  if (ptr === 0) throw new Error(`there was no block of ${size} bytes`);
  return ptr;
}

function release(heap: SharedHeap, ptr: number): void {
  if (!heap.free(ptr)) throw new Error(`the free of the live block at ${ptr} was refused`);
}

function usedBytes({ pages, freePages, pageBytes }: HeapStats): number {
  return (pages - freePages) * pageBytes;
}

// Free bytes in runs that are too short for 64 KiB.
function brokenBytes({ zones, pageBytes }: HeapStats): number {
  const pages = zones.map((z) => z.freePages * (z.externalFragmentation[RUN_ORDER] ?? 0));
  return pages.reduce((sum, count) => sum + count, 0) * pageBytes;
}

// The metadata are the heap's last bytes. A page in which every byte is 0 was never written to, or
// might as well not have been.
function writtenBytes(bytes: Uint8Array, metadataBytes: number): number {
  let written = 0;
  for (let at = bytes.length - metadataBytes; at < bytes.length; at += OS_PAGE_BYTES) {
    if (bytes.subarray(at, at + OS_PAGE_BYTES).some((byte) => byte !== 0)) written++;
  }
  return written * OS_PAGE_BYTES;
}
