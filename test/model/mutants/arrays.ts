// Wrongs done to where arrays belong: HOLDER, MOVING, the notes, the lists of the pool and the
// shelf.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const POOL = 'src/block/pool.ts';
const SHELF = 'src/block/shelf.ts';
const DEPOT = 'src/block/depot.ts';
const DRAIN = 'src/block/drain.ts';

const REFILLS = 'slab, two refills of two classes';
const ROUNDS = 'slab, two rounds of one block';
const DOWN = 'depot, full magazines go down and are taken up';
const FILL = 'depot, two threads fill it';
const RECLAIM = 'reclaim beside rounds';

const TAKES = 'memory.set(magazine + HOLDER, holder); // COMMIT\n    memory.set(record + FULL,';
const LAID =
  'memory.set(record + FULL, magazine);\n    memory.set(magazine + HOLDER, this.holder);';
const EMPTY_LAID =
  'memory.set(record + EMPTIES, magazine);\n    memory.set(magazine + HOLDER, this.holder);';

export const ofArrays: readonly Mutant[] = [
  mutant(
    'an array is taken before it is noted',
    REFILLS,
    POOL,
    'this.memory.set(note, array);\n      this.memory.set(array + HOLDER, holder); // COMMIT',
    'this.memory.set(array + HOLDER, holder);\n      this.memory.set(note, array);',
    dying,
  ),
  mutant(
    'an array leaves the pool before it has a holder',
    REFILLS,
    POOL,
    'this.memory.set(array + HOLDER, holder); // COMMIT\n      this.dropLocked();',
    'const head = this.memory.get(POOL_FREE);\n' +
      '      if (head !== 0) this.memory.set(POOL_FREE, this.memory.get(head + NEXT));\n' +
      '      else this.memory.set(POOL_NEXT, this.memory.get(POOL_NEXT) + 1);\n' +
      '      this.memory.set(array + HOLDER, holder);',
    dying,
  ),
  mutant(
    'an array has no holder',
    REFILLS,
    POOL,
    'this.memory.set(array + HOLDER, holder); // COMMIT',
    '',
  ),
  mutantOf(
    'an array is nobody’s before the pool has it',
    ROUNDS,
    POOL,
    [
      [
        'this.memory.set(array + NEXT, this.memory.get(POOL_FREE));',
        'this.memory.set(array + HOLDER, NOBODY);\n' +
          '    this.memory.set(array + NEXT, this.memory.get(POOL_FREE));',
      ],
      ['this.memory.set(array + HOLDER, NOBODY); // COMMIT', ''],
    ],
    { walk: 'kill' },
  ),
  mutant(
    'who takes the pool’s lock over leaves its head',
    REFILLS,
    POOL,
    'repairLocked(): void {\n    this.dropLocked();',
    'repairLocked(): void {',
    dying,
  ),
  mutant(
    'a full magazine is off the shelf before it has a holder',
    DOWN,
    SHELF,
    'memory.set(magazine + HOLDER, holder); // COMMIT\n' +
      '    memory.set(record + FULL, memory.get(magazine + NEXT));',
    'memory.set(record + FULL, memory.get(magazine + NEXT));\n' +
      '    memory.set(magazine + HOLDER, holder);',
    dying,
  ),
  mutant(
    'a full magazine that is taken stays the shelf’s',
    DOWN,
    SHELF,
    TAKES,
    'memory.set(record + FULL,',
    dying,
  ),
  mutant(
    'a full magazine is the shelf’s before it is listed',
    FILL,
    SHELF,
    LAID,
    'memory.set(magazine + HOLDER, this.holder);\n    memory.set(record + FULL, magazine);',
    dying,
  ),
  mutant(
    'a full magazine that is laid down stays the slot’s',
    FILL,
    SHELF,
    LAID,
    'memory.set(record + FULL, magazine);',
    dying,
  ),
  mutant(
    'an empty magazine is the shelf’s before it is listed',
    'depot, an empty magazine goes down and is taken up',
    SHELF,
    EMPTY_LAID,
    'memory.set(magazine + HOLDER, this.holder);\n    memory.set(record + EMPTIES, magazine);',
    dying,
  ),
  mutant(
    'an empty magazine that is laid down stays the slot’s',
    'depot, an empty magazine goes down and is taken up',
    SHELF,
    EMPTY_LAID,
    'memory.set(record + EMPTIES, magazine);',
    dying,
  ),
  mutant(
    'an empty magazine is taken before it is noted',
    'depot, an empty magazine goes down and is taken up',
    SHELF,
    'memory.set(note, magazine);\n    memory.set(magazine + HOLDER, holder); // COMMIT',
    'memory.set(magazine + HOLDER, holder);\n    memory.set(note, magazine);',
    dying,
  ),
  mutant(
    'an empty magazine is off the shelf before it has a holder',
    'depot, an empty magazine goes down and is taken up',
    SHELF,
    'memory.set(magazine + HOLDER, holder); // COMMIT\n' +
      '    memory.set(record + EMPTIES, memory.get(magazine + NEXT));',
    'memory.set(record + EMPTIES, memory.get(magazine + NEXT));\n' +
      '    memory.set(magazine + HOLDER, holder);',
    dying,
  ),
  mutant(
    'who takes the class lock over leaves the shelf as it is',
    DOWN,
    DEPOT,
    'this.shelf.repairLocked();',
    '',
    dying,
  ),
  mutant(
    'a magazine is listed on the shelf under a count of before',
    RECLAIM,
    SHELF,
    'if (head !== 0) memory.set(head + COUNT, this.compact(head));',
    '',
    dying,
  ),
  mutant(
    'blocks that went home stay in a magazine of the shelf',
    RECLAIM,
    SHELF,
    'if (states.get(granule) !== SHELVED || this.lists(magazine, kept, granule)) continue;\n' +
      '      memory.set(++kept, granule);',
    'memory.set(++kept, granule);',
    dying,
  ),
  mutant(
    'a repair of the shelf that is cut doubles what it has moved up',
    'the shelf of one who died sending its blocks home',
    SHELF,
    ' || this.lists(magazine, kept, granule)',
    '',
    dying,
  ),
  mutant(
    'who takes a full magazine does not say that its blocks are between two states',
    DOWN,
    DEPOT,
    "magazines.move(full + NONE + count, this.id); // until its blocks carry this slot's tag",
    '',
    dying,
  ),
  mutant(
    'who lays a magazine down does not say that its blocks are between two states',
    FILL,
    DEPOT,
    "this.magazines.move(top, this.id); // until none of its blocks is this slot's",
    '',
    dying,
  ),
  mutant(
    'reclaim does not say which magazine it takes off the shelf',
    RECLAIM,
    DRAIN,
    'magazines.move(full, this.source.id);',
    '',
    dying,
  ),
  mutant(
    'reclaim takes a full magazine off the shelf before its blocks are home',
    RECLAIM,
    DRAIN,
    'this.sendHome(full);\n    magazines.move(full, this.source.id);\n' +
      '    shelf.popFull(magazines.holder);',
    'magazines.move(full, this.source.id);\n    shelf.popFull(magazines.holder);\n' +
      '    this.sendHome(full);',
    dying,
  ),
  mutant(
    'a slot forgets a magazine before the pool has it',
    RECLAIM,
    DEPOT,
    'if (ours) this.pool.give(magazine);\n    this.memory.set(word, 0);',
    'this.memory.set(word, 0);\n    if (ours) this.pool.give(magazine);',
    dying,
  ),
];
