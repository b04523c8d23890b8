// Records against a DataView that knows the layout by other means, and what is refused.

import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { SharedHeap } from '../../src/index.ts';
import { record, type Field, type Kind } from '../../src/parts/record.ts';
import { assertProperty } from '../support/random.ts';

const heap = SharedHeap.create({ size: '16MiB' });
const GIB = 2 ** 30;

const PLAIN = {
  i8: [1, 'Int8'],
  u8: [1, 'Uint8'],
  i16: [2, 'Int16'],
  u16: [2, 'Uint16'],
  i32: [4, 'Int32'],
  u32: [4, 'Uint32'],
  f32: [4, 'Float32'],
  f64: [8, 'Float64'],
} as const;

const kinds = fc.constantFrom(...(Object.keys(PLAIN) as (keyof typeof PLAIN)[]));
const fields = fc.array(fc.tuple(kinds, fc.option(fc.integer({ min: 1, max: 5 }))), {
  minLength: 1,
  maxLength: 12,
});
const values = fc.oneof(fc.double(), fc.integer(), fc.integer({ min: -(2 ** 33), max: 2 ** 33 }));

describe('a record', () => {
  test('reads and writes what a DataView does, whatever its fields', () => {
    assertProperty(
      100,
      fc.property(fields, fc.array(values, { minLength: 80, maxLength: 80 }), (shape, drawn) => {
        const named = shape.map(([kind, n], i): [string, Field] => [
          `f${String(i)}`,
          n === null ? kind : [kind, n],
        ]);
        const type = record<Record<string, Field>>(Object.fromEntries(named));
        const { get, set } = type.on(heap);
        const ptr = heap.alloc(type.bytes);
        const twin = new DataView(new ArrayBuffer(type.bytes));
        heap.view(ptr, Uint8Array, type.bytes).fill(0);
        let [end, widest, next] = [0, 1, 0];
        for (const [i, [kind, n]] of shape.entries()) {
          const [width, name] = PLAIN[kind];
          const at = end + ((width - (end % width)) % width);
          expect(type.offsets[`f${String(i)}`]).toBe(at);
          for (let index = 0; index < (n ?? 1); index++) {
            const value = drawn[next++ % drawn.length]!;
            const where = n === null ? [ptr] : [ptr, index];
            twin[`set${name}`](at + index * width, value, true);
            (set[`f${String(i)}`] as (...all: number[]) => void)(...where, value);
            const got = (get[`f${String(i)}`] as (...all: number[]) => number)(...where);
            expect(got).toBe(twin[`get${name}`](at + index * width, true));
          }
          [end, widest] = [at + width * (n ?? 1), Math.max(widest, width)];
        }
        expect(type.bytes).toBe(Math.ceil(end / widest) * widest);
        expect([...heap.view(ptr, Uint8Array, type.bytes)]).toEqual([
          ...new Uint8Array(twin.buffer),
        ]);
        heap.free(ptr);
      }),
    );
    expect(heap.validate()).toEqual([]);
  });

  test('stands in rows, each aligned, and none in another', () => {
    const Mark = record({ flag: 'u8', weight: 'f64', next: 'ptr' }, { align: 16 });
    const marks = Mark.on(heap);
    expect([Mark.bytes, Mark.offsets]).toEqual([32, { flag: 0, weight: 8, next: 16 }]);
    const row = heap.alloc(Mark.bytes * 100);
    for (let i = 0; i < 100; i++) {
      const ptr = Mark.at(row, i);
      marks.set.flag(ptr, i);
      marks.set.weight(ptr, -i / 3);
      marks.set.next(ptr, Mark.at(row, (i + 1) % 100));
    }
    let [ptr, sum] = [row, 0];
    for (let i = 0; i < 100; i++, ptr = marks.get.next(ptr)) {
      expect(marks.get.flag(ptr)).toBe(i);
      sum += marks.get.weight(ptr);
    }
    expect(ptr).toBe(row);
    expect(sum).toBeCloseTo(-1650);
    heap.free(row);
  });

  test('has types as its fields have', () => {
    const Point = record({ x: 'f64', id: 'u32', next: 'ptr', tags: ['u8', 16] });
    const points = Point.on(heap);
    expectTypeOf(points.get.x).toEqualTypeOf<(ptr: number) => number>();
    expectTypeOf(points.set.tags).parameters.toEqualTypeOf<[number, number, number]>();
    expectTypeOf<keyof typeof points.atomic>().toEqualTypeOf<'id' | 'next'>();
    expect(Object.keys(points.atomic)).toEqual(['id', 'next']);
  });

  test('has words for several threads', () => {
    const Cell = record({ signed: 'i32', count: 'u32', head: 'ptr' });
    const { atomic, get } = Cell.on(heap);
    const ptr = heap.alloc(Cell.bytes);
    for (const field of [atomic.signed, atomic.count]) {
      field.store(ptr, 7);
      expect([field.add(ptr, 2 ** 31), field.swap(ptr, 9), field.cas(ptr, 8, 1)]).toEqual([
        7,
        field === atomic.signed ? 7 - 2 ** 31 : 7 + 2 ** 31,
        9,
      ]);
      expect([field.cas(ptr, 9, 3), field.load(ptr)]).toEqual([9, 3]);
    }
    atomic.head.store(ptr, 0);
    expect([atomic.head.cas(ptr, 0, ptr), atomic.head.load(ptr), get.head(ptr)]).toEqual([
      0,
      ptr,
      ptr,
    ]);
    expect([atomic.head.swap(ptr, 32), atomic.head.add(ptr, 16), get.head(ptr)]).toEqual([
      ptr,
      32,
      48,
    ]);
    expect(() => atomic.head.store(ptr, 24)).toThrow(/multiples of 16/);
    heap.free(ptr);
  });

  test.each([3, 5])('is where its pointer says beyond 2 and 4 GiB: at %i GiB', (gib) => {
    const buffer = new SharedArrayBuffer(6 * GIB); // never touched, so never resident
    const byteOffset = gib * GIB;
    const far = SharedHeap.create({ buffer, byteOffset, byteLength: 2 ** 25 });
    const Far = record({ byte: 'u8', x: 'f64', count: 'u32', next: 'ptr' });
    const { get, set, atomic } = Far.on(far);
    const ptr = far.alloc(Far.bytes);
    expect(ptr).toBeGreaterThan(byteOffset);
    set.byte(ptr, 255);
    set.x(ptr, Math.PI);
    set.next(ptr, ptr);
    atomic.count.store(ptr, 41);
    atomic.count.add(ptr, 1);
    expect([get.byte(ptr), get.x(ptr), get.next(ptr), get.count(ptr)]).toEqual([
      255,
      Math.PI,
      ptr,
      42,
    ]);
    expect(far.view(ptr, DataView, Far.bytes).getFloat64(8, true)).toBe(Math.PI);
    expect(atomic.next.load(ptr)).toBe(ptr);
    far.detach();
  });
});

describe('what is refused', () => {
  const fieldsOf = (shape: unknown) => () => record(shape as Record<string, Kind>);

  test.each([
    ['no fields', {}, /1 byte/],
    ['a kind that is none', { a: 'i64' }, /none of i8, u8/],
    ['a kind of all objects', { a: 'toString' }, /none of/],
    ['no values', { a: ['u8', 0] }, /whole number from 1/],
    ['half a value', { a: ['u8', 1.5] }, /whole number from 1/],
    ['more than 2^31 bytes', { a: ['f64', 2 ** 30] }, /2\^31/],
    ['a number for a name', { 1: 'u8' }, /no field's name/],
    ['the name of a prototype', JSON.parse('{"__proto__":"u8"}'), /no field's name/],
  ])('%s', (_, shape, why) => {
    expect(fieldsOf(shape)).toThrow(why);
    expect(fieldsOf(shape)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  });

  test('an alignment that is no power of two', () => {
    expect(() => record({ a: 'u8' }, { align: 24 })).toThrow(/power of two/);
  });

  test('an index outside a field, and a pointer outside the buffer or of no block', () => {
    const { get, set } = record({ tags: ['u16', 4], next: 'ptr' }).on(heap);
    const ptr = heap.alloc(16);
    for (const index of [-1, 4, 0.5, Number.NaN]) {
      expect(() => get.tags(ptr, index)).toThrow(/4 values/);
      expect(() => set.tags(ptr, index, 1)).toThrow(/4 values/);
    }
    for (const next of [8, -16, 2 ** 37, Number.NaN]) {
      expect(() => set.next(ptr, next)).toThrow(/multiples of 16/);
    }
    expect(() => get.next(-16)).toThrow(RangeError);
    expect(() => get.next(2 ** 40)).toThrow(RangeError);
    heap.free(ptr);
  });
});
