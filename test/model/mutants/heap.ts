// Wrongs done to seats, generations and the simple heap.

import { mutant, type Mutant } from './mutant.ts';

const RELEASE = 'src/heap/release.ts';

export const ofHeap: readonly Mutant[] = [
  mutant(
    'a seat is taken by a load and a store',
    'attach and detach, two visitors',
    'src/slot/slot.ts',
    'if (memory.cas(record + WHO, 0, who) !== 0) return null;',
    'memory.store(record + WHO, who);',
  ),
  mutant(
    'who leaves keeps its magazines',
    'detach beside a round: its blocks serve the other',
    'src/heap/session.ts',
    'for (const depot of depots) depot?.flush();',
    '',
  ),
  mutant(
    'a generation ends by a store',
    'checked: one block freed by two at once, exactly one succeeds',
    'src/block/generations.ts',
    'return this.memory.cas(this.origin + granule, seen, over) === seen;',
    'this.memory.store(this.origin + granule, over);\n    return true;',
  ),
  mutant(
    'a checked free does not ask the generation',
    'checked: one block freed by two at once, exactly one succeeds',
    'src/heap/release.ts',
    'return this.end(granule, seen) || this.void(this.ending);',
    'this.end(granule, seen);\n    return true;',
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
    'if (map.get(arena, LIVE_BLOCKS) === 0) this.dropArena(arena);',
    '',
  ),
  mutant(
    'a seat is another’s before its magazines are home',
    'attach and detach, two visitors',
    'src/heap/session.ts',
    'for (const depot of depots) depot?.flush();',
    'table.release(seat.slot);\n    for (const depot of depots) depot?.flush();',
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
    'src/block/generations.ts',
    'const BITS = 23;',
    'const BITS = 1;',
  ),
  {
    name: 'a free goes by the mode that is on, not by the block',
    edits: [
      {
        path: RELEASE,
        from: "import type { Attachment } from './attachment.ts';",
        to:
          "import type { Attachment } from './attachment.ts'; import { modeIn } from " +
          "'./mode.ts';",
      },
      {
        path: RELEASE,
        from: 'if (id === 0) return this.counted(',
        to: "if (id === 0 || modeIn(this.on.memory) === 'simple-heap') return this.counted(",
      },
      {
        path: RELEASE,
        from: 'if (id !== 0) return depots[id]?.giveDirect(granule, entry) ?? false;',
        to:
          "if (id !== 0 && modeIn(this.on.memory) !== 'simple-heap')" +
          ' return depots[id]?.giveDirect(granule, entry) ?? false;',
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
    'who is cut while it sits down keeps the seat',
    'tracked: blocks of the dead, who have all seats',
    'src/heap/session.ts',
    'table.giveUpUnsettled(); // cut by',
    '// cut by',
    { walk: 'hunt' },
  ),
  mutant(
    'who had no stack left to give up the seat keeps it',
    'who could not give up the seat it was about to take comes again',
    'src/heap/session.ts',
    'table.giveUpUnsettled(); // there',
    '// there',
  ),
  mutant(
    'a seat that its thread was giving back when it was cut is not given up',
    'tracked: blocks of the dead, who have all seats',
    'src/slot/slot.ts',
    'if (!this.declareSeen(slot, seen, LEFT)) this.giveUpUnsettled();',
    'this.declareSeen(slot, seen, LEFT);',
    { walk: 'hunt' },
  ),
  mutant(
    'a seat is taken and not counted',
    'attach and detach, two visitors',
    'src/slot/slot.ts',
    'if (slot < this.maxSlots) raiseTo(memory, SLOTS_USED, slot + 1);',
    '',
  ),
];
