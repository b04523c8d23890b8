// A contest: one workload and the sides that play it, measured alternately. The catalogue is in
// rows.ts; targets are ratios of two sides of one run, as absolute figures drift with the machine.
import type { LibraryName } from '../native/libraries.ts';
import type { PeerName } from '../versus/peers.ts';
import type { Job } from '../workloads/work.ts';

export const OURS = 'atomalloc';
/** The side that plays with one thread where the others have several. */
export const ONE_THREAD = 'one thread';

/** What our figure should not exceed: another side's × `times` + `plusNs`, or so many ns. */
export type Goal =
  | { readonly than: 'the best C'; readonly times: number }
  | { readonly than: 'one thread' | 'loop alone'; readonly times: number; readonly plusNs: number }
  | { readonly than: 'ns'; readonly limit: number };

export interface Contest {
  readonly group: string;
  readonly name: string;
  readonly job: Job;
  readonly peers: readonly PeerName[];
  /** Whether ours also plays with one thread alone. */
  readonly againstOneThread: boolean;
  readonly goal: Goal;
}

/** Who can take part. */
export type Entrant =
  | { readonly name: string; readonly peer: PeerName; readonly job: Job }
  | { readonly name: LibraryName; readonly library: LibraryName; readonly job: Job };

export function entrantsOf(contest: Contest, libraries: readonly LibraryName[]): Entrant[] {
  const { job, peers, againstOneThread } = contest;
  const alone: Entrant = { name: ONE_THREAD, peer: OURS, job: { ...job, threads: 1 } };
  return [
    ...peers.map((peer): Entrant => ({ name: peer, peer, job })),
    ...(againstOneThread ? [alone] : []),
    ...libraries.map((library): Entrant => ({ name: library, library, job })),
  ];
}
