// The watch: in a thread that it is set on, every lock of ours writes into the thread's log when it
// is asked for, taken and given back, and so does every visit to the line of sums that all threads
// add to. The heap counts no hold times itself; its fast path has no room for a clock.
import { HEADER } from '../../src/word/layout.ts';
import { Lock } from '../../src/word/lock.ts';
import { Memory } from '../../src/word/memory.ts';
import { EVENT, type Log } from './log.ts';

const { OUT, PEAK } = HEADER;

/** Watches all heaps of this thread from now on; returns what ends that. */
export function setWatch(log: Log): () => void {
  const ends = [watchLocks(log), watchSums(log)];
  return () => ends.forEach((end) => end());
}

function watchLocks(log: Log): () => void {
  const { prototype } = Lock;
  const plain = { lock: prototype.lock, unlock: prototype.unlock };
  prototype.lock = function (this: Lock): void {
    log.note(EVENT.ASKED, this.word);
    plain.lock.call(this);
    log.note(EVENT.TAKEN, this.word);
  };
  prototype.unlock = function (this: Lock): void {
    log.note(EVENT.GIVEN, this.word);
    plain.unlock.call(this);
  };
  return () => Object.assign(prototype, plain);
}

// OUT is added to, PEAK is looked at; OUT_PEAK lies on the same line and is met together with OUT.
function watchSums(log: Log): () => void {
  const { prototype } = Memory;
  const plain = { add: prototype.add, load: prototype.load };
  prototype.add = function (this: Memory, index: number, value: number): number {
    if (index === OUT) log.note(EVENT.TOUCHED, index);
    return plain.add.call(this, index, value);
  };
  prototype.load = function (this: Memory, index: number): number {
    if (index === PEAK) log.note(EVENT.TOUCHED, index);
    return plain.load.call(this, index);
  };
  return () => Object.assign(prototype, plain);
}
