// Magazines: what a slot may pop and put, and what a top word tells.

import { describe, expect, test } from 'vitest';
import { filled } from '../../src/block/magazine.ts';
import { MAGAZINE, STATE } from '../../src/word/layout.ts';
import { CACHE, ENTRY, TX } from '../../src/word/records.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { FEW } from '../support/classes.ts';
import { MortalMemory } from '../support/cut.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const ID = 1;

/** A seat whose magazine of the first class has three blocks, the next to be popped last. */
function loaded(): { on: Attachment; blocks: number[] } {
  const on = sit(tinyHeap({ classes: FEW, memory: MortalMemory }));
  on.depots[ID]?.refill();
  const blocks: number[] = [];
  for (let block = on.magazines.pop(ID); block !== 0; block = on.magazines.pop(ID)) {
    blocks.push(block);
  }
  for (const block of blocks) on.magazines.put(block, ID);
  return { on, blocks };
}

describe('a magazine', () => {
  test('gives the block that was put last, and makes it live', () => {
    const { on, blocks } = loaded();
    expect(blocks).toHaveLength(3);
    expect(blocks.map((block) => on.states.get(block))).toEqual(new Array(3).fill(128));
    for (const block of blocks.toReversed()) {
      expect(on.magazines.pop(ID)).toBe(block);
      expect(on.states.get(block)).toBe(ID);
    }
    expect(on.magazines.pop(ID), 'empty').toBe(0);
  });

  test('does not give a block whose state names another slot, nor one that is live or free', () => {
    const { on, blocks } = loaded();
    const top = blocks.at(-1) as number;
    for (const state of [STATE.CACHED + 1, ID, 2, STATE.FREE]) {
      on.states.mark(top, state);
      expect(on.magazines.pop(ID)).toBe(0);
      expect([on.states.get(top), on.magazines.loaded(ID)]).toEqual([state, 3]);
    }
    expect(on.magazines.drop(ID)).toBe(top);
    expect(on.magazines.loaded(ID)).toBe(2);
  });

  test('gives a journal its block with an entry that names it first, or neither', () => {
    const { on, blocks } = loaded();
    const entry = { at: on.layout.journals + TX.ENTRIES, kind: 9 };
    const kindAndBlock = () =>
      [ENTRY.KIND, ENTRY.BLOCK].map((word) => on.memory.get(entry.at + word));
    const top = blocks.at(-1) as number;
    expect([on.magazines.popFor(ID, entry.at, entry.kind), ...kindAndBlock()]).toEqual([
      top,
      9,
      top,
    ]);
    expect(on.states.get(top)).toBe(ID);

    const next = blocks.at(-2) as number;
    on.memory.set(entry.at + ENTRY.KIND, 0);
    on.states.mark(next, STATE.CACHED + 1); // the other of two threads that freed it has it
    expect([on.magazines.popFor(ID, entry.at, entry.kind), ...kindAndBlock()]).toEqual([0, 0, top]);
    expect([on.states.get(next), on.magazines.loaded(ID)]).toEqual([STATE.CACHED + 1, 2]);

    on.states.mark(next, STATE.CACHED);
    const pops = () => void on.magazines.popFor(ID, entry.at, entry.kind);
    expect((on.memory as MortalMemory).dieAfter(2, pops)).toBe(true);
    expect(kindAndBlock(), 'who dies in front of the third write has both').toEqual([9, next]);
    expect(on.states.get(next)).toBe(STATE.CACHED);
  });

  test('takes a live block back by pointer until it is full, and then says no', () => {
    const { on } = loaded();
    const ptrs = [0, 1, 2].map(() => on.magazines.pop(ID) * 16);
    const more = on.depots[ID]?.takeDirect([1]) as number;
    for (const ptr of ptrs) expect(on.magazines.free(ptr)).toBe(true);
    expect(on.magazines.loaded(ID)).toBe(3);
    expect(on.magazines.free(more * 16), 'full').toBe(false);
    expect(on.states.get(more), 'and nothing is changed').toBe(ID);
  });

  test('takes back nothing but a live block of a class', () => {
    const { on } = loaded();
    const ptr = on.magazines.pop(ID) * 16;
    const strange = [0, ptr + 1, ptr + 8, ptr + 16, -16, NaN, 1.5, 2 ** 32 + ptr, 2 ** 53, -ptr];
    expect(strange.filter((it) => on.magazines.free(it))).toEqual([]);
    expect(on.magazines.free(ptr)).toBe(true);
    expect(on.magazines.free(ptr), 'twice').toBe(false);
    on.depots[2]?.refill(); // another class has a magazine with room, and says how far
    const states = Array.from({ length: 256 }, (_, state) => state);
    for (const state of states.filter((it) => it < 1 || it > 2)) {
      on.states.mark(ptr / 16, state);
      expect(on.magazines.free(ptr), `state ${state}`).toBe(false);
    }
  });

  test('takes a block that it gave last back as one of the class that its state says', () => {
    const { on } = loaded();
    on.depots[2]?.refill();
    for (let i = 0; i < 2; i++) expect(on.magazines.pop(2)).toBeGreaterThan(0); // there is room
    for (const id of [ID, ID, 2, 2, ID]) {
      const granule = on.magazines.pop(ID);
      const before = on.magazines.loaded(id);
      on.states.mark(granule, id);
      expect(on.magazines.free(granule * 16)).toBe(true);
      expect([on.magazines.top(id), on.magazines.loaded(id)]).toEqual([granule, before + 1]);
    }
  });

  test('changes places with the previous one, and both keep what they have', () => {
    const { on, blocks } = loaded();
    on.magazines.exchange(ID, on.magazines.at(ID) + CACHE.PREVIOUS);
    expect([on.magazines.loaded(ID), on.magazines.countOf(ID)]).toEqual([0, 3]);
    expect(on.magazines.pop(ID), 'there was no previous one').toBe(0);
    on.magazines.exchange(ID, on.magazines.at(ID) + CACHE.PREVIOUS);
    expect(on.magazines.pop(ID)).toBe(blocks.at(-1));
  });

  test('of class 0, which stands for no class, is always empty', () => {
    const { on } = loaded();
    expect([on.magazines.pop(0), on.magazines.loaded(0)]).toEqual([0, 0]);
  });
});

test('a top word tells how far its magazine is filled', () => {
  const { NONE, WORDS, ENTRIES, MASK, CAPACITY } = MAGAZINE;
  const tops = [0, NONE, WORDS + NONE, WORDS + ENTRIES, 2 * WORDS + MASK];
  expect(tops.map(filled)).toEqual([0, 0, 0, 1, CAPACITY]);
});
