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
#include <bit>
#include <cassert>
#include <compare>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "model/system/interner.hpp"
#include "model/system/step.hpp"

namespace tcpmc::system {

// Where segments age, a channel is a component for each age: so there are few contents, and a tick moves them
// on. Beyond this many ages, and on the unlimited network (where a young copy takes an old one's place), a
// channel is one component whose content knows ages.
inline constexpr int most_slots = 6;

// A state's components: A, B, the network's budgets, what A has in flight by age, what B has.
using state = std::array<id, 3 + 2 * most_slots>;
inline constexpr std::size_t budget_component = 2;
constexpr std::size_t channel_component(int sender, int slot = 0) {
  return static_cast<std::size_t>(3 + sender * most_slots + slot);
}

// How a state is packed into one word: what A has in flight, youngest first, A, the budgets, B, and what B
// has, from the most significant bits on. So an endpoint stands next to what it has sent, and to the other
// one.
struct layout {
  std::array<unsigned, std::tuple_size_v<state>> bits{}, shift{};
  std::array<id, std::tuple_size_v<state>> mask{};
  bool operator==(const layout&) const = default;
  unsigned width() const {
    unsigned sum = 0;
    for (const unsigned b : bits) sum += b;
    return sum;
  }
};

// What the tables need of a state: `get` a component, a state `without` it (zero instead), and `with` it set
// to an id where it was zero. Packed in a word:
template <typename Word>
class packed_state {
 public:
  packed_state(Word w, const layout& l) : word_(w), layout_(&l) {}
  id get(std::size_t c) const { return static_cast<id>(word_ >> layout_->shift[c]) & layout_->mask[c]; }
  packed_state without(std::size_t c) const {
    return {word_ & ~(Word{layout_->mask[c]} << layout_->shift[c]), *layout_};
  }
  packed_state with(std::size_t c, id to) const { return {word_ | Word{to} << layout_->shift[c], *layout_}; }
  Word word() const { return word_; }

 private:
  Word word_;
  const layout* layout_;
};

// The same as it is.
class plain_ids {
 public:
  explicit plain_ids(const state& s) : ids_(s) {}
  id get(std::size_t c) const { return ids_[c]; }
  plain_ids without(std::size_t c) const { return with(c, 0); }
  plain_ids with(std::size_t c, id to) const {
    plain_ids result = *this;
    result.ids_[c] = to;
    return result;
  }
  const state& ids() const { return ids_; }

 private:
  state ids_;
};

// A step as the tables number it. `what`: call, time-out, deliver: the outcome's id; lose, duplicate: the
// entry of the channel's content. describe() turns it into words. What an attacker forges is among the calls,
// since it depends on the endpoint alone; the outcome tells them apart.
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
  int which = 0, choice = 0;  // intention, timer or forgery; number among the reactions to the event
  id firing = 0;              // the rules that fired: tables::rules_of
  int side = 0;
  step_kind kind = step_kind::call;
  // Set by the listener: what properties already know of this step, and what they have to look at.
  std::uint64_t certain = 0, open = 0;
};

// Called once for every new outcome, with its rows, so that properties are judged with it.
using outcome_listener = std::function<void(int side, const values& before, const values& after,
                                            const values* segment, outcome& o)>;

// An entry that a look-up did not find. `local`: what endpoint a does by itself; `arrival`: what endpoint a
// does with segment b of the other side; `content`: what channel content a holds; `push`: channel content a
// after the segments of burst b are sent into it; `taken`: that some step has outcome a, which no other entry
// waits for.
struct missing_entry {
  enum class table : std::uint8_t { local, arrival, content, push, taken } of = table::local;
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
  // The cells of a row, as many as there are.
  std::span<const T> row(std::size_t r) const {
    return r < rows_ ? std::span(cells_).subspan(r * stride_, stride_) : std::span<const T>();
  }
  T& at(std::size_t row, std::size_t column) {
    if (column >= stride_) {
      const std::size_t wider = std::max<std::size_t>({4, column + 1, stride_ + stride_ / 4});
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

// The same where few cells differ from T(): in pages of some columns, of which there are only those that have
// such a cell.
template <typename T>
class sparse_grid {
 public:
  // The cells of a row, as many as there are columns.
  class row_cells {
   public:
    row_cells(const std::uint32_t* pages, const T* cells) : pages_(pages), cells_(cells) {}
    bool empty() const { return pages_ == nullptr; }
    const T& operator[](std::size_t column) const {
      return cells_[pages_[column / columns_of_page] * columns_of_page + column % columns_of_page];
    }

   private:
    const std::uint32_t* pages_;
    const T* cells_;
  };
  row_cells row(std::size_t r) const { return {pages_.row(r).data(), cells_.data()}; }
  const T* find(std::size_t row, std::size_t column) const {
    const std::uint32_t* const page = pages_.find(row, column / columns_of_page);
    return page != nullptr ? &cells_[*page * columns_of_page + column % columns_of_page] : nullptr;
  }
  T& at(std::size_t row, std::size_t column) {
    std::uint32_t& page = pages_.at(row, column / columns_of_page);
    if (page == 0) {
      page = static_cast<std::uint32_t>(cells_.size() / columns_of_page);
      cells_.resize(cells_.size() + columns_of_page);
    }
    return cells_[page * columns_of_page + column % columns_of_page];
  }
  // Gives all rows so many columns.
  void widen(std::size_t columns) { pages_.at(0, (columns - 1) / columns_of_page); }

 private:
  static constexpr std::size_t columns_of_page = 32;
  grid<std::uint32_t> pages_;  // 0: all of its cells are T()
  std::vector<T> cells_ = std::vector<T>(columns_of_page);
};

// Ids one after the other.
struct id_range {
  class iterator {
   public:
    explicit iterator(id at) : at_(at) {}
    id operator*() const { return at_; }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const iterator&) const = default;

   private:
    id at_;
  };
  id first = 0, count = 0;
  iterator begin() const { return iterator(first); }
  iterator end() const { return iterator(first + count); }
};

class tables {
 public:
  tables(const composition& c, const std::array<observers, 2>& extra, outcome_listener listener);

  state initial();

  struct expansion {
    std::uint32_t met = 0;  // the bounds that were met
    bool known = true;      // every entry was there: all steps were emitted
  };
  // What a step has to know of its outcome.
  struct quick_outcome {
    std::uint64_t certain = 0;  // as the listener set it
    id after = 0;
    id burst = 0;            // what it sends
    std::uint8_t sends = 0;  // segments
    bool charged = false;    // copies count against the budget of duplicates
    bool changes = false;    // the endpoint
    bool open = false;       // the listener left something open
    bool taken = false;      // some step has it: it was not cut off everywhere
  };

  // Calls emit(next state, table_step, outcome or null) for every step from `s`, in the order: calls,
  // forgeries, deliveries, time-outs, losses, duplications, tick; A before B; within a channel older before
  // younger (fifo: as they will arrive). Steps of the network and the clock have no outcome. Where an entry
  // is not there it is added to `missing`, and the steps that need it are left out. A State is a packed_state
  // or plain_ids.
  template <typename State, typename Emit>
  expansion successors(const State& s, missing_entries& missing, Emit&& emit) const;

  // The successors of states, at most `most_in_group`, that agree in endpoint `side` and in what is in flight
  // towards it: those by that endpoint's steps, by losses and copies of what is in flight towards it and, of
  // side 0, by the tick; in no order. `into.room(n)` has to give n places to write to, `into.used(m)` takes
  // the first m of them. Calls odd(word) at least once for each state that successors() has to be asked
  // about: something is missing, a bound outside `met_before` was met, an outcome has marks outside
  // `marks_before`, or told(outcome, next state, side) is false for an outcome that is open. Defined in
  // bulk.hpp.
  static constexpr std::size_t most_in_group = 256;
  template <typename Word, typename Sink, typename Told, typename Odd>
  void group_successors(int side, std::span<const Word> group, const layout& l, std::uint32_t met_before,
                        std::uint64_t marks_before, Told&& told, Sink& into, Odd&& odd) const;

  // The same of states as pairs of halves: endpoint A, what it has in flight, and the budgets; endpoint B and
  // what it has in flight. The steps are those that a half makes alone, those where one half gives a segment
  // and the other one takes it, and ticks, where both take part. Side 1 has no budgets: its steps have a
  // price (0: none; a number of duplicates; a loss), which side 0 pays. Calls
  //   into.alone(price, half, open)           open: the outcome that has to be told about, or none
  //   into.labels(n)                          before it says which segments below n the half takes, and how
  //   into.takes(segment, price, half, open)
  //   into.gives(segment, half)
  //   into.ticks(half)
  //   into.loud(), into.loud(segment)         successors() has to be asked about all states with this half,
  //   or
  //                                           about those where it takes this segment
  // False: the half is not known. Defined in bulk.hpp.
  template <typename Word, typename Sink>
  bool half_steps(int side, Word half, const layout& l, std::uint32_t met_before, std::uint64_t marks_before,
                  Sink& into) const;
  template <typename Word>
  struct payment {
    Word to;
    bool paid, loud;
  };
  template <typename Word>
  payment<Word> pays(Word half, std::uint32_t price, const layout& l, std::uint32_t met_before) const;
  static constexpr std::uint32_t prices = 10;  // below that

  // Works out entries, in their order; leaves those that were not there.
  void learn(missing_entries& entries);

  // An endpoint's reactions by id; worked out if need be.
  struct event_outcomes {
    id_range outcomes;
    std::uint32_t met = 0;
  };
  event_outcomes arrivals(int side, id endpoint, id segment);
  // The users' calls, and what an attacker forges.
  event_outcomes calls(int side, id endpoint) { return all_of(local_of(side, endpoint).calls); }
  event_outcomes time_outs(int side, id endpoint) { return all_of(local_of(side, endpoint).time_outs); }
  id ticked(int side, id endpoint) { return local_of(side, endpoint).ticked; }  // none: a timer is due
  bool timer_runs(int side, id endpoint) { return local_of(side, endpoint).timer_runs; }
  // The same of an endpoint whose own reactions have been worked out.
  bool timer_is_known_to_run(int side, id endpoint) const {
    return endpoints_[at(side)].locals[endpoint].timer_runs;
  }

  // What is known of an arrival without working it out.
  struct known_arrival {
    bool known = false;
    bool does_nothing = false;  // every reaction leaves the endpoint as it is and sends nothing
    std::size_t most_sent = 0;  // segments, by any reaction
  };
  known_arrival look_up_arrival(int side, id endpoint, id segment) const;

  // A content's distinct segments, in the order in which steps look at them.
  struct distinct_segment {
    id segment = 0;
    int age = 0;  // 0 where a component of its own stands for each age
    int copies = 0;
  };
  std::vector<distinct_segment> distinct_segments(int sender, id channel) const;
  // By sender: equal for segments that are equal but for their ghost tags.
  id wire_of(int sender, id segment) const { return channels_[at(sender)].wire_of[segment]; }
  int slots() const { return slots_; }  // components of a channel
  bool charges_retransmissions() const { return charges_; }
  std::array<int, 2> budget_left(id budget) const { return {losses(budget), duplicates(budget)}; }

  // The same row or content at the other side, for two sides that are alike; a new id if it was not there.
  id mirrored_endpoint(int side, id endpoint);
  id mirrored_content(int sender, id channel);

  const outcome& outcome_of(id o) const { return outcomes_[o]; }
  std::size_t outcome_count() const { return outcomes_.size(); }
  // The rules that an outcome fires, in their order: indices into protocol::rules.
  std::span<const int> rules_of(const outcome& o) const { return firings_[o.firing]; }
  // Whether some step that a search has met so far has this outcome, and was not cut off.
  bool is_taken(id o) const { return quick_[o].taken; }

  values endpoint_row(int side, id endpoint) const;
  values segment_row(int sender, id segment) const;
  std::span<const int> endpoint_values(int side, id e) const { return endpoints_[at(side)].rows[e]; }
  std::span<const int> segment_values(int sender, id s) const { return channels_[at(sender)].segments[s]; }
  std::size_t segment_count(int sender) const { return channels_[at(sender)].segments.size(); }
  std::vector<const int*> in_flight(int sender, const state& s) const;
  template <typename State>
  bool nothing_in_flight(const State& s) const {
    for (int sender = 0; sender < 2; ++sender)
      for (int slot = 0; slot < slots_; ++slot)
        if (s.get(channel_component(sender, slot)) != empty_content) return false;
    return true;
  }

  std::size_t endpoint_count(int side) const { return endpoints_[at(side)].rows.size(); }
  std::size_t content_count(int sender) const { return channels_[at(sender)].contents.size(); }
  // The layout that all ids so far fit into; no component has fewer bits than in `before`.
  layout fitting(const layout& before) const;

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
  struct endpoint_tables {
    endpoint_tables(const composition& c, int side, const observers& extra) : machine(c, side, extra) {}
    endpoint_machine machine;
    row_interner rows;
    std::vector<local> locals;  // by endpoint id
    grid<reacted> arrivals;     // by endpoint id and segment id of the other side
  };
  // A content is a row of tokens, one for each segment in flight: its id and its age.
  static constexpr unsigned bits_of_age = 6;
  static constexpr id ages_of_segment = 1u << bits_of_age;
  static int token(id segment, int age) { return static_cast<int>(segment * ages_of_segment) + age; }
  static id segment_of(int token) { return static_cast<id>(token) / ages_of_segment; }
  static int age_of(int token) { return static_cast<int>(static_cast<id>(token) % ages_of_segment); }
  struct entry {
    int token = 0;
    id without = none;     // content with one copy fewer; in a set: the same content
    id duplicated = none;  // content with one copy more; none: no room
    id segment() const { return segment_of(token); }
  };
  struct content {
    id first = none;          // of its entries; of equal neighbours only the first has one; none: not known
    std::uint16_t count = 0;  // entries
    std::uint16_t size = 0;   // segments
    id aged = none;           // where it knows ages: a tick later; none: something has to be delivered first
    bool known() const { return first != none; }
  };
  struct pushed {
    id to = unknown;  // the content afterwards; none: no room
  };
  // Of a burst whose copies are charged.
  struct copies {
    std::uint8_t of = 0;  // bit i: a copy of the burst's segment i is in flight when it is sent
    static_assert(most_sent <= 8);
  };
  struct channel_tables {
    row_interner segments, wires;
    row_interner bursts;  // segments in the order of sending
    packed_row_interner<bits_of_age> contents;
    std::vector<id> wire_of;  // by segment id: the segment without its ghost tags
    std::vector<content> by_id;
    std::vector<entry> entries;
    // By burst and content: states that send the same are worked out one after the other.
    sparse_grid<pushed> pushes;
    sparse_grid<copies> charged;
  };

  static event_outcomes all_of(const reacted& r) { return {{r.first, r.count}, r.met}; }
  const local& local_of(int side, id endpoint) {
    learn_local(side, endpoint);
    return endpoints_[at(side)].locals[endpoint];
  }
  // Turns `next`, which is `s`, into the state a tick later; false: time cannot go on, or nothing changes.
  // What `s` is made of is known.
  template <typename State>
  bool ticked(const State& s, State& next) const;
  // What a tick makes of one side's half.
  template <typename State>
  bool half_ticked(int side, const State& s, State& next) const;
  // Whether it was not there.
  bool learn_local(int side, id endpoint);
  bool learn_arrival(int side, id endpoint, id segment);
  bool learn_content(int sender, id channel);
  bool learn_push(int sender, id channel, id burst);
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
  row_interner firings_;              // rules in the order of firing
  bool is_set_, fifo_, timed_, ages_, charges_, duplicates_;
  int slots_;  // components of a channel
  static constexpr id empty_content = 0, unknown = none - 1;
  static constexpr std::uint32_t price_of_loss = prices - 1;
  static constexpr int most_sent = 8;  // by one event: as many as copies::of has bits
};

template <typename State, typename Emit>
tables::expansion tables::successors(const State& s, missing_entries& missing, Emit&& emit) const {
  expansion result;
  const auto miss = [&](table of, int side, id a, id b) {
    missing.push_back({of, static_cast<std::uint8_t>(side), a, b});
    result.known = false;
  };
  std::array<const local*, 2> locals{};
  std::array<std::array<const content*, most_slots>, 2> contents{};
  std::array<int, 2> sizes{};  // segments in flight by sender
  for (int side = 0; side < 2; ++side) {
    const id endpoint = s.get(at(side));
    const std::vector<local>& l = endpoints_[at(side)].locals;
    if (endpoint < l.size() && l[endpoint].known)
      locals[at(side)] = &l[endpoint];
    else
      miss(table::local, side, endpoint, 0);
    const std::vector<content>& c = channels_[at(side)].by_id;
    for (int slot = 0; slot < slots_; ++slot) {
      const id channel = s.get(channel_component(side, slot));
      if (channel < c.size() && c[channel].known()) {
        contents[at(side)][at(slot)] = &c[channel];
        sizes[at(side)] += c[channel].size;
      } else {
        miss(table::content, side, channel, 0);
      }
    }
  }
  if (!result.known) return result;
  const id budget = s.get(budget_component);

  // `rest` is the state without the endpoint and what it sent last.
  const auto react = [&](const reacted& all, int side, unsigned age, step_kind kind, const State& rest)
      __attribute__((always_inline)) {
    result.met |= all.met;
    if (all.count == 0) return;
    const id own = s.get(channel_component(side));
    for (id o = all.first; o != all.first + all.count; ++o) {
      const quick_outcome& q = quick_[o];
      State next = rest.with(at(side), q.after);
      if (q.sends == 0) {
        next = next.with(channel_component(side), own);
      } else {
        const pushed* const pushed_to = channels_[at(side)].pushes.find(q.burst, own);
        const id to = pushed_to != nullptr ? pushed_to->to : unknown;
        if (to == unknown) {
          miss(table::push, side, own, q.burst);
          continue;
        }
        const int room = network_.capacity - sizes[at(side)];
        const bool full = !is_set_ && q.sends > room;
        if (q.charged) {
          // Segments are sent one after the other, each charged first, until one finds no room.
          unsigned again = 0;
          for (int slot = 0; slot < slots_; ++slot) {
            const id content_there = s.get(channel_component(side, slot));
            const pushed* there = channels_[at(side)].pushes.find(q.burst, content_there);
            if (there == nullptr || there->to == unknown)
              miss(table::push, side, content_there, q.burst);
            else
              again |= channels_[at(side)].charged.find(q.burst, content_there)->of;
          }
          if (!result.known) continue;
          if (full) again &= (2u << std::max(room, 0)) - 1;
          const int charge = std::popcount(again);
          if (duplicates(budget) < charge) {
            result.met |= bound_duplicates;
            continue;
          }
          next = next.without(budget_component).with(budget_component, budget - static_cast<id>(charge));
        }
        if (full) {
          result.met |= bound_capacity;
          continue;
        }
        next = next.with(channel_component(side), to);
        if (!q.taken) missing.push_back({table::taken, 0, o, 0});
      }
      emit(next, table_step{kind, static_cast<std::uint8_t>(side), static_cast<std::uint16_t>(age), o}, &q);
    }
  };
  const std::array<State, 2> rests{s.without(0).without(channel_component(0)),
                                   s.without(1).without(channel_component(1))};
  for (int side = 0; side < 2; ++side)
    react(locals[at(side)]->calls, side, 0, step_kind::call, rests[at(side)]);
  for (int side = 0; side < 2; ++side) {
    const id endpoint = s.get(at(side));
    const std::span<const reacted> arrivals = endpoints_[at(side)].arrivals.row(endpoint);
    const entry* const entries = channels_[at(1 - side)].entries.data();
    bool first = true;
    for (int slot = slots_; slot-- > 0;) {
      const content& c = *contents[at(1 - side)][at(slot)];
      if (c.count == 0) continue;
      const std::size_t channel = channel_component(1 - side, slot);
      const State rest = rests[at(side)].without(channel);
      for (id i = c.first; i != c.first + c.count && (first || !fifo_); ++i) {
        first = false;
        const entry& e = entries[i];
        if (e.segment() >= arrivals.size() || !arrivals[e.segment()].known) {
          miss(table::arrival, side, endpoint, e.segment());
          continue;
        }
        react(arrivals[e.segment()], side, static_cast<unsigned>(slots_ > 1 ? slot : age_of(e.token)),
              step_kind::deliver, rest.with(channel, e.without));
      }
    }
  }
  for (int side = 0; side < 2; ++side)
    react(locals[at(side)]->time_outs, side, 0, step_kind::time_out, rests[at(side)]);
  // What the network does to each segment that a side has in flight, oldest first, at a cost of `charge`.
  const auto meddle = [&](step_kind kind, int side, id charge, id entry::*becomes) {
    const State left = charge == 0 ? s : s.without(budget_component).with(budget_component, budget - charge);
    id number = 0;
    for (int slot = slots_; slot-- > 0;) {
      const content& c = *contents[at(side)][at(slot)];
      const std::size_t channel = channel_component(side, slot);
      const State rest = left.without(channel);
      for (id i = c.first; i != c.first + c.count; ++i)
        emit(rest.with(channel, channels_[at(side)].entries[i].*becomes),
             table_step{kind, static_cast<std::uint8_t>(side), 0, number++}, nullptr);
    }
  };
  const language::budget &loss = network_.loss, &duplication = network_.duplication;
  for (int side = 0; side < 2; ++side) {
    if (is_set_ || sizes[at(side)] == 0) continue;
    if (loss.unlimited || losses(budget) > 0)
      meddle(step_kind::lose, side, loss.unlimited ? 0 : static_cast<id>(duplication.count + 1),
             &entry::without);
    else if (loss.count > 0)
      result.met |= bound_losses;
  }
  for (int side = 0; side < 2; ++side) {
    if (is_set_ || sizes[at(side)] == 0) continue;
    if (!duplication.unlimited && duplication.count == 0) continue;
    if (!duplication.unlimited && duplicates(budget) == 0)
      result.met |= bound_duplicates;
    else if (sizes[at(side)] >= network_.capacity)
      result.met |= bound_capacity;
    else
      meddle(step_kind::duplicate, side, duplication.unlimited ? 0 : 1, &entry::duplicated);
  }
  if (timed_) {
    State next = s;
    if (ticked(s, next)) emit(next, table_step{step_kind::tick, 0, 0, 0}, nullptr);
  }
  return result;
}

template <typename State>
bool tables::half_ticked(int side, const State& s, State& next) const {
  const auto moves = [&](std::size_t component, id to) {
    next = next.without(component).with(component, to);
  };
  const id endpoint = endpoints_[at(side)].locals[s.get(at(side))].ticked;
  if (endpoint == none) return false;
  moves(at(side), endpoint);
  if (!ages_) return true;
  const std::vector<content>& contents = channels_[at(side)].by_id;
  if (slots_ == 1) {
    const id aged = contents[s.get(channel_component(side))].aged;
    if (aged != none) moves(channel_component(side), aged);
    return aged != none;
  }
  // The oldest have to have arrived, unless they may be lost now.
  if (!network_.loss.unlimited && contents[s.get(channel_component(side, slots_ - 1))].size != 0)
    return false;
  for (int slot = slots_; slot-- > 1;)
    moves(channel_component(side, slot), s.get(channel_component(side, slot - 1)));
  moves(channel_component(side), empty_content);
  return true;
}

template <typename State>
bool tables::ticked(const State& s, State& next) const {
  if (!half_ticked(0, s, next) || !half_ticked(1, s, next)) return false;
  for (std::size_t c = 0; c < std::tuple_size_v<state>; ++c)
    if (next.get(c) != s.get(c)) return true;
  return false;
}

}  // namespace tcpmc::system
