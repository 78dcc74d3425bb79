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

#include "checker/enumerate.hpp"
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

// Searches all of it; `by` may be no reduction at all. With symmetry, mirror images count as reached.
template <typename Word = std::uint64_t>
things by_search(const language::composition& c, const properties::property_set& p,
                 const properties::reductions& by, const checker::options& wanted = {}) {
  const language::composition composed = by.symmetry ? properties::with_symmetric_final(c) : c;
  properties::monitored_system monitored(composed, p);
  properties::reduced_system<Word> system(monitored, by);
  checker::enumerating_search search(system);
  things result;
  result.statistics = search.run(wanted, nullptr);
  const system::tables& tables = monitored.tables();
  search.for_each_state([&](Word w) {
    const system::state s = system.unpack(w);
    const naive::endpoint_pair at{tables.endpoint_row(0, s[0]), tables.endpoint_row(1, s[1])};
    const naive::endpoint_pair image{at[1], at[0]};
    result.pairs.insert(at);
    if (by.symmetry) result.pairs.insert(image);
    for (int sender = 0; sender < 2; ++sender)
      for (const int* segment : tables.in_flight(sender, s)) {
        const auto slots = static_cast<std::size_t>(tables.machine(sender).segment().slots);
        const system::values is(segment, segment + slots);
        result.deliverables.insert({at, sender, is});
        if (by.symmetry) result.deliverables.insert({image, 1 - sender, is});
      }
  });
  return result;
}

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
