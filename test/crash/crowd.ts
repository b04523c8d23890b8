// A crowd: workers that allocate, pass on and free blocks of one heap as fast as they can, while
// one after another is killed at a random moment, or ends in some other way, and is replaced at
// once. Now and then all who live are asked to pause. Then every byte is accounted for: what the
// living and the dead had is live and as they left it, and nothing else is. The blocks of the dead
// are then anybody's.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SharedHeap } from '../../src/index.ts';
import { channel } from '../../src/parts/channel.ts';
import type { Ending, MortalOrders } from '../../workers/mortal.ts';
import { Dice } from '../support/dice.ts';
import { account, layersOf, leftovers, withoutRounds } from './account.ts';
import type { Range } from './client.ts';
import { EMPTY, HELD, Ledger } from './ledger.ts';
import { Receiver } from './relay.ts';
import { answerOf, ask, goOn, newcomer, PAUSED, pauseWords, STARTING } from './pause.ts';

export interface CrowdOptions {
  readonly seed: number;
  /** Ends when so many have been killed, or so much time has passed. */
  readonly kills: number;
  readonly ms: number;
  readonly checked: boolean;
  /** The hold build, beside which lie the workers' programs. */
  readonly programs: string;
}

export interface CrowdReport {
  readonly seed: number;
  readonly kills: number;
  /** Deaths and overflows by how they came about. */
  readonly endings: Readonly<Record<string, number>>;
  readonly accounts: number;
  readonly lostBytes: number;
  readonly failures: readonly string[];
  readonly seconds: number;
}

/** Two workers of the crowd's own, and one that starts two more. */
const PLACES: readonly (readonly number[])[] = [[0], [1], [2, 3]];
const SEATS = 4;
const RECORDS_EACH = 120;
const ACCOUNT_MS = 120;
const MOST_MS = 1500;
const PATIENCE_MS = 20_000;
const ENDINGS: readonly Ending[] = [
  ...(['killed', 'killed', 'killed', 'killed', 'undertaker', 'overflow'] as const),
  ...(['throw', 'exit', 'memory'] as const),
];
const SMALL = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 2 };

interface Member {
  readonly places: readonly number[];
  readonly ending: Ending | 'nested';
  readonly worker: Worker;
  readonly over: Promise<unknown>;
  isOver: boolean;
  diedAsleep: boolean;
}

export class Crowd {
  private readonly options: CrowdOptions;
  private readonly random: Dice;
  private readonly heap: SharedHeap;
  private readonly ledger = Ledger.of(SEATS * RECORDS_EACH);
  private readonly pause = pauseWords(SEATS);
  private readonly failures: string[] = [];
  private readonly endings: Record<string, number> = {};
  private readonly members = new Set<Member>();
  private isOver = (): boolean => false;
  /** Closed while accounts are made: nobody is hired or killed. */
  private gate: Promise<unknown> = Promise.resolve();
  /** Settled when this thread holds no lock: it could not make accounts. */
  private free: Promise<unknown> = Promise.resolve();
  private kills = 0;
  private accounts = 0;
  private lostBytes = 0;

  constructor(options: CrowdOptions) {
    this.options = options;
    this.random = new Dice(options.seed);
    const heap = SharedHeap.create({
      size: '16MiB',
      maxSlots: 3 * SEATS,
      zones: { dmaEnd: '4MiB', highStart: '12MiB' },
      checked: options.checked,
    });
    this.heap = withoutRounds(heap);
  }

  async run(): Promise<CrowdReport> {
    const start = performance.now();
    const { kills, ms, seed } = this.options;
    this.isOver = () =>
      this.kills >= kills || performance.now() - start >= ms || this.failures.length > 0;
    await Promise.all([...PLACES.map((places) => this.lead(places)), this.keepAccounts()]);
    await this.close();
    const { endings, accounts, lostBytes, failures } = this;
    const seconds = (performance.now() - start) / 1000;
    return { seed, kills: this.kills, endings, accounts, lostBytes, failures, seconds };
  }

  /** Hires for some places, has whom it hired killed or sees it end, and hires again. */
  private async lead(places: readonly number[]): Promise<void> {
    while (!this.isOver()) {
      await this.gate;
      const member = this.hire(places);
      this.members.add(member);
      await this.work(member);
      await this.gate;
      if (this.random.below(4) === 0) await this.killWaiting(member);
      else await this.dismiss(member);
      this.members.delete(member);
    }
  }

  /** Until it has come to work, and for some milliseconds; or until it ends, if it is to. */
  private async work(member: Member): Promise<void> {
    const isAtWork = () =>
      member.places.every((place) => answerOf(this.pause, place) !== STARTING) || member.isOver;
    const late = performance.now() + PATIENCE_MS;
    while (!isAtWork() && performance.now() < late) await sleep(1);
    if (!isAtWork()) this.failures.push(`a worker (${member.ending}) did not come to work`);
    const ends = ['throw', 'exit', 'memory'].includes(member.ending);
    if (ends) await Promise.race([member.over, sleep(MOST_MS)]);
    else await sleep(this.random.below(this.random.below(8) === 0 ? 200 : 20));
  }

  /** Kills it while a lock is held that all run into. */
  private async killWaiting(member: Member): Promise<void> {
    const { zones, memory, seat } = layersOf(this.heap);
    const zone = zones.list[this.random.below(3)];
    const has = zone !== undefined && memory.cas(zone.lock.word, 0, seat.token) === 0;
    const freed = sleep(has ? 8 : 4).then(() => (has ? zone.lock.unlock() : undefined));
    this.free = Promise.all([this.free, freed]);
    await sleep(has ? 4 : 0);
    await this.dismiss(member);
    await freed;
  }

  private async dismiss(member: Member): Promise<void> {
    const itself = member.isOver;
    await member.worker.terminate();
    await member.over;
    const killed = member.diedAsleep ? 'killed asleep' : `killed: ${member.ending}`;
    const how = itself && !member.diedAsleep ? member.ending : killed;
    this.endings[how] = (this.endings[how] ?? 0) + 1;
    this.kills += member.places.length + (member.ending === 'nested' ? 1 : 0);
  }

  private hire(places: readonly number[]): Member {
    const nested = places.length > 1;
    const all = places.map((place) => this.ordersFor(place, nested));
    const ending = nested ? 'nested' : (all[0] as MortalOrders).ending;
    for (const place of places) newcomer(this.pause, place);
    const program = new URL(nested ? 'nest.js' : 'mortal.js', this.options.programs);
    const resourceLimits = ending === 'memory' ? SMALL : {};
    const workerData = nested ? all : all[0];
    const worker = new Worker(program, { workerData, execArgv: [], resourceLimits });
    worker.on('message', (text: string) => this.failures.push(`a worker says: ${text}`));
    worker.on('error', (error: Error & { code?: string }) => this.heard(ending, error));
    const over = new Promise((resolve) => worker.once('exit', resolve));
    const member: Member = { places, ending, worker, over, isOver: false, diedAsleep: false };
    void over.then(() => (member.isOver = true));
    return member;
  }

  private ordersFor(place: number, nested: boolean): MortalOrders {
    const range: Range = { first: place * RECORDS_EACH, end: (place + 1) * RECORDS_EACH };
    return {
      handle: this.heap.handle,
      ledger: this.ledger.words,
      pause: this.pause,
      place,
      seed: this.random.below(2 ** 31),
      range,
      owner: place + 1,
      ending: nested ? 'killed' : (ENDINGS[this.random.below(ENDINGS.length)] as Ending),
      steps: this.random.logUniform(10, 2000),
    };
  }

  private heard(ending: string, error: Error & { code?: string }): void {
    const meant =
      (ending === 'throw' && error.message === 'as ordered') ||
      (ending === 'memory' && error.code === 'ERR_WORKER_OUT_OF_MEMORY');
    if (!meant) this.failures.push(`a worker (${ending}) failed: ${String(error.stack)}`);
  }

  private async keepAccounts(): Promise<void> {
    while (!this.isOver()) {
      await sleep(ACCOUNT_MS);
      let open = (): void => undefined;
      this.gate = new Promise((resolve) => (open = () => resolve(undefined)));
      ask(this.pause);
      await this.rest();
      await this.free;
      // One of them may die in its sleep.
      const [asleep] = this.members;
      if (asleep !== undefined && this.random.below(2) === 0) {
        if (!asleep.isOver) asleep.diedAsleep = true;
        await asleep.worker.terminate();
      }
      this.reckon();
      goOn(this.pause);
      open();
    }
  }

  /** Accounts for every block. What the living and the dead had is anybody's from here on. */
  private reckon(): void {
    this.accounts++;
    const complain = (text: string) => void this.failures.push(text);
    new Receiver(this.heap, this.ledger, 0, complain).drain(channel);
    const found = account(this.heap, this.ledger);
    this.failures.push(...found.wrong);
    this.lostBytes += found.lostBytes;
    for (const ptr of found.unknown) this.heap.free(ptr);
    const live = new Set(found.live.map((entry) => entry.record));
    for (const { record, phase, ptr } of this.ledger.entries()) {
      if (phase === HELD) this.ledger.release(record);
      else {
        if (live.has(record)) this.heap.free(ptr);
        this.ledger.mark(record, 0, EMPTY);
      }
    }
  }

  /** Until everybody who lives has paused. Those who wait for locks of the dead must get them. */
  private async rest(): Promise<void> {
    const late = performance.now() + PATIENCE_MS;
    const isAtRest = (member: Member) =>
      member.isOver || member.places.every((place) => answerOf(this.pause, place) === PAUSED);
    while (![...this.members].every(isAtRest)) {
      if (performance.now() > late) {
        const busy = [...this.members].filter((member) => !isAtRest(member));
        this.failures.push(`no rest: ${busy.map((member) => member.ending).join(', ')}`);
        return;
      }
      await sleep(1);
    }
  }

  /** All are gone: everything is freed, and the heap is as it was at first. */
  private async close(): Promise<void> {
    await sleep(20);
    this.reckon();
    const found = account(this.heap, this.ledger);
    this.failures.push(...found.wrong);
    for (const ptr of [...found.unknown, ...found.live.map((entry) => entry.ptr)]) {
      if (!this.heap.free(ptr)) this.failures.push(`the last free of ${ptr} failed`);
    }
    const { wrong, lostBytes } = leftovers(this.heap);
    this.failures.push(...wrong);
    this.lostBytes += found.lostBytes + lostBytes;
    this.heap.detach();
  }
}
