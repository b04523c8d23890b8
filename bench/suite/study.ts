// A study: one line of `--list`, which can be asked for by its name, and the rows of a table that
// it comes to. A contest is the most usual one; others look at space, deaths or delays.
import type { PeerName } from '../versus/peers.ts';
import type { Contest } from './contest.ts';
import { BRIEF, QUICK, type Pace } from './measure.ts';
import { run, type Natives, type RowResult } from './run.ts';

/** How a run is made. */
export interface Setting {
  readonly pace: Pace;
  readonly quick: boolean;
  /** Whether anybody else's allocator takes part. */
  readonly versus: boolean;
  readonly natives: Natives | null;
}

export interface Study {
  readonly group: string;
  readonly name: string;
  /** Only with `--large`: it needs more memory than every machine has. */
  readonly large?: boolean;
  /** Left out of a quick run, unless it is asked for by name. */
  readonly long?: boolean;
  play(setting: Setting): Promise<readonly RowResult[]>;
}

/** Who is neither ours nor the loop alone. */
const OTHERS: ReadonlySet<string> = new Set<PeerName>([
  'dlmalloc wasm',
  'thi.ng',
  'thi.ng + mutex',
  'ringbuf.js',
  'SAB + message',
  'transfer + message',
  'clone + message',
]);

export function studyOf(contest: Contest, rarely: Pick<Study, 'large' | 'long'> = {}): Study {
  const { group, name } = contest;
  const alone = { ...contest, peers: contest.peers.filter((peer) => !OTHERS.has(peer)) };
  return {
    group,
    name,
    ...rarely,
    async play({ pace, versus, natives }) {
      const shortened = contest.brief && pace !== QUICK ? BRIEF : pace;
      return [await run(versus ? contest : alone, shortened, natives)];
    },
  };
}
