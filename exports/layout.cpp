#include "exports/layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace tcpmc::exports {

using namespace language;  // NOLINT: a layout is made of the language's parts

namespace {

// Words that C, Murphi or the code around SPIN's verifier take for something else.
const std::set<std::string>& reserved() {
  static const std::set<std::string> words = {"auto",
                                              "break",
                                              "case",
                                              "char",
                                              "const",
                                              "continue",
                                              "default",
                                              "do",
                                              "double",
                                              "else",
                                              "enum",
                                              "extern",
                                              "float",
                                              "for",
                                              "goto",
                                              "if",
                                              "inline",
                                              "int",
                                              "long",
                                              "register",
                                              "restrict",
                                              "return",
                                              "short",
                                              "signed",
                                              "sizeof",
                                              "static",
                                              "struct",
                                              "switch",
                                              "typedef",
                                              "union",
                                              "unsigned",
                                              "void",
                                              "volatile",
                                              "while",
                                              "unix",
                                              "linux",
                                              "alias",
                                              "array",
                                              "assert",
                                              "assume",
                                              "begin",
                                              "boolean",
                                              "by",
                                              "clear",
                                              "cover",
                                              "elsif",
                                              "end",
                                              "endalias",
                                              "endexists",
                                              "endfor",
                                              "endforall",
                                              "endfunction",
                                              "endif",
                                              "endprocedure",
                                              "endrecord",
                                              "endrule",
                                              "endruleset",
                                              "endstartstate",
                                              "endswitch",
                                              "endwhile",
                                              "error",
                                              "exists",
                                              "false",
                                              "forall",
                                              "function",
                                              "invariant",
                                              "isundefined",
                                              "liveness",
                                              "multiset",
                                              "multisetadd",
                                              "multisetcount",
                                              "multisetremove",
                                              "of",
                                              "procedure",
                                              "process",
                                              "program",
                                              "put",
                                              "record",
                                              "rule",
                                              "ruleset",
                                              "scalarset",
                                              "startstate",
                                              "then",
                                              "to",
                                              "true",
                                              "type",
                                              "undefine",
                                              "union",
                                              "var",
                                              "now",
                                              "max",
                                              "rand",
                                              "rot",
                                              "final",
                                              "mix",
                                              "q_sz",
                                              "ulong",
                                              "ushort",
                                              "uchar",
                                              "age"};
  return words;
}

std::string unique(std::string name, std::set<std::string>& taken) {
  while (!taken.insert(name).second) name += '_';
  return name;
}

// Bounds of a value of this type that passes the checks of the rules.
void widen(field& f, const type& of, int modulus, bool wraps) {
  constexpr int most = 1'000'000'000;
  f.boolean = of.is == type::kind::boolean;
  switch (of.is) {
    case type::kind::boolean:
      f.high = 1;
      break;
    case type::kind::integer:
      f.low = std::max(-most, std::min(f.low, of.low));
      f.high = std::min(most, std::max(f.high, of.high));
      break;
    case type::kind::sequence:
      f.high = std::max(f.high, wraps ? modulus - 1 : (modulus - 1) / 2);
      break;
    case type::kind::word:
      f.high = std::max(f.high, static_cast<int>(of.words->size()) - 1);
      break;
  }
}

bool same(const code& a, const code& b) {
  return a.is == b.is && a.where == b.where && a.value == b.value && a.length == b.length &&
         a.modular == b.modular &&
         std::equal(a.args.begin(), a.args.end(), b.args.begin(), b.args.end(), same);
}

constexpr int most_ways = 1001;

// How many values a choice has, as far as its text shows it: 32 where it does not.
int alternatives(const instruction& i) {
  const code &low = i.args[0], &high = i.args[1];
  if (same(low, high)) return 1;
  if (low.is == operation::constant && high.is == operation::constant)
    return std::max(1, high.value - low.value + 1);
  if (high.is == operation::add && same(high.args[0], low) && high.args[1].is == operation::constant)
    return std::max(1, high.args[1].value + 1);
  return 32;
}

// How many ways one event may go, as far as the rules show it: of every list that it runs one rule fires, and
// of the output rules one once.
int ways(const protocol& p) {
  const auto of_list = [&](const std::vector<int>& list) {
    int most = 1;
    for (const int r : list) {
      int product = 1;
      for (const instruction& i : p.rules[static_cast<std::size_t>(r)].body)
        if (i.is == verb::choose) product = std::min(most_ways, product * alternatives(i));
      most = std::max(most, product);
    }
    return most;
  };
  int arrival = 1, event = 1;
  for (const stage& s : p.stages) arrival = std::min(most_ways, arrival * of_list(s.rules));
  for (const auto& list : p.call_rules) event = std::max(event, of_list(list));
  for (const auto& list : p.time_out_rules) event = std::max(event, of_list(list));
  return std::min(most_ways, std::max(event, arrival) * of_list(p.output_rules));
}

}  // namespace

std::string about(std::size_t number, const properties::property& p) {
  const std::string cited = p.cite.empty() ? "" : fmt::format(" [{}]", p.cite);
  return fmt::format("property {}: {}: {}{}", number + 1, p.name, p.says, cited);
}

std::string identifier(const std::string& name) {
  std::string result;
  for (const char c : name) result += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  if (result.empty() || std::isdigit(static_cast<unsigned char>(result[0])) != 0) result = "n" + result;
  return reserved().count(result) != 0 ? result + "_" : result;
}

layout::layout(const language::composition& c, const properties::property_set& p, const options& o)
    : composition(c), properties(p) {
  const protocol& first = c.protocols[0];
  const network& n = c.scenario.network;
  modulus = first.modulus;
  wraps = first.wraps;
  wire = first.segment_slots();
  is_set = n.is_set();
  fifo = n.order == delivery_order::fifo;
  capacity = is_set ? o.room : n.capacity;
  for (const system::observers& all : p.observers) observed = observed || !all.rules.empty();

  std::set<std::string> taken;
  for (const std::string& s : *first.states) states.push_back(unique("S_" + identifier(s), taken));
  for (const std::string& s : *first.signals) signals.push_back(unique("N_" + identifier(s), taken));

  // An endpoint, in the order of its slots.
  taken.clear();
  const std::array<endpoint_layout, 2> at = {endpoint_layout(first, c.scenario.sides[0]),
                                             endpoint_layout(c.protocols[1], c.scenario.sides[1])};
  for (std::size_t side = 0; side < 2; ++side) {
    int count = at[side].observers;
    for (const system::observer& v : p.observers[side].variables) count += std::max(1, v.variable.length);
    slots[side].resize(static_cast<std::size_t>(count));
  }
  const auto add = [&](field f, std::array<int, 2> slot) {
    f.name = unique(f.name, taken);
    for (std::size_t side = 0; side < 2; ++side)
      if (slot[side] >= 0) slots[side][static_cast<std::size_t>(slot[side])] = f.name;
    endpoint.push_back(std::move(f));
  };
  const auto add_variable = [&](const std::array<const variable*, 2>& v, const std::string& says) {
    field f{identifier(v[0]->name), says, false, 0, 0, std::max(v[0]->length, v[1]->length), {}};
    for (std::size_t side = 0; side < 2; ++side) {
      widen(f, v[side]->of, modulus, wraps);
      f.initial[side] = v[side]->initial;
      f.low = std::min(f.low, v[side]->initial);
      f.high = std::max(f.high, v[side]->initial);
    }
    f.lives = v[0]->lives;
    add(std::move(f), {v[0]->slot, v[1]->slot});
  };
  add({"state",
       "",
       false,
       0,
       static_cast<int>(states.size()) - 1,
       0,
       {c.scenario.sides[0].start, c.scenario.sides[1].start}},
      {state_slot, state_slot});
  for (std::size_t i = 0; i < first.variables.size(); ++i)
    add_variable({&first.variables[i], &c.protocols[1].variables[i]}, "");
  for (std::size_t t = 0; t < first.timers.size(); ++t) {
    const int timer = static_cast<int>(t);
    const bool counted = counts(0, timer) || counts(1, timer);
    add({"timer_" + identifier(first.timers[t].name),
         "ticks left; -1: not running",
         false,
         -1,
         counted ? 250 : 0,
         0,
         {-1, -1}},
        {first.timer_slot(timer), c.protocols[1].timer_slot(timer)});
    timers.push_back(endpoint.back().name);
  }
  // Counters of the application, one an intention; a side with fewer of them leaves the others at 0.
  const std::size_t intentions =
      std::max(c.scenario.sides[0].application.size(), c.scenario.sides[1].application.size());
  for (std::size_t i = 0; i < intentions; ++i) {
    field f{"may_" + std::to_string(i), "", false, 0, 0, 0, {}};
    std::array<int, 2> slot{-1, -1};
    for (std::size_t side = 0; side < 2; ++side) {
      if (i >= c.scenario.sides[side].application.size()) continue;
      const intention& wanted = c.scenario.sides[side].application[i];
      f.says += std::string(f.says.empty() ? "" : "; ") + (side == 0 ? "A: " : "B: ") + wanted.call_name;
      if (!wanted.unlimited) f.initial[side] = wanted.times;
      f.high = std::max(f.high, f.initial[side]);
      slot[side] = at[side].application + static_cast<int>(i);
    }
    f.says = "calls left, " + f.says;
    add(std::move(f), slot);
  }
  for (std::size_t side = 0; side < 2; ++side) {
    attacked = attacked || c.scenario.sides[side].attacker.has_value();
    if (at[side].forgeries < 0) continue;
    const int segments = c.scenario.sides[side].attacker->segments;
    field f{"forgeries_left", "segments that the attacker may forge", false, 0, segments, 0, {}};
    f.initial[side] = segments;
    std::array<int, 2> slot{-1, -1};
    slot[side] = at[side].forgeries;
    add(std::move(f), slot);
    forgeries_left = endpoint.back().name;
  }
  const int most = std::max(c.scenario.sides[0].incarnations, c.scenario.sides[1].incarnations);
  add({"attempts", "incarnations begun", false, 0, most, 0, {}}, {at[0].attempts, at[1].attempts});
  add({"incarnation", "ghost: of the TCB; 0: none", false, 0, most, 0, {}},
      {at[0].incarnation, at[1].incarnation});
  add({"peer_incarnation", "ghost: of the peer, as far as it is known", false, 0, most, 0, {}},
      {at[0].peer_incarnation, at[1].peer_incarnation});
  for (std::size_t i = 0; i < p.observers[0].variables.size(); ++i)
    add_variable({&p.observers[0].variables[i].variable, &p.observers[1].variables[i].variable}, "observer");

  // A segment.
  taken.clear();
  const auto add_to_segment = [&](field f) {
    f.name = unique(f.name, taken);
    segment_slots.push_back(f.name);
    segment.push_back(std::move(f));
  };
  for (const std::string& flag : first.flags) add_to_segment({identifier(flag), "", true, 0, 1, 0, {}});
  for (std::size_t i = 0; i < first.fields.size(); ++i) {
    field f{identifier(first.fields[i].first), "", false, 0, 0, 0, {}};
    for (const protocol& q : c.protocols) widen(f, q.fields[i].second, modulus, wraps);
    add_to_segment(std::move(f));
  }
  add_to_segment({"incarnation", "ghost: the sender's", false, 0, most, 0, {}});
  add_to_segment({"peer_incarnation", "ghost: the sender's", false, 0, most, 0, {}});
  add_to_segment({"isn",
                  "ghost: the sender's initial sequence number",
                  false,
                  0,
                  wraps ? modulus - 1 : (modulus - 1) / 2,
                  0,
                  {}});
  add_to_segment({"answer", "ghost: it speaks for the segment that it answers", true, 0, 1, 0, {}});
  if (attacked)
    add_to_segment(
        {"forged", "ghost: an attacker made it, or it answers one that an attacker made", true, 0, 1, 0, {}});
  add_to_segment({"age", "ticks since it was sent", false, 0, std::max(0, n.lifetime), 0, {}});

  choices = o.choices;
  if (choices == 0)
    for (const protocol& q : c.protocols) choices = std::max(choices, ways(q));
}

bool layout::counts(int side, int timer) const {
  const protocol& p = composition.protocols[static_cast<std::size_t>(side)];
  switch (composition.scenario.time) {
    case time_mode::untimed:
      return false;
    case time_mode::lazy:
      return !p.timers[static_cast<std::size_t>(timer)].any_moment;
    case time_mode::timed:
      return true;
  }
  return false;
}

std::vector<std::pair<std::string, std::string>> ghost_words(const layout& l) {
  std::vector<std::string> ghosts = {"incarnation", "peer_incarnation", "isn", "answer"};
  if (l.attacked) ghosts.emplace_back("forged");
  ghosts.emplace_back("age");
  std::vector<std::pair<std::string, std::string>> words;
  for (std::size_t i = 0; i < ghosts.size(); ++i)
    words.emplace_back("@" + ghosts[i] + "@", l.segment_slots[static_cast<std::size_t>(l.wire) + i]);
  return words;
}

}  // namespace tcpmc::exports
