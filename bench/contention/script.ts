// A script: what one thread does over and over, as the simulator plays it. It is a list of steps,
// each of which takes a lock, gives one back, or writes to a line that others write to as well, and
// then works for so long by itself. `scriptOf` makes one from a thread's log.
import { spreadOf } from '../suite/figures.ts';
import { EVENT, type LogEvent } from './log.ts';

export type StepKind = 'take' | 'give' | 'touch';

export interface Step {
  readonly kind: StepKind;
  /** Number of the lock or line among the script's places. */
  readonly place: number;
  /** Work of the thread by itself, before its next step. */
  readonly thenNs: number;
}

export interface Script {
  readonly places: readonly string[];
  readonly steps: readonly Step[];
  /** Operations done in one pass through all steps. */
  readonly ops: number;
}

/** Longer than this no thread works between two events: it was interrupted, or it waited. */
const INTERRUPTED_NS = { outside: 500_000, inside: 50_000 };

const KINDS: Readonly<Record<number, StepKind>> = {
  [EVENT.TAKEN]: 'take',
  [EVENT.GIVEN]: 'give',
  [EVENT.TOUCHED]: 'touch',
};

/** A step, and whether the thread has a lock after it. */
interface Logged extends Step {
  readonly inside: boolean;
}

/**
 * What a log tells of one thread without the others: the time for which it waited for locks, or was
 * interrupted, is left out, and so is that of the watch. `ops` were done meanwhile.
 */
export function scriptOf(
  events: readonly LogEvent[],
  nameOf: (word: number) => string,
  watchNs: number,
  ops: number,
): Script {
  const names = events.map(({ word }) => nameOf(word));
  const places = [...new Set(names)];
  const askNs = askOf(events, watchNs);
  let depth = 0;
  const logged = events.flatMap(({ kind, ns }, i): Logged[] => {
    if (kind === EVENT.ASKED) return [];
    depth += kind === EVENT.TAKEN ? 1 : kind === EVENT.GIVEN ? -1 : 0;
    const next = events[i + 1] ?? { kind, ns };
    const spentNs = Math.max(0, next.ns - ns - watchNs);
    const thenNs = spentNs + (next.kind === EVENT.ASKED ? askNs : 0);
    return [{ kind: KINDS[kind]!, place: places.indexOf(names[i]!), thenNs, inside: depth > 0 }];
  });
  return { places, steps: undisturbed(logged), ops };
}

// What it takes to take a lock of which nobody else has hold: most are.
function askOf(events: readonly LogEvent[], watchNs: number): number {
  const asked = events.flatMap(({ kind, ns }, i) => {
    const next = events[i + 1];
    return kind === EVENT.ASKED && next?.kind === EVENT.TAKEN ? [next.ns - ns - watchNs] : [];
  });
  return asked.length === 0 ? 0 : Math.max(0, spreadOf(asked).median);
}

// The last step has nothing after it, and some are too long: they get what is usual.
function undisturbed(logged: readonly Logged[]): Step[] {
  const usual = { true: medianOf(logged, true), false: medianOf(logged, false) };
  return logged.map(({ kind, place, thenNs, inside }, i) => {
    const limit = inside ? INTERRUPTED_NS.inside : INTERRUPTED_NS.outside;
    const whole = thenNs <= limit && i + 1 < logged.length;
    return { kind, place, thenNs: whole ? thenNs : usual[`${inside}`] };
  });
}

function medianOf(logged: readonly Logged[], inside: boolean): number {
  const times = logged.filter((it) => it.inside === inside).map(({ thenNs }) => thenNs);
  return times.length === 0 ? 0 : spreadOf(times).median;
}
