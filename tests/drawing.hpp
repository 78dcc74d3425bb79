// Draws from a seed without std::uniform_int_distribution, whose results differ between standard libraries.
#pragma once

#include <initializer_list>
#include <random>

namespace tcpmc {

class drawing {
 public:
  explicit drawing(unsigned seed) : random_(seed) {}
  template <typename T>
  T one_of(std::initializer_list<T> from) {
    return from.begin()[random_() % from.size()];
  }
  bool chance(unsigned in_percent) { return random_() % 100 < in_percent; }
  int number(int low, int high) {
    return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
  }

 private:
  std::mt19937 random_;
};

}  // namespace tcpmc
