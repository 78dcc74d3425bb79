// Whether two protocols can be told apart from outside: by somebody who sees every segment, every call and
// all that users are told, but nothing of what the endpoints keep.
//
// Both are run side by side on the same scenario: a pair of states, one of each, is reached by doing in both
// what looks the same. If in every reachable pair each can do exactly what the other can, with the same
// segments sent and the same told to the user, the two are bisimilar, and no one outside can tell which of
// them runs (Park 1981, "Concurrency and automata on infinite sequences"; Milner 1989, "Communication and
// Concurrency"). A timer that expires counts as seen, even if nothing is sent then: so "the same" is never
// said of two that differ, while a difference may be one that only a very close observer sees.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "model/language/scenario.hpp"
#include "model/system/step.hpp"

namespace tcpmc::properties {

// What is seen of one step.
struct seen_outside {
  system::step by;
  std::vector<system::values> sent;  // segments
  int signals = 0;                   // that the user is told, a bit each
};

// What one of the two can do that the other cannot, after as few steps as possible.
struct told_apart {
  std::size_t steps = 0;               // before the one that differs
  std::optional<seen_outside> first;   // what the first does
  std::optional<seen_outside> second;  // what the second does at the same event; one of them may be absent
};

enum class look { same, different, too_large };

struct outside_view {
  look is = look::same;
  std::size_t pairs = 0;                 // of states that were reached
  std::optional<told_apart> difference;  // different
};

// Compares two protocols in the same scenario, with the same calls, timers and signals. The network is not
// the unlimited one, where plain states are too many. Gives up after `most_pairs`.
outside_view compare_outside(const language::composition& first, const language::composition& second,
                             std::size_t most_pairs);

}  // namespace tcpmc::properties
