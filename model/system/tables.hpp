// The composed system on ids and tables: what the searches run on.
//
// Every component of a state (endpoint A, endpoint B, what A has in flight, what B has in flight, the
// network's budgets) is a small id. What a component does depends only on its own id and on what it is
// given, so each reaction is worked out once by the interpreter (endpoint.hpp) and looked up afterwards.
// The meaning is that of the plain system (plain.hpp); tests compare the two.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "model/system/interner.hpp"
#include "model/system/step.hpp"

namespace tcpmc::system {

// Component ids: A, B, segments sent by A, segments sent by B, budgets.
using state = std::array<id, 5>;

// A step as the tables number it. `what`: call, time-out, deliver: the outcome's id; lose, duplicate: the
// entry of the channel's content. describe() turns it into words.
struct table_step {
  step_kind kind = step_kind::tick;
  std::uint8_t side = 0;
  std::uint16_t age = 0;  // deliver: the segment's age
  id what = 0;
};

// One reaction of an endpoint, remembered.
struct outcome {
  id before = 0, after = 0;  // endpoint ids of its side
  id segment = none;         // that arrived, by the other side's numbering
  std::vector<id> sent;      // segments, by its own side's numbering
  std::array<int, language::label_slots> label{};
  int which = 0, choice = 0;  // intention or timer; number among the reactions to the event
  step_kind kind = step_kind::call;
  // Set by the listener: what properties already know of this step, and what they have to look at.
  std::uint64_t certain = 0, open = 0;
};

// Called once for every new outcome, with its rows, so that properties are judged with it.
using outcome_listener = std::function<void(int side, const values& before, const values& after,
                                            const values* segment, outcome& o)>;

class tables {
 public:
  tables(const composition& c, const std::array<observers, 2>& extra, outcome_listener listener);

  state initial();

  // Calls emit(next state, table_step, outcome or null) for every step from `s`, in the order: calls,
  // deliveries, time-outs, losses, duplications, tick; A before B; within a channel by its content.
  // Returns the bounds that were met.
  template <typename Emit>
  std::uint32_t successors(const state& s, Emit&& emit);

  // An endpoint's reactions by id, for the covering search.
  struct event_outcomes {
    std::vector<id> outcomes;
    std::uint32_t met = 0;
  };
  const event_outcomes& arrivals(int side, id endpoint, id segment);
  const event_outcomes& calls(int side, id endpoint) { return local_row(side, endpoint).calls; }
  const event_outcomes& time_outs(int side, id endpoint) { return local_row(side, endpoint).time_outs; }
  id ticked(int side, id endpoint) { return local_row(side, endpoint).ticked; }  // none: a timer is due
  bool timer_runs(int side, id endpoint) { return local_row(side, endpoint).timer_runs; }

  const outcome& outcome_of(id o) const { return outcomes_[o]; }
  values endpoint_row(int side, id endpoint) const;
  values segment_row(int sender, id segment) const;
  std::span<const int> endpoint_values(int side, id e) const { return endpoints_[at(side)].rows[e]; }
  std::span<const int> segment_values(int sender, id s) const { return channels_[at(sender)].segments[s]; }
  std::size_t segment_count(int sender) const { return channels_[at(sender)].segments.size(); }
  std::vector<const int*> in_flight(int sender, id content) const;

  step describe(const state& from, const table_step& s) const;
  const composition& made_of() const { return composition_; }
  const endpoint_machine& machine(int side) const { return endpoints_[at(side)].machine; }

 private:
  static std::size_t at(int side) { return static_cast<std::size_t>(side); }

  struct local {
    bool known = false;
    bool timer_runs = false;
    event_outcomes calls, time_outs;
    id ticked = none;
  };
  struct arrival {
    bool known = false;
    event_outcomes all;
  };
  struct endpoint_tables {
    endpoint_tables(const composition& c, int side, const observers& extra) : machine(c, side, extra) {}
    endpoint_machine machine;
    row_interner rows;
    std::vector<local> locals;                   // by endpoint id
    std::vector<std::vector<arrival>> arrivals;  // by endpoint id, by segment id of the other side
  };
  // A segment in flight, as a content's entry: segment id and age.
  struct entry {
    id segment = 0;
    std::uint16_t age = 0;
    id without = none;     // content with one copy fewer; in a set: the same content
    id duplicated = none;  // content with one copy more; none: full
  };
  struct content {
    bool known = false;
    std::vector<entry> entries;  // of equal neighbours only the first
    id aged = none;              // a tick later; none: something has to be delivered first
    bool full = false;
  };
  struct channel_tables {
    row_interner segments, wires, contents;
    std::vector<id> wire_of;  // by segment id: the segment without its ghost tags
    std::vector<content> by_id;
    tsl::robin_map<std::uint64_t, id, bytes_hash> pushes;  // content and segment -> content; none: full
  };

  const local& local_row(int side, id endpoint);
  const content& content_row(int sender, id channel);
  id push(int sender, id channel, id segment);  // none: full
  bool has_wire(int sender, id channel, id segment) const;
  id intern_segment(int sender, const values& row);
  void add_outcomes(int side, id endpoint, step_kind kind, int which, id segment, const reactions& all,
                    event_outcomes& into);
  // Puts what `o` sends into the channel and charges the budget; false: a bound was met.
  bool send(int side, const outcome& o, state& next, std::uint32_t& met);

  int losses(id budget) const { return static_cast<int>(budget) / (network_.duplication.count + 1); }
  int duplicates(id budget) const { return static_cast<int>(budget) % (network_.duplication.count + 1); }

  const composition& composition_;
  const language::network& network_;
  outcome_listener listener_;
  std::array<endpoint_tables, 2> endpoints_;
  std::array<channel_tables, 2> channels_;
  std::vector<outcome> outcomes_;
  bool is_set_, fifo_, ages_, charges_;
};

template <typename Emit>
std::uint32_t tables::successors(const state& s, Emit&& emit) {
  std::uint32_t met = 0;
  const auto react = [&](const event_outcomes& all, int side, std::uint16_t age, const state& from) {
    met |= all.met;
    // By index: an emit that interns nothing leaves `all` where it is, but sending may grow other tables.
    for (const id o : all.outcomes) {
      state next = from;
      next[at(side)] = outcomes_[o].after;
      if (send(side, outcomes_[o], next, met))
        emit(next, table_step{outcomes_[o].kind, static_cast<std::uint8_t>(side), age, o}, &outcomes_[o]);
    }
  };
  for (int side = 0; side < 2; ++side) react(local_row(side, s[at(side)]).calls, side, 0, s);
  for (int side = 0; side < 2; ++side) {
    const std::size_t channel = at(2 + (1 - side));
    const std::size_t count = content_row(1 - side, s[channel]).entries.size();
    for (std::size_t i = 0; i < count && (!fifo_ || i == 0); ++i) {
      const entry e = channels_[at(1 - side)].by_id[s[channel]].entries[i];
      state from = s;
      from[channel] = e.without;
      react(arrivals(side, s[at(side)], e.segment), side, e.age, from);
    }
  }
  for (int side = 0; side < 2; ++side) react(local_row(side, s[at(side)]).time_outs, side, 0, s);
  if (!is_set_) {
    const id budget = s[4];
    const id per_loss = static_cast<id>(network_.duplication.count + 1);
    for (int side = 0; side < 2; ++side) {
      const content& c = content_row(side, s[at(2 + side)]);
      if (!network_.loss.unlimited && losses(budget) == 0) {
        if (network_.loss.count > 0 && !c.entries.empty()) met |= bound_losses;
        continue;
      }
      for (std::size_t i = 0; i < c.entries.size(); ++i) {
        state next = s;
        next[at(2 + side)] = c.entries[i].without;
        if (!network_.loss.unlimited) next[4] -= per_loss;
        emit(next, table_step{step_kind::lose, static_cast<std::uint8_t>(side), 0, static_cast<id>(i)},
             nullptr);
      }
    }
    for (int side = 0; side < 2; ++side) {
      const content& c = content_row(side, s[at(2 + side)]);
      if (c.entries.empty()) continue;
      if (!network_.duplication.unlimited && duplicates(budget) == 0) {
        if (network_.duplication.count > 0) met |= bound_duplicates;
        continue;
      }
      if (c.full) {
        met |= bound_capacity;
        continue;
      }
      for (std::size_t i = 0; i < c.entries.size(); ++i) {
        state next = s;
        next[at(2 + side)] = c.entries[i].duplicated;
        if (!network_.duplication.unlimited) --next[4];
        emit(next, table_step{step_kind::duplicate, static_cast<std::uint8_t>(side), 0, static_cast<id>(i)},
             nullptr);
      }
    }
  }
  if (composition_.scenario.time != language::time_mode::untimed) {
    state next = s;
    bool possible = true;
    for (int side = 0; side < 2 && possible; ++side) {
      next[at(side)] = local_row(side, s[at(side)]).ticked;
      if (ages_) next[at(2 + side)] = content_row(side, s[at(2 + side)]).aged;
      possible = next[at(side)] != none && next[at(2 + side)] != none;
    }
    if (possible && next != s) emit(next, table_step{step_kind::tick, 0, 0, 0}, nullptr);
  }
  return met;
}

}  // namespace tcpmc::system
