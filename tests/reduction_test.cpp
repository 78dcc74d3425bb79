// The reduced systems (docs/reductions.md): refusals, what they save, and that threads, wide words and going
// on from a checkpoint make no difference. That they keep verdicts is for reference_test and generated_test.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "checker/enumerate.hpp"
#include "cli/question.hpp"
#include "properties/reduced.hpp"

namespace tcpmc {
namespace {

using properties::reductions;

// Two users who open at once, send, and close or give up; A and B are alike.
constexpr const char* both_open = R"json({ "scenario": "both-open", "says": "made by a test",
  "A": { "application": [ { "call": "OPEN active" }, { "call": "CLOSE" } ] },
  "B": { "application": [ { "call": "OPEN active" }, { "call": "CLOSE" } ] },
  "incarnations": 1, "time": "%TIME%", "set": { "first_isn": 100, "r2": 1, "rto": 2, "msl": 2 },
  "network": { "order": "%ORDER%", "loss": 1, "duplication": 1, "capacity": 2%LIFETIME% },
  "final": "state == CLOSED" })json";

std::string scenario(const std::string& order, const std::string& time, int lifetime) {
  std::string text = both_open;
  const auto put = [&](const std::string& name, const std::string& value) {
    text.replace(text.find(name), name.size(), value);
  };
  put("%TIME%", time);
  put("%ORDER%", order);
  put("%LIFETIME%", lifetime > 0 ? fmt::format(", \"lifetime\": {}", lifetime) : "");
  return text;
}

struct model {
  std::shared_ptr<language::library> files = std::make_shared<language::library>();
  cli::check_input input;
  properties::property_set properties;
};
const std::vector<std::string> asked = {"stuck", "agreement", "no-stale-revival", "no-stale-kill"};

model load(const std::string& text, const std::string& protocol = "rfc9293",
           const std::vector<std::string>& properties = asked) {
  model m;
  m.files->preload("./s.json", text);
  m.files->preload("./absent.json", R"json({ "property": "absent", "says": "made by a test",
    "never step": "delivered() && !incoming(true)" })json");
  language::diagnostics errors;
  cli::question q;
  q.protocol = protocol;
  q.scenario = "./s.json";
  q.properties = properties;
  auto input = cli::load(q, m.files, errors);
  if (!input) throw std::runtime_error(errors.text());
  m.input = std::move(*input);
  auto p = properties::load_properties(m.input.properties, *m.input.composition, errors);
  if (!p) throw std::runtime_error(errors.text());
  m.properties = std::move(*p);
  return m;
}

struct found {
  checker::outcome ended;
  std::uint64_t states, transitions, depth, seen;
  std::vector<std::vector<system::step>> paths;
  bool operator==(const found&) const = default;
};

template <typename Word>
found search(const model& m, const reductions& by, const checker::options& limits) {
  const auto composed = properties::with_symmetric_final(*m.input.composition);
  properties::monitored_system monitored(composed, m.properties);
  properties::reduced_system<Word> reduced(monitored, by);
  checker::enumerating_search search(reduced);
  const checker::statistics s = search.run(limits, nullptr);
  found result{s.ended, s.states, s.transitions, s.depth, s.seen, {}};
  for (properties::marks rest = s.seen; rest != 0; rest &= rest - 1) {
    std::vector<system::state> froms;
    std::vector<properties::reduced_step> path;
    const auto steps = search.path_to(rest & -rest, [] { return true; });
    for (const auto& at : *steps) {
      froms.push_back(reduced.unpack(at.from));
      path.push_back(at.by);
    }
    result.paths.push_back(properties::told(monitored.tables(), froms, path));
  }
  return result;
}

class reduced : public testing::TestWithParam<std::tuple<std::string, std::string, int>> {};

TEST_P(reduced, is_the_same_however_it_is_searched) {
  const auto& [order, time, lifetime] = GetParam();
  const model m = load(scenario(order, time, lifetime));
  const std::uint64_t whole = search<std::uint64_t>(m, {}, {}).states;
  std::map<std::pair<bool, bool>, std::uint64_t> states;
  for (const reductions& by : {reductions{true, false}, reductions{false, true}, reductions{true, true}}) {
    const found alone = search<std::uint64_t>(m, by, {});
    states[{by.faults, by.symmetry}] = alone.states;
    EXPECT_EQ(alone.ended, checker::outcome::complete);
    checker::options limits;
    limits.threads = 3;
    limits.level_memory = 0;
    EXPECT_TRUE(search<std::uint64_t>(m, by, limits) == alone);
    EXPECT_TRUE(search<checker::wide>(m, by, limits) == alone);
    // Ended at a depth, gone on with from its checkpoint.
    const auto file = std::filesystem::temp_directory_path() / fmt::format("tcpmc-reduced-{}", getpid());
    std::filesystem::remove(file);
    checker::options part = limits;
    part.checkpoint = file;
    part.max_depth = alone.depth / 2;
    EXPECT_EQ(search<std::uint64_t>(m, by, part).ended, checker::outcome::depth_limit);
    part.max_depth = limits.max_depth;
    EXPECT_TRUE(search<std::uint64_t>(m, by, part) == alone);
    // Found: from a checkpoint of all levels, paths were rebuilt without judgements, so without the losses
    // that depend on them.
    EXPECT_TRUE(search<std::uint64_t>(m, by, part) == alone) << "once more, from the end";
    std::filesystem::remove(file);
  }
  // A state that is its own mirror image is kept whole.
  EXPECT_GE((states[{false, true}]), whole / 2);
  EXPECT_LT((states[{false, true}]), whole * 6 / 10);
  EXPECT_LT((states[{true, false}]), whole);
  EXPECT_LT((states[{true, true}]), (states[{false, true}]));
}
INSTANTIATE_TEST_SUITE_P(scenario, reduced,
                         testing::Values(std::tuple("any", "untimed", 0), std::tuple("fifo", "untimed", 0),
                                         std::tuple("any", "lazy", 2), std::tuple("fifo", "timed", 2)));

// ---- Refusals ----

std::string refusal(const std::string& text, cli::reduce how, const std::vector<std::string>& properties = {},
                    const std::vector<std::pair<std::string, std::string>>& change = {}) {
  std::string changed = text;
  for (const auto& [old, by] : change) {
    EXPECT_NE(changed.find(old), std::string::npos) << old;
    changed.replace(changed.find(old), old.size(), by);
  }
  model m = load(changed, "rfc9293", properties);
  m.input.reduce = how;
  language::diagnostics errors;
  const auto result = cli::check(m.input, {}, nullptr, errors);
  EXPECT_EQ(result.has_value(), errors.empty());
  return errors.text();
}

TEST(reduction, names_the_first_difference) {
  using enum cli::reduce;
  const std::string s = scenario("any", "untimed", 0);
  const auto says = [&](const std::string& what, const std::string& old, const std::string& by) {
    const std::string text = refusal(s, symmetry, {}, {{old, by}});
    EXPECT_NE(text.find("--reduce symmetry is not possible: " + what), std::string::npos) << text;
    EXPECT_NE(text.find("hint: --reduce all"), std::string::npos) << text;
  };
  EXPECT_EQ(refusal(s, symmetry), "");
  says("the parameter 'first_isn' is 100 at A and 300 at B (--set first_isn=100 sets it at both)",
       "\"first_isn\": 100, ", "");
  says("A starts in LISTEN and B in CLOSED", "\"A\": {", "\"A\": { \"start\": \"LISTEN\",");
  says("line 2 of the applications is 'CLOSE x1' at A and 'CLOSE x2' at B", "\"CLOSE\" } ] },\n  \"inc",
       "\"CLOSE\", \"times\": 2 } ] },\n  \"inc");
  says("A may begin 1 incarnations and B 2", "\"incarnations\": 1", "\"incarnations\": {\"A\": 1, \"B\": 2}");
}
TEST(reduction, is_refused_where_a_segment_must_not_be_there) {
  const std::string s = scenario("any", "untimed", 0);
  EXPECT_NE(refusal(s, cli::reduce::faults, {"./absent.json"})
                .find("--reduce faults is not possible: the property 'absent' asks for the absence"),
            std::string::npos);
  EXPECT_EQ(refusal(s, cli::reduce::symmetry, {"./absent.json"}), "");
  EXPECT_EQ(refusal(s, cli::reduce::all, {"./absent.json"}), "");
}
TEST(reduction, is_refused_on_the_unlimited_network) {
  const std::vector<std::pair<std::string, std::string>> unlimited = {
      {"\"loss\": 1, \"duplication\": 1, \"capacity\": 2",
       "\"loss\": \"unlimited\", \"duplication\": \"unlimited\""}};
  const std::string s = scenario("any", "untimed", 0);
  for (const cli::reduce how : {cli::reduce::faults, cli::reduce::symmetry})
    EXPECT_NE(refusal(s, how, {}, unlimited).find("the network is unlimited"), std::string::npos);
  EXPECT_EQ(refusal(s, cli::reduce::all, {}, unlimited), "");
}

}  // namespace
}  // namespace tcpmc
