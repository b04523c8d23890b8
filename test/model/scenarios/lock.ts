// The lock, by itself: two or three threads that each take it, add to a plain word and give it
// back. The detector sees that the word is never touched by two at once; the sum, that no turn is
// lost.

import { HeapError } from '../../../src/word/errors.ts';
import { HEADER, LOCK } from '../../../src/word/layout.ts';
import { Locks, slotOfToken, tokenOf, type Deaths, type Lock } from '../../../src/word/lock.ts';
import { isGone, thisThread } from '../../../src/slot/thread.ts';
import type { Scenario, Scene } from '../scenario.ts';

const WORD = HEADER.ROOT_LOCK + LOCK.WORD;
const SUM = HEADER.SIMPLE_BLOCKS;
const heap = { zones: [0, 2, 0], classes: [], magazines: 1, maxSlots: 1 } as const;

/** Asks for the threads as the slot table would; thread t has token t. */
class Asks implements Deaths {
  private readonly first = thisThread();

  isDead(token: number): boolean {
    const { who, start } = this.first;
    return isGone(who + slotOfToken(token), start + slotOfToken(token));
  }
}

function views(scene: Scene, threads: number): void {
  const deaths = new Asks();
  for (let t = 0; t < threads; t++) {
    scene.locks.push(new Locks(scene.memory, tokenOf(t, 1), deaths).at(WORD));
  }
}

function turn({ locks, memory }: Scene, me: number): void {
  const lock = locks[me] as Lock;
  lock.lock();
  memory.set(SUM, memory.get(SUM) + 1);
  lock.unlock();
}

function turns(scene: Scene, me: number, count: number): void {
  for (let i = 0; i < count; i++) turn(scene, me);
}

function lockScenario(name: string, threads: number, each: number): Scenario {
  return {
    name,
    heap,
    seats: 0,
    bare: true,
    before: (scene) => views(scene, threads),
    threads: Array.from({ length: threads }, (_, t) => (scene: Scene) => turns(scene, t, each)),
    check: ({ memory }) => {
      const [sum, word] = [memory.get(SUM), memory.get(WORD)];
      if (sum !== threads * each) throw new Error(`${sum} turns of ${threads * each}`);
      if (word !== 0) throw new Error(`the lock is left as ${word}`);
    },
  };
}

/** Asks for a lock that it holds, as one that has crashed inside would, and is told so. */
function askTwice({ locks, memory }: Scene, me: number): void {
  const lock = locks[me] as Lock;
  lock.lock();
  let told = '';
  try {
    lock.lock();
  } catch (error) {
    if (!(error instanceof HeapError)) throw error;
    told = error.code;
  }
  if (told !== 'CRASHED') throw new Error('a thread got a lock that it holds');
  memory.set(SUM, memory.get(SUM) + 1);
  lock.unlock();
}

export const scenarios: readonly Scenario[] = [
  lockScenario('lock, two threads', 2, 1),
  lockScenario('lock, two threads, two turns each', 2, 2),
  lockScenario('lock, three threads', 3, 1),
  lockScenario('lock, three threads, two turns each', 3, 2),
  {
    ...lockScenario('lock, asked for again by its holder', 2, 1),
    threads: [(scene) => askTwice(scene, 0), (scene) => turn(scene, 1)],
  },
];
