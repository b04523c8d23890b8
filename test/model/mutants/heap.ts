// Wrongs done to seats, generations and the simple heap.

import { mutant, type Mutant } from './mutant.ts';

const RELEASE = 'src/heap/release.ts';

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
  mutant(
    'a seat is another’s before its magazines are home',
    'attach and detach, two visitors',
    'src/heap/heap.ts',
    'for (const depot of on.depots) depot?.flush();',
    'on.table.leave(on.seat);\n    for (const depot of on.depots) depot?.flush();',
  ),
  mutant(
    'what a leaver has counted is added without the lock',
    'attach and detach, two visitors',
    'src/heap/heap.ts',
    'on.slotLock.lock();\n    on.counters.foldInto(on.retired);\n    on.slotLock.unlock();',
    'on.counters.foldInto(on.retired);',
  ),
  mutant(
    'a heap is ready before it is written',
    'a heap opened while it is being made is refused, or whole',
    'src/heap/create.ts',
    'for (const [word, value] of words) memory.set(word, value);',
    'memory.store(HEADER.READY, 1);\n' +
      '  for (const [word, value] of words) memory.set(word, value);',
  ),
  mutant(
    'a reference has one bit of generation',
    'checked: a stale reference never frees the next holder’s block',
    'src/heap/generations.ts',
    'const GENERATIONS = 2 ** 23;',
    'const GENERATIONS = 2;',
  ),
  {
    name: 'a free goes by the mode that is on, not by the block',
    edits: [
      {
        path: RELEASE,
        from: "import { Generations } from './generations.ts';",
        to: "import { Generations } from './generations.ts'; import { modeIn } from './mode.ts';",
      },
      {
        path: RELEASE,
        from: 'if (id !== 0) return this.freeOfClass(granule, id);',
        to:
          "if (id !== 0 && modeIn(this.on.memory) !== 'simple-heap')" +
          ' return this.freeOfClass(granule, id);',
      },
    ],
    shownBy: 'a block freed while its tier is switched off',
  },
  mutant(
    'a realloc in the simple heap does not look again under the lock',
    'simple heap, a block resized while another thread frees it',
    'src/block/simple.ts',
    'const stillLive = this.states.get(block) === SIMPLE_LIVE;',
    'const stillLive = true;',
  ),
  mutant(
    'a seat is taken and not counted',
    'attach and detach, two visitors',
    'src/slot/slot.ts',
    'raiseTo(this.memory, HEADER.SLOTS_USED, slot + 1);',
    '',
  ),
];
