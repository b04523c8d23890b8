// A contest: one workload and the sides that play it, measured alternately. The catalogue is in
// rows.ts; targets are ratios of two sides of one run, as absolute figures drift with the machine.
import type { LibraryName } from '../native/libraries.ts';
import type { PeerName } from '../versus/peers.ts';
import type { Job } from '../workloads/work.ts';

export const OURS = 'atomalloc';

/** A side of ours that plays with fewer threads than the others, and what it is called. */
export type Fewer = 1 | 2;
const FEWER = { 1: 'one thread', 2: 'two threads' } as const;

export type OtherSide = PeerName | (typeof FEWER)[Fewer];

/** What our figure should not exceed: another side's × `times` + `plusNs`, or so many ns. */
export type Goal =
  | { readonly than: 'the best C'; readonly times: number }
  | { readonly than: OtherSide; readonly times: number; readonly plusNs: number }
  | { readonly than: 'ns'; readonly limit: number };

export interface Contest {
  readonly group: string;
  readonly name: string;
  readonly job: Job;
  readonly peers: readonly PeerName[];
  /** Whether the libraries in C play, too. */
  readonly natives: boolean;
  /** With how many threads ours plays as well. */
  readonly fewer: readonly Fewer[];
  readonly goal: Goal | null;
  /** Whose figure the goal is for. */
  readonly subject: PeerName;
  /** Shorter than the rows that are looked at one by one: this one is a point of a curve. */
  readonly brief: boolean;
}

/** Who can take part. */
export type Entrant =
  | { readonly name: string; readonly peer: PeerName; readonly job: Job }
  | { readonly name: LibraryName; readonly library: LibraryName; readonly job: Job };

export function entrantsOf(contest: Contest, libraries: readonly LibraryName[]): Entrant[] {
  const { job, peers, fewer } = contest;
  const playing = contest.natives ? libraries : [];
  return [
    ...peers.map((peer): Entrant => ({ name: peer, peer, job })),
    ...fewer.map((threads): Entrant => {
      return { name: FEWER[threads], peer: OURS, job: { ...job, threads } };
    }),
    ...playing.map((library): Entrant => ({ name: library, library, job })),
  ];
}
