// The crew of an index: workers that do tasks, and this thread, which hands these out and starts
// another worker where one has died. A task is a block of the heap (layout.ts).
//
//   word     writers                          readers     if its writer dies midway
//   claim    who takes it, by cas from 0;     all         its number stays: its task is this
//            this thread for the dead                     thread's to hand out again
//   output   who has claimed it, in a         this        recovery undoes it, or finishes what
//            transaction                      thread      was decided: 0, or the outcome
//
// When a worker has ended, the heap is recovered first: from then on each task that it had claimed
// is done or untouched. Those done are reported in its place, the others handed out again, and so
// are those that nobody has claimed: the dead may have had one in its hands. That makes some tasks
// come twice out of the channel; the claim lets one through. So a task's block stays where it is
// until no worker is left.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { withHeap } from '../../src/host/worker.ts';
import type { Ptr, Result, SharedHeap } from '../../src/index.ts';
import { channel, type Channel, type ChannelError } from '../../src/parts/channel.ts';
import type { IndexerOrders } from '../../workers/indexer.ts';
import { NAMES, take, Task } from './layout.ts';

export interface TaskDetails {
  readonly kind: number;
  readonly number?: number;
  readonly input?: Ptr;
  readonly bytes?: number;
}

/** Tasks that wait for a worker: so many documents' bytes are in memory, and no more. */
const WAITING = 16;
/** Tasks that are done, until this thread looks: never more than those that were under way. */
const DONE = 1024;
/** Tasks that are prepared at once: while one waits for its file, others do not. */
const LANES = 4;

export class Crew {
  kills = 0;
  private readonly heap: SharedHeap;
  private readonly program: URL;
  private readonly tasks;
  private readonly todo: Channel;
  private readonly done: Channel;
  private readonly workers = new Map<number, Worker>();
  /** What must be over before the channels are freed: workers, and sends that wait for room. */
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly all: Ptr[] = [];
  /** Handed out, and not known to be done. */
  private readonly open = new Set<Ptr>();
  private hired = 0;
  private closing = false;
  private error: unknown = null;
  private doneSinceKill = 0;

  private constructor(heap: SharedHeap, program: URL) {
    this.heap = heap;
    this.program = program;
    this.tasks = Task.on(heap);
    this.todo = valueOf(channel(heap, NAMES.todo, { capacity: WAITING }));
    this.done = valueOf(channel(heap, NAMES.done, { capacity: DONE }));
  }

  /** So many workers of the program workers/indexer, which are ready when this resolves. */
  static async hire(heap: SharedHeap, program: URL, threads: number): Promise<Crew> {
    const crew = new Crew(heap, program);
    await Promise.all(Array.from({ length: threads }, () => once(crew.hireOne(), 'message')));
    return crew;
  }

  /** Has so many tasks done, in any order; their outputs, in the order of their numbers. */
  async perform(
    count: number,
    prepare: (number: number) => TaskDetails | Promise<TaskDetails>,
  ): Promise<Ptr[]> {
    const tasks: Ptr[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let number = next++; number < count; number = next++) {
        const task = this.make(await prepare(number));
        tasks[number] = task;
        this.open.add(task);
        this.check(await this.send(this.todo, task));
        for (let got = this.done.tryReceive(); got.ok; got = this.done.tryReceive()) {
          this.finish(got.value);
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    while (this.open.size > 0) this.finish(this.check(await this.done.receiveAsync()));
    return tasks.map((task) => this.tasks.get.output(task));
  }

  /** Kills a worker that has a task, if so many were done since the last time. */
  kill(apart: number): void {
    const claims = [...this.open].map((task) => this.tasks.atomic.claim.load(task));
    const busy = claims.filter((number) => this.workers.has(number));
    const number = busy[Math.floor(Math.random() * busy.length)];
    if (number === undefined || this.doneSinceKill < apart) return;
    void this.workers.get(number)!.terminate();
    this.workers.delete(number);
    this.doneSinceKill = 0;
    this.kills++;
  }

  /** Ends when all workers have; nothing of the crew is left in the heap then. */
  async close(): Promise<void> {
    this.closing = true;
    this.todo.close();
    await Promise.all(this.underWay);
    for (const name of [NAMES.todo, NAMES.done]) this.heap.roots.delete(name);
    this.heap.freeMany([...this.all, this.todo.ptr, this.done.ptr]);
  }

  private hireOne(): Worker {
    const number = ++this.hired;
    const workerData: IndexerOrders = { number };
    const worker = new Worker(this.program, withHeap(this.heap, { workerData, execArgv: [] }));
    this.workers.set(number, worker);
    this.heap.watch(worker); // before we listen: it is recovered when we hear of its end
    this.untilOver(new Promise<void>((resolve) => worker.once('exit', resolve)));
    worker.once('exit', () => this.replace(number));
    worker.once('error', (error) => this.fail(error));
    return worker;
  }

  private replace(number: number): void {
    this.workers.delete(number);
    if (this.closing) return;
    this.hireOne();
    for (const task of this.open) {
      const claim = this.tasks.atomic.claim.load(task);
      const mine = claim === number;
      if (mine && this.tasks.get.output(task) !== 0) void this.send(this.done, task);
      else if (mine || claim === 0) {
        if (mine) this.tasks.atomic.claim.store(task, 0);
        void this.send(this.todo, task);
      }
    }
  }

  private send(to: Channel, task: Ptr): Promise<Result<void, ChannelError>> {
    if (this.closing) throw this.error ?? new Error('the crew does no more tasks');
    return this.untilOver(to.sendAsync(task));
  }

  private untilOver<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    void work.then(() => this.underWay.delete(work));
    return work;
  }

  private fail(error: unknown): void {
    this.error ??= error;
    this.closing = true;
    this.todo.close();
    this.done.close();
  }

  private make({ kind, number = 0, input = 0, bytes = 0 }: TaskDetails): Ptr {
    const task = take(this.heap, Task.bytes);
    this.all.push(task);
    this.tasks.set.kind(task, kind);
    this.tasks.set.number(task, number);
    this.tasks.set.input(task, input);
    this.tasks.set.bytes(task, bytes);
    return task;
  }

  private finish(task: Ptr): void {
    if (this.open.delete(task)) this.doneSinceKill++;
  }

  private check<T>(result: Result<T, ChannelError>): T {
    if (this.error !== null) throw this.error;
    return valueOf(result);
  }
}

function valueOf<T>(result: Result<T, { readonly message: string }>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
