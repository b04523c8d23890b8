// The gate before a round: nobody starts before all of the round's threads are there, awake. How
// long the round took is said by the first to start and the last to end.
import { Bench } from 'tinybench';
import type { Work } from './work.ts';

/** When a thread worked, in nanoseconds on a clock that all threads of the process share. */
export interface Stretch {
  readonly startNs: number;
  readonly endNs: number;
}

export class Gate {
  private readonly arrived: Int32Array;
  private readonly threads: number;
  private round = 0;

  /** `arrived` is one shared word, 0 at first. */
  constructor(arrived: Int32Array, threads: number) {
    this.arrived = arrived;
    this.threads = threads;
  }

  /** So many turns of one thread among others. */
  time(work: Work, turns: number): Stretch {
    this.pass();
    const startNs = nowNs();
    for (let turn = 0; turn < turns; turn++) work.turn();
    return { startNs, endNs: nowNs() };
  }

  private pass(): void {
    const all = ++this.round * this.threads;
    let here = Atomics.add(this.arrived, 0, 1) + 1;
    if (here === all) Atomics.notify(this.arrived, 0);
    while (here < all) {
      Atomics.wait(this.arrived, 0, here);
      here = Atomics.load(this.arrived, 0);
    }
  }
}

function nowNs(): number {
  return Number(process.hrtime.bigint());
}

/** So many turns of a thread that works alone, each of them timed. */
export function timeAlone(work: Work, turns: number): Stretch {
  const bench = new Bench({ iterations: turns, time: 0, warmup: false, throws: true });
  bench.add('turn', () => work.turn());
  const result = bench.runSync()[0]!.result;
  if (result.state !== 'completed') throw new Error(`a round ended as ${result.state}`);
  return { startNs: 0, endNs: result.totalTime * 1e6 };
}
