// From logs to takes: each taking of a lock by a thread, how long it was waited for and held, and
// whether another thread had it before. The watch's own time, once for every event, is taken off.
import { EVENT, type LogEvent } from './log.ts';

export interface Take {
  readonly word: number;
  readonly takenNs: number;
  /** How long the thread waited, where another had the lock when it asked; else 0. */
  readonly waitedNs: number;
  readonly heldNs: number;
  /** Whether another thread had it last. */
  readonly moved: boolean;
}

interface Open {
  readonly thread: number;
  readonly word: number;
  readonly askedNs: number;
  takenNs: number;
  givenNs: number;
  /** Events while it was held, its own end included. */
  events: number;
}

/** All takes that are whole in the logs of some threads. */
export function takesOf(logs: readonly (readonly LogEvent[])[], watchNs: number): Take[] {
  const all = logs.flatMap((events, thread) => wholeIn(events, thread));
  const last = new Map<number, Open>();
  return all
    .toSorted((a, b) => a.takenNs - b.takenNs)
    .map((it) => {
      const before = last.get(it.word);
      last.set(it.word, it);
      return {
        word: it.word,
        takenNs: it.takenNs,
        waitedNs: before !== undefined && met(before, it) ? waitOf(it, watchNs) : 0,
        heldNs: Math.max(0, it.givenNs - it.takenNs - it.events * watchNs),
        moved: before !== undefined && before.thread !== it.thread,
      };
    });
}

function met(before: Open, it: Open): boolean {
  return before.thread !== it.thread && before.givenNs > it.askedNs;
}

function waitOf({ takenNs, askedNs }: Open, watchNs: number): number {
  return Math.max(0, takenNs - askedNs - watchNs);
}

// Locks are nested, and given back in any order.
function wholeIn(events: readonly LogEvent[], thread: number): Open[] {
  const whole: Open[] = [];
  let held: Open[] = [];
  for (const { kind, word, ns } of events) {
    for (const it of held) it.events++;
    if (kind === EVENT.ASKED) {
      held.push({ thread, word, askedNs: ns, takenNs: 0, givenNs: 0, events: 0 });
    }
    const it = held.find((one) => one.word === word);
    if (it === undefined) continue;
    if (kind === EVENT.TAKEN) Object.assign(it, { takenNs: ns, events: 0 });
    if (kind !== EVENT.GIVEN) continue;
    it.givenNs = ns;
    whole.push(it);
    held = held.filter((one) => one !== it);
  }
  return whole;
}
