// A siege: players' workers are killed at random while they replay traces and move value in
// transactions, on a heap of its own; then everything is counted. What it proves is in its table.
import { setTimeout as sleep } from 'node:timers/promises';
import { SharedHeap, type Mode } from '../../src/index.ts';
import type { Trace } from '../replay/trace.ts';
import { Garrison } from './garrison.ts';
import { groundBytes, halt, layOut, recoveryTimes, tallied, TALLY, type Ground } from './ground.ts';
import { reckon, type Reckoning } from './reckoning.ts';

const MAX_SLOTS = 128;
const LOOK_MS = 50;

export interface SiegePlan {
  readonly traces: readonly Trace[];
  readonly workers: number;
  readonly seconds: number;
  readonly killEveryMs: number;
  readonly mode: Mode;
}

export interface SiegeReport extends Reckoning {
  readonly workers: number;
  readonly killEveryMs: number;
  readonly sizeBytes: number;
  readonly seconds: number;
  readonly interrupted: boolean;
  readonly kills: number;
  readonly recoveries: number;
  /** Those that players did by asking for them; the heap does others by itself. */
  readonly timed: number;
  readonly medianRecoveryMs: number | null;
  readonly worstRecoveryMs: number | null;
  readonly committed: number;
  /** By the players themselves, and by others because the player was dead. */
  readonly rolledBack: number;
  readonly rolledBackForTheDead: number;
  readonly mismatches: number;
  readonly outOfTurn: number;
  readonly badFrees: number;
  readonly failed: number;
  readonly miscounts: number;
  readonly sound: boolean;
}

/** The counts that must all be 0. */
export const FAULTS = [
  'bytesLost',
  'blocksMissing',
  'seatsLost',
  'mismatches',
  'outOfTurn',
  'badFrees',
  'failed',
  'miscounts',
] as const satisfies readonly (keyof SiegeReport)[];

export class Siege {
  readonly #plan: SiegePlan;
  readonly #onLook: (milliseconds: number, kills: number) => void;
  readonly #heap: SharedHeap;
  readonly #over = new AbortController();
  #interrupted = false;

  constructor(plan: SiegePlan, onLook: (milliseconds: number, kills: number) => void) {
    const { traces, workers, mode } = plan;
    const size = groundBytes(traces, workers);
    this.#plan = plan;
    this.#onLook = onLook;
    // A seat for each worker that is just being replaced, too.
    const maxSlots = Math.min(MAX_SLOTS, 2 * workers + 1);
    this.#heap = SharedHeap.create({ size, mode, maxSlots });
  }

  get heap(): SharedHeap {
    return this.#heap;
  }

  /** Ends the siege early; it is reckoned up all the same. */
  stop(): void {
    this.#interrupted = true;
    this.#over.abort();
  }

  async run(): Promise<SiegeReport> {
    const heap = this.#heap;
    const ground = layOut(heap, this.#plan.traces, this.#plan.workers);
    const start = performance.now();
    const garrison = new Garrison(ground);
    try {
      await Promise.race([garrison.playing, this.#fire(garrison, start)]);
    } finally {
      this.#over.abort();
      garrison.standDown();
      halt(ground);
      await garrison.dismiss();
    }
    const seconds = (performance.now() - start) / 1000;
    const run = { seconds, interrupted: this.#interrupted, kills: garrison.kills };
    return drawUp(this.#plan, heap, ground, { ...run, notes: garrison.notes });
  }

  async #fire(garrison: Garrison, start: number): Promise<void> {
    const { killEveryMs, seconds } = this.#plan;
    const { signal } = this.#over;
    const end = start + seconds * 1000;
    let look = start;
    for (let now = start; now < end && !signal.aborted; now = performance.now()) {
      await sleep(Math.min(killEveryMs, end - now), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) garrison.kill();
      if (now - look < LOOK_MS) continue;
      look = now;
      this.#onLook(now - start, garrison.kills);
    }
  }
}

function drawUp(
  plan: SiegePlan,
  heap: SharedHeap,
  ground: Ground,
  run: Pick<SiegeReport, 'seconds' | 'interrupted' | 'kills' | 'notes'>,
): SiegeReport {
  const reckoning = reckon(heap, ground);
  const { committed, rolledBack } = heap.stats().transactions;
  const times = recoveryTimes(ground);
  // The heap counts both kinds in one. A player killed between its rollback and its tally makes one
  // of its own pass for one of the dead.
  const own = tallied(ground, TALLY.ROLLBACKS);
  const report = {
    ...reckoning,
    ...run,
    notes: [...run.notes, ...reckoning.notes],
    workers: plan.workers,
    killEveryMs: plan.killEveryMs,
    sizeBytes: heap.handle.byteLength,
    recoveries: run.kills - reckoning.seatsLost, // only workers on a seat are killed
    timed: times.length,
    medianRecoveryMs: times[times.length >> 1] ?? null,
    worstRecoveryMs: times.at(-1) ?? null,
    committed,
    rolledBack: own,
    rolledBackForTheDead: rolledBack - own,
    mismatches: tallied(ground, TALLY.MISMATCHES),
    outOfTurn: tallied(ground, TALLY.OUT_OF_TURN),
    badFrees: tallied(ground, TALLY.BAD_FREES),
    failed: tallied(ground, TALLY.FAILED),
    miscounts: tallied(ground, TALLY.MISCOUNTS),
  };
  return { ...report, sound: isSound(report) };
}

function isSound(report: Omit<SiegeReport, 'sound'>): boolean {
  const { total, totalBefore, findings } = report;
  const counted = FAULTS.every((fault) => report[fault] === 0);
  return counted && total === totalBefore && findings.length === 0;
}
