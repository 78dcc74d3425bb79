// Exports: the worked example of docs/semantics.md has the numbers that were derived there by hand, and the
// models and diagrams hold what they are about. That the models mean the same is the cross-check's business.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "cli/question.hpp"
#include "exports/exports.hpp"
#include "tests/naive.hpp"

namespace tcpmc {
namespace {

const std::string folder = std::string(TCPMC_SOURCE_DIR) + "/tests/cross_check/";

struct loaded {
  cli::check_input input;
  properties::property_set properties;
};

loaded load(const std::string& protocol, const std::string& scenario,
            const std::vector<std::string>& properties) {
  language::diagnostics errors;
  cli::question q;
  q.protocol = protocol;
  q.scenario = scenario;
  q.properties = properties;
  auto input = cli::load(q, std::make_shared<language::library>(), errors);
  EXPECT_TRUE(input) << errors.text();
  auto p = input ? properties::load_properties(input->properties, *input->composition, errors) : std::nullopt;
  EXPECT_TRUE(p) << errors.text();
  if (!p) throw std::runtime_error(errors.text());
  return {std::move(*input), std::move(*p)};
}

struct numbers {
  std::string scenario;
  std::uint64_t states, steps;
};
void PrintTo(const numbers& n, std::ostream* out) { *out << n.scenario; }

class worked_example : public testing::TestWithParam<numbers> {};

TEST_P(worked_example, has_the_numbers_derived_by_hand) {
  const loaded l = load(folder + "knock.json", folder + GetParam().scenario + ".json", {});
  const auto found = naive::explore(system::plain_system(*l.input.composition, l.properties.observers),
                                    l.properties, 1000, false);
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(found.states, GetParam().states);
  EXPECT_EQ(found.transitions, GetParam().steps);
}

INSTANTIATE_TEST_SUITE_P(semantics, worked_example,
                         testing::Values(numbers{"knock-any", 24, 42}, numbers{"knock-fifo", 24, 42},
                                         numbers{"knock-set", 4, 8}, numbers{"knock-timed", 14, 21}),
                         [](const auto& one) { return one.param.scenario.substr(6); });

TEST(exports, name_every_rule_with_its_citation_and_every_property) {
  const loaded l = load("rfc1337", "reuse", {"time-wait-purge", "no-stale-kill"});
  exports::options o;
  o.heading = "a model for a test\nwith two lines";
  const std::string promela = exports::promela(*l.input.composition, l.properties, o);
  const std::string murphi = exports::murphi(*l.input.composition, l.properties, o);
  for (const std::string* text : {&promela, &murphi}) {
    EXPECT_NE(text->find("with two lines"), std::string::npos);
    for (const properties::property& p : l.properties.all) {
      EXPECT_FALSE(p.cite.empty()) << p.name;
      EXPECT_NE(text->find(fmt::format("{}: {} [{}]", p.name, p.says, p.cite)), std::string::npos) << p.name;
    }
    for (const language::protocol& p : l.input.composition->protocols) {
      std::set<int> used(p.output_rules.begin(), p.output_rules.end());
      for (const language::stage& s : p.stages) used.insert(s.rules.begin(), s.rules.end());
      for (const auto& list : p.time_out_rules) used.insert(list.begin(), list.end());
      std::set<int> calls;
      for (const auto& side : l.input.composition->scenario.sides)
        for (const language::intention& i : side.application) calls.insert(i.call);
      for (const int call : calls)
        for (const int r : p.call_rules[static_cast<std::size_t>(call)])
          if (!p.rules[static_cast<std::size_t>(r)].refuses) used.insert(r);
      for (const int r : used) {
        const language::rule& rule = p.rules[static_cast<std::size_t>(r)];
        EXPECT_NE(text->find(fmt::format("{} [{}]", rule.id, rule.cite)), std::string::npos) << rule.id;
      }
    }
  }
}

// What an observer calls old is the endpoint before the step, also where a step begins by counting something.
TEST(exports, of_observers_look_at_timers_and_forgeries_as_they_were) {
  const loaded l = load(folder + "knock.json", folder + "knock-forged.json",
                        {folder + "old-timer.json", folder + "old-forgeries.json"});
  const std::string promela = exports::promela(*l.input.composition, l.properties, {});
  const std::string murphi = exports::murphi(*l.input.composition, l.properties, {});
  EXPECT_NE(promela.find("w.before.timer_again == (-1)"), std::string::npos);
  EXPECT_NE(promela.find("w.before.forgeries_left == 2"), std::string::npos);
  EXPECT_NE(murphi.find("w_before_timer_again = (-1)"), std::string::npos);
  EXPECT_NE(murphi.find("w_before_forgeries_left = 2"), std::string::npos);
}

TEST(exports, tell_a_violation_in_the_initial_state) {
  const loaded l = load(folder + "knock.json", folder + "nothing.json", {folder + "never-quiet.json"});
  const std::string promela = exports::promela(*l.input.composition, l.properties, {});
  EXPECT_NE(promela.find("errors: 1, in the initial state"), std::string::npos);
  EXPECT_NE(promela.find("\"errors: 0\" is no verdict"), std::string::npos);
}

TEST(exports, are_the_same_every_time) {
  const auto once = [] {
    const loaded l = load("arbitrary-isn", "two-connections", {"agreement"});
    return exports::promela(*l.input.composition, l.properties, {}) +
           exports::murphi(*l.input.composition, l.properties, {});
  };
  EXPECT_EQ(once(), once());
}

TEST(diagrams, of_a_protocol_name_its_states_and_the_rules_between_them) {
  const loaded l = load("rfc9293", "reuse", {});
  const std::string dot = exports::state_diagram(l.input.composition->protocols[0]);
  EXPECT_EQ(dot.rfind("digraph", 0), 0u);
  for (const std::string& s : *l.input.composition->protocols[0].states)
    EXPECT_NE(dot.find(s), std::string::npos) << s;
  EXPECT_NE(dot.find("1->3 [label=\"listen-syn\"]"), std::string::npos) << "LISTEN to SYN-RECEIVED";
}

TEST(diagrams, of_a_scenario_have_every_state_and_step) {
  const loaded l = load(folder + "knock.json", folder + "knock-any.json", {});
  const auto dot = exports::reachable_graph(*l.input.composition, l.properties, 100);
  ASSERT_TRUE(dot);
  std::size_t arrows = 0, nodes = 0;
  for (std::size_t at = dot->find("->"); at != std::string::npos; at = dot->find("->", at + 2)) ++arrows;
  for (std::size_t at = dot->find("[label="); at != std::string::npos; at = dot->find("[label=", at + 2))
    ++nodes;
  EXPECT_EQ(arrows, 42u);
  EXPECT_EQ(nodes - arrows, 24u);
  EXPECT_FALSE(exports::reachable_graph(*l.input.composition, l.properties, 23));
}

}  // namespace
}  // namespace tcpmc
