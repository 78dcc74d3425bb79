// The parts of the searches: words, the visited set, matrices, antichains, levels, the log, threads, and
// going on after a kill; on an artificial system, and each against the plainest thing that does the same.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "checker/antichain.hpp"
#include "checker/enumerate.hpp"

namespace tcpmc::checker {
namespace {

// ---- Words ----

template <typename Word>
void mix_is_a_bijection(unsigned width) {
  const invertible_mix<Word> mix(width);
  std::mt19937_64 random(width);
  const Word mask = width == 8 * sizeof(Word) ? ~Word{0} : (Word{1} << width) - 1;
  for (int i = 0; i < 10'000; ++i) {
    const Word w =
        (static_cast<Word>(random()) << (sizeof(Word) > 8 ? 60 : 0) ^ static_cast<Word>(random())) & mask;
    ASSERT_LE(mix(w), mask);
    ASSERT_TRUE(mix.back(mix(w)) == w) << width;
  }
}
TEST(words, mixing_can_be_taken_back) {
  for (unsigned width = 16; width <= 64; ++width) mix_is_a_bijection<std::uint64_t>(width);
  for (unsigned width = 16; width <= 128; width += 7) mix_is_a_bijection<wide>(width);
  mix_is_a_bijection<wide>(128);
}
TEST(words, all_of_a_small_width_are_mixed_to_different_ones) {
  const invertible_mix<std::uint64_t> mix(16);
  std::set<std::uint64_t> mixed;
  for (std::uint64_t w = 0; w < 65536; ++w) mixed.insert(mix(w));
  EXPECT_EQ(mixed.size(), 65536u);
  EXPECT_EQ(*mixed.rbegin(), 65535u);
}

template <typename Line>
void line_finds_what_is_put() {
  std::mt19937_64 random(1);
  using entry = decltype(Line::get(nullptr, 0));
  alignas(64) std::array<std::byte, 64> line{};
  std::vector<entry> entries;
  const auto fresh = [&] {
    const auto bits =
        static_cast<std::uint64_t>(Line::entry_bits >= 64 ? ~0ull : (1ull << Line::entry_bits) - 1);
    return static_cast<entry>((random() & bits) | 1);
  };
  for (int slot = 0; slot < Line::slots; ++slot) {
    ASSERT_EQ(std::countr_zero(Line::free(line.data())), slot);
    const entry e = fresh();
    Line::put(line.data(), slot, e);
    entries.push_back(e);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      ASSERT_TRUE(Line::get(line.data(), static_cast<int>(i)) == entries[i]);
      ASSERT_NE(Line::equal(line.data(), entries[i]) & 1u << i, 0u);
    }
    for (int bit = 0; bit < static_cast<int>(std::min(Line::entry_bits, 64u)); ++bit) {
      const entry other = e ^ static_cast<entry>(entry{1} << bit);
      if (std::find(entries.begin(), entries.end(), other) != entries.end() || other == 0) continue;
      ASSERT_EQ(Line::equal(line.data(), other), 0u) << "slot " << slot << " bit " << bit;
    }
  }
  EXPECT_EQ(Line::free(line.data()), 0u);
}
TEST(words, lines_of_every_width_find_what_is_put) {
  line_finds_what_is_put<line24>();
  line_finds_what_is_put<line32>();
  line_finds_what_is_put<line40>();
  line_finds_what_is_put<line48>();
  line_finds_what_is_put<line64>();
  line_finds_what_is_put<line128>();
}

// ---- The visited set ----

// Sequences of words that are hard on a table in one way or another.
std::vector<std::vector<std::uint64_t>> hard_words(unsigned width) {
  const std::uint64_t mask = width == 64 ? ~0ull : (1ull << width) - 1;
  std::mt19937_64 random(width);
  std::vector<std::vector<std::uint64_t>> all(6);
  const std::uint64_t many = std::min<std::uint64_t>(60'000, mask);
  const invertible_mix<std::uint64_t> mix(width);
  for (std::uint64_t i = 0; i < many; ++i) {
    all[0].push_back(i);                          // one after the other
    all[1].push_back(mask - i);                   // from the end
    all[2].push_back(random() & mask);            // anywhere
    all[3].push_back((i << (width / 2)) & mask);  // with the low half zero
    all[4].push_back(mix.back(i));                // that are mixed into neighbours: one partition, and a
    all[5].push_back(mix.back(mask - i / 4 * 3 % mask));  // few buckets until these have grown
  }
  return all;
}

template <typename Word>
void agrees_with_a_standard_set(unsigned width, std::size_t expected) {
  for (const std::vector<std::uint64_t>& words : hard_words(std::min(width, 64u))) {
    visited_set<Word> visited(width, expected);
    std::set<std::uint64_t> standard;
    for (const std::uint64_t w : words)
      ASSERT_EQ(visited.insert(static_cast<Word>(w) << (width > 64 ? width - 64 : 0)),
                standard.insert(w).second);
    ASSERT_EQ(visited.size(), standard.size());
    for (const std::uint64_t w : words)
      ASSERT_FALSE(visited.insert(static_cast<Word>(w) << (width > 64 ? width - 64 : 0)));
  }
}
TEST(visited, agrees_with_a_standard_set_in_every_width) {
  for (const unsigned width : {16u, 17u, 20u, 24u, 31u, 32u, 33u, 39u, 40u, 41u, 47u, 52u, 63u, 64u})
    agrees_with_a_standard_set<std::uint64_t>(width, 0);
  for (const unsigned width : {20u, 64u, 65u, 90u, 128u}) agrees_with_a_standard_set<wide>(width, 0);
}
TEST(visited, agrees_with_a_standard_set_where_it_has_room_from_the_start) {
  for (const unsigned width : {16u, 40u, 64u}) agrees_with_a_standard_set<std::uint64_t>(width, 50'000);
  visited_set<std::uint64_t> visited(40, 1'000'000);
  const std::size_t bytes = visited.bytes();
  for (std::uint64_t w = 0; w < 900'000; ++w) visited.insert(w);
  EXPECT_LT(visited.bytes(), bytes + bytes / 20);  // the stash
}
TEST(visited, gives_back_the_words_that_were_new_in_batches_as_well) {
  visited_set<std::uint64_t> visited(40);
  std::set<std::uint64_t> standard;
  std::mt19937_64 random(5);
  for (int round = 0; round < 40; ++round) {
    std::map<std::size_t, std::vector<std::uint32_t>> by_partition;
    std::set<std::uint64_t> expected, fresh;
    for (int i = 0; i < 5'000; ++i) {
      const std::uint64_t w = random() & 0x3ffff;
      if (standard.insert(w).second) expected.insert(w);
      const std::uint64_t mixed = visited.mix(w);
      by_partition[visited.partition_of(mixed)].push_back(static_cast<std::uint32_t>(visited.rest_of(mixed)));
    }
    for (const auto& [partition, rests] : by_partition)
      visited.insert(partition, std::span<const std::uint32_t>(rests),
                     [&](std::uint64_t w) { EXPECT_TRUE(fresh.insert(w).second); });
    ASSERT_EQ(fresh, expected);
  }
}

// ---- Pairs ----

// Words and their codes, after those that have none are given one.
template <typename Word>
std::vector<std::uint64_t> coded(pair_codes<Word>& codes, std::span<const Word> words) {
  const auto code_all = [&] {
    std::vector<std::uint64_t> result;
    std::vector<Word> without;
    codes.code_all(
        words, [&](std::uint64_t c) { result.push_back(c); }, [&](Word w) { without.push_back(w); });
    EXPECT_EQ(result.size() + without.size(), words.size());
    for (const Word w : without) codes.number(w);
    return result;
  };
  const std::vector<std::uint64_t> some = code_all();
  if (some.size() == words.size()) return some;
  if (codes.outgrown()) codes.fit();
  return code_all();
}
// Codes are those of a pair of maps, whatever bits make a half.
template <typename Word>
void has_a_code_for_each_word(Word left, Word right) {
  pair_codes<Word> codes(left, right);
  std::mt19937_64 random(11);
  std::set<Word> lefts, rights;
  for (int round = 0; round < 60; ++round) {
    std::vector<Word> words(1 + random() % 500);
    for (Word& w : words) {
      for (unsigned i = 0; i < sizeof(Word) / 8; ++i) w = w << 32 << 32 | (random() & random() & random());
      w &= left | right;
      lefts.insert(w & left);
      rights.insert(w & right);
    }
    const std::vector<std::uint64_t> all = coded<Word>(codes, words);
    ASSERT_EQ(all.size(), words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
      ASSERT_TRUE(codes.word_of(all[i]) == words[i]);
      ASSERT_LT(all[i], std::uint64_t{1} << codes.width());
    }
  }
  // Half as many again of each, and 64.
  EXPECT_LE(codes.width(), std::bit_width((lefts.size() * 3 / 2 + 64) * (rights.size() * 3 / 2 + 64)));
}
TEST(pair_codes, are_short_and_mean_their_words) {
  has_a_code_for_each_word<std::uint64_t>(0xffff0000, 0x0000ffff);
  has_a_code_for_each_word<std::uint64_t>(0x5555'5555'5555'5555, 0xaaaa'aaaa'aaaa'aaaa);
  has_a_code_for_each_word<std::uint64_t>(~std::uint64_t{0}, 0);
  has_a_code_for_each_word<std::uint64_t>(0, 0xff);
  const wide high = wide{0xffff'ffff'ffff} << 80;  // a half of 48 bits, and one of 80
  has_a_code_for_each_word<wide>(high, ~high);
  has_a_code_for_each_word<wide>(~high, high);
  has_a_code_for_each_word<wide>(wide{0xffff} << 56, wide{0xffff} << 112 | 0xffff);
}
TEST(pair_codes, stay_when_words_change) {
  pair_codes<wide> codes(0xffff0000, 0x0000ffff);
  std::vector<wide> words;
  for (unsigned i = 0; i < 1000; ++i) words.push_back(i * 0x00a0'0003);
  const std::vector<std::uint64_t> before = coded<wide>(codes, words);
  const auto repack = [](wide w) { return (w & 0xffff0000) << 80 | (w & 0x0000ffff) << 3; };
  codes.change_words(wide{0xffff} << 96, 0x7fff8, repack);
  for (wide& w : words) w = repack(w);
  EXPECT_EQ(coded<wide>(codes, words), before);
  for (std::size_t i = 0; i < words.size(); ++i) EXPECT_TRUE(codes.word_of(before[i]) == words[i]);
}
TEST(pair_codes, are_given_to_halves_that_there_is_room_for) {
  pair_codes<std::uint64_t> codes(0xffff0000, 0x0000ffff);
  EXPECT_FALSE(codes.outgrown());
  std::vector<std::uint64_t> words;
  for (std::uint64_t i = 0; i < 100; ++i) words.push_back(i * 0x10001);
  for (const std::uint64_t w : words) codes.number(w);
  EXPECT_TRUE(codes.outgrown());
  std::size_t with = 0, without = 0;
  codes.code_all(
      words, [&](std::uint64_t) { ++with; }, [&](std::uint64_t) { ++without; });
  EXPECT_EQ(with, 64u);
  EXPECT_EQ(without, 36u);
  codes.fit();
  EXPECT_FALSE(codes.outgrown());
  EXPECT_EQ(coded<std::uint64_t>(codes, words).size(), 100u);
}

// ---- Matrices ----

// Words of a few bits in each number; which bits these are makes no difference.
std::vector<matrix_set::split> splits() {
  return {{0xff00, 0x00f0, 0x000f}, {0x007f, 0x0380, 0xfc00}, {0x00ff, 0xff00, 0},
          {0xfff0, 0, 0x000f},      {0, 0x00ff, 0xff00},      {0, 0, 0xffff}};
}
using inserting = matrix_set::outcome;
std::vector<std::uint64_t> taken_from(matrix_set& matrices, matrix_set::freshness& fresh) {
  std::vector<std::uint64_t> rows, all;
  matrices.take_rows(fresh, rows);
  matrices.order(rows);
  for (const std::uint64_t r : rows) {
    matrices.prefetch_row(r);
    matrices.prefetch_fresh(r);
    matrices.take_fresh(
        r, [&](std::uint64_t left, std::span<const std::uint64_t> rights, const matrix_set::part& p) {
          p.for_each([&](std::uint32_t column) { all.push_back(left | rights[column]); });
        });
  }
  fresh.turn();
  return all;
}
void make_room(matrix_set& matrices, std::uint64_t w, matrix_set::freshness& mine) {
  const matrix_set::half left = matrices.number_left(w), right = matrices.number_right(w);
  const std::uint32_t column = matrices.column(right);
  matrices.make_room(left, matrices.coarse(right), {&column, 1}, mine);
}
std::set<std::uint64_t> inserted(matrix_set& matrices, matrix_set::freshness& mine,
                                 std::span<const std::uint64_t> words) {
  std::set<std::uint64_t> fresh;
  for (const std::uint64_t w : words) {
    inserting o = matrices.insert<false>(w, mine);
    if (o == inserting::homeless) {
      make_room(matrices, w, mine);
      o = matrices.insert<false>(w, mine);
    }
    EXPECT_NE(o, inserting::homeless) << w;
    EXPECT_TRUE(o != inserting::fresh || fresh.insert(w).second) << w;
  }
  return fresh;
}
TEST(matrices, agree_with_a_standard_set) {
  for (const matrix_set::split& split : splits()) {
    const std::uint64_t all = split.left | split.right | split.column;
    ASSERT_TRUE(matrix_set::fits(split));
    matrix_set matrices(split);
    matrix_set::freshness mine;
    std::set<std::uint64_t> standard;
    std::mt19937_64 random(7);
    for (int round = 0; round < 200; ++round) {
      // Few different ones at first, then anything, in any number.
      std::vector<std::uint64_t> words(random() % 700);
      for (std::uint64_t& w : words) w = random() & random() & (round < 100 ? 0x3333 : 0xffff) & all;
      std::set<std::uint64_t> expected;
      for (const std::uint64_t w : words)
        if (standard.insert(w).second) expected.insert(w);
      ASSERT_EQ(inserted(matrices, mine, words), expected);
      // What is new is told once, that of a row together.
      const std::vector<std::uint64_t> fresh = taken_from(matrices, mine);
      std::set<std::uint64_t> rows;
      for (std::size_t i = 0; i < fresh.size(); ++i)
        if (const std::uint64_t row = fresh[i] & ~split.column;
            i == 0 || row != (fresh[i - 1] & ~split.column)) {
          ASSERT_TRUE(rows.insert(row).second);
        }
      ASSERT_EQ(std::set<std::uint64_t>(fresh.begin(), fresh.end()), expected);
      ASSERT_EQ(fresh.size(), expected.size());
    }
  }
}
TEST(matrices, insert_parts_of_a_row) {
  matrix_set matrices(splits()[0]);
  matrix_set::freshness mine;
  for (std::uint64_t c = 0; c < 16; ++c) make_room(matrices, 0x1230 | c, mine);
  auto& row = matrices.row_at(matrices.left_number(0x1230), matrices.coarse(matrices.right_number(0x1230)));
  matrix_set::part first{0, 0x00ff}, second{0, 0x0ff0}, again{0, 0x0ff0}, elsewhere{7, 1};
  EXPECT_EQ(matrices.insert<false>(row, first, mine), inserting::fresh);
  EXPECT_EQ(matrices.insert<true>(row, second, mine), inserting::fresh);
  EXPECT_EQ(second.bits, 0x0f00u);
  EXPECT_EQ(matrices.insert<true>(row, again, mine), inserting::known);
  EXPECT_EQ(matrices.insert<false>(row, elsewhere, mine), inserting::homeless);
  EXPECT_EQ(taken_from(matrices, mine).size(), 12u);
  EXPECT_EQ(matrices.insert<false>(0x1230, mine), inserting::known);
  EXPECT_EQ(matrices.insert<true>(0x123f, mine), inserting::fresh);
}
TEST(matrices, insert_columns_of_a_row) {
  matrix_set matrices({0xf00000, 0, 0xfffff});
  matrix_set::freshness mine;
  const matrix_set::half left = matrices.number_left(0x100000);
  for (std::uint64_t w = 0; w < 1000; ++w) matrices.number_right(w);
  std::set<std::uint32_t> all;
  const auto insert = [&](auto is_shared, std::vector<std::uint32_t> columns) {
    std::size_t fresh = 0;
    std::vector<std::uint32_t> homeless;
    matrices.insert<decltype(is_shared)::value>(
        matrices.row_at(left, 0), columns, mine, [&] { ++fresh; },
        [&](std::uint32_t c) { homeless.push_back(c); });
    for (const std::uint32_t c : homeless) std::erase(columns, c);
    for (const std::uint32_t c : columns) fresh -= all.insert(c).second;
    EXPECT_EQ(fresh, 0u);
    return homeless;
  };
  using columns = std::vector<std::uint32_t>;
  EXPECT_EQ(insert(std::false_type(), {7, 300}), columns({7, 300}));  // a row without places
  matrices.make_room(left, 0, columns{300, 310, 301}, mine);
  EXPECT_EQ(insert(std::false_type(), {7, 300, 310, 300, 999}), columns({7, 999}));
  EXPECT_EQ(insert(std::true_type(), {310, 511, 301, 301}), columns());
  matrices.make_room(left, 0, columns{999, 7}, mine);
  EXPECT_EQ(insert(std::true_type(), {999, 300, 7, 310, 0}), columns());
  std::set<std::uint64_t> expected;
  for (const std::uint32_t c : all) expected.insert(0x100000 | c);
  const std::vector<std::uint64_t> fresh = taken_from(matrices, mine);
  EXPECT_EQ(std::set<std::uint64_t>(fresh.begin(), fresh.end()), expected);
  EXPECT_EQ(fresh.size(), expected.size());
}
TEST(matrices, keep_columns_of_rows_for_later) {
  matrix_set::row_columns later;
  std::vector<std::array<std::uint32_t, 3>> put{{1, 2, 3}, {1, 2, 7}, {1, 3, 7}, {2, 3, 7}, {1, 2, 9}}, there;
  for (const auto& [left, coarse, column] : put) later.add(left, coarse, column);
  std::size_t rows = 0;
  later.for_each([&](matrix_set::half left, std::uint32_t coarse, std::span<const std::uint32_t> columns) {
    ++rows;
    for (const std::uint32_t c : columns) there.push_back({left, coarse, c});
  });
  EXPECT_EQ(there, put);
  EXPECT_EQ(rows, 4u);
  EXPECT_EQ(later.size(), 5u);
  later.clear();
  EXPECT_EQ(later.size(), 0u);
  later.for_each([](auto...) { FAIL() << "nothing is there"; });
}
TEST(matrices, keep_what_is_new_where_a_row_gets_longer) {
  const matrix_set::split split{0xf0000, 0x8000, 0x7fff};
  matrix_set matrices(split);
  matrix_set::freshness mine;
  std::set<std::uint64_t> all;
  for (const std::uint64_t step : {0x7001u, 0x1003u, 0x0011u})
    for (std::uint64_t w = 0; w < 0x100000; w += step) {
      const bool is_new = all.insert(w).second;
      EXPECT_EQ(inserted(matrices, mine, std::array{w}).size(), is_new ? 1u : 0u);
      EXPECT_EQ(inserted(matrices, mine, std::array{w}).size(), 0u);
    }
  const std::vector<std::uint64_t> fresh = taken_from(matrices, mine);
  EXPECT_EQ(fresh.size(), all.size());
  EXPECT_EQ(std::set<std::uint64_t>(fresh.begin(), fresh.end()), all);
}
TEST(matrices, keep_what_they_have_when_words_change) {
  matrix_set matrices({0x0f00, 0x00f0, 0x000f});
  matrix_set::freshness mine;
  std::mt19937 random(3);
  std::set<std::uint64_t> all;
  for (int i = 0; i < 500; ++i) all.insert(random() & 0xfff);
  const std::vector<std::uint64_t> words(all.begin(), all.end());
  EXPECT_EQ(inserted(matrices, mine, words), all);
  const auto wider = [](std::uint64_t w) { return (w & 0xf00) << 8 | (w & 0xf0) << 4 | (w & 0xf); };
  matrices.change_words({0xff0000, 0x00ff00, 0x0000ff}, wider);
  std::set<std::uint64_t> moved;
  for (const std::uint64_t w : words) {
    EXPECT_EQ(matrices.insert<false>(wider(w), mine), inserting::known);
    moved.insert(wider(w));
  }
  const std::vector<std::uint64_t> fresh = taken_from(matrices, mine), more{0xabcdef, 0x0101ff};
  EXPECT_EQ(std::set<std::uint64_t>(fresh.begin(), fresh.end()), moved);
  EXPECT_EQ(inserted(matrices, mine, more).size(), 2u);
}
// Found while it was written: a column without a number had the place of the first one.
TEST(matrices, do_not_confuse_a_column_that_was_never_met_with_another_one) {
  matrix_set matrices({0xff00, 0x00f0, 0x000f});
  matrix_set::freshness mine;
  const std::vector<std::uint64_t> first{0x1111}, second{0x1112};
  EXPECT_EQ(inserted(matrices, mine, first).size(), 1u);
  EXPECT_EQ(inserted(matrices, mine, second).size(), 1u);
  EXPECT_EQ(inserted(matrices, mine, first).size(), 0u);
}
TEST(matrices, give_each_word_to_one_thread) {
  matrix_set matrices(splits()[0]);
  std::vector<matrix_set::freshness> fresh(4);
  for (std::uint64_t w = 0; w < 0x10000; ++w) make_room(matrices, w, fresh[0]);
  crew threads(4);
  std::vector<std::size_t> counts(4);
  threads.run([&](unsigned i) {
    std::vector<std::uint64_t> words(0x10000);
    std::iota(words.begin(), words.end(), 0);
    std::shuffle(words.begin(), words.end(), std::mt19937(i));
    for (const std::uint64_t w : words) counts[i] += matrices.insert<true>(w, fresh[i]) == inserting::fresh;
  });
  std::set<std::uint64_t> all;
  std::size_t taken = 0;
  for (auto& f : fresh)
    for (const std::uint64_t w : taken_from(matrices, f)) {
      all.insert(w);
      ++taken;
    }
  EXPECT_EQ(all.size(), 0x10000u);
  EXPECT_EQ(taken, 0x10000u);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::size_t{0}), 0x10000u);
}
TEST(matrices, are_not_for_large_numbers_or_scattered_ones) {
  EXPECT_TRUE(matrix_set::fits({0xffffff000000, 0xfff000, 0xfff}));
  EXPECT_FALSE(matrix_set::fits({0x1ffffff000000, 0xfff000, 0xfff}));
  EXPECT_FALSE(matrix_set::fits({0xff00000000, 0xf000000, 0x0ffffff}));
  EXPECT_FALSE(matrix_set::fits({0xf0f0, 0xf, 0}));
  EXPECT_FALSE(matrix_set::fits({0xf000, 0xf0, 0x7}));
  EXPECT_FALSE(matrix_set::fits({0xf0000000, 0xe00000, 0x1fffff}));
}

// ---- Antichains ----

// Sets of up to 150 bits, small ones first, then larger and larger ones: many are dropped.
TEST(antichains, keep_the_largest_sets_like_a_list_does) {
  for (const std::size_t many : {1u, 5u, 1000u}) {
    antichain<int> kept;
    std::map<int, bit_set> list;
    std::mt19937_64 random(9);
    bit_set scratch;
    for (int i = 0; i < 3'000; ++i) {
      if (i == 2'000) kept.forget_columns();
      bit_set set(1 + random() % (i < 500 ? 1 : 3));
      for (std::uint64_t& w : set)
        for (w = random() & random() & random() & 0x1248'8124'1842'4218; random() % 4 != 0;)
          w |= std::uint64_t{1} << random() % (i < 1'500 ? 12 : 64);
      const auto is_part = [](const bit_set& small, const bit_set& large) {
        for (std::size_t w = 0; w < small.size(); ++w)
          if ((small[w] & ~(w < large.size() ? large[w] : 0)) != 0) return false;
        return true;
      };
      const bool covered =
          std::any_of(list.begin(), list.end(), [&](const auto& l) { return is_part(set, l.second); });
      ASSERT_EQ(kept.covers(set, scratch), covered) << i;
      if (covered) continue;
      std::set<int> dropped, expected;
      for (const auto& [number, smaller] : list)
        if (is_part(smaller, set)) expected.insert(number);
      for (const int number : expected) list.erase(number);
      kept.add(set, i, many, scratch, [&](int number) { dropped.insert(number); });
      list[i] = set;
      ASSERT_EQ(dropped, expected) << i;
      ASSERT_EQ(kept.size(), list.size());
    }
    EXPECT_GT(list.size(), 20u);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const bit_set& set = list.at(kept.known(i));
      EXPECT_TRUE(includes(kept.row(i), set) && includes(set, kept.row(i)));
      EXPECT_EQ(kept.size_of_row(i), size_of(set));
    }
  }
}

// ---- Buffers ----

template <typename Word>
void buffers_give_back_what_was_put(unsigned rest_bits) {
  scatter<Word, 4> buffers;
  std::mt19937_64 random(rest_bits);
  for (const std::size_t room : {0u, 10u, 1'000u, 100u}) {
    buffers.begin(room, rest_bits);
    std::array<std::vector<Word>, 4> expected;
    for (int i = 0; i < 3'000; ++i) {  // most of them to one partition: more than there is room for
      const std::size_t partition = i % 16 == 0 ? random() % 4 : 2;
      const Word rest = static_cast<Word>(random()) & ((Word{1} << rest_bits) - 1);
      buffers.put(partition, rest);
      expected[partition].push_back(rest);
    }
    buffers.count(3'000);
    EXPECT_EQ(buffers.left(1'000), 1'000u);
    EXPECT_EQ(buffers.left(750), 0u);
    for (std::size_t p = 0; p < 4; ++p) {
      std::vector<Word> found;
      buffers.take(p, [&](auto rests) { found.assign(rests.begin(), rests.end()); });
      EXPECT_TRUE(found == expected[p]);
      buffers.take(p, [](auto rests) { EXPECT_TRUE(rests.empty()); });
    }
  }
}
TEST(buffers, give_back_what_was_put) {
  for (const unsigned rest_bits : {8u, 32u, 33u, 56u})
    buffers_give_back_what_was_put<std::uint64_t>(rest_bits);
  for (const unsigned rest_bits : {30u, 100u}) buffers_give_back_what_was_put<wide>(rest_bits);
}
TEST(buffers, words_are_sorted_by_a_key_of_any_number_of_bits) {
  std::mt19937_64 random(3);
  for (const unsigned bits : {0u, 1u, 11u, 12u, 30u, 64u}) {
    const auto key = [&](std::uint64_t w) { return bits == 0 ? 0 : w >> (64 - bits); };
    std::vector<std::uint64_t> words(5'000), room;
    for (std::uint64_t& w : words) w = random();
    std::vector<std::uint64_t> expected = words;
    std::stable_sort(expected.begin(), expected.end(), [&](auto a, auto b) { return key(a) < key(b); });
    sort_by(std::span(words), room, bits, key);
    EXPECT_EQ(words, expected);
  }
}

TEST(visited, takes_few_bytes_a_word) {
  visited_set<std::uint64_t> visited(38);
  std::mt19937_64 random(9);
  for (int i = 0; i < 4'000'000; ++i) visited.insert(random() & ((1ull << 38) - 1));
  EXPECT_LT(static_cast<double>(visited.bytes()) / static_cast<double>(visited.size()), 5.0);
}

// ---- Levels and the log ----

std::string folder() {
  const auto path = std::filesystem::temp_directory_path() / ("tcpmc-engine-" + std::to_string(getpid()));
  std::filesystem::create_directories(path);
  return path.string();
}

TEST(levels, come_back_from_memory_and_from_the_log) {
  record_log log = record_log::nameless(folder());
  level_store<std::uint64_t> levels(log);
  const std::vector<std::uint64_t> a{1, 2, 3}, b{0xffffffffff, 7}, none{0};
  std::vector<std::byte> room;
  levels.add(0, a, 11, room);
  levels.keep_in_memory(0);
  levels.add(1, b, 12, room);
  levels.add(1, none, 13, room);  // found as "damaged": a word of no bits looked like a chunk in the log
  std::vector<std::uint64_t> back;
  EXPECT_EQ(levels.read(0, 0, back), 11u);
  EXPECT_EQ(back, a);
  EXPECT_EQ(levels.read(1, 0, back), 12u);
  EXPECT_EQ(back, b);
  EXPECT_EQ(levels.read(1, 1, back), 13u);
  EXPECT_EQ(back, none);
  EXPECT_EQ(levels.levels(), 2u);
  EXPECT_EQ(levels.words(1), 3u);
}
TEST(levels, of_no_bits_stay_in_memory) {
  record_log log = record_log::nameless(folder());
  level_store<std::uint64_t> levels(log);
  const std::vector<std::uint64_t> start{0};
  std::vector<std::byte> room;
  levels.add(0, start, 1, room);
  std::vector<std::uint64_t> back;
  EXPECT_EQ(levels.read(0, 0, back), 1u);
  EXPECT_EQ(back, start);
}
TEST(log, a_directory_that_cannot_be_written_is_named) {
  record_log log = record_log::nameless("/nowhere/at/all");
  record head;
  try {
    log.append(head, {});
    FAIL();
  } catch (const storage_error& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all"), std::string::npos) << error.what();
  }
}
TEST(log, a_full_disk_is_an_error) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP();
  record_log log = record_log::named("/dev/full");
  record head;
  const std::vector<std::byte> much(100'000);
  EXPECT_THROW(log.append(head, much), storage_error);
}
TEST(threads, an_exception_comes_out_and_the_crew_goes_on) {
  crew c(3);
  EXPECT_THROW(c.run([](unsigned i) {
    if (i == 2) throw std::runtime_error("two");
  }),
               std::runtime_error);
  std::atomic<unsigned> sum = 0;
  c.run([&](unsigned i) { sum += i; });
  EXPECT_EQ(sum, 3u);
}

// ---- The search, on a system that is easily understood ----

// Counters that may each be increased up to `most`, one at a time; what a counter may do has to be learned
// first, value by value, so that much is missing, and ids come late and make words wider.
struct counters {
  using word = std::uint64_t;
  struct step {
    int which = 0;
    bool operator==(const step&) const = default;
  };
  struct missing {
    std::vector<std::uint32_t> values;
    bool empty() const { return values.empty(); }
    void add(missing&& other) {
      values.insert(values.end(), other.values.begin(), other.values.end());
      other.values.clear();
    }
  };
  struct expansion {
    marks of_state = 0;
    bool known = true;
  };
  struct layout {
    unsigned bits = 1;
    bool operator==(const layout&) const = default;
    unsigned width() const { return 4 * bits; }
  };

  explicit counters(std::uint32_t most_of_each) : most(most_of_each) {}

  layout words() const { return now; }
  word initial() const { return 0; }
  static std::array<std::uint32_t, 4> parts(word w, layout l) {
    std::array<std::uint32_t, 4> p{};
    for (std::size_t i = 0; i < 4; ++i)
      p[i] = static_cast<std::uint32_t>(w >> (i * l.bits) & ((1u << l.bits) - 1));
    return p;
  }
  static word packed(const std::array<std::uint32_t, 4>& p, layout l) {
    word w = 0;
    for (std::size_t i = 0; i < 4; ++i) w |= word{p[i]} << (i * l.bits);
    return w;
  }
  word repack(word w, layout from) const { return packed(parts(w, from), now); }
  template <typename Emit>
  expansion expand(word w, missing& what, Emit&& emit) const {
    expansion result;
    const auto p = parts(w, now);
    for (std::size_t i = 0; i < 4; ++i) {
      if (p[i] == most) continue;
      if (p[i] >= known) {
        what.values.push_back(p[i]);
        result.known = false;
        continue;
      }
      auto next = p;
      ++next[i];
      const bool all = next[0] + next[1] + next[2] + next[3] == 3 * most;
      emit(packed(next, now), step{static_cast<int>(i)}, marks{all ? 1u : 0u});
    }
    if (p[0] == most && p[1] == most && p[2] == most && p[3] == most) result.of_state = 2;
    return result;
  }
  expansion look(word, missing&) const { return {}; }
  bool learn(missing& what, const keep_going&) {
    std::vector<std::uint32_t>& values = what.values;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    std::erase_if(values, [&](std::uint32_t v) { return v < known; });
    for (const std::uint32_t v : values) known = std::max(known, v + 1);
    now.bits = std::max(now.bits, static_cast<unsigned>(std::bit_width(known)));
    return true;
  }
  static std::vector<std::byte> encode(const missing& learned) {
    const auto bytes = std::as_bytes(std::span(learned.values));
    return {bytes.begin(), bytes.end()};
  }
  static missing decode(std::span<const std::byte> bytes) {
    missing m{std::vector<std::uint32_t>(bytes.size() / sizeof(std::uint32_t))};
    if (!bytes.empty()) std::memcpy(m.values.data(), bytes.data(), bytes.size());
    return m;
  }

  std::uint32_t most, known = 0;
  layout now;
};

// The same as pairs of two counters each.
struct paired_counters : counters {
  using counters::counters;
  std::array<word, 3> split() const {
    const word one = (word{1} << now.bits) - 1;
    return {one | one << now.bits, one << 2 * now.bits, one << 3 * now.bits};
  }
};
// Pairs that trade: everything that steps by halves may be. The left half is a stock and a purse, the right
// one a stock and a debt. Both marks are left open; a debt has a price; half-full halves tick.
struct traders : paired_counters {
  using paired_counters::paired_counters;
  using four = std::array<std::uint32_t, 4>;

  template <typename Emit>
  expansion expand(word w, missing& what, Emit&& emit) const {
    expansion result;
    const four p = parts(w, now);
    for (const std::uint32_t v : p)
      if (v >= known) {
        what.values.push_back(v);
        result.known = false;
      }
    if (!result.known) return result;
    const auto to = [&](int which, four next) { emit(packed(next, now), step{which}, marks_of(next)); };
    if (p[0] < most) to(0, {p[0] + 1, p[1], p[2], p[3]});
    if (p[1] < most) to(1, {p[0], p[1] + 1, p[2], p[3]});
    if (p[3] < most && p[1] > 0) to(2, {p[0], p[1] - 1, p[2], p[3] + 1});
    if (p[0] > 0 && p[2] < most) to(3, {p[0] - 1, p[1], p[2] + 1, p[3]});
    if (p[0] > 0 && p[2] < most && p[3] > 0 && p[1] > 1) to(4, {p[0] - 1, p[1] - 2, p[2] + 1, p[3] - 1});
    if (p[2] > 0 && p[0] < most) to(5, {p[0] + 1, p[1], p[2] - 1, p[3]});
    if (2 * p[0] >= most && (2 * p[0] > most || p[3] > 1)) to(6, {most / 2, p[1], p[2], p[3] > 1 ? 0 : p[3]});
    if (p[0] == most && p[1] == most && p[2] == most && p[3] == most) result.of_state = 2;
    return result;
  }
  marks marks_of(const four& p) const { return p[0] + p[1] + p[2] + p[3] == 3 * most ? 1 : 0; }

  template <typename Sink>
  bool half_steps(int side, word half, marks, Sink& into) const {
    constexpr std::uint32_t closed = matrix_set::no_half, open = 7;
    const four p = parts(half, now);
    if (std::any_of(p.begin(), p.end(), [&](std::uint32_t v) { return v >= known; })) return false;
    const auto word_of = [&](four next) { return packed(next, now); };
    into.labels(2);
    if (side == 0) {
      if (p[0] < most) into.alone(0, word_of({p[0] + 1, p[1], 0, 0}), open);
      if (p[1] < most) into.alone(0, word_of({p[0], p[1] + 1, 0, 0}), open);
      if (p[0] > 0) into.gives(0, word_of({p[0] - 1, p[1], 0, 0}));
      if (p[0] < most) into.takes(1, 0, word_of({p[0] + 1, p[1], 0, 0}), open);
      if (2 * p[0] >= most) into.ticks(word_of({most / 2, p[1], 0, 0}));
    } else {
      if (p[3] < most) into.alone(1, word_of({0, 0, p[2], p[3] + 1}), open);
      if (p[2] < most) into.takes(0, 0, word_of({0, 0, p[2] + 1, p[3]}), open);
      if (p[2] < most && p[3] > 0) into.takes(0, 2, word_of({0, 0, p[2] + 1, p[3] - 1}), open);
      if (p[2] > 0) into.gives(1, word_of({0, 0, p[2] - 1, p[3]}));
      into.ticks(word_of({0, 0, p[2], p[3] > 1 ? 0 : p[3]}));
    }
    if (p[0] + p[2] == 5) into.loud();
    if (p[1] + p[3] == 3) into.loud(side == 0 ? 1 : 0);
    static_assert(open != closed);
    return true;
  }
  struct payment {
    word to;
    bool paid, loud;
  };
  payment pays(word half, std::uint32_t price, marks) const {
    four p = parts(half, now);
    if (p[1] < price) return {half, false, p[0] == 2};
    p[1] -= price;
    return {packed(p, now), true, false};
  }
  bool quiet(std::uint32_t, word next, marks seen) const { return (marks_of(parts(next, now)) & ~seen) == 0; }
  bool quiet(word w, marks seen) const {
    const four p = parts(w, now);
    return (seen & 2) != 0 || p != four{most, most, most, most};
  }
  bool all_states_quiet(marks seen) const { return (seen & 2) != 0; }
};
// The same, split so badly that every pair of halves has a row of its own.
struct badly_split_traders : traders {
  using traders::traders;
  std::array<word, 3> split() const {
    const word low = (word{1} << 2 * now.bits) - 1;
    return {low, low << 2 * now.bits, 0};
  }
};
// The same in wide words, as pairs of scattered bits.
struct coded_counters : counters {
  using counters::counters;
  using word = wide;
  word initial() const { return 0; }
  word repack(word w, layout from) const { return counters::repack(static_cast<std::uint64_t>(w), from); }
  template <typename Emit>
  expansion expand(word w, missing& what, Emit&& emit) const {
    return counters::expand(static_cast<std::uint64_t>(w), what, emit);
  }
  expansion look(word, missing&) const { return {}; }
  std::array<word, 3> split() const {
    const word one = (word{1} << now.bits) - 1;
    return {one | one << 2 * now.bits, one << now.bits, one << 3 * now.bits};
  }
};
// The same, but that wider words make two states one.
struct confused_counters : counters {
  using counters::counters;
  word repack(word w, layout from) const { return counters::repack(w, from) & ~word{1}; }
};
struct confused_coded_counters : coded_counters {
  using coded_counters::coded_counters;
  word repack(word w, layout from) const { return coded_counters::repack(w, from) & ~word{1}; }
};
// The same, split so badly that every state has a matrix of its own.
struct badly_paired_counters : counters {
  using counters::counters;
  std::array<word, 3> split() const { return {0, (word{1} << 4 * now.bits) - 1, 0}; }
};

// The same with judgements that are forgotten when a run ends: until a value's is known, steps that lead to
// it are left out.
struct judged_counters : counters {
  using counters::counters;
  template <typename Emit>
  expansion expand(word w, missing& what, Emit&& emit) const {
    bool judged_all = true;
    expansion result = counters::expand(w, what, [&](word next, const step& by, marks m) {
      const std::uint32_t value = parts(next, now)[static_cast<std::size_t>(by.which)];
      if (value < judged) return emit(next, by, m);
      what.values.push_back(value | judgement);
      judged_all = false;
    });
    result.known = result.known && judged_all;
    return result;
  }
  bool learn(missing& what, const keep_going& go_on) {
    for (const std::uint32_t v : what.values)
      if (v >= judgement) judged = std::max(judged, (v & ~judgement) + 1);
    std::erase_if(what.values, [](std::uint32_t v) { return v >= judgement; });
    return counters::learn(what, go_on);
  }
  static constexpr std::uint32_t judgement = 1u << 31;
  std::uint32_t judged = 0;
};

// The same, learning slowly.
struct slow_counters : counters {
  using counters::counters;
  bool learn(missing& what, const keep_going& go_on) {
    for (int i = 0; i < 2'000; ++i) {
      if (!go_on()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return counters::learn(what, go_on);
  }
};
// The same, running out of memory when it has learned enough.
struct large_counters : counters {
  using counters::counters;
  bool learn(missing& what, const keep_going& go_on) {
    if (known == 8) throw std::bad_alloc();
    return counters::learn(what, go_on);
  }
};

struct result {
  statistics numbers;
  std::vector<int> path;  // to the first mark
  bool operator==(const result& other) const {
    return numbers.ended == other.numbers.ended && numbers.states == other.numbers.states &&
           numbers.transitions == other.numbers.transitions && numbers.depth == other.numbers.depth &&
           numbers.seen == other.numbers.seen && path == other.path;
  }
};
const keep_going always = [] { return true; };
template <typename System = counters>
result explore(std::uint32_t most, const options& wanted) {
  System system(most);
  enumerating_search search(system);
  result r;
  r.numbers = search.run(wanted, nullptr);
  if ((r.numbers.seen & 1) == 0) return r;
  const auto path = search.path_to(1, always);
  for (const auto& s : *path) r.path.push_back(s.by.which);
  return r;
}

TEST(search, counts_what_can_be_counted_by_hand) {
  for (const unsigned threads : {1u, 2u, 5u}) {
    options o;
    o.threads = threads;
    const result r = explore(12, o);
    EXPECT_EQ(r.numbers.ended, outcome::complete);
    EXPECT_EQ(r.numbers.states, 13u * 13 * 13 * 13);
    EXPECT_EQ(r.numbers.transitions, 4u * 12 * 13 * 13 * 13);
    EXPECT_EQ(r.numbers.depth, 48u);
    EXPECT_EQ(r.numbers.seen, 3u);
    EXPECT_EQ(r.path.size(), 36u);
    EXPECT_TRUE(r == explore(12, {}));
  }
}
TEST(search, finds_the_same_with_matrices) {
  for (const unsigned threads : {1u, 3u}) {
    options o;
    o.threads = threads;
    EXPECT_TRUE(explore<paired_counters>(12, o) == explore(12, {}));
    o.level_memory = 0;
    EXPECT_TRUE(explore<paired_counters>(12, o) == explore(12, {}));
  }
  // So many states that their matrices are given up.
  options o;
  o.threads = 3;
  EXPECT_TRUE(explore<badly_paired_counters>(27, o) == explore(27, {}));
}
TEST(search, finds_the_same_by_rows) {
  options by_words;
  by_words.fewest_in_rows = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint32_t most : {1u, 2u, 7u, 13u}) {
    const result expected = explore<traders>(most, by_words);
    EXPECT_EQ(expected.numbers.states, std::uint64_t{most + 1} * (most + 1) * (most + 1) * (most + 1));
    for (const unsigned threads : {1u, 4u})
      for (const std::uint64_t fewest : {0u, 300u}) {
        options o;
        o.threads = threads;
        o.fewest_in_rows = fewest;
        EXPECT_TRUE(explore<traders>(most, o) == expected) << most << ' ' << threads << ' ' << fewest;
      }
  }
}
// Found: rows that were left when matrices were given up were still looked for.
TEST(search, finds_the_same_where_matrices_are_given_up_amid_the_rows_of_a_level) {
  options by_words;
  by_words.fewest_in_rows = std::numeric_limits<std::uint64_t>::max();
  const result words = explore<traders>(40, by_words);
  for (const unsigned threads : {1u, 3u}) {
    options o;
    o.threads = threads;
    EXPECT_TRUE(explore<badly_split_traders>(40, o) == words) << threads;
  }
}
TEST(search, finds_the_same_with_codes_of_pairs) {
  for (const unsigned threads : {1u, 3u}) {
    options o;
    o.threads = threads;
    EXPECT_TRUE(explore<coded_counters>(21, o) == explore(21, {}));
    o.level_memory = 0;
    EXPECT_TRUE(explore<coded_counters>(21, o) == explore(21, {}));
  }
}
TEST(search, that_has_lost_states_does_not_answer) {
  EXPECT_THROW(explore<confused_counters>(12, {}), std::logic_error);
  EXPECT_THROW(explore<confused_coded_counters>(12, {}), std::logic_error);
}
TEST(search, ends_at_its_limits_and_says_so) {
  options states;
  states.max_states = 1000;
  result r = explore(12, states);
  EXPECT_EQ(r.numbers.ended, outcome::state_limit);
  EXPECT_LT(r.numbers.states, 1000u);
  options depth;
  depth.max_depth = 5;
  r = explore(12, depth);
  EXPECT_EQ(r.numbers.ended, outcome::depth_limit);
  EXPECT_EQ(r.numbers.depth, 5u);
  EXPECT_EQ(r.numbers.states, 126u);  // 4 counters, sum at most 5
  options goal;
  goal.goal = 1;
  r = explore(12, goal);
  EXPECT_EQ(r.numbers.ended, outcome::goal_reached);
  EXPECT_EQ(r.numbers.depth, 36u);
  options time;
  time.deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(explore(12, time).numbers.ended, outcome::time_limit);
  options memory;
  memory.max_memory = 1;
  EXPECT_EQ(explore(12, memory).numbers.ended, outcome::memory_limit);
}

// Found: which marks were seen, and how many states, depended on how far threads had got in a level.
TEST(search, ends_at_a_number_of_states_with_the_same_answer_for_every_number_of_threads) {
  for (const std::uint64_t most : {1u, 2u, 400u, 5'000u, 15'000u, 28'000u, 28'560u, 28'561u}) {
    options o;
    o.max_states = most;
    const result alone = explore(12, o);
    EXPECT_EQ(alone.numbers.ended, outcome::state_limit);
    EXPECT_LE(alone.numbers.states, most);
    options same_depth;
    same_depth.max_depth = alone.numbers.depth;
    EXPECT_EQ(explore(12, same_depth).numbers.states, alone.numbers.states) << "of complete levels";
    for (const unsigned threads : {2u, 3u, 7u}) {
      o.threads = threads;
      EXPECT_TRUE(explore(12, o) == alone) << most;
      EXPECT_TRUE(explore<paired_counters>(12, o) == alone) << most;
    }
  }
}
// Found: nothing looked at the time or at signals while something was learned.
TEST(search, ends_at_its_limits_while_it_learns) {
  const auto begin = std::chrono::steady_clock::now();
  options time;
  time.deadline = begin + std::chrono::milliseconds(50);
  slow_counters system(12);
  enumerating_search search(system);
  EXPECT_EQ(search.run(time, nullptr).ended, outcome::time_limit);
  slow_counters other(12);
  enumerating_search interrupted(other);
  int looks = 0;
  EXPECT_EQ(interrupted.run({}, [&](const progress&) { return ++looks < 4; }).ended, outcome::interrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(9));
}
TEST(search, gives_no_path_when_there_is_no_time_left) {
  for (const unsigned threads : {1u, 3u}) {
    options o;
    o.threads = threads;
    counters system(12);
    enumerating_search search(system);
    search.run(o, nullptr);
    int asked = 0;
    EXPECT_FALSE(search.path_to(1, [&] { return ++asked < 10; }));
    EXPECT_EQ(search.path_to(1, always)->size(), 36u);
  }
}
TEST(limits, leave_time_for_what_comes_after) {
  options o;
  const reporter nobody;
  outcome ended = outcome::complete;
  limit_watch endless(o, nobody);
  endless.leave(std::chrono::hours(1));
  EXPECT_TRUE(endless.check({}, ended));
  o.deadline = std::chrono::steady_clock::now() + std::chrono::hours(2);
  limit_watch watch(o, nobody);
  watch.leave(std::chrono::hours(1));
  EXPECT_TRUE(watch.check({}, ended));
  watch.leave(std::chrono::hours(1));
  EXPECT_FALSE(watch.check({}, ended));
  EXPECT_EQ(ended, outcome::time_limit);
}
// Found: it was an internal error.
TEST(search, that_gets_no_more_memory_has_met_its_limit) {
  options depth;
  depth.max_depth = 8;
  const result whole = explore(12, depth);
  for (const unsigned threads : {1u, 3u}) {
    options o;
    o.threads = threads;
    const result r = explore<large_counters>(12, o);
    EXPECT_EQ(r.numbers.ended, outcome::memory_limit);
    EXPECT_EQ(r.numbers.depth, 8u);
    EXPECT_EQ(r.numbers.states, whole.numbers.states);
  }
}

// ---- Checkpoints ----

struct checkpoints : testing::Test {
  std::string file = folder() + "/run.levels";
  void SetUp() override { std::filesystem::remove(file); }
  options with(const std::string& identity = "this run") const {
    options o;
    o.checkpoint = file;
    o.identity = identity;
    return o;
  }
};

TEST_F(checkpoints, a_run_goes_on_with_matrices) {
  const result whole = explore(10, {});
  for (const std::uint64_t most : {50u, 500u, 5000u}) {
    options limited = with();
    limited.max_states = most;
    explore<paired_counters>(10, limited);
    EXPECT_TRUE(explore<paired_counters>(10, with()) == whole);
    std::filesystem::remove(file);
  }
}
TEST_F(checkpoints, a_run_goes_on_where_a_limited_one_ended) {
  const result whole = explore(10, {});
  for (const std::uint64_t most : {50u, 500u, 5000u}) {
    options limited = with();
    limited.max_states = most;
    explore(10, limited);
    EXPECT_TRUE(explore(10, with()) == whole);
    EXPECT_TRUE(explore(10, with()) == whole) << "and once more from the end";
    std::filesystem::remove(file);
  }
}
// Found: a path was rebuilt without learning what a checkpoint does not keep, and went to a state that was
// not there.
TEST_F(checkpoints, paths_are_there_where_judgements_are_learned_again) {
  const result whole = explore(6, {});
  for (const std::uint64_t depth : {12u, 20u, 24u, 100u}) {
    for (const unsigned threads : {1u, 3u}) {
      options o = with();
      o.threads = threads;
      o.max_depth = depth;
      explore<judged_counters>(6, o);
      o.max_depth = options().max_depth;
      EXPECT_TRUE(explore<judged_counters>(6, o) == whole) << depth;
      EXPECT_TRUE(explore<judged_counters>(6, o) == whole) << "and once more from the end";
      std::filesystem::remove(file);
    }
  }
}
// Found: resuming looked at no limit.
TEST_F(checkpoints, a_run_that_is_resumed_ends_at_its_limits_and_loses_nothing) {
  const result whole = explore(6, with());
  for (int looks = 1; looks < 12; ++looks) {
    {
      counters system(6);
      enumerating_search search(system);
      int left = looks;
      const statistics s = search.run(with(), [&](const progress&) { return --left > 0; });
      if (s.ended == outcome::complete) continue;
      EXPECT_EQ(s.ended, outcome::interrupted);
      EXPECT_LE(s.states, whole.numbers.states);
      if ((s.seen & 1) != 0) {
        EXPECT_EQ(search.path_to(1, always)->size(), whole.path.size());
      }
    }
    EXPECT_TRUE(explore(6, with()) == whole) << looks;
  }
  options late = with();
  late.deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(explore(6, late).numbers.ended, outcome::time_limit);
  EXPECT_TRUE(explore(6, with()) == whole);
}
// Found: what was put into matrices again from a checkpoint was taken for new, and stood in the first level
// too.
TEST_F(checkpoints, a_run_that_ends_while_matrices_are_made_again_has_each_state_once) {
  const result whole = explore<traders>(6, with());
  {
    options late = with();
    late.deadline = std::chrono::steady_clock::now();
    traders system(6);
    enumerating_search search(system);
    EXPECT_EQ(search.run(late, nullptr).ended, outcome::time_limit);
    std::map<std::uint64_t, int> times;
    search.for_each_state([&](std::uint64_t w) { ++times[w]; });
    for (const auto& [w, n] : times) EXPECT_EQ(n, 1) << w;
  }
  EXPECT_TRUE(explore<traders>(6, with()) == whole);
}
TEST_F(checkpoints, a_run_goes_on_from_where_learning_was_cut_off) {
  const result whole = explore(6, {});
  for (int looks = 1; looks < 10; ++looks) {
    {
      slow_counters system(6);
      enumerating_search search(system);
      int left = looks;
      search.run(with(), [&](const progress&) { return --left > 0; });
    }
    EXPECT_TRUE(explore(6, with()) == whole) << looks;
    std::filesystem::remove(file);
  }
}
template <typename System>
void goes_on(const std::string& file, options o, std::uint32_t most,
             std::initializer_list<std::uint64_t> depths) {
  const result whole = explore(most, {});
  for (const std::uint64_t depth : depths) {
    o.threads = 2;
    o.max_depth = depth;
    explore<System>(most, o);
    o.max_depth = options().max_depth;
    EXPECT_TRUE(explore<System>(most, o) == whole) << depth;
    EXPECT_TRUE(explore<System>(most, o) == whole) << "and once more from the end";
    std::filesystem::remove(file);
  }
}
// Found: a resumed run began with matrices again, though they had been given up.
TEST_F(checkpoints, a_run_whose_matrices_were_given_up_goes_on_without) {
  goes_on<badly_paired_counters>(file, with(), 27, {60});
}
TEST_F(checkpoints, a_run_goes_on_with_codes_of_pairs) {
  goes_on<coded_counters>(file, with(), 21, {1, 30, 60, 100});
}
// Found: it was called damaged.
TEST_F(checkpoints, a_run_goes_on_where_a_record_before_the_last_ones_was_half_written) {
  const result whole = explore(4, with());
  std::vector<std::uint64_t> begins{0};
  std::size_t level_ends = 0;  // number of the record behind the one that ends the tenth level
  {
    const record_log log = record_log::named(file);
    for (std::uint64_t position = 0; const auto r = log.next(position);) {
      begins.push_back(position);
      if (r->head.kind == 4 && r->head.level == 9) level_ends = begins.size() - 1;
    }
  }
  std::ifstream in(file, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  ASSERT_GT(level_ends, 10u);
  std::string damaged = all;
  damaged[begins[level_ends] + 20] ^= 1;
  std::ofstream(file, std::ios::binary) << damaged;
  EXPECT_THROW(explore(4, with()), storage_error) << "levels end behind it";
  std::uint64_t level = 0;
  options o = with();
  o.resumed = [&](std::uint64_t l) { level = l; };
  // Behind it is the record before the one that ended the level: whole, but no end.
  std::ofstream(file, std::ios::binary)
      << damaged.substr(0, begins[level_ends + 1])
      << all.substr(begins[level_ends - 2], begins[level_ends - 1] - begins[level_ends - 2]);
  EXPECT_TRUE(explore(4, o) == whole);
  EXPECT_EQ(level, 10u);
}
// The log may end anywhere: in each of the first places, and in others.
TEST_F(checkpoints, a_run_goes_on_from_a_log_that_ends_anywhere) {
  const result whole = explore(4, with());
  std::ifstream in(file, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  ASSERT_GT(all.size(), 2000u);
  for (std::size_t length = 0; length < all.size(); length += length < 500 ? 1 : 997) {
    std::ofstream(file, std::ios::binary) << all.substr(0, length);
    if (length > 0 && length < sizeof(record) + std::string("format 2, ").size() + with().identity.size())
      ASSERT_THROW(explore(4, with()), storage_error) << length;  // may be anybody's
    else
      ASSERT_TRUE(explore(4, with()) == whole) << length;
  }
}
TEST_F(checkpoints, a_hundred_kills_make_no_difference) {
  const result whole = explore(6, {});
  std::mt19937 random(3);
  for (int kills = 0; kills < 100; ++kills) {
    if (random() % 10 == 0) std::filesystem::remove(file);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      // Dies after so many looks at its progress, wherever that is; a thread may be in the middle of a
      // record.
      int left = static_cast<int>(random() % 40);
      counters system(6);
      options o = with();
      o.threads = 2;
      enumerating_search search(system);
      search.run(o, [&](const progress&) {
        if (left-- == 0) raise(SIGKILL);
        return true;
      });
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (kills % 10 != 9) continue;
    ASSERT_TRUE(explore(6, with()) == whole) << kills;
  }
}
// Found: two processes wrote over each other's records.
TEST_F(checkpoints, that_are_in_use_are_refused) {
  const result whole = explore(5, {});
  {
    const record_log used = record_log::named(file);
    EXPECT_THROW(explore(5, with()), storage_error);
  }
  EXPECT_TRUE(explore(5, with()) == whole);
}
TEST_F(checkpoints, of_another_run_or_damaged_ones_are_refused) {
  explore(5, with());
  EXPECT_THROW(explore(5, with("another run")), storage_error);
  std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
  f.seekg(0, std::ios::end);
  const auto size = static_cast<std::size_t>(f.tellg());
  f.close();
  const result whole = explore(5, {});
  // A bit that is flipped anywhere either makes it refused or is behind what counts; the answer is never
  // wrong.
  std::ifstream in(file, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(in)), {});
  int refused = 0;
  for (std::size_t at = 0; at < size; at += 401) {
    std::string damaged = all;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(file, std::ios::binary) << damaged;
    try {
      EXPECT_TRUE(explore(5, with()) == whole) << at;
    } catch (const storage_error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 3);
  // Found as a crash: what a record's head says was believed before its content had been checked.
  for (std::size_t at = 0; at < 300; ++at)
    for (const char value : {'\x01', '\x7f', '\x80', '\xff'}) {
      std::string damaged = all;
      damaged[at] = value;
      std::ofstream(file, std::ios::binary) << damaged;
      try {
        EXPECT_TRUE(explore(5, with()) == whole) << at;
      } catch (const storage_error&) {
      }
    }
  std::ofstream(file, std::ios::binary) << "something else altogether, and longer than one record's head";
  EXPECT_THROW(explore(5, with()), storage_error);
}

}  // namespace
}  // namespace tcpmc::checker
