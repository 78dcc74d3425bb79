#include "cli/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tcpmc::cli {
namespace {

using language::budget;
using language::delivery_order;
using language::time_mode;

std::string amount(const budget& b, const char* what, bool met) {
  if (b.unlimited) return fmt::format("any number of {}", what);
  if (b.count == 0) return fmt::format("no {}", what);
  return fmt::format("up to {} {} ({})", b.count, what, met ? "used up" : "not used up");
}

int parameter(const language::protocol& p, const char* name) {
  const auto found = std::find_if(p.parameters.begin(), p.parameters.end(), [&](const auto& x) { return x.name == name; });
  return found == p.parameters.end() ? -1 : found->value;
}

}  // namespace

void describe_coverage(const language::composition& c, check_result& result) {
  const language::scenario& s = c.scenario;
  const language::network& n = s.network;
  const auto met = [&](std::uint32_t bound) { return (result.bounds_met & bound) != 0; };
  std::vector<std::string>& covers = result.covers;
  std::vector<std::string>& beyond = result.does_not_cover;

  covers.push_back(amount(n.loss, "losses", met(system::bound_losses)));
  covers.push_back(amount(n.duplication, "duplicates", met(system::bound_duplicates)));
  covers.push_back(n.order == delivery_order::fifo ? "delivery in order" : "any order of delivery");
  covers.push_back(n.lifetime == 0 ? "any age of segments" : fmt::format("segments that live {} ticks", n.lifetime));
  if (!n.is_set())
    covers.push_back(fmt::format("up to {} segments in flight a direction ({})", n.capacity,
                                 met(system::bound_capacity) ? "reached" : "not reached"));
  const int a = s.sides[0].incarnations, b = s.sides[1].incarnations;
  covers.push_back(fmt::format("up to {} incarnation(s) an endpoint ({})",
                               a == b ? std::to_string(a) : fmt::format("{} (A) and {} (B)", a, b),
                               met(system::bound_incarnations) ? "reached" : "not reached"));
  std::string calls;
  for (std::size_t side = 0; side < 2; ++side)
    for (const language::intention& i : s.sides[side].application)
      calls += fmt::format("{}{}: {}{}", calls.empty() ? "" : ", ", side == 0 ? "A" : "B", i.call_name,
                           i.times == 1 ? "" : fmt::format(" x{}", i.times));
  covers.push_back(fmt::format("user calls in any order allowed: {}", calls.empty() ? "none" : calls));
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
    if (const int v = parameter(c.protocols[0], name); v >= 0 && (s.time != time_mode::untimed || std::string_view(name) == "window"))
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
