#include "cli/simulate.hpp"

#include <algorithm>

#include "properties/monitored.hpp"

namespace tcpmc::cli {
namespace {

using properties::marks;
using properties::monitored_system;
using properties::property_set;
using system::step_kind;

// How often each reaction occurred, by the number that the tables gave it.
class reaction_counter {
 public:
  void operator()(const monitored_system::step& by) {
    if (!reacts(by.kind)) return;
    if (by.what >= counts_.size()) counts_.resize(std::max<std::size_t>(by.what + 1, 2 * counts_.size()));
    ++counts_[by.what];
  }

  std::vector<rule_count> rules(const language::protocol& p, const system::tables& tables) const {
    return count_rules(p, tables, [&](system::id o) { return o < counts_.size() ? counts_[o] : 0; });
  }

 private:
  static bool reacts(step_kind kind) {
    return kind == step_kind::call || kind == step_kind::deliver || kind == step_kind::time_out;
  }

  std::vector<std::uint64_t> counts_;
};

simulation walk(const check_input& input, const property_set& p, checker::walk_options wanted,
                const checker::walk_reporter& report) {
  monitored_system system(*input.composition, p);
  checker::random_walks walks(system);
  reaction_counter counter;
  for (std::size_t i = 0; i < p.all.size(); ++i) wanted.limits.goal |= properties::violated(i);
  simulation result;
  result.statistics = walks.run(
      wanted, report,
      [&](const monitored_system::step& by) {
        return by.kind == step_kind::call ? system.tables().outcome_of(by.what).kind : by.kind;
      },
      counter);
  result.rules = counter.rules(input.composition->protocols[0], system.tables());
  for (std::size_t i = 0; i < p.all.size(); ++i) {
    walked_answer a;
    a.told.property = p.all[i].name;
    a.has_witness = p.all[i].witness.has_value();
    a.witnessed = (result.statistics.seen & properties::witnessed(i)) != 0;
    if ((result.statistics.seen & properties::violated(i)) != 0) {
      const auto& found = walks.found(properties::violated(i));
      a.walk = found.walk;
      a.steps = found.steps;
      std::vector<system::step> steps;
      for (const auto& s : found.path) steps.push_back(system.tables().describe(s.from, s.by));
      a.told.says = verdict::violated;
      a.told.trace = minimised(input.composition, p, i, std::move(steps), time_left(wanted.limits));
    }
    result.answers.push_back(std::move(a));
  }
  return result;
}

}  // namespace

std::optional<simulation> simulate(const check_input& input, checker::walk_options wanted,
                                   const checker::walk_reporter& report, language::diagnostics& errors) {
  if (input.composition->scenario.ports.number > 0) {
    errors.add({input.scenario_file, 0},
               "random walks are made for one connection, and this scenario has \"ports\"",
               "tcpmc check explores all of them together");
    return std::nullopt;
  }
  const auto p = properties::load_properties(input.properties, *input.composition, errors);
  if (!p) return std::nullopt;
  try {
    return walk(input, *p, wanted, report);
  } catch (const language::model_error& error) {
    errors.add(error.mistake);
    return std::nullopt;
  }
}

}  // namespace tcpmc::cli
