// Rows and their ids: each row has one, and is given back as it was.
#include "model/system/interner.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <map>
#include <new>
#include <random>
#include <utility>
#include <vector>

namespace {
int allocations_left = -1;  // after so many there is no memory, once; negative: there always is
}  // namespace
// Not inline: the compiler would say that what they do does not go together.
__attribute__((noinline)) void* operator new(std::size_t size) {
  if (allocations_left >= 0 && allocations_left-- == 0) throw std::bad_alloc();
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace tcpmc::system {
namespace {

template <typename Interner>
class interners : public testing::Test {};
using all_interners = testing::Types<row_interner, packed_row_interner<0>, packed_row_interner<6>>;
TYPED_TEST_SUITE(interners, all_interners);

TYPED_TEST(interners, agree_with_a_standard_map) {
  TypeParam interner;
  std::map<std::vector<int>, id> standard;
  std::vector<std::vector<int>> rows;
  std::mt19937 random(11);
  const std::vector<int> values{0,
                                1,
                                63,
                                64,
                                127,
                                128,
                                64 * 127,
                                64 * 128,
                                -1,
                                std::numeric_limits<int>::max(),
                                std::numeric_limits<int>::min()};
  for (int i = 0; i < 20'000; ++i) {
    std::vector<int> row(random() % 6);
    for (int& value : row) value = values[random() % values.size()];
    const auto [at, fresh] = standard.try_emplace(row, static_cast<id>(standard.size()));
    ASSERT_EQ(interner(row), at->second);
    if (fresh) rows.push_back(row);
    ASSERT_EQ(interner.size(), rows.size());
  }
  ASSERT_GT(rows.size(), 1'000u);
  for (id i = 0; i < rows.size(); ++i) {
    const auto& row = interner[i];
    ASSERT_TRUE(std::equal(row.begin(), row.end(), rows[i].begin(), rows[i].end())) << i;
  }
}
// Found in review: a row that memory ran out for stood in front of the next one, and a table without slots
// was asked.
TYPED_TEST(interners, keep_rows_as_they_are_when_memory_runs_out) {
  int failures = 0;
  for (int fails_after = 0; fails_after < 60; ++fails_after) {
    TypeParam interner;
    std::map<id, std::vector<int>> there;
    int left = fails_after;
    for (int i = 0; i < 300; ++i) {
      const std::vector<int> row{i, 64 * i, -i};
      id given = none;
      allocations_left = left;
      try {
        given = interner(row);
      } catch (const std::bad_alloc&) {
        ++failures;
      }
      left = std::exchange(allocations_left, -1);
      if (given != none) there.emplace(given, row);
    }
    ASSERT_GE(there.size(), 299u);
    for (const auto& [i, row] : there) {
      const auto& kept = interner[i];
      ASSERT_TRUE(std::equal(kept.begin(), kept.end(), row.begin(), row.end())) << fails_after << ", " << i;
    }
  }
  EXPECT_GT(failures, 10);
}
// Bytes of one row that are those of another one, but for where values begin.
TYPED_TEST(interners, tell_rows_apart_that_begin_alike) {
  TypeParam interner;
  const std::vector<std::vector<int>> rows{{},      {0},        {0, 0},        {64},
                                           {64, 0}, {64 * 128}, {64 * 128, 0}, {0, 64}};
  for (id i = 0; i < rows.size(); ++i) EXPECT_EQ(interner(rows[i]), i);
  for (id i = 0; i < rows.size(); ++i) EXPECT_EQ(interner(rows[i]), i);
}

}  // namespace
}  // namespace tcpmc::system
