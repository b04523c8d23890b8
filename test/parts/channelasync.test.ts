// Waits at a channel that do not block the thread: who is served, in which order, and how a wait
// ends that is served by nobody.

import { expect, test } from 'vitest';
import { channel, type Channel } from '../../src/parts/channel.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import { anotherSeat, tinyHeap } from '../support/tiny.ts';

/** Two seats of this thread, with an end of one channel each. */
function ends(capacity: number): { heap: SharedHeap; here: Channel; there: Channel } {
  const { handle } = tinyHeap();
  const heap = anotherSeat(handle);
  const [here, there] = [heap, anotherSeat(handle)].map((seat) => {
    const opened = channel(seat, 'jobs', { capacity });
    if (!opened.ok) throw new Error(opened.error.message);
    return opened.value;
  }) as [Channel, Channel];
  return { heap, here, there };
}

function blocks(heap: SharedHeap, count: number): number[] {
  return Array.from({ length: count }, () => heap.alloc(64));
}

test('receivers are served in the order in which they came', async () => {
  const { heap, here, there } = ends(4);
  const ptrs = blocks(heap, 3);
  const waits = [here.receiveAsync(), here.receiveAsync(), here.receiveAsync()];
  there.sendMany(ptrs);
  const got = await Promise.all(waits);
  expect(got.map((it) => (it.ok ? it.value : 0))).toEqual(ptrs);
});

test('who comes later does not overtake those who wait', async () => {
  const { heap, here, there } = ends(4);
  const [first, second] = blocks(heap, 2) as [number, number];
  const waits = [here.receiveAsync()];
  there.send(first);
  waits.push(here.receiveAsync());
  there.send(second);
  const got = await Promise.all(waits);
  expect(got.map((it) => (it.ok ? it.value : 0))).toEqual([first, second]);
});

test('senders go on when there is room', async () => {
  const { heap, here, there } = ends(1);
  const ptrs = blocks(heap, 3);
  const waits = ptrs.map((ptr) => here.sendAsync(ptr));
  for (const ptr of ptrs) expect(await there.receiveAsync()).toEqual({ ok: true, value: ptr });
  expect((await Promise.all(waits)).every(({ ok }) => ok)).toBe(true);
});

test('a wait ends by its time, by its signal, or before it begins', async () => {
  const { heap, here, there } = ends(1);
  const codes = async (wait: ReturnType<Channel['receiveAsync']>) => {
    const it = await wait;
    return it.ok ? 'ok' : it.error.code;
  };
  expect(await codes(here.receiveAsync({ timeoutMs: 5 }))).toBe('TIMEOUT');
  expect(await codes(here.receiveAsync({ timeoutMs: 0 }))).toBe('TIMEOUT');
  expect(await codes(here.receiveAsync({ signal: AbortSignal.abort() }))).toBe('ABORTED');
  const abort = new AbortController();
  const [aborted, stays] = [here.receiveAsync({ signal: abort.signal }), here.receiveAsync()];
  abort.abort();
  expect(await codes(aborted)).toBe('ABORTED');
  const ptr = heap.alloc(64);
  there.send(ptr);
  expect(await stays, 'the one that was not aborted').toEqual({ ok: true, value: ptr });
  expect(here.count()).toBe(0);
});

test('a close ends all waits, on both sides', async () => {
  const { heap, here, there } = ends(1);
  const ptrs = blocks(heap, 2) as [number, number];
  here.send(ptrs[0]);
  const sends = here.sendAsync(ptrs[1]);
  there.close();
  expect(await sends).toMatchObject({ ok: false, error: { code: 'CLOSED' } });
  expect(await here.receiveAsync()).toEqual({ ok: true, value: ptrs[0] });
  expect(await here.receiveAsync()).toMatchObject({ ok: false, error: { code: 'CLOSED' } });
  const { here: empty, there: other } = ends(1);
  const waits = [empty.receiveAsync(), empty.receiveAsync()];
  other.close();
  const codes = (await Promise.all(waits)).map((it) => (it.ok ? '' : it.error.code));
  expect(codes).toEqual(['CLOSED', 'CLOSED']);
});

test('waits of a thread that leaves the heap end', async () => {
  const { heap, here, there } = ends(1);
  const wait = here.receiveAsync();
  heap.detach();
  there.close();
  expect(await wait).toMatchObject({ ok: false, error: { code: 'DETACHED' } });
  expect(await here.sendAsync(64)).toMatchObject({ ok: false, error: { code: 'DETACHED' } });
});
