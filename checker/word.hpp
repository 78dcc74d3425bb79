// Words: a state of the search as one unsigned integer, the mix that spreads them, and comparing a cache
// line's entries at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tcpmc::checker {

__extension__ typedef unsigned __int128 wide;  // NOLINT(modernize-use-using): needs __extension__

// A bijection on the integers below 2^width: multiplications by odd numbers modulo 2^width (which have
// inverses) between shifts by half the width (which are their own inverses). Any odd constants with bits all
// over would do; these are 2^64 by the golden ratio, and the first one of splitmix64 (Vigna 2015).
template <typename Word>
class invertible_mix {
 public:
  explicit invertible_mix(unsigned width)
      : mask_(width >= 8 * sizeof(Word) ? ~Word{0} : (Word{1} << width) - 1),
        half_((width + 1) / 2),
        back_{inverse(factors[0]), inverse(factors[1])} {}

  Word operator()(Word w) const {
    w ^= w >> half_;
    w = w * Word{factors[0]} & mask_;
    w ^= w >> half_;
    w = w * Word{factors[1]} & mask_;
    return w ^ w >> half_;
  }
  Word back(Word w) const {
    w ^= w >> half_;
    w = w * back_[1] & mask_;
    w ^= w >> half_;
    w = w * back_[0] & mask_;
    return w ^ w >> half_;
  }

 private:
  static constexpr std::uint64_t factors[2] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9};
  // By Newton's iteration modulo 2^bits: each round doubles the number of right bits.
  static Word inverse(Word odd) {
    Word x = odd;
    for (int i = 0; i < 7; ++i) x *= Word{2} - odd * x;
    return x;
  }

  Word mask_;
  unsigned half_;
  Word back_[2];
};

#if defined(__SSE2__)
namespace simd {
inline __m128i load(const std::byte* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
inline std::uint32_t bits(__m128i bytes) { return static_cast<std::uint32_t>(_mm_movemask_epi8(bytes)); }
}  // namespace simd
#endif

// Bit i is set where the i-th of Slots values in a row equals `value`. The row has no alignment and lies in a
// line of 64 bytes, in which it ends at the last byte or before.
template <typename T, int Slots>
inline std::uint32_t lanes(const std::byte* row, T value) {
#if defined(__SSE2__)
  if constexpr (sizeof(T) == 4 && Slots == 16) {
    const __m128i v = _mm_set1_epi32(static_cast<int>(value));
    const __m128i a =
        _mm_packs_epi32(_mm_cmpeq_epi32(simd::load(row), v), _mm_cmpeq_epi32(simd::load(row + 16), v));
    const __m128i b =
        _mm_packs_epi32(_mm_cmpeq_epi32(simd::load(row + 32), v), _mm_cmpeq_epi32(simd::load(row + 48), v));
    return simd::bits(_mm_packs_epi16(a, b));
  } else if constexpr (sizeof(T) == 4 && (Slots == 12 || Slots == 10)) {
    const __m128i v = _mm_set1_epi32(static_cast<int>(value));
    const __m128i a =
        _mm_packs_epi32(_mm_cmpeq_epi32(simd::load(row), v), _mm_cmpeq_epi32(simd::load(row + 16), v));
    const __m128i b = _mm_packs_epi32(_mm_cmpeq_epi32(simd::load(row + 32), v), _mm_setzero_si128());
    return simd::bits(_mm_packs_epi16(a, b)) & ((1u << Slots) - 1);
  } else if constexpr (sizeof(T) == 2 && Slots == 21) {
    const __m128i v = _mm_set1_epi16(static_cast<short>(value));
    const __m128i a =
        _mm_packs_epi16(_mm_cmpeq_epi16(simd::load(row), v), _mm_cmpeq_epi16(simd::load(row + 16), v));
    const __m128i b = _mm_packs_epi16(_mm_cmpeq_epi16(simd::load(row + 32), v), _mm_setzero_si128());
    return (simd::bits(a) | simd::bits(b) << 16) & ((1u << Slots) - 1);
  } else if constexpr (sizeof(T) == 2 && Slots == 10) {
    const __m128i v = _mm_set1_epi16(static_cast<short>(value));
    // The row's last four bytes end the line: read from twelve bytes before the third load would begin.
    const __m128i a = _mm_packs_epi16(_mm_cmpeq_epi16(simd::load(row), v), _mm_setzero_si128());
    const __m128i b = _mm_packs_epi16(_mm_cmpeq_epi16(simd::load(row + 4), v), _mm_setzero_si128());
    return simd::bits(a) | (simd::bits(b) & 0xff) << 2;
  } else if constexpr (sizeof(T) == 1 && Slots == 21) {
    const __m128i v = _mm_set1_epi8(static_cast<char>(value));
    return simd::bits(_mm_cmpeq_epi8(simd::load(row), v)) | simd::bits(_mm_cmpeq_epi8(simd::load(row + 5), v))
                                                                << 5;
  } else if constexpr (sizeof(T) == 1 && Slots == 12) {
    const __m128i v = _mm_set1_epi8(static_cast<char>(value));
    return simd::bits(_mm_cmpeq_epi8(simd::load(row), v)) & ((1u << Slots) - 1);
  }
#endif
  std::uint32_t found = 0;
  for (int i = 0; i < Slots; ++i) {
    T here;
    std::memcpy(&here, row + sizeof(T) * static_cast<std::size_t>(i), sizeof here);
    found |= static_cast<std::uint32_t>(here == value) << i;
  }
  return found;
}

}  // namespace tcpmc::checker
