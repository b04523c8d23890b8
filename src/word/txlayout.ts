// The map, continued: the records of transactions, which stand in the region `journals`, and the
// entries in them and in arrays of the pool. See layout.ts for the drawing.

// A transaction, or one thread's part in it (tx/record.ts). Each slot has a few. Records are
// numbered slot * PER_SLOT + i, and named by that number plus 1.
//
//   LOCK           any             any       atomic   names the dead: repaired by the next holder
//   STATE          owner; decider  any       atomic   number << 3 | state: see tx/record.ts
//   LEADER, …_NO   the owner       any       plain    written before STATE makes them count
//   JOINED         leader's lock   same      plain    valid: one store adds a participant
//   NEXT           leader's lock   same      plain    written before JOINED names it
//   VOTES          any             any       atomic   valid: a reason to look again
//   CHUNK, …_LAST  record's lock   same      plain    arrays of further entries, linked by NEXT
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
//   KIND   any, under locks    any            atomic  number << 3 | kind; another number is inert
//   BLOCK  record's lock       whose lock is  plain   a granule; written before KIND
//                              taken over
//   AT     record's lock       same           plain   a generation, or a protected granule
//   BYTES  record's lock       same           plain   who ended the generation, or how many bytes
export const ENTRY = Object.freeze({ KIND: 0, BLOCK: 1, AT: 2, BYTES: 3, WORDS: 4 });
