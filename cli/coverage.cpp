#include "cli/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/reporting.hpp"

namespace tcpmc::cli {
namespace {

using language::budget;
using language::delivery_order;
using language::time_mode;

int parameter(const language::protocol& p, const char* name) {
  const auto found =
      std::find_if(p.parameters.begin(), p.parameters.end(), [&](const auto& x) { return x.name == name; });
  return found == p.parameters.end() ? -1 : found->value;
}

}  // namespace

void describe_coverage(const language::composition& c, check_result& result) {
  const language::scenario& s = c.scenario;
  const language::network& n = s.network;
  const auto met = [&](std::uint32_t bound) { return (result.bounds_met & bound) != 0; };
  std::vector<std::string>& covers = result.covers;
  std::vector<std::string>& beyond = result.does_not_cover;

  // Whether a bound was met is only known when everything was explored.
  const bool complete = result.statistics.ended == checker::outcome::complete;
  const auto whether = [&](std::uint32_t bound, const char* yes, const char* no) {
    return complete ? fmt::format(" ({})", met(bound) ? yes : no) : std::string();
  };
  const auto amount = [&](const budget& b, const char* singular, const char* plural, std::uint32_t bound) {
    if (b.unlimited) return fmt::format("any number of {}", plural);
    if (b.count == 0) return fmt::format("no {}", plural);
    return fmt::format("up to {}{}", counted(b.count, singular, plural),
                       whether(bound, "used up", "not used up"));
  };
  covers.push_back(amount(n.loss, "loss", "losses", system::bound_losses));
  covers.push_back(amount(n.duplication, "duplicate", "duplicates", system::bound_duplicates));
  covers.push_back(n.order == delivery_order::fifo ? "delivery in order" : "any order of delivery");
  covers.push_back(n.lifetime == 0
                       ? "any age of segments"
                       : fmt::format("segments that live {}", counted(n.lifetime, "tick", "ticks")));
  if (!n.is_set())
    covers.push_back(fmt::format("up to {} in flight a direction{}",
                                 counted(n.capacity, "segment", "segments"),
                                 whether(system::bound_capacity, "reached", "not reached")));
  const int a = s.sides[0].incarnations, b = s.sides[1].incarnations;
  covers.push_back(fmt::format("up to {} an endpoint{}",
                               a == b ? counted(a, "incarnation", "incarnations")
                                      : fmt::format("{} (A) and {} (B) incarnations", a, b),
                               whether(system::bound_incarnations, "reached", "not reached")));
  std::string calls;
  for (std::size_t side = 0; side < 2; ++side)
    for (const language::intention& i : s.sides[side].application)
      if (!i.on_demand)
        calls += fmt::format("{}{}: {}{}{}{}", calls.empty() ? "" : ", ", side == 0 ? "A" : "B", i.call_name,
                             i.unlimited    ? " any number of times"
                             : i.times == 1 ? ""
                                            : fmt::format(" x{}", i.times),
                             i.prompt ? " promptly" : "",
                             i.when_text.empty() ? "" : fmt::format(" when {}", i.when_text));
  covers.push_back(
      fmt::format("user calls, as the applications allow them: {}", calls.empty() ? "none" : calls));
  for (std::size_t side = 0; side < 2; ++side) {
    if (!s.sides[side].attacker) continue;
    const language::attacker& by = *s.sides[side].attacker;
    covers.push_back(fmt::format(
        "an off-path attacker against {}{}{}, {}: {}", side == 0 ? "A" : "B",
        by.when_text.empty() ? "" : fmt::format(" when {}", by.when_text),
        by.knows.empty() ? "" : fmt::format(", who knows {}", fmt::join(by.knows, ", ")),
        !by.limited ? "any number of forged segments in any order"
                    : fmt::format("{}, {}", counted(by.segments, "forged segment", "forged segments"),
                                  by.listed ? "in this order" : "each any of these"),
        fmt::join(by.texts, "; ")));
    beyond.push_back(by.limited ? "more or other forged segments" : "other forged segments");
  }
  if (s.ports.number > 0) {
    std::string serves;
    for (const int which : s.ports.demand) {
      const language::intention& i = s.sides[0].application[static_cast<std::size_t>(which)];
      serves += fmt::format("{}{}{}", serves.empty() ? "" : ", else ", i.call_name,
                            i.when_text.empty() ? "" : fmt::format(" when {}", i.when_text));
    }
    std::vector<std::string> forgotten;
    for (const language::variable& v : c.protocols[0].variables)
      for (const std::vector<int>& slots : s.ports.forget)
        if (std::find(slots.begin(), slots.end(), v.slot) != slots.end() &&
            (forgotten.empty() || forgotten.back() != v.name))
          forgotten.push_back(v.name);
    covers.push_back(fmt::format(
        "{}, each with budgets of its own; {}, one every {}: {}", counted(s.ports.number, "port", "ports"),
        s.ports.demands == 0 ? "any number of demands"
                             : "up to " + counted(s.ports.demands, "demand", "demands"),
        counted(s.ports.every, "tick", "ticks"), serves));
    covers.push_back(
        fmt::format("a port starts over when nothing is left of its connection{}",
                    forgotten.empty() ? "" : fmt::format(" but {}", fmt::join(forgotten, ", "))));
  }
  switch (s.time) {
    case time_mode::untimed:
      covers.push_back("no clock: any running timer may expire at any moment");
      break;
    case time_mode::lazy:
      covers.push_back("lazy time: segments age, TIME-WAIT counts, retransmission at any moment");
      break;
    case time_mode::timed:
      covers.push_back("exact time: timers expire when their ticks have passed");
      break;
  }
  std::string values;
  for (const char* name : {"msl", "time_wait", "rto", "r2", "window"})
    if (const int v = parameter(c.protocols[0], name);
        v >= 0 && (s.time != time_mode::untimed || std::string_view(name) == "window"))
      values += fmt::format("{}{} = {}", values.empty() ? "" : ", ", name, v);
  if (!values.empty()) covers.push_back(values);

  if (met(system::bound_incarnations)) beyond.push_back("more incarnations");
  if (met(system::bound_losses)) beyond.push_back("more losses");
  if (met(system::bound_duplicates)) beyond.push_back("more duplicates");
  if (met(system::bound_capacity)) beyond.push_back("more segments in flight");
  if (!n.loss.unlimited && n.loss.count == 0) beyond.push_back("losses");
  if (!n.duplication.unlimited && n.duplication.count == 0) beyond.push_back("duplicates");
  if (n.order == delivery_order::fifo) beyond.push_back("reordering");
  beyond.push_back("other user calls");
  if (s.time != time_mode::untimed) beyond.push_back("other times");
  if (parameter(c.protocols[0], "r2") == 0) beyond.push_back("user time-outs");
}

}  // namespace tcpmc::cli
