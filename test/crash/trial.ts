// A trial: one heap, a visitor that is terminated at one access (and perhaps an heir, terminated
// over the visitor's recovery), and a survivor, which is the calling thread. Afterwards the heap
// must be sound, the living must have what they had, and when all is freed it is as it was at
// first.
//
// The same spec makes the same trial again; where it has no company, to the last access.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { HeapError, SharedHeap, type HeapHandle } from '../../src/index.ts';
import { channel } from '../../src/parts/channel.ts';
import { SLOT } from '../../src/word/layout.ts';
import type { HeldOrders } from '../../workers/held.ts';
import { Dice } from '../support/dice.ts';
import { account, layersOf, leftovers, withoutRounds } from './account.ts';
import { Client, type Range } from './client.ts';
import { DONE, HOLD, PARKED, holdWords, type HoldWords } from './hold.ts';
import { Ledger, RAW, SHARED, type Entry } from './ledger.ts';
import { Receiver } from './relay.ts';
import { surround, type Surroundings } from './surroundings.ts';

export type Flavour = 'plain' | 'checked' | 'tracked' | 'budgeted' | 'debug';
export type Role = HeldOrders['role'];
export type Setting =
  | 'alone'
  | 'roomy'
  | 'company'
  | 'locked'
  | 'recorded'
  | 'crowded'
  | 'strays'
  | 'full'
  | 'simple'
  | 'overflow'
  | 'elsewhere';

/** Where a thread is to be stopped; `nth` 0 is nowhere. */
export interface Stop {
  readonly role: Role;
  readonly site: number;
  readonly nth: number;
}

export interface Spec {
  readonly seed: number;
  readonly flavour: Flavour;
  readonly setting: Setting;
  readonly visitor: Stop;
  readonly heir: Stop | null;
}

/** What came of one of the two who were to be stopped. */
export interface Life {
  readonly stop: Stop;
  /** Stopped there; else it was terminated at rest. */
  readonly parked: boolean;
  readonly counts: Int32Array;
}

export interface Outcome {
  readonly spec: Spec;
  readonly lives: readonly Life[];
  readonly wrong: readonly string[];
  readonly lostBytes: number;
}

const RECORDS = 1040;
/** The survivor's, the visitor's and the heir's, in this order; so are their numbers as owners. */
const RANGES: readonly Range[] = [
  { first: 0, end: 40 },
  { first: 40, end: 540 },
  { first: 540, end: RECORDS },
];
const PATIENCE_MS = 1000;
const LIFETIME_MS = 20_000;

export class Trial {
  readonly spec: Spec;
  readonly heap: SharedHeap;
  readonly ledger = Ledger.of(RECORDS);
  readonly ground: SharedArrayBuffer;
  private readonly build: string;
  private readonly random: Dice;
  private readonly client: Client;
  private readonly wrong: string[] = [];
  private readonly lives: Life[] = [];

  constructor(spec: Spec, build: string) {
    this.spec = spec;
    this.build = build;
    const { flavour, setting, seed } = spec;
    const heap = SharedHeap.create({
      size: setting === 'roomy' ? '16MiB' : '4MiB', // room for racks
      maxSlots: setting === 'crowded' ? 2 : 4,
      zones: { dmaEnd: '1MiB', highStart: '3MiB' },
      mode: setting === 'simple' ? 'simple-heap' : 'two-tier',
      checked: flavour === 'checked',
      trackOwners: flavour === 'tracked',
      budgets: flavour === 'budgeted',
      debug: flavour === 'debug',
    });
    this.heap = withoutRounds(heap);
    this.ground = new SharedArrayBuffer(spec.visitor.role === 'founder' ? 2 ** 22 : 0);
    this.random = new Dice(seed);
    const complain = (text: string) => void this.wrong.push(text);
    const { ledger, random } = this;
    const range = RANGES[0] as Range;
    this.client = new Client(this.heap, { ledger, range, owner: 1, random, complain });
  }

  async run(): Promise<Outcome> {
    this.furnish();
    const around = await surround(this.spec, this.client, this.random);
    try {
      await this.live(this.spec.visitor, 1, around);
      if (this.spec.heir !== null) await this.live(this.spec.heir, 2, around);
      this.heap.reap(...this.goneSlots());
      if (this.random.below(2) === 0) this.goOn();
    } finally {
      this.wrong.push(...(await around.end()));
    }
    await this.settle();
    const lostBytes = this.reckon();
    this.heap.detach();
    const { spec, lives, wrong } = this;
    return { spec, lives, wrong, lostBytes };
  }

  /** Blocks of the survivor's; every other one is for whoever claims it. */
  private furnish(): void {
    for (let i = 0; i < 30; i++) {
      const record = this.client.alloc(this.random.logUniform(1, 2 ** (6 + (i % 11))));
      if (i % 2 === 0 && record >= 0) this.ledger.release(record);
      else if (i % 10 === 1 && record >= 0) this.share(record);
    }
  }

  /** The block is held by a reference, where there are any. */
  private share(record: number): void {
    if (!layersOf(this.heap).states.checked) return;
    const { ptr } = this.ledger.read(record);
    if (this.heap.retain(ptr)) this.ledger.mark(record, this.client.owner, SHARED);
    else this.wrong.push(`retain of ${ptr}: ${this.heap.lastError?.code}`);
  }

  private async live(stop: Stop, nth: number, around: Surroundings): Promise<void> {
    const hold = holdWords(stop.site, stop.nth);
    const range = RANGES[nth] as Range;
    const { flavour, setting, seed } = this.spec;
    const workerData: HeldOrders = {
      build: this.build,
      hold,
      handle: this.heap.handle,
      ledger: this.ledger.words,
      seed: seed + nth,
      range,
      owner: nth + 1,
      tracked: flavour === 'tracked',
      role: stop.role,
      steps: nth === 1 ? 150 : 40,
      setting,
      gone: this.goneSlots(),
      ground: this.ground,
    };
    const parked = await kill(workerData, hold, this.wrong, around);
    this.lives.push({ stop, parked, counts: hold.slice(HOLD.COUNTS) });
  }

  /** Ordinary traffic, which runs into the locks of the dead. */
  private goOn(): void {
    const records = Array.from({ length: 8 }, (_, i) =>
      this.client.alloc(this.random.logUniform(1, 2 ** (6 + 2 * (i % 6)))),
    );
    for (const record of records) if (record >= 0) this.client.free(record);
  }

  /** Slots of the dead, where nobody sees by itself that they are. */
  private goneSlots(): number[] {
    return this.spec.setting === 'elsewhere' ? this.others() : [];
  }

  /** Until nobody but the survivor has a slot. */
  private async settle(): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    this.heap.recover();
    while (this.others().length > 0 && performance.now() < end) {
      await sleep(1);
      this.heap.reap(...this.others());
    }
  }

  private others(): number[] {
    const { memory, layout, table } = layersOf(this.heap);
    const slots = Array.from({ length: table.seats }, (_, slot) => slot);
    const who = (slot: number) => memory.load(layout.slots + slot * SLOT.WORDS + SLOT.WHO);
    return slots.filter((slot) => slot !== this.heap.slot && who(slot) !== 0);
  }

  private reckon(): number {
    const complain = (text: string) => void this.wrong.push(text);
    new Receiver(this.heap, this.ledger, this.client.owner, complain).drain(channel);
    const tracked = this.spec.flavour === 'tracked';
    const survivors = (RANGES[0] as Range).end;
    const isReturned = ({ record, owner }: Entry) => tracked && record >= survivors && owner !== 0;
    const found = account(this.heap, this.ledger, isReturned);
    this.wrong.push(...found.wrong);
    this.heap.faults.inject(null);
    for (const { ptr, phase } of [
      ...found.live,
      ...found.unknown.map((it) => ({ ptr: it, phase: RAW })),
    ]) {
      const isGone = phase === SHARED ? this.heap.release(ptr) : this.heap.free(ptr);
      if (!isGone) this.wrong.push(`free of ${ptr}: ${this.heap.lastError?.code}`);
    }
    const { wrong, lostBytes } = leftovers(this.heap);
    this.wrong.push(...wrong);
    if (this.spec.visitor.role === 'founder') this.wrong.push(...this.founded());
    return found.lostBytes + lostBytes;
  }

  /** A heap that was being made is there or is not, and can be made again. */
  private founded(): string[] {
    const { buffer: _, ...places } = shapeOfFounded().handle;
    const handle: HeapHandle = { ...places, buffer: this.ground };
    const wrong: string[] = [];
    try {
      const heap = SharedHeap.attach(handle);
      wrong.push(...heap.validate().map((it) => `founded: ${it.message}`));
      heap.detach();
    } catch (error) {
      const code = error instanceof HeapError ? error.code : String(error);
      if (code !== 'BAD_BUFFER' && code !== 'NO_SLOT') wrong.push(`founded: ${code}`);
    }
    const again = SharedHeap.create({ buffer: this.ground, maxSlots: 1 });
    wrong.push(...again.validate().map((it) => `founded again: ${it.message}`));
    again.detach();
    return wrong;
  }
}

let founded: SharedHeap | null = null;

/** A heap of the shape that founders make. */
function shapeOfFounded(): SharedHeap {
  founded ??= SharedHeap.create({ buffer: new SharedArrayBuffer(2 ** 22), maxSlots: 1 });
  return founded;
}

/** Starts a worker and terminates it when it has come to its stop, or to rest. True if stopped. */
async function kill(
  workerData: HeldOrders,
  hold: HoldWords,
  wrong: string[],
  around: Surroundings,
): Promise<boolean> {
  const program = new URL('held.js', workerData.build);
  const worker = new Worker(program, { workerData, execArgv: [] });
  worker.on('message', (found: string) => wrong.push(found));
  const failed = new Promise<void>((resolve) => {
    worker.on('error', (error) => {
      wrong.push(`the worker failed: ${String(error)}`);
      resolve();
    });
  });
  const watched = around.watch(hold);
  const late = sleep(LIFETIME_MS, true, { ref: false });
  const end = await Promise.race([changeOf(hold), failed, late]);
  if (end === true) wrong.push('the worker came to no stop and to no end');
  const state = Atomics.exchange(hold, HOLD.STATE, DONE);
  await watched;
  await sleep(0); // what it complained of is on its way
  await worker.terminate();
  return state === PARKED;
}

interface Waiter {
  waitAsync(words: HoldWords, at: number, value: number): { value: Promise<string> | string };
}

async function changeOf(hold: HoldWords): Promise<void> {
  await (Atomics as unknown as Waiter).waitAsync(hold, HOLD.STATE, 0).value;
}
