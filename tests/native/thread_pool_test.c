// The thread pool under a thread sanitizer (make sanitize): several pools at once, each running jobs of phases that read
// what the phases before wrote, on one picture and on many. Exits with 1 and a line where an answer is wrong.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "thread_pool.h"

enum { SIZE = 24, IMAGE = SIZE * SIZE * 3, STEPS = 6, IMAGES = 5, ROUNDS = 20, LINE = 64 };
enum { TENSOR = (IMAGE + LINE - 1) / LINE * LINE, ARENA = (STEPS + 1) * TENSOR + LINE };

static int kernel_number(const char *name) {
  for (int number = 0;; number++)
    if (!strcmp(googlenet_kernel_name(number), name)) return number;
}

static TensorView view_of(int step) {
  return (TensorView){.first = step * TENSOR, .row = SIZE * 3, .pixel = 3, .height = SIZE, .width = SIZE, .channels = 3};
}

// The picture, and max pools of 3x3 one behind the other: what one thread missed, all later steps lack.
static void describe(Operation operations[STEPS + 1], Phase phases[STEPS + 1]) {
  operations[0] = (Operation){.kernel = kernel_number("image_i8"), .items = 4, .out = view_of(0)};
  for (int step = 1; step <= STEPS; step++)
    operations[step] = (Operation){.kernel = kernel_number("maxpool_i8"), .items = SIZE, .in = view_of(step - 1),
                                   .out = view_of(step), .kernel_size = 3, .stride = 1, .padding = 1};
  for (int step = 0; step <= STEPS; step++) phases[step] = (Phase){step, step + 1, operations[step].items, 0};
}

// The largest byte at most STEPS pixels away.
static uint8_t expected_at(const uint8_t *image, int y, int x, int c) {
  uint8_t best = 0;
  for (int i = y - STEPS; i <= y + STEPS; i++)
    for (int j = x - STEPS; j <= x + STEPS; j++)
      if (i >= 0 && j >= 0 && i < SIZE && j < SIZE && image[(i * SIZE + j) * 3 + c] > best)
        best = image[(i * SIZE + j) * 3 + c];
  return best;
}

static int run_pool(int threads, int set) {
  Operation operations[STEPS + 1];
  Phase phases[STEPS + 1];
  describe(operations, phases);
  uint8_t *images = malloc(IMAGES * IMAGE), *found = malloc(IMAGES * IMAGE), *arenas = malloc((size_t)threads * ARENA);
  unsigned state = (unsigned)threads;
  int wrong = 0;
  ThreadPool *pool = googlenet_pool_create(threads, set);
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < IMAGES * IMAGE; i++) images[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
    const Output output = {STEPS * TENSOR, IMAGE, found};
    const Job job = {operations, phases, STEPS + 1, 1, &output, arenas, ARENA, IMAGE, images, 1 + round % IMAGES};
    memset(found, 0, IMAGES * IMAGE);
    googlenet_pool_run(pool, &job);
    for (int at = round; at < job.image_count * IMAGE; at += 97) {
      const int pixel = at % IMAGE / 3;
      wrong += found[at] != expected_at(images + at / IMAGE * IMAGE, pixel / SIZE, pixel % SIZE, at % 3);
    }
  }
  googlenet_pool_destroy(pool);
  free(images), free(found), free(arenas);
  return wrong;
}

static void *run_pools(void *argument) {
  long wrong = 0;
  for (int set = 0; googlenet_instruction_set(set); set++)
    if (googlenet_can_run(set)) wrong += run_pool((int)(long)argument, set);
  return (void *)wrong;
}

int main(void) {
  pthread_t runners[4];
  long wrong = 0;
  for (long threads = 1; threads <= 4; threads++)
    if (pthread_create(&runners[threads - 1], NULL, run_pools, (void *)threads)) return 1;
  for (int i = 0; i < 4; i++) {
    void *found;
    pthread_join(runners[i], &found);
    wrong += (long)found;
  }
  if (wrong) printf("%ld values of the thread pool are wrong\n", wrong);
  return wrong != 0;
}
