#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"

enum { SPINS_BEFORE_YIELDING = 2000, LINE = 64 };

typedef struct {
  ThreadPool *pool;
  int number;
  void *scratch;
  pthread_t thread;
} Worker;

struct ThreadPool {
  int size;
  const InstructionSet *set;
  Worker *workers;  // number 0 is the thread that calls
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  uint64_t jobs;  // how many were given, under the mutex
  int stop;
  const Job *job;
  atomic_int_fast64_t next_image;
  atomic_int next_item[2];  // of this phase and of the next
  atomic_int arrived;
  atomic_uint turn;
};

// Returns when all threads of the pool have come here. Waiting is spinning, for the others are a few microseconds
// behind; on a busy machine they may have been put aside, and the processor is given away.
static void wait_for_all(ThreadPool *pool) {
  const unsigned turn = atomic_load(&pool->turn);
  if (atomic_fetch_add(&pool->arrived, 1) == pool->size - 1) {
    atomic_store(&pool->arrived, 0);
    atomic_store(&pool->turn, turn + 1);
    return;
  }
  for (int spins = 0; atomic_load_explicit(&pool->turn, memory_order_acquire) == turn; spins++) {
    if (spins < SPINS_BEFORE_YIELDING)
      pause_processor();
    else
      sched_yield();
  }
}

static void run_item(const ThreadPool *pool, const Phase *phase, int item, const Memory *memory) {
  const Operation *operation = pool->job->operations + phase->first;
  for (; item >= operation->items; operation++) item -= operation->items;
  pool->set->kernels[operation->kernel](operation, item, memory);
}

static void copy_outputs(const Job *job, const uint8_t *arena, int64_t image) {
  for (int i = 0; i < job->output_count; i++) {
    const Output *output = job->outputs + i;
    memcpy(output->to + image * output->bytes, arena + output->first, (size_t)output->bytes);
  }
}

static void run_alone(const Worker *worker, int64_t image) {
  const Job *job = worker->pool->job;
  const Memory memory = {job->arenas + worker->number * job->arena_bytes, job->images + image * job->image_bytes,
                         worker->scratch};
  for (int p = 0; p < job->phase_count; p++)
    for (int item = 0; item < job->phases[p].items; item++) run_item(worker->pool, job->phases + p, item, &memory);
  copy_outputs(job, memory.arena, image);
}

static void run_together(const Worker *worker, int64_t image) {
  ThreadPool *pool = worker->pool;
  const Job *job = pool->job;
  const Memory memory = {job->arenas, job->images + image * job->image_bytes, worker->scratch};
  for (int p = 0; p < job->phase_count; p++) {
    const Phase *phase = job->phases + p;
    // Nobody takes an item of the next phase before all have come to the end of this one.
    if (worker->number == 0) atomic_store(&pool->next_item[(p + 1) % 2], 0);
    int item;
    while ((item = atomic_fetch_add(&pool->next_item[p % 2], 1)) < phase->items) run_item(pool, phase, item, &memory);
    wait_for_all(pool);
  }
  if (worker->number == 0) {
    copy_outputs(job, job->arenas, image);
    atomic_store(&pool->next_item[0], 0);
    atomic_store(&pool->next_item[1], 0);
  }
  wait_for_all(pool);
}

// As many pictures as fill whole rounds go to the threads one by one, which need not wait for each other; the rest are
// done by all together.
static void run_job(const Worker *worker) {
  ThreadPool *pool = worker->pool;
  const int64_t count = pool->job->image_count, alone = count - count % pool->size;
  int64_t image;
  while ((image = atomic_fetch_add(&pool->next_image, 1)) < alone) run_alone(worker, image);
  wait_for_all(pool);
  for (image = alone; image < count; image++) run_together(worker, image);
}

static void *wait_for_jobs(void *argument) {
  const Worker *worker = argument;
  ThreadPool *pool = worker->pool;
  uint64_t done = 0;
  for (;;) {
    pthread_mutex_lock(&pool->mutex);
    while (pool->jobs == done && !pool->stop) pthread_cond_wait(&pool->wake, &pool->mutex);
    const int stop = pool->stop;
    done = pool->jobs;
    pthread_mutex_unlock(&pool->mutex);
    if (stop) return NULL;
    run_job(worker);
    wait_for_all(pool);
  }
}

static int make_worker(ThreadPool *pool, int number) {
  Worker *worker = pool->workers + number;
  *worker = (Worker){.pool = pool, .number = number, .scratch = aligned_alloc(LINE, SCRATCH_BYTES)};
  if (worker->scratch && (number == 0 || !pthread_create(&worker->thread, NULL, wait_for_jobs, worker))) return 1;
  free(worker->scratch);
  return 0;
}

ThreadPool *googlenet_pool_create(int threads, int instruction_set) {
  ThreadPool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pool->set = googlenet_instruction_set(instruction_set);
  pool->workers = calloc((size_t)threads, sizeof *pool->workers);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->wake, NULL);
  while (pool->workers && pool->size < threads && make_worker(pool, pool->size)) pool->size++;
  if (pool->size > 0) return pool;
  googlenet_pool_destroy(pool);
  return NULL;
}

void googlenet_pool_run(ThreadPool *pool, const Job *job) {
  pthread_mutex_lock(&pool->mutex);
  pool->job = job;
  atomic_store(&pool->next_image, 0);
  pool->jobs++;
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  run_job(pool->workers);
  wait_for_all(pool);
}

void googlenet_pool_destroy(ThreadPool *pool) {
  pthread_mutex_lock(&pool->mutex);
  pool->stop = 1;
  pthread_cond_broadcast(&pool->wake);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 1; i < pool->size; i++) pthread_join(pool->workers[i].thread, NULL);
  for (int i = 0; i < pool->size; i++) free(pool->workers[i].scratch);
  pthread_mutex_destroy(&pool->mutex);
  pthread_cond_destroy(&pool->wake);
  free(pool->workers);
  free(pool);
}
