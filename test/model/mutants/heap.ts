// Wrongs done to seats, generations and the simple heap.

import { mutant, type Mutant } from './mutant.ts';

export const ofHeap: readonly Mutant[] = [
  mutant(
    'a seat is taken by a load and a store',
    'attach and detach, two visitors',
    'src/slot/slot.ts',
    'if (this.memory.cas(word, seen, taken) !== seen) continue;',
    'this.memory.store(word, taken);',
  ),
  mutant(
    'who leaves keeps its magazines',
    'detach beside a round: its blocks serve the other',
    'src/heap/heap.ts',
    'for (const depot of on.depots) depot?.flush();',
    '',
  ),
  mutant(
    'a generation ends by a store',
    'checked: one block freed by two at once, exactly one succeeds',
    'src/heap/generations.ts',
    'return this.memory.cas(this.origin + granule, seen, (seen + 1) | 0) === seen;',
    'this.memory.store(this.origin + granule, (seen + 1) | 0);\n    return true;',
  ),
  mutant(
    'a checked free does not ask the generation',
    'checked: one block freed by two at once, exactly one succeeds',
    'src/heap/release.ts',
    'live && this.generations.end(granule, seen) && this.freeBlock(granule)',
    'live && this.freeBlock(granule)',
  ),
  mutant(
    'a free of the simple heap decides before it has the lock',
    'simple heap, one block freed by two at once: exactly one succeeds',
    'src/block/simple.ts',
    'this.lock.lock();\n    const live = this.states.get(block) === SIMPLE_LIVE;',
    'const live = this.states.get(block) === SIMPLE_LIVE;\n    this.lock.lock();',
  ),
  mutant(
    'an arena without a block is kept',
    'simple heap, two rounds',
    'src/block/simple.ts',
    'if (live === 0) this.dropArena(arena);',
    '',
  ),
];
