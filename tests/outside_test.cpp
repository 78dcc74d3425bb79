// What can be told apart from outside, against partition refinement on plain states: both protocols are
// explored into one graph, and its states are split until all of a block can do the same and go to the same
// blocks (Paige and Tarjan 1987, in the simplest form). Two protocols look the same exactly if their initial
// states stay in one block.
#include "properties/outside.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "model/language/library.hpp"
#include "model/language/mutation.hpp"
#include "model/system/plain.hpp"

namespace tcpmc {
namespace {

using language::composition;
using language::diagnostics;

using look = std::vector<int>;  // all that is seen of a step
struct graph {
  std::vector<std::vector<std::pair<look, std::size_t>>> moves;  // by state

  // Adds all states of `c`, and returns the first; nothing if there are more than `most`.
  std::optional<std::size_t> add(const composition& c, std::size_t most) {
    const std::array<system::observers, 2> none;
    const system::plain_system on(c, none);
    std::map<system::plain_state, std::size_t> known;
    std::vector<system::plain_state> states;
    const std::size_t first = moves.size();
    const auto number = [&](const system::plain_state& s) {
      const auto [at, is_new] = known.try_emplace(s, first + states.size());
      if (is_new) states.push_back(s);
      return at->second;
    };
    number(on.initial());
    for (std::size_t next = 0; next < states.size(); ++next) {
      if (states.size() > most) return std::nullopt;
      moves.emplace_back();
      std::uint32_t met = 0;
      for (const system::plain_successor& s : on.successors(system::plain_state(states[next]), met)) {
        look seen = {static_cast<int>(s.by.kind), s.by.side, s.by.which, s.by.choice, s.by.age};
        seen.insert(seen.end(), s.by.segment.begin(), s.by.segment.end());
        if (s.did) {
          seen.push_back(s.did->label[language::label_signals]);
          for (const system::values& segment : s.did->sent)
            seen.insert(seen.end(), segment.begin(), segment.end());
        }
        const std::size_t to = number(s.state);
        moves[first + next].emplace_back(std::move(seen), to);
      }
    }
    return first;
  }

  bool alike(std::size_t a, std::size_t b) const {
    std::vector<std::size_t> block(moves.size(), 0);
    for (std::size_t blocks = 1;;) {
      std::map<std::pair<std::size_t, std::set<std::pair<look, std::size_t>>>, std::size_t> split;
      std::vector<std::size_t> finer;
      for (std::size_t s = 0; s < moves.size(); ++s) {
        std::set<std::pair<look, std::size_t>> can;
        for (const auto& [seen, to] : moves[s]) can.emplace(seen, block[to]);
        finer.push_back(split.try_emplace({block[s], std::move(can)}, split.size()).first->second);
      }
      block = std::move(finer);
      if (split.size() == blocks) return block[a] == block[b];
      blocks = split.size();
    }
  }
};

class outside : public testing::TestWithParam<const char*> {};

TEST_P(outside, is_what_partition_refinement_tells) {
  language::library files;
  diagnostics errors;
  const auto right = language::load_protocol("rfc9293", files, {}, errors);
  const language::document* scenario =
      files.find(std::string(TCPMC_SOURCE_DIR "/tests/cross_check/") + GetParam() + ".json",
                 language::file_kind::scenario, {}, errors);
  ASSERT_TRUE(right && scenario) << errors.text();
  const auto as_it_is = language::compose(*right, *scenario, {}, errors);
  ASSERT_TRUE(as_it_is) << errors.text();
  int same = 0, different = 0, number = 0;
  for (const language::rule_list& l : right->lists)
    for (const language::rule_source& r : l.rules)
      for (const language::mutation& m : language::mutations_of(*right, r.id, files.sources())) {
        if (++number % 7 != 0) continue;
        diagnostics wrong;
        const auto changed = language::compose(language::mutated(*right, m), *scenario, {}, wrong);
        ASSERT_TRUE(changed) << wrong.text();
        try {
          graph both;
          const auto a = both.add(*as_it_is, 5000), b = both.add(*changed, 5000);
          ASSERT_TRUE(a);
          if (!b) continue;
          const properties::outside_view view = properties::compare_outside(*as_it_is, *changed, 1'000'000);
          const bool alike = both.alike(*a, *b);
          EXPECT_EQ(view.is, alike ? properties::look::same : properties::look::different)
              << r.id << ": " << m.text;
          EXPECT_EQ(view.difference.has_value(), !alike);
          ++(alike ? same : different);
        } catch (const language::model_error&) {  // the change breaks the model
        }
      }
  EXPECT_GT(same, 10);
  EXPECT_GT(different, 10);
}

INSTANTIATE_TEST_SUITE_P(scenario, outside, testing::Values("fifo-timed", "receive"));

TEST(outside, says_what_is_seen_first) {
  language::library files;
  diagnostics errors;
  const auto right = language::load_protocol("rfc9293", files, {}, errors);
  const auto other = language::load_protocol("rfc9293-literal", files, {}, errors);
  const language::document* scenario =
      files.find(std::string(TCPMC_SOURCE_DIR "/tests/cross_check/switches.json"),
                 language::file_kind::scenario, {}, errors);
  ASSERT_TRUE(right && other && scenario) << errors.text();
  const auto a = language::compose(*right, *scenario, {}, errors),
             b = language::compose(*other, *scenario, {}, errors);
  ASSERT_TRUE(a && b) << errors.text();
  const properties::outside_view view = properties::compare_outside(*a, *b, 1'000'000);
  ASSERT_EQ(view.is, properties::look::different);
  ASSERT_TRUE(view.difference->first || view.difference->second);
  if (view.difference->first && view.difference->second) {
    EXPECT_EQ(view.difference->first->by, view.difference->second->by);
    EXPECT_TRUE(view.difference->first->sent != view.difference->second->sent ||
                view.difference->first->signals != view.difference->second->signals);
  }
  EXPECT_EQ(properties::compare_outside(*a, *b, 1).is, properties::look::too_large);
  EXPECT_EQ(properties::compare_outside(*a, *a, 1'000'000).is, properties::look::same);
}

}  // namespace
}  // namespace tcpmc
