/*
 * What the programs here have in common: blocks with tokens in them, and the sizes, the random
 * numbers and the orders of bench/workloads, the same as in JavaScript.
 */
#ifndef ATOMALLOC_BENCH_BLOCK_H
#define ATOMALLOC_BENCH_BLOCK_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SIZES 8192
#define TOKENS 65536 /* of each thread */

typedef volatile int32_t token_t; /* volatile: a block is written and read, whatever happens */

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static inline token_t *take(size_t size, int32_t token) {
  token_t *block = malloc(size);
  if (block == NULL) fail("there was no block left");
  *block = token;
  return block;
}

static inline void give(token_t *block, int32_t token) {
  if (*block != token) fail("a block lost its token");
  free((void *)block);
}

static inline uint32_t seed_of(int thread) {
  return 0x9e3779b9u ^ (uint32_t)(thread + 1) * 0x85ebca6bu;
}

static inline uint32_t next_random(uint32_t x) {
  x ^= x << 13;
  x ^= x >> 17;
  return x ^ x << 5;
}

static inline uint32_t below(uint32_t x, uint32_t limit) { return (x >> 16) * limit >> 16; }

/* A table of sizes from 8 to 4096, as many in each doubling, or from 8 to 1000, each as likely. */
static inline void fill_sizes(size_t *sizes, int log_uniform) {
  uint32_t x = seed_of(0);
  for (int i = 0; i < SIZES; i++) {
    x = next_random(x);
    double u = x / 4294967296.0;
    sizes[i] = log_uniform ? (size_t)floor(8 * pow(2, u * 9)) : 8 + (size_t)floor(u * 992);
  }
}

static inline void shuffle(int *order, int count) {
  uint32_t x = seed_of(0);
  for (int last = count - 1; last > 0; last--) {
    x = next_random(x);
    int other = (int)((uint64_t)x * (uint64_t)(last + 1) >> 32), kept = order[last];
    order[last] = order[other];
    order[other] = kept;
  }
}

static inline int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
