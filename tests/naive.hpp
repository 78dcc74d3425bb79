// The naive explorer that everything faster is compared with: breadth-first over the plain system, every
// state in full in an ordinary std::unordered_map, no ids, no tables, no early decisions.
//
// It is written from docs/semantics.md, not from the engine, and shares with the engine only what the plain
// system is made of (the rule interpreter) and the evaluation of a formula. Slow, and meant to stay so.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/system/plain.hpp"
#include "properties/property.hpp"

namespace tcpmc::naive {

using properties::marks;
using properties::property_set;
using system::plain_state;
using system::plain_successor;
using system::plain_system;
using system::values;

using endpoint_pair = std::array<values, 2>;  // rows of A and B
struct deliverable {
  endpoint_pair at;
  int sender = 0;
  values segment;

  auto operator<=>(const deliverable&) const = default;
};
using in_flight = std::array<std::vector<system::flight>, 2>;  // by sender, sorted, as in a plain state

// Whether on the unlimited network `large` can do all that `small` can: every segment is there, no older.
inline bool covers(const in_flight& large, const in_flight& small) {
  for (std::size_t sender = 0; sender < 2; ++sender)
    for (const system::flight& f : small[sender])
      if (std::none_of(large[sender].begin(), large[sender].end(),
                       [&](const system::flight& g) { return g.segment == f.segment && g.age <= f.age; }))
        return false;
  return true;
}

// Of what two states most often differ in.
struct hash {
  std::size_t operator()(const plain_state& s) const {
    std::size_t sum = static_cast<std::size_t>(s.losses) << 8 | static_cast<std::size_t>(s.duplicates);
    const auto add = [&](std::size_t v) { sum = (sum ^ v) * 0x9e3779b97f4a7c15; };
    const auto add_all = [&](const values& all) {
      for (const int v : all) add(static_cast<std::size_t>(v));
    };
    for (const values& row : s.endpoints) add_all(row);
    for (const auto& sent : s.channels) {
      add(sent.size());
      for (const system::flight& f : sent) {
        add_all(f.segment);
        add(static_cast<std::size_t>(f.age));
      }
    }
    return sum ^ sum >> 32;
  }
};

struct exploration {
  bool complete = false;  // every reachable state was explored
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  std::uint64_t depth = 0;                             // the largest distance of a state from the start
  std::vector<std::optional<std::uint64_t>> violated;  // by property: the steps of a shortest violating run
  std::vector<bool> witnessed;                         // by property
  std::vector<std::uint64_t> violations, witnesses;    // by property: the states and steps that show it
  std::uint32_t bounds = 0;
  // Filled on request: the pairs that are reachable, what may arrive at each, and what may be in flight
  // together there, of that the maximal ones.
  std::set<endpoint_pair> pairs;
  std::set<deliverable> deliverables;
  std::map<endpoint_pair, std::set<in_flight>> largest;
};

// Whether nothing can happen any more in `s` although the scenario is not final there: nothing is in flight,
// no user call is possible, no timer runs. A call that only a bound of the run cuts off counts as possible:
// the bound is the run's, not the protocol's.
inline bool stuck(const plain_system& on, const plain_state& s) {
  const language::scenario& scenario = on.made_of().scenario;
  if (!scenario.final || !s.channels[0].empty() || !s.channels[1].empty()) return false;
  for (int side = 0; side < 2; ++side) {
    const system::endpoint_machine& machine = on.machine(side);
    const values& row = s.endpoints[static_cast<std::size_t>(side)];
    if (machine.any_timer_runs(row)) return false;
    const int intentions = static_cast<int>(machine.application().application.size());
    for (int i = 0; i < intentions; ++i) {
      const system::reactions call = machine.call(row, i);
      if (call.cut || !call.all.empty()) return false;
    }
  }
  language::scene view;
  view[language::row::self] = s.endpoints[0].data();
  view[language::row::peer] = s.endpoints[1].data();
  view.modulus = on.made_of().protocols[0].modulus;
  return !language::holds(*scenario.final, view);
}

// The marks of a state by itself.
inline marks judge_state(const plain_system& on, const property_set& p, const properties::judge& judge,
                         const plain_state& s) {
  marks found = judge.state(&s.endpoints[0], &s.endpoints[1]).certain;
  for (std::size_t i = 0; i < p.all.size(); ++i)
    if (p.all[i].stuck && stuck(on, s)) found |= properties::violated(i);
  return found;
}

// The marks of a step. Steps of the network and of the clock move no endpoint, so no property judges them.
inline marks judge_step(const properties::judge& judge, const plain_state& before,
                        const plain_successor& step) {
  if (!step.did) return 0;
  const auto self = static_cast<std::size_t>(step.by.side), peer = 1 - self;
  std::array<std::vector<const int*>, 2> flight;
  for (std::size_t sender = 0; sender < 2; ++sender)
    for (const system::flight& f : step.state.channels[sender]) flight[sender].push_back(f.segment.data());
  const properties::step_view view{step.by.side,
                                   &before.endpoints[self],
                                   &step.state.endpoints[self],
                                   system::arrives(step.by.kind) ? &step.by.segment : nullptr,
                                   step.did->label.data(),
                                   system::pointers(step.did->sent)};
  return judge.step(view, &before.endpoints[peer], &flight[self], &flight[peer]).certain;
}

// Explores all states of `on`, or stops where there are more than `most`. With `collect`, notes the
// reachable pairs of endpoints and what may arrive at each: for the network that is a set.
inline exploration explore(const plain_system& on, const property_set& p, std::uint64_t most, bool collect) {
  exploration result;
  result.violated.resize(p.all.size());
  result.witnessed.resize(p.all.size());
  result.violations.resize(p.all.size());
  result.witnesses.resize(p.all.size());
  const auto note = [&](marks found, std::uint64_t steps) {
    for (std::size_t i = 0; i < p.all.size(); ++i) {
      // Breadth-first, so the states come in order of distance, but a step ends one further.
      if ((found & properties::violated(i)) != 0) {
        result.violated[i] = std::min(steps, result.violated[i].value_or(steps));
        ++result.violations[i];
      }
      if ((found & properties::witnessed(i)) != 0) {
        result.witnessed[i] = true;
        ++result.witnesses[i];
      }
    }
  };
  const properties::judge judge(on.made_of(), p);
  std::unordered_map<plain_state, std::uint64_t, hash> distance;
  std::vector<const plain_state*> queue;  // the map's keys stay where they are
  const auto discover = [&](plain_state s, std::uint64_t steps) {
    const auto [at, fresh] = distance.try_emplace(std::move(s), steps);
    if (!fresh) return;
    queue.push_back(&at->first);
    result.depth = std::max(result.depth, steps);
    note(judge_state(on, p, judge, at->first), steps);
  };
  discover(on.initial(), 0);
  for (std::size_t next = 0; next < queue.size(); ++next) {
    if (queue.size() > most) return result;
    const plain_state& s = *queue[next];
    const std::uint64_t steps = distance.at(s);
    if (collect) {
      result.pairs.insert(s.endpoints);
      for (int sender = 0; sender < 2; ++sender)
        for (const system::flight& f : s.channels[static_cast<std::size_t>(sender)])
          result.deliverables.insert({s.endpoints, sender, f.segment});
      std::set<in_flight>& largest = result.largest[s.endpoints];
      const auto covering = [&](const in_flight& l) { return covers(l, s.channels); };
      if (std::none_of(largest.begin(), largest.end(), covering)) {
        std::erase_if(largest, [&](const in_flight& l) { return covers(s.channels, l); });
        largest.insert(s.channels);
      }
    }
    for (plain_successor& step : on.successors(s, result.bounds)) {
      ++result.transitions;
      note(judge_step(judge, s, step), steps + 1);
      discover(std::move(step.state), steps + 1);
    }
  }
  result.states = distance.size();
  result.complete = true;
  return result;
}

}  // namespace tcpmc::naive
