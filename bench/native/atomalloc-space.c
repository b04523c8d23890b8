/*
 * Plays a list of requests to whatever malloc the program is started with, and says how much memory
 * that holds: resident pages beyond those which the program had before the first request.
 *
 *   atomalloc-space FILE BLOCKS
 *
 * The file has four words for each request, as bench/space/requests.ts says. Printed are the file
 * that malloc comes from, then the most bytes ever held, those after the last request, and those
 * after everything has been freed and the allocator was asked to give back what it can. All of a
 * block is written to. Linux only, as others do not tell how much is resident.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"

enum { ALLOC = 1, FREE = 2, REALLOC = 3 };

struct request {
  int32_t op, block;
  uint32_t size;
  int32_t align;
};

struct block {
  char *at;
  size_t size;
};

/* Kilobytes that /proc/self/status gives for `name`; read without a buffer from malloc. */
static long long status_kb(const char *name) {
  static char text[8192];
  int file = open("/proc/self/status", O_RDONLY);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (length <= 0) fail("the system does not tell how much is resident");
  close(file);
  text[length] = 0;
  char *line = strstr(text, name);
  if (line == NULL) fail("the system does not tell the most that was resident");
  return atoll(line + strlen(name));
}

static void *map(size_t bytes, int file) {
  int flags = file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE;
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, file, 0);
  if (memory == MAP_FAILED) fail("no memory for the requests");
  return memory;
}

static void fetch(struct block *block, const struct request *request) {
  size_t align = (size_t)1 << request->align;
  void *memory = NULL;
  if (request->align == 0) memory = malloc(request->size);
  else if (posix_memalign(&memory, align < 16 ? 16 : align, request->size) != 0) memory = NULL;
  if (memory == NULL) fail("there was no block left");
  memset(memory, 1, request->size);
  block->at = memory;
  block->size = request->size;
}

static void resize(struct block *block, const struct request *request) {
  if (request->align > 0) {
    char *old = block->at;
    fetch(block, request);
    free(old);
    return;
  }
  char *memory = realloc(block->at, request->size);
  if (memory == NULL) fail("there was no block left");
  if (request->size > block->size) memset(memory + block->size, 1, request->size - block->size);
  block->at = memory;
  block->size = request->size;
}

static void release(struct block *block) {
  free(block->at);
  block->at = NULL;
}

static void play(const struct request *requests, size_t count, struct block *blocks) {
  for (size_t i = 0; i < count; i++) {
    struct block *block = &blocks[requests[i].block];
    if (requests[i].op == ALLOC) fetch(block, &requests[i]);
    else if (requests[i].op == FREE) release(block);
    else resize(block, &requests[i]);
  }
}

/* What each library offers to give memory back; those that are not there are not asked. */
static void give_back(void) {
  int (*trim)(size_t) = (int (*)(size_t))dlsym(RTLD_DEFAULT, "malloc_trim");
  void (*collect)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "mi_collect");
  void (*release_free)(void) =
      (void (*)(void))dlsym(RTLD_DEFAULT, "MallocExtension_ReleaseFreeMemory");
  int (*control)(const char *, void *, size_t *, void *, size_t) =
      (int (*)(const char *, void *, size_t *, void *, size_t))dlsym(RTLD_DEFAULT, "mallctl");
  if (trim != NULL) trim(0);
  if (collect != NULL) collect(1);
  if (release_free != NULL) release_free();
  if (control != NULL) control("thread.tcache.flush", NULL, NULL, NULL, 0);
  if (control != NULL) control("arena.4096.purge", NULL, NULL, NULL, 0); /* 4096: all of them */
}

int main(int argc, char **argv) {
  struct stat about;
  Dl_info from;
  if (argc != 3) fail("usage: atomalloc-space FILE BLOCKS");
  int file = open(argv[1], O_RDONLY);
  if (file < 0 || fstat(file, &about) != 0) fail("the requests cannot be read");
  const struct request *requests = map((size_t)about.st_size, file);
  size_t count = (size_t)about.st_size / sizeof *requests, all = (size_t)atol(argv[2]);
  struct block *blocks = map((all + 1) * sizeof *blocks, -1);
  printf("%s\n", dladdr((void *)malloc, &from) ? from.dli_fname : "?");
  fflush(stdout);
  long long before = status_kb("VmRSS:");
  play(requests, count, blocks);
  long long peak = status_kb("VmHWM:"), end = status_kb("VmRSS:");
  for (size_t i = 0; i < all; i++) release(&blocks[i]);
  give_back();
  long long after = status_kb("VmRSS:");
  printf("%lld %lld %lld\n", (peak - before) * 1024, (end - before) * 1024,
         (after - before) * 1024);
  return 0;
}
