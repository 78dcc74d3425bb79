// Random numbers that are the same on every machine and with every compiler.
//
// The generator is splitmix64: a counter in steps of the golden ratio, and a mix of its bits. It is the
// algorithm of G. L. Steele, D. Lea, C. H. Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA
// 2014, with the increment and the mix of Java's SplittableRandom and of S. Vigna's splitmix64. The standard
// library's generators are portable too, but its distributions are not: every library may draw differently.
#pragma once

#include <cstdint>

namespace tcpmc::checker {

class splitmix64 {
 public:
  explicit splitmix64(std::uint64_t seed) : counter_(seed) {}

  // 64 random bits.
  std::uint64_t operator()() {
    counter_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = counter_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  // One of 0 .. n - 1, each with the same probability. Requires n > 0.
  std::uint64_t below(std::uint64_t n) {
    // 2^64 modulo n values are too many to be shared out evenly: draw again if one of them comes.
    const std::uint64_t surplus = (0 - n) % n;
    std::uint64_t x = (*this)();
    while (x < surplus) x = (*this)();
    return x % n;
  }

 private:
  std::uint64_t counter_;
};

}  // namespace tcpmc::checker
