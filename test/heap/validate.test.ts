// validate: each kind of damage to the metadata is found and named, and the walk over it ends.

import { describe, expect, test } from 'vitest';
import { CLASS, HEADER, MAGAZINE, ROOT, STATE, ZONE } from '../../src/word/layout.ts';
import { PAGE } from '../../src/word/records.ts';
import type { SharedHeap } from '../../src/heap/heap.ts';
import type { Attachment } from '../../src/heap/attachment.ts';
import { FEW } from '../support/classes.ts';
import { losePatience } from '../support/patience.ts';
import { anotherSeat, layersOf, tinyHeap } from '../support/tiny.ts';

/** A heap in which every part is in use, and where its parts are. */
interface Ground {
  readonly on: Attachment;
  readonly heap: SharedHeap;
  /** First pages of a slab of 64-byte blocks, a block of whole pages, a large run, an arena. */
  readonly slab: number;
  readonly run: number;
  readonly large: number;
  readonly arena: number;
  /** A live and a cached block of that slab, and three blocks of the arena: live, free, live. */
  readonly live: number;
  readonly cached: number;
  readonly simple: readonly [number, number, number];
  /** The class record of the slab's class; the zone record of Normal. */
  readonly cls: number;
  readonly zone: number;
}

function usedHeap(): Ground {
  const { handle, layout } = tinyHeap({ zones: [0, 256, 0], classes: FEW, align: 256 });
  const heap = anotherSeat(handle);
  const on = layersOf(heap);
  losePatience(on.memory);
  const blocks = Array.from({ length: 9 }, () => heap.alloc(64));
  const [run, large] = [heap.alloc(700), heap.alloc(4000)];
  heap.setMode('simple-heap');
  const simple = [200, 160, 100].map((size) => heap.alloc(size) / 16);
  heap.setMode('two-tier');
  heap.free(simple[1]! * 16);
  heap.freeMany(blocks.slice(1));
  const page = (ptr: number) => ptr / 256;
  const slab = Math.floor(page(blocks[0] as number));
  return {
    on,
    heap,
    slab,
    run: page(run),
    large: page(large),
    arena: Math.floor(simple[0]! / 16),
    live: blocks[0]! / 16,
    cached: blocks[1]! / 16,
    simple: simple as [number, number, number],
    cls: layout.classes + CLASS.WORDS,
    zone: layout.zones + ZONE.WORDS,
  };
}

function add(on: Attachment, word: number, by: number): void {
  on.memory.set(word, on.memory.get(word) + by);
}

/** Word index of the loaded magazine's top entry. */
function topEntry({ on }: Ground): number {
  return on.magazines.tops(1)[0] ?? 0;
}

const inStates: [what: string, damage: (g: Ground) => void, finding: RegExp][] = [
  [
    'a state in free pages',
    ({ on }) => on.states.mark(on.layout.endGranule - 7, 3),
    /no block's st/,
  ],
  ['a state inside a block', ({ on, live }) => on.states.mark(live + 1, 200), /no block's start/],
  ['a state inside a run', ({ on, run }) => on.states.mark(run * 16 + 5, 1), /no block's start/],
  ['a live block set free', ({ on, live }) => on.states.mark(live, 0), /its bit says the opposite/],
  ['a state of another class', ({ on, live }) => on.states.mark(live, 2), /of another/],
  [
    'a large state in a slab',
    ({ on, live }) => on.states.mark(live, STATE.LARGE),
    /of another class/,
  ],
  ['a block of many pages set free', ({ on, run }) => on.states.mark(run * 16, 0), /its bit says/],
  ['a large run’s state', ({ on, large }) => on.states.mark(large * 16, 1), /pages have state 1/],
  ['a lost block', ({ on, live }) => on.states.mark(live, STATE.CACHED), /cached in no magazine/],
  ['a lost large run', ({ on, large }) => on.states.mark(large * 16, 0), /in use by nobody/],
  [
    'an arena without its end',
    ({ on, arena }) => on.states.mark(arena * 16, 0),
    /END byte is gone/,
  ],
  [
    'a simple block set free',
    ({ on, simple }) => on.states.mark(simple[0], STATE.SIMPLE_FREE),
    /blocks of|merged/,
  ],
  [
    'a simple hole set live',
    ({ on, simple }) => on.states.mark(simple[1], STATE.SIMPLE_LIVE),
    /3 blocks of/,
  ],
  [
    'a front tag',
    ({ on, simple }) => on.states.mark(simple[0] + 1, STATE.DIGIT + 3),
    /add up|blocks of|tag/,
  ],
  ['a rear tag', ({ on, simple }) => on.states.mark(simple[1] - 1, STATE.DIGIT + 3), /tag|length/],
];

const inPages: [what: string, damage: (g: Ground) => void, finding: RegExp][] = [
  [
    'a bit of a slab',
    ({ on, slab }) => on.map.set(slab, PAGE.BITS, 2),
    /its bit says the opposite/,
  ],
  [
    'a count of a slab',
    ({ on, slab }) => on.map.set(slab, PAGE.FREE, 3),
    /blocks are free, 3 are c/,
  ],
  ['a HEAD of a slab', ({ on, slab }) => on.map.set(slab, PAGE.HEAD, slab - 1), /know its slab/],
  ['an OWNER that is none', ({ on, slab }) => on.map.set(slab, PAGE.OWNER, 40), /no such owner/],
  ['an OWNER that is another', ({ on, slab }) => on.map.set(slab, PAGE.OWNER, 2), /./],
  ['a run of no length', ({ on, large }) => on.map.setRun(large, 0), /cannot stand here/],
  ['a run too long', ({ on, large }) => on.map.setRun(large, 17), /./],
  ['an arena’s HEAD', ({ on, arena }) => on.map.set(arena + 3, PAGE.HEAD, 1), /./],
  ['an arena’s count', ({ on, arena }) => on.map.set(arena, PAGE.FREE, 9), /./],
  ['an arena’s lowest', (g) => g.on.map.set(g.arena, PAGE.BITS, g.simple[2]), /./],
];

const inCounts: [what: string, damage: (g: Ground) => void, finding: RegExp][] = [
  ['the slabs of a class', ({ on, cls }) => add(on, cls + CLASS.SLABS, 1), /slabs found/],
  ['the pages of a class', ({ on, cls }) => add(on, cls + CLASS.PAGES, 1), /pages found/],
  ['the blocks of a class', ({ on, cls }) => add(on, cls + CLASS.CARVED, 1), /blocks found/],
  [
    'the free blocks of a class',
    ({ on, cls }) => add(on, cls + CLASS.FREE, 1),
    /free blocks found/,
  ],
  ['the empty slabs of a class', ({ on, cls }) => add(on, cls + CLASS.EMPTY, 1), /empty slabs fou/],
  ['the magazines of a depot', ({ on, cls }) => add(on, cls + CLASS.FULL_COUNT, 1), /in the depot/],
  ['the blocks of a depot', ({ on, cls }) => add(on, cls + CLASS.DEPOT_BLOCKS, 1), /in the depot/],
  ['the list of a depot', ({ on, cls }) => on.memory.set(cls + CLASS.FULL, 0), /in the depot/],
  ['the list of partial slabs', ({ on, cls }) => on.memory.set(cls + CLASS.PARTIAL + 1, 0), /./],
  [
    'the blocks of the simple heap',
    ({ on }) => add(on, HEADER.SIMPLE_BLOCKS, 1),
    /3 of .* counted/,
  ],
  ['its bytes', ({ on }) => add(on, HEADER.SIMPLE_GRANULES, 1), /granules.*, .* counted/],
  ['the list of arenas', ({ on }) => on.memory.set(HEADER.SIMPLE_ARENAS, 0), /./],
  ['the free pages of a zone', ({ on, zone }) => add(on, zone + ZONE.FREE, 1), /counted/],
  ['the orders of a zone', ({ on, zone }) => on.memory.set(zone + ZONE.AVAILABLE, 0), /./],
  ['the large runs of a zone', ({ on, zone }) => add(on, zone + ZONE.LARGE_RUNS, 1), /./],
  ['their pages', ({ on, zone }) => add(on, zone + ZONE.LARGE_PAGES, 1), /./],
  ['the magic word', ({ on }) => on.memory.set(HEADER.MAGIC, 0), /magic word is gone/],
  [
    'an entry of a magazine',
    (g) => g.on.memory.set(topEntry(g), g.live + 1),
    /no block of its|in no mag/,
  ],
  ['an entry of no place', (g) => g.on.memory.set(topEntry(g), -5), /no block of its|in no magaz/],
  [
    'an entry of another class',
    (g) => g.on.memory.set(topEntry(g), g.run * 16),
    /no block of its|in no/,
  ],
];

describe('validate', () => {
  test('finds nothing in a sound heap, however it is used', () => {
    const { heap, on } = usedHeap();
    expect(heap.validate()).toEqual([]);
    expect([heap.stats().corruptions, heap.isHealthy()]).toEqual([0, true]);
    heap.roots.set('index', on.layout.firstGranule * 16);
    expect(heap.validate()).toEqual([]);
  });

  test.each([...inStates, ...inPages, ...inCounts])('finds damage to %s', (_, damage, finding) => {
    const ground = usedHeap();
    damage(ground);
    const findings = ground.heap.validate();
    expect(findings.map((it) => it.message).join('\n')).toMatch(finding);
    expect(ground.heap.stats().corruptions, 'and counts it').toBe(findings.length);
  });

  test('leaves every lock free, also after it has found something', () => {
    const { heap, on, slab } = usedHeap();
    on.map.set(slab, PAGE.FREE, 3);
    expect(heap.validate()).not.toEqual([]);
    const locks = [
      on.slotLock,
      on.pool.lock,
      ...on.depots.flatMap((it) => it?.lock ?? []),
      on.simple.lock,
      ...on.zones.list.map((it) => it.lock),
    ];
    expect(locks.length).toBe(1 + 1 + FEW.length + 1 + 3);
    expect(locks.map((lock) => on.memory.load(lock.word)).filter((word) => word !== 0)).toEqual([]);
  });
});

/** A heap whose walks throw when they do not end. */
function patientHeap(): { heap: SharedHeap; on: Attachment; renew: () => void } {
  const heap = anotherSeat(tinyHeap({ zones: [0, 256, 0], classes: FEW }).handle);
  const on = layersOf(heap);
  return { heap, on, renew: losePatience(on.memory) };
}

describe('a walk over damage ends', () => {
  test('when the states of an arena are all digits of nothing', () => {
    const { heap, on, renew } = patientHeap();
    heap.setMode('simple-heap');
    const block = heap.alloc(1600) / 16;
    for (let i = 1; i < 100; i++) on.states.mark(block + i, STATE.DIGIT);
    expect(heap.validate()).not.toEqual([]);
    renew();
    expect(() => heap.alloc(64)).not.toThrow();
  });

  test('when a depot’s list is a ring', () => {
    const { heap, on } = patientHeap();
    heap.freeMany(Array.from({ length: 16 }, () => heap.alloc(64)));
    const record = on.layout.classes + CLASS.WORDS;
    const full = on.memory.get(record + CLASS.FULL);
    on.memory.set(full + MAGAZINE.NEXT, full);
    expect(heap.validate()).not.toEqual([]);
  });

  test('when a zone’s list is a ring', () => {
    const { heap, on } = patientHeap();
    const heads = on.layout.zones + ZONE.WORDS + ZONE.HEADS;
    const lists = Array.from({ length: ZONE.ORDERS }, (_, order) => on.memory.get(heads + order));
    const page = lists.find((first) => first > 0) ?? 0;
    on.map.set(page, PAGE.NEXT, page);
    expect(heap.validate()).not.toEqual([]);
  });

  test('when the roots are full of nonsense', () => {
    const { heap, on } = patientHeap();
    for (let i = 0; i < ROOT.COUNT * ROOT.WORDS; i++) on.memory.set(on.layout.roots + i, -1 - i);
    expect(heap.roots.entries()).toHaveLength(ROOT.COUNT);
  });
});
