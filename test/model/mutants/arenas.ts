// Wrongs done to what repairs of the simple heap and of the zones believe.

import { dying, mutant, type Mutant } from './mutant.ts';

const SIMPLE = 'src/block/simple.ts';
const ARENAS = 'src/block/simplerepair.ts';
const ZONE = 'src/page/zone.ts';
const BUDDY = 'src/page/buddy.ts';

const ROUNDS = 'simple heap, two rounds';
const SPLIT = 'buddy, two threads split and merge at order 0';
const MERGE = 'buddy, two frees that merge with each other';

export const ofArenas: readonly Mutant[] = [
  mutant(
    'a free of the simple heap does not say in which arena',
    'simple heap, two arenas',
    SIMPLE,
    'this.memory.set(SIMPLE_TOUCHED, arena);\n    return arena;',
    'return arena;',
    dying,
  ),
  mutant(
    'an alloc of the simple heap does not say in which arena',
    'simple heap, two arenas',
    SIMPLE,
    'this.memory.set(SIMPLE_TOUCHED, arena);\n      this.cut',
    'this.cut',
    dying,
  ),
  mutant(
    'an arena that was cut for the dead stays cut',
    ROUNDS,
    SIMPLE,
    'if (owner === TRANSIT + ARENA) this.giveUp(arena);',
    '',
    dying,
  ),
  mutant(
    'an arena that the dead emptied stays',
    ROUNDS,
    SIMPLE,
    'if (owner === ARENA && map.get(arena, LIVE_BLOCKS) === 0) this.dropArena(arena);',
    '',
    dying,
  ),
  mutant(
    'an arena is not mended',
    ROUNDS,
    ARENAS,
    'if (touched !== 0) new ArenaRepair(map, states, touched, map.run(touched)).mend();',
    '',
    dying,
  ),
  mutant(
    'a new arena stays out of the list',
    ROUNDS,
    ARENAS,
    'if (touched !== 0 && !listed) map.link(SIMPLE_ARENAS, touched);',
    '',
    dying,
  ),
  mutant(
    'an arena that has gone stays in the list',
    ROUNDS,
    ARENAS,
    'else if (before === 0) map.memory.set(SIMPLE_ARENAS, next);',
    'else if (before === 0) void next;',
    dying,
  ),
  mutant(
    'a block is live before what is behind it is free',
    ROUNDS,
    SIMPLE,
    'if (behind > 0) this.makeFree(block + granules, behind);\n' +
      '    this.tags.write(block, granules);',
    'this.tags.write(block, granules);\n' +
      '    this.states.mark(block, SIMPLE_LIVE);\n' +
      '    if (behind > 0) this.makeFree(block + granules, behind);',
    dying,
  ),
  mutant(
    'a tag is believed that the other end denies',
    ROUNDS,
    ARENAS,
    'if (agrees && this.tags.lengthBefore(told) === told - block) return told;',
    'if (agrees) return told;',
    dying,
  ),
  mutant(
    'a free of a large run does not say which',
    MERGE,
    ZONE,
    'this.memory.set(this.record + TOUCHED, page);',
    '',
    dying,
  ),
  mutant(
    'a large run of the dead is nobody’s',
    SPLIT,
    ZONE,
    'if (nobodys && !this.blocks.isLargeAt(page)) this.buddy.freeLocked(page);',
    '',
    dying,
  ),
  mutant(
    'a large run that is live is given back',
    SPLIT,
    ZONE,
    'if (nobodys && !this.blocks.isLargeAt(page))',
    'if (nobodys)',
    dying,
  ),
  mutant(
    'large runs are not counted anew',
    SPLIT,
    ZONE,
    'this.used();\n    this.countLargeAnew();',
    'this.used();',
    dying,
  ),
  mutant(
    'words inside a run stay after a repair',
    'buddy, runs of one and three pages',
    BUDDY,
    'this.cleanInside(page, length);',
    '',
    dying,
  ),
  mutant(
    'a repair forgets to merge',
    MERGE,
    BUDDY,
    'page = map.run(page) < 0 ? this.merge(page) : page + map.run(page);',
    'page += map.lengthAt(page);',
    dying,
  ),
  mutant(
    'nobody says where words may stand inside a run',
    'buddy, runs of one and three pages',
    BUDDY,
    'this.memory.set(this.zone + DIRTY_PAGES, pages);',
    'this.memory.set(this.zone + DIRTY_PAGES, 0);',
    dying,
  ),
  mutant('a repair keeps the lists of before', SPLIT, BUDDY, 'lists.clear();', '', dying),
];
