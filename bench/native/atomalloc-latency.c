/*
 * How long each malloc takes among many threads: the mix of bench/workloads/delays.ts, for whatever
 * malloc the program is started with.
 *
 *   atomalloc-latency THREADS LIVE MILLISECONDS
 *
 * Each thread replaces blocks of its live set at random until the time is over. Printed are the
 * file that malloc comes from and, in one line, the counts of all buckets of all threads' times, as
 * bench/latency/histogram.ts has them. The watch costs some tens of nanoseconds itself.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#include "block.h"

#define MAX_THREADS 64
#define BUCKETS 512
#define SUB_BITS 4

struct part {
  _Alignas(128) int thread;
  long counts[BUCKETS];
};

static struct part parts[MAX_THREADS];
static size_t sizes[SIZES];
static uint32_t live;
static pthread_barrier_t gate;
static atomic_int over;

static int bucket_of(int64_t ns) {
  uint32_t whole = ns > 0x7fffffff ? 0x7fffffff : ns < 0 ? 0 : (uint32_t)ns;
  if (whole < 1u << SUB_BITS) return (int)whole;
  int doubling = 31 - __builtin_clz(whole);
  uint32_t sub = whole >> (doubling - SUB_BITS) & ((1u << SUB_BITS) - 1);
  return (doubling - SUB_BITS + 1) * (1 << SUB_BITS) + (int)sub;
}

static void replace(struct part *part, token_t **blocks, uint32_t x) {
  uint32_t slot = below(x, live);
  int32_t token = part->thread * TOKENS + (int32_t)slot;
  give(blocks[slot], token);
  size_t size = sizes[x & (SIZES - 1)];
  int64_t start = now_ns();
  token_t *block = malloc(size);
  int64_t took = now_ns() - start;
  if (block == NULL) fail("there was no block left");
  part->counts[bucket_of(took)]++;
  *block = token;
  blocks[slot] = block;
}

static void *serve(void *argument) {
  struct part *part = argument;
  uint32_t x = seed_of(part->thread);
  token_t **blocks = malloc(live * sizeof *blocks);
  if (blocks == NULL) fail("no memory for the table");
  for (uint32_t slot = 0; slot < live; slot++) {
    x = next_random(x);
    blocks[slot] = take(sizes[x & (SIZES - 1)], part->thread * TOKENS + (int32_t)slot);
  }
  pthread_barrier_wait(&gate);
  while (!atomic_load_explicit(&over, memory_order_relaxed)) {
    x = next_random(x);
    replace(part, blocks, x);
  }
  for (uint32_t slot = 0; slot < live; slot++)
    give(blocks[slot], part->thread * TOKENS + (int32_t)slot);
  free(blocks);
  return NULL;
}

static void print_counts(int threads) {
  for (int bucket = 0; bucket < BUCKETS; bucket++) {
    long sum = 0;
    for (int i = 0; i < threads; i++) sum += parts[i].counts[bucket];
    printf("%ld ", sum);
  }
  printf("\n");
}

int main(int argc, char **argv) {
  pthread_t threads[MAX_THREADS];
  Dl_info from;
  if (argc != 4) fail("usage: atomalloc-latency THREADS LIVE MILLISECONDS");
  int count = atoi(argv[1]);
  long ms = atol(argv[3]);
  const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  live = (uint32_t)atol(argv[2]);
  if (count < 1 || count > MAX_THREADS) fail("so many threads cannot be");
  fill_sizes(sizes, 1);
  printf("%s\n", dladdr((void *)malloc, &from) ? from.dli_fname : "?");
  fflush(stdout);
  pthread_barrier_init(&gate, NULL, (unsigned)count + 1);
  for (int i = 0; i < count; i++) {
    parts[i].thread = i;
    if (pthread_create(&threads[i], NULL, serve, &parts[i]) != 0) fail("no thread");
  }
  pthread_barrier_wait(&gate);
  nanosleep(&time, NULL);
  atomic_store(&over, 1);
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
  print_counts(count);
  return 0;
}
