// Small protocols, scenarios and properties drawn from a seed, to find what nobody thought of.
//
// Protocols are drawn in families. A family shares everything that rules talk about (states, flags, fields,
// variables, timers, the network, the clock); its members differ in their rules, in when their users call,
// and in the property that they are asked. So many members fit into one protocol: each rule first asks for
// its member, by a variable that never changes. Each member comes in 16 breeds: its rules read four more such
// variables, the genes. One exported model then holds all breeds of several members, with a start state each,
// which is what makes thousands of them affordable for a tool that compiles each model (generated_count.cpp).
// One breed of a family of one member is an ordinary small protocol (generated_test.cpp).
//
// Variables have two to eight values, incarnations and calls are few, and output rules undo what lets them
// fire, so no model is infinite. Some are large; who draws has to leave these out.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checker/cover.hpp"
#include "model/language/protocol_source.hpp"
#include "properties/covering.hpp"
#include "properties/monitored.hpp"
#include "tests/drawing.hpp"
#include "tests/enumerated.hpp"
#include "tests/naive.hpp"
#include "tests/reached.hpp"

namespace tcpmc::generated {

constexpr int breeds = 16;

// What is drawn, as the files that a user would write.
struct texts {
  std::string protocol, scenario;
  std::vector<std::string> properties;  // one a member
};

class family {
 public:
  explicit family(unsigned seed) : seed_(seed), d_(seed) {
    for (int i = d_.number(2, 4); i > 0; --i) states_.push_back(fmt::format("S{}", states_.size()));
    order_ = d_.one_of<const char*>({"any", "any", "fifo"});
    time_ = d_.one_of<const char*>({"untimed", "lazy", "timed"});
    is_set_ = order_ == "any" && d_.chance(35);
    number_ = d_.chance(60);
    field_ = d_.chance(is_set_ ? 15 : 60);
    sequence_ = d_.chance(is_set_ ? 15 : 30);
    array_ = d_.chance(20);
    two_timers_ = d_.chance(40);
    stages_ = d_.number(1, 2);
  }

  // The members `which`, in this order, as a model of the first member's breed `breed`. The same member has
  // the same rules in every company.
  texts write(const std::vector<int>& which, int breed) const {
    texts result;
    std::vector<std::string> calls[2], stages[2], times[2], output, wants[4];
    for (std::size_t i = 0; i < which.size(); ++i) {
      member m(*this, static_cast<int>(i), static_cast<unsigned>(which[i]));
      for (auto& list : calls) m.rules(list, 1, 2, {.call = true});
      for (int s = 0; s < stages_; ++s) m.rules(stages[s], 1, 3, {.arrival = true, .stage = s});
      for (int t = 0; t < timers(); ++t) m.rules(times[t], 1, 2, {.timer = t});
      if (m.d.chance(50)) output.push_back(m.output());
      for (auto& want : wants) want.push_back(m.mine(m.d.chance(65) ? "true" : m.guard(1, false)));
      result.properties.push_back(m.property());
    }
    result.protocol = protocol(calls, stages, times, output, breed);
    result.scenario = scenario(wants);
    return result;
  }

 private:
  // Where a rule stands: it decides what the rule may read and do.
  struct place {
    bool call = false, arrival = false;
    int stage = 0;
    int timer = -1;  // whose time-out it is
    bool output = false;
  };

  struct member {
    const family& f;
    int number;
    drawing d;
    int rule = 0;
    bool chooses = false;  // the rule that is being drawn has a choice

    member(const family& of, int i, unsigned which) : f(of), number(i), d(of.seed_ * 1009 + which + 1) {}

    std::string mine(const std::string& guard) const {
      return fmt::format("drawn == {} && ({})", number, guard);
    }
    std::string any(const std::vector<std::string>& from) {
      return from[static_cast<std::size_t>(d.number(0, static_cast<int>(from.size()) - 1))];
    }
    std::string state() { return any(f.states_); }

    // One draw a statement where the order matters: compilers differ in which argument comes first.
    std::string gene() {
      const char* no = d.chance(50) ? "!" : "";
      return fmt::format("{}g{}", no, d.number(0, 3));
    }
    std::string atom(bool arrival) {
      if (d.chance(35)) return gene();
      std::vector<std::string> from = {
          fmt::format("state == {}", state()),         "y", "!y", "state in most", "running(t0)",
          fmt::format("setting == {}", d.number(0, 1))};
      const std::string than = any({"x ==", "x <", "x >=", "x !="});
      if (f.number_) from.push_back(fmt::format("{} {}", than, d.number(0, 2)));
      if (f.sequence_) from.push_back(any({"q == iss", "q < 2", "q - iss > 0", "irs <= q"}));
      if (f.array_) from.push_back(fmt::format("v[{}]", f.number_ && d.chance(50) ? "x" : "1"));
      if (arrival) {
        for (int twice = 0; twice < 2; ++twice) from.insert(from.end(), {"seg.F0", "seg.F1", "!seg.F0"});
        if (f.field_) from.insert(from.end(), {"seg.n == 1", f.number_ ? "seg.n > x" : "seg.n > 0"});
        if (f.sequence_) from.insert(from.end(), {"seg.s == q", "seg.s < q"});
      }
      return any(from);
    }
    std::string guard(int depth, bool arrival) {
      if (depth == 0 || d.chance(35)) return atom(arrival);
      const std::string a = guard(depth - 1, arrival), b = guard(depth - 1, arrival);
      switch (d.number(0, 4)) {
        case 0:
          return fmt::format("({} && {})", a, b);
        case 1:
          return fmt::format("({} || {})", a, b);
        case 2:
          return fmt::format("!({})", a);
        case 3:
          return fmt::format("either({}, {})", a, b);
        default:
          return fmt::format("({} ? {} : {})", gene(), a, b);
      }
    }
    std::string value(bool arrival) {  // in 0..2
      std::vector<std::string> from = {std::to_string(d.number(0, 2)), "y ? 1 : 0", "setting"};
      if (f.number_) from.insert(from.end(), {"x < 2 ? x + 1 : 0", "2 - x", "x > 0 ? x - 1 : 0"});
      if (arrival && f.field_) from.push_back("seg.n");
      return any(from);
    }
    std::string sequence(bool arrival) {
      std::vector<std::string> from = {"q + 1", "iss", "q - 1", "irs + 1"};
      if (arrival) from.push_back("seg.s");
      return any(from);
    }
    std::string send() {
      std::string text = "send";
      const int flags = d.number(1, 7);
      for (int i = 0; i < 2; ++i)
        if ((flags >> i & 1) != 0) text += fmt::format(" F{}", i);
      if (flags >= 4 && d.chance(40)) text += " ANSWER";
      if (text == "send") text += " F0";
      if (f.field_ && d.chance(70))
        text += fmt::format(" n={}", any({"1", "2", f.number_ ? "x" : "setting"}));
      if (f.sequence_ && d.chance(70)) text += fmt::format(" s={}", any({"q", "iss"}));
      return text;
    }
    std::string action(const place& at) {
      std::vector<std::string> from = {fmt::format("goto {}", state()),
                                       fmt::format("goto {}", state()),
                                       send(),
                                       send(),
                                       "start t0",
                                       "stop t0",
                                       "signal told"};
      if (!at.output) from.insert(from.end(), {"y := true", "y := !y", "do both"});
      if (f.two_timers_) from.insert(from.end(), {"start t1", "stop t1"});
      if (f.number_)
        from.insert(from.end(),
                    {"x := " + value(at.arrival), "choose x in 0 .. setting", "x := " + value(at.arrival)});
      if (f.sequence_) from.push_back("q := " + sequence(at.arrival));
      const int element = d.number(0, 2);
      if (f.array_) from.push_back(fmt::format("v[{}] := {}", element, any({"true", "y", "!y"})));
      if (d.chance(6)) from = {"clear", "clear", "crash"};
      if (d.chance(8)) from = {fmt::format("iss := {}", d.number(0, 1))};
      if (at.arrival && d.chance(8)) from = {f.sequence_ ? "irs := seg.s" : "irs := 1"};
      std::string text = any(from);
      // One choice a rule is enough: an exported model has to try all of them in every step.
      while (chooses && text.starts_with("choose")) text = any(from);
      chooses = chooses || text.starts_with("choose");
      if (text != "do both" && d.chance(50)) text += " if " + (d.chance(75) ? gene() : atom(at.arrival));
      return text;
    }
    std::string written(const std::string& when, const std::vector<std::string>& body, bool everywhere) {
      std::vector<std::string> quoted;
      for (const std::string& a : body) quoted.push_back('"' + a + '"');
      chooses = false;
      return fmt::format(R"({{ "id": "m{}-{}", {}"when": "{}", "do": [{}], "cite": "drawn" }})", number,
                         rule++, everywhere ? std::string() : fmt::format(R"("in": "{}", )", state()),
                         mine(when), fmt::join(quoted, ", "));
    }
    void rules(std::vector<std::string>& into, int least, int most, const place& at) {
      std::set<std::string> guards;  // the loader refuses a rule that comes too late for ever
      for (int n = d.number(least, most); n > 0; --n) {
        std::vector<std::string> body;
        const bool refuses = at.call && n > 1 && d.chance(15);
        if (refuses) body = {"refuse"};
        for (int k = refuses ? 0 : d.number(1, 3); k > 0; --k) body.push_back(action(at));
        if (at.call && n == 1) body.push_back(send());  // something shall happen
        // A time-out that nobody answers is soon over, and so is a timer that nobody starts.
        if (at.timer >= 0 && d.chance(50)) body.push_back(fmt::format("start t{}", at.timer));
        if (at.arrival && d.chance(15)) body.push_back("drop");
        if (at.arrival && at.stage + 1 < f.stages_ && d.chance(15)) body.push_back("continue at s1");
        std::string when = "true";
        while (n > 1) {
          when = guard(1, at.arrival);
          if (guards.insert(when).second) break;
        }
        const bool everywhere = (at.call && n == 1) || d.chance(60);
        into.push_back(written(when, body, everywhere));
      }
    }
    std::string output() {
      std::vector<std::string> body = {"y := false"};
      for (int k = d.number(1, 2); k > 0; --k) body.push_back(action({.output = true}));
      return written("y && " + guard(1, false), body, true);
    }
    std::string property() {
      const bool on_step = d.chance(30);
      std::string bad = "state == " + state();
      bad += " && " + (d.chance(50) ? "peer.state == " + state() : guard(1, false));
      if (on_step)
        bad = any({fmt::format("delivered() && seg.F0 && passed({})", state()),
                   fmt::format("signalled(told) && peer.state == {}", state()),
                   fmt::format("began() && old.state == {}", state()),
                   fmt::format("expired(t0) && peer.y && state == {}", state()),
                   "delivered() && seg.incarnation != peer_incarnation",
                   "outgoing(seg.F1) && incoming(seg.F0)"});
      return fmt::format(
          R"({{ "property": "p{}", "says": "drawn", "{}": "drawn == {} && {}", "witness": "drawn == {} && {}" }})",
          number, on_step ? "never step" : "never", number, bad, number, atom(false));
    }
  };

  int timers() const { return two_timers_ ? 2 : 1; }

  std::string protocol(const std::vector<std::string> (&calls)[2],
                       const std::vector<std::string> (&stages)[2],
                       const std::vector<std::string> (&times)[2], const std::vector<std::string>& output,
                       int breed) const {
    drawing d(seed_ + 1);
    const auto list = [](const std::vector<std::string>& rules) {
      return fmt::format("[\n    {}\n  ]", fmt::join(rules, ",\n    "));
    };
    const auto life = [&] { return d.one_of<const char*>({"tcb", "tcb", "endpoint", "stable"}); };
    const int setting = d.number(0, 1), initial = d.number(0, 1);
    std::vector<std::string> variables = {R"("drawn": { "type": "0..99", "life": "stable" })",
                                          R"("iss": "sequence")", R"("irs": "sequence")",
                                          fmt::format(R"("y": {{ "type": "bool", "life": "{}" }})", life())};
    for (int g = 0; g < 4; ++g)
      variables.push_back(fmt::format(R"("g{}": {{ "type": "bool", "life": "stable", "initial": {} }})", g,
                                      (breed >> g & 1) != 0));
    if (number_)
      variables.push_back(
          fmt::format(R"("x": {{ "type": "0..2", "life": "{}", "initial": {} }})", life(), initial));
    if (sequence_) variables.push_back(fmt::format(R"("q": {{ "type": "sequence", "life": "{}" }})", life()));
    if (array_)
      variables.push_back(fmt::format(R"("v": {{ "type": "bool", "length": 3, "life": "{}" }})", life()));
    std::vector<std::string> fields, timer_lines, arrivals, time_outs;
    if (field_) fields.push_back(R"("n": "0..2")");
    if (sequence_) fields.push_back(R"("s": "sequence")");
    for (int t = 0; t < timers(); ++t) {
      const std::string ticks = d.one_of<const char*>({"0", "1", "2", "1 + setting"});
      const std::string lazy = d.one_of<const char*>({"counts", "any moment"});
      timer_lines.push_back(
          fmt::format(R"("t{}": {{ "ticks": "{}", "lazy": "{}", "cite": "drawn" }})", t, ticks, lazy));
      time_outs.push_back(fmt::format(R"("t{}": {})", t, list(times[t])));
    }
    for (int s = 0; s < stages_; ++s)
      arrivals.push_back(
          fmt::format(R"({{ "stage": "s{}", "cite": "drawn", "rules": {} }})", s, list(stages[s])));
    return fmt::format(
        R"json({{
  "protocol": "drawn-{}", "cite": "drawn", "says": "drawn from a seed",
  "parameters": {{ "setting": {{ "type": "0..1", "default": {}, "says": "drawn" }} }},
  "segment": {{ "flags": ["F0", "F1", "ANSWER"], "fields": {{ {} }} }},
  "endpoint": {{
    "states": ["{}"], "groups": {{ "most": ["{}"] }},
    "variables": {{ {} }},
    "timers": {{ {} }},
    "signals": ["told"]
  }},
  "identity": {{ "own": "iss", "peer": "irs", "established": ["S1"], "answer": "ANSWER" }},
  "define": {{ "either(a, b)": "a != b" }},
  "procedures": {{ "both": ["y := !y", "start t0 if y"] }},
  "user calls": {{ "C0": {}, "C1": {} }},
  "segment arrives": [ {} ],
  "time-outs": {{ {} }},
  "output": {}
}})json",
        seed_, setting, fmt::join(fields, ", "), fmt::join(states_, "\", \""),
        fmt::join(states_.begin() + 1, states_.end(), "\", \""), fmt::join(variables, ", "),
        fmt::join(timer_lines, ", "), list(calls[0]), list(calls[1]), fmt::join(arrivals, ", "),
        fmt::join(time_outs, ", "), list(output));
  }

  std::string scenario(const std::vector<std::string> (&wants)[4]) const {
    drawing d(seed_ + 2);
    std::string sides[2];
    for (int side = 0; side < 2; ++side) {
      std::vector<std::string> lines;
      for (int line = 0; line < (side == 0 ? 2 : 1); ++line) {
        const int call = d.number(0, 1), calls = d.one_of({1, 1, 1, 2});
        lines.push_back(fmt::format(R"({{ "call": "C{}", "times": {}, "when": "{}" }})", call, calls,
                                    fmt::join(wants[2 * side + line], " || ")));
      }
      const int start = d.number(0, 1);
      sides[side] = fmt::format(R"({{ "start": "S{}", "application": [ {} ], "set": {{ {} }} }})", start,
                                fmt::join(lines, ", "), d.chance(30) ? R"("setting": 1)" : "");
    }
    const auto budget = [&] {
      return d.one_of<const char*>({"0", "0", "0", "1", "1", "2", "\"unlimited\""});
    };
    const std::string loss = is_set_ ? "\"unlimited\"" : budget();
    // Not both without limit in any order: that would be the unlimited network again.
    std::string copies = is_set_ ? "\"unlimited\"" : budget();
    if (!is_set_ && order_ == "any" && loss[0] == '"' && copies[0] == '"') copies = "0";
    std::string network =
        fmt::format(R"("order": "{}", "loss": {}, "duplication": {})", order_, loss, copies);
    if (time_ != "untimed" && d.chance(80))
      network += fmt::format(R"(, "lifetime": {})", d.one_of({1, 1, 2, 3}));
    if (!is_set_) network += fmt::format(R"(, "capacity": {})", d.one_of({1, 1, 2, 2, 2, 3}));
    return fmt::format(
        R"({{ "scenario": "drawn-{}", "says": "drawn from a seed", "A": {}, "B": {}, "incarnations": {},
  "network": {{ {} }}, "time": "{}", "sequence": {{ "modulus": 8, "wrap": true }} }})",
        seed_, sides[0], sides[1], d.number(1, 2), network, time_);
  }

  unsigned seed_;
  drawing d_;
  std::vector<std::string> states_;
  std::string order_, time_;
  bool is_set_ = false, number_ = false, field_ = false, sequence_ = false, array_ = false,
       two_timers_ = false;
  int stages_ = 1;
};

// A loaded model. `files` owns what the rest points into.
struct model {
  std::unique_ptr<language::library> files;
  std::unique_ptr<const language::composition> composed;
  properties::property_set properties;
};

inline model load(const texts& t) {
  model m;
  m.files = std::make_unique<language::library>();
  m.files->preload("./protocol.json", t.protocol);
  m.files->preload("./scenario.json", t.scenario);
  language::diagnostics errors;
  const auto source = language::load_protocol("./protocol.json", *m.files, {}, errors);
  const auto* scenario = m.files->find("./scenario.json", language::file_kind::scenario, {}, errors);
  std::optional<language::composition> composed;
  if (source && scenario != nullptr) composed = language::compose(*source, *scenario, {}, errors);
  std::vector<const language::document*> documents;
  for (std::size_t i = 0; i < t.properties.size(); ++i) {
    m.files->preload(fmt::format("./p{}.json", i), t.properties[i]);
    documents.push_back(
        m.files->find(fmt::format("./p{}.json", i), language::file_kind::property, {}, errors));
  }
  if (composed && errors.empty()) {
    m.composed = std::make_unique<language::composition>(std::move(*composed));
    if (auto p = properties::load_properties(documents, *m.composed, errors)) m.properties = std::move(*p);
  }
  if (!errors.empty()) throw std::runtime_error(errors.text() + t.protocol + t.scenario);
  return m;
}

// What is found in a model of one member.
struct findings {
  std::uint64_t states = 0, steps = 0;
  std::uint64_t violations = 0, witnesses = 0;  // the states and steps that violate its property, or show it
  std::uint64_t reduced = 0;                    // states of a reduced search
  std::string differences;  // between the searches and the naive explorer; empty if they agree
};

// Explores with the enumerating search, naively, and on the unlimited network with the covering search.
// Nothing if there are more than `most` states.
inline std::optional<findings> explore(const model& m, std::uint64_t most) {
  checker::options limits;
  limits.max_states = most;
  const enumerated searched = enumerate(*m.composed, m.properties, limits);
  const checker::statistics& found = searched.statistics;
  if (found.ended != checker::outcome::complete) return std::nullopt;

  const bool is_set = m.composed->scenario.network.is_set();
  const naive::exploration reference = naive::explore(
      system::plain_system(*m.composed, m.properties.observers), m.properties, 2 * most, is_set);
  findings f{reference.states, reference.transitions, reference.violations[0], reference.witnesses[0], 0, {}};
  const auto unless_same = [&](const std::string& what, auto naively, auto here) {
    if (naively != here) f.differences += fmt::format("{}: naively {}, here {}\n", what, naively, here);
  };
  const auto judged = [&](const std::string& which, properties::marks seen) {
    unless_same(which + ": violated", f.violations > 0, (seen & properties::violated(0)) != 0);
    unless_same(which + ": witness", f.witnesses > 0, (seen & properties::witnessed(0)) != 0);
    unless_same(which + ": bounds met", reference.bounds, properties::bounds_of(seen));
  };
  unless_same("complete", reference.complete, true);
  unless_same("states", reference.states, found.states);
  unless_same("steps", reference.transitions, found.transitions);
  unless_same("depth", reference.depth, static_cast<std::uint64_t>(found.depth));
  judged("enumerating search", found.seen);
  // Each model in another way as well.
  checker::options otherwise;
  otherwise.threads = static_cast<unsigned>(1 + reference.states % 3);
  if (reference.transitions % 2 == 0) otherwise.level_memory = 0;
  constexpr std::array ways{kept::in_a_set, kept::as_codes_of_wide_words, kept::in_a_set_of_wide_words};
  const enumerated other =
      enumerate(*m.composed, m.properties, otherwise, ways[reference.depth % ways.size()]);
  unless_same("searched in another way", true, searched == other);
  if (reference.violated[0]) unless_same("shortest run", *reference.violated[0], searched.paths[0].size());
  if (const auto all = reached::possible(*m.composed, m.properties); !all.empty()) {
    const reached::things whole = reached::by_search(*m.composed, m.properties, {});
    for (const properties::reductions& by : all) {
      const reached::things reduced = reached::by_search(*m.composed, m.properties, by);
      const std::string differences = reached::differences(whole, reduced);
      if (!differences.empty())
        f.differences += fmt::format("reduced by {}{}: {}", by.faults ? "faults " : "",
                                     by.symmetry ? "symmetry" : "", differences);
      f.reduced = reduced.statistics.states;
    }
  }
  if (!is_set) return f;

  properties::monitored_system monitored(*m.composed, m.properties);
  properties::covering_system covering(monitored);
  checker::covering_search cover(covering);
  judged("covering search", cover.run({}, nullptr).seen);
  std::set<properties::covering_system::control> pairs;
  cover.for_each_maximal([&](const auto& control, const auto&) { pairs.insert(control); });
  unless_same("covering search: pairs of endpoints", reference.pairs.size(), pairs.size());
  return f;
}

}  // namespace tcpmc::generated
