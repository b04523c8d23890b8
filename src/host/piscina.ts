// `atomalloc/piscina`: a heap in a pool of piscina or tinypool, in one line.
//
//   const pool = heapPool(heap, Piscina, { filename });             here: an ordinary Piscina
//   const heap = useHeap();                                         in its file: the heap
//   export const resize = heapTask((image, tx) => …);               in its file: a transaction
//   const done = await runTask(pool, image, { name: 'resize', signal });
//
// The pool is handed its options with the heap in them, and is otherwise left alone: nothing of it
// is replaced, and all it is asked for is `threads` and `run`. So everything that it can do goes on
// to work, and tasks of all kinds run side by side.
//
// What becomes of the blocks that a task has allocated:
//
//   by                           when it throws  its worker is stopped   its answer is lost
//   runTask, heapTask: tx.alloc  come back       come back               is never lost
//   heap.transaction             come back       come back               stay, nobody's
//   heap.alloc, owners tracked   stay            come back               come back
//   heap.alloc                   stay            stay                    stay
//
// Tracked owners alone are no answer to this: blocks of tasks that were done long ago are in the
// worker's name as well, unless they were given away, and what is given away before the caller has
// its pointer is lost with the message. A transaction of the caller's, in which workers take part,
// would do, but a thread may have four, and a pool has more workers.
//
// A task that its pool never settles is never settled here: tinypool says nothing of a worker that
// ends by itself without an error. And piscina emits 'error' when an aborted task has answered in
// the same moment: listen for it.
//
// In Deno a worker that is stopped goes on until its event loop turns, and so does an aborted task:
// its promise is rejected when that is over, and the thread has no seat any more.

import { setTimeout as sleep } from 'node:timers/promises';
import { err, HeapError, ok, type AllocError, type Result } from '../word/errors.ts';
import type { SharedHeap } from '../heap/heap.ts';
import { open } from '../heap/open.ts';
import { EXIT_IS_END, type Watched } from '../heap/survivor.ts';
import { SlotTable } from '../slot/slot.ts';
import { layoutOf } from '../word/geometry.ts';
import { giveUp, isOver, openSlip, takeAnswer, type Slip } from './slip.ts';
import type { Post } from './task.ts';
import { withHeap } from './worker.ts';

export { heapTask, type Post, type Work } from './task.ts';
export { useHeap, watchWorkers, withHeap, type HeapData } from './worker.ts';

/** How often the system is asked whether a thread still runs. */
const ASK_MS = 10;

/** What is asked of a pool. */
export interface WorkerPool {
  readonly threads: readonly Watched[];
  /** Has a worker do the task; rejects when it throws, ends or is aborted. */
  run(task: unknown, options?: unknown): Promise<unknown>;
}

/** The workers of a pool that have not ended: each with what resolves at its end. */
class Crew {
  readonly heap: SharedHeap;
  readonly pool: WorkerPool;
  private readonly known = new Map<Watched, Promise<void>>();

  constructor(heap: SharedHeap, pool: WorkerPool) {
    this.heap = heap;
    this.pool = pool;
  }

  /** Watches those who have come. One that has ended has no number any more. */
  look(): void {
    for (const worker of this.pool.threads) {
      if (worker.threadId < 0 || this.known.has(worker)) continue;
      this.heap.watch(worker);
      this.known.set(worker, this.endOf(worker));
    }
  }

  private async endOf(worker: Watched): Promise<void> {
    const thread = worker.threadId + 1;
    await new Promise<void>((resolve) => worker.once('exit', resolve));
    if (!EXIT_IS_END) await this.hasLeft(thread);
    this.known.delete(worker);
  }

  private async hasLeft(thread: number): Promise<void> {
    const { memory, geometry } = open(this.heap.handle);
    const table = new SlotTable(memory, layoutOf(geometry), geometry.maxSlots);
    while (table.isHere(thread)) await sleep(ASK_MS, null, { ref: false });
  }

  /** Resolves when those whom the pool has let go have ended. */
  async gone(): Promise<void> {
    const staying = new Set(this.pool.threads);
    const leaving = [...this.known].filter(([worker]) => !staying.has(worker));
    await Promise.all(leaving.map(([, ended]) => ended));
  }
}

const crews = new WeakMap<WorkerPool, Crew>();
/** The same, to be told of new workers as long as somebody has their pools. */
const told = new Set<WeakRef<Crew>>();

/**
 * A pool of that class with these options, whose workers have the heap: `useHeap()` attaches them.
 * They are watched, so what a dead one leaves is recovered as soon as its end is seen. The heap
 * needs a slot for each of `maxThreads`, and one for every other thread that uses it.
 */
export function heapPool<O extends object, P extends WorkerPool>(
  heap: SharedHeap,
  Pool: new (options?: O) => P,
  options: O,
): P {
  const pool = new Pool(withHeap(heap, options));
  const crew = new Crew(heap, pool);
  crew.look();
  crews.set(pool, crew);
  if (told.size === 0) process.on('worker', tellAll);
  told.add(new WeakRef(crew));
  return pool;
}

/**
 * Has the pool run a `heapTask` on `input`; `options` are those of the pool's `run`. Its answer, or
 * why there was no memory for it. Rejects as `run` does, with what the task threw, the pool's
 * AbortError, or the worker's end; then the task has left nothing behind, and its memory is back.
 * An abort that comes after the task's commit is too late: the answer counts.
 */
export async function runTask<R>(
  pool: WorkerPool,
  input: unknown,
  options?: object,
): Promise<Result<R>> {
  const crew = crews.get(pool);
  if (crew === undefined) {
    throw new HeapError('BAD_OPTION', 'this is no pool of heapPool(heap, Pool, options)');
  }
  const { heap } = crew;
  const slip = openSlip(heap);
  if (slip === null) return err(heap.lastError as AllocError);
  const [why, failed] = await outcomeOf(crew, slip, input, options);
  const [answer] = takeAnswer(heap, slip).map((value) => ok(value as R));
  if (answer !== undefined) return answer;
  if (failed) throw why;
  return err(why as AllocError);
}

/** Why there may be no answer, once nobody touches the task's memory; true if that is thrown. */
async function outcomeOf(
  crew: Crew,
  slip: Slip,
  input: unknown,
  options?: object,
): Promise<[why: unknown, failed: boolean]> {
  try {
    const post: Post<unknown> = { kind: 'atomalloc-task', slip, input };
    const why = await crew.pool.run(post, options);
    if (giveUp(slip)) throw new HeapError('BAD_OPTION', 'what the pool has run is no heapTask');
    return [why, false];
  } catch (error) {
    if (!giveUp(slip) && !isOver(slip)) await crew.gone();
    crew.heap.recover();
    return [error, true];
  }
}

/** Node has started a worker for somebody; its pool has it already. */
function tellAll(): void {
  for (const ref of told) {
    const crew = ref.deref();
    if (crew === undefined) told.delete(ref);
    else crew.look();
  }
  if (told.size === 0) process.off('worker', tellAll);
}
