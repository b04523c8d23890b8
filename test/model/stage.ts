// The stage on which a scenario is played again and again: its heap, its seats, an image of the
// memory to go back to, and an auditor, which is the real, unloaded source on the same buffer.

import { SLOT } from '../../src/word/layout.ts';
import { Memory } from '../../src/word/memory.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { Formatted } from '../../src/heap/open.ts';
import { FEW } from '../support/classes.ts';
import { shapeOf, sit, tinyHeap, type Tiny } from '../support/tiny.ts';
import { Book } from './book.ts';
import type { Realm } from './loader.ts';
import { DONE } from './lives.ts';
import { ModelMemory } from './memory.ts';
import { Namer } from './names.ts';
import type { Scenario, Scene, Wire } from './scenario.ts';

/** Threads that recover the dead when all others have ended: two of them may die too. */
export const UNDERTAKERS = 3;

export class Stage {
  readonly scenario: Scenario;
  readonly realm: Realm;
  readonly scene: Scene;
  readonly formatted: Formatted;
  /** One more attachment. */
  readonly enter: () => SharedHeap;
  readonly auditor: Attachment;
  readonly namer: Namer;
  /** RUN words of the heap before anybody used it. */
  readonly emptyShape: readonly number[];
  private readonly memory: ModelMemory;
  private readonly image: Int32Array;
  /** Users' bytes, where a debug heap has laid red zones and poison; else none. */
  private readonly users: Uint8Array;
  private readonly bodies: (() => unknown)[];
  /** What threads know beside the memory, and how it was. */
  private readonly kept: object[];
  private readonly saved: object[];
  private readonly undertaker: (scene: Scene) => unknown;
  /** Overflows there had been when the last one was called. */
  private overflows = 0;

  constructor(realm: Realm, scenario: Scenario) {
    this.realm = realm;
    this.scenario = scenario;
    const type = ModelMemory as unknown as typeof Memory;
    const options = {
      zones: [0, 12, 0] as const,
      classes: FEW,
      magazines: 8,
      maxSlots: 6,
      ...scenario.heap,
    };
    const tiny = tinyHeap({ ...options, memory: type });
    this.memory = tiny.memory as unknown as ModelMemory;
    realm.machine.use(this.memory);
    realm.machine.killed.fill(0); // of the scenario before
    realm.machine.elsewhere = scenario.elsewhere ?? false;
    this.scene = sceneOf(realm, scenario, tiny);
    const { handle, geometry, layout } = tiny;
    const { formatted } = this.scene;
    this.formatted = formatted;
    const module = realm.module('src/heap/heap.ts') as { SharedHeap: typeof SharedHeap };
    this.enter = () => module.SharedHeap['enter'](formatted);
    const real = new Memory(handle.buffer, layout.metadataByte, layout);
    this.auditor = sit({ memory: real, geometry, layout });
    // This process numbers its threads as the scenario does: the auditor is none of those.
    real.store(layout.slots + this.auditor.seat.slot * SLOT.WORDS + SLOT.THREAD, 0);
    this.emptyShape = shapeOf(this.auditor);
    this.namer = new Namer(geometry, layout, realm.machine.regions);
    realm.machine.drive(() => scenario.before?.(this.scene));
    this.image = this.memory.image();
    const bytes = options.debug === undefined ? 0 : layout.metadataByte;
    this.users = new Uint8Array(handle.buffer, 0, bytes).slice();
    this.bodies = scenario.threads.map((body) => () => body(this.scene));
    // Of each object its fields: it changes no array or map in place that lasts beyond a call.
    this.kept = this.scene.heaps.flatMap((heap) => {
      const { exchange, tx } = heap['session'];
      return [heap, exchange, tx.solo];
    });
    this.saved = this.kept.map((it) => ({ ...it }));
    const acts = realm.module('test/model/scenarios/acts.ts');
    this.undertaker = acts['undertaker'] as (scene: Scene) => unknown;
  }

  /** Everything as it was, and the threads in front of their first access. */
  begin(): void {
    this.memory.restore(this.image);
    new Uint8Array(this.memory.buffer).set(this.users);
    this.scene.book.begin();
    this.kept.forEach((it, i) => Object.assign(it, this.saved[i]));
    this.realm.requests = 0;
    this.overflows = 0;
    this.scenario.each?.(this.scene);
    this.realm.machine.begin(this.bodies, UNDERTAKERS);
  }

  /** One more thread, which recovers the dead; false when there have been enough of them. */
  callUndertaker(): boolean {
    const { machine } = this.realm;
    const called = machine.threads - this.bodies.length;
    if (this.scenario.bare === true || called >= UNDERTAKERS) return false;
    const done = called > 0 && machine.status[machine.threads - 1] === DONE;
    const unseen = machine.elsewhere !== false && machine.anyUnseen();
    if (done && !unseen && machine.overflows === this.overflows) return false;
    this.overflows = machine.overflows;
    machine.add(() => this.undertaker(this.scene));
    return true;
  }

  /** A hash of all metadata as it is now. */
  hash(): number {
    return this.memory.hash();
  }
}

function sceneOf(realm: Realm, scenario: Scenario, tiny: Tiny): Scene {
  const { memory, geometry, handle } = tiny;
  const formatted: Formatted = { memory, geometry, handle };
  const module = realm.module('src/heap/heap.ts') as { SharedHeap: typeof SharedHeap };
  const enter = (_: unknown, thread: number) => {
    realm.machine.sitting = thread;
    return realm.machine.drive(() => module.SharedHeap['enter'](formatted)) as SharedHeap;
  };
  const heaps = Array.from({ length: scenario.seats }, enter);
  return {
    memory,
    formatted,
    heaps,
    on: heaps.map((heap) => heap['attachment']),
    book: new Book(),
    wire: {} as Wire, // its calls have become steps of the machine
    blocks: [],
    refs: [],
    locks: [],
    mayFail: () => realm.failAt > 0,
    gone: () => realm.machine.seeEnds(),
  };
}
