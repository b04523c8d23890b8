// Wrongs done to racks.

import { dying, mutant, type Mutant } from './mutant.ts';

const RACK = 'src/block/rack.ts';
const DEPOT = 'src/block/depot.ts';

const PLACES =
  'for (const place of placesOf(memory, at, magazines.holder)) {\n' +
  '      blocks += this.surrenderLocked(place);\n' +
  '    }\n';
const GIVE = '    this.rack.giveLocked(this.pool);\n';

export const ofRacks: readonly Mutant[] = [
  mutant(
    'a new rack lists what its array listed before',
    'a rack begins when a magazine is taken up',
    RACK,
    'memory.set(rack + COUNT, 0);\n',
    '',
  ),
  mutant(
    'the array of a new rack is noted for no class',
    'a rack begins in a slot that has moved nothing yet',
    RACK,
    'magazines.move(0, this.id);',
    '',
    dying,
  ),
  mutant(
    'a rack keeps a magazine that it does not list',
    'a rack begins when a magazine is taken up',
    RACK,
    'this.memory.set(rack + COUNT, count + 1);',
    '',
  ),
  mutant(
    'a rack goes home before its magazines',
    'two recover a dead thread that has a rack',
    DEPOT,
    PLACES + GIVE,
    GIVE + PLACES,
  ),
  mutant(
    'a flush forgets the rack',
    'a rack is sent home by its slot',
    DEPOT,
    PLACES + GIVE,
    'blocks += this.surrenderLocked(at) + this.surrenderLocked(at + PREVIOUS);\n',
  ),
  mutant(
    'empty magazines on their way to the pool are noted for no class',
    'empty magazines go to the pool through a slot that has moved nothing yet',
    'src/block/drain.ts',
    'magazines.move(0, this.source.id);',
    '',
    dying,
  ),
  mutant(
    'strays are not looked for in racks',
    'a stray in a rack is not good again by a block of another class in its place',
    'src/block/strays.ts',
    'for (const place of placesOf(memory, at, slot + 1)) {',
    'for (const place of placesOf(memory, at, -1)) {',
  ),
];
