// The rows of the suite: which workloads, which sizes, who plays, what is aimed at.
import type { PeerName } from '../versus/peers.ts';
import type { WorkloadName } from '../workloads/work.ts';
import { OURS, type Contest, type Fewer, type Goal } from './contest.ts';

export const KIB = 1024;
const BATCH = 1000;

const BEST_C: Goal = { than: 'the best C', times: 1 };
const ONE_THREAD: Goal = { than: 'one thread', times: 2 / 1.9, plusNs: 0 };
const RING: Goal = { than: 'loop alone', times: 1, plusNs: 8 };

const ALONE: readonly PeerName[] = [
  OURS,
  'atomalloc checked',
  'dlmalloc wasm',
  'thi.ng',
  'loop alone',
];
const TOGETHER: readonly PeerName[] = [
  OURS,
  'atomalloc checked',
  'dlmalloc wasm',
  'thi.ng + mutex',
  'loop alone',
];

interface Details {
  readonly size?: number;
  readonly live?: number;
  readonly threads?: number;
  readonly goal?: Goal | null;
  readonly peers?: readonly PeerName[];
  readonly natives?: boolean;
  readonly subject?: PeerName;
  readonly brief?: boolean;
}

/** The goals that name a side of ours with fewer threads bring it along. */
function fewerFor(goal: Goal | null): readonly Fewer[] {
  if (goal?.than === 'one thread') return [1];
  return goal?.than === 'two threads' ? [2] : [];
}

export function row(
  group: string,
  name: string,
  workload: WorkloadName,
  details: Details,
): Contest {
  const { size = 64, live = 1, threads = 1, goal = BEST_C } = details;
  const { peers = threads > 1 ? TOGETHER : ALONE, natives = true } = details;
  const { subject = OURS, brief = false } = details;
  const job = { workload, threads, size, live };
  return { group, name, job, peers, natives, fewer: fewerFor(goal), goal, subject, brief };
}

const SMALL = 'small blocks';
const LARGE = 'large blocks';
const THREADS = 'several threads';

export const CONTESTS: readonly Contest[] = [
  row(SMALL, '64 B pair', 'pair', {}),
  row(SMALL, '1000 × 64 B batch, FIFO', 'batch', { live: BATCH }),
  row(SMALL, '1000 × 64 B batch, random order', 'shuffled', { live: BATCH }),
  row(SMALL, 'mixed, 1,000 live', 'mixed', { live: 1000 }),
  row(SMALL, 'mixed, 10,000 live', 'mixed', { live: 10_000 }),
  row(LARGE, '8 KiB pair', 'pair', { size: 8 * KIB }),
  row(LARGE, '8 KiB batch', 'batch', { size: 8 * KIB, live: BATCH }),
  row(LARGE, '64 KiB pair', 'pair', { size: 64 * KIB }),
  row(LARGE, '64 KiB batch', 'batch', { size: 64 * KIB, live: BATCH }),
  row(LARGE, '1 MiB pair', 'pair', { size: KIB * KIB, goal: { than: 'ns', limit: 40 } }),
  row(THREADS, '64 B pair, 2 threads', 'pair', { threads: 2, goal: ONE_THREAD }),
  row(THREADS, '64 B pair, 8 threads', 'pair', { threads: 8 }),
  row(THREADS, 'mixed 1,000, 8 threads', 'mixed', { threads: 8, live: 1000 }),
  row(THREADS, 'producer → consumer', 'ring', {
    threads: 2,
    goal: RING,
    peers: [...TOGETHER, 'SAB + message'],
  }),
  row(THREADS, 'larson hand-over, 2 threads', 'larson', {
    threads: 2,
    live: 1000,
    goal: { than: 'the best C', times: 1.2 },
  }),
];
