// Random walks: the same everywhere for the same seed, true runs only, and never a verdict that the searches
// contradict.
#include "cli/simulate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <set>

#include "checker/simulate.hpp"
#include "cli/reporting.hpp"
#include "cli/suite.hpp"

namespace tcpmc {
namespace {

// ---- The generator ----

// The first numbers of splitmix64 that others publish for these seeds.
TEST(random_numbers, are_those_of_splitmix64) {
  checker::splitmix64 a(1234567), b(0);
  for (const std::uint64_t x : {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                4593380528125082431u, 16408922859458223821u})
    EXPECT_EQ(a(), x);
  for (const std::uint64_t x : {0xE220A8397B1DCDAFu, 0x6E789E6AA1B965F4u, 0x06C45D188009454Fu})
    EXPECT_EQ(b(), x);
}

TEST(random_numbers, below_draws_every_number_about_equally_often) {
  checker::splitmix64 random(1);
  std::array<int, 6> often{};
  for (int i = 0; i < 6000; ++i) ++often[random.below(6)];
  for (const int n : often) {
    EXPECT_GT(n, 850);  // 1000 expected, standard deviation 29
    EXPECT_LT(n, 1150);
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
}

// 2^64 numbers among 3 * 2^62: without drawing again, the lowest third would come twice as often as the
// others.
TEST(random_numbers, below_shares_out_evenly_where_the_surplus_is_large) {
  constexpr std::uint64_t third = std::uint64_t{1} << 62;
  checker::splitmix64 random(1);
  int low = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t x = random.below(3 * third);
    ASSERT_LT(x, 3 * third);
    low += x < third;
  }
  EXPECT_GT(low, 870);  // 1000 expected, standard deviation 26; not 1500
  EXPECT_LT(low, 1130);
}

// ---- Walks on a toy: a counter that may go up by one, stay, or be reset ----

struct counter_system {
  using state = int;
  struct step {
    char kind;
  };
  int top = 10;
  checker::marks at_top = 1, on_reset = 2, stuck_at_top = 4;

  int initial() const { return 0; }
  template <typename Emit>
  checker::marks successors(int s, Emit&& emit) {
    if (s == top) return stuck_at_top;
    emit(s + 1, step{'u'}, checker::marks{0});
    emit(s, step{'s'}, checker::marks{0});
    if (s > 0) emit(0, step{'r'}, on_reset);
    return 0;
  }
  checker::marks look(int s) const { return s == top ? at_top : 0; }
};

checker::walk_statistics walk(checker::random_walks<counter_system>& walks, std::uint64_t count,
                              std::uint64_t depth, checker::marks goal, std::uint64_t seed = 1) {
  checker::walk_options o;
  o.seed = seed;
  o.walks = count;
  o.limits.max_depth = depth;
  o.limits.goal = goal;
  return walks.run(
      o, {}, [](const counter_system::step& s) { return s.kind; }, [](const counter_system::step&) {});
}

TEST(random_walks, end_at_the_depth) {
  counter_system system;
  checker::random_walks walks(system);
  const checker::walk_statistics s = walk(walks, 7, 5, 0);
  EXPECT_EQ(s.ended, checker::outcome::complete);
  EXPECT_EQ(s.walks, 7u);
  EXPECT_EQ(s.steps, 35u);
  EXPECT_EQ(s.deepest, 5u);
  EXPECT_EQ(s.seen, system.on_reset);  // 10 is too far
}

TEST(random_walks, end_where_no_step_leads_elsewhere) {
  counter_system system;
  system.top = 1;
  checker::random_walks walks(system);
  const checker::walk_statistics s = walk(walks, 3, 100, 0);
  EXPECT_EQ(s.steps, 3u);  // the step that stays is judged, not taken
  EXPECT_EQ(s.judged, 6u);
  EXPECT_EQ(s.seen, system.at_top | system.stuck_at_top);
}

// The step that violates is judged although the walk may take another one; so is the state at the depth
// itself.
TEST(random_walks, judge_every_step_of_a_visited_state) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    counter_system system;
    checker::random_walks walks(system);
    const checker::walk_statistics s = walk(walks, 1, 2, system.on_reset, seed);
    ASSERT_EQ(s.ended, checker::outcome::goal_reached);
    EXPECT_EQ(walks.found(system.on_reset).path.back().by.kind, 'r');
    EXPECT_EQ(walks.found(system.on_reset).steps, 2u);
  }
  counter_system system;
  system.top = 1;
  checker::random_walks walks(system);
  EXPECT_EQ(walk(walks, 1, 1, system.stuck_at_top).ended, checker::outcome::goal_reached);
}

TEST(random_walks, a_kept_run_is_a_run_and_returns_to_no_state) {
  counter_system system;
  system.top = 5;
  bool was_longer = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    checker::random_walks walks(system);
    const checker::walk_statistics s = walk(walks, 1000, 1000, system.at_top | system.on_reset, seed);
    ASSERT_EQ(s.ended, checker::outcome::goal_reached);
    const auto& found = walks.found(system.at_top);
    was_longer = was_longer || found.steps > found.path.size();
    ASSERT_EQ(found.path.size(), 5u);  // the only run to the top that returns to no state
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(found.path[static_cast<std::size_t>(i)].from, i);
      EXPECT_EQ(found.path[static_cast<std::size_t>(i)].to, i + 1);
    }
    // A loop that ends in the marked step itself is kept.
    EXPECT_EQ(walks.found(system.on_reset).path.back().by.kind, 'r');
  }
  EXPECT_TRUE(was_longer);
}

// From the start a step of one kind leads to 9, and steps of another lead to 1, 2, ... 8.
struct lopsided_system {
  using state = int;
  using step = char;
  std::array<int, 10> visits{};

  int initial() const { return 0; }
  template <typename Emit>
  checker::marks successors(int s, Emit&& emit) {
    ++visits[static_cast<std::size_t>(s)];
    if (s != 0) return 0;
    emit(0, 's', checker::marks{0});  // of this kind no step leads elsewhere: it does not count
    for (int next = 1; next <= 8; ++next) emit(next, 'm', checker::marks{0});
    emit(9, 'o', checker::marks{0});
    return 0;
  }
  checker::marks look(int) const { return 0; }
};

TEST(random_walks, choose_a_kind_first_and_then_a_step_of_it) {
  lopsided_system system;
  checker::random_walks walks(system);
  checker::walk_options o;
  o.walks = 3200;
  walks.run(
      o, {}, [](char kind) { return kind; }, [](char) {});
  EXPECT_EQ(system.visits[0], 3200);
  EXPECT_NEAR(system.visits[9], 1600, 150);                                          // standard deviation 28
  for (std::size_t i = 1; i <= 8; ++i) EXPECT_NEAR(system.visits[i], 200, 70) << i;  // standard deviation 14
}

TEST(random_walks, can_be_interrupted_and_limited) {
  counter_system system;
  checker::random_walks walks(system), late(system);
  checker::walk_options o;
  o.walks = 1'000'000;
  const auto kind = [](const counter_system::step& s) { return s.kind; };
  const auto ignore = [](const counter_system::step&) {};
  const auto stopped = walks.run(
      o, [](const checker::walk_statistics& s) { return s.steps < 5000; }, kind, ignore);
  EXPECT_EQ(stopped.ended, checker::outcome::interrupted);
  EXPECT_GE(stopped.steps, 5000u);
  EXPECT_LT(stopped.steps, 10'000u);
  o.limits.deadline = std::chrono::steady_clock::time_point::min();
  EXPECT_EQ(late.run(o, {}, kind, ignore).ended, checker::outcome::time_limit);
}

// ---- Walks of the protocols ----

std::vector<cli::suite_row> all_rows() {
  std::vector<cli::suite_row> rows;
  static language::library files;
  language::diagnostics errors;
  for (const language::builtin_file& f : language::builtin_files()) {
    // The catalogue asks the same of many variants; suite_test holds all of it to its expectations. Several
    // ports are not walked through.
    if (f.kind != language::file_kind::suite || f.name.starts_with("catalogue-") || f.name == "ports")
      continue;
    auto s = cli::load_suite(std::string(f.name), files, errors);
    if (!s) throw std::runtime_error(errors.text());
    for (cli::suite_row& row : s->rows) rows.push_back(std::move(row));
  }
  return rows;
}

cli::simulation simulate(const cli::check_input& input, std::uint64_t seed, std::uint64_t count,
                         std::uint64_t depth) {
  language::diagnostics errors;
  checker::walk_options o;
  o.seed = seed;
  o.walks = count;
  o.limits.max_depth = depth;
  auto s = cli::simulate(input, o, {}, errors);
  if (!s) throw std::runtime_error(errors.text());
  return std::move(*s);
}

std::uint64_t count_of(const cli::simulation& s, const std::string& rule, std::size_t side) {
  for (const cli::rule_count& r : s.rules)
    if (r.rule->id == rule) return r.fired[side];
  return 0;
}

class simulated_rows : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    row = all_rows()[GetParam()];
    language::diagnostics errors;
    auto loaded = cli::load(row.asked, std::make_shared<language::library>(), errors);
    ASSERT_TRUE(loaded) << errors.text();
    input = std::move(*loaded);
    auto p = properties::load_properties(input.properties, *input.composition, errors);
    ASSERT_TRUE(p) << errors.text();
    properties = std::move(*p);
  }

  cli::suite_row row;
  cli::check_input input;
  properties::property_set properties;
};

// What walks violate is violated for the searches (suite_test holds them to the same expectations), by a run
// that the interpreter takes, step by step, and without a step that could be left out.
TEST_P(simulated_rows, violations_are_true_and_their_runs_replay) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const cli::simulation s = simulate(input, seed, 1000, 200);
    ASSERT_EQ(s.answers.size(), row.expected.size());
    for (std::size_t i = 0; i < s.answers.size(); ++i) {
      const cli::walked_answer& a = s.answers[i];
      EXPECT_EQ(a.told.property, row.expected[i].first);
      EXPECT_EQ(a.told.trace.has_value(), a.told.says == cli::verdict::violated);
      if (!a.told.trace) {
        EXPECT_EQ(a.told.says, cli::verdict::inconclusive);
        continue;
      }
      EXPECT_EQ(row.expected[i].second, cli::verdict::violated) << row.asked.text << " " << a.told.property;
      EXPECT_FALSE(a.told.trace->shortest);
      EXPECT_LE(a.walk, s.statistics.walks);
      const cli::counterexample& c = *a.told.trace;
      const system::plain_system plain(*c.on, properties.observers);
      const std::vector<system::step> steps = traces::steps_of(c.run);
      const auto again = traces::replay(plain, steps);
      ASSERT_TRUE(again);
      EXPECT_EQ(again->end(), c.run.end());
      EXPECT_TRUE(cli::violates(*c.on, properties, i, *again));
      if (!input.composition->scenario.network.is_set()) {  // there it is minimal before it is made concrete
        for (std::size_t left_out = 0; left_out < steps.size(); ++left_out) {
          std::vector<system::step> fewer = steps;
          fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(left_out));
          const auto shorter = traces::replay(plain, fewer);
          EXPECT_FALSE(shorter && cli::violates(*c.on, properties, i, *shorter));
        }
        const cli::counterexample late =
            cli::minimised(input.composition, properties, i, steps, [] { return false; });
        EXPECT_EQ(traces::steps_of(late.run), steps);
        EXPECT_EQ(late.minimality, "not minimised to the end: no time was left; not proven shortest");
      }
      // What the run fires is among what was counted.
      for (const system::plain_successor& step : c.run.steps)
        if (step.did)
          for (const int rule : step.did->rules) {
            const auto side = static_cast<std::size_t>(step.by.side);
            const language::rule& fired = c.on->protocols[side].rules[static_cast<std::size_t>(rule)];
            EXPECT_GT(count_of(s, fired.id, side), 0u) << fired.id;
          }
    }
  }
}

TEST(answers, say_why_a_violation_has_no_run) {
  cli::answer a;
  a.says = cli::verdict::violated;
  EXPECT_EQ(cli::minimal_text(a), "no run: no time was left to find its steps");
}

// In a process of its own, as a signal stays caught.
TEST(answers, are_given_without_a_run_after_a_signal) {
  const auto violated_without_a_run = [] {
    cli::question q;
    q.protocol = "no-time-wait";
    q.scenario = "close-one-loss";
    q.properties = {"reliable-close"};
    language::diagnostics errors;
    const auto loaded = cli::load(q, std::make_shared<language::library>(), errors);
    cli::catch_signals();
    raise(SIGINT);
    const auto found = cli::check(*loaded, {}, nullptr, errors);
    return found && found->answers[0].says == cli::verdict::violated && !found->answers[0].trace;
  };
  EXPECT_EXIT(std::exit(violated_without_a_run() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST_P(simulated_rows, the_same_seed_makes_the_same_walks) {
  const auto figures = [](const cli::simulation& s) {
    std::vector<std::uint64_t> all = {s.statistics.walks, s.statistics.steps, s.statistics.judged,
                                      s.statistics.deepest, s.statistics.seen};
    for (const cli::walked_answer& a : s.answers) all.insert(all.end(), {a.walk, a.steps});
    for (const cli::rule_count& r : s.rules) all.insert(all.end(), r.fired.begin(), r.fired.end());
    return all;
  };
  cli::check_input only_walks = input;
  only_walks.properties.clear();  // so that nothing ends the walks early
  std::set<std::vector<std::uint64_t>> all;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const cli::simulation one = simulate(input, seed, 50, 100), same = simulate(input, seed, 50, 100);
    EXPECT_EQ(figures(one), figures(same));
    for (std::size_t i = 0; i < one.answers.size(); ++i) {
      const auto &a = one.answers[i].told.trace, &b = same.answers[i].told.trace;
      ASSERT_EQ(a.has_value(), b.has_value());
      if (a) {
        EXPECT_EQ(traces::steps_of(a->run), traces::steps_of(b->run));
      }
    }
    all.insert(figures(simulate(only_walks, seed, 50, 100)));
  }
  EXPECT_EQ(all.size(), 3u) << "the walks of another seed are others";
}

// Walks of one step judge the steps of the initial state: the interpreter tells which rules these fire.
TEST_P(simulated_rows, rules_are_counted_as_the_interpreter_fires_them) {
  const cli::simulation s = simulate(input, 1, 1, 1);
  const system::plain_system plain(*input.composition, properties.observers);
  std::uint32_t met = 0;
  const auto first = plain.successors(plain.initial(), met);
  std::array<std::map<std::string, std::uint64_t>, 2> expected;
  for (const system::plain_successor& step : first)
    if (step.did)
      for (const int rule : step.did->rules) {
        const auto side = static_cast<std::size_t>(step.by.side);
        ++expected[side][input.composition->protocols[side].rules[static_cast<std::size_t>(rule)].id];
      }
  EXPECT_EQ(s.statistics.judged, first.size());
  EXPECT_FALSE(expected[0].empty() && expected[1].empty());
  for (const cli::rule_count& r : s.rules)
    for (std::size_t side = 0; side < 2; ++side)
      EXPECT_EQ(r.fired[side], expected[side][r.rule->id]) << r.rule->id << " at "
                                                           << "AB"[side];
}

INSTANTIATE_TEST_SUITE_P(built_in, simulated_rows, testing::Range(std::size_t{0}, all_rows().size()));

}  // namespace
}  // namespace tcpmc
