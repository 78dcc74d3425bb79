#include "cli/simulate.hpp"

#include <algorithm>

#include "properties/monitored.hpp"

namespace tcpmc::cli {
namespace {

using properties::marks;
using properties::monitored_system;
using properties::property_set;
using system::step_kind;

// How often each reaction occurred, by the side that reacts and the number that the tables gave it. Which
// rules it fired is asked of the interpreter once, at the end.
class reaction_counter {
 public:
  void operator()(const monitored_system::step& by) {
    if (!reacts(by.kind)) return;
    std::vector<std::uint64_t>& counts = counts_[by.side];
    if (by.what >= counts.size()) counts.resize(std::max<std::size_t>(by.what + 1, 2 * counts.size()));
    ++counts[by.what];
  }

  std::vector<rule_count> rules(const system::tables& tables) const {
    const auto& protocols = tables.made_of().protocols;
    std::vector<rule_count> all(
        protocols[0].rules.size());  // the two have the same rules, with other settings
    for (std::size_t i = 0; i < all.size(); ++i) all[i].rule = &protocols[0].rules[i];
    for (std::size_t side = 0; side < 2; ++side)
      for (std::size_t o = 0; o < counts_[side].size(); ++o) {
        if (counts_[side][o] == 0) continue;
        const auto outcome = static_cast<system::id>(o);
        for (const int rule : fired(tables, static_cast<int>(side), tables.outcome_of(outcome)))
          all[static_cast<std::size_t>(rule)].fired[side] += counts_[side][o];
      }
    std::erase_if(all, [](const rule_count& r) { return r.rule->refuses; });
    return all;
  }

 private:
  static bool reacts(step_kind kind) {
    return kind == step_kind::call || kind == step_kind::deliver || kind == step_kind::time_out;
  }

  static std::vector<int> fired(const system::tables& tables, int side, const system::outcome& o) {
    const system::endpoint_machine& machine = tables.machine(side);
    const system::values row = tables.endpoint_row(side, o.before);
    const system::reactions did = o.kind == step_kind::call       ? machine.call(row, o.which)
                                  : o.kind == step_kind::time_out ? machine.time_out(row, o.which)
                                  : o.kind == step_kind::forge
                                      ? machine.forge(row, tables.segment_row(1 - side, o.segment))
                                      : machine.arrive(row, tables.segment_row(1 - side, o.segment));
    return did.all[static_cast<std::size_t>(o.choice)].rules;
  }

  std::array<std::vector<std::uint64_t>, 2> counts_;
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
  result.rules = counter.rules(system.tables());
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
      a.told.trace = minimised(input, p, i, std::move(steps));
    }
    result.answers.push_back(std::move(a));
  }
  return result;
}

}  // namespace

std::optional<simulation> simulate(const check_input& input, checker::walk_options wanted,
                                   const checker::walk_reporter& report, language::diagnostics& errors) {
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
