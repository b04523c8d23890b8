// Wrongs done to what a repair believes: the notes of what is being changed, the order of stores
// around them, and the repairs themselves.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const SLAB = 'src/block/slab.ts';
const SUMS = 'src/block/slabsums.ts';
const MENDS = 'src/block/slabrepair.ts';
const BUDDY = 'src/page/buddy.ts';
const MAP = 'src/page/pagemap.ts';

const REFILLS = 'slab, two refills at once';
const EMPTY = 'slab, empty ones go back to the zone';
const PAGES = 'slab, an empty one goes back while another thread takes pages';

export const ofRepair: readonly Mutant[] = [
  mutant(
    'a refill does not say which slab it changes',
    'slab, a block of another slab than was touched last, 1 magazines',
    SLAB,
    'memory.set(this.record + TOUCHED, slab);\n    const top',
    'const top',
    dying,
  ),
  mutant(
    'who takes a block past the magazines does not say from which slab',
    'slab, a block of another slab than was touched last, 1 magazines',
    SLAB,
    'this.memory.set(this.record + TOUCHED, slab);\n    const granule',
    'const granule',
    dying,
  ),
  mutant(
    'a block comes home and nobody says to which slab',
    EMPTY,
    SLAB,
    'memory.set(record + TOUCHED, of);',
    '',
    dying,
  ),
  mutant(
    'blocks of another slab come next, and those before are not counted',
    EMPTY,
    SLAB,
    'if (slab !== 0) this.cameHome(slab, returned - since);\n        memory',
    'memory',
  ),
  mutant(
    'a slab goes and nobody says which',
    PAGES,
    SLAB,
    'this.memory.set(this.record + TOUCHED, slab);\n    this.sums',
    'this.sums',
    dying,
  ),
  mutantOf(
    'bits are cleared before the blocks are cached',
    REFILLS,
    SLAB,
    [
      [
        'memory.set(at, top + count);',
        'memory.set(at, top + count);\n    this.bits.clear(slab, count);',
      ],
      [
        'private claimed(slab: number, count: number): void {\n' +
          '    const { memory, map, record } = this;\n    this.bits.clear(slab, count);',
        'private claimed(slab: number, count: number): void {\n' +
          '    const { memory, map, record } = this;',
      ],
    ],
    dying,
  ),
  mutant(
    'a run is cut with the owner of before',
    REFILLS,
    BUDDY,
    'this.map.set(page, OWNER, owner);',
    '',
    dying,
  ),
  mutant('a run is cut and not noted', REFILLS, BUDDY, 'this.memory.set(note, page);', '', dying),
  mutantOf(
    'a run is cut before it has an owner',
    REFILLS,
    BUDDY,
    [
      [
        'this.claim(page, claim);\n    this.lists.remove(page, order);\n    const length',
        'this.lists.remove(page, order);\n    const length',
      ],
      ['// COMMIT: the pieces behind it become visible with it', '\n    this.claim(page, claim);'],
    ],
    dying,
  ),
  mutant(
    'a run that was cut for the dead stays cut',
    REFILLS,
    SLAB,
    'if (owner === TRANSIT + id) this.zones.free(slab);',
    '',
    dying,
  ),
  mutant(
    'a slab is one before its pages know it',
    REFILLS,
    SLAB,
    'const blocks = this.bits.capacityOf(pages);\n    for (let page',
    'const blocks = this.bits.capacityOf(pages);\n    map.set(slab, OWNER, this.id);\n' +
      '    for (let page',
    dying,
  ),
  mutantOf(
    'sums without the slab are written when it is one already',
    REFILLS,
    SLAB,
    [
      ['this.sums.without(slab, 0, 0);\n', ''],
      ['// COMMIT: from here on it is a slab', '\n    this.sums.without(slab, 0, 0);'],
    ],
    dying,
  ),
  mutantOf(
    'sums without the slab are written when it is none any more',
    PAGES,
    SLAB,
    [
      ['this.sums.without(slab, pages, blocks);\n', ''],
      ['// COMMIT: no slab any more', '\n    this.sums.without(slab, pages, blocks);'],
    ],
    dying,
  ),
  mutant('sums name no slab', PAGES, SUMS, 'memory.set(record + REST_OF, slab);', '', dying),
  mutantOf(
    'sums name their slab before they stand',
    PAGES,
    SUMS,
    [
      [
        'memory.set(record + REST_SLABS,',
        'memory.set(record + REST_OF, slab);\n    memory.set(record + REST_SLABS,',
      ],
      ['blocks);\n    memory.set(record + REST_OF, slab);', 'blocks);'],
    ],
    dying,
  ),
  mutantOf(
    'sums name no slab any more before they are added up',
    PAGES,
    SUMS,
    [
      [
        'memory.set(record + SLABS, memory.get(record + REST_SLABS)',
        'memory.set(record + REST_OF, 0);\n' +
          '    memory.set(record + SLABS, memory.get(record + REST_SLABS)',
      ],
      ['+ blocks);\n    memory.set(record + REST_OF, 0);', '+ blocks);'],
    ],
    dying,
  ),
  mutant(
    'sums are not repaired',
    PAGES,
    SUMS,
    'if (this.memory.get(this.record + REST_OF) !== 0) this',
    'if (this.record < 0) this',
    dying,
  ),
  mutant(
    'bits are not repaired',
    REFILLS,
    MENDS,
    'if (touched !== 0) this.bits(touched);',
    '',
    dying,
  ),
  mutant(
    'a slab that is in no list stays out',
    EMPTY,
    MENDS,
    'this.map.link(this.slabs.listOf(touched), touched);',
    '',
    dying,
  ),
  mutant(
    'a slab that has gone stays in the list',
    'reclaim beside rounds',
    MENDS,
    'else map.set(before, NEXT, next);',
    'else void next;',
    { walk: 'kill' },
  ),
  mutant(
    'the head of a list that has gone stays',
    PAGES,
    MENDS,
    'else if (before === 0) map.memory.set(head, next);',
    'else if (before === 0) void next;',
    dying,
  ),
  mutant(
    'the way back in a list is not repaired',
    'slab, a block of another slab than was touched last, 6 magazines',
    MENDS,
    'map.set(slab, PREV, before);',
    '',
    dying,
  ),
  mutant(
    'a list begins with a slab that does not know the next',
    EMPTY,
    MAP,
    'const first = this.memory.get(head);',
    'const first = this.memory.get(head);\n    this.memory.set(head, page);',
    dying,
  ),
  mutant(
    'who leaves a list forgets the next before the others know it',
    'slab, a block of another slab than was touched last, 1 magazines',
    MAP,
    'const prev = this.get(page, PREV);',
    'const prev = this.get(page, PREV);\n    this.set(page, NEXT, 0);',
    dying,
  ),
];
