// Echoes: two threads answer each other through one shared word, at first awake, then each asleep
// until the other wakes it. Half of such a round trip is the way from one core to another.
//
//   word    writers      readers  access
//   TURN    who has it   both     atomic   whose turn it is: even is thread 0's
import { spreadOf } from '../suite/figures.ts';

export interface EchoOrders {
  readonly thread: number;
  readonly words: Int32Array;
}

export interface Echoes {
  /** One way, both awake. */
  readonly hopNs: number;
  /** A call that wakes a sleeper. */
  readonly wakeNs: number;
  /** From the end of that call until the sleeper runs. */
  readonly wakenNs: number;
}

const TURN = 0;
const HOPS = 2000; // of each thread, awake
const NAPS = 300; // and asleep
const TRIPS = 50; // timed at once
const WINK_MS = 0.05;

/** One thread's part; both must play. */
export function echo({ thread, words }: EchoOrders): Echoes {
  const hops = awake(words, thread, HOPS);
  const { trips, wakes } = asleep(words, thread, HOPS, NAPS);
  // Where other threads had one of the two cores, a trip took longer: the least is without them.
  const [hopNs, wakeNs] = [Math.min(...hops) / 2, spreadOf(wakes).median];
  return { hopNs, wakeNs, wakenNs: Math.max(0, spreadOf(trips).median / 2 - wakeNs) };
}

/** Round trips of two spinning threads, in nanoseconds: the average of each TRIPS of them. */
function awake(words: Int32Array, thread: number, turns: number): number[] {
  const trips: number[] = [];
  let start = performance.now();
  for (let turn = 0; turn < turns; turn++) {
    const mine = turn * 2 + thread;
    for (let looks = 1; Atomics.load(words, TURN) !== mine; looks++) {
      if (looks % 10_000 === 0) Atomics.wait(words, TURN, mine - 1, WINK_MS); // it may not run
    }
    Atomics.store(words, TURN, mine + 1);
    if ((turn + 1) % TRIPS > 0) continue;
    const now = performance.now();
    trips.push(((now - start) * 1e6) / TRIPS);
    start = now;
  }
  return trips;
}

/** Round trips of two that sleep, and what each call took that woke the other. */
function asleep(
  words: Int32Array,
  thread: number,
  before: number,
  turns: number,
): { readonly trips: number[]; readonly wakes: number[] } {
  const [trips, wakes]: [number[], number[]] = [[], []];
  Atomics.notify(words, TURN, 1); // the other may sleep by now, and what is above wakes nobody
  let last = performance.now();
  for (let turn = before; turn < before + turns; turn++) {
    const mine = turn * 2 + thread;
    while (Atomics.load(words, TURN) !== mine) Atomics.wait(words, TURN, mine - 1);
    const start = performance.now();
    Atomics.store(words, TURN, mine + 1);
    Atomics.notify(words, TURN, 1);
    wakes.push((performance.now() - start) * 1e6);
    trips.push((start - last) * 1e6);
    last = start;
  }
  return { trips, wakes };
}
