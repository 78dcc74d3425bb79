// The composed system on ids and tables: what the searches run on.
//
// Every component of a state (endpoint A, endpoint B, what A has in flight, what B has in flight, the
// network's budgets) is a small id. What a component does depends only on its own id and on what it is
// given, so each reaction is worked out once by the interpreter (endpoint.hpp) and looked up afterwards.
// The meaning is that of the plain system (plain.hpp); tests compare the two.
//
// Looking up and working out are kept apart. `successors` only looks up, so that any number of threads may
// call it; what it misses it notes. `learn` works the missing entries out, one after the other and in their
// order, which is where ids are given: they depend on what was missing, and not on who met it first.
#pragma once

#include <tsl/robin_map.h>

#include <algorithm>
#include <array>
#include <compare>
#include <functional>
#include <optional>
#include <ranges>
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
  int side = 0;
  step_kind kind = step_kind::call;
  // Set by the listener: what properties already know of this step, and what they have to look at.
  std::uint64_t certain = 0, open = 0;
};

// Called once for every new outcome, with its rows, so that properties are judged with it.
using outcome_listener = std::function<void(int side, const values& before, const values& after,
                                            const values* segment, outcome& o)>;

// An entry that a look-up did not find. `local`: what endpoint a does by itself; `arrival`: what endpoint a does
// with segment b of the other side; `content`: what channel content a holds; `push`: channel content a after
// the segments of burst b are sent into it.
struct missing_entry {
  enum class table : std::uint8_t { local, arrival, content, push } of = table::local;
  std::uint8_t side = 0;  // of the endpoint; of a channel, the sender
  id a = 0, b = 0;

  auto operator<=>(const missing_entry&) const = default;
};
using missing_entries = std::vector<missing_entry>;

// Cells by row and column that were never set are as `T{}` has them.
template <typename T>
class grid {
 public:
  const T* find(std::size_t row, std::size_t column) const {
    return row < rows_ && column < stride_ ? &cells_[row * stride_ + column] : nullptr;
  }
  T& at(std::size_t row, std::size_t column) {
    if (column >= stride_) {
      const std::size_t wider = std::max<std::size_t>({4, column + 1, stride_ + stride_ / 2});
      std::vector<T> moved(rows_ * wider);
      for (std::size_t r = 0; r < rows_; ++r)
        std::copy_n(cells_.data() + r * stride_, stride_, moved.data() + r * wider);
      cells_ = std::move(moved);
      stride_ = wider;
    }
    if (row >= rows_) {
      cells_.resize((row + 1) * stride_);
      rows_ = row + 1;
    }
    return cells_[row * stride_ + column];
  }

 private:
  std::vector<T> cells_;
  std::size_t rows_ = 0, stride_ = 0;
};

class tables {
 public:
  tables(const composition& c, const std::array<observers, 2>& extra, outcome_listener listener);

  state initial();

  struct expansion {
    std::uint32_t met = 0;  // the bounds that were met
    bool known = true;      // every entry was there: all steps were emitted
  };
  // Calls emit(next state, table_step, outcome id) for every step from `s`, in the order: calls, deliveries,
  // time-outs, losses, duplications, tick; A before B; within a channel by its content. The outcome id is
  // `none` for steps of the network and the clock. Where an entry is not there it is added to `missing`, and
  // the steps that need it are left out.
  template <typename Emit>
  expansion successors(const state& s, missing_entries& missing, Emit&& emit) const;

  // Works out entries; those that are there already cost nothing. In any order and with repetitions.
  void learn(missing_entries entries);

  // An endpoint's reactions by id; worked out if need be.
  struct event_outcomes {
    std::ranges::iota_view<id, id> outcomes;
    std::uint32_t met = 0;
  };
  event_outcomes arrivals(int side, id endpoint, id segment);
  event_outcomes calls(int side, id endpoint) { return all_of(local_of(side, endpoint).calls); }
  event_outcomes time_outs(int side, id endpoint) { return all_of(local_of(side, endpoint).time_outs); }
  id ticked(int side, id endpoint) { return local_of(side, endpoint).ticked; }  // none: a timer is due
  bool timer_runs(int side, id endpoint) { return local_of(side, endpoint).timer_runs; }
  // The same of an endpoint whose own reactions have been worked out.
  bool timer_is_known_to_run(int side, id endpoint) const {
    return endpoints_[at(side)].locals[endpoint].timer_runs;
  }

  const outcome& outcome_of(id o) const { return outcomes_[o]; }
  bool changes_endpoint(id o) const { return quick_[o].changes; }
  // What the listener set.
  std::uint64_t certain(id o) const { return quick_[o].certain; }
  bool open(id o) const { return quick_[o].open; }

  values endpoint_row(int side, id endpoint) const;
  values segment_row(int sender, id segment) const;
  std::span<const int> endpoint_values(int side, id e) const { return endpoints_[at(side)].rows[e]; }
  std::span<const int> segment_values(int sender, id s) const { return channels_[at(sender)].segments[s]; }
  std::size_t segment_count(int sender) const { return channels_[at(sender)].segments.size(); }
  std::vector<const int*> in_flight(int sender, id channel) const;
  bool nothing_in_flight(int sender, id channel) const {
    return channels_[at(sender)].contents[channel].empty();
  }

  // How many ids each component has so far; every component of a state is below its count.
  std::array<std::size_t, 5> counts() const;

  step describe(const state& from, const table_step& s) const;
  const composition& made_of() const { return composition_; }
  const endpoint_machine& machine(int side) const { return endpoints_[at(side)].machine; }

 private:
  using table = missing_entry::table;
  static constexpr std::size_t at(int side) { return static_cast<std::size_t>(side); }

  // Outcomes of one event, one after the other from `first` on.
  struct reacted {
    id first = 0;
    std::uint16_t count = 0;
    std::uint8_t met = 0;
    bool known = false;
  };
  struct local {
    reacted calls, time_outs;
    id ticked = none;
    bool timer_runs = false, known = false;
  };
  // What a step needs to know of an outcome.
  struct quick_outcome {
    std::uint64_t certain = 0;
    id after = 0;
    id burst = 0;  // what it sends
    bool changes = false, open = false;
  };
  struct endpoint_tables {
    endpoint_tables(const composition& c, int side, const observers& extra) : machine(c, side, extra) {}
    endpoint_machine machine;
    row_interner rows;
    std::vector<local> locals;  // by endpoint id
    grid<reacted> arrivals;     // by endpoint id and segment id of the other side
  };
  // A segment in flight, as a content's entry: segment id and age.
  struct entry {
    id segment = 0;
    std::uint16_t age = 0;
    id without = none;     // content with one copy fewer; in a set: the same content
    id duplicated = none;  // content with one copy more; none: full
  };
  struct content {
    id first = 0;  // of its entries; of equal neighbours only the first has one
    std::uint16_t count = 0;
    bool full = false, known = false;
    id aged = none;  // a tick later; none: something has to be delivered first
  };
  struct pushed {
    id to = none;             // none: full
    std::uint8_t charge = 0;  // copies that count against the budget of duplicates
    bool known = false;
  };
  struct channel_tables {
    row_interner segments, wires, contents;
    row_interner bursts;            // whether copies are charged, then the segments in the order of sending
    std::vector<id> wire_of;        // by segment id: the segment without its ghost tags
    std::vector<content> by_id;
    std::vector<entry> entries;
    grid<pushed> pushes;            // by content and burst
  };

  static event_outcomes all_of(const reacted& r) {
    return {std::ranges::iota_view<id, id>(r.first, r.first + r.count), r.met};
  }
  const local& local_of(int side, id endpoint) {
    learn_local(side, endpoint);
    return endpoints_[at(side)].locals[endpoint];
  }
  void learn_local(int side, id endpoint);
  void learn_arrival(int side, id endpoint, id segment);
  void learn_content(int sender, id channel);
  void learn_push(int sender, id channel, id burst);
  bool has_wire(int sender, const values& tokens, id segment) const;
  id intern_segment(int sender, const values& row);
  void add_outcomes(int side, id endpoint, step_kind kind, int which, id segment, const reactions& all,
                    reacted& into);

  int losses(id budget) const { return static_cast<int>(budget) / (network_.duplication.count + 1); }
  int duplicates(id budget) const { return static_cast<int>(budget) % (network_.duplication.count + 1); }

  const composition& composition_;
  const language::network& network_;
  outcome_listener listener_;
  std::array<endpoint_tables, 2> endpoints_;
  std::array<channel_tables, 2> channels_;
  std::vector<outcome> outcomes_;
  std::vector<quick_outcome> quick_;  // the same, for the search
  bool is_set_, fifo_, ages_, charges_, duplicates_;
};

template <typename Emit>
tables::expansion tables::successors(const state& s, missing_entries& missing, Emit&& emit) const {
  expansion result;
  std::array<const local*, 2> locals{};
  std::array<const content*, 2> contents{};
  const auto miss = [&](table of, int side, id a, id b) {
    missing.push_back({of, static_cast<std::uint8_t>(side), a, b});
    result.known = false;
  };
  for (int side = 0; side < 2; ++side) {
    const std::vector<local>& l = endpoints_[at(side)].locals;
    if (s[at(side)] < l.size() && l[s[at(side)]].known)
      locals[at(side)] = &l[s[at(side)]];
    else
      miss(table::local, side, s[at(side)], 0);
    const std::vector<content>& c = channels_[at(side)].by_id;
    if (s[at(2 + side)] < c.size() && c[s[at(2 + side)]].known)
      contents[at(side)] = &c[s[at(2 + side)]];
    else
      miss(table::content, side, s[at(2 + side)], 0);
  }
  if (!result.known) return result;

  const auto react = [&](const reacted& all, int side, std::uint16_t age, step_kind kind, const state& from) {
    result.met |= all.met;
    for (id o = all.first; o != all.first + all.count; ++o) {
      const quick_outcome& q = quick_[o];
      const id channel = from[at(2 + side)];
      const pushed* p = channels_[at(side)].pushes.find(channel, q.burst);
      if (p == nullptr || !p->known) {
        miss(table::push, side, channel, q.burst);
        continue;
      }
      state next = from;
      if (p->charge != 0) {
        if (duplicates(next[4]) < p->charge) {
          result.met |= bound_duplicates;
          continue;
        }
        next[4] -= p->charge;
      }
      if (p->to == none) {
        result.met |= bound_capacity;
        continue;
      }
      next[at(side)] = q.after;
      next[at(2 + side)] = p->to;
      emit(next, table_step{kind, static_cast<std::uint8_t>(side), age, o}, o);
    }
  };
  for (int side = 0; side < 2; ++side) react(locals[at(side)]->calls, side, 0, step_kind::call, s);
  for (int side = 0; side < 2; ++side) {
    const content& c = *contents[at(1 - side)];
    const id count = fifo_ && c.count > 1 ? 1 : c.count;
    for (id i = c.first; i != c.first + count; ++i) {
      const entry& e = channels_[at(1 - side)].entries[i];
      const reacted* all = endpoints_[at(side)].arrivals.find(s[at(side)], e.segment);
      if (all == nullptr || !all->known) {
        miss(table::arrival, side, s[at(side)], e.segment);
        continue;
      }
      state from = s;
      from[at(3 - side)] = e.without;
      react(*all, side, e.age, step_kind::deliver, from);
    }
  }
  for (int side = 0; side < 2; ++side) react(locals[at(side)]->time_outs, side, 0, step_kind::time_out, s);
  if (!is_set_) {
    const id budget = s[4];
    const id per_loss = static_cast<id>(network_.duplication.count + 1);
    for (int side = 0; side < 2; ++side) {
      const content& c = *contents[at(side)];
      if (!network_.loss.unlimited && losses(budget) == 0) {
        if (network_.loss.count > 0 && c.count != 0) result.met |= bound_losses;
        continue;
      }
      for (id i = 0; i < c.count; ++i) {
        state next = s;
        next[at(2 + side)] = channels_[at(side)].entries[c.first + i].without;
        if (!network_.loss.unlimited) next[4] -= per_loss;
        emit(next, table_step{step_kind::lose, static_cast<std::uint8_t>(side), 0, i}, none);
      }
    }
    for (int side = 0; side < 2; ++side) {
      const content& c = *contents[at(side)];
      if (c.count == 0) continue;
      if (!network_.duplication.unlimited && duplicates(budget) == 0) {
        if (network_.duplication.count > 0) result.met |= bound_duplicates;
        continue;
      }
      if (c.full) {
        result.met |= bound_capacity;
        continue;
      }
      for (id i = 0; i < c.count; ++i) {
        state next = s;
        next[at(2 + side)] = channels_[at(side)].entries[c.first + i].duplicated;
        if (!network_.duplication.unlimited) --next[4];
        emit(next, table_step{step_kind::duplicate, static_cast<std::uint8_t>(side), 0, i}, none);
      }
    }
  }
  if (composition_.scenario.time != language::time_mode::untimed) {
    state next = s;
    bool possible = true;
    for (int side = 0; side < 2 && possible; ++side) {
      next[at(side)] = locals[at(side)]->ticked;
      if (ages_) next[at(2 + side)] = contents[at(side)]->aged;
      possible = next[at(side)] != none && next[at(2 + side)] != none;
    }
    if (possible && next != s) emit(next, table_step{step_kind::tick, 0, 0, 0}, none);
  }
  return result;
}

}  // namespace tcpmc::system
