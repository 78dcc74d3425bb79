// What a search of a reduced system has to reach as well (docs/reductions.md): every pair of endpoints, and
// of every segment that may arrive at a pair some copy.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checker/report.hpp"
#include "checker/word.hpp"
#include "properties/reduced.hpp"
#include "tests/naive.hpp"

namespace tcpmc::reached {

struct things {
  checker::statistics statistics;
  std::set<naive::endpoint_pair> pairs;
  std::set<naive::deliverable> deliverables;

  bool operator==(const things& other) const {
    const auto numbers = [](const checker::statistics& s) {
      return std::tuple(s.ended, s.states, s.transitions, s.depth, s.seen);
    };
    return numbers(statistics) == numbers(other.statistics) && pairs == other.pairs &&
           deliverables == other.deliverables;
  }
};

// Searches all of it; `by` may be no reduction at all. With symmetry, mirror images count as reached. A Word
// is std::uint64_t or checker::wide.
template <typename Word = std::uint64_t>
things by_search(const language::composition& c, const properties::property_set& p,
                 const properties::reductions& by, const checker::options& wanted = {});

// What a reduced search has wrong; "" if nothing.
inline std::string differences(const things& whole, const things& reduced) {
  std::string text;
  const auto compare = [&](const char* what, const auto& all, const auto& here) {
    if (all == here) return;
    const auto missing =
        std::count_if(all.begin(), all.end(), [&](const auto& x) { return !here.contains(x); });
    text += fmt::format("{}: {} instead of {}, {} missing\n", what, here.size(), all.size(), missing);
  };
  compare("pairs of endpoints", whole.pairs, reduced.pairs);
  compare("segments that may arrive", whole.deliverables, reduced.deliverables);
  constexpr properties::marks bounds = properties::bounds_met(~0u);
  if ((whole.statistics.seen & ~bounds) != (reduced.statistics.seen & ~bounds)) text += "other marks\n";
  if ((reduced.statistics.seen & bounds & ~whole.statistics.seen) != 0) text += "another bound is met\n";
  constexpr properties::marks incarnations = properties::bounds_met(system::bound_incarnations);
  if (((whole.statistics.seen ^ reduced.statistics.seen) & incarnations) != 0) text += "incarnations\n";
  if (reduced.statistics.states > whole.statistics.states) text += "more states\n";
  return text;
}

// All reductions that are possible, each and together.
inline std::vector<properties::reductions> possible(const language::composition& c,
                                                    const properties::property_set& p) {
  std::vector<properties::reductions> all;
  const bool faults = !properties::why_not_faults(c, p), symmetry = !properties::why_not_symmetry(c, p);
  if (faults) all.push_back({true, false});
  if (symmetry) all.push_back({false, true});
  if (faults && symmetry) all.push_back({true, true});
  return all;
}

}  // namespace tcpmc::reached
