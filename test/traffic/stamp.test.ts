// A stamp fills its block and nothing else, and no damage to it goes unseen.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, namedBy, Stamper, type Ground } from '../../bench/replay/stamp.ts';

const BYTES = 4096;

// Ground whose whole views cover only the first `covered` bytes, as with heaps beyond 4 GiB.
function layGround(covered = BYTES): Ground & { readonly all: Uint8Array } {
  const buffer = new SharedArrayBuffer(BYTES);
  const view: Ground['view'] = (ptr, type, length) => new type(buffer, ptr, length);
  const i32 = new Int32Array(buffer, 0, covered / 4);
  return { i32, u8: new Uint8Array(buffer, 0, covered), view, all: new Uint8Array(buffer) };
}

const keys = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const granules = fc.integer({ min: 1, max: 100 }).map((granule) => granule * 16);
const sizes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1024 }));
const covers = fc.constantFrom(BYTES, 1024, 16);

describe('a stamp', () => {
  it('is whole after it was written, and nothing beside the block was', () => {
    fc.assert(
      fc.property(granules, sizes, keys, covers, (ptr, size, key, covered) => {
        const ground = layGround(covered);
        ground.all.fill(0xa5);
        const stamper = new Stamper(ground);
        stamper.write(ptr, size, key);
        expect(stamper.check(ptr, size, key)).toBe(-1);
        const outside = [...ground.all.subarray(0, ptr), ...ground.all.subarray(ptr + size)];
        expect(outside.every((byte) => byte === 0xa5)).toBe(true);
      }),
    );
  });

  it('shows every flipped bit, odd tail bytes included', () => {
    const flips = fc.record({ at: fc.nat(), bit: fc.nat(7) });
    fc.assert(
      fc.property(granules, sizes, keys, flips, covers, (ptr, size, key, flip, covered) => {
        const ground = layGround(covered);
        const stamper = new Stamper(ground);
        stamper.write(ptr, size, key);
        const byte = flip.at % size;
        ground.all[ptr + byte]! ^= 1 << flip.bit;
        const damage = stamper.check(ptr, size, key);
        const inWords = byte < Math.floor(size / 4) * 4;
        expect(damage).toBe(inWords ? byte - (byte % 4) : byte);
      }),
    );
  });

  it('keeps any prefix whole wherever it is copied to, as realloc must', () => {
    fc.assert(
      fc.property(granules, granules, sizes, fc.nat(), keys, (from, to, size, less, key) => {
        const ground = layGround();
        const stamper = new Stamper(ground);
        const kept = 1 + (less % size);
        stamper.write(from, size, key);
        ground.all.copyWithin(to, from, from + kept);
        expect(stamper.check(to, kept, key)).toBe(-1);
      }),
    );
  });

  it('shows contents that were moved by a few words', () => {
    const stamper = new Stamper(layGround());
    stamper.write(1024, 64, 0x1234567);
    for (const shift of [4, 8, 16]) {
      expect(stamper.check(1024 + shift, 64 - shift, 0x1234567)).toBeGreaterThanOrEqual(0);
    }
  });

  it('of another key is seen from the first even word on', () => {
    const stamper = new Stamper(layGround());
    stamper.write(1024, 64, 7);
    stamper.write(1024 + 32, 64, 8);
    expect(stamper.check(1024, 64, 7)).toBe(32);
    expect(stamper.oddities(1024, 64, 7, 32, 3)).toEqual([8, 8, 8]);
  });
});

describe('a key', () => {
  const records = fc.integer({ min: 1, max: 2 ** 24 });

  it('names the record and the step that it was made for', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(100), (count, any, step) => {
        const record = any % count;
        expect(namedBy(keyOf(record, step, count), count)).toEqual({ record, step });
      }),
    );
  });

  it('is never 0, so zeroed memory is nobody’s', () => {
    expect(namedBy(0, 1000)).toBe(null);
  });
});
