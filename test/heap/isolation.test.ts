// What who has no shared memory is told. A real page's part of it is in threads/browser.test.ts.

import { afterEach, expect, test, vi } from 'vitest';
import { HeapError, SharedHeap } from '../../src/index.ts';

const HEADERS =
  /Cross-Origin-Opener-Policy: same-origin.*Cross-Origin-Embedder-Policy: require-corp/;

afterEach(() => vi.unstubAllGlobals());

test.each([
  ['a page without its headers', { isSecureContext: true, crossOriginIsolated: false }, HEADERS],
  ['a page that is not secure', { isSecureContext: false, crossOriginIsolated: false }, /https/],
  ['an engine that has none', {}, /this engine has none/],
])('%s is told what to do, by create and attach', (_, surroundings, advice) => {
  const { handle } = SharedHeap.create({ size: '4MiB' });
  for (const [name, value] of Object.entries(surroundings)) vi.stubGlobal(name, value);
  vi.stubGlobal('SharedArrayBuffer', undefined);
  for (const attempt of [() => SharedHeap.create(), () => SharedHeap.attach(handle)]) {
    expect(attempt).toThrow(HeapError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'BAD_BUFFER' }));
    expect(attempt).toThrow(advice);
  }
});

test('the library loads where there is no shared memory', async () => {
  vi.resetModules();
  vi.stubGlobal('SharedArrayBuffer', undefined);
  const { SharedHeap: Heap } = await import('../../src/index.ts');
  expect(() => Heap.create()).toThrow(/no SharedArrayBuffer here/);
});
