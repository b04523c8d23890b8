// A peer: an allocator that JavaScript can call, ours among them. The main thread founds its memory
// for one contest; each of the contest's threads joins with what it was sent.
import type { HeapStats } from '../../src/index.ts';
import { startWork } from '../workloads/start.ts';
import type { Ground, Job, Part, Work } from '../workloads/work.ts';
import type { Transferable } from 'node:worker_threads';

/** Bytes of every peer's memory, where blocks of one size do not need more. */
export const MEMORY_BYTES = 256 * 2 ** 20;

/** Bytes of memory in which the job's blocks are at home: with half as much again as they are. */
export function memoryFor({ threads, live, size }: Job): number {
  return Math.max(MEMORY_BYTES, Math.ceil((threads * live * size * 1.5) / 2 ** 20) * 2 ** 20);
}

export interface Founded {
  /** What thread `thread` is sent, and what of it is moved there. */
  seat(thread: number): { readonly data: unknown; readonly moved?: readonly Transferable[] };
  /** After all threads have left: what is wrong with the memory, in words. */
  examine(): readonly string[];
  /** What the allocator counts, if it is ours. */
  stats?(): HeapStats;
}

export interface Joined {
  readonly work: Work;
  leave(): void;
}

export interface Peer {
  found(job: Job): Founded;
  join(data: unknown, part: Part): Joined;
}

/** A thread that works on such a ground. */
export function workOn(ground: Ground, part: Part, leave: () => void = () => {}): Joined {
  return { work: startWork(ground, part), leave };
}

/** A memory that cannot tell whether it is sound, of which each thread is sent the same. */
export function foundedAs(data: unknown): Founded {
  return { seat: () => ({ data }), examine: () => [] };
}
