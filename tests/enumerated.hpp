// One run of the enumerating search, in words that do not depend on how it was done: so that runs with other
// words, stores, levels and threads can be compared.
#pragma once

#include <set>
#include <tuple>
#include <vector>

#include "checker/report.hpp"
#include "model/system/tables.hpp"
#include "properties/property.hpp"

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

// How states are kept. Narrow words have 64 bits. Levels of any size are gone through by rows, or none is.
enum class kept {
  in_matrices,
  in_matrices_by_groups,
  in_a_set,
  as_codes,  // of halves whose bits are not next to each other, so that there can be no matrices
  as_codes_of_wide_words,
  in_a_set_of_wide_words
};

enumerated enumerate(const language::composition& c, const properties::property_set& p,
                     const checker::options& wanted, kept how = kept::in_matrices);

}  // namespace tcpmc
