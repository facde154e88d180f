// Threads that run a program: all of them on one picture, or each on a picture of its own.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { SPINS_BEFORE_YIELDING = 2000 };

// In the order of INSTRUCTIONS in native/library.py.
enum { AVX2, AVX512 };
static const Kernel *const KERNELS[] = {[AVX2] = kernels_avx2, [AVX512] = kernels_avx512};

__thread int32_t products_of_thread[MOST_PRODUCTS * 32] __attribute__((aligned(64)));

// A value that is copied out of the arena after each picture: `count` floats from `first`, to `to` + picture * count.
typedef struct {
  int64_t first, count;
  float *to;
} Output;

typedef struct {
  const Operation *operations;
  const Phase *phases;
  int32_t phase_count, output_count;
  const Output *outputs;
  float *arenas;  // one for each thread
  int64_t arena_size, image_size;
  const uint8_t *images;
  int64_t image_count;
} Job;

typedef struct Team {
  int size;
  const Kernel *kernels;
  pthread_t *threads;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  uint64_t jobs;  // how many were given, under the mutex
  int stop;
  const Job *job;
  atomic_int_fast64_t next_image;
  atomic_int next_item[2];  // of this phase and of the next
  atomic_int arrived;
  atomic_uint turn;
} Team;

typedef struct {
  Team *team;
  int number;
} Seat;

// Returns when all threads of the team have come here. Waiting is spinning, for the others are a few microseconds
// behind; on a busy machine they may have been put aside, and the processor is given away.
static void meet(Team *team) {
  const unsigned turn = atomic_load(&team->turn);
  if (atomic_fetch_add(&team->arrived, 1) == team->size - 1) {
    atomic_store(&team->arrived, 0);
    atomic_store(&team->turn, turn + 1);
    return;
  }
  for (int spins = 0; atomic_load_explicit(&team->turn, memory_order_acquire) == turn; spins++) {
    if (spins < SPINS_BEFORE_YIELDING)
      __builtin_ia32_pause();
    else
      sched_yield();
  }
}

static void run_item(const Team *team, const Phase *phase, int item, float *arena, const uint8_t *image) {
  const Operation *operation = team->job->operations + phase->first;
  for (; item >= operation->items; operation++) item -= operation->items;
  team->kernels[operation->kind](operation, item, arena, image);
}

static void copy_outputs(const Job *job, const float *arena, int64_t image) {
  for (int i = 0; i < job->output_count; i++) {
    const Output *output = job->outputs + i;
    memcpy(output->to + image * output->count, arena + output->first, output->count * sizeof(float));
  }
}

static void run_apart(const Team *team, int64_t image, float *arena) {
  const Job *job = team->job;
  for (int p = 0; p < job->phase_count; p++)
    for (int item = 0; item < job->phases[p].items; item++)
      run_item(team, job->phases + p, item, arena, job->images + image * job->image_size);
  copy_outputs(job, arena, image);
}

static void run_together(Team *team, int number, int64_t image) {
  const Job *job = team->job;
  for (int p = 0; p < job->phase_count; p++) {
    const Phase *phase = job->phases + p;
    if (number == 0) atomic_store(&team->next_item[(p + 1) % 2], 0);  // nobody takes of it before all have met
    int item;
    while ((item = atomic_fetch_add(&team->next_item[p % 2], 1)) < phase->items)
      run_item(team, phase, item, job->arenas, job->images + image * job->image_size);
    meet(team);
  }
  if (number == 0) {
    copy_outputs(job, job->arenas, image);
    atomic_store(&team->next_item[0], 0);
    atomic_store(&team->next_item[1], 0);
  }
  meet(team);
}

// As many pictures as fill whole rounds go to the threads one by one, which need not wait for each other;
// the rest are done by all together.
static void work(Team *team, int number) {
  const Job *job = team->job;
  const int64_t apart = job->image_count - job->image_count % team->size;
  int64_t image;
  while ((image = atomic_fetch_add(&team->next_image, 1)) < apart)
    run_apart(team, image, job->arenas + number * job->arena_size);
  meet(team);
  for (image = apart; image < job->image_count; image++) run_together(team, number, image);
}

static void *wait_for_jobs(void *argument) {
  Seat *seat = argument;
  Team *team = seat->team;
  uint64_t done = 0;
  for (;;) {
    pthread_mutex_lock(&team->mutex);
    while (team->jobs == done && !team->stop) pthread_cond_wait(&team->wake, &team->mutex);
    const int stop = team->stop;
    done = team->jobs;
    pthread_mutex_unlock(&team->mutex);
    if (stop) break;
    work(team, seat->number);
    meet(team);
  }
  free(seat);
  return NULL;
}

void googlenet_disband(Team *team) {
  pthread_mutex_lock(&team->mutex);
  team->stop = 1;
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->mutex);
  for (int i = 1; i < team->size; i++) pthread_join(team->threads[i], NULL);
  pthread_mutex_destroy(&team->mutex);
  pthread_cond_destroy(&team->wake);
  free(team->threads);
  free(team);
}

// NULL where the system has no memory left; with fewer threads than asked for where it gives no more.
Team *googlenet_gather(int size, int instructions) {
  Team *team = calloc(1, sizeof *team);
  if (!team) return NULL;
  team->threads = calloc(size, sizeof *team->threads);
  if (!team->threads) {
    free(team);
    return NULL;
  }
  pthread_mutex_init(&team->mutex, NULL);
  pthread_cond_init(&team->wake, NULL);
  team->size = 1;
  team->kernels = KERNELS[instructions];
  for (int number = 1; number < size; number++) {
    Seat *seat = malloc(sizeof *seat);
    if (!seat) break;
    *seat = (Seat){team, number};
    if (pthread_create(&team->threads[number], NULL, wait_for_jobs, seat)) {
      free(seat);
      break;
    }
    team->size = number + 1;
  }
  return team;
}

void googlenet_run(Team *team, const Job *job) {
  pthread_mutex_lock(&team->mutex);
  team->job = job;
  atomic_store(&team->next_image, 0);
  team->jobs++;
  pthread_cond_broadcast(&team->wake);
  pthread_mutex_unlock(&team->mutex);
  work(team, 0);
  meet(team);
}

// What the records are made of, for the reader on the other side to compare with.
int googlenet_sizes(int which) {
  const int sizes[] = {sizeof(View), sizeof(Panel), sizeof(Operation), sizeof(Phase), sizeof(Output), sizeof(Job)};
  return which < (int)(sizeof sizes / sizeof *sizes) ? sizes[which] : 0;
}

// Whether this processor has the instructions.
int googlenet_can_run(int instructions) {
  switch (instructions) {
    case AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case AVX512:
      return googlenet_can_run(AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vnni");
    default: return 0;
  }
}
