#include "dispatch.h"

// Whether the processor has an instruction set: a function for each header in simd/. Which of them are compiled, with
// which flags, says hatch_build.py with -DSIMD_SETS(SET)=SET(scalar) ..., the slowest first.

static inline int has_scalar(void) { return 1; }

#if defined(__x86_64__)
static inline int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static inline int has_avx512vnni(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
}
#endif

#define DECLARE(name) extern const InstructionSet simd_##name;
SIMD_SETS(DECLARE)

#define ROW(name) {&simd_##name, has_##name},
static const struct {
  const InstructionSet *set;
  int (*is_here)(void);
} SETS[] = {SIMD_SETS(ROW)};
enum { SET_COUNT = sizeof SETS / sizeof *SETS };

const InstructionSet *googlenet_instruction_set(int number) { return number < SET_COUNT ? SETS[number].set : 0; }

int googlenet_can_run(int number) { return number < SET_COUNT && SETS[number].is_here(); }

const char *googlenet_kernel_name(int number) {
#define KERNEL_NAME(name) #name,
  static const char *const names[] = {KERNELS(KERNEL_NAME)};
  return number < KERNEL_COUNT ? names[number] : 0;
}

int googlenet_record_bytes(int which) {
  static const int sizes[] = {sizeof(TensorView), sizeof(Panel), sizeof(Operation), sizeof(Phase),
                              sizeof(Output),     sizeof(Job),   SCRATCH_BYTES};
  return which < (int)(sizeof sizes / sizeof *sizes) ? sizes[which] : 0;
}
