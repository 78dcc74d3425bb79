// Several ports: the search of a pool against plain exploration, with and without telling the ports apart;
// the law of port exhaustion; runs that can be replayed; and what the loader has to refuse.
#include "properties/ports.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "checker/enumerate.hpp"
#include "cli/question.hpp"
#include "cli/reporting.hpp"
#include "traces/json.hpp"
#include "traces/ladder.hpp"

namespace tcpmc {
namespace {

using cli::check_input;
using cli::verdict;
using system::plain_ports;
using system::ports_event;
using system::ports_state;

language::setting setting_of(const std::string& text, language::source_store& sources) {
  language::diagnostics errors;
  auto s = cli::parse_setting(text, sources, errors);
  EXPECT_TRUE(s) << errors.text();
  return *s;
}

struct asked {
  std::string protocol = "rfc9293", scenario = "ports";
  std::vector<std::string> properties = {"port-available"}, settings;
};

// Loads a question; settings may be those of a network as well: loss, duplication, lifetime.
std::optional<check_input> load(const asked& a) {
  auto files = std::make_shared<language::library>();
  language::diagnostics errors;
  cli::question q;
  q.protocol = a.protocol;
  q.scenario = a.scenario;
  q.properties = a.properties;
  std::vector<std::pair<std::string, int>> of_network;
  for (const std::string& s : a.settings) {
    const std::size_t equals = s.find('=');
    if (const std::string name = s.substr(0, equals);
        name == "loss" || name == "duplication" || name == "lifetime")
      of_network.emplace_back(name, std::stoi(s.substr(equals + 1)));
    else
      q.settings.push_back(setting_of(s, files->sources()));
  }
  auto input = cli::load(q, files, errors);
  EXPECT_TRUE(input) << errors.text();
  auto changed = std::make_shared<language::composition>(*input->composition);
  for (const auto& [name, value] : of_network) {
    language::network& n = changed->scenario.network;
    (name == "loss" ? n.loss.count : name == "duplication" ? n.duplication.count : n.lifetime) = value;
  }
  input->composition = changed;
  return input;
}

properties::property_set properties_of(const check_input& input) {
  language::diagnostics errors;
  auto p = properties::load_properties(input.properties, *input.composition, errors);
  EXPECT_TRUE(p) << errors.text();
  return std::move(*p);
}

cli::check_result checked(const asked& a, unsigned threads = 1) {
  const auto input = load(a);
  checker::options limits;
  limits.threads = threads;
  language::diagnostics errors;
  auto result = cli::check(*input, limits, {}, errors);
  EXPECT_TRUE(result) << errors.text();
  return std::move(*result);
}

// ---- Against plain exploration ----

struct exploration {
  std::set<ports_state> states;
  std::uint64_t transitions = 0;
  std::map<std::size_t, std::uint64_t> violated;  // by property: steps of a shortest run
  std::uint32_t met = 0;
};

// Every state of a pool, breadth-first. If `alike`, ports have no numbers: a state is sorted, and of ports in
// the same state only one moves.
exploration explore(const check_input& input, bool alike) {
  const properties::property_set p = properties_of(input);
  const plain_ports on(*input.composition, p.observers);
  const properties::judge judge(*input.composition, p);
  exploration result;
  std::vector<ports_state> level = {on.initial()};
  result.states.insert(level[0]);
  const auto note = [&](properties::marks seen, std::uint64_t steps) {
    for (std::size_t i = 0; i < p.all.size(); ++i)
      if ((seen & properties::violated(i)) != 0) result.violated.emplace(i, steps);
  };
  for (std::uint64_t depth = 0; !level.empty(); ++depth) {
    std::vector<ports_state> next_level;
    for (const ports_state& s : level) {
      std::vector<std::array<const int*, 2>> rows;
      for (const system::plain_state& port : s.ports) {
        note(judge.state(&port.endpoints[0], &port.endpoints[1]).certain, depth);
        rows.push_back({port.endpoints[0].data(), port.endpoints[1].data()});
      }
      note(judge.ports(rows), depth);
      for (system::ports_successor& next : on.successors(s, result.met)) {
        const auto at = static_cast<std::size_t>(next.by.port);
        if (alike && next.by.event == ports_event::at_port && at > 0 && s.ports[at] == s.ports[at - 1])
          continue;
        ++result.transitions;
        if (next.by.event == ports_event::unserved)
          for (std::size_t i = 0; i < p.all.size(); ++i)
            if (p.all[i].unserved) note(properties::violated(i), depth + 1);
        if (next.moved && next.moved->did) {
          const auto self = static_cast<std::size_t>(next.moved->by.side);
          std::array<std::vector<const int*>, 2> flight;
          for (std::size_t sender = 0; sender < 2; ++sender)
            for (const system::flight& f : next.moved->state.channels[sender])
              flight[sender].push_back(f.segment.data());
          const bool delivered = system::arrives(next.moved->by.kind);
          const properties::step_view view{
              next.moved->by.side,           &s.ports[at].endpoints[self],
              &next.moved->did->after,       delivered ? &next.moved->by.segment : nullptr,
              next.moved->did->label.data(), system::pointers(next.moved->did->sent)};
          note(judge.step(view, &s.ports[at].endpoints[1 - self], &flight[self], &flight[1 - self]).certain,
               depth + 1);
        }
        if (alike) std::sort(next.state.ports.begin(), next.state.ports.end());
        if (result.states.insert(next.state).second) next_level.push_back(std::move(next.state));
      }
    }
    level = std::move(next_level);
  }
  return result;
}

// How many ways there are to number the ports of a state.
std::uint64_t arrangements(ports_state s) {
  std::sort(s.ports.begin(), s.ports.end());
  std::uint64_t result = 1, alike = 0;
  for (std::size_t i = 0; i < s.ports.size(); ++i) {
    alike = i > 0 && s.ports[i] == s.ports[i - 1] ? alike + 1 : 1;
    result = result * (i + 1) / alike;
  }
  return result;
}

// The number of states and steps, the bounds that are met, and for each property whether it is violated and
// in how many steps.
void agrees_with_plain_exploration(asked a) {
  const auto input = load(a);
  const exploration plain = explore(*input, true), numbered = explore(*input, false);

  // A goal that is never reached: everything is explored.
  const properties::property_set p = properties_of(*input);
  properties::monitored_system monitored(*input->composition, p);
  properties::pool_system<checker::wide> pool(monitored);
  checker::enumerating_search<properties::pool_system<checker::wide>> search(pool);
  const checker::statistics found = search.run({}, {});
  EXPECT_EQ(found.states, plain.states.size());
  EXPECT_EQ(found.transitions, plain.transitions);
  EXPECT_EQ(properties::bounds_of(found.seen), plain.met);
  for (std::size_t i = 0; i < p.all.size(); ++i)
    EXPECT_EQ((found.seen & properties::violated(i)) != 0, plain.violated.contains(i)) << p.all[i].name;

  std::uint64_t all = 0;
  for (const ports_state& s : plain.states) all += arrangements(s);
  EXPECT_EQ(all, numbered.states.size());
  EXPECT_EQ(plain.violated, numbered.violated);

  for (const unsigned threads : {1u, 3u}) {
    const cli::check_result told = checked(a, threads);
    for (std::size_t i = 0; i < p.all.size(); ++i) {
      const cli::answer& answer = told.answers[i];
      EXPECT_EQ(answer.says == verdict::violated, plain.violated.contains(i)) << answer.property;
      if (answer.says == verdict::violated) {
        EXPECT_EQ(answer.trace->length(), plain.violated.at(i)) << answer.property;
      }
    }
  }
}

TEST(ports, search_agrees_with_plain_exploration) {
  agrees_with_plain_exploration(
      {"rfc9293", "ports", {"port-available"}, {"local_ports=2", "demand_every=3"}});
  agrees_with_plain_exploration(
      {"rfc9293", "ports", {"port-available"}, {"local_ports=2", "demand_every=2"}});
  agrees_with_plain_exploration(
      {"rfc9293", "ports", {"port-available"}, {"local_ports=3", "demand_every=1", "time_wait=2"}});
  agrees_with_plain_exploration(
      {"rfc9293", "ports", {"port-available"}, {"local_ports=2", "demand_every=2", "time_wait=1", "loss=1"}});
  agrees_with_plain_exploration(
      {"rfc9293", "ports", {"port-available"}, {"local_ports=1", "demand_every=9", "lifetime=2"}});
  agrees_with_plain_exploration({"rfc9293",
                                 "ports",
                                 {"port-available", "time-wait-kept", "agreement"},
                                 {"local_ports=1", "demand_every=5", "loss=1"}});
}
TEST(ports, search_agrees_with_plain_exploration_where_the_server_waits) {
  for (const char* protocol : {"rfc9293", "rfc1337", "time-wait-syn-reopens"})
    agrees_with_plain_exploration({protocol,
                                   "ports-server-closes",
                                   {"port-available"},
                                   {"local_ports=2", "demand_every=2", "time_wait=3"}});
}
TEST(ports, search_agrees_with_plain_exploration_where_the_connection_is_kept) {
  agrees_with_plain_exploration(
      {"rfc9293", "ports-kept", {"port-available"}, {"local_ports=1", "demand_every=1"}});
  agrees_with_plain_exploration(
      {"rfc9293", "ports-kept", {"port-available"}, {"local_ports=2", "demand_every=1"}});
}

// That a port is as new when nothing is left of its last connection changes no verdict and no shortest run:
// the same without forgetting, where every connection has new numbers, for as long as there are incarnations.
TEST(ports, being_as_new_changes_no_verdict) {
  for (const auto& [number, every] : {std::pair(1, 4), std::pair(1, 5), std::pair(2, 2), std::pair(2, 3)}) {
    const asked a{"rfc9293",
                  "ports",
                  {"port-available"},
                  {fmt::format("local_ports={}", number), fmt::format("demand_every={}", every)}};
    const auto input = load(a);
    auto remembering = std::make_shared<language::composition>(*input->composition);
    for (auto& slots : remembering->scenario.ports.forget) slots.clear();
    for (auto& side : remembering->scenario.sides) side.incarnations = 5;
    check_input other = *input;
    other.composition = remembering;
    language::diagnostics errors;
    const auto forgets = cli::check(*input, {}, {}, errors), remembers = cli::check(other, {}, {}, errors);
    ASSERT_TRUE(forgets && remembers);
    EXPECT_EQ(forgets->answers[0].says, remembers->answers[0].says) << number << " " << every;
    EXPECT_LT(forgets->statistics.states, remembers->statistics.states);
    if (forgets->answers[0].trace) {
      EXPECT_EQ(forgets->answers[0].trace->length(), remembers->answers[0].trace->length());
    }
    EXPECT_EQ(forgets->bounds_met, 0u);
    if (remembers->answers[0].says == verdict::holds) {
      EXPECT_EQ(remembers->bounds_met, std::uint32_t{system::bound_incarnations});
    }
  }
}

// ---- The law (docs/ports.md) ----

// P ports suffice for a connection every t ticks exactly if P t > T + 4 (L - 1) + k R: TIME-WAIT, the longest
// time that four segments take, and the retransmissions of the segments that are lost.
TEST(ports, suffice_exactly_if_the_law_says_so) {
  for (const auto& [lifetime, losses] : {std::pair(1, 0), std::pair(2, 0), std::pair(1, 1)})
    for (int time_wait = lifetime; time_wait <= (lifetime == 1 && losses == 0 ? 6 : 3); ++time_wait)
      for (int number = 1; number <= (lifetime == 1 && losses == 0 ? 4 : 2); ++number) {
        const int rto = 3, longest = time_wait + 4 * (lifetime - 1) + losses * rto;
        for (int every = 1; every <= longest / number + 1; ++every) {
          const asked a{"rfc9293",
                        "ports",
                        {"port-available"},
                        {fmt::format("local_ports={}", number), fmt::format("demand_every={}", every),
                         fmt::format("time_wait={}", time_wait), fmt::format("rto={}", rto),
                         fmt::format("lifetime={}", lifetime), fmt::format("loss={}", losses)}};
          const verdict expected = number * every > longest ? verdict::holds : verdict::violated;
          const cli::check_result result = checked(a);
          EXPECT_STREQ(cli::name_of(result.answers[0].says), cli::name_of(expected))
              << "P " << number << ", t " << every << ", T " << time_wait << ", L " << lifetime << ", k "
              << losses;
        }
      }
}

// With T < L a port is used again before the last acknowledgement is there: the SYN meets LAST-ACK, and
// waits.
TEST(ports, are_taken_longer_where_time_wait_ends_before_the_last_acknowledgement_arrives) {
  const cli::check_result result = checked(
      {"rfc9293", "ports-late", {"port-available"}, {"local_ports=2", "demand_every=3", "time_wait=1"}});
  ASSERT_EQ(result.answers[0].says, verdict::violated);
  bool met = false;
  for (const system::ports_successor& s : result.answers[0].trace->ports->steps) {
    const auto& p = result.answers[0].trace->on->protocols[0];
    if (s.moved && s.moved->by.kind == system::step_kind::deliver && s.moved->by.side == 1 && s.moved->did)
      met =
          met || (s.moved->by.segment[0] == 1 &&
                  (*p.states)[static_cast<std::size_t>(s.moved->state.endpoints[1][language::state_slot])] ==
                      "LAST-ACK");
  }
  EXPECT_TRUE(met);
}

// The table of docs/ports.md: the shortest interval for 1 to 4 ports and a TIME-WAIT of 1 to 6.
TEST(ports, table_of_the_documentation_is_the_law) {
  std::ifstream page(TCPMC_SOURCE_DIR "/docs/ports.md");
  std::set<int> rows;
  for (std::string line; std::getline(page, line);) {
    std::istringstream cells(line);
    char bar = 0;
    int number = 0;
    if (!(cells >> bar >> number >> bar) || line[0] != '|') continue;
    rows.insert(number);
    for (int time_wait = 1; time_wait <= 6; ++time_wait) {
      int every = 0;
      ASSERT_TRUE(cells >> every >> bar) << line;
      EXPECT_GT(number * every, time_wait) << line;
      EXPECT_LE(number * (every - 1), time_wait) << line;
    }
  }
  EXPECT_EQ(rows, (std::set<int>{1, 2, 3, 4}));
}

// ---- Runs ----

TEST(ports, runs_are_written_read_and_replayed) {
  const auto input = load({"rfc9293", "ports", {"port-available"}, {"local_ports=2", "demand_every=2"}});
  language::diagnostics errors;
  const auto result = cli::check(*input, {}, {}, errors);
  ASSERT_TRUE(result && result->answers[0].trace) << errors.text();
  cli::question q;
  q.protocol = "rfc9293";
  q.scenario = "ports";
  q.properties = {"port-available"};
  const traces::trace t = cli::trace_of(q, *input, result->answers[0]);
  const std::string ladder = traces::ladder(t);
  EXPECT_NE(ladder.find("port 2: the client wants something; A calls OPEN active"), std::string::npos)
      << ladder;
  EXPECT_NE(ladder.find("the client wants something, and no port can serve it"), std::string::npos) << ladder;

  language::source_store store;
  const language::source& file = store.add("trace.json", traces::to_json(t, "0"));
  const auto recorded = traces::read_trace(file, errors);
  ASSERT_TRUE(recorded) << errors.text();
  const auto steps = traces::recorded_ports_steps(*recorded, *input->composition, errors);
  ASSERT_TRUE(steps) << errors.text();
  const properties::property_set p = properties_of(*input);
  auto run = traces::replay(plain_ports(*input->composition, p.observers), *steps);
  ASSERT_TRUE(run);
  EXPECT_TRUE(cli::violates(*input->composition, p, 0, *run));
  traces::trace again = t;
  again.ports = run;
  EXPECT_TRUE(traces::matches(*recorded, again, errors)) << errors.text();
  EXPECT_EQ(traces::ladder(again), ladder);

  // At another port it is another run, and without its end it shows nothing.
  std::vector<system::ports_step> wrong = *steps;
  for (system::ports_step& s : wrong)
    if (s.event == ports_event::at_port) s.port = 0;
  EXPECT_FALSE(traces::replay(plain_ports(*input->composition, p.observers), wrong));
  run->steps.pop_back();
  EXPECT_FALSE(cli::violates(*input->composition, p, 0, *run));
}

// ---- What is refused ----

std::string mistakes_of(const std::string& scenario_text, const std::string& property = "port-available",
                        const std::string& property_text = "") {
  auto files = std::make_shared<language::library>();
  files->preload("s.json", scenario_text);
  if (!property_text.empty()) files->preload("p.json", property_text);
  language::diagnostics errors;
  cli::question q;
  q.protocol = "rfc9293";
  q.scenario = "s.json";
  q.properties = {property_text.empty() ? property : "p.json"};
  const auto input = cli::load(q, files, errors);
  if (input) properties::load_properties(input->properties, *input->composition, errors);
  return errors.text();
}

std::string scenario_with(const std::string& ports, const std::string& time = "timed",
                          const std::string& network = R"("loss": 0)", const std::string& application = "") {
  return fmt::format(R"({{ "scenario": "s", "A": {{ "application": [{}] }}, "B": {{ "start": "LISTEN" }},)"
                     R"( "network": {{ {} }}, "time": "{}"{} }})",
                     application, network, time, ports.empty() ? "" : ", \"ports\": " + ports);
}

TEST(ports, mistakes_are_explained) {
  std::string seventeen = R"({ "call": "OPEN active" })";
  for (int i = 0; i < 16; ++i) seventeen += R"(, { "call": "OPEN active" })";
  const std::string good = R"({ "number": 2, "every": 3, "demand": [{ "call": "OPEN active" }] })";
  EXPECT_EQ(mistakes_of(scenario_with(good)), "");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {mistakes_of(scenario_with("3")), "\"ports\" is an object"},
      {mistakes_of(scenario_with(R"({ "every": 3, "demand": [{ "call": "OPEN active" }] })")),
       "\"number\" is missing"},
      {mistakes_of(scenario_with(R"({ "number": 17, "every": 3, "demand": [{ "call": "OPEN active" }] })")),
       "17 is out of range 1..16"},
      {mistakes_of(scenario_with(R"({ "number": 2, "every": 0, "demand": [{ "call": "OPEN active" }] })")),
       "0 is out of range 1..250"},
      {mistakes_of(scenario_with(R"({ "number": 2, "every": 3 })")), "\"demand\" is an array"},
      {mistakes_of(scenario_with(fmt::format(R"({{ "number": 2, "every": 3, "demand": [{}] }})", seventeen))),
       "at most 16 calls can serve a demand"},
      {mistakes_of(scenario_with(R"({ "number": 2, "every": 3, "demand": [{ "call": "OPEN" }] })")),
       "unknown user call 'OPEN'"},
      {mistakes_of(scenario_with(
           R"({ "number": 2, "every": 3, "demand": [{ "call": "OPEN active", "times": 2 }] })")),
       "times"},
      {mistakes_of(scenario_with(
           R"({ "number": 2, "every": 3, "demand": [{ "call": "OPEN active" }], "forget": ["next_isnn"] })")),
       "did you mean 'next_isn'"},
      {mistakes_of(scenario_with(
           R"({ "number": 2, "every": 3, "demand": [{ "call": "OPEN active" }], "forget": ["una"] })")),
       "not a variable that outlives the TCB"},
      {mistakes_of(scenario_with(good, "untimed")), "\"ports\" need time"},
      {mistakes_of(scenario_with(good, "timed", R"("loss": "unlimited", "duplication": "unlimited")")),
       "cannot be decided on the unlimited network"},
      {mistakes_of(scenario_with("")), "about a client with several ports"},
      {mistakes_of(scenario_with(good, "untimed", R"("loss": 0)", R"({ "call": "CLOSE", "prompt": true })")),
       "a prompt call needs time"},
      {mistakes_of(scenario_with(good, "timed", R"("loss": 0)", R"({ "call": "CLOSE", "prompt": "soon" })")),
       "\"prompt\" is true or false"},
      {mistakes_of(
           scenario_with(good, "timed", R"("loss": 0)", R"({ "call": "CLOSE", "times": "unlimitd" })")),
       "unlimited"},
      {mistakes_of(scenario_with(""), "",
                   R"({ "property": "p", "says": "s", "never": "ports(state == CLOSED) > 1" })"),
       "there are no ports to count"},
      {mistakes_of(
           scenario_with(good), "",
           R"({ "property": "p", "says": "s", "never": "state == CLOSED && ports(state == CLOSED) > 1" })"),
       "can look at an endpoint only in ports"},
      {mistakes_of(scenario_with(good), "",
                   R"({ "property": "p", "says": "s", "never step": "ports(state == CLOSED) > 1" })"),
       "counted in states, not in steps"},
      {mistakes_of(scenario_with(good), "",
                   R"({ "property": "p", "says": "s", "never": "ports(ports(state == CLOSED) > 1) > 1" })"),
       "cannot be counted in"},
      {mistakes_of(scenario_with(good), "",
                   R"({ "property": "p", "says": "s", "never": "ports(began()) > 1" })"),
       "not what a step did"},
      {mistakes_of(scenario_with(good), "",
                   R"({ "property": "p", "says": "s", "never unserved": true, "never": "state == CLOSED" })"),
       "stands alone"},
      {mistakes_of(scenario_with(good), "in-order-exactly-once"), "any number of times"},
  };
  for (const auto& [told, expected] : cases)
    EXPECT_NE(told.find(expected), std::string::npos) << told << expected;
}

// ---- Counting ports, and prompt calls ----

TEST(ports, are_counted) {
  // A connection every 2 ticks, instantly closed, waits 4: three are in TIME-WAIT at once, the oldest about
  // to end.
  for (const auto& [most, expected] : {std::pair(2, verdict::violated), std::pair(3, verdict::holds)}) {
    auto files = std::make_shared<language::library>();
    files->preload(
        "p.json", fmt::format(R"({{ "property": "p", "says": "s", "never": "ports(state == TIME-WAIT) > {}",)"
                              R"( "witness": "ports(state == TIME-WAIT) > 0" }})",
                              most));
    language::diagnostics errors;
    cli::question q;
    q.protocol = "rfc9293";
    q.scenario = "ports";
    q.properties = {"p.json", "port-available"};
    for (const char* s : {"local_ports=4", "demand_every=2", "time_wait=4"})
      q.settings.push_back(setting_of(s, files->sources()));
    const auto input = cli::load(q, files, errors);
    ASSERT_TRUE(input) << errors.text();
    const auto result = cli::check(*input, {}, {}, errors);
    ASSERT_TRUE(result) << errors.text();
    EXPECT_EQ(result->answers[0].says, expected) << most;
    EXPECT_EQ(result->answers[1].says, verdict::holds);
  }
}

TEST(ports, time_waits_for_a_prompt_call_only) {
  const auto input = load({"rfc9293", "ports", {"port-available"}, {}});
  const properties::property_set p = properties_of(*input);
  const system::plain_system on(*input->composition, p.observers);
  std::set<system::plain_state> seen = {on.initial()};
  std::vector<system::plain_state> waiting(seen.begin(), seen.end());
  int stopped = 0, passed = 0;
  std::uint32_t met = 0;
  while (!waiting.empty() && seen.size() < 2000) {
    const system::plain_state s = std::move(waiting.back());
    waiting.pop_back();
    bool prompt = false, ticks = false;
    for (const system::plain_successor& next : on.successors(s, met)) {
      const auto side = static_cast<std::size_t>(next.by.side);
      prompt = prompt || (next.by.kind == system::step_kind::call &&
                          input->composition->scenario.sides[side]
                              .application[static_cast<std::size_t>(next.by.which)]
                              .prompt);
      ticks = ticks || next.by.kind == system::step_kind::tick;
      if (seen.insert(next.state).second) waiting.push_back(next.state);
    }
    EXPECT_FALSE(prompt && ticks);
    stopped += prompt;
    passed += ticks;
  }
  EXPECT_GT(stopped, 0);
  EXPECT_GT(passed, 0);
}

}  // namespace
}  // namespace tcpmc
