// Playing one turn: hands each worker its share, waits for all of them, and draws up the figures.
import { setTimeout } from 'node:timers/promises';
import type { HeapStats, SharedHeap } from '../../src/index.ts';
import type { Crew, ShareResult } from './crew.ts';
import type { Figures } from './figures.ts';
import { eventsOf, type Turn } from './plan.ts';
import { Player } from './player.ts';
import { buildStage, eventsPlayed, peakLiveBytes, stopStage, tallied } from './stage.ts';
import { TALLY, type Stage } from './stage.ts';
import { Watch, type Sight } from './watch.ts';

// How long a turn may stand still before that counts as a failure: longer than any hiccup.
const PATIENCE_MS = 60_000;
const GRACE_MS = 2000;

/** A turn that is being played. */
export interface Performance {
  /** Resolves when every worker is done with its share; rejects if one failed. */
  readonly finished: Promise<Figures>;
  fullest(): Sight | null;
  stop(): void;
}

export function playTurn(
  heap: SharedHeap,
  crew: Crew,
  turn: Turn,
  onProgress: (events: number) => void,
  patienceMs = PATIENCE_MS,
): Performance {
  const stage = buildStage(turn, crew.workers);
  const before = eventsPlayed(stage, 0);
  const progress = (): number => {
    const events = eventsPlayed(stage, before);
    onProgress(events);
    return events;
  };
  const watch = new Watch(heap, progress, patienceMs);
  const finish = async (): Promise<Figures> => {
    const results = await playShares(heap, crew, stage, watch);
    const sweeper = new Player(heap, stage, crew.workers);
    sweeper.sweepAll();
    const notes = [...results.flatMap((result) => result.notes), ...sweeper.notes];
    const seconds = secondsOf(results);
    return drawUp({ turn, stage, events: progress(), seconds, notes }, watch, heap.stats());
  };
  return { finished: finish(), fullest: () => watch.fullest, stop: () => stopStage(stage) };
}

// A share that fails leaves others waiting for its blocks: they are told to stop. Some may not be
// able to, for the failed one may have died with a lock of the heap.
async function playShares(
  heap: SharedHeap,
  crew: Crew,
  stage: Stage,
  watch: Watch,
): Promise<ShareResult[]> {
  const playing = Array.from({ length: crew.workers }, (_, share) =>
    crew.play({ heap: heap.handle, stage, share }),
  );
  try {
    return await Promise.race([Promise.all(playing), watch.start()]);
  } catch (error) {
    stopStage(stage);
    const grace = setTimeout(GRACE_MS, undefined, { ref: false });
    await Promise.race([Promise.allSettled(playing), grace]);
    throw new Error(`a worker failed: ${String(error)}`, { cause: error });
  } finally {
    watch.stop();
  }
}

function secondsOf(results: readonly ShareResult[]): number {
  const started = Math.min(...results.map((result) => result.startedMs));
  const ended = Math.max(...results.map((result) => result.endedMs));
  return (ended - started) / 1000;
}

interface Played {
  readonly turn: Turn;
  readonly stage: Stage;
  readonly events: number;
  readonly seconds: number;
  readonly notes: readonly string[];
}

function drawUp(played: Played, watch: Watch, after: HeapStats): Figures {
  const { turn, stage, events, seconds, notes } = played;
  const { before, fullest } = watch;
  return {
    trace: turn.name,
    copies: turn.copies,
    rounds: events === eventsOf(turn) ? 1 : 0,
    events,
    seconds,
    peakLiveBytes: peakLiveBytes(stage),
    ...watch.peak(after),
    fragmentation: fullest?.stats.fragmentationRatio ?? null,
    ...tallies(stage),
    leaks: Math.max(0, after.liveBlocks - before.liveBlocks),
    lockContended: after.lockContention - before.lockContention,
    lockWaits: after.lockWaits - before.lockWaits,
    notes,
  };
}

function tallies(stage: Stage) {
  return {
    overlaps: tallied(stage, TALLY.OVERLAPS),
    mismatches: tallied(stage, TALLY.MISMATCHES),
    misaligned: tallied(stage, TALLY.MISALIGNED),
    badFrees: tallied(stage, TALLY.BAD_FREES),
    failed: tallied(stage, TALLY.FAILED),
    skipped: tallied(stage, TALLY.SKIPPED),
    leftovers: tallied(stage, TALLY.LEFTOVERS),
    handoverWaits: tallied(stage, TALLY.WAITS),
  };
}
