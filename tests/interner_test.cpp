// Rows and their ids: each row has one, and is given back as it was.
#include "model/system/interner.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <vector>

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
