// One access to shared memory: what it does to the arrays, what the race detector says of it, and
// what a trace tells. Both a scheduled step and an access that is not worth a stop end here.

import { Hashes } from './hashes.ts';
import type { ModelMemory } from './memory.ts';
import { ARGUED, MAX_THREADS, Races } from './races.ts';
import { KINDS } from './reach.ts';
import type { Site } from './sites.ts';

export interface Failure {
  readonly kind: 'race' | 'stuck' | 'endless' | 'oracle' | 'threw';
  readonly message: string;
}

/** What one access did, for traces. */
export interface Event {
  readonly thread: number;
  readonly site: Site;
  readonly location: number;
  readonly before: number;
  readonly after: number;
  readonly result: number;
}

/** Channels for messages between threads stand behind the last location of the memory. */
export const CHANNELS = 16;
const READING = new Set<number>([KINDS.get, KINDS.getByte, KINDS.findByte, KINDS.getCount]);
/** From here on a licence covers writes too. */
const WRITES = 65536;

export class Access {
  readonly sites: readonly (Site | undefined)[];
  readonly hits: Uint32Array;
  /** How often one that came to recover the dead stood in front of it, and then made it. */
  readonly mourned: Uint32Array;
  /** Sites of plain accesses that took part in a permitted race. */
  readonly racing = new Set<number>();
  failure: Failure | null = null;
  onEvent: ((event: Event) => void) | null = null;
  memory!: ModelMemory;
  races!: Races;
  hashes!: Hashes;
  current = 0;
  protected readonly kinds: Uint8Array;
  protected readonly licence = new Int32Array(MAX_THREADS);
  private readonly licensed: Uint8Array;
  /** Threads from this number on have come to recover. */
  protected undertakers = MAX_THREADS;
  protected unwatched = false;
  private words = 0;
  private doubles = 0;

  constructor(sites: readonly (Site | undefined)[]) {
    this.sites = sites;
    this.kinds = Uint8Array.from(sites, (site) => (site === undefined ? 0 : KINDS[site.kind]));
    this.licensed = Uint8Array.from(sites, (site) => (site?.licensed === true ? 1 : 0));
    this.hits = new Uint32Array(sites.length);
    this.mourned = new Uint32Array(sites.length);
  }

  /** The memory of the scenario that runs from now on. */
  use(memory: ModelMemory): void {
    this.memory = memory;
    this.words = memory.words.length;
    this.doubles = this.words + memory.bytes.length;
    const locations = this.doubles + memory.counters.length + CHANNELS;
    this.races = new Races(locations);
    this.hashes = new Hashes(locations);
  }

  fail(kind: Failure['kind'], message: string): void {
    this.failure ??= { kind, message };
  }

  /** Executes an access of the current thread; its result. */
  execute(site: number, index: number, first: number, second: number): number {
    if (this.unwatched) return this.direct(site, index, first, second);
    (this.hits[site] as number)++;
    const kind = this.kinds[site] as number;
    const at = this.locationOf(kind, kind === KINDS.findByte ? first : index);
    const before = this.onEvent === null ? 0 : this.valueAt(at);
    const result =
      kind < KINDS.load || kind > KINDS.add
        ? this.plain(kind, site, at, index, first, second)
        : this.atomic(kind, site, at, first, second);
    if (this.onEvent !== null) this.tell(site, at, before, this.valueAt(at), result);
    return result;
  }

  /** An access of set-up or checks: no thread makes it, so the detector does not see it. */
  protected direct(site: number, index: number, first: number, second: number): number {
    const { kind } = this.sites[site] as Site;
    if (kind === 'send' || kind === 'receive') throw new Error('messages are for threads');
    const method = this.memory[kind] as (...of: number[]) => number | undefined;
    return method.call(this.memory, index, first, second) ?? 0;
  }

  /** Words first, then bytes, then doubles, then channels. */
  locationOf(kind: number, index: number): number {
    if (kind === KINDS.getCount || kind === KINDS.setCount) return this.doubles + index;
    return kind >= KINDS.getByte && kind <= KINDS.findByte ? this.words + index : index;
  }

  valueAt(location: number): number {
    if (location < this.words) return this.memory.words[location] as number;
    if (location < this.doubles) return this.memory.bytes[location - this.words] as number;
    return this.memory.counters[location - this.doubles] ?? 0;
  }

  get regions(): { readonly bytes: number; readonly doubles: number; readonly channels: number } {
    const channels = this.hashes.locations - CHANNELS;
    return { bytes: this.words, doubles: this.doubles, channels };
  }

  protected tell(site: number, at: number, before: number, after: number, result: number): void {
    const of = this.sites[site] as Site;
    this.onEvent?.({ thread: this.current, site: of, location: at, before, after, result });
  }

  /** A race is a failure unless one of its two sides, or a caller of theirs, argues for it. */
  protected race(site: number, at: number): void {
    const other = this.races.other & ~ARGUED;
    if ((this.races.other & ARGUED) !== 0 || this.tagOf(site) !== site) {
      for (const it of [site, other]) this.racing.add(it);
      return;
    }
    const here = textOf(this.sites[site] as Site);
    const there = textOf(this.sites[other] as Site);
    this.fail('race', `race of ${here} with ${there} on location ${at}`);
  }

  /** The site, marked if it, or a call that led to it, argues for its races. */
  private tagOf(site: number): number {
    if (this.licensed[site] === 1) return site | ARGUED;
    const carried = this.licence[this.current] as number;
    if (carried === 0) return site;
    const kind = this.kinds[site] as number;
    const reads = READING.has(kind);
    return carried >= WRITES || reads ? site | ARGUED : site;
  }

  private plain(
    kind: number,
    site: number,
    at: number,
    index: number,
    value: number,
    second: number,
  ): number {
    const { memory, races, current } = this;
    const writes = kind === KINDS.set || kind === KINDS.setByte || kind === KINDS.setCount;
    if (kind === KINDS.pause) return 0;
    if (kind === KINDS.clearBytes) return this.clear(site, index, value);
    if (kind === KINDS.findByte) return this.find(site, index, value, second);
    const tag = this.tagOf(site);
    if (writes ? races.plainWrite(current, at, tag) : races.plainRead(current, at, tag)) {
      this.race(site, at);
    }
    if (kind === KINDS.get) return memory.words[index] as number;
    if (kind === KINDS.set) memory.words[index] = value;
    else if (kind === KINDS.getByte) return memory.bytes[index] as number;
    else if (kind === KINDS.setByte) memory.bytes[index] = value;
    else if (kind === KINDS.getCount) return memory.counters[index] as number;
    else memory.counters[index] = value;
    return 0;
  }

  private clear(site: number, from: number, end: number): number {
    for (let at = this.words + from; at < this.words + end; at++) {
      if (this.races.plainWrite(this.current, at, this.tagOf(site))) this.race(site, at);
    }
    this.memory.bytes.fill(0, from, end);
    return 0;
  }

  private find(site: number, value: number, from: number, end: number): number {
    const found = this.memory.findByte(value, from, end);
    for (let at = this.words + from; at < this.words + (found < 0 ? end : found + 1); at++) {
      if (this.races.plainRead(this.current, at, this.tagOf(site))) this.race(site, at);
    }
    return found;
  }

  private atomic(kind: number, site: number, at: number, first: number, second: number): number {
    const { races, current, memory } = this;
    const { words } = memory;
    const old = words[at] as number;
    const reads = kind !== KINDS.store;
    const writes = kind !== KINDS.load && (kind !== KINDS.cas || old === first);
    const tag = this.tagOf(site);
    if (reads && races.atomicRead(current, at, tag)) this.race(site, at);
    if (writes && races.atomicWrite(current, at, tag)) this.race(site, at);
    if (kind === KINDS.store || kind === KINDS.swap) words[at] = first;
    else if (kind === KINDS.add) words[at] = old + first;
    else if (kind === KINDS.cas && writes) words[at] = second;
    return old;
  }
}

export function textOf(site: Site): string {
  return `${site.path}:${site.line}:${site.column} (${site.kind} in ${site.fn})`;
}
