// This thread as its operating system knows it, and the question whether another one still runs.
//
// On Linux a thread learns its own id once, from /proc/thread-self, and anybody in the process can
// ask at any time whether /proc/self/task/<id> is still there. The answer needs no event loop, not
// even the main thread's, takes some 15 µs, and is perfect: a thread whose directory is gone will
// never write again, and one that is slow, stopped or asleep still has it. The time at which it
// was started tells an id that was given to another thread since.
//
// It is late, though: the directory goes after the thread has been joined and its worker's 'exit'
// told, on a busy machine by milliseconds. And elsewhere a thread has no such id. So who sees an
// end (src/host, `reap`) leaves a mark beside its name; where nobody can ask, `isGone` knows
// nothing and says no until that is there.
//
// Where threads are not even numbered, in browsers, a name is drawn at random: an odd one if the
// thread holds a lease on it, by which others see its end (src/host/browser.ts), else an even one.

/** How a thread is found again. */
export interface ThreadName {
  /** The operating system's id. Where there is none, -`thread`, or less than any. Never 0. */
  readonly who: number;
  /** When it was started, in the system's ticks; 0 where nobody can ask. */
  readonly start: number;
  /** What worker_threads calls it, plus 1; 0 is unknown. */
  readonly thread: number;
}

interface Files {
  readFileSync(path: string, encoding: 'latin1'): string;
}
interface Workers {
  readonly threadId: number;
}
interface Modules {
  getBuiltinModule?(name: 'node:fs'): Files | undefined;
  getBuiltinModule?(name: 'node:worker_threads'): Workers | undefined;
}

const modules = (globalThis as { process?: Modules }).process;
const files = modules?.getBuiltinModule?.('node:fs');

/** No thread of worker_threads has this number: names below it are drawn at random. */
const LARGEST = 2 ** 30;

/** In the place of a name: no thread's, and so always gone. */
export const NOBODY = -(2 ** 31);

let known: ThreadName | null = null;

/** This thread. */
export function thisThread(): ThreadName {
  known ??= systemName();
  return known;
}

/**
 * Whether the thread that had this name has ended. "No" when that cannot be known. `start` is 0 for
 * a thread that is just writing its name down, or wiping it out: then its id alone is asked for.
 */
export function isGone(who: number, start: number): boolean {
  if (who === NOBODY || start === endOf(who)) return true;
  if (!canAsk(who)) return false;
  const now = startOf(who);
  return now === null || (start > 0 && now !== 0 && now !== start);
}

/** In the place of a thread's start: somebody has seen its end (slot.ts). */
export function endOf(who: number): number {
  return -Math.abs(who);
}

/** Whether this thread can ask the system about that one. */
export function canAsk(who: number): boolean {
  return who > 0 && thisThread().who > 0;
}

/** A name for a thread that is to hold a lease on it: drawn at random. */
export function drawLeased(): number {
  return drawEven() - 1;
}

export function isLeased(who: number): boolean {
  return who < -LARGEST && who % 2 !== 0;
}

/** Whether this thread goes by that name from now on: not if it has another, or can have one. */
export function goBy(who: number): boolean {
  known ??= isNumbered() ? systemName() : { who, start: 0, thread: 0 };
  return known.who === who;
}

/** Whether there is such a thing as worker_threads here, and so another way to see ends. */
export function isNumbered(): boolean {
  return threadNumber() > 0;
}

/** Milliseconds of the day's clock, wrapped to 31 bits: all threads have the same. */
export function clockMs(): number {
  return Date.now() & 0x7fffffff;
}

/**
 * For tests of the other ladder, as if this were no Linux: from now on this thread has no name by
 * which others can ask, and cannot ask itself.
 */
export function beBlind(): void {
  known = anonymous();
}

function threadNumber(): number {
  return (modules?.getBuiltinModule?.('node:worker_threads')?.threadId ?? -1) + 1;
}

function systemName(): ThreadName {
  try {
    const text = files?.readFileSync('/proc/thread-self/stat', 'latin1') ?? '';
    const who = Number.parseInt(text, 10);
    const start = startIn(text);
    return who > 0 && start > 0 ? { who, start, thread: threadNumber() } : anonymous();
  } catch {
    return anonymous();
  }
}

function anonymous(): ThreadName {
  const thread = threadNumber();
  return { who: thread > 0 ? -thread : drawEven(), start: 0, thread };
}

function drawEven(): number {
  return -LARGEST - 2 * Math.floor((Math.random() * LARGEST) / 2);
}

/** When a thread was started; null if it is gone, 0 if that cannot be told now. */
function startOf(who: number): number | null {
  try {
    const text = files?.readFileSync(`/proc/self/task/${String(who)}/stat`, 'latin1') ?? '';
    const start = startIn(text);
    return start < 0 ? null : start;
  } catch (error) {
    const code = (error as { code?: string }).code;
    return code === 'ENOENT' || code === 'ESRCH' ? null : 0;
  }
}

/** The start in what the system says of a thread; -1 if it has ended, 0 if nothing is said. */
function startIn(text: string): number {
  // The second field is a name in parentheses and may hold anything; the third is the state.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'X' || fields[0] === 'Z' ? -1 : Number(fields[19]) | 0;
}
