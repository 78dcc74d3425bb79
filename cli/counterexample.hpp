// Counterexamples: what makes a run one, and a covering search's run as one that people can follow.
//
// Nothing here knows of searches. Runs are those of the rule interpreter on full states, and so is the
// judging.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checker/report.hpp"
#include "properties/property.hpp"
#include "traces/run.hpp"

namespace tcpmc::cli {

// A counterexample: the run, on the system on which it was replayed.
struct counterexample {
  std::shared_ptr<const language::composition>
      on;  // its network is the one with the faults that the run uses
  traces::run run;
  bool shortest = false;
  std::string minimality;          // why it is a shortest one, or why that is not claimed
  int losses = 0, duplicates = 0;  // faults that the run uses
  std::optional<traces::ports_run> ports = std::nullopt;  // instead of `run`, where the scenario has ports

  void count_faults();
  std::size_t length() const { return ports ? ports->steps.size() : run.steps.size(); }
};

// Whether the last step or state of a run violates the property, judged on plain rows.
bool violates(const language::composition& c, const properties::property_set& p, std::size_t property,
              const traces::run& r);

// The same of a run of a pool of ports.
bool violates(const language::composition& c, const properties::property_set& p, std::size_t property,
              const traces::ports_run& r);

// Whether there is time left, within the limits of a search, for what comes after it: no signal came, and the
// deadline did not. Keeps `limits` by reference.
checker::keep_going time_left(const checker::options& limits);

// A run that violates the property, given by its steps on the scenario's network, as it is shown: replayed by
// the rule interpreter, without what can be left out; where the network is unlimited, on one that makes as
// many copies as the run needs. When `go_on` says no, what is left is shown. Throws std::logic_error if it
// cannot be replayed.
counterexample minimised(const std::shared_ptr<const language::composition>& on,
                         const properties::property_set& p, std::size_t property,
                         std::vector<system::step> steps, const checker::keep_going& go_on);

// The same scenario on a network that makes so many copies at most, for showing a covering search's run.
std::shared_ptr<language::composition> with_duplicates(const language::composition& c, int most);

// Throws std::logic_error: a run that a search found is none for the interpreter, so tcpmc is wrong.
[[noreturn]] void not_replayed(const std::string& what);

}  // namespace tcpmc::cli
