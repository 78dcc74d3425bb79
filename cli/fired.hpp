// Which rules fired, from the reactions that a search remembers.
//
// A reaction in the tables was worked out because a reachable state asked for it; whether a step with it was
// ever taken, or cut off by a bound of the scenario each time, the tables know as well. So the answer is
// exact, and costs nothing while a search runs.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/system/tables.hpp"

namespace tcpmc::cli {

// How often a rule fired at A and at B; what is counted depends on the search. A rule that fires twice in a
// step counts twice.
struct rule_count {
  const language::rule* rule = nullptr;
  std::array<std::uint64_t, 2> fired{};
  bool tried = false;  // some reaction has it, though a bound may have cut off all its steps

  bool never() const { return fired[0] == 0 && fired[1] == 0; }
};

// Adds up the rules of all reactions, each as often as `times` says of its id. In the protocol's order,
// without the rules that only refuse a call, which are no steps. `p` is the protocol whose rules are given;
// the tables' own have the same, with other settings.
std::vector<rule_count> count_rules(const language::protocol& p, const system::tables& tables,
                                    const std::function<std::uint64_t(system::id)>& times);

// The ids of the rules that did not fire.
std::vector<std::string> never_fired(const std::vector<rule_count>& rules);

}  // namespace tcpmc::cli
