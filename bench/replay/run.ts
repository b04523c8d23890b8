// The run: rounds of turns on one heap with one crew, until the time is up or somebody stops it,
// and the report on all of it.
import type { Finding, HeapStats, Mode, SharedHeap } from '../../src/index.ts';
import type { Crew } from './crew.ts';
import { addFigures, isFaultless, type Figures } from './figures.ts';
import { eventsOf, type Turn } from './plan.ts';
import { playTurn, type Performance } from './turn.ts';
import { pagesInUse, type Sight } from './watch.ts';

export interface Report {
  readonly node: string;
  readonly workers: number;
  readonly copies: number;
  readonly mode: Mode;
  readonly sizeBytes: number;
  readonly rounds: number;
  readonly interrupted: boolean;
  readonly traces: readonly Figures[];
  readonly total: Figures;
  readonly findings: readonly Finding[];
  readonly healthy: boolean;
  readonly sound: boolean;
  readonly stats: HeapStats;
}

/** Told how far a round has come. */
export interface Audience {
  onRound(round: number, events: number): void;
  onProgress(turn: string, events: number): void;
}

export class Run {
  readonly #heap: SharedHeap;
  readonly #crew: Crew;
  readonly #turns: readonly Turn[];
  readonly #audience: Audience;
  readonly #figures: (Figures | undefined)[] = [];
  #rounds = 0;
  #current: Performance | null = null;
  #stopped = false;
  #fullest: Sight | null = null;

  constructor(heap: SharedHeap, crew: Crew, turns: readonly Turn[], audience: Audience) {
    this.#heap = heap;
    this.#crew = crew;
    this.#turns = turns;
    this.#audience = audience;
  }

  /** Plays whole rounds until `seconds` have passed: one at least, unless it is stopped. */
  async play(seconds: number): Promise<Report> {
    const until = performance.now() + seconds * 1000;
    do {
      await this.#playRound();
    } while (!this.#stopped && performance.now() < until);
    return this.#report();
  }

  /** Ends the run after the events at hand. */
  stop(): void {
    this.#stopped = true;
    this.#current?.stop();
  }

  /** The heap as it was when it was fullest. */
  get fullest(): Sight | null {
    return this.#fullest;
  }

  async #playRound(): Promise<void> {
    const events = this.#turns.reduce((sum, turn) => sum + eventsOf(turn), 0);
    this.#audience.onRound(this.#rounds + 1, events);
    let before = 0;
    for (const [index, turn] of this.#turns.entries()) {
      if (this.#stopped) return;
      await this.#playTurn(index, turn, before);
      before += eventsOf(turn);
    }
    if (!this.#stopped) this.#rounds++;
  }

  async #playTurn(index: number, turn: Turn, before: number): Promise<void> {
    this.#current = playTurn(this.#heap, this.#crew, turn, (events) =>
      this.#audience.onProgress(turn.name, before + events),
    );
    if (this.#stopped) this.#current.stop();
    const figures = await this.#current.finished;
    const known = this.#figures[index];
    this.#figures[index] = known === undefined ? figures : addFigures(known, figures);
    this.#remember(this.#current.fullest());
  }

  #remember(sight: Sight | null): void {
    const pages = this.#fullest === null ? 0 : pagesInUse(this.#fullest.stats);
    if (sight !== null && pagesInUse(sight.stats) > pages) this.#fullest = sight;
  }

  #report(): Report {
    const traces = this.#figures.filter((figures) => figures !== undefined);
    const total = { ...traces.reduce(addFigures), trace: 'total', rounds: this.#rounds };
    const findings = this.#heap.validate();
    const stats = this.#heap.stats();
    return {
      node: process.version,
      workers: this.#crew.workers,
      copies: total.copies,
      mode: this.#heap.mode,
      sizeBytes: this.#heap.handle.byteLength,
      rounds: this.#rounds,
      interrupted: this.#stopped,
      traces,
      total,
      findings,
      healthy: this.#heap.isHealthy(),
      sound: isFaultless(total) && findings.length === 0,
      stats,
    };
  }
}
