// The monitored system on the unlimited network, as the covering search sees it: the control part is the
// pair of endpoints, the content what may still arrive.
//
// Segments are never lost or used up there, so delivering one is reading it. An item is a segment of one
// direction: twice its id, plus one for B's.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "properties/monitored.hpp"

namespace tcpmc::properties {

class covering_system {
 public:
  using control = std::array<system::id, 2>;
  using item = std::uint32_t;
  struct step {
    system::step_kind kind = system::step_kind::tick;
    std::uint8_t side = 0;
    system::id outcome = 0;
  };

  // `m` has to live longer; its scenario's network has to be a set.
  explicit covering_system(monitored_system& m) : monitored_(m), tables_(m.tables()) {}

  control initial();
  std::uint8_t lifetime() const;
  // What a side can do in a local state when an item arrives; ~0: its users' calls and its time-outs. Calls
  // emit({step, next local state, items sent, certain marks, open marks}).
  template <typename Emit>
  marks reactions(int side, system::id endpoint, item arriving, Emit&& emit);
  // The marks of a step with the other endpoint and, if given, with what was in flight before it; nothing if
  // that matters and is not given.
  std::optional<marks> judge(const step& s, system::id peer, const std::vector<std::uint8_t>* has) const;
  std::optional<control> passed(const control& c);
  step passing() const { return {system::step_kind::tick, 0, 0}; }
  marks look(const control& c) { return monitored_.look({c[0], c[1]}); }

  static item item_of(int sender, system::id segment) {
    return 2 * segment + static_cast<std::uint32_t>(sender);
  }
  static int sender_of(item i) { return static_cast<int>(i & 1); }
  static system::id segment_of(item i) { return i >> 1; }

  // A step in words; the age of a delivered segment is not known here.
  system::step describe(const step& s) const;

 private:
  monitored_system& monitored_;
  system::tables& tables_;
};

template <typename Emit>
marks covering_system::reactions(int side, system::id endpoint, item arriving, Emit&& emit) {
  std::uint32_t met = 0;
  std::vector<item> sent;
  const auto react = [&](const system::tables::event_outcomes& all) {
    met |= all.met;
    for (const system::id index : all.outcomes) {
      const system::outcome& o = tables_.outcome_of(index);
      sent.clear();
      for (const system::id s : o.sent) sent.push_back(item_of(side, s));
      emit({step{o.kind, static_cast<std::uint8_t>(side), index}, o.after, std::span<const item>(sent),
            o.certain, o.open});
    }
  };
  if (arriving == ~item{0}) {
    react(tables_.calls(side, endpoint));
    react(tables_.time_outs(side, endpoint));
  } else if (sender_of(arriving) != side) {
    react(tables_.arrivals(side, endpoint, segment_of(arriving)));
  }
  return bounds_met(met);
}

}  // namespace tcpmc::properties
