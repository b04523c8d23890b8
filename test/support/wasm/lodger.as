// A module that lives on the heap through `atomalloc/wasm`, in AssemblyScript. lodger.c is the same
// program in C, exchange.ts its loop in JavaScript.

@external("env", "malloc") declare function malloc(size: usize): usize;
@external("env", "free") declare function free(ptr: usize): void;
@external("env", "calloc") declare function calloc(count: usize, size: usize): usize;
@external("env", "realloc") declare function realloc(ptr: usize, size: usize): usize;
@external("env", "reallocarray")
declare function reallocarray(ptr: usize, count: usize, size: usize): usize;
@external("env", "aligned_alloc")
declare function aligned_alloc(align: usize, size: usize): usize;
@external("env", "malloc_usable_size")
declare function malloc_usable_size(ptr: usize): usize;

export function take(size: usize): usize { return malloc(size); }
export function give(ptr: usize): void { free(ptr); }
export function takeZeroed(count: usize, size: usize): usize { return calloc(count, size); }
export function retake(ptr: usize, size: usize): usize { return realloc(ptr, size); }
export function retakeMany(ptr: usize, count: usize, size: usize): usize {
  return reallocarray(ptr, count, size);
}
export function takeAligned(align: usize, size: usize): usize { return aligned_alloc(align, size); }
export function usable(ptr: usize): usize { return malloc_usable_size(ptr); }
export function peek(ptr: usize): u32 { return load<u32>(ptr); }
export function poke(ptr: usize, value: u32): void { store<u32>(ptr, value); }
export function heapBase(): usize { return __heap_base; }

const OWN: StaticArray<u8> = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3];

/** A sum over the module's own data. */
export function ownData(): u32 {
  let sum: u32 = 0;
  for (let i = 0; i < 16; i++) sum = sum * 31 + unchecked(OWN[i]);
  return sum;
}

// Words of a tally.
const ALLOCS: usize = 0;
const FREES: usize = 4;
const FOREIGN: usize = 8;
const WRONG: usize = 12;
const REFUSED: usize = 16;

function count(at: usize): void { store<u32>(at, load<u32>(at) + 1); }

function wordAt(ptr: usize, i: u32): u32 { return <u32>ptr ^ (i * 0x9e3779b1); }

function stamp(ptr: usize, size: u32, owner: u32): void {
  store<u32>(ptr, size);
  store<u32>(ptr + 4, owner);
  for (let i: u32 = 2; i < size >>> 2; i++) store<u32>(ptr + i * 4, wordAt(ptr, i));
}

function check(ptr: usize, tally: usize): void {
  const words = load<u32>(ptr) >>> 2;
  for (let i: u32 = 2; i < words; i++) {
    if (load<u32>(ptr + i * 4) == wordAt(ptr, i)) continue;
    count(tally + WRONG);
    return;
  }
}

/** A block, by one of four ways. */
function obtain(kind: u32, size: u32, tally: usize): usize {
  if (kind == 1) {
    const zeroed = calloc(size >>> 2, 4);
    for (let i: u32 = 0; zeroed != 0 && i < size >>> 2; i++) {
      if (load<u32>(zeroed + i * 4) != 0) count(tally + WRONG);
    }
    return zeroed;
  }
  if (kind == 2) {
    const aligned = aligned_alloc(256, size);
    if (aligned % 256 != 0) count(tally + WRONG);
    return aligned;
  }
  const first = malloc(kind == 3 ? 16 : size);
  if (kind != 3 || first == 0) return first;
  store<u32>(first + 12, size ^ 0x55555555);
  const grown = realloc(first, size);
  if (grown == 0) { free(first); return 0; }
  if (load<u32>(grown + 12) != (size ^ 0x55555555)) count(tally + WRONG);
  return grown;
}

/** Puts blocks into the table's entries, and frees those that it finds there, whoever's they are. */
export function exchange(
  table: usize, entries: u32, owner: u32, seed: u32, rounds: u32, tally: usize,
): void {
  for (let round: u32 = 0; round < rounds; round++) {
    seed ^= seed << 13; seed ^= seed >>> 17; seed ^= seed << 5;
    const size: u32 = 16 + (seed >>> 4) % 3000;
    const ptr = obtain(seed & 7, size, tally);
    if (ptr == 0) { count(tally + REFUSED); continue; }
    count(tally + ALLOCS);
    stamp(ptr, size, owner);
    const old = <usize>atomic.xchg<u32>(table + ((seed >>> 16) % entries) * 4, <u32>ptr);
    if (old == 0) continue;
    if (load<u32>(old + 4) != owner) count(tally + FOREIGN);
    check(old, tally);
    free(old);
    count(tally + FREES);
  }
}
