/* The second look's sums, for x86 processors with AVX2 and, for the mixtures, AVX-512 VNNI.

Compilers make of `_second.py`'s loops one sum at a time, each folded together at its end. Here each lane is an output of
its own, and a pair of inputs is multiplied with all of them at once (`vpmaddwd`, `vpdpwssd`): nothing is folded. What
comes out is what the loops give, number by number; where neither is there, the loops run. */

#pragma once
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
static inline int lanes_lowest(uint32_t bits) { return __builtin_ctz(bits); }
#else
static inline int lanes_lowest(uint32_t bits) {
    int n = 0;
    while (!((bits >> n) & 1)) n++;
    return n;
}
#endif

#if defined(__AVX2__) && defined(__GNUC__)
#include <immintrin.h>
#define LANES_WIDE 1
#define TOP 16383 /* `_second.TOP` */

static inline __m256i clamped(__m256i low, __m256i high) {
    /* Two vectors of 32 bits as one of 16: what is more than it holds is TOP anyway. */
    return _mm256_min_epi16(_mm256_packs_epi32(low, high), _mm256_set1_epi16(TOP));
}

/* Of `n` rows of 64 bytes the sum, each with 128 taken off, `times` / 256, from 0 to TOP. A word has at most 72 rows: their
sum is less than 16 bits hold. */
static void lanes_sum(const unsigned long long *table, int times, const unsigned int *rows, int n, int16_t *x) {
    __m256i sums[4] = {0};
    for (int k = 0; k < n; k++) {
        const __m128i *row = (const __m128i *)(table + (uint64_t)rows[k] * 8);
        for (int c = 0; c < 4; c++)
            sums[c] = _mm256_add_epi16(sums[c], _mm256_cvtepu8_epi16(_mm_loadu_si128(row + c)));
    }
    const __m256i zero = _mm256_setzero_si256(), factor = _mm256_set1_epi32(times);
    for (int c = 0; c < 4; c++) {
        __m256i sum = _mm256_sub_epi16(sums[c], _mm256_set1_epi16(128 * n));
        __m256i low = _mm256_cvtepi16_epi32(_mm256_castsi256_si128(sum));
        __m256i high = _mm256_cvtepi16_epi32(_mm256_extracti128_si256(sum, 1));
        low = _mm256_srai_epi32(_mm256_mullo_epi32(low, factor), 8);
        high = _mm256_srai_epi32(_mm256_mullo_epi32(high, factor), 8);
        __m256i value = _mm256_permute4x64_epi64(clamped(low, high), 0xD8);
        _mm256_storeu_si256((__m256i *)(x + 16 * c), _mm256_max_epi16(value, zero));
    }
}

/* `w`: by 16 channels and two words of the text, first the channels 0-3 and 8-11, then the others, of both in turn. */
static void lanes_filter(const int16_t *w, const int32_t *b, const int16_t *x, int16_t *y) {
    for (int c = 0; c < 64; c += 16) {
        const __m128i *shift = (const __m128i *)(b + c);
        __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(shift)), _mm_loadu_si128(shift + 2), 1);
        __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(shift + 1)), _mm_loadu_si128(shift + 3), 1);
        const __m256i *weight = (const __m256i *)(w + 8 * c);
        for (int tap = 0; tap < 8; tap += 2, weight += 2) {
            __m256i one = _mm256_loadu_si256((const __m256i *)(x + 64 * tap + c));
            __m256i other = tap < 6 ? _mm256_loadu_si256((const __m256i *)(x + 64 * tap + 64 + c)) : _mm256_setzero_si256();
            low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(one, other), _mm256_loadu_si256(weight)));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(one, other), _mm256_loadu_si256(weight + 1)));
        }
        __m256i value = clamped(_mm256_srai_epi32(low, 12), _mm256_srai_epi32(high, 12));
        _mm256_storeu_si256((__m256i *)(y + c), _mm256_max_epi16(value, _mm256_set1_epi16(-TOP)));
    }
}

/* `w`: by two channels that go in, those of all 64 that come out, of both in turn. */
static void lanes_blend(const int16_t *w, const int32_t *b, const int16_t *y, int16_t *x) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i sums[8];
    int32_t both;
#if defined(__AVX512VNNI__) && defined(__AVX512F__)
    /* Two chains of sums: while one waits for its last product, the other goes on. */
    __m512i s0 = _mm512_loadu_si512(b), s1 = _mm512_loadu_si512(b + 16);
    __m512i s2 = _mm512_loadu_si512(b + 32), s3 = _mm512_loadu_si512(b + 48);
    __m512i t0 = _mm512_setzero_si512(), t1 = t0, t2 = t0, t3 = t0;
    for (int c = 0; c < 64; c += 4, w += 256) {
        memcpy(&both, y + c, 4);
        __m512i pair = _mm512_set1_epi32(both);
        s0 = _mm512_dpwssd_epi32(s0, pair, _mm512_loadu_si512(w));
        s1 = _mm512_dpwssd_epi32(s1, pair, _mm512_loadu_si512(w + 32));
        s2 = _mm512_dpwssd_epi32(s2, pair, _mm512_loadu_si512(w + 64));
        s3 = _mm512_dpwssd_epi32(s3, pair, _mm512_loadu_si512(w + 96));
        memcpy(&both, y + c + 2, 4);
        pair = _mm512_set1_epi32(both);
        t0 = _mm512_dpwssd_epi32(t0, pair, _mm512_loadu_si512(w + 128));
        t1 = _mm512_dpwssd_epi32(t1, pair, _mm512_loadu_si512(w + 160));
        t2 = _mm512_dpwssd_epi32(t2, pair, _mm512_loadu_si512(w + 192));
        t3 = _mm512_dpwssd_epi32(t3, pair, _mm512_loadu_si512(w + 224));
    }
    const __m512i wide[4] = {_mm512_add_epi32(s0, t0), _mm512_add_epi32(s1, t1), _mm512_add_epi32(s2, t2),
                             _mm512_add_epi32(s3, t3)};
    for (int u = 0; u < 4; u++) {
        sums[2 * u] = _mm512_castsi512_si256(wide[u]);
        sums[2 * u + 1] = _mm512_extracti64x4_epi64(wide[u], 1);
    }
#else
    for (int u = 0; u < 8; u++) sums[u] = _mm256_loadu_si256((const __m256i *)(b + 8 * u));
    for (int c = 0; c < 64; c += 2, w += 128) {
        memcpy(&both, y + c, 4);
        __m256i pair = _mm256_set1_epi32(both);
        for (int u = 0; u < 8; u++) {
            __m256i product = _mm256_madd_epi16(pair, _mm256_loadu_si256((const __m256i *)(w + 16 * u)));
            sums[u] = _mm256_add_epi32(sums[u], product);
        }
    }
#endif
    for (int u = 0; u < 4; u++) {
        __m256i more = _mm256_packs_epi32(_mm256_srai_epi32(sums[2 * u], 12), _mm256_srai_epi32(sums[2 * u + 1], 12));
        more = _mm256_max_epi16(_mm256_permute4x64_epi64(more, 0xD8), zero);
        __m256i value = _mm256_adds_epi16(more, _mm256_loadu_si256((const __m256i *)(x + 16 * u)));
        _mm256_storeu_si256((__m256i *)(x + 16 * u), _mm256_min_epi16(value, _mm256_set1_epi16(TOP)));
    }
}

#undef TOP
#else
#define LANES_WIDE 0
static void lanes_sum(const unsigned long long *table, int times, const unsigned int *rows, int n, int16_t *x) {}
static void lanes_filter(const int16_t *w, const int32_t *b, const int16_t *x, int16_t *y) {}
static void lanes_blend(const int16_t *w, const int32_t *b, const int16_t *y, int16_t *x) {}
#endif
