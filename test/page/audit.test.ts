// The audit of a zone: each kind of damage to the buddy's words is named, and a walk over damaged
// words comes to an end.

import { expect, test } from 'vitest';
import { auditZone } from '../../src/page/audit.ts';
import type { Zone } from '../../src/page/zone.ts';
import { ZONE } from '../../src/word/layout.ts';
import { PAGE } from '../../src/word/records.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { sit, tinyHeap } from '../support/tiny.ts';

const { FREE, COUNTS, AVAILABLE, HEADS } = ZONE;

/** A zone of sixteen pages: one in use, then free blocks of 1, 2, 4 and 8 pages. */
function zoneInUse(): { on: Attachment; zone: Zone; first: number } {
  const on = sit(tinyHeap({ zones: [0, 16, 0], align: 16 }));
  const zone = on.zones.list[1] as Zone;
  return { on, zone, first: zone.buddy.allocLocked(1, 0, zone.forLarge) };
}

function add(on: Attachment, zone: Zone, word: number, by: number): void {
  on.memory.set(zone.record + word, on.memory.get(zone.record + word) + by);
}

type Damage = (on: Attachment, zone: Zone, first: number) => void;

const damages: [what: string, damage: Damage, finding: RegExp][] = [
  ['a run without a length', (on, _, p) => on.map.setRun(p, 0), /RUN word 0 cannot stand here/],
  ['a run beyond the zone', (on, _, p) => on.map.setRun(p, 17), /RUN word 17 cannot stand here/],
  ['a block beyond it', (on, _, p) => on.map.setRun(p + 8, -5), /RUN word -5 cannot stand here/],
  ['a word inside a run', (on, _, p) => on.map.setRun(p + 9, 1), /inside a run has a RUN word/],
  ['a free run taken for used', (on, _, p) => on.map.setRun(p + 1, 1), /0 found, -1 listed, 1 cou/],
  ['a used run taken for free', (on, _, p) => on.map.setRun(p, -1), /buddies are not merged/],
  ['a split block', (on, _, p) => [8, 12].forEach((i) => on.map.setRun(p + i, -3)), /not merged/],
  ['a block off its place', (on, _, p) => on.map.setRun(p + 1, -2), /2 pages is not aligned/],
  ['a lost free page', (on, zone) => add(on, zone, FREE, -1), /15 pages free, 14 counted/],
  ['a lost block', (on, zone) => add(on, zone, COUNTS + 2, -1), /order 2: 1 found, 1 listed, 0/],
  ['a lost list', (on, zone) => on.memory.set(zone.record + HEADS + 2, 0), /1 found, 0 listed, 1/],
  [
    'a list of others',
    (on, zone, p) => on.memory.set(zone.record + HEADS + 2, p),
    /order 2 is bro/,
  ],
  ['a wild list', (on, zone) => on.memory.set(zone.record + HEADS + 2, 1), /order 2 is broken/],
  ['a list in a ring', (on, _, p) => on.map.set(p + 4, PAGE.NEXT, p + 4), /order 2 is broken/],
];

test.each(damages)('%s is found', (_, damage, finding) => {
  const { on, zone, first } = zoneInUse();
  expect(auditZone(on.map, zone, 'normal').findings).toEqual([]);
  damage(on, zone, first);
  const messages = auditZone(on.map, zone, 'normal').findings.map((it) => it.message);
  expect(messages.join('\n')).toMatch(finding);
});

test('the summary word that names the orders with a free block is held against the lists', () => {
  const { on, zone } = zoneInUse();
  on.memory.set(zone.record + AVAILABLE, 0);
  expect(auditZone(on.map, zone, 'normal').findings).not.toEqual([]);
});

test('a finding says where it is, as a pointer into the buffer', () => {
  const { on, zone, first } = zoneInUse();
  on.map.setRun(first + 9, 1);
  const [finding] = auditZone(on.map, zone, 'normal').findings;
  expect(finding).toMatchObject({ where: 'zone normal', ptr: (first + 9) * 256 });
});

test('every run and every free block of a sound zone is met once, in order', () => {
  const { on, zone, first } = zoneInUse();
  const { used, free } = auditZone(on.map, zone, 'normal');
  expect(used).toEqual([{ page: first, pages: 1 }]);
  expect(free).toEqual([1, 2, 4, 8].map((pages) => ({ page: first + pages, pages })));
});
