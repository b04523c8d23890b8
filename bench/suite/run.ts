// A run: one contest after another. A side that cannot start, or fails, is left out with the
// reason, and the contest begins again without it; ours failing makes the run unsound.
import type { Programs } from '../native/compile.ts';
import type { Library } from '../native/libraries.ts';
import { NativeSide } from '../native/process.ts';
import { entrantsOf, type Contest, type Entrant } from './contest.ts';
import { Crew } from './crew.ts';
import { bestNative, judge, oursOf, ratioOf, type SideFigures } from './figures.ts';
import type { Spread, Unit, Verdict } from './figures.ts';
import { measure, paceFor, type Pace } from './measure.ts';
import type { Side } from './side.ts';

export interface Failure {
  readonly side: string;
  readonly what: string;
  /** Nothing is wrong with it: it only takes too long. */
  readonly harmless?: boolean;
}

export interface RowResult {
  readonly group: string;
  readonly name: string;
  readonly unit: Unit;
  /** Of a contest: what was played. */
  readonly job: Contest['job'] | null;
  readonly sides: readonly SideFigures[];
  /** Ours ÷ the best in C. */
  readonly toBestC: (Spread & { readonly best: string }) | null;
  readonly verdict: Verdict;
  readonly failures: readonly Failure[];
}

/** What is there to play against in C. */
export interface Natives {
  readonly programs: Programs;
  readonly libraries: readonly Library[];
}

export async function run(
  contest: Contest,
  pace: Pace,
  natives: Natives | null,
): Promise<RowResult> {
  const failures: Failure[] = [];
  const names = natives?.libraries.map((library) => library.name) ?? [];
  const entrants = entrantsOf(contest, names);
  const sides = new Map<Entrant, Side>();
  for (const entrant of processesFirst(entrants)) {
    const { name } = entrant;
    await attempt(name, failures, async () => sides.set(entrant, await enter(entrant, natives)));
  }
  const present = entrants.flatMap((entrant) => sides.get(entrant) ?? []);
  const playing = present.map((side) => new Watched(side, failures));
  const figures = await measure(playing, paceFor(contest.job.threads, pace));
  for (const side of playing) await side.end();
  const failed = new Set(failures.map(({ side }) => side));
  return resultOf(
    contest,
    figures.filter((side) => !failed.has(side.name)),
    failures,
  );
}

/** A row that is no contest, with whatever else is to be said of it. */
export function rowResult(
  group: string,
  name: string,
  unit: Unit,
  sides: readonly SideFigures[],
  verdict: Verdict,
  failures: readonly Failure[] = [],
): RowResult {
  return { group, name, unit, job: null, sides, toBestC: null, verdict, failures };
}

/**
 * A fork leaves the pages of this process, a gibibyte of live blocks too, to be faulted in again
 * by the next write to each: started last, the processes in C made ours take 27 µs a pair there.
 */
function processesFirst(entrants: readonly Entrant[]): Entrant[] {
  return entrants.toSorted((a, b) => Number('peer' in a) - Number('peer' in b));
}

function enter(entrant: Entrant, natives: Natives | null): Promise<Side> {
  if ('peer' in entrant) return Crew.hire(entrant.name, entrant.peer, entrant.job);
  const library = natives!.libraries.find(({ name }) => name === entrant.library)!;
  return NativeSide.start(natives!.programs.paths.workloads, library, entrant.job);
}

function resultOf(
  { group, name, job, goal, subject }: Contest,
  sides: readonly SideFigures[],
  failures: readonly Failure[],
): RowResult {
  const [ours, best] = [oursOf(sides), bestNative(sides)];
  const there = ours !== undefined && best !== undefined;
  const toBestC = there ? { best: best.name, ...ratioOf(ours, best) } : null;
  const verdict = judge(goal, sides, subject);
  return { group, name, unit: 'ns', job, sides, toBestC, verdict, failures };
}

// A side that has failed once plays no more; what it then says of its rounds is not used.
class Watched implements Side {
  readonly name: string;
  readonly native: boolean;
  readonly ops: number;
  private readonly side: Side;
  private readonly failures: Failure[];
  private over = false;

  constructor(side: Side, failures: Failure[]) {
    this.name = side.name;
    this.native = side.native;
    this.ops = side.ops;
    this.side = side;
    this.failures = failures;
  }

  async round(turns: number): Promise<number> {
    let took = Infinity;
    if (this.over) return took;
    await attempt(this.name, this.failures, async () => (took = await this.side.round(turns)));
    this.over = took === Infinity;
    return took;
  }

  async end(): Promise<void> {
    if (this.over) return;
    await attempt(this.name, this.failures, () => this.close());
  }

  async close(): Promise<readonly string[]> {
    const wrong = await this.side.close();
    if (wrong.length > 0) throw new Error(wrong.join('; '));
    return wrong;
  }
}

export async function attempt(
  side: string,
  failures: Failure[],
  act: () => Promise<unknown>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    failures.push({ side, what: error instanceof Error ? error.message : String(error) });
  }
}
