// What is said about rules: which fire, which can never match, and what breaks without them.
#include "cli/why.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "model/language/lint.hpp"
#include "tests/generated.hpp"

namespace tcpmc {
namespace {

using language::diagnostics;
using language::mutation;

// One endpoint asks, the other answers; asking again does no harm. "twice" never matches: "answered" takes
// all; "late" is never reached: nothing brings an endpoint there.
constexpr const char* ask = R"json({
  "protocol": "ask", "cite": "a test", "says": "a question and its answer",
  "segment": { "flags": ["ASK", "ANSWER"], "fields": { "number": "sequence" } },
  "endpoint": {
    "states": ["IDLE", "ASKING", "DONE", "LATE"],
    "variables": { "iss": "sequence", "irs": "sequence", "asked": "0..1" },
    "timers": { "again": { "ticks": "2", "lazy": "any moment" } },
    "signals": ["answered", "wrong"]
  },
  "identity": { "own": "iss", "peer": "irs", "established": ["DONE"], "answer": "ANSWER" },
  "define": { "mine": "seg.ANSWER && seg.number == iss" },
  "procedures": { "ask": ["send ASK number=iss", "start again"] },
  "user calls": { "OPEN": [ { "id": "open", "in": ["IDLE", "ASKING"], "when": "asked < 1", "do": ["asked := asked + 1", "iss := 5", "do ask", "goto ASKING"], "cite": "a test" } ] },
  "segment arrives": [ { "stage": "all", "cite": "a test", "rules": [
    { "id": "answered", "in": "ASKING", "when": "mine", "do": ["stop again", "signal answered if asked == 1", "goto DONE"] },
    { "id": "twice", "in": "ASKING", "when": "seg.ANSWER && seg.ANSWER && seg.number == iss", "do": ["drop"] },
    { "id": "late", "in": "LATE", "do": ["drop"] },
    { "id": "asked", "in": ["IDLE", "DONE"], "when": "seg.ASK", "do": ["irs := seg.number", "send ANSWER number=irs", "goto DONE"] } ] } ],
  "time-outs": { "again": [ { "id": "ask-again", "do": ["do ask"], "cite": "a test" } ] }
})json";
constexpr const char* once = R"json({
  "scenario": "once", "A": { "application": [ { "call": "OPEN", "times": 2 } ] }, "B": {},
  "network": { "order": "any", "loss": 1, "duplication": 0, "capacity": 2 },
  "final": "state == DONE && peer.state == DONE"
})json";
constexpr const char* suite_of_it = R"json({ "suite": "s", "rows": [
  { "question": "Does it end?", "protocol": "./p.json", "scenario": "./s.json", "expect": { "stuck": "holds", "./done.json": "holds" } } ] })json";
constexpr const char* done_property = R"json({
  "property": "done", "says": "who was answered has asked",
  "never step": "signalled(answered) && seg.number != 5", "witness step": "signalled(answered)" })json";

std::unique_ptr<language::library> files(std::string protocol = ask) {
  auto result = std::make_unique<language::library>();
  result->preload("./p.json", std::move(protocol));
  result->preload("./s.json", once);
  result->preload("./done.json", done_property);
  result->preload("./suite.json", suite_of_it);
  return result;
}

std::string all_changes(const std::string& rule) {
  const auto given = files();
  diagnostics errors;
  const auto source = language::load_protocol("./p.json", *given, {}, errors);
  EXPECT_TRUE(source) << errors.text();
  std::string text;
  for (const mutation& m : language::mutations_of(*source, rule, given->sources())) {
    text += std::string(name_of(m.is)) + " " + m.text + "\n";
    diagnostics wrong;
    EXPECT_TRUE(language::compile(language::mutated(*source, m), {}, wrong)) << wrong.text();
  }
  return text;
}

TEST(mutations, are_all_that_the_list_of_kinds_says) {
  EXPECT_EQ(all_changes("open"),
            "remove removed\n"
            "weaken in any state\n"
            "weaken without the condition `asked < 1`\n"
            "bend without `asked := asked + 1`\n"
            "bend without `iss := 5`\n"
            "bend `iss := 5` becomes `iss := 5 - 1`\n"
            "bend without `send ASK number=iss`\n"
            "bend `send ASK number=iss` becomes `send ASK number=iss - 1`\n"
            "bend without `start again`\n"
            "bend without `goto ASKING`\n");
  EXPECT_EQ(all_changes("answered"),
            "remove removed\n"
            "weaken in any state\n"
            "weaken without the condition `seg.ANSWER`\n"
            "weaken without the condition `seg.number == iss`\n"
            "bend without `stop again`\n"
            "bend without `signal answered if asked == 1`\n"
            "bend `signal answered if asked == 1` always\n"
            "bend without `goto DONE`\n");
}

TEST(mutations, of_a_segment_leave_out_each_flag_and_field) {
  const auto given = files();
  diagnostics errors;
  const auto source = language::load_protocol("rfc9293", *given, {}, errors);
  ASSERT_TRUE(source);
  std::set<std::string> found;
  for (const mutation& m : language::mutations_of(*source, "retransmit-data", given->sources()))
    found.insert(m.text);
  for (const char* wanted :
       {"`send ACK seq=una ack=rnx data=1` becomes `send ACK seq=una - 1 ack=rnx data=1`",
        "`send ACK seq=una ack=rnx data=1` becomes `send ACK seq=una ack=rnx - 1 data=1`"})
    EXPECT_TRUE(found.count(wanted)) << wanted;
}

// Every change of every built-in rule is a protocol.
TEST(mutations, of_the_reference_are_protocols) {
  const auto given = files();
  diagnostics errors;
  const auto source = language::load_protocol("rfc9293", *given, {}, errors);
  ASSERT_TRUE(source);
  std::size_t changes = 0;
  for (const language::rule_list& l : source->lists)
    for (const language::rule_source& r : l.rules) {
      std::set<std::string> texts;
      for (const mutation& m : language::mutations_of(*source, r.id, given->sources())) {
        ++changes;
        EXPECT_TRUE(texts.insert(m.text).second) << r.id << ": " << m.text;
        diagnostics wrong;
        EXPECT_TRUE(language::compile(language::mutated(*source, m), {}, wrong)) << m.text << wrong.text();
      }
    }
  EXPECT_GT(changes, 300u);
}

// --- lint ---

language::lint_report lint_of(const std::string& protocol) {
  static std::vector<std::unique_ptr<language::library>> keep;
  static std::vector<std::unique_ptr<language::protocol>> compiled;
  keep.push_back(files(protocol));
  diagnostics errors;
  const auto source = language::load_protocol("./p.json", *keep.back(), {}, errors);
  EXPECT_TRUE(source) << errors.text();
  auto p = language::compile(*source, {}, errors);
  EXPECT_TRUE(p) << errors.text();
  compiled.push_back(std::make_unique<language::protocol>(std::move(*p)));
  return language::lint(*compiled.back());
}

std::string with(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(lint, finds_a_rule_that_never_matches) {
  const auto report = lint_of(ask);
  ASSERT_EQ(report.never.size(), 1u);
  EXPECT_EQ(report.never[0].of->id, "twice");
  EXPECT_FALSE(report.never[0].certain) << "sequence numbers were not all tried";
  const auto certain = lint_of(with(ask, "\"seg.ANSWER && seg.ANSWER && seg.number == iss\"",
                                    "\"seg.ANSWER && !seg.ANSWER && asked == 1\""));
  ASSERT_EQ(certain.never.size(), 1u);
  EXPECT_FALSE(certain.never[0].certain) << "the rule before it reads sequence numbers";
  const auto first =
      lint_of(with(with(ask, "\"when\": \"mine\"", "\"when\": \"seg.ANSWER\""),
                   "\"seg.ANSWER && seg.ANSWER && seg.number == iss\"", "\"seg.ANSWER && asked == 1\""));
  ASSERT_EQ(first.never.size(), 1u);
  EXPECT_TRUE(first.never[0].certain);
}

// Found: a number that only a guard names was not among those that are tried.
TEST(lint, tries_numbers_that_guards_name) {
  const auto report = lint_of(with(with(ask, "\"asked\": \"0..1\"", "\"asked\": \"0..1000\""),
                                   "\"seg.ANSWER && seg.ANSWER && seg.number == iss\"", "\"asked == 500\""));
  EXPECT_TRUE(report.never.empty());
}

TEST(lint, finds_rules_whose_order_decides) {
  const auto report =
      lint_of(with(ask, "\"seg.ANSWER && seg.ANSWER && seg.number == iss\"", "\"seg.ASK && asked == 0\""));
  EXPECT_TRUE(report.never.empty());
  ASSERT_EQ(report.order.size(), 1u);
  EXPECT_EQ(report.order[0].first->id, "answered");
  EXPECT_EQ(report.order[0].second->id, "twice");
  EXPECT_NE(report.order[0].values.find("seg.ANSWER"), std::string::npos);
}

TEST(lint, finds_events_that_no_rule_handles) {
  std::map<std::pair<std::string, int>, bool> found;
  for (const auto& u : lint_of(ask).ignored) found[{u.event, u.state}] = u.always;
  EXPECT_EQ(found.at({"the call OPEN", 2}), true);   // DONE
  EXPECT_EQ(found.at({"the call OPEN", 0}), false);  // IDLE, when asked == 1
  EXPECT_EQ(found.at({"a segment", 0}), false);
  EXPECT_EQ(found.count({"a segment", 3}), 0u);  // LATE drops everything
  EXPECT_EQ(found.count({"the time-out of again", 1}), 0u);
}

// --- which rules fired ---

// The rules of all steps between states, by the interpreter. Nothing if there are too many states.
std::optional<std::set<std::string>> fired_plainly(const language::composition& c,
                                                   const properties::property_set& p) {
  const system::plain_system on(c, p.observers);
  std::set<system::plain_state> seen{on.initial()};
  std::vector<system::plain_state> queue{on.initial()};
  std::set<std::string> fired;
  std::uint32_t met = 0;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    if (queue.size() > 2'000) return std::nullopt;
    for (system::plain_successor& s : on.successors(system::plain_state(queue[i]), met)) {
      if (s.did)
        for (const int r : s.did->rules) fired.insert(c.protocols[0].rules[static_cast<std::size_t>(r)].id);
      if (seen.insert(s.state).second) queue.push_back(std::move(s.state));
    }
  }
  return fired;
}

std::set<std::string> fired_in(const cli::check_result& r) {
  std::set<std::string> fired;
  for (const cli::rule_count& x : r.rules)
    if (!x.never()) fired.insert(x.rule->id);
  return fired;
}

// With few segments at a time and few copies, so that many steps are cut off.
TEST(fired, is_what_the_interpreter_fires_on_drawn_protocols) {
  int compared = 0, cut = 0, partial = 0;
  for (unsigned seed = 0; seed < 25; ++seed) {
    const generated::family family(seed);
    for (int i = 0; i < 6; ++i) {
      const generated::model m = generated::load(family.write({i}, i % generated::breeds));
      cli::check_input input;
      input.composition = std::make_shared<const language::composition>(*m.composed);
      diagnostics errors;
      checker::options limits;
      limits.max_states = 2'000;
      const auto found = cli::check(input, limits, {}, errors);
      if (!found || found->statistics.ended != checker::outcome::complete) continue;
      const auto expected = fired_plainly(*input.composition, {});
      if (!expected) continue;
      ++compared;
      cut += (found->bounds_met & (system::bound_capacity | system::bound_duplicates)) != 0;
      partial += expected->size() < found->rules.size();
      EXPECT_EQ(fired_in(*found), *expected) << "family " << seed << " member " << i;
    }
  }
  EXPECT_GE(compared, 60);
  EXPECT_GE(cut, 10);
  EXPECT_GE(partial, 10);
}

// A rule whose every step is cut off never fired, however often it was tried.
TEST(fired, is_not_what_is_cut_off) {
  auto given = std::shared_ptr<language::library>(
      files(with(ask, "\"send ASK number=iss\"",
                 "\"send ASK number=iss\", \"send ASK number=iss\", \"send ASK number=iss\"")));
  cli::question q;
  q.protocol = "./p.json";
  q.scenario = "./s.json";
  diagnostics errors;
  const auto input = cli::load(q, given, errors);
  ASSERT_TRUE(input) << errors.text();
  const auto found = cli::check(*input, {}, {}, errors);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->bounds_met, system::bound_capacity);
  EXPECT_EQ(fired_in(*found), std::set<std::string>{});
}

// --- what breaks ---

cli::why_report why(const std::string& rule, unsigned threads) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("why_test_" + rule + std::to_string(threads));
  std::filesystem::create_directories(folder);
  for (const auto& [name, text] :
       {std::pair("p.json", ask), std::pair("s.json", once), std::pair("done.json", done_property),
        std::pair("suite.json", suite_of_it)})
    std::ofstream(folder / name) << text;
  cli::why_input input;
  input.protocol = (folder / "p.json").string();
  input.rule = rule;
  input.suites = {(folder / "suite.json").string()};
  input.threads = threads;
  static std::vector<std::unique_ptr<cli::why_analysis>> keep;
  keep.push_back(std::make_unique<cli::why_analysis>());
  diagnostics errors;
  auto report = keep.back()->run(
      input, [](std::size_t, std::size_t) { return true; }, errors);
  EXPECT_TRUE(report) << errors.text();
  return report ? std::move(*report) : cli::why_report{};
}

std::string effects(const cli::why_report& r) {
  std::string text;
  for (const cli::rule_report& rule : r.rules)
    for (const cli::change_report& c : rule.changes) {
      text += rule.rule->id + " " + c.change.text + ": ";
      switch (c.is) {
        case cli::effect::violated:
          text += c.property + " in " + std::to_string(c.steps);
          EXPECT_TRUE(c.shortest);
          break;
        case cli::effect::vacuous:
          text += c.property + " vacuous";
          break;
        case cli::effect::broken_model:
          text += c.message;
          break;
        case cli::effect::unnoticed:
          text += c.same_size ? "same" : "other";
          text += c.told_in == nullptr ? ", not seen" : ", " + c.told;
          EXPECT_EQ(c.asked, 1u);
          break;
        case cli::effect::never_fires:
          text += "never";
          break;
      }
      text += "\n";
    }
  return text;
}

TEST(why, tells_what_breaks) {
  const cli::why_report all = why("", 2);
  ASSERT_EQ(all.questions.size(), 1u);
  EXPECT_TRUE(all.left_out.empty());
  EXPECT_EQ(
      effects(all),
      "open removed: stuck in 0\n"
      "open in any state: same, not seen\n"
      "open without the condition `asked < 1`: 'asked' would become 2, out of its range 0..1\n"
      "open without `asked := asked + 1`: done vacuous\n"
      "open without `iss := 5`: done in 3\n"
      "open `iss := 5` becomes `iss := 5 - 1`: done in 3\n"
      "open without `send ASK number=iss`: other, after 0 steps, A calls OPEN and sends <NUMBER=5><CTL=ASK>; "
      "with the change it sends nothing\n"
      "open `send ASK number=iss` becomes `send ASK number=iss - 1`: other, after 0 steps, A calls OPEN and "
      "sends <NUMBER=5><CTL=ASK>; with the change it sends <NUMBER=4><CTL=ASK>\n"
      "open without `start again`: stuck in 2\n"
      "open without `goto ASKING`: done vacuous\n"
      "answered removed: done vacuous\n"
      "answered in any state: same, after 5 steps, A gets <NUMBER=5><CTL=ANSWER> and sends nothing; with the "
      "change it sends nothing, tells the user answered\n"
      "answered without the condition `seg.ANSWER`: same, not seen\n"
      "answered without the condition `seg.number == iss`: same, not seen\n"
      "answered without `stop again`: other, after 3 steps, A's timer again expires only with the change\n"
      "answered without `signal answered if asked == 1`: done vacuous\n"
      "answered `signal answered if asked == 1` always: same, not seen\n"
      "answered without `goto DONE`: stuck in 3\n"
      "twice removed: never\n"
      "twice in any state: same, not seen\n"
      "twice without the condition `seg.ANSWER`: same, not seen\n"
      "twice without the condition `seg.number == iss`: same, not seen\n"
      "twice without `drop`: never\n"
      "late removed: never\n"
      "late in any state: done vacuous\n"
      "late without `drop`: never\n"
      "asked removed: done vacuous\n"
      "asked in any state: same, not seen\n"
      "asked without the condition `seg.ASK`: other, after 5 steps, A gets <NUMBER=5><CTL=ANSWER> and sends "
      "nothing; with the change it sends <NUMBER=5><CTL=ANSWER>\n"
      "asked without `irs := seg.number`: done vacuous\n"
      "asked `irs := seg.number` becomes `irs := seg.number - 1`: done vacuous\n"
      "asked without `send ANSWER number=irs`: done vacuous\n"
      "asked `send ANSWER number=irs` becomes `send ANSWER number=irs - 1`: done vacuous\n"
      "asked without `goto DONE`: stuck in 3\n"
      "ask-again removed: stuck in 3\n"
      "ask-again without `send ASK number=iss`: other, after 1 step, A's timer again expires only with the "
      "change\n"
      "ask-again `send ASK number=iss` becomes `send ASK number=iss - 1`: other, after 1 step, A's timer "
      "again expires only with the change\n"
      "ask-again without `start again`: other, after 4 steps, A's timer again expires only without the "
      "change\n");
  EXPECT_EQ(effects(all), effects(why("", 1))) << "threads make no difference";
}

}  // namespace
}  // namespace tcpmc
