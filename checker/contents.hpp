// What may be around in a system where more is never less: items, each with its remaining lifetime.
//
// A content is a set of bits, its lifetimes in unary: one plane of bits for each unit, those of 64 items next
// to each other. So covering is inclusion (antichain.hpp), adding is union, and growing older moves every
// plane down by one.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checker/antichain.hpp"

namespace tcpmc::checker {

using item = std::uint32_t;
inline constexpr item no_item = ~item{0};
using content = std::vector<std::uint8_t>;  // remaining lifetime by item; missing at the end: 0

// How contents are laid out in words. Sets of items that have no lifetime are bit_sets: a bit an item.
class content_layout {
 public:
  using word = bit_word;
  using words = bit_set;
  static constexpr std::size_t bits = 64;

  // `lifetime` is what an added item starts with, 0 for one that never runs out.
  explicit content_layout(std::uint8_t lifetime) : ages_(lifetime != 0), planes_(ages_ ? lifetime : 1u) {}

  bool present(std::span<const word> c, item i) const {
    return group(i) < c.size() && (c[group(i)] & bit(i)) != 0;
  }
  // With the full lifetime.
  bool fresh(std::span<const word> c, item i) const {
    return group(i) < c.size() && (c[group(i) + planes_ - 1] & bit(i)) != 0;
  }
  // Adds an item to the content that begins there and goes to the end.
  void put(words& c, item i, std::size_t begin = 0) const {
    const std::size_t first = begin + group(i);
    if (first >= c.size()) c.resize(first + planes_, 0);
    for (std::size_t plane = 0; plane < planes_; ++plane) c[first + plane] |= bit(i);
  }
  bool meets(const words& items, std::span<const word> c) const {
    const std::size_t n = std::min(items.size(), c.size() / planes_);
    word common = 0;
    for (std::size_t i = 0; i < n; ++i) common |= items[i] & c[i * planes_];
    return common != 0;
  }
  // The first of `items` that is present; no_item: there is none.
  item first_of(const words& items, std::span<const word> c) const {
    for (std::size_t i = 0; i < items.size() && i * planes_ < c.size(); ++i)
      if (const word common = items[i] & c[i * planes_]; common != 0) return first_in(common, i);
    return no_item;
  }
  // The first that is present and not one of `items`, not counting those before 64 * from.
  item first_outside(const words& items, std::span<const word> c, std::size_t from = 0) const {
    for (std::size_t i = from; i * planes_ < c.size(); ++i)
      if (const word others = c[i * planes_] & ~(i < items.size() ? items[i] : 0); others != 0)
        return first_in(others, i);
    return no_item;
  }
  void grow_older(std::span<word> c) const {
    if (!ages_) return;
    for (std::size_t g = 0; g < c.size(); g += planes_) {
      for (std::size_t plane = 0; plane + 1 < planes_; ++plane) c[g + plane] = c[g + plane + 1];
      c[g + planes_ - 1] = 0;
    }
  }
  content readable(std::span<const word> c) const {
    content has(c.size() / planes_ * bits, 0);
    for (item i = 0; i < has.size(); ++i)
      for (std::size_t plane = 0; plane < planes_; ++plane)
        has[i] = static_cast<std::uint8_t>(has[i] + (c[group(i) + plane] >> i % bits & 1));
    return has;
  }

  static void insert(words& items, item i) {
    if (i / bits >= items.size()) items.resize(i / bits + 1, 0);
    items[i / bits] |= bit(i);
  }

 private:
  // Where an item's planes begin.
  std::size_t group(item i) const { return i / bits * planes_; }
  static word bit(item i) { return word{1} << i % bits; }
  static item first_in(word w, std::size_t group) {
    return static_cast<item>(group * bits + static_cast<std::size_t>(std::countr_zero(w)));
  }

  bool ages_;
  std::size_t planes_;  // words for 64 items
};

}  // namespace tcpmc::checker
