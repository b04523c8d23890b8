// A heap beside a plain model of it. Every operation is done to both; each block is stamped through
// its whole length and looked at again before it is resized, moved or freed. `check` compares all
// that can be asked of the heap with what the model says.

import { expect } from 'vitest';
import { HEADER } from '../../src/word/layout.ts';
import type { ZoneName } from '../../src/page/zone.ts';
import { blockBytes } from '../../src/heap/blockbytes.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { AllocOptions } from '../../src/heap/patient.ts';
import type { Mode } from '../../src/heap/mode.ts';
import { losePatience } from './patience.ts';
import { hasStamp, isZero, stamp } from './stamp.ts';
import { layersOf, shapeOf } from './tiny.ts';

export interface TwinBlock {
  readonly ptr: number;
  /** What the heap says it holds: stamped from end to end. */
  readonly bytes: number;
  /** All of it: more in a debug heap. */
  readonly whole: number;
  readonly seed: number;
}

export class Twin {
  readonly heap: SharedHeap;
  /** Further seats at the same heap; operations go to any of them. */
  readonly seats: readonly SharedHeap[];
  readonly blocks: TwinBlock[] = [];
  readonly roots = new Map<string, number>();
  private readonly buffer: SharedArrayBuffer;
  private readonly shape: number[];
  /** Per granule of the pages: whether a live block covers it. */
  private readonly covered: Uint8Array;
  private readonly first: number;
  private readonly renew: readonly (() => void)[];
  private seed = 0;
  private highest = 0;

  constructor(...seats: [SharedHeap, ...SharedHeap[]]) {
    const [heap] = seats;
    const on = layersOf(heap);
    this.heap = heap;
    this.seats = seats;
    this.renew = seats.map((seat) => losePatience(layersOf(seat).memory));
    this.buffer = heap.handle.buffer;
    this.shape = shapeOf(on);
    this.first = on.layout.firstGranule;
    this.covered = new Uint8Array(on.layout.endGranule - this.first);
  }

  /** The seat of that number, modulo how many there are, for one operation. */
  seat(who: number): SharedHeap {
    for (const renew of this.renew) renew();
    return this.seats[who % this.seats.length] as SharedHeap;
  }

  pick(which: number): TwinBlock | undefined {
    return this.blocks[which % this.blocks.length];
  }

  alloc(size: number, who = 0): number {
    const heap = this.seat(who);
    const ptr = this.counting(heap, size, () => this.took(heap.alloc(size), size));
    if (ptr === 0) this.expectNoRoom(heap, size);
    return ptr;
  }

  tryAlloc(size: number, options: AllocOptions, who = 0): number {
    const heap = this.seat(who);
    return this.counting(heap, size, () => {
      const result = heap.tryAlloc(size, options);
      if (!result.ok) {
        same(result.error, heap.lastError);
        return 0;
      }
      this.expectAsAsked(result.value, size, options);
      return this.took(result.value, size);
    });
  }

  free(block: TwinBlock, who = 0): void {
    this.expectIntact(block);
    this.forget(block);
    same(this.seat(who).free(block.ptr), true);
  }

  realloc(block: TwinBlock, size: number, who = 0): void {
    const heap = this.seat(who);
    this.expectIntact(block);
    this.counting(heap, size, () => {
      const ptr = heap.realloc(block.ptr, size);
      if (ptr === 0) {
        this.expectIntact(block);
        return 0;
      }
      const kept = Math.min(block.bytes, size, heap.usableSize(ptr));
      same(hasStamp(this.buffer, ptr, kept, block.seed), true, 'realloc keeps the bytes');
      this.forget(block);
      return this.took(ptr, size);
    });
  }

  allocMany(count: number, size: number, who = 0): void {
    const heap = this.seat(who);
    const out = new Array<number>(count).fill(-1);
    this.counting(heap, size, () => {
      const got = heap.allocMany(out, size);
      for (const ptr of out.slice(0, got)) this.took(ptr, size);
      same(out.slice(got), new Array(count - got).fill(-1), 'the rest of the list is untouched');
      return got === count ? 1 : 0;
    });
  }

  freeMany(blocks: readonly TwinBlock[], who = 0): void {
    for (const block of blocks) this.expectIntact(block);
    for (const block of blocks) this.forget(block);
    const ptrs = blocks.flatMap(({ ptr }) => [ptr, ptr]);
    same(this.seat(who).freeMany(ptrs), blocks.length, 'each pointer once');
  }

  setMode(mode: Mode, who = 0): void {
    this.seat(who).setMode(mode);
    same(this.heap.mode, mode);
  }

  setRoot(name: string, ptr: number, who = 0): void {
    this.seat(who).roots.set(name, ptr);
    if (ptr === 0) this.roots.delete(name);
    else this.roots.set(name, ptr);
  }

  /** Whatever is no live block is refused, and that changes nothing. */
  freeWrongly(ptr: number, who = 0): void {
    const heap = this.seat(who);
    const { doubleFrees, invalidFrees, ...before } = heap.stats();
    same(heap.free(ptr), false);
    const after = heap.stats();
    same(after.doubleFrees + after.invalidFrees, doubleFrees + invalidFrees + 1);
    part(after, before);
  }

  /** All that is cheap to ask. */
  check(): void {
    const stats = this.heap.stats();
    const bytes = this.blocks.reduce((sum, block) => sum + block.whole, 0);
    this.highest = Math.max(this.highest, bytes);
    part(stats, { liveBlocks: this.blocks.length, allocatedBytes: bytes });
    same(stats.allocCount - stats.freeCount, this.blocks.length);
    atLeast(stats.peakBytes, this.highest);
    atLeast(stats.peakPages, stats.pages - stats.freePages);
    for (const [name, ptr] of this.roots) same(this.heap.roots.get(name), ptr);
  }

  /** All that there is: every block's contents, and the heap's own walk over itself. */
  checkAll(): void {
    for (const renew of this.renew) renew();
    this.check();
    for (const block of this.blocks) this.expectIntact(block);
    same(this.heap.validate(), []);
  }

  /** Frees everything: then no page is in use, and the free blocks are those of the beginning. */
  empty(): void {
    for (const block of [...this.blocks]) this.free(block);
    this.check();
    for (const seat of this.seats) seat.reclaim();
    for (const renew of this.renew) renew();
    part(this.heap.stats(), { freePages: this.heap.stats().pages, liveBlocks: 0 });
    same(shapeOf(layersOf(this.heap)), this.shape);
    same(layersOf(this.heap).memory.load(HEADER.OUT), 0, 'granules that are out');
    same(this.heap.validate(), []);
  }

  /** Runs what returns 0 if memory ran out: that is counted and explained, and only that. */
  private counting(heap: SharedHeap, size: number, run: () => number): number {
    const { failureCount, oomEvents, totalBytes } = heap.stats();
    const result = run();
    const failed = result === 0 ? 1 : 0;
    const possible = size <= totalBytes;
    part(heap.stats(), {
      failureCount: failureCount + failed,
      oomEvents: oomEvents + (possible ? failed : 0),
    });
    const code = possible ? 'OUT_OF_MEMORY' : 'INVALID_SIZE';
    if (failed) part(heap.lastError, { code, requested: size });
    return result;
  }

  /** A plain alloc is refused only if no zone has pages enough side by side above its reserve. */
  private expectNoRoom(heap: SharedHeap, size: number): void {
    const { mode, pageBytes, zones } = heap.stats();
    const { sizes, debug } = layersOf(heap);
    const wanted = size + (debug === null ? 0 : 16);
    const granules = Math.ceil(wanted / 16);
    const shape = mode === 'simple-heap' ? undefined : sizes.list[sizes.of(granules) - 1];
    const bytes = mode === 'simple-heap' ? (granules + 3) * 16 : wanted;
    const pages = shape?.pages ?? Math.ceil(bytes / pageBytes);
    const preferred = [1, 2, 0].find((index) => (zones[index]?.pages ?? 0) > 0);
    const able = zones.filter((zone, index) => {
      const reserve = index === preferred ? 0 : zone.lowReservePages;
      const enough = longestFree(heap, zone.name) >= pages * pageBytes;
      return enough && zone.freePages - pages >= reserve;
    });
    same(able, [], `${pages} pages are free`);
  }

  private took(ptr: number, size: number): number {
    if (ptr === 0) return 0;
    const bytes = this.heap.usableSize(ptr);
    const on = layersOf(this.heap);
    const whole = blockBytes(on, ptr / 16);
    if (on.debug === null) atLeast(bytes, size);
    else same([bytes, whole - bytes >= 16], [size, true], 'to the byte, and a red zone');
    same(ptr % 16, 0);
    this.cover(ptr, whole);
    const block = { ptr, bytes, whole, seed: ++this.seed };
    stamp(this.buffer, ptr, bytes, block.seed);
    this.blocks.push(block);
    return ptr;
  }

  private expectAsAsked(ptr: number, size: number, { align, zero, zone }: AllocOptions): void {
    same(ptr % (align ?? 16), 0);
    if (zero === true) same(isZero(this.buffer, ptr, size), true);
    if (zone !== 'dma') return;
    const [dma] = this.heap.stats().zones;
    atLeast(ptr, dma?.startPtr ?? 0);
    atLeast(dma?.endPtr ?? 0, ptr + size);
  }

  private forget(block: TwinBlock): void {
    this.blocks.splice(this.blocks.indexOf(block), 1);
    const from = block.ptr / 16 - this.first;
    this.covered.fill(0, from, from + block.whole / 16);
  }

  private cover(ptr: number, bytes: number): void {
    const from = ptr / 16 - this.first;
    const to = from + bytes / 16;
    same(from >= 0 && to <= this.covered.length, true, 'inside the pages');
    atLeast(this.covered.indexOf(1, from) >>> 0, to, 'no two blocks overlap');
    this.covered.fill(1, from, to);
  }

  private expectIntact({ ptr, bytes, seed }: TwinBlock): void {
    same(hasStamp(this.buffer, ptr, bytes, seed), true, 'a block keeps its bytes');
    same(this.heap.usableSize(ptr), bytes);
  }
}

/** The most bytes that stand free side by side in a zone. */
function longestFree(heap: SharedHeap, zone: ZoneName): number {
  let [longest, here] = [0, 0];
  for (const extent of heap.extents()) {
    here = extent.zone === zone && extent.use === 'free' ? here + extent.bytes : 0;
    longest = Math.max(longest, here);
  }
  return longest;
}

function same(actual: unknown, wanted: unknown, why?: string): void {
  expect(actual, why).toEqual(wanted);
}

function part(actual: unknown, wanted: object): void {
  expect(actual).toMatchObject(wanted);
}

function atLeast(actual: number, least: number, why?: string): void {
  expect(actual, why).toBeGreaterThanOrEqual(least);
}
