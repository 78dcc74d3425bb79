// Explores everything, whatever is violated on the way, and prints what the cross-check compares: states and
// steps of the enumerating search, its verdicts, and the number of pairs of endpoints that are reachable; and
// the rules that never fired in a step ("silent"), but for those that only refuse a call. On
// the unlimited network, where `tcpmc check` keeps only the largest channel contents, this is plain
// exploration of every set of segments; the pairs of both searches are counted there.
//
// With --break N, the N-th reaction that changes its endpoint is broken in the tables: it leaves it as it
// was. (What only observers see does not count: they may tell nothing new apart.) Then only states and steps
// are counted, and the cross-check has to notice. Exit code 3: no N-th reaction.
//
// With --export the models for SPIN and rumur are printed as well, as `tcpmc export` writes them but for the
// heading.
//
// Usage: cross_check_count PROTOCOL SCENARIO [--export] [--break N] [--property NAME]...
//                          [--set NAME=VALUE]...
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checker/cover.hpp"
#include "checker/enumerate.hpp"
#include "cli/question.hpp"
#include "exports/exports.hpp"
#include "properties/covering.hpp"
#include "properties/monitored.hpp"

using namespace tcpmc;  // NOLINT: a program of one function

namespace {

struct numbers {
  std::size_t states = 0, steps = 0;
};

// Explores the tables with one entry broken after it was worked out; nothing if there is no such entry.
std::optional<numbers> explore_broken(const language::composition& c,
                                      const std::array<system::observers, 2>& extra, int which) {
  bool broken = false;
  system::tables tables(c, extra,
                        [&](int side, const system::values& before, const system::values& after,
                            const system::values*, system::outcome& o) {
                          const auto at = static_cast<std::size_t>(side);
                          const int own =
                              language::endpoint_layout(c.protocols[at], c.scenario.sides[at]).observers;
                          if (std::equal(before.begin(), before.begin() + own, after.begin()) || --which != 0)
                            return;
                          broken = true;
                          o.after = o.before;
                        });
  std::set<system::state> seen = {tables.initial()};
  std::vector<system::state> queue(seen.begin(), seen.end());
  std::size_t steps = 0;
  // A user whose call changes nothing may call for ever: enough is enough.
  for (std::size_t next = 0; next < queue.size() && seen.size() < 50'000; ++next) {
    const system::state from = queue[next];
    const auto look = [&](system::missing_entries& missing, auto&& emit) {
      return tables.successors(system::plain_ids(from), missing, emit).known;
    };
    for (system::missing_entries missing;
         !look(missing, [](const system::plain_ids&, const system::table_step&, const auto&) {});
         missing.clear())
      tables.learn(missing);
    system::missing_entries none;
    look(none, [&](const system::plain_ids& to, const system::table_step&, const auto&) {
      ++steps;
      if (seen.insert(to.ids()).second) queue.push_back(to.ids());
    });
  }
  return broken ? std::optional(numbers{seen.size(), steps}) : std::nullopt;
}

// The ids of the rules that fired in no step that was taken, without those that are no steps.
std::set<std::string> silent_rules(const language::protocol& p, const system::tables& tables) {
  std::set<std::string> silent;
  for (const language::rule& r : p.rules)
    if (!r.refuses) silent.insert(r.id);
  for (system::id o = 0; o < tables.outcome_count(); ++o)
    if (tables.is_taken(o))
      for (const int rule : tables.rules_of(tables.outcome_of(o)))
        silent.erase(p.rules[static_cast<std::size_t>(rule)].id);
  return silent;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  cli::question q;
  q.protocol = argv[1];
  q.scenario = argv[2];
  int broken = 0;
  bool with_models = false;
  language::diagnostics errors;
  language::source_store sources;
  for (int i = 3; i < argc; i += 2) {
    if (std::string(argv[i]) == "--export") {
      with_models = true;
      --i;
    } else if (i + 1 == argc) {
      return 2;
    } else if (std::string(argv[i]) == "--property") {
      q.properties.push_back(argv[i + 1]);
    } else if (std::string(argv[i]) == "--break") {
      broken = std::stoi(argv[i + 1]);
    } else if (auto set = cli::parse_setting(argv[i + 1], sources, errors)) {
      q.settings.push_back(std::move(*set));
    }
  }
  const auto input = cli::load(q, std::make_shared<language::library>(), errors);
  const auto p =
      input ? properties::load_properties(input->properties, *input->composition, errors) : std::nullopt;
  if (!p || !errors.empty()) {
    fmt::print(stderr, "{}", errors.text());
    return 2;
  }
  const language::composition& c = *input->composition;
  try {
    if (broken > 0) {
      const auto found = explore_broken(c, p->observers, broken);
      if (!found) return 3;
      fmt::print("{}\n",
                 nlohmann::ordered_json{{"states", found->states}, {"transitions", found->steps}}.dump());
      return 0;
    }
    properties::monitored_system system(c, *p);
    properties::packed_system<std::uint64_t> packed(system);
    checker::enumerating_search search(packed);
    const checker::statistics all = search.run({}, {});
    nlohmann::ordered_json verdicts = nlohmann::json::object();
    for (std::size_t i = 0; i < p->all.size(); ++i)
      verdicts[p->all[i].name] = (all.seen & properties::violated(i)) != 0 ? "violated"
                                 : p->all[i].witness && (all.seen & properties::witnessed(i)) == 0
                                     ? "holds vacuously"
                                     : "holds";
    nlohmann::ordered_json result = {
        {"states", all.states}, {"transitions", all.transitions},
        {"depth", all.depth},   {"set", c.scenario.network.is_set()},
        {"verdicts", verdicts}, {"silent", silent_rules(c.protocols[0], system.tables())}};
    if (c.scenario.network.is_set()) {
      properties::monitored_system again(c, *p);
      properties::covering_system covering(again);
      checker::covering_search cover(covering);
      cover.run({}, {});
      std::set<properties::covering_system::control> pairs;
      cover.for_each_maximal(
          [&](const properties::covering_system::control& at, const auto&) { pairs.insert(at); });
      result["pairs"] = pairs.size();
    }
    if (with_models) {
      result["promela"] = exports::promela(c, *p, {});
      result["murphi"] = exports::murphi(c, *p, {});
    }
    fmt::print("{}\n", result.dump());
  } catch (const language::model_error& error) {
    fmt::print(stderr, "{}", error.mistake.text());
    return 2;
  }
  return 0;
}
