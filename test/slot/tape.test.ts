// Tapes, one step at a time: the order of events, who holds it up, and what is done when a tape is
// full.

import { describe, expect, test } from 'vitest';
import { HEADER } from '../../src/word/layout.ts';
import { TAPE } from '../../src/word/records.ts';
import { EVENT, TapeReader, type TapeEvent } from '../../src/slot/tape.ts';
import type { SlotTable } from '../../src/slot/slot.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const { TAPE_TICKETS, TAPE_DROPPED, RECORDING, RECORDED } = HEADER;
const { ANNOUNCED, HEAD, TAIL, ENTRIES, WORDS } = TAPE;

function recorded(seats: number) {
  const tiny = tinyHeap({ maxSlots: 8 });
  const { memory, layout } = tiny;
  const all = Array.from({ length: seats }, () => sit(tiny));
  const dead = new Set<number>();
  const table = { seats: all[0]!.table.seats, isOver: (slot: number) => dead.has(slot) };
  memory.store(RECORDED, 1);
  memory.store(RECORDING, 1);
  const reader = new TapeReader(memory, layout, table as SlotTable, 1);
  reader.begin();
  const word = (slot: number, which: number) => layout.tapes + slot * WORDS + which;
  return { memory, layout, tapes: all.map(({ tape }) => tape), reader, dead, word };
}

const granules = (events: readonly TapeEvent[]): number[] => events.map(({ granule }) => granule);

describe('events', () => {
  test('come in the order in which they drew their tickets, whoever they are of', () => {
    const { tapes, reader } = recorded(3);
    for (let i = 0; i < 90; i++) tapes[(i * 7) % 3]!.note(EVENT.ALLOC, i, 100 + i, 64);
    const events = reader.read();
    expect(granules(events)).toEqual(Array.from({ length: 90 }, (_, i) => i));
    expect(events[4]).toMatchObject({ op: EVENT.ALLOC, slot: 1, size: 104, alignLog2: 6 });
    expect(reader.read()).toEqual([]);
    expect(reader.isPending()).toBe(false);
  });

  test('of a free have the place of its beginning, and are none if it freed nothing', () => {
    const { tapes, reader } = recorded(2);
    tapes[0]!.open();
    tapes[1]!.note(EVENT.ALLOC, 5, 1);
    tapes[0]!.close(true, 5);
    tapes[0]!.open();
    tapes[0]!.close(false, 5);
    expect(reader.read().map(({ op }) => op)).toEqual([EVENT.FREE, EVENT.ALLOC]);
    expect(reader.isPending()).toBe(false);
  });

  test('tell sizes of 4 GiB as one byte less', () => {
    const { tapes, reader } = recorded(1);
    for (const size of [2 ** 31, 2 ** 32, 2 ** 33]) tapes[0]!.note(EVENT.ALLOC, 1, size);
    expect(reader.read().map(({ size }) => size)).toEqual([2 ** 31, 2 ** 32 - 1, 2 ** 32 - 1]);
  });

  test('of what went on before this recording are not read', () => {
    const { tapes, reader, memory } = recorded(1);
    tapes[0]!.open();
    reader.begin();
    tapes[0]!.close(true, 1);
    memory.store(RECORDING, 0);
    tapes[0]!.note(EVENT.ALLOC, 2, 16);
    expect(reader.read()).toEqual([]);
  });

  test('go on when every count comes round', () => {
    const { tapes, reader, memory, word } = recorded(2);
    memory.store(TAPE_TICKETS, 2 ** 31 - 40);
    for (const which of [HEAD, TAIL]) memory.store(word(0, which), -20);
    for (const which of [HEAD, TAIL]) memory.store(word(1, which), 2 ** 31 - 20);
    reader.begin();
    for (let i = 0; i < 300; i++) {
      tapes[i % 2]!.note(EVENT.ALLOC, i, 1);
      if (i % 50 === 49) expect(granules(reader.read())[49]).toBe(i);
    }
    expect(memory.load(TAPE_DROPPED)).toBe(0);
  });

  test('are left to the reader of a later recording', () => {
    const { tapes, reader, memory } = recorded(1);
    memory.store(RECORDED, 2);
    tapes[0]!.note(EVENT.ALLOC, 1, 16);
    expect(reader.read()).toEqual([]);
    expect(reader.isPending()).toBe(true);
  });
});

describe('a free that is still going on', () => {
  test('holds up those behind it, and not those before', () => {
    const { tapes, reader } = recorded(2);
    tapes[1]!.note(EVENT.ALLOC, 1, 16);
    tapes[1]!.note(EVENT.ALLOC, 2, 16);
    tapes[0]!.open();
    tapes[1]!.note(EVENT.ALLOC, 3, 16);
    expect(granules(reader.read())).toEqual([1, 2]);
    expect(granules(reader.read())).toEqual([]);
    expect(reader.isPending()).toBe(true);
    tapes[0]!.close(true, 9);
    expect(granules(reader.read())).toEqual([9, 3]);
  });

  test('holds nobody up when its thread is dead', () => {
    const { tapes, reader, dead } = recorded(2);
    tapes[0]!.open();
    tapes[1]!.note(EVENT.ALLOC, 3, 16);
    dead.add(0);
    reader.read(); // the first time it is not asked for
    expect(granules(reader.read())).toEqual([3]);
    expect(reader.isPending()).toBe(false);
  });
});

describe('a full tape', () => {
  test('is waited for once, and then its events are dropped and counted', () => {
    const { tapes, reader, memory } = recorded(1);
    for (let i = 0; i < ENTRIES + 3; i++) tapes[0]!.note(EVENT.ALLOC, i, 16);
    expect(memory.load(TAPE_DROPPED)).toBe(3);
    expect(granules(reader.read())).toEqual(Array.from({ length: ENTRIES }, (_, i) => i));
    tapes[0]!.note(EVENT.ALLOC, 99, 16);
    expect(granules(reader.read())).toEqual([99]);
  });

  test('announces nothing that it will not write', () => {
    const { tapes, memory, word } = recorded(1);
    for (let i = 0; i < ENTRIES; i++) tapes[0]!.note(EVENT.ALLOC, i, 16);
    tapes[0]!.open();
    expect(memory.load(word(0, ANNOUNCED))).toBe(0);
    tapes[0]!.close(false, 1);
    expect(memory.load(TAPE_DROPPED)).toBe(0);
  });

  test('is not waited for when the recording is over', () => {
    const { tapes, memory } = recorded(1);
    for (let i = 0; i < ENTRIES; i++) tapes[0]!.note(EVENT.ALLOC, i, 16);
    memory.store(RECORDING, 0);
    tapes[0]!.note(EVENT.ALLOC, 1, 16);
    expect(memory.load(TAPE_DROPPED)).toBe(0);
  });
});
