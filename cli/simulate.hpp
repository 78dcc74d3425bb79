// Random walks of a protocol in a scenario, from the question to verdicts with replayed runs, and which rules
// fired on the way.
//
// Walks never tell that a property holds: it is violated, and there is a run to show for it, or the answer is
// inconclusive.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checker/simulate.hpp"
#include "cli/check.hpp"

namespace tcpmc::cli {

// What is said of one property. The run is minimised; the walk that showed it had `steps` steps by then.
struct walked_answer {
  answer told;
  bool has_witness = false, witnessed = false;
  std::uint64_t walk = 0, steps = 0;  // if violated: which walk, from 1
};

struct simulation {
  std::vector<walked_answer> answers;  // one a property, in the order asked
  checker::walk_statistics statistics;
  std::vector<rule_count> rules;  // in how many of the steps that were judged
};

// Walks and answers. `limits.goal` is set here. A mistake of the protocol that shows only while it runs is
// reported in `errors` and gives nothing. Throws std::logic_error if a run cannot be replayed: then tcpmc is
// wrong.
std::optional<simulation> simulate(const check_input& input, checker::walk_options wanted,
                                   const checker::walk_reporter& report, language::diagnostics& errors);

}  // namespace tcpmc::cli
