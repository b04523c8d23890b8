// What has to hold after every schedule. All threads ended, all locks are free, the heap's own
// validate finds nothing, every block is in exactly one place, the live blocks are those that the
// threads hold, and when all is given back the heap is as empty as it was at first, with every
// array in its pool and every seat free.
// Somebody died: the same, once a survivor has recovered the dead; only blocks that the dead were
// just taking or giving may be live without a holder. A thread whose stack overflowed between two
// stores of the fast path has given up no seat: what it holds there may be in two places.

import { layoutOf } from '../../src/word/geometry.ts';
import { HEADER, SLOT } from '../../src/word/layout.ts';
import { slotOfToken } from '../../src/word/lock.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { validate } from '../../src/heap/validate.ts';
import { Resize } from '../../src/heap/resize.ts';
import { isLinear } from './book.ts';
import { census, type CensusOptions, type Counted } from './census.ts';
import { balance, remains } from './empty.ts';
import { ASLEEP, DEAD, DONE, READY } from './lives.ts';
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
      if (why !== null && !this.mayWaitOn(t))
        machine.fail('stuck', `thread ${t} does not go on: ${why}`);
    }
  }

  /**
   * Who waits for memory has to go on waiting where a stack overflow has left blocks with a thread
   * that does no more, and where a zone refused it what is there: until its bounded sleep ends.
   */
  private mayWaitOn(t: number): boolean {
    const { scenario, scene, realm } = this.stage;
    const { machine } = realm;
    if (scenario.bare === true || machine.status[t] !== ASLEEP) return false;
    const { slots } = layoutOf(scene.formatted.geometry);
    const inSlots = machine.wordOf(t) - slots;
    const wakes = inSlots >= 0 && inSlots % SLOT.WORDS === SLOT.WAKE;
    return wakes && (machine.overflows > 0 || scene.mayFail());
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
    if (scene.book.pacts.length > 0) return; // what transactions do is not in the history
    if (history.length > 0 && history.length <= HISTORY_MAX && !isLinear(history, heldFirst)) {
      throw new Error('no order of the operations explains what they returned');
    }
  }

  private judgeHeap(deaths: number): void {
    const { scene, auditor, scenario } = this.stage;
    const { machine } = this.stage.realm;
    machine.drive(() => scenario.settles?.(scene));
    const held = [...scene.book.held].map(String).sort().join(' ');
    const fate = [...machine.status].join('') + [...machine.killed].join('');
    const key = `${this.stage.hash()} ${fate} ${held}`;
    // Users' bytes are not in the hash.
    const sure = scenario.after === undefined && scenario.heap.debug === undefined;
    if (sure && this.sound.has(key)) return;
    const { freesTwice = false } = scenario;
    const thrown = machine.overflows;
    const limbo = thrown > 0 ? Infinity : scenario.strict === true ? 0 : deaths;
    const waits = (status: number) => status === READY || status === ASLEEP;
    const stayed = thrown > 0 || machine.status.some(waits);
    const options = { thrown, limbo, freesTwice, stayed };
    const counted = census(auditor, scene.book, options);
    if (counted.wrong.length > 0) throw new Error(counted.wrong.join('; '));
    this.locksAreFree();
    this.linesAreLeft();
    this.judgeSizes();
    if (deaths + thrown === 0 && !freesTwice) this.judgeCounts(counted);
    const findings = validate(auditor).map((it) => `${it.where} ${it.ptr}: ${it.message}`);
    if (findings.length > 0) throw new Error(`validate: ${findings.join('; ')}`);
    this.drain(options, deaths);
    if (this.sound.size < 200_000) this.sound.add(key);
  }

  /** Each block that is held has the bytes that were asked for, and no two share any. */
  private judgeSizes(): void {
    const { scene, auditor, scenario } = this.stage;
    const { sizes, history } = scene.book;
    const resized = new Set(history.filter((it) => it.to === Infinity).map((it) => it.ptr));
    if (scenario.freesTwice === true) return; // who holds what is not theirs to say
    const resize = new Resize(auditor);
    let end = 0;
    for (const ptr of [...scene.book.held.keys()].sort((a, b) => a - b)) {
      const asked = resized.has(ptr) ? 0 : (sizes.get(ptr) ?? 0); // by one who died in it
      const bytes = resize.bytesOf(ptr / 16);
      if (ptr % 16 !== 0 || bytes < asked) throw new Error(`${ptr} has ${bytes} of ${asked} bytes`);
      if (ptr < end) throw new Error(`${ptr} lies in the block before it, which ends at ${end}`);
      end = ptr + Math.max(bytes, asked);
    }
  }

  /** Nobody died: the figures are exact. */
  private judgeCounts({ live, out }: Counted): void {
    const { auditor } = this.stage;
    const told = auditor.memory.get(HEADER.OUT);
    if (told !== out) throw new Error(`OUT is ${told}; blocks have ${out} granules`);
    const peak = auditor.memory.get(HEADER.OUT_PEAK);
    if (peak < out) throw new Error(`OUT_PEAK is ${peak}, below ${out}`);
    const made = balance(auditor);
    if (made !== live.length)
      throw new Error(`${made} more allocs than frees, ${live.length} live`);
  }

  /** Nobody is gone: whoever has given up a seat has said so, and it is recovered or to be. */
  judgeTold(): void {
    const { machine } = this.stage.realm;
    if (this.stage.scenario.bare === true || machine.killed.includes(1)) return;
    const { memory, layout, table } = this.stage.auditor;
    for (let slot = 0; slot < table.seats; slot++) {
      const given = (memory.get(layout.slots + slot * SLOT.WORDS + SLOT.SEAT) & 3) >= 2;
      if (!given || memory.get(HEADER.DEATHS) !== 0) continue;
      machine.fail('oracle', `nobody has been told that slot ${slot} was given up`);
    }
  }

  /**
   * Whoever has no seat any more does not wait for memory; it is a stall while anybody does, save
   * where a stack overflow has left a seat that nobody has recovered.
   */
  private linesAreLeft(): void {
    const { memory, layout, table } = this.stage.auditor;
    let anybody = 0;
    for (let slot = 0; slot < table.seats; slot++) {
      const record = layout.slots + slot * SLOT.WORDS;
      if (memory.get(record + SLOT.TICKET) === 0) continue;
      if (memory.get(record + SLOT.WHO) === 0) {
        throw new Error(`slot ${slot} is free and waits for memory`);
      }
      anybody = 1;
    }
    const stalls = memory.get(HEADER.STALL) & 1;
    if (this.stage.realm.machine.overflows > 0 || stalls === anybody) return;
    throw new Error(anybody === 1 ? 'somebody waits in no stall' : 'it is a stall of nobody’s');
  }

  private locksAreFree(): void {
    const { auditor } = this.stage;
    const { SLOT_LOCK, ROOT_LOCK, POOL_LOCK, SIMPLE_LOCK, RECOVERY_LOCK, FAULT_LOCK } = HEADER;
    const words: number[] = [SLOT_LOCK, ROOT_LOCK, POOL_LOCK, SIMPLE_LOCK, RECOVERY_LOCK];
    words.push(HEADER.BUDGET_LOCK, HEADER.REFERENCES_LOCK, FAULT_LOCK);
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
    const { scene, realm, auditor, emptyShape } = this.stage;
    const { machine } = realm;
    scene.heaps.forEach((heap, t) => {
      if (machine.killed[t] === 0) machine.drive(() => heap.detach());
    });
    // Whoever detaches rolls back what it has open.
    machine.drive(() => this.stage.scenario.after?.(scene));
    const { live } = census(auditor, scene.book, options);
    machine.sitting = LAST_OF_ALL;
    const last = machine.drive(() => this.stage.enter()) as SharedHeap;
    for (const ptr of live) {
      if (machine.drive(() => last.free(ptr)) !== true) throw new Error(`${ptr} cannot be freed`);
    }
    machine.drive(() => last.reclaim());
    machine.drive(() => last.detach());
    if (this.someoneStayed()) return; // with what it has in its magazines
    const exact = deaths + machine.overflows === 0;
    const left = remains(auditor, emptyShape, exact);
    if (left.length > 0) throw new Error(left.slice(0, 4).join('; '));
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
