// What has to hold after every schedule. All threads ended, all locks are free, the heap's own
// validate finds nothing, every block is in exactly one place, the live blocks are those that the
// threads hold, and when all is given back the heap is as empty as it was at first, with every
// array in its pool and every seat free.
// Somebody died: the same, once a survivor has recovered the dead; only blocks that the dead were
// just taking or giving may be live without a holder. A thread whose stack overflowed between two
// stores of the fast path has given up no seat: what it holds there may be in two places.

import { HEADER, MAGAZINE, SLOT } from '../../src/word/layout.ts';
import { slotOfToken } from '../../src/word/lock.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { validate } from '../../src/heap/validate.ts';
import { shapeOf } from '../support/tiny.ts';
import { isLinear } from './book.ts';
import { census, type CensusOptions } from './census.ts';
import { ASLEEP, DEAD, DONE, READY } from './machine.ts';
import type { Stage } from './stage.ts';

const HISTORY_MAX = 10;
/** Who sits down when all is over: a thread that there is not. */
const LAST_OF_ALL = 40;

export class Oracle {
  private readonly stage: Stage;
  /** Hashes of final memories that were found sound, with the book that went with them. */
  private readonly sound = new Set<string>();

  constructor(stage: Stage) {
    this.stage = stage;
  }

  /** Tells the machine of what is wrong; nothing when all is well. */
  judge(): void {
    const { machine } = this.stage.realm;
    if (machine.failure !== null) return;
    const deaths = this.deaths();
    this.judgeStuck(deaths);
    if (machine.failure !== null) return;
    try {
      if (deaths === 0) this.judgeResults();
      if (this.stage.scenario.bare !== true) this.judgeHeap(deaths);
    } catch (error) {
      machine.fail('oracle', error instanceof Error ? error.message : String(error));
    }
  }

  private deaths(): number {
    const { status, threads } = this.stage.realm.machine;
    let deaths = 0;
    for (let t = 0; t < threads; t++) if (status[t] === DEAD) deaths++;
    return deaths;
  }

  private judgeStuck(deaths: number): void {
    const { scenario, realm } = this.stage;
    const { machine } = realm;
    for (let t = 0; t < machine.threads; t++) {
      if (machine.status[t] === DONE || machine.status[t] === DEAD) continue;
      const lenient = scenario.bare === true || machine.status[t] !== ASLEEP;
      const why = deaths === 0 || !lenient ? 'nobody wakes it' : this.notWaitingForTheDead(t);
      if (why !== null) machine.fail('stuck', `thread ${t} does not go on: ${why}`);
    }
  }

  /** Follows the holders from a stuck thread to a dead one; null when it comes to one. */
  private notWaitingForTheDead(from: number): string | null {
    const { machine } = this.stage.realm;
    let t = from;
    for (let hops = 0; hops < machine.threads; hops++) {
      if (machine.status[t] !== ASLEEP) return null; // for a message that the dead did not send
      const word = machine.memory.words[machine.wordOf(t)] as number;
      const holder = this.stage.scene.book.threadAt(slotOfToken(word));
      if (holder < 0) return `it sleeps at a free lock (${word})`;
      if (machine.status[holder] === DEAD) return null;
      if (machine.status[holder] === DONE) return `thread ${holder} ended with the lock`;
      t = holder;
    }
    return 'the threads wait for each other';
  }

  private judgeResults(): void {
    const { scenario, scene, realm } = this.stage;
    realm.machine.drive(() => scenario.check?.(scene, realm.machine.results));
    const { history, heldFirst } = scene.book;
    if (scenario.freesTwice === true) return; // a plain heap may say yes to both
    if (history.length > 0 && history.length <= HISTORY_MAX && !isLinear(history, heldFirst)) {
      throw new Error('no order of the operations explains what they returned');
    }
  }

  private judgeHeap(deaths: number): void {
    const { scene, auditor, scenario } = this.stage;
    const { machine } = this.stage.realm;
    const held = [...scene.book.held].map(String).sort().join(' ');
    const fate = [...machine.status].join('') + [...machine.killed].join('');
    const key = `${this.stage.hash()} ${fate} ${held}`;
    if (this.sound.has(key)) return;
    const { freesTwice = false } = scenario;
    const thrown = deaths - machine.killed.reduce((sum, it) => sum + it, 0);
    const limbo = thrown > 0 ? Infinity : scenario.strict === true ? 0 : deaths;
    const waits = (status: number) => status === READY || status === ASLEEP;
    const stayed = thrown > 0 || machine.status.some(waits);
    const options = { thrown, limbo, freesTwice, stayed };
    const { wrong } = census(auditor, scene.book, options);
    if (wrong.length > 0) throw new Error(wrong.join('; '));
    this.locksAreFree();
    const findings = validate(auditor).map((it) => `${it.where} ${it.ptr}: ${it.message}`);
    if (findings.length > 0) throw new Error(`validate: ${findings.join('; ')}`);
    this.drain(options, deaths);
    if (this.sound.size < 200_000) this.sound.add(key);
  }

  private locksAreFree(): void {
    const { auditor } = this.stage;
    const { SLOT_LOCK, ROOT_LOCK, POOL_LOCK, SIMPLE_LOCK, RECOVERY_LOCK } = HEADER;
    const words: number[] = [SLOT_LOCK, ROOT_LOCK, POOL_LOCK, SIMPLE_LOCK, RECOVERY_LOCK];
    for (const depot of auditor.depots) if (depot !== undefined) words.push(depot.record);
    for (const zone of auditor.zones.list) words.push(zone.record);
    for (const word of words) {
      if (auditor.memory.get(word) !== 0) {
        throw new Error(`${this.stage.namer.of(word)} is still taken`);
      }
    }
  }

  /** Everything goes home: then the heap is what it was when it was made. */
  private drain(options: CensusOptions, deaths: number): void {
    const { scene, realm, auditor, emptyShape, formatted } = this.stage;
    const { machine } = realm;
    scene.heaps.forEach((heap, t) => {
      if (machine.killed[t] === 0) machine.drive(() => heap.detach());
    });
    // Whoever detaches rolls back what it has open.
    this.stage.scenario.after?.(scene);
    const { live } = census(auditor, scene.book, options);
    machine.sitting = LAST_OF_ALL;
    const last = machine.drive(() => this.stage.enter()) as SharedHeap;
    for (const ptr of live) {
      if (machine.drive(() => last.free(ptr)) !== true) throw new Error(`${ptr} cannot be freed`);
    }
    machine.drive(() => last.reclaim());
    machine.drive(() => last.detach());
    const { memory } = auditor;
    if (this.someoneStayed()) return; // with what it has in its magazines
    const left = shapeOf(auditor).some((run, i) => run !== emptyShape[i]);
    if (left) throw new Error('the pages have not merged back to what they were');
    if (deaths === 0 && memory.get(HEADER.OUT) !== 0) throw new Error('OUT of an empty heap');
    this.poolIsWhole(formatted.geometry.magazines);
  }

  private poolIsWhole(arrays: number): void {
    const { memory, layout } = this.stage.auditor;
    let free = arrays - memory.get(HEADER.POOL_NEXT);
    for (let at = memory.get(HEADER.POOL_FREE); at !== 0 && free <= arrays; free++) {
      at = memory.get(at + MAGAZINE.NEXT);
    }
    const held = Array.from({ length: arrays }, (_, i) => layout.magazines + i * MAGAZINE.WORDS);
    const lost = held.filter((at) => memory.get(at + MAGAZINE.HOLDER) !== 0).length;
    if (free !== arrays || lost > 0) {
      throw new Error(`${arrays - free} arrays are not in the pool, ${lost} have a holder`);
    }
  }

  /** Whether a seat is still taken: by a thread that an overflow ended, or that is a failure. */
  private someoneStayed(): boolean {
    const { auditor, realm } = this.stage;
    const { memory, layout, table, seat } = auditor;
    let stayed = false;
    for (let slot = 0; slot < table.seats; slot++) {
      const who = memory.get(layout.slots + slot * SLOT.WORDS + SLOT.WHO);
      if (who === 0 || slot === seat.slot) continue;
      if (!realm.machine.threw.has(who)) throw new Error(`slot ${slot} is still taken`);
      stayed = true;
    }
    return stayed;
  }
}
