// The machine runs the threads of one schedule. A thread is a generator that stops before each
// visible access; `step` executes the access, gives the result back and runs the thread up to its
// next one. Who steps, who dies and whose wait times out is decided outside (search.ts, walk.ts).
//
// Sleepers stand in one queue in the order in which they came. A thread that is killed asleep keeps
// its place and swallows the wake-up that it is given, as a terminated worker may.
//
// The trace hash tells apart schedules that differ in the order of conflicting steps, and only
// those: each step hashes its thread's past and the last write (and reads) of its location, so two
// schedules with equal hashes are the same partial order, with equal memory and equal clocks
// (Musuvathi and Qadeer's happens-before caching).

import { CHANNELS } from './access.ts';
import { ASLEEP, DEAD, DONE, IDLE, Lives, READY } from './lives.ts';
import { MAX_THREADS } from './races.ts';
import { KINDS } from './reach.ts';
import { isRunning, Overflow, WRITING, type Message, type Running } from './running.ts';
import { asksForLock, type Site } from './sites.ts';

const LOCK = 'src/word/lock.ts';

export class Machine extends Lives {
  readonly results: unknown[] = [];
  /** Whether a death may have swallowed a wake-up: of a sleeper, woken or not, or of who wakes. */
  wakeLost = false;
  /** Overflows in this schedule, caught ones too. */
  overflows = 0;
  steps = 0;
  /** Nobody comes to a lock before it is free. */
  patient = false;
  private readonly entries: Uint8Array;
  private readonly indexes = new Float64Array(MAX_THREADS);
  private readonly firsts = new Float64Array(MAX_THREADS);
  private readonly seconds = new Float64Array(MAX_THREADS);
  private readonly sleepingOn = new Int32Array(MAX_THREADS);
  private queue: number[] = [];
  private channels: Message[][] = [];
  private running: Running[] = [];
  constructor(sites: readonly (Site | undefined)[]) {
    super(sites);
    this.entries = Uint8Array.from(sites, (site) => Number(asksForLock(site)));
  }

  /**
   * Starts the threads: each runs up to its first visible access. So many more may be added later.
   */
  begin(bodies: readonly (() => unknown)[], later = 0): void {
    this.failure = null;
    this.threads = bodies.length;
    this.undertakers = bodies.length;
    this.steps = 0;
    this.overflows = 0;
    this.wakeLost = false;
    this.queue = [];
    this.channels = [];
    this.licence.fill(0);
    this.status.fill(IDLE);
    this.killed.fill(0);
    this.seen = 0;
    this.clock.fill(0);
    this.threw.clear();
    this.races.begin(bodies.length + later);
    this.hashes.begin(bodies.length + later);
    this.results.length = 0;
    this.running.length = 0;
    for (let t = 0; t < bodies.length; t++) this.start(t, bodies[t] as () => unknown);
  }

  /** One more thread, started by those that have ended. */
  add(body: () => unknown): void {
    const t = this.threads++;
    const clock = new Int32Array(MAX_THREADS);
    for (let other = 0; other < t; other++) {
      this.hashes.join(t, other);
      if (this.killed[other] === 1) continue; // it has told nobody
      this.races.publish(other, clock, 0);
      this.races.join(t, clock, 0);
    }
    this.start(t, body);
  }

  private start(t: number, body: () => unknown): void {
    this.current = t;
    this.status[t] = READY;
    const made = body();
    if (!isRunning(made)) throw new Error('a thread makes no step that can be scheduled');
    this.running[t] = made;
    this.advance(t, 0);
  }

  /** Runs to its end what the sources have become, without any other thread: set-up and checks. */
  drive(start: () => unknown): unknown {
    this.unwatched = true;
    try {
      const made = start();
      if (!isRunning(made)) return made;
      for (let value = 0; ;) {
        const next = made.next(value);
        if (next.done === true) return next.value;
        value = this.direct(this.cellSite, this.cellIndex, this.cellFirst, this.cellSecond);
      }
    } finally {
      this.unwatched = false;
    }
  }

  /** Whether a thread can take a step now. */
  enabled(t: number): boolean {
    if (this.status[t] !== READY) return false;
    const site = this.pendingSite[t] as number;
    if (this.patient && this.entries[site] === 1) return !this.heldByAnother(t);
    if (this.kinds[site] !== KINDS.receive) return true;
    return (this.channels[this.indexes[t] as number]?.length ?? 0) > 0;
  }

  /** Whether the lock that t is about to ask for has a holder; t itself is told that it crashed. */
  private heldByAnother(t: number): boolean {
    const word = this.memory.words[this.indexes[t] as number] as number;
    return word !== 0 && (word & ~1) !== this.seconds[t];
  }

  /** The word that a sleeper waits on. */
  wordOf(t: number): number {
    return this.sleepingOn[t] as number;
  }

  /** Whether a sleeper's wait ends by itself. */
  hasBound(t: number): boolean {
    return (this.seconds[t] as number) < Infinity;
  }

  step(t: number): void {
    this.current = t;
    this.steps++;
    const site = this.pendingSite[t] as number;
    const index = this.indexes[t] as number;
    const kind = this.kinds[site] as number;
    if (t >= this.undertakers) (this.mourned[site] as number)++;
    if (kind >= KINDS.wait && kind !== KINDS.pause) {
      this.special(t, kind, site, index);
      return;
    }
    const first = this.firsts[t] as number;
    const result = this.execute(site, index, first, this.seconds[t] as number);
    const writes = Boolean(kind === KINDS.cas ? result === first : (WRITING >>> kind) & 1);
    if (kind === KINDS.clearBytes) this.range(t, index, first, writes);
    else if (kind === KINDS.findByte) this.range(t, first, this.seconds[t] as number, writes);
    else this.hashes.step(t, this.locationOf(kind, index), writes);
    this.advance(t, result);
  }

  /** An access of bytes [from, end) in one step. */
  private range(t: number, from: number, end: number, writes: boolean): void {
    for (let at = from; at < end; at++) {
      this.hashes.step(t, this.locationOf(KINDS.getByte, at), writes);
    }
  }

  /** A sleeper's time is over. */
  timeOut(t: number): void {
    this.hashes.event(t, this.sleepingOn[t] as number, 1);
    this.queue = this.queue.filter((other) => other !== t);
    if (this.hasBound(t)) (this.clock[t] as number) += this.seconds[t] as number;
    this.wakeUp(t, 1);
  }

  /** The thread never runs again. */
  kill(t: number): void {
    (this.crashes[this.pendingSite[t] as number] as number)++;
    if (t >= this.undertakers) (this.again[this.pendingSite[t] as number] as number)++;
    this.losesWake(t);
    this.hashes.event(t, this.lifeOf(t), 2);
    this.status[t] = DEAD;
    this.killed[t] = 1;
  }

  private losesWake(t: number): void {
    const site = this.sites[this.pendingSite[t] as number];
    if (site?.path === LOCK && /^(sleep|unlock)$/.test(site.fn)) this.wakeLost = true;
  }

  /**
   * Whether a sleeper waits for a lock that is free, and whose wake-up nobody can have swallowed.
   */
  isForgotten(t: number): boolean {
    const site = this.sites[this.pendingSite[t] as number];
    const atLock = site?.path === LOCK;
    return atLock && !this.wakeLost && this.memory.words[this.wordOf(t)] === 0;
  }

  /** A stack overflow where the thread stands: it leaves its operation, and that ends it here. */
  throwIn(t: number): void {
    this.current = t;
    this.losesWake(t);
    this.overflows++;
    (this.throws[this.pendingSite[t] as number] as number)++;
    this.hashes.event(t, -1, 3);
    try {
      this.settle(t, (this.running[t] as Running).throw(new Overflow('stack overflow')));
    } catch (error) {
      this.broken(t, error);
    }
  }

  private advance(t: number, value: unknown): void {
    try {
      this.settle(t, (this.running[t] as Running).next(value));
    } catch (error) {
      this.broken(t, error);
    }
  }

  private broken(t: number, error: unknown): void {
    this.status[t] = DEAD;
    this.threw.add(this.whoIs(t));
    if (error instanceof Overflow) return;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.fail('threw', `thread ${t} threw ${text}`);
  }

  private settle(t: number, next: IteratorResult<void, unknown>): void {
    if (next.done === true) {
      this.status[t] = DONE;
      this.results[t] = next.value;
      return;
    }
    this.pendingSite[t] = this.cellSite;
    this.indexes[t] = this.cellIndex;
    this.firsts[t] = this.cellFirst;
    this.seconds[t] = this.cellSecond;
  }

  private special(t: number, kind: number, site: number, index: number): void {
    (this.hits[site] as number)++;
    const first = this.firsts[t] as number;
    if (kind === KINDS.wait) this.wait(t, site, index, first);
    else if (kind === KINDS.wake) this.wake(t, site, index, first);
    else if (kind === KINDS.send) this.send(t, index, first);
    else this.receive(t, index);
  }

  private wait(t: number, site: number, word: number, expected: number): void {
    const seen = this.memory.words[word] as number;
    if (this.races.atomicRead(t, word, site)) this.race(site, word);
    this.tell(site, word, seen, seen, seen === expected ? 1 : 0);
    this.hashes.step(t, word, true);
    if (seen !== expected) {
      this.advance(t, 0);
      return;
    }
    this.status[t] = ASLEEP;
    this.sleepingOn[t] = word;
    this.queue.push(t);
  }

  private wake(t: number, site: number, word: number, count: number): void {
    this.hashes.step(t, word, true);
    const woken = this.queue.filter((other) => this.sleepingOn[other] === word).slice(0, count);
    this.queue = this.queue.filter((other) => !woken.includes(other));
    const value = this.memory.words[word] as number;
    this.tell(site, word, value, value, woken.length);
    const clock = new Int32Array(MAX_THREADS);
    if (woken.length > 0) this.races.publish(t, clock, 0);
    for (const other of woken) {
      if (this.status[other] !== ASLEEP) continue; // killed asleep: its wake-up is lost
      this.races.join(other, clock, 0);
      this.hashes.join(other, t);
      this.wakeUp(other);
    }
    this.current = t;
    this.advance(t, woken.length);
  }

  /** `late` is what `wait` returns: whether its time was over. */
  private wakeUp(t: number, late = 0): void {
    this.current = t;
    this.status[t] = READY;
    this.advance(t, late);
  }

  private send(t: number, channel: number, value: number): void {
    const clock = new Int32Array(MAX_THREADS);
    this.races.publish(t, clock, 0);
    (this.channels[channel] ??= []).push({ value, clock });
    this.hashes.step(t, this.hashes.locations - CHANNELS + channel, true);
    this.tell(this.pendingSite[t] as number, this.regions.channels + channel, 0, value, 0);
    this.advance(t, 0);
  }

  private receive(t: number, channel: number): void {
    const message = this.channels[channel]?.shift();
    this.hashes.step(t, this.hashes.locations - CHANNELS + channel, true);
    if (message !== undefined) this.races.join(t, message.clock, 0);
    const value = message?.value ?? 0;
    this.tell(this.pendingSite[t] as number, this.regions.channels + channel, value, 0, value);
    this.advance(t, value);
  }
}
