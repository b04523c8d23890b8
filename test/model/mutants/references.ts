// Wrongs done to references: to what a death leaves of them, to their lock, to who frees.

import { dying, mutant, type Mutant } from './mutant.ts';

const REFERENCES = 'src/block/references.ts';
const TABLE = 'src/block/reftable.ts';
const GENERATIONS = 'src/block/generations.ts';
const RELEASE = 'src/heap/release.ts';
const RETENTION = 'src/heap/retention.ts';
const RECOVERY = 'src/heap/recovery.ts';

const TWO_GO = 'references: two let go at once';
const STAYS = 'references: one goes and comes, and whoever stays recovers it';
const WRITE = 'references: two write';
const ARRAYS = 'references: several blocks, and arrays that come and go';
const LEFT = 'references: one array is left for two';

const JOIN = 'const joined = states.generations.join(granule, seen);';
const NAMED = 'memory.set(REFERENCE, entry);\n    memory.store(entry + KIND, GOING);';
const LETS = 'ownedBlocks = this.retention.dropAll(slot, !table.goesOn(slot));';

export const ofReferences: readonly Mutant[] = [
  {
    name: 'a first reference is named when it is counted already',
    edits: [
      {
        path: REFERENCES,
        from: 'memory.set(REFERENCE, entry); // before the swap: then whoever',
        to: '// then whoever',
      },
      { path: REFERENCES, from: JOIN, to: `${JOIN}\n    memory.set(REFERENCE, entry);` },
    ],
    shownBy: STAYS,
    dying: true,
  },
  mutant(
    'a last reference goes and nobody is told which',
    STAYS,
    REFERENCES,
    NAMED,
    'memory.store(entry + KIND, GOING);',
    dying,
  ),
  mutant(
    'of the dead, a last reference that was going counts as gone',
    TWO_GO,
    REFERENCES,
    'stays ? HELD : VOID',
    'VOID',
    dying,
  ),
  mutant(
    'of the dead, a last reference that has gone counts as there',
    STAYS,
    REFERENCES,
    'stays ? HELD : VOID',
    'HELD',
    dying,
  ),
  mutant(
    'of the dead, a first reference that was coming counts as there',
    STAYS,
    REFERENCES,
    'if (states.generations.hasJoined(granule, seen)) this.holdLocked(entry);',
    'if (kind === COMING) this.holdLocked(entry);',
    dying,
  ),
  mutant(
    'of the dead, a copy that is held counts as one that is not',
    WRITE,
    REFERENCES,
    'else if (kind === COMING || kind === COPY) {',
    'else if (kind === COMING) {',
    dying,
  ),
  {
    name: 'a first reference is taken without the lock',
    edits: [
      {
        path: REFERENCES,
        from: 'this.lock.lock();\n    const entry = this.own.vacantLocked();',
        to: 'const entry = this.own.vacantLocked();',
      },
      {
        path: REFERENCES,
        from: 'this.own.trimLocked(entry);\n    this.lock.unlock();\n    if (entry === 0)',
        to: 'this.own.trimLocked(entry);\n    if (entry === 0)',
      },
    ],
    shownBy: LEFT,
  },
  {
    name: 'a last reference goes without the lock',
    edits: [
      {
        path: REFERENCES,
        from: 'this.lock.lock();\n    const ended = this.goLocked(entry, ends);',
        to: 'const ended = this.goLocked(entry, ends);',
      },
      {
        path: REFERENCES,
        from: 'table.trimLocked(entry);\n    this.lock.unlock();\n    return ended;',
        to: 'table.trimLocked(entry);\n    return ended;',
      },
    ],
    shownBy: TWO_GO,
  },
  mutant(
    'who frees a block does not ask for holders',
    'references: a free against a first reference',
    GENERATIONS,
    'return seen <= MASK && this.endAs(granule, seen);',
    'return this.endAs(granule, seen);',
  ),
  mutant(
    'a weak handle is matched before the lock, and not again',
    'references: a weak handle, while the last one goes and the block is in use again',
    REFERENCES,
    'if (wanted !== 0 && generationIn(seen) !== wanted) return false;',
    '',
  ),
  mutant(
    'who ends the generation of a last reference says so afterwards',
    TWO_GO,
    RELEASE,
    'memory.store(at + KIND, ENDS); // first: who ends a generation has named the block\n    ' +
      'return states.generations.finishLast(granule, seen) || this.void(this.ending);',
    'const ended = states.generations.finishLast(granule, seen);\n    ' +
      'memory.store(at + KIND, ended ? ENDS : 0);\n    return ended;',
    dying,
  ),
  {
    name: 'whoever lets go frees the block',
    edits: [
      {
        path: GENERATIONS,
        from: 'return holdersIn(seen) === 1 && this.endAs(granule, seen);',
        to: 'return this.endAs(granule, seen);',
      },
      { path: REFERENCES, from: ' && holdersIn(seen) === 1 && ends', to: ' && ends' },
    ],
    shownBy: TWO_GO,
  },
  mutant(
    'copies of the dead stay live',
    WRITE,
    RETENTION,
    'if (this.release.freeFor(references.copyToFree(entry))) blocks++;',
    'blocks++;',
    dying,
  ),
  mutant(
    'copies of the dead are taken for references of theirs',
    WRITE,
    REFERENCES,
    'return this.memory.load(entry + KIND) === COPY;',
    'return this.memory.load(entry + KIND) > COPY;',
    dying,
  ),
  mutant('the dead go on holding what they held', TWO_GO, RECOVERY, LETS, '', dying),
  mutant(
    'who has given up its seat loses the blocks that it alone held',
    'references: who overflows loses them, but not the block that it alone has',
    RECOVERY,
    LETS,
    'ownedBlocks = this.retention.dropAll(slot, true);',
    { thrown: true },
  ),
  mutant(
    'the references of who leaves stay',
    ARRAYS,
    'src/heap/session.ts',
    'this.retention.dropAll(seat.slot, true);',
    '',
  ),
  mutant(
    'an array of references that was coming or going is forgotten',
    ARRAYS,
    RETENTION,
    'references.settle(table);',
    '',
    dying,
  ),
  mutant(
    'an array of references goes and nobody is told which',
    ARRAYS,
    TABLE,
    'memory.set(note, array);\n    memory.set(link',
    'memory.set(link',
    dying,
  ),
  mutant(
    'an array of references goes back while the chain names it',
    ARRAYS,
    TABLE,
    'memory.set(link, memory.get(array + NEXT)); // COMMIT: NEXT is ours until it is given\n    ' +
      'this.pool.give(array);',
    'this.pool.give(array);\n    memory.set(link, memory.get(array + NEXT));',
  ),
  mutant(
    'who writes alone leaves the handles to the block good',
    'references: a weak handle, while the only holder writes',
    GENERATIONS,
    'const next = ((seen + 2) & MASK) | HOLDER;',
    'const next = seen;',
  ),
  mutant(
    'who writes asks only before the lock whether it is alone',
    'references: a weak handle, while the only holder writes',
    RETENTION,
    'references.ownAlone(granule)',
    'this.on.states.generations.holders(granule) === 1',
  ),
];
