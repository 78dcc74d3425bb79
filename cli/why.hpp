// What breaks without a rule: every small change to a rule (model/language/mutation.hpp), in all questions
// where it can make a difference. A rule that is removed or bent acts where the rule was tried; one whose
// condition is weakened, or that refused a call, acts where the rule did not fire, which may be anywhere.
//
// The questions are the scenarios of suites, each with every property of the suites that it can decide and
// that the protocol keeps there. A change is noticed if one of them is violated, if one holds only vacuously
// since the situation that it is about can no longer come about, or if the model itself breaks. Questions are
// asked in the order of their size, up to the first that notices; every limit is a number of states or
// steps, so the answer is the same on every machine. What no property notices is looked at from outside: what
// cannot be told apart there, segment by segment, is harmless.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/suite.hpp"
#include "model/language/mutation.hpp"

namespace tcpmc::cli {

// A scenario with settings, and what is known of the unchanged protocol in it.
struct why_question {
  std::string name;  // of the scenario, with the settings
  question asked;
  const language::document* scenario = nullptr;
  std::vector<const language::document*> properties;  // that the protocol keeps
  std::vector<bool> vacuous;                          // by property: holds vacuously
  std::vector<std::string> violated;                  // that it does not keep, and that are not asked
  checker::statistics statistics;
  std::map<std::string, bool> fires, tried;  // by rule that is no mere refusal
};

// The suites that ask what RFC 9293 itself has to do. The others ask the same of many variants, what an
// attacker achieves, or how many ports suffice.
inline constexpr std::array<const char*, 3> suites_for_why = {"tcp-lifecycle", "rfc9293-features",
                                                              "rfc9293-steps"};

enum class effect { violated, vacuous, broken_model, unnoticed, never_fires };

// What became of one change.
struct change_report {
  language::mutation change;
  effect is = effect::never_fires;
  const why_question* in = nullptr;  // that noticed
  std::string property;              // violated, or vacuous now
  std::size_t steps = 0;             // violated: of the run
  bool shortest = false;             // no shorter run violates it
  std::string run;                   // as a ladder (traces/ladder.hpp)
  std::string message;               // broken_model
  std::size_t asked = 0;             // questions that were asked to the end
  std::vector<std::string> open;     // questions that met a limit
  bool same_size = true;             // unnoticed: all had as many states and steps as without the change
  // Unnoticed: what somebody sees who looks from outside (properties/outside.hpp).
  std::size_t compared = 0;               // questions in which nothing can be told apart
  std::size_t undecided = 0;              // that were too large to compare, or broke on the way
  const why_question* told_in = nullptr;  // the first in which something can
  std::string told;                       // and what
};

struct rule_report {
  const language::rule* rule = nullptr;
  std::string list;                   // "user call CLOSE", "segment arrives, stage syn", ...
  std::vector<std::string> fires_in;  // questions
  std::vector<change_report> changes;
};

struct why_report {
  std::shared_ptr<const language::protocol> protocol;
  std::vector<std::unique_ptr<why_question>> questions;  // smallest first
  std::vector<std::string> left_out;                     // questions and properties not asked, and why
  std::vector<rule_report> rules;
};

struct why_input {
  std::string protocol;                                                           // reference
  std::string rule;                                                               // id; "": all
  std::vector<std::string> suites{suites_for_why.begin(), suites_for_why.end()};  // references
  unsigned threads = 1;
  std::uint64_t max_states = 200'000;  // a question whose search is larger is left out
};

// Keeps what the report points into.
class why_analysis {
 public:
  // `go_on(changes done, changes in all)` is called now and then, by one thread at a time; false ends it.
  using reporter = std::function<bool(std::size_t, std::size_t)>;

  // Reports mistakes of the input, and returns nothing if there is one, or if it was ended. Throws
  // std::logic_error if a run cannot be replayed.
  std::optional<why_report> run(const why_input& input, const reporter& report,
                                language::diagnostics& errors);

 private:
  bool load(const why_input& input, language::diagnostics& errors);
  void ask_unchanged(why_question q, why_report& into);
  void examine(change_report& c, const std::vector<const why_question*>& questions) const;
  void look_from_outside(change_report& c, const std::vector<const why_question*>& questions) const;
  check_input input_of(const why_question& q, const language::protocol_source& source, bool shortest,
                       language::diagnostics& errors) const;

  std::shared_ptr<language::library> files_ = std::make_shared<language::library>();
  std::optional<language::protocol_source> source_;
  std::vector<suite> suites_;
  std::map<const language::document*, std::optional<language::diagnostic>>
      misfits_;  // nothing: it fits somewhere
  std::uint64_t max_states_ = 0;
  std::function<bool()> go_on_;  // by any thread
};

}  // namespace tcpmc::cli
