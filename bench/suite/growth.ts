// What happens when things grow: threads, live blocks, live bytes. Each row is a point of a curve,
// so it is measured for a shorter time than the rows that are looked at one by one.
import type { PeerName } from '../versus/peers.ts';
import { OURS, type Goal } from './contest.ts';
import { KIB, row } from './rows.ts';
import { studyOf, type Study } from './study.ts';

/** The group of the scaling curves. */
export const THREADS = 'growing threads';
const BLOCKS = 'growing live blocks';
const BYTES = 'growing live bytes';

const PEERS: readonly PeerName[] = [OURS, 'dlmalloc wasm', 'loop alone'];
const OWN: readonly PeerName[] = [OURS, 'loop alone'];

// Two threads do 1.9 times the work of one, and eight on two cores 0.95 times that of two.
const GOALS: Readonly<Record<number, Goal>> = {
  2: { than: 'one thread', times: 2 / 1.9, plusNs: 0 },
  8: { than: 'two threads', times: 4 / 0.95, plusNs: 0 },
};
const IN_BRIEF: readonly number[] = [1, 2, 8];

function threaded(name: string, workload: 'pair' | 'mixed', live: number): Study[] {
  return [1, 2, 4, 8, 16, 32].map((threads) => {
    const goal = GOALS[threads] ?? null;
    const details = { threads, live, goal, peers: PEERS, brief: true };
    const title = `${name}, ${threads} thread${threads > 1 ? 's' : ''}`;
    const long = !IN_BRIEF.includes(threads);
    return studyOf(row(THREADS, title, workload, details), { long });
  });
}

function many(name: string, live: number, long: boolean): Study {
  const details = { live, goal: null, peers: PEERS, brief: true };
  return studyOf(row(BLOCKS, `64 B, ${name} live`, 'steady', details), { long });
}

function big(name: string, live: number, long: boolean): Study {
  const details = { size: 16 * KIB, live, goal: null, peers: OWN, brief: true };
  return studyOf(row(BYTES, `16 KiB, ${name} live`, 'steady', details), { long });
}

const eightGiB = row(BYTES, '64 KiB, 8 GiB live', 'far', {
  size: 64 * KIB,
  live: 2 ** 17,
  goal: null,
  peers: OWN,
  natives: false,
  brief: true,
});

export const GROWTH_STUDIES: readonly Study[] = [
  ...threaded('64 B pair', 'pair', 1),
  ...threaded('mixed 1,000', 'mixed', 1000),
  many('1,000', 1000, false),
  many('10,000', 10_000, true),
  many('100,000', 100_000, false),
  many('1,000,000', 1_000_000, true),
  big('1 MiB', 64, false),
  big('16 MiB', 1024, false),
  big('256 MiB', 16_384, true),
  big('1 GiB', 65_536, true),
  studyOf(eightGiB, { large: true }),
];
