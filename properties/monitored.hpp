// The composed system together with the properties that are checked on it: what the searches see.
//
// A property is judged from one endpoint's part of a step as far as that decides it; what stays open is
// judged with the rest of the state, and remembered by the ids of what it depends on: the other endpoint,
// and of each channel, what the properties ask of it. Almost all steps are decided when their outcome is
// first worked out, so checking costs a look at two words.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <span>
#include <stdexcept>
#include <utility>

#include "model/system/bulk.hpp"
#include "model/system/tables.hpp"
#include "properties/property.hpp"

namespace tcpmc::properties {

class monitored_system {
 public:
  using state = system::state;
  using step = system::table_step;

  // `c` and `properties` have to outlive the system.
  monitored_system(const composition& c, const property_set& properties);

  state initial() { return tables_.initial(); }

  // All that the marks of a step may depend on.
  struct seen_step {
    system::id outcome = 0;
    system::id peer = 0;
    system::state after{};  // only what is in flight
  };

  // What a look-up misses: entries of the tables, and judgements.
  struct missing {
    system::missing_entries entries;
    std::vector<std::array<system::id, 2>> pairs;  // endpoints A, B
    std::vector<seen_step> steps;
    bool empty() const { return entries.empty() && pairs.empty() && steps.empty(); }
    void add(missing&& other);
  };
  struct expansion {
    marks of_state = 0;  // that the state itself has
    bool known = true;   // nothing was missing: all steps were emitted, all marks are there
  };

  // Calls emit(next, step, marks) for every step from `s`. Only looks up: any number of threads may call it.
  // A State is a system::packed_state or system::plain_ids.
  template <typename State, typename Emit>
  expansion expand(const State& s, missing& what, Emit&& emit) const;
  // tables::group_successors(), where states and steps have no marks but those of `known`: what may have
  // others is odd.
  template <typename Word, typename Sink, typename Odd>
  void group_successors(int side, std::span<const Word> group, const system::layout& l, marks known,
                        Sink& into, Odd&& odd) const;
  // tables::half_steps(), where outcomes have no marks but those of `known`.
  template <typename Word, typename Sink>
  bool half_steps(int side, Word half, const system::layout& l, marks known, Sink& into) const {
    return tables_.half_steps(side, half, l, bounds_of(known), known, into);
  }
  // Whether an open outcome of a step to `next` has no marks but those of `known`.
  template <typename State>
  bool quiet(system::id outcome, const State& next, marks known) const {
    missing nothing;
    marks m = 0;
    const auto by = static_cast<unsigned>(tables_.outcome_of(outcome).side);
    return judged(outcome, next.get(1u - by), next, nothing, m) && (m & ~known) == 0;
  }
  // Whether a state has no marks of its own but those of `known`.
  bool all_states_quiet(marks known) const { return ((state_marks_ | stuck_marks_) & ~known) == 0; }
  template <typename State>
  bool quiet(const State& s, marks known) const {
    missing nothing;
    const expansion looked = look(s.get(0), s.get(1), nothing);
    return looked.known && (looked.of_state & ~known) == 0 &&
           ((stuck_marks_ & ~known) == 0 || !tables_.nothing_in_flight(s));
  }
  // The marks that endpoints A and B have as they are, without those that only steps show.
  expansion look(system::id a, system::id b, missing& what) const;

  // Works out what was missing, in an order that does not depend on how it was found; leaves what was new.
  // False: go_on() was, which is asked between any two of them; some is missing still.
  bool learn(missing& what, const std::function<bool()>& go_on);
  void learn(missing& what) {
    learn(what, [] { return true; });
  }

  // The same for one state at a time, worked out as need be; returns the marks that only the steps show
  // (bounds that were met, being stuck).
  template <typename Emit>
  marks successors(const state& s, Emit&& emit);
  marks look(const state& s);

  system::tables& tables() { return tables_; }
  const system::tables& tables() const { return tables_; }
  const property_set& properties() const { return properties_; }
  // One step, judged with all that is given of what it may depend on.
  judgement judge_step(int side, const system::outcome& o, system::id peer,
                       const std::vector<const int*>* outgoing,
                       const std::vector<const int*>* incoming) const;
  // Adds the marks of a step that depend on more than its outcome; false: they have to be worked out.
  template <typename State>
  bool judged(system::id outcome, system::id peer, const State& after, missing& what, marks& m) const;
  // Whether the scenario calls it right that nothing goes on.
  bool final(system::id a, system::id b) const;

 private:
  std::vector<const int*> sent_by(const system::outcome& o) const;
  // Calls f(the step as formulas see it, the peer's row).
  template <typename F>
  auto with_view(int side, const system::outcome& o, system::id peer, F&& f) const;

  struct open_step {
    marks certain = 0;
    bool open = false;  // depends on what is in flight as well
  };
  // A part of a channel, as a step and its peer see it.
  struct asked {
    system::id outcome, peer, sender, content;
    bool operator==(const asked&) const = default;
  };
  answers answers_of(const asked& part) const;
  struct answered {
    system::id outcome, peer;
    std::array<answers, 2> of;  // by sender
    bool operator==(const answered&) const = default;
  };
  // Calls f(content of a channel that is asked about, its sender).
  template <typename State, typename F>
  void for_each_asked(int side, const State& after, F&& f) const {
    for (int sender = 0; sender < 2; ++sender)
      if (judge_.asks(sender == side ? judge::channel::outgoing : judge::channel::incoming, side))
        for (int slot = 0; slot < tables_.slots(); ++slot)
          f(after.get(system::channel_component(sender, slot)), static_cast<system::id>(sender));
  }

  template <typename State, typename Emit>
  expansion steps_of(const State& s, missing& what, Emit&& emit) const;
  bool learn_step(const seen_step& s);

  const composition& composition_;
  const property_set& properties_;
  judge judge_;
  marks stuck_marks_ = 0;
  marks state_marks_ = 0;                       // that can be set by looking at a state
  std::array<std::vector<marks>, 2> possible_;  // by endpoint id: state marks that this endpoint allows
  tsl::robin_map<std::array<system::id, 2>, marks, system::bytes_hash> pairs_;
  tsl::robin_map<std::array<system::id, 2>, open_step, system::bytes_hash> steps_;  // outcome, peer
  tsl::robin_map<asked, answers, system::bytes_hash> contents_;
  tsl::robin_map<answered, marks, system::bytes_hash> steps_in_flight_;
  system::tables tables_;
};

template <typename State, typename Emit>
monitored_system::expansion monitored_system::steps_of(const State& s, missing& what, Emit&& emit) const {
  expansion result;
  bool changes_endpoint = false;
  using outcome = system::tables::quick_outcome;
  const auto steps =
      tables_.successors(s, what.entries, [&](const State& next, const step& by, const outcome* did) {
        marks m = 0;
        if (did != nullptr) {
          m = did->certain;
          if (did->open && !judged(by.what, s.get(1u - by.side), next, what, m)) result.known = false;
          changes_endpoint = changes_endpoint || did->changes;
        }
        emit(next, by, m);
      });
  result.known = result.known && steps.known;
  result.of_state = bounds_met(steps.met);
  // Stuck: nothing in flight (what is may draw an answer that changes the other end, or is harmless and
  // gone a few steps later), no call possible, no timer running.
  if (stuck_marks_ != 0 && steps.known && !changes_endpoint && steps.met == 0 &&
      tables_.nothing_in_flight(s) && !tables_.timer_is_known_to_run(0, s.get(0)) &&
      !tables_.timer_is_known_to_run(1, s.get(1)) && !final(s.get(0), s.get(1)))
    result.of_state |= stuck_marks_;
  return result;
}

template <typename State>
bool monitored_system::judged(system::id outcome, system::id peer, const State& after, missing& what,
                              marks& m) const {
  const auto full = [&] {
    seen_step key{outcome, peer, {}};
    for (int sender = 0; sender < 2; ++sender)
      for (int slot = 0; slot < system::most_slots; ++slot) {
        const std::size_t c = system::channel_component(sender, slot);
        key.after[c] = after.get(c);
      }
    return key;
  };
  const auto known = steps_.find({outcome, peer});
  if (known == steps_.end()) {
    what.steps.push_back(full());
    return false;
  }
  m |= known->second.certain;
  if (!known->second.open) return true;
  answered key{outcome, peer, {}};
  bool all = true;
  for_each_asked(tables_.outcome_of(outcome).side, after, [&](system::id content, system::id sender) {
    const auto told = contents_.find({outcome, peer, sender, content});
    all = all && told != contents_.end();
    if (all) key.of[sender] |= told->second;
  });
  if (const auto in_flight = steps_in_flight_.find(key); all && in_flight != steps_in_flight_.end()) {
    m |= in_flight->second;
    return true;
  }
  what.steps.push_back(full());
  return false;
}

template <typename State, typename Emit>
monitored_system::expansion monitored_system::expand(const State& s, missing& what, Emit&& emit) const {
  expansion result = steps_of(s, what, emit);
  const expansion looked = look(s.get(0), s.get(1), what);
  result.of_state |= looked.of_state;
  result.known = result.known && looked.known;
  return result;
}

template <typename Word, typename Sink, typename Odd>
void monitored_system::group_successors(int side, std::span<const Word> group, const system::layout& l,
                                        marks known, Sink& into, Odd&& odd) const {
  using packed = system::packed_state<Word>;
  const auto told = [&](system::id outcome, const packed& next, int) { return quiet(outcome, next, known); };
  tables_.group_successors(side, group, l, bounds_of(known), known, told, into, odd);
  if (side != 0 || all_states_quiet(known)) return;
  for (const Word w : group)
    if (!quiet(packed(w, l), known)) odd(w);
}

template <typename Emit>
marks monitored_system::successors(const state& s, Emit&& emit) {
  const system::plain_ids from(s);
  for (;;) {
    missing what;
    if (steps_of(from, what, [](const system::plain_ids&, const step&, marks) {}).known) break;
    learn(what);
  }
  missing nothing;
  return steps_of(from, nothing,
                  [&](const system::plain_ids& next, const step& by, marks m) { emit(next.ids(), by, m); })
      .of_state;
}

// A state does not fit into a word: a wider one is needed.
class word_overflow : public std::runtime_error {
 public:
  word_overflow() : std::runtime_error("the ids of a state need more bits than a word has") {}
};

// The monitored system as the enumerating search sees it: states as words.
template <typename Word>
class packed_system {
 public:
  using word = Word;
  using step = monitored_system::step;
  using missing = monitored_system::missing;
  using expansion = monitored_system::expansion;
  using layout = system::layout;
  static constexpr std::size_t most_in_group = system::tables::most_in_group;

  explicit packed_system(monitored_system& m)
      : monitored_(m),
        has_time_(std::as_const(m).tables().made_of().scenario.time != language::time_mode::untimed),
        start_(m.initial()) {
    fit();
  }

  // The layout of the words that are taken and given. It changes when `learn` meets more ids than fit; bits
  // only grow, so that words keep their order.
  const layout& words() const { return layout_; }
  word initial() const { return pack(start_, layout_); }
  word repack(word w, const layout& from) const { return pack(unpack(w, from), layout_); }

  template <typename Emit>
  expansion expand(word w, missing& what, Emit&& emit) const {
    using state = system::packed_state<word>;
    return monitored_.expand(state(w, layout_), what,
                             [&](const state& next, const step& by, marks m) { emit(next.word(), by, m); });
  }
  // Words with the same key are a group of that side: its endpoint, and what is in flight towards it.
  word key(int side, word w) const {
    const group_key& k = keys_[static_cast<std::size_t>(side)];
    return k.endpoint.of(w) << k.channel.bits | k.channel.of(w);
  }
  unsigned key_bits(int side) const {
    const group_key& k = keys_[static_cast<std::size_t>(side)];
    return k.endpoint.bits + k.channel.bits;
  }
  // The bits of A, what it has in flight, and the budgets; of B; and of what B has in flight: much of what an
  // endpoint can be together with what it sent is reached with much of what the other one can be.
  std::array<word, 3> split() const {
    const auto bits = [&](std::size_t component) {
      return word{layout_.mask[component]} << layout_.shift[component];
    };
    std::array<word, 3> result = {bits(0) | bits(system::budget_component), bits(1), 0};
    for (int slot = 0; slot < system::most_slots; ++slot)
      for (const int sender : {0, 1})
        result[sender == 0 ? 0 : 2] |= bits(system::channel_component(sender, slot));
    return result;
  }
  // A step moves one endpoint, or none; but time moves both.
  bool may_lead(word from, word to) const {
    const auto at = [&](word w, std::size_t endpoint) {
      return system::packed_state<word>(w, layout_).get(endpoint);
    };
    return has_time_ || at(from, 0) == at(to, 0) || at(from, 1) == at(to, 1);
  }
  // tables::half_steps() and so on, of words that have only the bits of a half.
  static constexpr std::uint32_t prices = system::tables::prices;
  template <typename Sink>
  bool half_steps(int side, word half, marks known, Sink& into) const {
    return std::as_const(monitored_).half_steps(side, half, layout_, known, into);
  }
  system::tables::payment<word> pays(word half, std::uint32_t price, marks known) const {
    return std::as_const(monitored_).tables().pays(half, price, layout_, bounds_of(known));
  }
  bool quiet(std::uint32_t outcome, word next, marks known) const {
    return std::as_const(monitored_).quiet(outcome, system::packed_state<word>(next, layout_), known);
  }
  bool all_states_quiet(marks known) const { return monitored_.all_states_quiet(known); }
  bool quiet(word w, marks known) const {
    return std::as_const(monitored_).quiet(system::packed_state<word>(w, layout_), known);
  }
  template <typename Sink, typename Odd>
  void group_successors(int side, std::span<const word> group, marks known, Sink& into, Odd&& odd) const {
    std::as_const(monitored_).group_successors(side, group, layout_, known, into, odd);
  }
  expansion look(word w, missing& what) const {
    const system::packed_state<word> s(w, layout_);
    return std::as_const(monitored_).look(s.get(0), s.get(1), what);
  }
  bool learn(missing& what, const std::function<bool()>& go_on) {
    const bool all = monitored_.learn(what, go_on);
    fit();
    return all;
  }
  // Entries of the tables, as bytes and back. Judgements give no ids and need not be remembered.
  static std::vector<std::byte> encode(const missing& learned) {
    const auto bytes = std::as_bytes(std::span(learned.entries));
    return {bytes.begin(), bytes.end()};
  }
  static missing decode(std::span<const std::byte> bytes) {
    missing result;
    result.entries.resize(bytes.size() / sizeof(system::missing_entry));
    if (!result.entries.empty())
      std::memcpy(result.entries.data(), bytes.data(), result.entries.size() * sizeof(system::missing_entry));
    return result;
  }

  system::state unpack(word w) const { return unpack(w, layout_); }

 private:
  static system::state unpack(word w, const layout& l) {
    const system::packed_state<word> from(w, l);
    system::state s{};
    for (std::size_t c = 0; c < s.size(); ++c) s[c] = from.get(c);
    return s;
  }
  static word pack(const system::state& s, const layout& l) {
    system::packed_state<word> to(0, l);
    for (std::size_t c = 0; c < s.size(); ++c) to = to.with(c, s[c]);
    return to.word();
  }
  void fit() {
    layout_ = std::as_const(monitored_).tables().fitting(layout_);
    if (layout_.width() > 8 * sizeof(word)) throw word_overflow();
    for (int side = 0; side < 2; ++side) {
      group_key& k = keys_[static_cast<std::size_t>(side)];
      k = {};
      k.endpoint.add(layout_, static_cast<std::size_t>(side));
      for (int slot = 0; slot < system::most_slots; ++slot)
        k.channel.add(layout_, system::channel_component(1 - side, slot));
    }
  }

  // Components that are next to each other in a word.
  struct part {
    unsigned shift = 8 * sizeof(word) - 1, bits = 0;
    void add(const layout& l, std::size_t component) {
      if (l.bits[component] == 0) return;
      shift = std::min(shift, l.shift[component]);
      bits += l.bits[component];
    }
    word of(word w) const { return w >> shift & ((word{1} << bits) - 1); }
  };
  struct group_key {
    part endpoint, channel;
  };

  monitored_system& monitored_;
  bool has_time_;
  system::state start_;
  layout layout_;
  std::array<group_key, 2> keys_;
};

}  // namespace tcpmc::properties
