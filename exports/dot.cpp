// Diagrams in Graphviz' DOT, by Boost.Graph's writer.
#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/replace.hpp>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphviz.hpp>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "exports/exports.hpp"
#include "model/system/plain.hpp"

namespace tcpmc::exports {
namespace {

using system::plain_state;
using system::plain_successor;
using system::step_kind;

struct node {
  std::string label;
};
struct arrow {
  std::string label;
};
using graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, node, arrow>;

std::string written(const graph& g, std::string title) {
  boost::replace_all(title, "\\", "\\\\");  // escape_dot_string leaves them, and one may stand at the end
  std::ostringstream out;
  const auto labels = [](auto map) { return boost::make_label_writer(map); };
  boost::write_graphviz(
      out, g, labels(boost::get(&node::label, g)), labels(boost::get(&arrow::label, g)),
      [&](std::ostream& o) {
        o << "label=" << boost::escape_dot_string(title) << ";\nlabelloc=t;\nrankdir=TB;\n"
          << "node [shape=box, fontname=\"monospace\"];\nedge [fontname=\"monospace\", fontsize=10];\n";
      });
  return out.str();
}

std::string show_segment(const language::protocol& p, const system::values& segment) {
  std::string flags, fields;
  std::size_t slot = 0;
  for (const std::string& f : p.flags)
    if (segment[slot++] != 0) flags += (flags.empty() ? "" : ",") + f;
  for (const auto& [name, of] : p.fields) {
    fields += fmt::format(" {}={}", name, of.show(segment[slot]));
    ++slot;
  }
  return flags + fields;
}

std::string show_state(const system::plain_system& on, const plain_state& s) {
  std::string result;
  for (int side = 0; side < 2; ++side) {
    const auto i = static_cast<std::size_t>(side);
    const language::protocol& p = on.machine(side).protocol();
    result += fmt::format("{} {}\n", side == 0 ? "A" : "B",
                          (*p.states)[static_cast<std::size_t>(s.endpoints[i][language::state_slot])]);
    for (const system::flight& f : s.channels[i])
      result += fmt::format("{} {}{}\n", side == 0 ? "A>B" : "B>A", show_segment(p, f.segment),
                            f.age > 0 ? fmt::format(", age {}", f.age) : "");
  }
  result.pop_back();
  return result;
}

std::string show_step(const system::plain_system& on, const plain_successor& next) {
  const system::step& by = next.by;
  const char* name = by.side == 0 ? "A" : "B";
  const language::protocol& p = on.machine(by.side).protocol();
  std::string rules;
  if (next.did)
    for (const int r : next.did->rules) rules += "\n" + p.rules[static_cast<std::size_t>(r)].id;
  const auto which = static_cast<std::size_t>(by.which);
  switch (by.kind) {
    case step_kind::call:
      return fmt::format("{} calls {}{}", name,
                         on.machine(by.side).application().application[which].call_name, rules);
    case step_kind::deliver:
      return fmt::format("to {}: {}{}", name, show_segment(p, by.segment), rules);
    case step_kind::time_out:
      return fmt::format("{}: {}{}", name, p.timers[which].name, rules);
    case step_kind::lose:
      return fmt::format("lost: {}", show_segment(p, by.segment));
    case step_kind::duplicate:
      return fmt::format("copied: {}", show_segment(p, by.segment));
    case step_kind::tick:
      return "tick";
    case step_kind::forge:
      return fmt::format("forged for {}: {}{}", name, show_segment(p, by.segment), rules);
  }
  return "?";
}

}  // namespace

std::string state_diagram(const language::protocol& p) {
  // A rule may be for many states and, with conditions, go to more than one. One that names no state is drawn
  // from a node of its own.
  const std::size_t states = p.states->size(), any = states;
  const std::uint64_t all = (std::uint64_t{1} << states) - 1;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::string>> ways;
  for (const language::rule& r : p.rules)
    for (const language::instruction& i : r.body)
      for (std::size_t from = 0; i.is == language::verb::go_to && from <= any; ++from) {
        const bool everywhere = (r.states & all) == all;
        if (from == any ? !everywhere : everywhere || (r.states >> from & 1) == 0) continue;
        std::vector<std::string>& ids = ways[{from, static_cast<std::size_t>(i.target)}];
        if (std::find(ids.begin(), ids.end(), r.id) == ids.end()) ids.push_back(r.id);
      }
  const bool needs_any =
      std::any_of(ways.begin(), ways.end(), [&](const auto& w) { return w.first.first == any; });
  graph g(states + (needs_any ? 1 : 0));
  for (std::size_t s = 0; s < states; ++s) g[s].label = (*p.states)[s];
  if (needs_any) g[any].label = "(any state)";
  for (const auto& [way, ids] : ways)
    boost::add_edge(way.first, way.second, arrow{fmt::format("{}", fmt::join(ids, "\n"))}, g);
  return written(g, fmt::format("{}: {}", p.name, p.says));
}

std::optional<std::string> reachable_graph(const language::composition& c, const properties::property_set& p,
                                           std::size_t most) {
  const system::plain_system on(c, p.observers);
  graph g;
  std::map<plain_state, std::size_t> number;
  std::vector<const plain_state*> queue;  // the map's keys stay where they are
  const auto vertex = [&](const plain_state& s) {
    const auto [at, fresh] = number.emplace(s, number.size());
    if (fresh) {
      queue.push_back(&at->first);
      boost::add_vertex(node{show_state(on, s)}, g);
    }
    return at->second;
  };
  vertex(on.initial());
  for (std::size_t next = 0; next < queue.size(); ++next) {
    if (queue.size() > most) return std::nullopt;
    std::uint32_t met = 0;
    for (const plain_successor& s : on.successors(*queue[next], met))
      boost::add_edge(next, vertex(s.state), arrow{show_step(on, s)}, g);
  }
  return written(g, fmt::format("{} in {}: {} states, {} steps", c.protocols[0].name, c.scenario.name,
                                boost::num_vertices(g), boost::num_edges(g)));
}

}  // namespace tcpmc::exports
