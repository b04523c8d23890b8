// The words of a channel, which lie in a block of the heap: how many there are, and what they are
// when it is new. What is done with them is in channelring.ts.
//
//   word       writers    readers   access   if its writer dies midway
//   MAGIC…     the maker  all       plain    nobody knows the block yet (heap.roots.add)
//   CLOSED     lock       same      plain    valid: all is said by one write
//   LOCK       any        any       atomic   names the dead: repaired by the next holder
//   HEAD       lock       same      plain    valid: items before it are out
//   GOING      lock       same      plain    HEAD, or the item behind it is being taken out
//   TAIL       lock       same      plain    valid: items from it on are not in yet
//   COMING     lock       same      plain    TAIL, or the item there is being put in
//   ITEMS      lock       all       atomic   see bell.ts: receivers sleep here
//   ROOM       lock       all       atomic   see bell.ts: senders sleep here
//   entry      lock       same      plain    written before COMING says so
//
//   0 <= TAIL - HEAD <= CAPACITY, and each of COMING - TAIL and GOING - HEAD is 0 or 1

import type { Memory } from '../word/memory.ts';

export const CHANNEL = Object.freeze({
  MAGIC: 0,
  CAPACITY: 1,
  MASK: 2,
  CLOSED: 3,
  LOCK: 4,
  HEAD: 8,
  GOING: 9,
  TAIL: 10,
  COMING: 11,
  ITEMS: 12,
  ROOM: 13,
  ENTRIES: 16,
  /** An item's: its granule, and in a checked heap its generation. */
  ENTRY_WORDS: 2,
});
const { MAGIC, CAPACITY, MASK, ENTRIES, ENTRY_WORDS } = CHANNEL;
const IS_CHANNEL = 0x4e414843; // 'CHAN', little endian

/** Entries of a ring for so many items: a power of two. */
function entriesFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(capacity));
}

/** Words of a channel for so many items. */
export function wordsFor(capacity: number): number {
  return ENTRIES + entriesFor(capacity) * ENTRY_WORDS;
}

/** Makes an empty channel of words that nobody else knows yet. */
export function formatRing(memory: Memory, at: number, capacity: number): void {
  for (let word = 0; word < ENTRIES; word++) memory.set(at + word, 0);
  memory.set(at + CAPACITY, capacity);
  memory.set(at + MASK, entriesFor(capacity) - 1);
  memory.set(at + MAGIC, IS_CHANNEL);
}

/** How many items a channel has room for; 0 if there is none in these words. */
export function capacityIn(memory: Memory, at: number, words: number): number {
  if (words < ENTRIES || memory.get(at + MAGIC) !== IS_CHANNEL) return 0;
  const capacity = memory.get(at + CAPACITY);
  const fits = capacity > 0 && wordsFor(capacity) <= words;
  return fits && memory.get(at + MASK) === entriesFor(capacity) - 1 ? capacity : 0;
}
