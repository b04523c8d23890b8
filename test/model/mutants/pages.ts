// Wrongs done to zones and the buddy system.

import { dying, mutant, type Mutant } from './mutant.ts';

const ZONE = 'src/page/zone.ts';
const LARGE = 'src/block/large.ts';
const BUDDY = 'src/page/buddy.ts';

export const ofPages: readonly Mutant[] = [
  mutant(
    'a large run is taken without the zone’s lock',
    'buddy, two threads split and merge at order 0',
    LARGE,
    'zone.lock.lock();\n      const page = zone.allocLocked',
    'const page = zone.allocLocked',
  ),
  mutant(
    'a zone takes pages back without its lock',
    'slab, an empty one goes back while another thread takes pages',
    ZONE,
    'this.lock.lock();\n    this.freeLocked(page);\n    this.lock.unlock();',
    'this.freeLocked(page);',
  ),
  mutant(
    'a peak is stored over a higher one',
    'two zones at once: what is in use is the sum, and so is its peak',
    'src/word/memory.ts',
    'const old = memory.cas(index, seen, value);',
    'const old = seen;\n    memory.store(index, value);',
  ),
  mutant(
    'a merge clears the swallowed word first',
    'buddy, two threads split and merge at order 0',
    BUDDY,
    'this.map.setRun(page, -1 - order); // COMMIT\n      this.map.setRun(high, 0);',
    'this.map.setRun(high, 0);\n      this.map.setRun(page, -1 - order);',
    dying,
  ),
  mutant(
    'a split shortens the block before its pieces stand',
    'buddy, two threads split and merge at order 0',
    BUDDY,
    'if (pages < length) this.writeFree(page + pages, length - pages);\n' +
      '    this.map.setRun(page, pages);',
    'this.map.setRun(page, pages);\n' +
      '    if (pages < length) this.writeFree(page + pages, length - pages);',
    dying,
  ),
  mutant(
    'a free writes its first piece before the rest',
    'buddy, runs of one and three pages',
    BUDDY,
    'this.writeFree(at + (1 << first), pages - (1 << first));\n' +
      '    this.map.setRun(at, -1 - first);',
    'this.map.setRun(at, -1 - first);\n' +
      '    this.writeFree(at + (1 << first), pages - (1 << first));',
    dying,
  ),
  mutant(
    'a growing run swallows before it is longer',
    'realloc in place against an alloc of the same pages',
    BUDDY,
    'this.map.setRun(page, pages); // COMMIT\n' +
      '    for (const at of swallowed) this.map.setRun(at, 0);',
    'for (const at of swallowed) this.map.setRun(at, 0);\n    this.map.setRun(page, pages);',
    dying,
  ),
  mutant(
    'a run is cut before its tail stands',
    'realloc cuts a run in place beside a free',
    BUDDY,
    'this.writeFree(page + pages, tail);\n    this.map.setRun(page, pages); // COMMIT',
    'this.map.setRun(page, pages);\n    this.writeFree(page + pages, tail);',
    dying,
  ),
  mutant(
    'free pages are not counted',
    'buddy, the last run: exactly one gets it',
    'src/page/freelists.ts',
    'memory.set(zone + FREE, memory.get(zone + FREE) + (blocks << order));',
    '',
  ),
  mutant(
    'a free of a large run decides before it has the lock',
    'a large run freed by two at once: exactly one succeeds',
    LARGE,
    'zone.lock.lock();\n    const live = this.states.get(granule) === LARGE;',
    'const live = this.states.get(granule) === LARGE;\n    zone.lock.lock();',
  ),
  mutant(
    'a realloc of a large run does not look again under the lock',
    'a large run resized while another thread frees it',
    LARGE,
    'const from = this.states.get(granule) === LARGE ? this.zones.map.run(page) : 0;',
    'const from = this.zones.map.run(page);',
  ),
  mutant(
    'an alloc that failed counts as bytes handed out',
    'buddy, the last run: exactly one gets it',
    LARGE,
    'if (page !== 0) this.beginLocked(zone, page, pages, entry);',
    'if (page !== 0) this.beginLocked(zone, page, pages, entry);\n      else this.moved(pages);',
  ),
];
