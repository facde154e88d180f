// Threads that run programs: all of them on one picture, or each on a picture of its own.
#ifndef GOOGLENET_THREAD_POOL_H
#define GOOGLENET_THREAD_POOL_H

#include "records.h"

typedef struct ThreadPool ThreadPool;

// `threads`, from 1, counts the one that calls. NULL where the system has no memory left; with fewer threads than asked
// for where it gives no more.
ThreadPool *googlenet_pool_create(int threads, int instruction_set);

// Returns when the outputs of all pictures are written. One job at a time.
void googlenet_pool_run(ThreadPool *pool, const Job *job);

void googlenet_pool_destroy(ThreadPool *pool);

#endif
