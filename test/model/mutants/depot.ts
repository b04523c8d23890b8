// Wrongs done to the depot.

import { dying, mutant, type Mutant } from './mutant.ts';

const DEPOT = 'src/block/depot.ts';

export const ofDepot: readonly Mutant[] = [
  mutant(
    'what comes from the depot keeps the giver’s tag',
    'depot, full magazines go down and are taken up',
    DEPOT,
    'if (taken) this.retag();',
    '',
  ),
  {
    name: 'a full magazine leaves the depot before the slot has it',
    edits: [
      {
        path: DEPOT,
        from: 'const old = memory.get(at);\n    if (old !== 0 && ',
        to:
          'shelf.popFull(magazines.holder);\n' +
          '    const old = memory.get(at);\n' +
          '    if (old !== 0 && ',
      },
      {
        path: DEPOT,
        from: 'shelf.popFull(magazines.holder);\n    this.moved(count);',
        to: 'this.moved(count);',
      },
    ],
    shownBy: 'depot, full magazines go down and are taken up',
    ...dying,
  },
  mutant(
    'the previous magazine is overwritten',
    'depot, two threads fill it',
    DEPOT,
    'memory.set(at + PREVIOUS, memory.get(at)); // in both places, until another is loaded',
    '',
  ),
  mutant(
    'a block is off its magazine before it is free',
    'slab, empty ones go back to the zone',
    DEPOT,
    'const returned = source.returnAllLocked(none + 1',
    'memory.set(word, none);\n    const returned = source.returnAllLocked(none + 1',
    dying,
  ),
  mutant(
    'a refill does not take the class lock',
    'slab, two refills at once',
    DEPOT,
    'this.lock.lock();\n    let got = this.source',
    'let got = this.source',
  ),
  mutant(
    'bytes handed out are added up by a load and a store',
    'slab, two refills of two classes',
    'src/block/out.ts',
    'const out = memory.add(OUT, granules) + granules;',
    'memory.store(OUT, memory.load(OUT) + granules);\n    const out = memory.load(OUT);',
  ),
  mutant(
    'who sends home what the depot has learned to hold does so without its lock',
    'what a depot has learned to hold goes home beside rounds',
    DEPOT,
    'this.lock.lock();\n    this.drain.lowerLocked();\n    this.source.trimLocked();\n' +
      '    this.lock.unlock();',
    'this.drain.lowerLocked();\n    this.source.trimLocked();',
  ),
];
