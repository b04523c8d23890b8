// What waiting costs on this machine, each part by itself: the watch on a lock of nobody's, a look
// at a lock that is taken, going to sleep and being woken, and a cache line's way from one core to
// another.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Locks, tokenOf, type Lock } from '../../src/word/lock.ts';
import { Memory } from '../../src/word/memory.ts';
import { spreadOf } from '../suite/figures.ts';
import type { EchoOrders, Echoes } from './echo.ts';
import { EVENT, Log, logBuffer, type LogEvent } from './log.ts';
import { setWatch } from './watch.ts';

export interface WatchCosts {
  /** Of one event of a log: what every time between two events is too long by. */
  readonly eventNs: number;
  /** A lock taken and given back, nobody else there, with the watch and without. */
  readonly watchedNs: number;
  readonly plainNs: number;
}

export interface WaitCosts {
  /** One look at a lock that is taken. */
  readonly spinNs: number;
  /** Into a sleep and out again, when it is over at once. */
  readonly sleepNs: number;
  /** For who wakes another. */
  readonly wakeNs: number;
  /** From then on, until the other runs. */
  readonly wakenNs: number;
  /** A line that another core has written. */
  readonly transferNs: number;
}

const TURNS = 20_000;
const LOOKS = 200;
const MOST_TRIES = 20;
const TOGETHER_NS = 1000; // far more than a line takes, and less than any switch of threads
const WORDS = 64;
const SHORTEST_MS = 1e-6;
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/echoer${ENDING}`, import.meta.url);

function nobodys(): Memory {
  const bare = { endWords: WORDS, countersByte: WORDS * 4, bytesByte: WORDS * 4 };
  return new Memory(new SharedArrayBuffer(WORDS * 4), 0, { ...bare, endByte: WORDS * 4 });
}

/** What the watch costs where a lock guards nothing. */
export function watchCosts(): WatchCosts {
  const lock = new Locks(nobodys(), tokenOf(0, 1), { isDead: () => false }).at(0);
  const log = new Log(logBuffer(1), 0);
  const plainNs = leastOf(() => turnNs(lock));
  const endWatch = setWatch(log);
  const watchedNs = leastOf(() => played(lock, log));
  endWatch();
  return { eventNs: spreadOf(holdsOf(log.read())).median, watchedNs, plainNs };
}

/** Of a few tries, as the first are not compiled yet. */
function leastOf(act: () => number): number {
  return Math.min(...Array.from({ length: 5 }, act));
}

function played(lock: Lock, log: Log): number {
  log.begin(true);
  return turnNs(lock);
}

function turnNs(lock: Lock): number {
  const start = performance.now();
  for (let turn = 0; turn < TURNS; turn++) {
    lock.lock();
    lock.unlock();
  }
  return ((performance.now() - start) * 1e6) / TURNS;
}

function holdsOf(events: readonly LogEvent[]): number[] {
  return events.flatMap(({ kind, ns }, i) =>
    kind === EVENT.GIVEN && i > 0 ? [ns - events[i - 1]!.ns] : [],
  );
}

/**
 * The least of a few tries: whatever else runs on the machine only makes them longer. Goes on until
 * the two threads have answered each other at once, each on a core; throws if they never do.
 */
export async function leastWaitCosts(tries: number): Promise<WaitCosts> {
  const all: WaitCosts[] = [];
  const togetherIn = ({ transferNs }: WaitCosts): boolean => transferNs < TOGETHER_NS;
  for (let i = 0; i < tries || (i < MOST_TRIES && !all.some(togetherIn)); i++) {
    all.push(await waitCosts());
  }
  if (!all.some(togetherIn)) throw new Error('two threads never ran at the same time');
  const least = (of: (costs: WaitCosts) => number): number => Math.min(...all.map(of));
  return {
    spinNs: least((it) => it.spinNs),
    sleepNs: least((it) => it.sleepNs),
    wakeNs: least((it) => it.wakeNs),
    wakenNs: spreadOf(all.map((it) => it.wakenNs)).median, // a difference: the least is too little
    transferNs: least((it) => it.transferNs),
  };
}

/** Waits on two threads of this process, one the other's echo. */
export async function waitCosts(): Promise<WaitCosts> {
  const words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  const workers = [0, 1].map((thread) => {
    return new Worker(PROGRAM, { workerData: { thread, words } satisfies EchoOrders });
  });
  const replies = await Promise.all(workers.map((worker) => once(worker, 'message')));
  const { hopNs, wakeNs, wakenNs } = replies[0]![0] as Echoes;
  const [spinNs, sleepNs] = [medianOf(lookNs), medianOf(napNs)];
  return { spinNs, sleepNs, wakeNs, wakenNs, transferNs: hopNs };
}

function medianOf(act: () => number): number {
  return spreadOf(Array.from({ length: LOOKS }, act)).median;
}

const taken = nobodys();
taken.set(0, tokenOf(1, 1));

/** As the lock spins: it looks, and tells the processor so. */
function lookNs(): number {
  const start = performance.now();
  let free = 0;
  for (let look = 0; look < LOOKS; look++) {
    if (taken.load(0) === 0) free++;
    taken.pause();
  }
  return ((performance.now() - start) * 1e6) / (LOOKS + free);
}

function napNs(): number {
  const start = performance.now();
  taken.wait(0, taken.load(0), SHORTEST_MS);
  return (performance.now() - start) * 1e6;
}
