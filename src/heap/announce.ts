// Telling the rest of this thread's program of what happens in a heap: events on channels of
// diagnostics_channel, for whoever watches the process. They are made only for channels that have
// subscribers, and published when no call of the heap is under way, so under no lock. What a
// subscriber throws Node makes an uncaught exception of, for the program; others hear all the same.
//
// A recovery is told of by the thread that has just performed it, in a microtask: when the call in
// which it happened has returned. (Listeners of a heap, in every thread, learn of it from the
// notices: notices.ts.) The rest is news of the whole heap, and told by each thread's timer, twice
// a second while its event loop turns: what has been counted since it looked last, whoever did it.
// So a thousand failures are one event, and whoever fails pays nothing for it.

import { COUNTER } from '../word/records.ts';
import { totalOf } from '../slot/counters.ts';
import { Samples } from '../slot/samples.ts';
import type { Attachment } from './attachment.ts';
import { pressureOf, type PressureStats } from './health.ts';
import type { Recovered } from './notices.ts';

/** What is published of a recovery: what was found, and the buffer in which the heap lies. */
export interface RecoveredMessage extends Recovered {
  readonly buffer: SharedArrayBuffer;
}

/** `atomalloc:pressure`: somebody waits for memory, or has since this thread looked last. */
export interface PressureMessage extends PressureStats {
  readonly buffer: SharedArrayBuffer;
  /** Milliseconds of it that are new. */
  readonly stalledMs: number;
}

/** `atomalloc:out-of-memory`, `atomalloc:corruption`: how often since this thread looked last. */
export interface CountMessage {
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
  /** Since the heap was made. */
  readonly total: number;
}

/** What a thread has heard of. */
export interface Heard {
  readonly stalledMs: number;
  readonly ooms: number;
  readonly corruptions: number;
}

interface Channel<Message> {
  readonly hasSubscribers: boolean;
  publish(message: Message): void;
}
interface Modules {
  getBuiltinModule?(
    name: 'node:diagnostics_channel',
  ): { channel<Message>(name: string): Channel<Message> } | undefined;
}

const modules = (globalThis as { process?: Modules }).process;
const channels = modules?.getBuiltinModule?.('node:diagnostics_channel');
const recovered = channels?.channel<RecoveredMessage>('atomalloc:recovered');
const pressure = channels?.channel<PressureMessage>('atomalloc:pressure');
const outOfMemory = channels?.channel<CountMessage>('atomalloc:out-of-memory');
const corruption = channels?.channel<CountMessage>('atomalloc:corruption');

export function announce(buffer: SharedArrayBuffer, found: readonly Recovered[]): void {
  if (recovered === undefined || !recovered.hasSubscribers) return;
  queueMicrotask(() => {
    for (const it of found) recovered.publish({ ...it, buffer });
  });
}

/** What there is to hear of now. A plain read or two for each slot. */
export function heardNow({ memory, layout }: Attachment): Heard {
  return {
    stalledMs: new Samples(memory, layout).stalledMs(),
    ooms: totalOf(memory, layout, COUNTER.OOMS),
    corruptions: totalOf(memory, layout, COUNTER.CORRUPTIONS),
  };
}

/** Publishes what is new since `before`; the caller is in no call of the heap. */
export function tellNews(on: Attachment, before: Heard): Heard {
  const now = heardNow(on);
  const { buffer } = on.memory;
  const stalledMs = now.stalledMs - before.stalledMs;
  if (stalledMs > 0 && pressure?.hasSubscribers === true) {
    pressure.publish({ buffer, stalledMs, ...pressureOf(on) });
  }
  tellCount(outOfMemory, buffer, before.ooms, now.ooms);
  tellCount(corruption, buffer, before.corruptions, now.corruptions);
  return now;
}

function tellCount(
  channel: Channel<CountMessage> | undefined,
  buffer: SharedArrayBuffer,
  before: number,
  total: number,
): void {
  if (total > before && channel?.hasSubscribers === true) {
    channel.publish({ buffer, count: total - before, total });
  }
}
