// One run of the enumerating search, in words that do not depend on how it was done: so that runs with other
// words, stores, levels and threads can be compared.
#pragma once

#include <set>
#include <tuple>
#include <vector>

#include "checker/enumerate.hpp"
#include "properties/monitored.hpp"

namespace tcpmc {

struct enumerated {
  checker::statistics statistics;
  std::vector<std::vector<system::step>> paths;  // to the first violation of each property
  std::set<system::state> states;

  bool operator==(const enumerated& other) const {
    const auto numbers = [](const checker::statistics& s) {
      return std::tuple(s.ended, s.states, s.transitions, s.depth, s.seen);
    };
    return numbers(statistics) == numbers(other.statistics) && paths == other.paths && states == other.states;
  }
};

// Its states are not kept in matrices.
struct unpaired_system : properties::packed_system<std::uint64_t> {
  using packed_system::packed_system;
  void split() = delete;
};

template <typename System>
enumerated enumerate(const language::composition& c, const properties::property_set& p,
                     const checker::options& wanted) {
  properties::monitored_system monitored(c, p);
  System packed(monitored);
  checker::enumerating_search search(packed);
  enumerated result;
  result.statistics = search.run(wanted, nullptr);
  for (std::size_t i = 0; i < p.all.size(); ++i) {
    auto& path = result.paths.emplace_back();
    if ((result.statistics.seen & properties::violated(i)) == 0) continue;
    for (const auto& s : search.path_to(properties::violated(i)))
      path.push_back(monitored.tables().describe(packed.unpack(s.from), s.by));
  }
  search.for_each_state([&](auto w) { result.states.insert(packed.unpack(w)); });
  return result;
}

}  // namespace tcpmc
