// What a debug heap tells its users: each block with who took it, what a thread leaves behind, and
// damage, when a thread comes across it. Nobody listens on a thread: then damage is a warning of
// the process.

import { allocError, HeapError } from '../word/errors.ts';
import type { Finding } from '../page/audit.ts';
import { throwLater } from './attached.ts';
import { BlockWalk, leaksAmong, type BlockInfo, type Leak } from './inspect.ts';
import { Seated } from './seated.ts';

/** Is told of a red zone, or of a poisoned block, that somebody has written to. */
export type DamageListener = (finding: Finding) => void;
/** Is told what a thread has taken and not freed, when it leaves. */
export type LeakListener = (leaks: readonly Leak[]) => void;

const TAG_MAX = 60;
const TAG = /^[^\n\r]{1,60}$/;

interface Process {
  emitWarning?(warning: string, type: string): void;
}

export abstract class Debugged extends Seated {
  private readonly damageListeners = new Set<DamageListener>();
  private readonly leakListeners = new Set<LeakListener>();

  /**
   * Every live block, in address order; in a debug heap also how many bytes were asked for, who
   * took it, under which tag and where. It takes no lock: others go on meanwhile, and what it tells
   * of each block was true a moment ago. Costs a nanosecond for each 16 bytes of the heap.
   */
  inspectAll(): IterableIterator<BlockInfo> {
    return new BlockWalk((work) => this.inside(({ on }) => work(on)));
  }

  /**
   * In a debug heap: the live blocks, by the thread that took them and by tag, the most bytes
   * first; with `slot`, only those of threads that sat there. Empty in another heap.
   */
  leaks({ slot }: { readonly slot?: number } = {}): Leak[] {
    if (this.attachment.debug === null) return [];
    const all = leaksAmong(this.inspectAll());
    return slot === undefined ? all : all.filter((leak) => leak.slot === slot);
  }

  /**
   * In a debug heap: calls `listener` when this thread leaves and blocks are live that it took and,
   * where owners are tracked, did not give away; also at a worker's end. Returns what ends that.
   */
  onLeak(listener: LeakListener): () => void {
    this.leakListeners.add(listener);
    return () => void this.leakListeners.delete(listener);
  }

  /**
   * In a debug heap: calls `listener` with each damage that a free or an alloc of this thread comes
   * across, within that call, which succeeds all the same. Returns what ends that.
   */
  onDamage(listener: DamageListener): () => void {
    this.damageListeners.add(listener);
    return () => void this.damageListeners.delete(listener);
  }

  protected override get wantsLeaks(): boolean {
    return this.leakListeners.size > 0;
  }

  protected override tellLeaks(leaks: readonly Leak[]): void {
    for (const listener of [...this.leakListeners]) callSafely(listener, leaks);
  }

  protected override tellFindings(): void {
    const found = this.attachment.debug?.found;
    while (found !== undefined && found.length > 0) {
      const finding = found.shift() as Finding;
      const error = allocError('CORRUPTION_DETECTED', finding.ptr);
      const what = `${finding.where}: ${finding.message}`;
      this.refuse({ ...error, message: `${error.message}; ${what}` });
      const listeners = [...this.damageListeners];
      for (const listener of listeners) callSafely(listener, finding);
      if (listeners.length === 0) warn(`${String(finding.ptr)}, ${what}`);
    }
  }
}

/** Throws BAD_OPTION for what is no tag. */
export function checkTag(tag: string): void {
  if (typeof tag === 'string' && TAG.test(tag)) return;
  throw new HeapError('BAD_OPTION', `a tag is one line of 1 to ${String(TAG_MAX)} characters`);
}

/** What a listener throws is its program's affair, and does not keep others from being told. */
function callSafely<T>(listener: (of: T) => void, of: T): void {
  try {
    listener(of);
  } catch (error) {
    throwLater(error);
  }
}

function warn(text: string): void {
  const { process } = globalThis as { process?: Process };
  process?.emitWarning?.(`shared heap: damage at ${text}`, 'HeapDamage');
}
