// The sentinel's program: a worker that waits for other threads to end (guard.ts). Of each it holds
// one end of a channel. When that closes, and its thread had not taken its leave, it marks the
// slots that the thread had. It does not recover them: that takes locks, and whoever holds one may
// have ended too, of which only the sentinel can tell.
//
// It listens before it loads anything else, and then says so to the threads of its parent's heaps.

import { parentPort, threadId, type MessagePort } from 'node:worker_threads';
import type { Post } from './guard.ts';

function receive({ handle, thread, port }: Post): void {
  const ended = () => void mark(handle, thread);
  port.once('close', ended);
  port.once('message', () => dismiss(port, ended));
}

/** Its thread lives on and has detached. */
function dismiss(port: MessagePort, ended: () => void): void {
  port.off('close', ended);
  port.close();
}

async function mark(handle: Post['handle'], thread: number): Promise<void> {
  const { open } = await import('../heap/open.ts');
  const { layoutOf } = await import('../word/geometry.ts');
  const { SlotTable } = await import('../slot/slot.ts');
  const { memory, geometry } = open(handle);
  new SlotTable(memory, layoutOf(geometry), geometry.maxSlots).markEnded(thread);
}

/** Pairs with the wait of a thread that attaches. */
async function listen({ handle }: Post): Promise<void> {
  const { open } = await import('../heap/open.ts');
  const { HEADER } = await import('../word/layout.ts');
  const { memory } = open(handle);
  const named = threadId + 1;
  if (memory.cas(HEADER.SENTINEL, -named, named) === -named) memory.wake(HEADER.SENTINEL, Infinity);
}

process.on('workerMessage', receive);
parentPort?.on('message', (post: Post) => {
  receive(post);
  void listen(post);
});
