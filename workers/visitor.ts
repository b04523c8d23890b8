// One worker that comes and goes: it attaches, frees the block that it left behind at its last
// visit, allocates some, leaves one behind, and detaches. When every slot is taken it tries again.
import { parentPort, workerData } from 'node:worker_threads';
import { HeapError, SharedHeap, type HeapHandle } from '../src/index.ts';
import { Dice } from '../test/support/dice.ts';
import { Stamped, type Block, type Tally } from '../test/support/threads/stamped.ts';

export interface VisitorOrders {
  readonly heap: HeapHandle;
  readonly owner: number;
  readonly seed: number;
  readonly visits: number;
  readonly blocks: number;
  readonly mostBytes: number;
  /** One word: how often it was turned away. */
  readonly knocks?: Int32Array<SharedArrayBuffer>;
}

export interface VisitorReport {
  readonly tallies: readonly Tally[];
  /** How often it was turned away. */
  readonly turnedAway: number;
  /** The slots in which it sat. */
  readonly slots: readonly number[];
}

const orders = workerData as VisitorOrders;
const random = new Dice(orders.seed);
const nap = new Int32Array(new SharedArrayBuffer(4));
const tallies: Tally[] = [];
const slots: number[] = [];
let turnedAway = 0;
let left: Block | null = null;

function enter(): SharedHeap {
  for (;;) {
    try {
      return SharedHeap.attach(orders.heap);
    } catch (error) {
      if (!(error instanceof HeapError) || error.code !== 'NO_SLOT') throw error;
      turnedAway++;
      if (orders.knocks !== undefined) Atomics.add(orders.knocks, 0, 1);
      Atomics.wait(nap, 0, 0, random.next());
    }
  }
}

function visit(sequence: number): void {
  using heap = enter();
  slots.push(heap.slot);
  const stamped = new Stamped(heap, orders.owner * orders.visits + sequence);
  tallies.push(stamped.tally);
  const size = () => random.logUniform(1, orders.mostBytes);
  const blocks = Array.from({ length: orders.blocks }, () => stamped.alloc(size()));
  if (left !== null) blocks.push(left);
  left = sequence + 1 < orders.visits ? (blocks.shift() ?? null) : null;
  for (const block of blocks) if (block !== null) stamped.free(block);
}

for (let i = 0; i < orders.visits; i++) visit(i);
parentPort?.postMessage({ tallies, turnedAway, slots } satisfies VisitorReport);
