// Drawn protocols (generated.hpp): both searches and the naive explorer agree about thousands of them.
#include "tests/generated.hpp"

#include <gtest/gtest.h>

namespace tcpmc {
namespace {

constexpr std::uint64_t most_states = 3'000;  // larger models are left out
constexpr int families = 10, members = 40;    // a test; of each member one breed

class drawn : public testing::TestWithParam<unsigned> {};

TEST_P(drawn, protocols_agree) {
  int compared = 0, trivial = 0, violated = 0, vacuous = 0;
  for (unsigned f = 0; f < families; ++f) {
    const unsigned seed = GetParam() * families + f;
    const generated::family family(seed);
    for (int i = 0; i < members; ++i) {
      const generated::texts texts = family.write({i}, i % generated::breeds);
      const auto found = generated::explore(generated::load(texts), most_states);
      if (!found) continue;
      ++compared;
      trivial += found->states < 5;
      violated += found->violations > 0;
      vacuous += found->violations == 0 && found->witnesses == 0;
      EXPECT_EQ(found->differences, "") << "family " << seed << " member " << i << '\n'
                                        << texts.protocol << texts.scenario << texts.properties[0];
    }
  }
  // Models that are worth it: few too large to be compared, few where nothing happens, every verdict often.
  constexpr int all = families * members;
  EXPECT_GE(compared, all * 3 / 4);
  EXPECT_LE(trivial, all / 5);
  EXPECT_GE(violated, all / 8);
  EXPECT_LE(violated, all * 3 / 4);
  EXPECT_GE(vacuous, all / 20);
  EXPECT_LE(vacuous, all / 2);
}
INSTANTIATE_TEST_SUITE_P(seed, drawn, testing::Range(0u, 10u));

}  // namespace
}  // namespace tcpmc
