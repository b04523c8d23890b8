// The lock's word, state by state, as one thread plays holder and waiters. What the others do while
// a waiter spins or sleeps is scripted into the memory's `pause` and `wait`.

import { describe, expect, test } from 'vitest';
import { LOCK, SLOT } from '../../src/word/layout.ts';
import { Locks, slotOfToken, tokenOf, type Deaths, type Lock } from '../../src/word/lock.ts';
import { Memory } from '../../src/word/memory.ts';

const WORD = 8;
const WAITERS = 1;
const EXTENT = { endWords: 16, countersByte: 64, bytesByte: 64, endByte: 64 };

/** Memory in which others act whenever the one thread waits. */
class Scripted extends Memory {
  readonly waits: [expected: number, timeoutMs: number][] = [];
  readonly wakes: number[] = [];
  onPause: () => void = () => undefined;
  /** What others do meanwhile; true when the time was up. */
  onWait: () => boolean | void = () => undefined;

  constructor() {
    super(new SharedArrayBuffer(64), 0, EXTENT);
  }

  override pause(): void {
    this.onPause();
  }

  override wait(_: number, expected: number, timeoutMs: number): boolean {
    this.waits.push([expected, timeoutMs]);
    return this.onWait() ?? false;
  }

  override wake(_: number, count: number): number {
    this.wakes.push(count);
    return 0;
  }
}

const [ann, bob, eve] = [tokenOf(0, 1), tokenOf(1, 1), tokenOf(2, 7)];

/** The lock as the holder of a token takes it. */
function lockOf(memory: Memory, token: number): Lock {
  return new Locks(memory, token).at(WORD);
}

function contended(memory: Memory): number[] {
  return [memory.get(WORD + LOCK.CONTENDED), memory.get(WORD + LOCK.WAITS)];
}

describe('a free lock', () => {
  test('is taken at once, names its holder, and is free again when given back', () => {
    const memory = new Scripted();
    const lock = lockOf(memory, ann);
    lock.lock();
    expect(memory.load(WORD)).toBe(ann);
    lock.unlock();
    expect(memory.load(WORD)).toBe(0);
    expect([memory.waits, memory.wakes, contended(memory)]).toEqual([[], [], [0, 0]]);
  });
});

describe('a lock that is held', () => {
  test('is taken without a sleep when it comes free while a waiter spins, and counted', () => {
    const memory = new Scripted();
    const holder = lockOf(memory, ann);
    holder.lock();
    memory.onPause = () => holder.unlock();
    lockOf(memory, bob).lock();
    expect(memory.load(WORD)).toBe(bob);
    expect(memory.waits).toEqual([]);
    expect(contended(memory)).toEqual([1, 0]);
  });

  test('gets the waiters bit before its waiter sleeps, for a bounded time', () => {
    const memory = new Scripted();
    const holder = lockOf(memory, ann);
    holder.lock();
    memory.onWait = () => {
      expect(memory.load(WORD)).toBe(ann | WAITERS);
      if (memory.waits.length === 3) holder.unlock();
    };
    lockOf(memory, bob).lock();
    expect(memory.waits.map(([expected]) => expected)).toEqual(new Array(3).fill(ann | WAITERS));
    expect(memory.waits.every(([, ms]) => ms > 0 && ms <= 1000)).toBe(true);
    expect(contended(memory)).toEqual([1, 1]);
  });

  test('wakes exactly one when it is given back with the waiters bit, and nobody without', () => {
    const memory = new Scripted();
    const lock = lockOf(memory, ann);
    lock.lock();
    memory.store(WORD, ann | WAITERS);
    lock.unlock();
    expect(memory.wakes).toEqual([1]);
    lock.lock();
    lock.unlock();
    expect(memory.wakes).toEqual([1]);
  });

  test('keeps the waiters bit when one who slept takes it: the third still sleeps', () => {
    const memory = new Scripted();
    const holder = lockOf(memory, ann);
    holder.lock();
    memory.onWait = () => holder.unlock();
    const second = lockOf(memory, bob);
    second.lock();
    expect(memory.load(WORD)).toBe(bob | WAITERS);
    second.unlock();
    expect(memory.wakes, 'by the first holder and by the second').toEqual([1, 1]);
  });

  test('is waited for again when another was faster, and that one gets the waiters bit', () => {
    const memory = new Scripted();
    const holder = lockOf(memory, ann);
    holder.lock();
    memory.onWait = () => {
      if (memory.waits.length === 1) {
        holder.unlock();
        memory.cas(WORD, 0, eve);
      } else lockOf(memory, eve).unlock();
    };
    lockOf(memory, bob).lock();
    expect(memory.waits.map(([expected]) => expected)).toEqual([ann | WAITERS, eve | WAITERS]);
    expect(memory.load(WORD)).toBe(bob | WAITERS);
  });
});

describe('a lock that its own thread holds already', () => {
  test('is refused at once: the thread has crashed inside and would wait for ever', () => {
    const memory = new Scripted();
    const lock = lockOf(memory, ann);
    lock.lock();
    expect(() => lock.lock()).toThrow(expect.objectContaining({ code: 'CRASHED' }));
    memory.store(WORD, ann | WAITERS);
    expect(() => lock.lock()).toThrow(expect.objectContaining({ code: 'CRASHED' }));
    expect([memory.load(WORD), memory.waits]).toEqual([ann | WAITERS, []]);
  });
});

/** A lock over something that is repaired, and what happened to that. */
function guardedLock(memory: Memory, token: number, deaths: Partial<Deaths> = {}) {
  const repairs: number[] = [];
  const asked: number[] = [];
  const isDead = (of: number) => {
    asked.push(of);
    return deaths.isDead?.(of) ?? false;
  };
  const repairLocked = () => void repairs.push(memory.load(WORD));
  return { lock: new Locks(memory, token, { isDead }).at(WORD, { repairLocked }), repairs, asked };
}

describe('a lock whose holder is dead', () => {
  /** Held by Ann, who is dead; nobody wakes those who wait. */
  function deserted(word = ann): Scripted {
    const memory = new Scripted();
    memory.store(WORD, word);
    memory.onWait = () => true;
    return memory;
  }
  const annIsDead = { isDead: (token: number) => token === ann };

  test.each([ann, ann | WAITERS])(
    'goes over to one who waits, repaired once, with the waiters bit: word %d',
    (word) => {
      const memory = deserted(word);
      const { lock, repairs } = guardedLock(memory, bob, annIsDead);
      lock.lock();
      expect(memory.load(WORD)).toBe(bob | WAITERS);
      expect(repairs, 'under the new holder’s name').toEqual([bob | WAITERS]);
      lock.unlock();
      expect([memory.load(WORD), memory.wakes]).toEqual([0, [1]]);
      lock.lock();
      expect(repairs, 'and not again').toHaveLength(1);
    },
  );

  test('is asked about when a wait was in vain, not before, and without the waiters bit', () => {
    const memory = deserted();
    memory.onWait = () => memory.waits.length === 3;
    const { lock, asked } = guardedLock(memory, bob, annIsDead);
    lock.lock();
    expect([memory.waits.length, asked]).toEqual([3, [ann]]);
  });

  test('goes over to exactly one of two who see the death; the other waits for that one', () => {
    const memory = deserted();
    const first = guardedLock(memory, eve, annIsDead);
    const isDead = (token: number) => {
      if (token === ann) first.lock.lock(); // Eve was faster
      return token === ann;
    };
    const second = guardedLock(memory, bob, { isDead });
    memory.onWait = () => {
      if (memory.load(WORD) === (eve | WAITERS)) first.lock.unlock();
      return true;
    };
    second.lock.lock();
    expect(memory.load(WORD)).toBe(bob | WAITERS);
    expect([first.repairs.length, second.repairs.length]).toEqual([1, 0]);
  });

  test('is not let go when the repair is cut: the next one begins the repair anew', () => {
    const memory = deserted();
    const repairLocked = () => {
      throw new Error('cut');
    };
    const cut = new Locks(memory, bob, annIsDead).at(WORD, { repairLocked });
    expect(() => cut.lock()).toThrow('cut');
    expect(memory.load(WORD), 'still guarded').toBe(bob | WAITERS);
    const { lock, repairs } = guardedLock(memory, eve, { isDead: (token) => token === bob });
    lock.lock();
    expect([memory.load(WORD), repairs]).toEqual([eve | WAITERS, [eve | WAITERS]]);
  });

  test.each([ann, ann | WAITERS])('is seized, repaired and set free: word %d', (word) => {
    const memory = deserted(word);
    const { lock, repairs, asked } = guardedLock(memory, bob);
    expect(lock.seize(ann)).toBe(true);
    expect(repairs).toEqual([bob | WAITERS]);
    expect([memory.load(WORD), memory.wakes], 'and its waiters told').toEqual([0, [1]]);
    expect([memory.waits, asked], 'the caller knows').toEqual([[], []]);
  });

  test.each([0, WAITERS, bob, eve | WAITERS, tokenOf(0, 2)])(
    'is left alone by who wants to seize it from another holder: word %d',
    (word) => {
      const memory = deserted(word);
      const { lock, repairs } = guardedLock(memory, tokenOf(5, 1));
      expect(lock.seize(ann)).toBe(false);
      expect([memory.load(WORD), repairs, memory.wakes]).toEqual([word, [], []]);
    },
  );
});

test('a lock is not taken from a holder who lives, however long it takes', () => {
  const memory = new Scripted();
  const holder = lockOf(memory, ann);
  holder.lock();
  memory.onWait = () => {
    expect(memory.load(WORD)).toBe(ann | WAITERS);
    if (memory.waits.length === 40) holder.unlock();
    return true;
  };
  const { lock, repairs, asked } = guardedLock(memory, bob);
  lock.lock();
  expect(memory.load(WORD)).toBe(bob | WAITERS);
  expect([repairs, new Set(asked)]).toEqual([[], new Set([ann])]);
});

describe('a token', () => {
  const slots = Array.from({ length: SLOT.MAX }, (_, slot) => slot);
  const incarnations = [0, 1, 2, 1000, 2 ** 21, 2 ** 22 - 1];

  test('tells its slot, with and without the waiters bit, for every slot and incarnation', () => {
    for (const incarnation of incarnations) {
      const tokens = slots.map((slot) => tokenOf(slot, incarnation));
      expect(tokens.map(slotOfToken)).toEqual(slots);
      expect(tokens.map((token) => slotOfToken(token | WAITERS))).toEqual(slots);
      expect(tokens.filter((token) => token === 0 || (token & WAITERS) !== 0)).toEqual([]);
      expect(tokens.filter((token) => token !== (token | 0))).toEqual([]);
    }
  });

  test('is another one for another slot or incarnation', () => {
    const all = incarnations.flatMap((of) => slots.map((slot) => tokenOf(slot, of)));
    expect(new Set(all).size).toBe(all.length);
  });

  test('of a free lock names no slot', () => {
    expect([slotOfToken(0), slotOfToken(WAITERS)]).toEqual([-1, -1]);
  });
});
