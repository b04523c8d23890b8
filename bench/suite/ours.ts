// Contests among ourselves: two tiers against the simple heap, transactions against none, and what
// a pair costs at each step down from the magazines to the zones.
import type { PeerName } from '../versus/peers.ts';
import { OURS, type Contest } from './contest.ts';
import { KIB, row } from './rows.ts';

export const TIERS = 'two-tier against simple-heap';
const TRANSACTIONS = 'transactions';

const TIERED: readonly PeerName[] = [OURS, 'simple-heap', 'loop alone'];
const LIVE = 10_000;

/** The first half of the seed's own table; the other half is a matter of space. */
export const TIER_CONTESTS: readonly Contest[] = [
  row(TIERS, '64 B ops, 10,000 live', 'steady', {
    live: LIVE,
    peers: TIERED,
    natives: false,
    goal: { than: 'simple-heap', times: 1 / 10, plusNs: 0 },
  }),
  row(TIERS, '8 KiB ops, 10,000 live', 'steady', {
    size: 8 * KIB,
    live: LIVE,
    peers: TIERED,
    natives: false,
    goal: { than: 'simple-heap', times: 1 / 3, plusNs: 0 },
  }),
];

const PROTECTING: readonly PeerName[] = [
  'protect and commit',
  'protect and roll back',
  'an empty commit',
  'the copy alone',
];

export const TRANSACTION_CONTESTS: readonly Contest[] = [
  row(TRANSACTIONS, 'three of 64 B, committed', 'pair', {
    peers: ['in a commit', 'plain allocs'],
    natives: false,
    subject: 'in a commit',
    goal: { than: 'plain allocs', times: 3, plusNs: 0 },
  }),
  row(TRANSACTIONS, 'three of 64 B, rolled back', 'pair', {
    peers: ['in a commit', 'in a rollback'],
    natives: false,
    subject: 'in a rollback',
    goal: { than: 'in a commit', times: 1, plusNs: 0 },
  }),
  row(TRANSACTIONS, 'protect 64 B', 'pair', { peers: PROTECTING, natives: false, goal: null }),
  row(TRANSACTIONS, 'protect 4 KiB', 'pair', {
    size: 4 * KIB,
    peers: PROTECTING,
    natives: false,
    goal: null,
  }),
];

const STEPS: readonly (readonly [name: string, size: number, live: number])[] = [
  ['64 B in a magazine', 64, 1],
  ['64 B through the depot', 64, 180],
  ['20,000 × 64 B, as the depot has learned', 64, 20_000],
  ['1000 × 8 KiB, as the depot has learned', 8 * KIB, 1000],
  ['1000 × 16 KiB, as the depot has learned', 16 * KIB, 1000],
  ['2 MiB straight from a zone', 2048 * KIB, 1],
];

export const COST_CONTESTS: readonly Contest[] = STEPS.map(([name, size, live]) =>
  row('costs of a pair, a step further down each', name, live === 1 ? 'pair' : 'batch', {
    size,
    live,
    peers: [OURS, 'loop alone'],
    natives: false,
    goal: null,
  }),
);
