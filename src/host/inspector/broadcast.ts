// The broadcast: one look at the heap, a few times a second, for all who watch, as server-sent
// events; none while nobody does.
//
// A look takes time on the thread that serves. How often there is one follows from that: LOOKS_MS
// apart, or so far apart that looking takes SHARE of the time. What it costs is measured with all
// that is sent, and the least of the last few counts, since a thread may lose its processor in the
// midst of a look, and the first have code that is not compiled yet. On a machine so busy that
// this happens to all of them, what looks cost that walk over as many runs on a slow one is a bound
// for what they can cost here. A watcher whose connection does not keep up is left out until it
// does.

import type { ServerResponse } from 'node:http';
import type { SharedHeap } from '../../heap/heap.ts';
import { Looker } from './look.ts';

const LOOKS_MS = 250;
/** Of the thread's time. */
const SHARE = 0.008;
const REMEMBERED = 6;
/** At most, of processor time: of any look, and for each run of pages. */
const LOOK_MS = 3;
const RUN_MS = 0.0006;
const MOST_STREAMS = 32;
/** Bytes that wait to be sent. */
const BEHIND = 2 ** 20;
/** For browsers whose connection has broken, milliseconds. */
const RETRY = 'retry: 1000\n\n';

/** What a look over so many runs of pages costs, if the last ones took so many milliseconds. */
export function costOf(tookMs: readonly number[], runs: number): number {
  return Math.min(...tookMs, LOOK_MS + runs * RUN_MS);
}

/** How far apart looks are that cost so much. */
export function periodOf(costMs: number): number {
  return Math.max(LOOKS_MS, costMs / SHARE);
}

export class Broadcast {
  private readonly heap: SharedHeap;
  private readonly streams = new Set<ServerResponse>();
  private looker: Looker;
  private tookMs: number[] = [];
  private costMs = 0;
  private last = { text: '', ms: -Infinity };
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(heap: SharedHeap) {
    this.heap = heap;
    this.looker = new Looker(heap);
  }

  /** Whether one more may watch. */
  get hasRoom(): boolean {
    return this.streams.size < MOST_STREAMS;
  }

  /** Sends every look to the response, whose head is written, until it is closed. */
  add(stream: ServerResponse): void {
    stream.write(RETRY);
    if (this.streams.size === 0) this.looker = new Looker(this.heap); // rates begin anew
    this.streams.add(stream);
    stream.once('close', () => this.leave(stream));
    if (this.streams.size === 1) this.tick();
  }

  /** A look as JSON: the last one while it is fresh. Throws what `Looker.look` does. */
  latest(): string {
    const began = performance.now();
    if (began - this.last.ms < periodOf(this.costMs)) return this.last.text;
    const text = this.look();
    this.spent(performance.now() - began);
    return text;
  }

  /** Ends all streams. */
  end(): void {
    clearTimeout(this.timer);
    for (const stream of this.streams) stream.end();
    this.streams.clear();
  }

  private leave(stream: ServerResponse): void {
    this.streams.delete(stream);
    if (this.streams.size === 0) clearTimeout(this.timer);
  }

  /** The timer keeps no process alive: connections do, if they are to. */
  private tick(): void {
    const began = performance.now();
    try {
      this.send(`data: ${this.look()}\n\n`);
    } catch (error) {
      this.send(`event: gone\ndata: ${JSON.stringify((error as Error).message)}\n\n`);
      return this.end();
    }
    this.spent(performance.now() - began);
    this.timer = setTimeout(() => this.tick(), periodOf(this.costMs));
    this.timer.unref();
  }

  private look(): string {
    const picture = this.looker.look();
    this.costMs = costOf(this.tookMs, picture.map.runs);
    const pace = { periodMs: periodOf(this.costMs), lookMs: this.costMs };
    const text = JSON.stringify({ ...picture, ...pace });
    this.last = { text, ms: performance.now() };
    return text;
  }

  private spent(ms: number): void {
    this.tookMs = [...this.tookMs.slice(1 - REMEMBERED), ms];
  }

  private send(event: string): void {
    for (const stream of this.streams) if (stream.writableLength < BEHIND) stream.write(event);
  }
}
