// Names of words for readers of a trace, from the records of layout.ts: `zone 1 FREE`,
// `class 1 DEPOT_BLOCKS`, `slot 0 TOP of class 2`, `page 9 RUN`, `state of block 2304`.

import { CLASS, HEADER, LOCK, MAGAZINE, SLOT, TABLE, ZONE } from '../../src/word/layout.ts';
import { CACHE, COUNTER, DEBUG, PAGE, TAPE } from '../../src/word/records.ts';
import type { Geometry, Layout } from '../../src/word/geometry.ts';

type Names = Readonly<Record<string, number>>;

const LOCKS = [
  'SLOT_LOCK',
  'ROOT_LOCK',
  'REFERENCES_LOCK',
  'POOL_LOCK',
  'SIMPLE_LOCK',
  'FAULT_LOCK',
] as const;
const CACHE_NAMES = ['TOP', 'PREVIOUS', 'BATCH', 'RACK'];
const LOCK_NAMES = ['', ' CONTENDED', ' WAITS', ''];

/** The name in a record of the word at `offset`, counting on from the last named one. */
function nameIn(record: Names, offset: number, sizes: readonly string[]): string {
  let [name, start] = ['', -1];
  for (const [key, at] of Object.entries(record)) {
    if (sizes.includes(key) || at > offset || at < start) continue;
    [name, start] = [key, at];
  }
  return offset === start ? name : `${name}[${offset - start}]`;
}

export class Namer {
  private readonly geometry: Geometry;
  private readonly layout: Layout;
  private readonly regions: { bytes: number; doubles: number; channels: number };

  constructor(
    geometry: Geometry,
    layout: Layout,
    regions: { bytes: number; doubles: number; channels: number },
  ) {
    this.geometry = geometry;
    this.layout = layout;
    this.regions = regions;
  }

  of(location: number): string {
    const { bytes, doubles, channels } = this.regions;
    if (location >= channels) return `channel ${location - channels}`;
    if (location >= doubles) return this.counter(location - doubles);
    if (location >= bytes) return this.byte(location - bytes);
    return this.word(location);
  }

  private counter(index: number): string {
    const slot = Math.floor(index / COUNTER.WORDS);
    const who = slot === this.geometry.maxSlots ? 'retired' : `slot ${slot}`;
    return `counter ${nameIn(COUNTER, index % COUNTER.WORDS, ['BUCKETS', 'WORDS'])} of ${who}`;
  }

  private byte(index: number): string {
    if (index < TABLE.BYTES) return `class table[${index}]`;
    const { poison, firstGranule } = this.layout;
    if (poison > 0 && index >= poison) return `poison of ${(index - poison + firstGranule) * 16}`;
    return `state of block ${(index - TABLE.BYTES + firstGranule) * 16}`;
  }

  private word(index: number): string {
    const { layout } = this;
    if (index < layout.roots) return this.header(index);
    if (index < layout.zones) return `root ${(index - layout.roots) >> 4}[${index & 15}]`;
    if (index < layout.classes) return this.zone(index - layout.zones);
    if (index < layout.slots) return this.sizeClass(index - layout.classes);
    if (index < layout.journals) return this.slot(index - layout.slots);
    if (index < layout.magazines) return `journal[${index - layout.journals}]`;
    if (index < layout.pageMap) return this.magazine(index - layout.magazines);
    if (index < layout.generations) return this.page(index - layout.pageMap);
    if (index >= layout.texts) return `texts[${index - layout.texts}]`;
    if (index >= layout.debugMap) return this.debug(index - layout.debugMap);
    if (index >= layout.budgets) return `budgets[${index - layout.budgets}]`;
    if (index >= layout.tapes) return this.tape(index - layout.tapes);
    return `generation of block ${(index - layout.generations + layout.firstGranule) * 16}`;
  }

  private debug(offset: number): string {
    const block = (Math.floor(offset / DEBUG.WORDS) + this.layout.firstGranule) * 16;
    return `${nameIn(DEBUG, offset % DEBUG.WORDS, ['WORDS'])} of block ${block}`;
  }

  private header(index: number): string {
    for (const lock of LOCKS) {
      const part = index - HEADER[lock];
      if (part >= 0 && part < LOCK.WORDS) return `${lock}${LOCK_NAMES[part] ?? ''}`;
    }
    return nameIn(HEADER, index, ['WORDS']);
  }

  private zone(offset: number): string {
    const [index, word] = [Math.floor(offset / ZONE.WORDS), offset % ZONE.WORDS];
    if (word < LOCK.WORDS) return `zone ${index} LOCK${LOCK_NAMES[word] ?? ''}`;
    return `zone ${index} ${nameIn(ZONE, word, ['ORDERS', 'WORDS', 'COUNT'])}`;
  }

  private sizeClass(offset: number): string {
    const [id, word] = [Math.floor(offset / CLASS.WORDS), offset % CLASS.WORDS];
    if (word < LOCK.WORDS) return `class ${id} LOCK${LOCK_NAMES[word] ?? ''}`;
    return `class ${id} ${nameIn(CLASS, word, ['WORDS', 'MAX'])}`;
  }

  private slot(offset: number): string {
    const [slot, word] = [Math.floor(offset / SLOT.WORDS), offset % SLOT.WORDS];
    if (word < SLOT.CACHES) return `slot ${slot} ${nameIn(SLOT, word, ['WORDS', 'MAX', 'CACHES'])}`;
    const cache = word - SLOT.CACHES;
    if (cache >= CACHE.LIMIT) return `slot ${slot} LIMIT of class ${cache - CACHE.LIMIT}`;
    return `slot ${slot} ${CACHE_NAMES[cache >> 6] ?? ''} of class ${cache & 63}`;
  }

  private magazine(offset: number): string {
    const [index, word] = [Math.floor(offset / MAGAZINE.WORDS), offset & MAGAZINE.MASK];
    if (word >= MAGAZINE.ENTRIES) return `magazine ${index} entry ${word - MAGAZINE.ENTRIES}`;
    return `magazine ${index} ${['NEXT', 'COUNT', 'spare', 'NONE'][word] ?? ''}`;
  }

  private tape(offset: number): string {
    const [slot, word] = [Math.floor(offset / TAPE.WORDS), offset % TAPE.WORDS];
    if (word >= TAPE.FIRST) return `tape of slot ${slot} entry[${word - TAPE.FIRST}]`;
    return `tape of slot ${slot} ${['ANNOUNCED', 'HEAD', 'TAIL', 'STUCK'][word] ?? ''}`;
  }

  private page(offset: number): string {
    const page = this.layout.firstPage + Math.floor(offset / PAGE.WORDS);
    return `page ${page} ${nameIn(PAGE, offset % PAGE.WORDS, ['BITS_WORDS', 'WORDS', 'ARENA'])}`;
  }
}
