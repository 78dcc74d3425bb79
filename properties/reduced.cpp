#include "properties/reduced.hpp"

#include <fmt/format.h>

namespace tcpmc::properties {
namespace {

using language::code;
using language::instruction;
using language::row;

// ---- Whether two bound texts are the same, wherever they stand ----

bool same(const language::type& a, const language::type& b) {
  const bool words = a.words == b.words || (a.words && b.words && *a.words == *b.words);
  return a.is == b.is && a.low == b.low && a.high == b.high && words;
}
bool same(const code& a, const code& b);
bool same(const instruction& a, const instruction& b);
bool same(const language::variable& a, const language::variable& b);
bool same(const system::observer& a, const system::observer& b);
bool same(const system::observation& a, const system::observation& b);
template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same(x, y); });
}
template <typename T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}
bool same(const code& a, const code& b) {
  return a.is == b.is && same(a.of, b.of) && a.where == b.where && a.value == b.value &&
         a.length == b.length && a.modular == b.modular && same(a.args, b.args);
}
bool same(const instruction& a, const instruction& b) {
  return a.is == b.is && a.target == b.target && same(a.of, b.of) && a.length == b.length &&
         same(a.args, b.args) && same(a.segment, b.segment) && same(a.only_if, b.only_if);
}
bool same(const language::variable& a, const language::variable& b) {
  return a.slot == b.slot && same(a.of, b.of) && a.lives == b.lives && a.initial == b.initial &&
         a.length == b.length;
}
bool same(const language::intention& a, const language::intention& b) {
  return a.call == b.call && a.times == b.times && a.unlimited == b.unlimited && a.prompt == b.prompt &&
         same(a.when, b.when);
}
bool same(const system::observer& a, const system::observer& b) { return same(a.variable, b.variable); }
bool same(const system::observation& a, const system::observation& b) {
  return same(a.when, b.when) && same(a.body, b.body);
}
bool same_at_both(const std::optional<formula>& f) { return !f || same(f->at[0], f->at[1]); }

std::string text(const language::intention& i) {
  return fmt::format("{} {}{}{}", i.call_name,
                     i.unlimited ? "any number of times" : fmt::format("x{}", i.times),
                     i.prompt ? " promptly" : "", i.when_text.empty() ? "" : " when " + i.when_text);
}

std::optional<std::string> difference(const language::protocol& a, const language::protocol& b) {
  for (std::size_t i = 0; i < a.parameters.size(); ++i) {
    const language::parameter &x = a.parameters[i], &y = b.parameters[i];
    if (x.value != y.value)
      return fmt::format("the parameter '{0}' is {1} at A and {2} at B (--set {0}={1} sets it at both)",
                         x.name, x.of.show(x.value), y.of.show(y.value));
  }
  if (!same(a.variables, b.variables)) return "a variable is declared differently at A and at B";
  for (std::size_t i = 0; i < a.timers.size(); ++i)
    if (!same(a.timers[i].ticks, b.timers[i].ticks))
      return fmt::format("the timer '{}' is not the same at A and at B", a.timers[i].name);
  for (std::size_t i = 0; i < a.rules.size(); ++i)
    if (!same(a.rules[i].when, b.rules[i].when) || !same(a.rules[i].body, b.rules[i].body) ||
        a.rules[i].states != b.rules[i].states)
      return fmt::format("the rule '{}' is not the same at A and at B", a.rules[i].id);
  return std::nullopt;
}

// The formula with A and B exchanged.
code exchanged(code c) {
  if (c.where == row::self)
    c.where = row::peer;
  else if (c.where == row::peer)
    c.where = row::self;
  for (code& a : c.args) a = exchanged(std::move(a));
  return c;
}

}  // namespace

std::optional<std::string> why_not_faults(const composition& c, const property_set& p) {
  const language::network& n = c.scenario.network;
  if (c.scenario.ports.number > 0) return "the scenario has ports, whose search does not know of it";
  if (n.is_set()) return "the network is unlimited: nothing is lost or copied step by step there";
  for (const property& one : p.all)
    for (const auto* f : {&one.never, &one.witness})
      if (*f && (language::needs_absence((*f)->at[0]) || language::needs_absence((*f)->at[1])))
        return fmt::format("the property '{}' asks for the absence of a segment", one.name);
  return std::nullopt;
}

std::optional<std::string> why_not_symmetry(const composition& c, const property_set& p) {
  if (c.scenario.ports.number > 0) return "the scenario has ports, and only A chooses among them";
  if (c.scenario.network.is_set()) return "the network is unlimited: the covering search does without";
  const language::side_of_scenario &a = c.scenario.sides[0], &b = c.scenario.sides[1];
  if (a.start != b.start)
    return fmt::format("A starts in {} and B in {}",
                       (*c.protocols[0].states)[static_cast<std::size_t>(a.start)],
                       (*c.protocols[1].states)[static_cast<std::size_t>(b.start)]);
  if (a.attacker || b.attacker) return fmt::format("the attacker's victim is {}", a.attacker ? "A" : "B");
  if (a.incarnations != b.incarnations)
    return fmt::format("A may begin {} incarnations and B {}", a.incarnations, b.incarnations);
  for (std::size_t i = 0; i < std::max(a.application.size(), b.application.size()); ++i) {
    const auto line = [&](const language::side_of_scenario& s) {
      return i < s.application.size() ? text(s.application[i]) : std::string("nothing");
    };
    if (i >= a.application.size() || i >= b.application.size() || !same(a.application[i], b.application[i]))
      return fmt::format("line {} of the applications is '{}' at A and '{}' at B", i + 1, line(a), line(b));
  }
  if (auto d = difference(c.protocols[0], c.protocols[1])) return d;
  for (const property& one : p.all)
    if (!same_at_both(one.never) || !same_at_both(one.witness))
      return fmt::format("the property '{}' is not the same for A and for B", one.name);
  if (!same(p.observers[0].variables, p.observers[1].variables) ||
      !same(p.observers[0].rules, p.observers[1].rules))
    return "the observers of a property are not the same for A and for B";
  return std::nullopt;
}

composition with_symmetric_final(const composition& c) {
  composition result = c;
  if (!c.scenario.final) return result;
  code both = *c.scenario.final;
  both.is = language::operation::conjunction;
  both.args = {*c.scenario.final, exchanged(*c.scenario.final)};
  result.scenario.final = std::move(both);
  return result;
}

std::vector<system::step> mirrored(std::vector<system::step> steps) {
  for (system::step& s : steps)
    if (s.kind != system::step_kind::tick) s.side = 1 - s.side;
  return steps;
}

std::vector<system::step> told(const system::tables& tables, const std::vector<system::state>& froms,
                               const std::vector<reduced_step>& path) {
  std::vector<system::step> result;
  bool exchange = false;  // the path's states are mirror images of those of the run that is told
  for (std::size_t i = 0; i < path.size(); ++i) {
    std::vector<system::step> steps{tables.describe(froms[i], path[i].by)};
    if (path[i].kept) {
      system::step copy = steps[0];
      copy.kind = system::step_kind::duplicate;
      copy.side = 1 - copy.side;
      copy.which = copy.choice = 0;
      steps.insert(steps.begin(), std::move(copy));
    }
    if (exchange) steps = mirrored(std::move(steps));
    result.insert(result.end(), steps.begin(), steps.end());
    exchange = exchange != path[i].mirrored;
  }
  return result;
}

std::vector<system::step> told(const system::tables& tables, const std::vector<system::state>& froms,
                               const std::vector<system::table_step>& path) {
  std::vector<system::step> result;
  for (std::size_t i = 0; i < path.size(); ++i) result.push_back(tables.describe(froms[i], path[i]));
  return result;
}

}  // namespace tcpmc::properties
