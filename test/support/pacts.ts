// Transactions beneath `Transaction`: parts as an engine sees them.

import type { SharedHeap } from '../../src/heap/heap.ts';
import type { TxEngine } from '../../src/tx/engine.ts';
import type { Part } from '../../src/tx/part.ts';

export function engineOf(heap: SharedHeap): TxEngine {
  return heap['session'].tx;
}

export function begin(engine: TxEngine): Part {
  const part = engine.begin();
  if (part === null) throw new Error('no record is left');
  return part;
}

export function joinOf(engine: TxEngine, led: Part): Part {
  engine.share(led); // as its handle does
  const part = engine.join(led.leader.index, led.leaderNumber);
  if (part === null) throw new Error('it is over');
  return part;
}
