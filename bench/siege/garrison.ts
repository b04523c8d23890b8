// The garrison: a piscina pool in which every worker plays one player, and the enemy, who kills one
// of them every few milliseconds: from the moment it has a seat, also while it recovers others. A
// task that is aborted takes its thread with it; when that has ended, the pool runs the player's
// task again, on another thread.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Piscina } from 'piscina';
import { atWork, setAtWork, type Ground } from './ground.ts';

export interface SiegeTask {
  readonly ground: Ground;
  readonly player: number;
}

// Longer than a stop can take, however busy the machine is.
const PATIENCE_MS = 60_000;
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = new URL(`../../workers/besieged${ENDING}`, import.meta.url);

/** One player's task as it is being run, and the end of its thread if that was killed. */
interface Watch {
  readonly abort: AbortController;
  ended: Promise<unknown> | null;
}

// Node 20 may end the process when a worker is killed in the midst of `require` of an ES module.
const IMPORTS = 'Deno' in globalThis ? {} : { execArgv: ['--no-experimental-require-module'] };

export class Garrison {
  readonly #ground: Ground;
  readonly #pool: Piscina<SiegeTask, readonly string[]>;
  readonly #watches: (Watch | undefined)[] = [];
  readonly #notes: string[] = [];
  readonly #playing: Promise<unknown>;
  #kills = 0;
  #halted = false;

  constructor(ground: Ground) {
    const workers = ground.places.length;
    this.#ground = ground;
    this.#pool = new Piscina({
      filename: PROGRAM.href,
      name: 'play',
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: 1,
      ...IMPORTS,
    });
    this.#playing = Promise.all(ground.places.map((_, player) => this.#hold(player)));
  }

  get kills(): number {
    return this.#kills;
  }

  /** Rejects if a worker fails by itself; resolves when all have come to their ends. */
  get playing(): Promise<unknown> {
    return this.#playing;
  }

  /** What players found wrong, in words. */
  get notes(): readonly string[] {
    return this.#notes;
  }

  /** Kills the worker of a player drawn at random, if one is at work there. */
  kill(): void {
    const player = Math.floor(Math.random() * this.#ground.places.length);
    const watch = this.#watches[player];
    const thread = this.#threadOf(player);
    if (watch === undefined || thread === undefined) return;
    watch.ended = once(thread, 'exit');
    watch.abort.abort();
    this.#kills++;
  }

  /** No dead worker is replaced from now on. */
  standDown(): void {
    this.#halted = true;
  }

  /** Waits for the players, who have been told to stop, and ends the pool. */
  async dismiss(): Promise<void> {
    const late = new AbortController();
    const patience = sleep(PATIENCE_MS, 'late', { signal: late.signal }).catch(() => 'on time');
    const first = await Promise.race([this.#playing.catch(() => 'failed'), patience]);
    late.abort();
    await this.#pool.destroy();
    if (first === 'late') throw new Error(`a worker did not stop within ${PATIENCE_MS / 1000} s`);
  }

  // The thread that plays, unless it has been killed already.
  #threadOf(player: number) {
    const id = this.#watches[player]?.ended === null ? atWork(this.#ground, player) : 0;
    return id === 0 ? undefined : this.#pool.threads.find((thread) => thread.threadId === id);
  }

  // Two threads must never play one player: the next begins when the last has ended.
  async #hold(player: number): Promise<void> {
    while (!this.#halted) {
      const watch: Watch = { abort: new AbortController(), ended: null };
      this.#watches[player] = watch;
      try {
        const task = { ground: this.#ground, player };
        this.#notes.push(...(await this.#pool.run(task, { signal: watch.abort.signal })));
        return;
      } catch (error) {
        if (watch.ended === null) throw error;
        await watch.ended;
        setAtWork(this.#ground, player, 0);
      }
    }
  }
}
