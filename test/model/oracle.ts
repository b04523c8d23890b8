// What has to hold after every schedule. Nobody died: all threads ended, all locks are free, the
// heap's own validate finds nothing, every block is in exactly one place, the live blocks are those
// that the threads hold, and when all is given back the heap is as empty as it was at first.
// Somebody died: whoever is stuck waits for a lock of the dead, every block is in some place, and
// what the survivors hold is untouched.

import { HEADER } from '../../src/word/layout.ts';
import { slotOfToken } from '../../src/word/lock.ts';
import { Allocation } from '../../src/heap/allocate.ts';
import { validate } from '../../src/heap/validate.ts';
import { shapeOf } from '../support/tiny.ts';
import { isLinear } from './book.ts';
import { census } from './census.ts';
import { ASLEEP, DEAD, DONE } from './machine.ts';
import type { Stage } from './stage.ts';

const HISTORY_MAX = 10;

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
    const { machine } = this.stage.realm;
    for (let t = 0; t < machine.threads; t++) {
      if (machine.status[t] === DONE || machine.status[t] === DEAD) continue;
      const why = deaths === 0 ? 'nobody wakes it' : this.notWaitingForTheDead(t);
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
    const held = [...scene.book.held].map(String).sort().join(' ');
    const key = `${this.stage.hash()} ${deaths} ${held}`;
    if (this.sound.has(key)) return;
    const { freesTwice = false } = scenario;
    const wrong = census(auditor, scene.book, { deaths, freesTwice });
    if (wrong.length > 0) throw new Error(wrong.join('; '));
    if (deaths === 0) {
      this.locksAreFree();
      const findings = validate(auditor).map((it) => `${it.where} ${it.ptr}: ${it.message}`);
      if (findings.length > 0) throw new Error(`validate: ${findings.join('; ')}`);
      this.drain();
    }
    if (this.sound.size < 200_000) this.sound.add(key);
  }

  private locksAreFree(): void {
    const { auditor } = this.stage;
    const { SLOT_LOCK, ROOT_LOCK, POOL_LOCK, SIMPLE_LOCK } = HEADER;
    const words: number[] = [SLOT_LOCK, ROOT_LOCK, POOL_LOCK, SIMPLE_LOCK];
    for (const depot of auditor.depots) if (depot !== undefined) words.push(depot.record);
    for (const zone of auditor.zones.list) words.push(zone.record);
    for (const word of words) {
      if (auditor.memory.get(word) !== 0) {
        throw new Error(`${this.stage.namer.of(word)} is still taken`);
      }
    }
  }

  /** Everything goes home: then the heap is what it was when it was made. */
  private drain(): void {
    const { scene, realm, auditor, emptyShape } = this.stage;
    for (const [ptr, thread] of scene.book.held) {
      const heap = [scene.heaps[thread], ...scene.heaps].find((it) => it?.['detached'] === false);
      if (heap === undefined) continue;
      if (realm.machine.drive(() => heap.free(ptr)) !== true)
        throw new Error(`${ptr} cannot be freed`);
    }
    for (const heap of scene.heaps) {
      if (!heap['detached']) realm.machine.drive(() => heap.reclaim());
      realm.machine.drive(() => heap.detach());
    }
    new Allocation(auditor).reclaim();
    const { memory } = auditor;
    const left = shapeOf(auditor).some((run, i) => run !== emptyShape[i]);
    if (left) throw new Error('the pages have not merged back to what they were');
    const counted = [HEADER.USED, HEADER.OUT].filter((word) => memory.get(word) !== 0);
    if (counted.length > 0) throw new Error(`${counted.join(', ')}: not zero in an empty heap`);
  }
}
