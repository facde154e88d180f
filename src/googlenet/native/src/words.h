// Sixteen numbers of 16 bits, for Winograd's transforms of bytes; AVX2, which processors with AVX-512 have too.

typedef __m256i words;

#define WORDS 16

static inline void store_words(void *to, words value) { _mm256_storeu_si256(to, value); }
static inline words add_16(words a, words b) { return _mm256_add_epi16(a, b); }
static inline words subtract_16(words a, words b) { return _mm256_sub_epi16(a, b); }
static inline words shift_16(words a, int bits) { return _mm256_slli_epi16(a, bits); }
static inline words bytes_to_16(const void *from) { return _mm256_cvtepu8_epi16(_mm_loadu_si128(from)); }
