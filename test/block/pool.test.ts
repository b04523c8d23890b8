// The pool of arrays: each is in one place at every moment, and says whose it is.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HEADER, MAGAZINE } from '../../src/word/layout.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { assertProperty } from '../support/random.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const HOLDER = 7;
const OTHER = 8;

function poolOf(magazines: number): { on: Attachment; take: (holder?: number) => number } {
  const on = sit(tinyHeap({ magazines }));
  return { on, take: (holder = HOLDER) => on.pool.take(holder, on.magazines.movingAt) };
}

/** What HOLDER says of each array. */
function holders({ memory, layout, geometry }: Attachment): number[] {
  return Array.from({ length: geometry.magazines }, (_, i) =>
    memory.get(layout.magazines + i * MAGAZINE.WORDS + MAGAZINE.HOLDER),
  );
}

describe('the pool', () => {
  test('gives each array once, on a boundary of its own length, and then none', () => {
    const { on, take } = poolOf(5);
    const taken = Array.from({ length: 6 }, () => take());
    expect(taken.pop()).toBe(0);
    expect(new Set(taken).size).toBe(5);
    expect(taken.filter((it) => it % MAGAZINE.WORDS !== 0 || it === 0)).toEqual([]);
    on.pool.give(taken[2] as number);
    expect([take(), take()]).toEqual([taken[2], 0]);
  });

  test('notes an array where its taker asked, and writes its holder into it', () => {
    const { on, take } = poolOf(5);
    const array = take(OTHER);
    expect(on.memory.get(on.magazines.movingAt)).toBe(array);
    expect([on.pool.isOf(array, OTHER), on.pool.isOf(array, HOLDER)]).toEqual([true, false]);
    on.pool.give(array);
    expect(holders(on), 'nobody’s again').toEqual([0, 0, 0, 0, 0]);
  });

  test('leaves a note alone when it has no array for it', () => {
    const { on, take } = poolOf(1);
    const only = take();
    expect(take(OTHER)).toBe(0);
    expect(on.memory.get(on.magazines.movingAt)).toBe(only);
    expect(on.pool.isOf(only, HOLDER)).toBe(true);
  });

  test('never has an array out twice, and knows of each whose it is', () => {
    const steps = fc.array(fc.oneof(fc.constant(-1), fc.nat(20)), { maxLength: 200 });
    assertProperty(
      50,
      fc.property(steps, (sequence) => {
        const { on, take } = poolOf(8);
        const out: number[] = [];
        for (const step of sequence) {
          if (step >= 0 && out.length > 0) {
            on.pool.give(out.splice(step % out.length, 1)[0] as number);
          } else {
            const array = take();
            expect(array === 0).toBe(out.length === 8);
            expect(out).not.toContain(array);
            if (array !== 0) out.push(array);
          }
          expect(holders(on).filter((holder) => holder === HOLDER)).toHaveLength(out.length);
        }
      }),
    );
  });
});

describe('a repair of the pool', () => {
  test('changes nothing where nothing was cut', () => {
    const { on, take } = poolOf(4);
    const [first] = [take(), take()];
    on.pool.give(first);
    const words = () => [HEADER.POOL_NEXT, HEADER.POOL_FREE].map((word) => on.memory.get(word));
    const before = words();
    on.pool.repairLocked();
    expect(words()).toEqual(before);
  });

  test('takes off the list a head that has a holder, and no other', () => {
    const { on, take } = poolOf(4);
    const [low, high] = [take(), take()];
    for (const array of [low, high]) on.pool.give(array);
    on.memory.set(high + MAGAZINE.HOLDER, OTHER);
    on.pool.repairLocked();
    on.pool.repairLocked();
    expect(on.memory.get(HEADER.POOL_FREE)).toBe(low);
  });
});
