// The composed system together with the properties that are checked on it: what the searches see.
//
// A property is judged from one endpoint's part of a step as far as that decides it; what stays open is
// judged with the rest of the state, and remembered by the ids of what it depends on. Almost all steps
// are decided when their outcome is first worked out, so checking costs a look at two words.
//
// For the enumerating search a state is packed into one word: A, B, what A has in flight, what B has in
// flight, the budgets, from the most significant bits on, each with as many bits as its ids need by now.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <stdexcept>

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

  // What a look-up misses: entries of the tables, and judgements.
  struct missing {
    system::missing_entries entries;
    std::vector<std::array<system::id, 2>> pairs;  // endpoints A, B
    std::vector<std::array<system::id, 4>> steps;  // outcome, peer, channel contents: own, peer's
    bool empty() const { return entries.empty() && pairs.empty() && steps.empty(); }
    void add(missing&& other);
  };
  struct expansion {
    marks of_state = 0;  // that the state itself has
    bool known = true;   // nothing was missing: all steps were emitted, all marks are there
  };

  // Calls emit(next, step, marks) for every step from `s`. Only looks up: any number of threads may call it.
  template <typename Emit>
  expansion expand(const state& s, missing& what, Emit&& emit) const;
  // The marks that a state has as it is, without those that only its steps show.
  expansion look(const state& s, missing& what) const;

  // Works out what was missing, in an order that does not depend on how it was found.
  void learn(missing what);

  // The same for one state at a time, worked out as need be; returns the marks that only the steps show
  // (bounds that were met, being stuck).
  template <typename Emit>
  marks successors(const state& s, Emit&& emit);
  marks look(const state& s);

  system::tables& tables() { return tables_; }
  const system::tables& tables() const { return tables_; }
  const property_set& properties() const { return properties_; }
  // The marks of one step, decided with everything that it may depend on.
  marks judge_step(int side, const system::outcome& o, system::id peer,
                   const std::vector<const int*>& outgoing, const std::vector<const int*>& incoming) const;

 private:
  struct open_step {
    marks certain = 0;
    bool open = false;  // depends on what is in flight as well
  };

  template <typename Emit>
  expansion steps_of(const state& s, missing& what, Emit&& emit) const;
  // The marks of a step; false: they have to be worked out.
  bool marks_of(system::id outcome, int side, const state& before, const state& after, missing& what,
                marks& m) const;
  void learn_step(const std::array<system::id, 4>& key);
  bool final(const state& s) const;

  const composition& composition_;
  const property_set& properties_;
  judge judge_;
  marks stuck_marks_ = 0;
  marks state_marks_ = 0;                       // that can be set by looking at a state
  std::array<std::vector<marks>, 2> possible_;  // by endpoint id: state marks that this endpoint allows
  tsl::robin_map<std::array<system::id, 2>, marks, system::bytes_hash> pairs_;
  tsl::robin_map<std::array<system::id, 2>, open_step, system::bytes_hash> steps_;  // outcome, peer
  tsl::robin_map<std::array<system::id, 4>, marks, system::bytes_hash> steps_in_flight_;
  system::tables tables_;
};

template <typename Emit>
monitored_system::expansion monitored_system::steps_of(const state& s, missing& what, Emit&& emit) const {
  expansion result;
  bool changes_endpoint = false;
  const auto steps =
      tables_.successors(s, what.entries, [&](const state& next, const step& by, system::id did) {
        marks m = 0;
        if (did != system::none) {
          m = tables_.certain(did);
          if (tables_.open(did) && !marks_of(did, by.side, s, next, what, m)) result.known = false;
          changes_endpoint = changes_endpoint || tables_.changes_endpoint(did);
        }
        emit(next, by, m);
      });
  result.known = result.known && steps.known;
  result.of_state = bounds_met(steps.met);
  // Stuck: nothing in flight (what is may draw an answer that changes the other end, or is harmless and
  // gone a few steps later), no call possible, no timer running.
  if (stuck_marks_ != 0 && steps.known && !changes_endpoint && steps.met == 0 &&
      tables_.nothing_in_flight(0, s[2]) && tables_.nothing_in_flight(1, s[3]) &&
      !tables_.timer_is_known_to_run(0, s[0]) && !tables_.timer_is_known_to_run(1, s[1]) && !final(s))
    result.of_state |= stuck_marks_;
  return result;
}

template <typename Emit>
monitored_system::expansion monitored_system::expand(const state& s, missing& what, Emit&& emit) const {
  expansion result = steps_of(s, what, emit);
  const expansion looked = look(s, what);
  result.of_state |= looked.of_state;
  result.known = result.known && looked.known;
  return result;
}

template <typename Emit>
marks monitored_system::successors(const state& s, Emit&& emit) {
  for (;;) {
    missing what;
    if (steps_of(s, what, [](const state&, const step&, marks) {}).known) break;
    learn(std::move(what));
  }
  missing nothing;
  return steps_of(s, nothing, emit).of_state;
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
  static constexpr std::size_t components = std::tuple_size_v<system::state>;

  // How many bits each component has.
  struct layout {
    std::array<std::uint8_t, components> bits{};
    bool operator==(const layout&) const = default;
    unsigned width() const {
      unsigned sum = 0;
      for (const std::uint8_t b : bits) sum += b;
      return sum;
    }
  };

  explicit packed_system(monitored_system& m) : monitored_(m), start_(m.initial()) { fit(); }

  // The layout of the words that are taken and given. It changes when `learn` meets more ids than fit; bits
  // only grow, so that words keep their order.
  const layout& words() const { return layout_; }
  word initial() const { return pack(start_); }
  word repack(word w, const layout& from) const { return pack(unpack(w, from)); }

  template <typename Emit>
  expansion expand(word w, missing& what, Emit&& emit) const {
    return monitored_.expand(unpack(w), what, [&](const system::state& next, const step& by, marks m) {
      emit(pack(next), by, m);
    });
  }
  expansion look(word w, missing& what) const {
    return static_cast<const monitored_system&>(monitored_).look(unpack(w), what);
  }
  void learn(missing what) {
    monitored_.learn(std::move(what));
    fit();
  }

  system::state unpack(word w) const { return unpack(w, layout_); }

 private:
  static system::state unpack(word w, const layout& l) {
    system::state s{};
    for (std::size_t i = components; i-- > 0;) {
      s[i] = static_cast<system::id>(w & ((word{1} << l.bits[i]) - 1));
      w >>= l.bits[i];
    }
    return s;
  }
  word pack(const system::state& s) const {
    word w = 0;
    for (std::size_t i = 0; i < components; ++i) w = w << layout_.bits[i] | s[i];
    return w;
  }
  void fit() {
    const std::array<std::size_t, components> counts = monitored_.tables().counts();
    for (std::size_t i = 0; i < components; ++i)
      layout_.bits[i] = std::max(layout_.bits[i], static_cast<std::uint8_t>(std::bit_width(counts[i] - 1)));
    if (layout_.width() > 8 * sizeof(word)) throw word_overflow();
  }

  monitored_system& monitored_;
  system::state start_;
  layout layout_;
};

}  // namespace tcpmc::properties
