// Telling the rest of this thread's program of a recovery that it has just performed: an event on
// the diagnostics channel `atomalloc:recovered`, for whoever watches the process. A microtask
// publishes it, when the heap's locks are free and the call in which it happened has returned.
// Listeners of a heap, in every thread, learn of it from the notices (notices.ts).

import type { Recovered } from './notices.ts';

export const CHANNEL = 'atomalloc:recovered';

/** What is published: what was found, and the buffer in which the heap lies. */
export interface RecoveredMessage extends Recovered {
  readonly buffer: SharedArrayBuffer;
}

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: RecoveredMessage): void;
}
interface Modules {
  getBuiltinModule?(
    name: 'node:diagnostics_channel',
  ): { channel(name: string): Channel } | undefined;
}

const modules = (globalThis as { process?: Modules }).process;
const channel = modules?.getBuiltinModule?.('node:diagnostics_channel')?.channel(CHANNEL);

export function announce(buffer: SharedArrayBuffer, found: readonly Recovered[]): void {
  if (channel === undefined || !channel.hasSubscribers) return;
  queueMicrotask(() => {
    for (const recovered of found) channel.publish({ ...recovered, buffer });
  });
}
