// The map, continued: records of which there are many, or that stand in the header: a slot's
// magazines of each class, pages, the last recoveries, the last minute's samples, the plea for
// memory, budgets, faults, tapes, transactions with their entries, and what each slot counts. See
// layout.ts for the drawing.

/**
 * A slot's magazines, 64 words of each kind, one for each class: the word index of the loaded one's
 * top entry, the other one's top, how many blocks to refill, the array that lists further ones
 * (block/rack.ts), and how far the loaded one may be filled: of this last kind there are 256 words,
 * one for each state that a block may have, and what is no class has 0.
 */
export const CACHE = Object.freeze({
  TOP: 0,
  PREVIOUS: 64,
  BATCH: 128,
  RACK: 192,
  LIMIT: 256,
  WORDS: 512,
});

// A page (page/pagemap.ts):
//
//   RUN        zone lock                 zone lock   plain  the truth, see below
//   NEXT, PREV zone lock while free,     same        plain  derived
//              class lock while a slab
//   HEAD       class lock                class lock  plain  valid: a slab's page knows its first
//   OWNER      zone lock, then class's   same        plain  0 large, 1..63 a class, 64 an arena;
//              or simple lock                               + TRANSIT on its way from or to a zone
//   FREE       class lock                class lock  plain  derived: blocks free in this slab
//   BITS       class lock                class lock  plain  derived: a set bit is a free block
//
//   RUN > 0    a used run of so many pages starts here
//   RUN < 0    a free block of order -1 - RUN starts here
//   RUN == 0   this page is inside one of the two
export const PAGE = Object.freeze({
  RUN: 0,
  NEXT: 1,
  PREV: 2,
  HEAD: 3,
  OWNER: 4,
  FREE: 5,
  BITS: 6,
  BITS_WORDS: 8,
  WORDS: 14,
  ARENA: 64,
  TRANSIT: 128,
});

// What a recovery found, and the sums of all so far: the last few, each by its number modulo COUNT
// (heap/notices.ts). Fields of two words are numbers to 2^53, the low word first.
//
//   SEQUENCE   recovery lock         all      atomic   0 while the others are being written
//   the rest   recovery lock         all      atomic   written anew: RECOVERIES does not count it
export const NOTICE = Object.freeze({
  SEQUENCE: 0,
  SLOT: 1,
  INCARNATION: 2,
  THREAD: 3,
  BY: 4,
  LOCKS: 5,
  CACHED: 6,
  OWNED: 7,
  MICROSECONDS: 8,
  ROLLED_BACK: 9,
  UNRETURNED: 10,
  ALL_LOCKS: 12,
  ALL_ROLLED_BACK: 13,
  ALL_CACHED: 14,
  ALL_OWNED: 16,
  ALL_UNRETURNED: 18,
  WORST: 20,
  WORDS: 21,
  COUNT: 7,
});

// Which requests are refused on purpose (heap/injector.ts): it counts while the detour FAULTS is
// taken, and is written while it is not. Fields of two words as in NOTICE.
//
//   REQUESTS, FAILURES  fault lock    same     plain    valid: one request more or less
//   the rest            fault lock    same     plain    valid: the detour is not taken yet
export const FAULT = Object.freeze({
  FIRST: 0,
  EVERY: 1,
  CHANCE: 2,
  SEED: 3,
  TIMES: 4,
  MIN: 5,
  MAX: 7,
  SLOTS: 9,
  SLOTS_WORDS: 4,
  REQUESTS: 13,
  FAILURES: 15,
  WORDS: 17,
});

// What had been counted so far at one moment of the last minute (slot/samples.ts). STAMP is the
// clock's, made odd, so it is never 0; ROUNDS is how often STALL had come round. ATTEMPTS takes two
// words, the low one first.
//
//   STAMP      who has SAMPLED       all      atomic   0: a sample is missing
//   the rest   who has SAMPLED       all      atomic   STAMP is 0: nobody reads them
export const SAMPLE = Object.freeze({
  STAMP: 0,
  STALL: 1,
  ROUNDS: 2,
  FAILURES: 3,
  OOMS: 4,
  ATTEMPTS: 5,
  WORDS: 7,
  COUNT: 26,
});

// The last plea for memory (heap/pleas.ts), four words of the header.
//
//   COUNT      who pleads            all      atomic   valid: heard late, or not at all
//   MS         who pleads, by CAS    same     atomic   valid: the next plea may come too late
//   GRANULES   who pleads            all      atomic   valid: of this plea or the one before
//   SLOT       who pleads; by CAS    all      atomic   names the dead: the plea grows old
export const PLEA = Object.freeze({ COUNT: 0, MS: 1, GRANULES: 2, SLOT: 3 });

/** A named budget (heap/budgets.ts), in granules. NAME is in code points. */
export const BUDGET = Object.freeze({
  MAX: 0,
  HIGH: 1,
  USED: 2,
  PEAK: 3,
  FAILURES: 4,
  LENGTH: 5,
  NAME: 8,
  NAME_LENGTH: 24,
  WORDS: 32,
  COUNT: 64,
});

// In a debug heap (block/debugmap.ts), for the granule at which a block starts:
//
//   SLACK      who takes the block   any      atomic   0: not known, and not looked at
//   TAKER      same                  any      atomic   written before SLACK
//   SITE       same                  any      atomic   written before SLACK; later, whole
//   FREED      who frees it          any      atomic   valid: where it was freed last, or 0
export const DEBUG = Object.freeze({ SLACK: 0, TAKER: 1, SITE: 2, FREED: 3, WORDS: 4 });

/** What DEBUG says in the header, and how many words texts have at most (block/texts.ts). */
export const DEBUGGING = Object.freeze({ OFF: 0, ON: 1, STACKS: 2, TAGS: 2 ** 12, TEXTS: 2 ** 18 });

// A transaction, or one thread's part in it (tx/record.ts). Each slot has a few. Records are
// numbered slot * PER_SLOT + i; JOINED and NEXT name one by its number plus 1.
//
//   LOCK           any             any       atomic   names the dead: repaired by the next holder
//   STATE          owner; decider  any       atomic   number << 3 | state: see tx/record.ts; plain
//                                                     where the owner begins alone (tx/solo.ts)
//   LEADER, …_NO   the owner       any       plain    written before STATE makes them count
//   JOINED         leader's lock   same      plain    valid: one store adds a participant
//   NEXT           leader's lock   same      plain    written before JOINED names it
//   VOTES          any             any       atomic   valid: a reason to look again
//   CHUNK          record's lock   same      plain    arrays of further entries, linked by NEXT
//   NOTE           record's lock   same      plain    names the array that is coming or going
//   ENTRIES        record's lock   same      see ENTRY
export const TX = Object.freeze({
  LOCK: 0,
  STATE: 4,
  LEADER: 5,
  LEADER_NO: 6,
  JOINED: 7,
  NEXT: 8,
  VOTES: 9,
  CHUNK: 10,
  NOTE: 11,
  ENTRIES: 16,
  WORDS: 64,
  PER_SLOT: 4,
});

// A transaction's entry: what is to be done with a block when it ends (tx/journal.ts).
//
//   KIND   any, under locks;   any            atomic  number << 3 | kind; another number is inert;
//          the slot                           plain for a block of the slot's own magazines
//   BLOCK  record's lock       whose lock is  plain   a granule; written before KIND
//                              taken over
//   AT     record's lock       same           plain   a generation, or a protected granule
//   BYTES  record's lock       same           plain   who ended the generation, or how many bytes
//
// References to blocks have entries of the same shape (block/references.ts): there KIND has no
// number, AT is what the generation was before the block had one holder more or less, and BYTES how
// many references the slot has.
export const ENTRY = Object.freeze({ KIND: 0, BLOCK: 1, AT: 2, BYTES: 3, WORDS: 4 });

/**
 * Doubles, so that none wraps: exact to 2^53. Only the slot writes its own. ALLOCS and FREES count
 * here in steps of 2^32, when the slot's words of that name have come round. BEGAN is what ALLOCS
 * had been ahead of FREES when this incarnation of the slot began: written by who ends the one
 * before, so the recovery that comes after a death there writes it once more. HELD, in granules, is
 * what went out to this incarnation less what came back from it (block/out.ts). SLOW_ALLOCS is the
 * first of BUCKETS, by how long slow allocs took (slot/latency.ts).
 */
export const COUNTER = Object.freeze({
  ALLOCS: 0,
  FREES: 1,
  FAILURES: 2,
  OOMS: 3,
  DOUBLE_FREES: 4,
  INVALID_FREES: 5,
  CORRUPTIONS: 6,
  BEGAN: 7,
  COMMITS: 8,
  ROLLBACKS: 9,
  RECOVERED: 10,
  OWN_BLOCKS: 11,
  DEAD_BLOCKS: 12,
  ASKED_BLOCKS: 13,
  SLAB_PAGES: 14,
  SHRUNK_BYTES: 15,
  WAITS: 16,
  WAITED_MS: 17,
  SERVED: 18,
  INJECTED: 19,
  COPIES: 22,
  DEFLATED_BYTES: 23,
  PACKED_BYTES: 24,
  HELD: 25,
  PLEAS: 26,
  SLOW_ALLOCS: 27,
  BUCKETS: 21,
  WORDS: 48,
});

/** What a seat has of a recording (slot/tape.ts): a ring of ENTRIES, a power of two, from FIRST. */
export const TAPE = Object.freeze({
  ANNOUNCED: 0,
  HEAD: 1,
  TAIL: 2,
  STUCK: 3,
  FIRST: 16,
  ENTRIES: 64,
  TICKET: 0,
  WHAT: 1,
  GRANULE: 2,
  SIZE: 3,
  ENTRY_WORDS: 4,
  WORDS: 16 + 64 * 4,
});
