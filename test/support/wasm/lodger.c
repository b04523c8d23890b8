// A module that lives on the heap through `atomalloc/wasm`, in C. lodger.as is the same program in
// AssemblyScript, exchange.ts its loop in JavaScript. Compiled without a C library.

typedef unsigned int u32;
typedef __SIZE_TYPE__ size_t;

#define IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

IMPORT(malloc) void *malloc(size_t size);
IMPORT(free) void free(void *ptr);
IMPORT(calloc) void *calloc(size_t count, size_t size);
IMPORT(realloc) void *realloc(void *ptr, size_t size);
IMPORT(reallocarray) void *reallocarray(void *ptr, size_t count, size_t size);
IMPORT(aligned_alloc) void *aligned_alloc(size_t align, size_t size);
IMPORT(malloc_usable_size) size_t malloc_usable_size(void *ptr);

extern unsigned char __heap_base;

EXPORT(take) void *take(size_t size) { return malloc(size); }
EXPORT(give) void give(void *ptr) { free(ptr); }
EXPORT(takeZeroed) void *take_zeroed(size_t count, size_t size) { return calloc(count, size); }
EXPORT(retake) void *retake(void *ptr, size_t size) { return realloc(ptr, size); }
EXPORT(retakeMany) void *retake_many(void *ptr, size_t count, size_t size) {
  return reallocarray(ptr, count, size);
}
EXPORT(takeAligned) void *take_aligned(size_t align, size_t size) {
  return aligned_alloc(align, size);
}
EXPORT(usable) size_t usable(void *ptr) { return malloc_usable_size(ptr); }
EXPORT(peek) u32 peek(const u32 *ptr) { return *ptr; }
EXPORT(poke) void poke(u32 *ptr, u32 value) { *ptr = value; }
EXPORT(heapBase) void *heap_base(void) { return &__heap_base; }

static volatile unsigned char own[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};

// A sum over the module's own data.
EXPORT(ownData) u32 own_data(void) {
  u32 sum = 0;
  for (int i = 0; i < 16; i++) sum = sum * 31 + own[i];
  return sum;
}

struct tally {
  u32 allocs, frees, foreign, wrong, refused;
};

static u32 word_at(const u32 *ptr, u32 i) { return (u32)ptr ^ (i * 0x9e3779b1u); }

static void stamp(u32 *ptr, u32 size, u32 owner) {
  ptr[0] = size;
  ptr[1] = owner;
  for (u32 i = 2; i < size >> 2; i++) ptr[i] = word_at(ptr, i);
}

static void check(const u32 *ptr, struct tally *tally) {
  for (u32 i = 2; i < ptr[0] >> 2; i++) {
    if (ptr[i] == word_at(ptr, i)) continue;
    tally->wrong++;
    return;
  }
}

// A block, by one of four ways.
static u32 *obtain(u32 kind, u32 size, struct tally *tally) {
  if (kind == 1) {
    u32 *zeroed = calloc(size >> 2, 4);
    for (u32 i = 0; zeroed && i < size >> 2; i++)
      if (zeroed[i] != 0) tally->wrong++;
    return zeroed;
  }
  if (kind == 2) {
    u32 *aligned = aligned_alloc(256, size);
    if ((u32)aligned % 256 != 0) tally->wrong++;
    return aligned;
  }
  u32 *first = malloc(kind == 3 ? 16 : size);
  if (kind != 3 || !first) return first;
  first[3] = size ^ 0x55555555u;
  u32 *grown = realloc(first, size);
  if (!grown) {
    free(first);
    return 0;
  }
  if (grown[3] != (size ^ 0x55555555u)) tally->wrong++;
  return grown;
}

// Puts blocks into the table's entries, and frees those that it finds there, whoever's they are.
EXPORT(exchange)
void exchange(u32 *table, u32 entries, u32 owner, u32 seed, u32 rounds, struct tally *tally) {
  for (u32 round = 0; round < rounds; round++) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    u32 size = 16 + (seed >> 4) % 3000;
    u32 *ptr = obtain(seed & 7, size, tally);
    if (!ptr) {
      tally->refused++;
      continue;
    }
    tally->allocs++;
    stamp(ptr, size, owner);
    u32 *entry = table + (seed >> 16) % entries;
    u32 *old = (u32 *)__atomic_exchange_n(entry, (u32)ptr, __ATOMIC_SEQ_CST);
    if (!old) continue;
    if (old[1] != owner) tally->foreign++;
    check(old, tally);
    free(old);
    tally->frees++;
  }
}
