/*
 * The workloads of bench/workloads in C, for whatever malloc and free the program is started with:
 * the C library's, or those of a library that is preloaded.
 *
 *   atomalloc-bench WORKLOAD THREADS SIZE LIVE
 *
 * It first prints how many operations a turn has and which file its malloc comes from. Then it
 * reads a number of turns from each line of its input, plays that round, and prints the round's
 * wall time in nanoseconds. At the end of its input it frees everything and ends. Whatever goes
 * wrong is said on stderr, with exit status 1.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "block.h"

#define MAX_THREADS 64
#define CAPACITY 8192u
#define STRIDE 32u /* entries of the ring of which the other end is told at a time */
#define LINE 128 /* bytes: two cache lines, as processors fetch them in pairs */

struct part {
  _Alignas(LINE) uint32_t random;
  int thread;
  uint32_t turns;
  int at; /* in the order */
  uint32_t head, tail; /* of the ring, as this thread knows them */
  token_t **blocks;
  int64_t start_ns, end_ns;
};

static struct {
  void (*turn)(struct part *);
  int ops, threads, live, order_is_random;
  size_t size;
} job;

static struct part parts[MAX_THREADS];
static size_t sizes[SIZES];
static int *order;
static pthread_barrier_t gate;
static long turns_asked;
static struct { _Alignas(LINE) _Atomic uint32_t count; } done[MAX_THREADS], ring_head, ring_tail;
static token_t *ring[CAPACITY];

/* Looks again ten thousand times, then sleeps for a twentieth of a millisecond each time. */
static int pause_for(int spins) {
  const struct timespec nap = {0, 50000};
  if (spins >= 10000) nanosleep(&nap, NULL);
  return spins + 1;
}

static void turn_pair(struct part *part) {
  const int ops = job.ops;
  const size_t size = job.size;
  (void)part;
  for (int i = 0; i < ops; i++) give(take(size, i), i);
}

static void turn_batch(struct part *part) {
  token_t **blocks = part->blocks;
  const int live = job.live, *slots = order;
  const size_t size = job.size;
  for (int i = 0; i < live; i++) blocks[i] = take(size, i);
  for (int i = 0; i < live; i++) give(blocks[slots[i]], slots[i]);
}

/* One turn of a table of blocks whose tokens count from `token` on. */
static void replace(struct part *part, token_t **blocks, int32_t token) {
  const int ops = job.ops;
  const uint32_t live = (uint32_t)job.live;
  uint32_t x = part->random;
  for (int i = 0; i < ops; i++) {
    x = next_random(x);
    uint32_t slot = below(x, live);
    give(blocks[slot], token + (int32_t)slot);
    blocks[slot] = take(sizes[x & (SIZES - 1)], token + (int32_t)slot);
  }
  part->random = x;
}

static void turn_mixed(struct part *part) {
  replace(part, part->blocks, part->thread * TOKENS);
}

static void turn_steady(struct part *part) {
  const int ops = job.ops, live = job.live;
  const size_t size = job.size;
  int at = part->at;
  for (int i = 0; i < ops; i++) {
    int slot = order[at];
    int32_t token = part->thread * live + slot;
    at = at + 1 == live ? 0 : at + 1;
    give(part->blocks[slot], token);
    part->blocks[slot] = take(size, token);
  }
  part->at = at;
}

static void turn_larson(struct part *part) {
  int before = (part->thread + 1) % job.threads;
  int table = (part->thread + (int)(part->turns % (uint32_t)job.threads)) % job.threads;
  int spins = 0;
  if (part->turns > 0) {
    while (atomic_load_explicit(&done[before].count, memory_order_acquire) < part->turns)
      spins = pause_for(spins);
  }
  replace(part, parts[table].blocks, table * TOKENS);
  part->turns++;
  atomic_store_explicit(&done[part->thread].count, part->turns, memory_order_release);
}

static void produce(struct part *part) {
  const int ops = job.ops;
  const size_t size = job.size;
  for (int i = 0; i < ops; i++) {
    token_t *block = take(size, (int32_t)part->tail);
    int spins = 0;
    while (part->tail - part->head == CAPACITY) {
      part->head = atomic_load_explicit(&ring_head.count, memory_order_acquire);
      if (part->tail - part->head == CAPACITY) spins = pause_for(spins);
    }
    ring[part->tail++ % CAPACITY] = block;
    if (part->tail % STRIDE != 0) continue;
    atomic_store_explicit(&ring_tail.count, part->tail, memory_order_release);
  }
}

static void consume(struct part *part) {
  const int ops = job.ops;
  for (int i = 0; i < ops; i++) {
    int spins = 0;
    while (part->head == part->tail) {
      part->tail = atomic_load_explicit(&ring_tail.count, memory_order_acquire);
      if (part->head == part->tail) spins = pause_for(spins);
    }
    token_t *block = ring[part->head % CAPACITY];
    int32_t token = (int32_t)part->head++;
    if (part->head % STRIDE == 0)
      atomic_store_explicit(&ring_head.count, part->head, memory_order_release);
    give(block, token);
  }
}

static void turn_ring(struct part *part) {
  (part->thread == 0 ? produce : consume)(part);
}

static void fill_order(void) {
  order = malloc((size_t)job.live * sizeof *order);
  if (order == NULL) fail("no memory for the order");
  for (int i = 0; i < job.live; i++) order[i] = i;
  if (job.order_is_random) shuffle(order, job.live);
}

static const struct {
  const char *name;
  void (*turn)(struct part *);
  int ops; /* 0: as many as blocks are live */
} workloads[] = {
  {"pair", turn_pair, 1000}, {"batch", turn_batch, 0},      {"shuffled", turn_batch, 0},
  {"mixed", turn_mixed, 200}, {"larson", turn_larson, 5000}, {"ring", turn_ring, 2048},
  {"steady", turn_steady, 200},
};

static void read_job(char **argv) {
  for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
    if (strcmp(argv[1], workloads[i].name) != 0) continue;
    job.turn = workloads[i].turn;
    job.ops = workloads[i].ops;
  }
  job.threads = atoi(argv[2]);
  job.size = (size_t)atol(argv[3]);
  job.live = atoi(argv[4]);
  job.order_is_random = strcmp(argv[1], "shuffled") == 0 || job.turn == turn_steady;
  if (job.turn == NULL || job.threads < 1 || job.threads > MAX_THREADS) fail("no such job");
  if (job.ops == 0) job.ops = job.live;
  fill_sizes(sizes, job.turn != turn_larson);
  fill_order();
}

static int keeps_blocks(void) {
  return job.turn == turn_mixed || job.turn == turn_larson || job.turn == turn_steady;
}

static int32_t first_token(const struct part *part) {
  return part->thread * (job.turn == turn_steady ? job.live : TOKENS);
}

static size_t first_size(struct part *part) {
  if (job.turn == turn_steady) return job.size;
  part->random = next_random(part->random);
  return sizes[part->random & (SIZES - 1)];
}

static void begin(struct part *part) {
  part->random = seed_of(part->thread);
  part->blocks = malloc(((size_t)job.live + 1) * sizeof *part->blocks);
  if (part->blocks == NULL) fail("no memory for the table");
  for (int slot = 0; keeps_blocks() && slot < job.live; slot++)
    part->blocks[slot] = take(first_size(part), first_token(part) + slot);
}

static void finish(struct part *part) {
  for (int slot = 0; keeps_blocks() && slot < job.live; slot++)
    give(part->blocks[slot], first_token(part) + slot);
  free(part->blocks);
}

static void play(struct part *part) {
  part->start_ns = now_ns();
  for (long turn = 0; turn < turns_asked; turn++) job.turn(part);
  part->end_ns = now_ns();
}

/* One of several threads: every round begins and ends at the gate. */
static void *serve(void *argument) {
  struct part *part = argument;
  begin(part);
  pthread_barrier_wait(&gate);
  for (;;) {
    pthread_barrier_wait(&gate);
    if (turns_asked == 0) break;
    play(part);
    pthread_barrier_wait(&gate);
  }
  finish(part);
  return NULL;
}

static void play_round(void) {
  if (job.threads == 1) {
    play(&parts[0]);
  } else {
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate);
  }
  int64_t start = parts[0].start_ns, end = parts[0].end_ns;
  for (int i = 1; i < job.threads; i++) {
    if (parts[i].start_ns < start) start = parts[i].start_ns;
    if (parts[i].end_ns > end) end = parts[i].end_ns;
  }
  printf("%lld\n", (long long)(end - start));
  fflush(stdout);
}

int main(int argc, char **argv) {
  pthread_t threads[MAX_THREADS];
  Dl_info from;
  if (argc != 5) fail("usage: atomalloc-bench WORKLOAD THREADS SIZE LIVE");
  read_job(argv);
  pthread_barrier_init(&gate, NULL, (unsigned)job.threads + 1);
  for (int i = 0; i < job.threads; i++) {
    parts[i].thread = i;
    if (job.threads == 1) begin(&parts[i]);
    else if (pthread_create(&threads[i], NULL, serve, &parts[i]) != 0) fail("no thread");
  }
  if (job.threads > 1) pthread_barrier_wait(&gate);
  printf("%d %s\n", job.ops, dladdr((void *)malloc, &from) ? from.dli_fname : "?");
  fflush(stdout);
  while (scanf("%ld", &turns_asked) == 1 && turns_asked > 0) play_round();
  turns_asked = 0;
  if (job.threads > 1) pthread_barrier_wait(&gate);
  for (int i = 0; job.threads > 1 && i < job.threads; i++) pthread_join(threads[i], NULL);
  if (job.threads == 1) finish(&parts[0]);
  return 0;
}
