// Shared memory as the layers see it: three views that do not touch each other, of fixed length.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { copyBytes, Memory, zeroBytes } from '../../src/word/memory.ts';
import { allocError, type AllocErrorCode } from '../../src/word/errors.ts';

const EXTENT = { endWords: 16, countersByte: 64, bytesByte: 128, endByte: 200 };

const ALONE = { endWords: 16, countersByte: 64, bytesByte: 64, endByte: 64 };
const BUILT = new URL('../../dist/src/word/memory.js', import.meta.url).href;

function litter(bytes: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes);
  new Uint8Array(buffer).fill(0xa5);
  return buffer;
}

test('clearing leaves no old byte in the metadata, and touches none outside', () => {
  const buffer = litter(1024);
  new Memory(buffer, 256, EXTENT).clear();
  const bytes = [...new Uint8Array(buffer)];
  expect(bytes.slice(256, 456).every((byte) => byte === 0)).toBe(true);
  expect([...bytes.slice(0, 256), ...bytes.slice(456)].every((byte) => byte === 0xa5)).toBe(true);
});

test('words, doubles and bytes are read back as written, each in a region of its own', () => {
  const memory = new Memory(litter(1024), 256, EXTENT);
  memory.clear();
  memory.set(15, -(2 ** 31));
  memory.setCount(0, 2 ** 53 - 1);
  memory.setCount(7, 2 ** 31 + 1);
  memory.setByte(0, 255);
  memory.setByte(71, 1);
  expect([memory.get(15), memory.load(15)]).toEqual([-(2 ** 31), -(2 ** 31)]);
  expect([memory.getCount(0), memory.getCount(7)]).toEqual([2 ** 53 - 1, 2 ** 31 + 1]);
  expect([memory.getByte(0), memory.getByte(70), memory.getByte(71)]).toEqual([255, 0, 1]);
});

test('swap, cas and add tell the old value, and cas writes only over the expected one', () => {
  const memory = new Memory(new SharedArrayBuffer(256), 0, EXTENT);
  expect(memory.swap(3, 5)).toBe(0);
  expect(memory.cas(3, 4, 9)).toBe(5);
  expect(memory.load(3)).toBe(5);
  expect(memory.cas(3, 5, 9)).toBe(5);
  expect(memory.add(3, 2 ** 31 - 1)).toBe(9);
  expect(memory.load(3), 'a word wraps').toBe(-(2 ** 31) + 8);
});

test('a wait ends at once when the word has changed, and after its time when it has not', () => {
  const memory = new Memory(new SharedArrayBuffer(256), 0, EXTENT);
  memory.wait(0, 1, 60_000);
  memory.wait(0, 0, 1);
  expect(memory.wake(0, 1), 'nobody sleeps').toBe(0);
});

// On a busy machine the wait may end after the time at which it should, by a thread of its own.
test('a wait that does not block keeps its thread alive, however late it ends', async () => {
  const program = `
    Atomics.waitAsync = (_words, _at, _value, ms) => ({
      value: new Promise((done) => setTimeout(done, ms + 100).unref()),
    });
    import(${JSON.stringify(BUILT)}).then(async ({ Memory }) => {
      const words = new Memory(new SharedArrayBuffer(64), 0, ${JSON.stringify(ALONE)});
      await words.waitAsync(0, 0, 5);
      process.exitCode = 42;
    });
  `;
  const [code] = await once(new Worker(program, { eval: true }), 'exit');
  expect(code).toBe(42);
});

test('blocks are copied and zeroed from their first byte to their last, and no further', () => {
  const buffer = litter(1024);
  const memory = new Memory(buffer, 0, EXTENT);
  const bytes = new Uint8Array(buffer);
  zeroBytes(memory, 512, 31);
  expect([bytes[511], bytes[512], bytes[542], bytes[543]]).toEqual([0xa5, 0, 0, 0xa5]);
  bytes[600] = 1;
  bytes[616] = 2;
  copyBytes(memory, 513, 600, 17);
  expect([bytes[512], bytes[513], bytes[529], bytes[530]]).toEqual([0, 1, 2, 0]);
});

test('a refusal says its code, what was asked for, and what to do', () => {
  const codes: AllocErrorCode[] = [
    'OUT_OF_MEMORY',
    'INVALID_SIZE',
    'INVALID_ALIGNMENT',
    'INVALID_ZONE',
    'INVALID_POINTER',
    'DOUBLE_FREE',
    'CORRUPTION_DETECTED',
    'NO_SLOT',
    'DETACHED',
    'ABORTED',
    'TIMEOUT',
  ];
  for (const code of codes) {
    const error = allocError(code, 4711);
    expect(error).toMatchObject({ code, requested: 4711 });
    expect(error.message).toMatch(new RegExp(`^${code} \\(4711\\): [a-z'].{20,}`));
  }
});
