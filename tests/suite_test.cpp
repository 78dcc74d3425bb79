// Every shipped verdict, and every trace behind one: written as JSON, read back, and replayed from the
// files that it carries.
#include "cli/suite.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/reporting.hpp"
#include "traces/json.hpp"
#include "traces/ladder.hpp"

namespace tcpmc::cli {
namespace {

suite load_builtin(const std::string& name) {
  static language::library files;
  language::diagnostics errors;
  auto s = load_suite(name, files, errors);
  EXPECT_TRUE(s) << errors.text();
  return s ? *s : suite{};
}

std::vector<suite_row> all_rows() {
  std::vector<suite_row> rows;
  for (const language::builtin_file& f : language::builtin_files())
    if (f.kind == language::file_kind::suite)
      for (suite_row& row : load_builtin(std::string(f.name)).rows) rows.push_back(std::move(row));
  return rows;
}

class suite_rows : public testing::TestWithParam<std::size_t> {};

void replay_from_json(const traces::trace& t) {
  language::source_store store;
  language::diagnostics errors;
  const auto recorded = traces::read_trace(store.add("trace.json", traces::to_json(t, "test")), errors);
  ASSERT_TRUE(recorded) << errors.text();
  auto files = std::make_shared<language::library>();
  for (const auto& [path, text] : recorded->files) files->preload(path, text);
  question q;
  q.protocol = recorded->protocol;
  q.scenario = recorded->scenario;
  q.properties = {recorded->property_reference};
  for (const auto& [name, value] : recorded->settings)
    q.settings.push_back(*parse_setting(name + "=" + value, store, errors));
  const auto input = load(q, files, errors);
  ASSERT_TRUE(input) << errors.text();
  auto on = std::make_shared<language::composition>(*input->composition);
  on->scenario.network = recorded->network;
  const auto p = properties::load_properties(input->properties, *on, errors);
  ASSERT_TRUE(p) << errors.text();
  traces::trace again = t;
  again.on = on;
  if (t.ports) {
    const auto steps = traces::recorded_ports_steps(*recorded, *on, errors);
    ASSERT_TRUE(steps) << errors.text();
    again.ports = traces::replay(system::plain_ports(*on, p->observers), *steps);
    ASSERT_TRUE(again.ports);
    EXPECT_TRUE(violates(*on, *p, 0, *again.ports));
  } else {
    const auto steps = traces::recorded_steps(*recorded, *on, errors);
    ASSERT_TRUE(steps) << errors.text();
    const auto run = traces::replay(system::plain_system(*on, p->observers), *steps);
    ASSERT_TRUE(run);
    EXPECT_TRUE(violates(*on, *p, 0, *run));
    again.run = *run;
  }
  EXPECT_TRUE(traces::matches(*recorded, again, errors)) << errors.text();
  EXPECT_EQ(traces::ladder(again), traces::ladder(t));
}

TEST_P(suite_rows, verdicts_are_as_expected_and_traces_replay) {
  const suite_row row = all_rows()[GetParam()];
  language::diagnostics errors;
  const auto input = load(row.asked, std::make_shared<language::library>(), errors);
  ASSERT_TRUE(input) << errors.text();
  const auto result = check(*input, {}, {}, errors);
  ASSERT_TRUE(result) << errors.text();
  EXPECT_FALSE(result->covers.empty());
  EXPECT_FALSE(result->does_not_cover.empty());
  for (std::size_t i = 0; i < row.expected.size(); ++i) {
    const answer& a = result->answers[i];
    EXPECT_STREQ(name_of(a.says), name_of(row.expected[i].second)) << row.asked.text << " " << a.property;
    EXPECT_EQ(a.trace.has_value(), a.says == verdict::violated);
    if (a.trace) replay_from_json(trace_of(row.asked, *input, a));
  }
}

INSTANTIATE_TEST_SUITE_P(built_in, suite_rows, testing::Range(std::size_t{0}, all_rows().size()));

// A violated property that no step of the run violates would be a wrong trace: judging it must notice.
TEST(suite, a_trace_without_its_last_step_does_not_violate) {
  const suite_row row = load_builtin("tcp-lifecycle").rows[0];
  language::diagnostics errors;
  const auto input = load(row.asked, std::make_shared<language::library>(), errors);
  ASSERT_TRUE(input);
  const auto result = check(*input, {}, {}, errors);
  ASSERT_TRUE(result && result->answers[0].trace);
  const counterexample& c = *result->answers[0].trace;
  const auto p = properties::load_properties(input->properties, *c.on, errors);
  traces::run shorter = c.run;
  shorter.steps.pop_back();
  EXPECT_TRUE(violates(*c.on, *p, 0, c.run));
  EXPECT_FALSE(violates(*c.on, *p, 0, shorter));
}

// The shortest trace of the two-way handshake has three steps: OPEN, CLOSE, and the SYN arrives.
TEST(suite, two_way_handshake_is_refuted_in_three_steps) {
  const suite_row row = load_builtin("tcp-lifecycle").rows[0];
  language::diagnostics errors;
  const auto input = load(row.asked, std::make_shared<language::library>(), errors);
  ASSERT_TRUE(input);
  const auto result = check(*input, {}, {}, errors);
  ASSERT_TRUE(result && result->answers[0].trace);
  EXPECT_EQ(result->answers[0].trace->run.steps.size(), 3u);
  EXPECT_TRUE(result->answers[0].trace->shortest);
}

std::optional<check_result> check_property(const std::string& scenario, const std::string& text) {
  language::diagnostics errors;
  auto files = std::make_shared<language::library>();
  files->preload("./p.json", text);
  question q;
  q.protocol = "rfc9293";
  q.scenario = scenario;
  q.properties = {"./p.json"};
  const auto input = load(q, files, errors);
  EXPECT_TRUE(input) << errors.text();
  auto result = input ? check(*input, {}, {}, errors) : std::nullopt;
  EXPECT_TRUE(result) << errors.text();
  return result;
}

// An observer sees the row as it was before the step, with the timer that expires still running.
TEST(suite, observers_see_the_expiring_timer_run) {
  const auto result =
      check_property("close-one-loss", R"json({ "property": "p", "says": "s", "observers": { "seen": "bool" },
    "observe": [ { "when": "expired(retransmission) && old.running(retransmission)", "do": ["seen := true"] } ],
    "never": "seen" })json");
  EXPECT_EQ(result->answers[0].says, verdict::violated);
}

// On the unlimited network a segment that was delivered is still in flight; the concrete run has to keep, or
// send, another one.
TEST(suite, a_delivered_segment_that_a_property_sees_in_flight_is_there_again) {
  const auto result = check_property("two-connections", R"json({ "property": "p", "says": "s",
    "never step": "called('ABORT') && old.state == ESTABLISHED && outgoing(seg.SYN)" })json");
  ASSERT_TRUE(result->answers[0].trace);
  EXPECT_EQ(result->answers[0].trace->run.steps.size(), 5u);
}

// Limits give "inconclusive" and figures, never "holds".
TEST(suite, limits_are_inconclusive) {
  language::diagnostics errors;
  question q;
  q.protocol = "time-wait-2msl";
  q.scenario = "close-one-loss";
  q.properties = {"reliable-close", "stuck"};
  const auto input = load(q, std::make_shared<language::library>(), errors);
  ASSERT_TRUE(input) << errors.text();
  checker::options states, depth, time;
  states.max_states = 1000;
  depth.max_depth = 10;
  time.deadline = std::chrono::steady_clock::time_point::min();
  for (const auto& [limits, why] :
       {std::pair(states, checker::outcome::state_limit), std::pair(depth, checker::outcome::depth_limit),
        std::pair(time, checker::outcome::time_limit)}) {
    const auto result = check(*input, limits, {}, errors);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->statistics.ended, why);
    for (const answer& a : result->answers) EXPECT_EQ(a.says, verdict::inconclusive);
    EXPECT_NE(limit_text(*result), "");
  }
  const auto interrupted = check(
      *input, {}, [](const checker::progress&) { return false; }, errors);
  EXPECT_EQ(interrupted->statistics.ended, checker::outcome::interrupted);
}

}  // namespace
}  // namespace tcpmc::cli
