#include "cli/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "checker/cover.hpp"
#include "checker/enumerate.hpp"
#include "cli/coverage.hpp"
#include "cli/enumeration.hpp"
#include "cli/growth.hpp"
#include "properties/covering.hpp"
#include "properties/monitored.hpp"
#include "properties/ports.hpp"

namespace tcpmc::cli {
namespace {

using language::composition;
using properties::marks;
using properties::property_set;
using system::step;

marks goal_of(const property_set& p) {
  marks goal = 0;
  for (std::size_t i = 0; i < p.all.size(); ++i) goal |= properties::violated(i);
  return goal;
}

void decide(const property_set& p, check_result& result) {
  for (std::size_t i = 0; i < p.all.size(); ++i) {
    answer a;
    a.property = p.all[i].name;
    const marks seen = result.statistics.seen;
    if ((seen & properties::violated(i)) != 0)
      a.says = verdict::violated;
    else if (result.statistics.ended != checker::outcome::complete)
      a.says = verdict::inconclusive;
    else if (p.all[i].witness && (seen & properties::witnessed(i)) == 0)
      a.says = verdict::holds_vacuously;
    else
      a.says = verdict::holds;
    result.answers.push_back(std::move(a));
  }
  result.bounds_met = properties::bounds_of(result.statistics.seen);
}

constexpr std::array<const char*, system::bound_count> bound_names = {"incarnations", "capacity", "losses",
                                                                      "duplicates"};

// Runs to the first state where each bound that was met is met, as far as there is time; `steps_of` gives the
// steps to a mark.
void explain_bounds(const check_input& input, const property_set& p, check_result& result,
                    const checker::keep_going& go_on,
                    const std::function<std::optional<std::vector<step>>(marks)>& steps_of) {
  if (!input.explain_bounds) return;
  const system::plain_system plain(*input.composition, p.observers);
  for (std::size_t i = 0; i < bound_names.size(); ++i) {
    const std::uint32_t bound = 1u << i;
    if ((result.bounds_met & bound) == 0) continue;
    const auto meets = [&](const traces::run& r) {
      std::uint32_t met = 0;
      plain.successors(r.end(), met);
      return (met & bound) != 0;
    };
    std::optional<std::vector<step>> steps = steps_of(properties::bounds_met(bound));
    if (!steps) return;
    if (result.covering) steps = traces::minimise(plain, std::move(*steps), meets, go_on);
    auto run = traces::replay(plain, *steps);
    if (!run || !meets(*run)) not_replayed(bound_names[i]);
    result.explained.push_back({bound_names[i], std::move(*run)});
  }
}

std::vector<rule_count> rules_taken(const check_input& input, const system::tables& tables) {
  return count_rules(input.composition->protocols[0], tables,
                     [&](system::id o) { return tables.is_taken(o) ? 1u : 0u; });
}

// The reductions that were asked for; nothing, and a mistake, if one that was named is not possible.
std::optional<properties::reductions> reductions_of(const check_input& input, const property_set& p,
                                                    check_result& result, language::diagnostics& errors) {
  properties::reductions by;
  bool possible = true;
  const auto wish = [&](reduce named, const char* name, bool& made, auto why_not) {
    if (input.reduce != named && input.reduce != reduce::all) return;
    const std::optional<std::string> why = why_not(*input.composition, p);
    made = !why;
    if (made) {
      result.reduced.emplace_back(name);
    } else if (input.reduce == reduce::all) {
      result.not_reduced.push_back(fmt::format("{}: {}", name, *why));
    } else {
      possible = false;
      errors.add({input.scenario_file, 0}, fmt::format("--reduce {} is not possible: {}", name, *why),
                 "--reduce all makes those reductions that are possible");
    }
  };
  wish(reduce::faults, "faults", by.faults, properties::why_not_faults);
  wish(reduce::symmetry, "symmetry", by.symmetry, properties::why_not_symmetry);
  return possible ? std::optional(by) : std::nullopt;
}

void enumerate(const check_input& input, const property_set& p, const properties::reductions& by,
               checker::options limits, const checker::reporter& report, check_result& result) {
  enumeration search(*input.composition, p, by);
  limits.goal = goal_of(p);
  limits.one_suffices = input.first_violation;
  result.statistics = search.run(limits, report);
  result.rules = rules_taken(input, search.tables());
  decide(p, result);
  const checker::keep_going go_on = time_left(limits);
  const system::plain_system plain(*input.composition, p.observers);
  for (std::size_t i = 0; i < p.all.size(); ++i) {
    if (result.answers[i].says != verdict::violated) continue;
    const std::optional<found_path> path = search.path_to(properties::violated(i), go_on);
    if (!path) break;
    auto run = traces::replay(plain, path->steps);
    if (by.symmetry && run && !violates(*input.composition, p, i, *run))  // then it is the other endpoint's
      run = traces::replay(plain, properties::mirrored(path->steps));
    if (!run || !violates(*input.composition, p, i, *run)) not_replayed(p.all[i].name);
    counterexample c{input.composition,
                     *run,
                     !path->copies,
                     path->copies
                         ? "not proven shortest: breadth-first search in which a copy and its delivery "
                           "count as one step: none in fewer violates the property"
                         : "breadth-first search: no shorter run violates the property",
                     0,
                     0};
    c.count_faults();
    result.answers[i].trace = std::move(c);
    if (input.first_violation) break;
  }
  explain_bounds(input, p, result, go_on, [&](marks m) {
    const std::optional<found_path> path = search.path_to(m, go_on);
    return path ? std::optional(path->steps) : std::nullopt;
  });
}

// An enumerating search of a pool of ports.
template <typename Word>
class ports_enumeration {
 public:
  ports_enumeration(const composition& c, const property_set& p) : monitored_(c, p) {}

  checker::statistics run(const checker::options& limits, const checker::reporter& report) {
    return search_.run(limits, with_growth(report, monitored_.tables()));
  }
  const system::tables& tables() const { return monitored_.tables(); }
  // Words do not tell ports in the same state apart: of these, the one with the least number moves.
  std::optional<std::vector<system::ports_step>> steps_to(marks mark, const checker::keep_going& go_on) {
    const auto path = search_.path_to(mark, go_on);
    if (!path) return std::nullopt;
    const properties::connections& all = system_.all();
    const int number = all.pool().number;
    std::vector<system::id> at(static_cast<std::size_t>(number), properties::connections::start);
    std::vector<system::ports_step> steps;
    for (const auto& s : *path) {
      steps.push_back({s.by.event, 0, {}});
      if (s.by.event == system::ports_event::tick)
        for (system::id& connection : at) connection = all[connection].ticked;
      if (s.by.event != system::ports_event::at_port) continue;
      const auto port = std::find(at.begin(), at.end(), s.by.connection);
      steps.back().port = static_cast<int>(port - at.begin());
      steps.back().by = all.describe(s.by.connection, s.by.number);
      *port = all.moves(all[s.by.connection])[s.by.number].to;
    }
    return steps;
  }

 private:
  properties::monitored_system monitored_;
  properties::pool_system<Word> system_{monitored_};
  checker::enumerating_search<properties::pool_system<Word>> search_{system_};
};

template <typename Word>
void enumerate_ports(const check_input& input, const property_set& p, checker::options limits,
                     const checker::reporter& report, check_result& result) {
  ports_enumeration<Word> search(*input.composition, p);
  limits.goal = goal_of(p);
  limits.one_suffices = input.first_violation;
  result.statistics = search.run(limits, report);
  result.rules = rules_taken(input, search.tables());
  decide(p, result);
  const checker::keep_going go_on = time_left(limits);
  const system::plain_ports plain(*input.composition, p.observers);
  for (std::size_t i = 0; i < p.all.size(); ++i) {
    if (result.answers[i].says != verdict::violated) continue;
    const auto steps = search.steps_to(properties::violated(i), go_on);
    if (!steps) break;
    counterexample c;
    c.on = input.composition;
    c.ports = traces::replay(plain, *steps);
    c.shortest = true;
    c.minimality = "breadth-first search: no shorter run violates the property";
    if (!c.ports || !violates(*input.composition, p, i, *c.ports)) not_replayed(p.all[i].name);
    c.count_faults();
    result.answers[i].trace = std::move(c);
    if (input.first_violation) break;
  }
  for (std::size_t i = 0; i < bound_names.size() && input.explain_bounds; ++i) {
    const std::uint32_t bound = 1u << i;
    if ((result.bounds_met & bound) == 0) continue;
    const auto steps = search.steps_to(properties::bounds_met(bound), go_on);
    if (!steps) break;
    auto run = traces::replay(plain, *steps);
    std::uint32_t met = 0;
    if (run) plain.successors(run->end(), met);
    if ((met & bound) == 0) not_replayed(bound_names[i]);
    result.explained.push_back({bound_names[i], {}, std::move(run)});
  }
}

// On words of 64 bits while these will do, then of 128.
void enumerate_ports(const check_input& input, const property_set& p, const checker::options& limits,
                     const checker::reporter& report, check_result& result) {
  try {
    enumerate_ports<std::uint64_t>(input, p, limits, report, result);
  } catch (const properties::word_overflow&) {
    result.answers.clear();
    checker::options wide = limits;
    if (!wide.checkpoint.empty()) wide.checkpoint += "-wide";
    enumerate_ports<checker::wide>(input, p, wide, report, result);
  }
}

// The run of a covering search, made concrete, and the shortest for so many copies where that can be shown.
counterexample concrete(const check_input& input, const property_set& p, std::size_t property,
                        std::vector<step> steps, const checker::options& limits,
                        const checker::reporter& report) {
  const checker::keep_going go_on = time_left(limits);
  counterexample c = minimised(input.composition, p, property, std::move(steps), go_on);
  checker::options narrow = limits;
  narrow.goal = properties::violated(property);
  narrow.one_suffices = false;
  narrow.max_states = std::min(limits.max_states, input.states_for_shortest);
  narrow.checkpoint.clear();
  // Ask the enumerating search for a shorter one, with no copies, one, and so on up to those that it uses.
  const int copies = c.on->scenario.network.duplication.count;
  for (int most = 0; most <= copies; ++most) {
    const auto on = with_duplicates(*input.composition, most);
    enumeration search(*on, p);
    narrow.max_depth = c.run.steps.size() - (c.shortest ? 1 : 0);
    const checker::statistics found = search.run(narrow, report);
    const bool shorter = (found.seen & narrow.goal) != 0;
    if (shorter) {
      const std::optional<found_path> path = search.path_to(narrow.goal, go_on);
      if (!path) break;
      const system::plain_system exact(*on, p.observers);
      auto run = traces::replay(exact, path->steps);
      if (!run || !violates(*on, p, property, *run)) not_replayed(p.all[property].name);
      c.on = on;
      c.run = std::move(*run);
      c.shortest = true;
    } else if (found.ended != checker::outcome::complete && found.ended != checker::outcome::depth_limit) {
      break;  // too large to know
    }
    if (c.shortest)
      c.minimality =
          fmt::format("breadth-first search with at most {} {}: no shorter run violates the property", most,
                      most == 1 ? "duplicate" : "duplicates");
  }
  c.count_faults();
  return c;
}

void cover(const check_input& input, const property_set& p, checker::options limits,
           const checker::reporter& report, check_result& result) {
  properties::monitored_system system(*input.composition, p);
  properties::covering_system covering(system);
  checker::covering_search search(covering);
  limits.goal = goal_of(p);
  limits.one_suffices = input.first_violation;
  result.covering = true;
  result.statistics = search.run(limits, with_growth(report, std::as_const(system).tables()));
  result.rules = rules_taken(input, std::as_const(system).tables());
  decide(p, result);
  const auto steps_of = [&](marks m) {
    std::vector<step> steps;
    for (const auto& s : search.path_to(m)) steps.push_back(covering.describe(s));
    return steps;
  };
  for (std::size_t i = 0; i < p.all.size(); ++i) {
    if (result.answers[i].says != verdict::violated) continue;
    result.answers[i].trace = concrete(input, p, i, steps_of(properties::violated(i)), limits, report);
    if (input.first_violation) break;
  }
  explain_bounds(input, p, result, time_left(limits), steps_of);
}

}  // namespace

const char* name_of(verdict v) {
  switch (v) {
    case verdict::holds:
      return "holds";
    case verdict::holds_vacuously:
      return "holds vacuously";
    case verdict::violated:
      return "violated";
    case verdict::inconclusive:
      return "inconclusive";
  }
  return "?";
}

std::vector<std::string> names_of_bounds(std::uint32_t met) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < bound_names.size(); ++i)
    if ((met & (1u << i)) != 0) names.emplace_back(bound_names[i]);
  return names;
}

std::optional<check_result> check(const check_input& input, const checker::options& limits,
                                  const checker::reporter& report, language::diagnostics& errors) {
  const auto p = properties::load_properties(input.properties, *input.composition, errors);
  if (!p) return std::nullopt;
  check_result result;
  try {
    const auto by = reductions_of(input, *p, result, errors);
    if (!by) return std::nullopt;
    if (input.composition->scenario.ports.number > 0)
      enumerate_ports(input, *p, limits, report, result);
    else if (input.composition->scenario.network.is_set())
      cover(input, *p, limits, report, result);
    else
      enumerate(input, *p, *by, limits, report, result);
  } catch (const language::model_error& error) {
    errors.add(error.mistake);
    return std::nullopt;
  } catch (const properties::word_overflow&) {
    if (input.composition->scenario.ports.number == 0) throw;
    errors.add({input.scenario_file, 0}, "a state of so many ports does not fit into 128 bits",
               "fewer ports, or connections with fewer states");
    return std::nullopt;
  }
  describe_coverage(*input.composition, result);
  return result;
}

std::array<std::set<int>, 2> states_found(const composition& c, const property_set& p) {
  properties::monitored_system system(c, p);
  properties::covering_system covering(system);
  checker::covering_search search(covering);
  search.run({}, {});
  std::array<std::set<int>, 2> found;
  search.for_each_maximal([&](const properties::covering_system::control& at, const auto&) {
    for (int side = 0; side < 2; ++side)
      found[static_cast<std::size_t>(side)].insert(
          system.tables().endpoint_values(side, at[static_cast<std::size_t>(side)])[language::state_slot]);
  });
  return found;
}

}  // namespace tcpmc::cli
