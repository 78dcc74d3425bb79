// One check: a protocol in a scenario against properties, from the question to verdicts with replayed runs.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checker/report.hpp"
#include "cli/counterexample.hpp"
#include "cli/fired.hpp"
#include "properties/property.hpp"
#include "properties/reduced.hpp"
#include "traces/run.hpp"

namespace tcpmc::cli {

enum class verdict { holds, holds_vacuously, violated, inconclusive };
const char* name_of(verdict v);  // "holds", "holds vacuously", "violated", "inconclusive"

// The bounds of a scenario in `met` (check_result::bounds_met): "incarnations", "capacity", "losses",
// "duplicates".
std::vector<std::string> names_of_bounds(std::uint32_t met);

struct answer {
  std::string property;
  verdict says = verdict::inconclusive;
  std::optional<counterexample> trace;
};

// The first run that meets a bound of the scenario: its end is where a step was cut off.
struct met_bound {
  std::string name;  // "incarnations", "capacity", "losses", "duplicates"
  traces::run run;
  std::optional<traces::ports_run> ports = std::nullopt;  // instead of `run`, where the scenario has ports
};

struct check_result {
  std::vector<answer> answers;  // one a property, in the order asked
  checker::statistics statistics;
  bool covering = false;                 // which search decided
  std::vector<std::string> reduced;      // by what the search was reduced (docs/reductions.md)
  std::vector<std::string> not_reduced;  // and by what not, with the reason, where all was asked for
  std::vector<std::string> covers;       // what the verdicts cover; see coverage_of
  std::vector<std::string> does_not_cover;
  std::uint32_t bounds_met = 0;
  std::vector<met_bound> explained;  // if asked for
  // In how many different reactions each rule fired, as far as was explored: up to the end, unless a limit
  // was met or every property was violated before.
  std::vector<rule_count> rules;
};

// Which reductions are made (docs/reductions.md). One that is named has to be possible, or else nothing is
// answered; `all` are those that are possible.
enum class reduce { none, symmetry, faults, all };

struct check_input {
  std::shared_ptr<const language::composition> composition;
  std::vector<const language::document*> properties;
  bool explain_bounds = false;
  cli::reduce reduce = cli::reduce::none;
  bool first_violation = false;  // to end with the first property that is violated, and show one run
  // A run of a covering search is shortened by searches of so many states; what these cannot show is said to
  // be minimised, not shortest.
  std::uint64_t states_for_shortest = 3'000'000;
  const language::source* protocol_file = nullptr;
  const language::source* scenario_file = nullptr;
  std::shared_ptr<language::library>
      files;  // owns the documents; all that were used are what the answer depends on
};

// Explores and answers. A mistake of the protocol that shows only while it runs is reported in `errors`
// and gives nothing. Throws std::logic_error if a counterexample cannot be replayed: then tcpmc is wrong.
std::optional<check_result> check(const check_input& input, const checker::options& limits,
                                  const checker::reporter& report, language::diagnostics& errors);

// The states in which each endpoint is found on an unlimited network, A's first; `p` may be empty. Throws
// model_error for a mistake of the protocol that shows only while it runs.
std::array<std::set<int>, 2> states_found(const language::composition& c, const properties::property_set& p);

}  // namespace tcpmc::cli
