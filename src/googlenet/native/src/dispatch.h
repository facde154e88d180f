// Instruction sets: which there are, which the processor has.
#ifndef GOOGLENET_DISPATCH_H
#define GOOGLENET_DISPATCH_H

#include "records.h"

// Number 0 is the slowest, each is faster than the one before; NULL behind the last.
const InstructionSet *googlenet_instruction_set(int number);

// Whether this processor has its instructions.
int googlenet_can_run(int number);

// The name of a kernel, by its place in InstructionSet.kernels; NULL behind the last.
const char *googlenet_kernel_name(int number);

// The sizes of View, Panel, Operation, Phase, Output, Job and of a thread's scratch memory, for the reader on the other
// side to compare with; 0 behind the last.
int googlenet_record_bytes(int which);

// Tells the processor that a thread waits for another.
static inline void pause_processor(void) {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) && defined(__GNUC__)
  __asm__ volatile("yield");
#endif
}

#endif
