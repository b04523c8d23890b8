// THE MAP. One heap lives in one stretch of one SharedArrayBuffer, and this file draws all of it.
// Every other file names words by the records below, and those of records.ts; no offset is
// written anywhere else.
//
//   byteOffset ─┬───────────────────────────────────────────────┐
//               │ pages       what users get; never the buffer's│  DMA · Normal · High
//               │             first page, for pointer 0 is null │
//               │ guard       one page of nobody's              │  where an overrun ends
//   metadata   ─┼───────────────────────────────────────────────┤
//               │ header      magic, geometry, totals, 6 locks  │  int32 words from here
//               │ roots       64 names → pointers               │
//               │ zones       DMA · Normal · High               │  a lock, free lists per order
//               │ classes     one record per size class         │  a lock, slabs, depot
//               │ slots       one per attached thread, 4 spare  │  the tops of its magazines
//               │ journals    4 transactions per slot           │  their entries are in arrays:
//               │ arrays      a pool of 128 words each          │  magazines, journals, references
//               │ page map    one record per page               │  the buddy's and the slabs' truth
//               │ generations (checked heaps) a word a granule  │
//               │ tapes       events that are recorded          │  a ring of 64 per slot
//               │ budgets     (if asked for) 64 names           │  limits, and what is used of them
//               │ debug map   (debug heaps) 4 words a granule   │  who took it and where; texts
//               │ counters    48 doubles per slot               │  doubles from here
//               │ class table size → class                      │  bytes from here
//               │ state map   one byte per granule              │  the truth about every pointer;
//               │                                               │  owners, budgets, poison
//   byteEnd    ─┴───────────────────────────────────────────────┘
//
// The metadata stands behind the pages because it is 7 % of them: in front it would fill the DMA
// zone, the buffer's first 16 MiB, of every heap of 256 MiB.
//
// Each region has one access width for ever: words (int32), doubles or bytes. No word is read
// both plainly and through a wider or narrower view, so a race can never be a torn one.
//
// A request walks up this drawing only when the level above is empty: class table → the slot's
// magazine (plain reads and writes, no Atomics) → depot and slabs (the class lock) → zone (the
// zone lock) → pages. Granules are 16 bytes, and everything inside the heap is numbered in granules
// or pages of the *buffer*, so 2 GiB and 4 GiB are no walls: 16 GiB are 2^30 granules.
//
// Lock order: recovery, slots, transaction, budget, class, simple heap, zone, references, pool,
// faults; roots after recovery alone. Only validate holds several classes or zones at once, in
// ascending order.
//
// The tables' last column says what a writer leaves that dies midway, and what recovery makes of it
// (word/lock.ts, heap/recovery.ts): valid as it stands, or derived again from words that are.
// Geometry (page size, classes, slots, magazine sizes) is data, written once by `create` and read
// by `attach`: model tests run the same code with pages of 256 bytes.

export const MAGIC = 0x4d4f5441; // 'ATOM', little endian
export const VERSION = 1;
export const GRANULE = Object.freeze({ SHIFT: 4, BYTES: 16 });

//   word         writers               readers  access   if its writer dies midway
//   NOTHING…     create                all      plain    never attached: READY is still 0
//   READY        create                attach   atomic   0: the buffer is no heap
//   MODE         setMode, slot lock    all      plain    valid: any value is a mode
//   DETOURS      slot lock             all      plain    valid: what goes the slow way, and why
//   SLOTS_USED   attach                slabs    atomic   valid: slots from here on were never taken
//   DEATHS       who sees a death      all      atomic   valid: a reason to look at all slots
//   PROBED       who looks at all      all      atomic   valid: when somebody looked last
//   PATIENT      setFailFast           all      atomic   valid: any value is a choice
//   WAITING      slot/waitlist.ts      all      atomic   set too long: who looks clears it
//   TICKETS      who waits for memory  same     atomic   valid: a ticket that nobody has
//   PLEA         heap/pleas.ts         all      atomic   see PLEA
//   PEAK         holder of a zone lock stats    atomic   valid
//   OUT, OUT_PEAK whoever moves blocks stats    atomic   off by what the dead was moving
//   REFERENCE    references lock       same     plain    names the reference that is being changed
//   POOL_*       pool lock             same     plain    derived: HOLDER of each array
//   SIMPLE_*     simple lock           same     plain    derived: the state map has every boundary
//   SENTINEL     starter and it, CAS   all      atomic   valid: a thread, gone perhaps (src/host)
//   RECOVERIES   recovery lock         all      atomic   valid: how many notices are complete
//   NOTICES      recovery lock         all      atomic   see NOTICE
//   FAULT        fault lock            same     plain    see FAULT
//   STALL        slot/stall.ts         all      atomic   valid: each change is one CAS
//   SAMPLED      who samples, by CAS   all      atomic   valid: one sample may be missing
//   SAMPLES      who samples           all      atomic   see SAMPLE
//   RECORD, TAPE…: heap/recording.ts   all      atomic   names the dead: recovery ends a recording
export const HEADER = Object.freeze({
  NOTHING: 0,
  VERSION: 1,
  READY: 2,
  ID_LOW: 3,
  ID_HIGH: 4,
  PAGE_SHIFT: 5,
  MAX_SLOTS: 6,
  MAGIC: 7,
  CLASSES: 8,
  MAGAZINES: 9,
  DMA_END: 12,
  HIGH_START: 13,
  CHECKED: 14,
  REGION_FIRST: 15,
  REGION_END: 16,
  MODE: 17,
  SLOTS_USED: 18,
  DEATHS: 19,
  PROBED: 20,
  TRACKED: 21,
  SENTINEL: 22,
  PATIENT: 23,
  WAITING: 24,
  TICKETS: 25,
  DETOURS: 26,
  DEBUG: 28,
  PLEA: 29,
  PEAK: 33,
  OUT: 34,
  OUT_PEAK: 35,
  SLOT_LOCK: 48,
  ROOT_LOCK: 52,
  RECOVERY_LOCK: 56,
  REFERENCES_LOCK: 60,
  POOL_LOCK: 64,
  POOL_NEXT: 68,
  POOL_FREE: 69,
  BUDGETED: 70,
  BUDGET_LOCK: 72,
  SIMPLE_LOCK: 80,
  SIMPLE_ARENAS: 84,
  SIMPLE_BLOCKS: 85,
  SIMPLE_GRANULES: 86,
  SIMPLE_TOUCHED: 87,
  SIMPLE_ENTRY: 88,
  REFERENCE: 92,
  RECOVERIES: 96,
  NOTICES: 100,
  FAULT_LOCK: 256,
  FAULT: 260,
  STALL: 288,
  SAMPLED: 289,
  SAMPLES: 296,
  RECORDER: 480,
  RECORDING: 481,
  RECORDED: 482,
  TAPE_TICKETS: 483,
  TAPE_DROPPED: 484,
  TAPE_CALL: 485,
  WORDS: 512,
});

/** Bits of DETOURS: why all allocs take the slow path now; those in FREES, frees as well. */
export const DETOUR = Object.freeze({ FAULTS: 1, RECORDING: 2, FREES: 2 });

//   WORD         any                   any      atomic   names the dead: rebuild, then unlock
//   CONTENDED…   the holder            stats    plain    valid: a count
export const LOCK = Object.freeze({ WORD: 0, CONTENDED: 1, WAITS: 2, WORDS: 4 });

/** A named root: a granule, then its name in UTF-8, four bytes a word, zero-padded. */
export const ROOT = Object.freeze({ COUNT: 64, GRANULE: 0, NAME: 1, NAME_BYTES: 60, WORDS: 16 });

//   FIRST, END, LOW            create     all   plain   immutable
//   FREE, PEAK, AVAILABLE      zone lock  same  plain   derived: the page map's RUN words
//   USED                       zone lock  all   plain   derived: FREE, between two operations
//   LARGE_RUNS, LARGE_PAGES    zone lock  same  plain   derived: state bytes LARGE
//   HEADS, COUNTS[order]       zone lock  same  plain   derived
//   TOUCHED                    zone lock  same  plain   names the large run in the dead's hands
//   DIRTY, DIRTY_PAGES         zone lock  same  plain   where RUN words may stand inside a run
//   ENTRY                      zone lock  same  plain   names the journal entry, see CLASS
export const ZONE = Object.freeze({
  LOCK: 0,
  FIRST: 4,
  END: 5,
  LOW: 6,
  FREE: 7,
  PEAK: 8,
  AVAILABLE: 9,
  LARGE_RUNS: 10,
  LARGE_PAGES: 11,
  TOUCHED: 12,
  DIRTY: 13,
  DIRTY_PAGES: 14,
  ENTRY: 15,
  HEADS: 16,
  COUNTS: 40,
  ORDERS: 24,
  USED: 64,
  WORDS: 80,
  COUNT: 3,
});

// Everything but the geometry line is the class lock's:
//
//   PARTIAL[zone]  slabs with a free block, doubly linked through the page map         derived
//   EMPTY          pages of those of them that have no block in use                    derived
//   SLABS, PAGES   all slabs of the class                                              derived
//   CARVED, FREE   blocks in slabs, of them free                                       derived
//   FULL…          the depot: magazines with blocks, and how many blocks are in them   derived
//   EMPTIES        the depot: magazines without blocks                                 derived
//   SPILLED, ROOM  how much the depot should have held, and shall hold (block/shelf.ts) valid
//   TOUCHED        the slab that is being changed                                      names it
//   REST_*         SLABS, PAGES, CARVED without REST_OF, which is being made or unmade  names it
//   ENTRY          a journal's entry that says what is being taken or given            names it
//
//   CARVED == FREE + DEPOT_BLOCKS + blocks in slots' magazines + live blocks
export const CLASS = Object.freeze({
  LOCK: 0,
  PARTIAL: 4,
  EMPTY: 7,
  SLABS: 8,
  PAGES: 9,
  CARVED: 10,
  FREE: 11,
  FULL: 12,
  FULL_COUNT: 13,
  DEPOT_BLOCKS: 14,
  EMPTIES: 15,
  GRANULES: 16,
  SLAB_PAGES: 17,
  MAX_PAGES: 18,
  CAPACITY: 19,
  TOUCHED: 21,
  REST_OF: 22,
  REST_SLABS: 23,
  REST_PAGES: 24,
  REST_CARVED: 25,
  ENTRY: 26,
  SPILLED: 27,
  ROOM: 28,
  WORDS: 32,
  MAX: 63,
});

// See slot/slot.ts for the first five. A slot's counts go on when another thread takes it.
//
//   WHO            by CAS, then the slot  all       atomic  names the dead
//   SEAT           the slot; by CAS       all       atomic  names the dead
//   START, THREAD  the slot               all       atomic  valid: 0 is unknown
//   SETTLED        the slot               its own   atomic  valid: an older incarnation's
//   MOVING, …_ID   the slot               validate  plain   names the magazine between two places
//   ENDING         the slot               recovery  see ENTRY  the block that is being freed
//   TICKET, WANTS  the slot; recovery     all       atomic  its place in line goes with the slot
//   WAKE           all                    all       atomic  the next is woken in its stead
//   ALLOCS, FREES  the slot               stats     plain   valid: one operation more or less
//   OOM_ADJ        the slot; who ends it  all       atomic  valid: 0 before the slot is another's
//   BUDGET         the slot; who ends it  the slot  plain   valid: as OOM_ADJ
//   REFERENCES, NOTE  references lock     same      plain   see block/reftable.ts
//   CACHES         the slot               the slot  plain   see CACHE in records.ts
export const SLOT = Object.freeze({
  SEAT: 0,
  MOVING: 1,
  MOVING_ID: 2,
  SETTLED: 3,
  WHO: 4,
  START: 5,
  THREAD: 6,
  ENDING: 8,
  TICKET: 12,
  WAKE: 13,
  WANTS: 14,
  ALLOCS: 16,
  FREES: 17,
  REFERENCES: 18,
  NOTE: 19,
  BUDGET: 22,
  OOM_ADJ: 28,
  CACHES: 32,
  WORDS: 32 + 512,
  MAX: 128,
  SPARES: 4,
});

// A magazine is 128 words on such a boundary, so one word (TOP) says both which magazine it is (its
// high bits) and how far it is filled (its low seven): entries stand in words 4..127, and a top
// whose low bits are 3 is an empty one. HOLDER is the truth about where it belongs, whatever lists
// and tops say: 0 the pool, slot + 1, DEPOT + class, JOURNAL + a transaction's number in the table,
// REFERENCES + slot. NEXT and COUNT are the depot's or the pool's while it lies there, and a rack's
// (block/rack.ts). Word 3 names no block, as the header's NOTHING does (block/magazine.ts).
export const MAGAZINE = Object.freeze({
  NEXT: 0,
  COUNT: 1,
  HOLDER: 2,
  DEPOT: 256,
  JOURNAL: 1024,
  REFERENCES: 2048,
  ENTRIES: 4,
  NONE: 3,
  CAPACITY: 124,
  WORDS: 128,
  MASK: 127,
});

//   FREE       free in its slab or run, or no block's start         class or zone lock
//   1 … 63     LIVE: handed out, and a block of this class          whoever holds the block
//   LARGE      a live run straight from a zone                      its holder; zone lock
//   SIMPLE_*   a block of the simple heap; END bounds an arena      simple lock
//   DIGIT+d    inside one: five bits of its length                  simple lock
//   CACHED+s   in a magazine of slot s                              slot s
//   SHELVED    in a magazine that lies in the depot                 class lock
export const STATE = Object.freeze({
  FREE: 0,
  LARGE: 64,
  SIMPLE_LIVE: 65,
  SIMPLE_FREE: 66,
  SIMPLE_END: 67,
  SHELVED: 68,
  DIGIT: 96,
  CACHED: 128,
});

/** Class table: bytes 0..512 by (size + 15) / 16, then bytes 513.. by pages. 0 is "no class". */
export const TABLE = Object.freeze({ SMALL_MAX: 8192, RUNS: 513, RUN_PAGES_MAX: 256, BYTES: 832 });
