// One worker that allocates, resizes and frees blocks at random, all by itself: independent
// traffic on a shared heap. Its blocks are stamped, and checked before they are freed or resized.
//
// It stops after so many steps or when told to, frees what it still has, and leaves the heap.
import { parentPort, workerData } from 'node:worker_threads';
import { SharedHeap, type AllocOptions, type HeapHandle } from '../src/index.ts';
import { Dice } from '../test/support/dice.ts';
import { isSet, signal, SIGNAL, type Signals } from '../test/support/threads/signals.ts';
import { Stamped, type Block } from '../test/support/threads/stamped.ts';

export interface ChurnOrders {
  readonly heap: HeapHandle;
  readonly signals: Signals;
  readonly owner: number;
  readonly seed: number;
  readonly steps: number;
  /** About how many blocks it keeps. */
  readonly live: number;
  readonly leastBytes: number;
  readonly mostBytes: number;
  /** The share of steps that resize a block, 0..1. */
  readonly resizes: number;
}

const ALIGNMENTS = [32, 64, 256, 4096, 16384] as const;

const orders = workerData as ChurnOrders;
const heap = SharedHeap.attach(orders.heap);
const random = new Dice(orders.seed);
const stamped = new Stamped(heap, orders.owner);
const live: Block[] = [];

function size(): number {
  return random.logUniform(orders.leastBytes, orders.mostBytes);
}

/** One block in sixteen is aligned to more than a granule, one in sixteen from the DMA zone. */
function options(): AllocOptions {
  const kind = random.below(16);
  if (kind === 0) return { align: ALIGNMENTS[random.below(ALIGNMENTS.length)]! };
  return kind === 1 ? { zone: 'dma' } : {};
}

function alloc(): void {
  const block = stamped.alloc(size(), options());
  if (block !== null) live.push(block);
}

function free(index: number, block: Block): void {
  stamped.free(block);
  const last = live.pop()!;
  if (index < live.length) live[index] = last;
}

function step(): void {
  const index = random.below(live.length);
  const block = live[index];
  if (block && random.next() < orders.resizes) live[index] = stamped.resize(block, size());
  else if (block && random.below(2 * orders.live) < live.length) free(index, block);
  else alloc();
}

signal(orders.signals, SIGNAL.STARTED);
for (let i = 0; i < orders.steps && !isSet(orders.signals, SIGNAL.STOP); i++) step();
for (const block of live) stamped.free(block);
heap.reclaim();
heap.detach();
parentPort?.postMessage(stamped.tally);
signal(orders.signals, SIGNAL.FINISHED);
