// What peers are given to work with: a mutex that excludes, an export that a module did not have.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { exportGlobal, WebAssembly } from '../../bench/versus/wasm.ts';

describe('the mutex', () => {
  test('lets one thread in at a time', async () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const mutex = new URL('../../dist/bench/versus/mutex.js', import.meta.url).href;
    const program = `
      const { workerData: words } = require('node:worker_threads');
      import(${JSON.stringify(mutex)}).then(({ Mutex }) => {
        const mutex = new Mutex(words.subarray(0, 1));
        for (let i = 0; i < 20_000; i++) {
          mutex.lock();
          words[1]++;
          mutex.unlock();
        }
      });`;
    const start = (): Worker => new Worker(program, { eval: true, workerData: words });
    await Promise.all([start(), start(), start()].map((worker) => once(worker, 'exit')));
    expect([...words]).toEqual([0, 60_000]);
  });
});

describe('a module', () => {
  // Two globals, 5 and 7, of which none is exported; an empty list of exports.
  const head = [0, 97, 115, 109, 1, 0, 0, 0];
  const globals = [6, 11, 2, 127, 1, 65, 5, 11, 127, 1, 65, 7, 11];

  test('exports a global that it did not', () => {
    const module = exportGlobal(Uint8Array.from([...head, ...globals, 7, 1, 0]), 1, 'seven');
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module), {});
    expect(instance.exports).toMatchObject({ seven: { value: 7 } });
  });

  test('without exports is refused', () => {
    expect(() => exportGlobal(Uint8Array.from(head), 0, 'a')).toThrow('no section 7');
  });
});
