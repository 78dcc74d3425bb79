// The monitored system on the unlimited network, as the covering search sees it: the control part is the
// pair of endpoints, the content what may still arrive.
//
// Segments are never lost or used up there, so delivering one is reading it. An item is a segment of one
// direction: twice its id, plus one for B's.
#pragma once

#include <optional>
#include <span>

#include "properties/monitored.hpp"

namespace tcpmc::properties {

class covering_system {
 public:
  using control = std::array<system::id, 2>;
  struct step {
    system::step_kind kind = system::step_kind::tick;
    std::uint8_t side = 0;
    system::id outcome = 0;
  };

  // `m` has to live longer; its scenario's network has to be a set.
  explicit covering_system(monitored_system& m) : monitored_(m), tables_(m.tables()) {}

  control initial();
  std::uint8_t lifetime() const;
  template <typename Emit>
  marks moves(const control& c, const std::vector<std::uint8_t>& has, Emit&& emit);
  std::optional<control> passed(const control& c);
  step passing() const { return {system::step_kind::tick, 0, 0}; }
  marks look(const control& c) { return monitored_.look({c[0], c[1]}); }

  static std::uint32_t item_of(int sender, system::id segment) {
    return 2 * segment + static_cast<std::uint32_t>(sender);
  }
  static int sender_of(std::uint32_t item) { return static_cast<int>(item & 1); }
  static system::id segment_of(std::uint32_t item) { return item >> 1; }

  // A step in words; the age of a delivered segment is not known here.
  system::step describe(const step& s) const;

 private:
  marks judge_open(int side, const system::outcome& o, system::id peer, const std::vector<std::uint8_t>& has);

  monitored_system& monitored_;
  system::tables& tables_;
};

template <typename Emit>
marks covering_system::moves(const control& c, const std::vector<std::uint8_t>& has, Emit&& emit) {
  std::uint32_t met = 0;
  std::vector<std::uint32_t> added;
  const auto react = [&](const system::tables::event_outcomes& all, int side) {
    met |= all.met;
    for (const system::id index : all.outcomes) {
      const system::outcome& o = tables_.outcome_of(index);
      added.clear();
      for (const system::id s : o.sent) added.push_back(item_of(side, s));
      control next = c;
      next[static_cast<std::size_t>(side)] = o.after;
      marks m = o.certain;
      if (o.open != 0) m |= judge_open(side, o, c[static_cast<std::size_t>(1 - side)], has);
      emit(step{o.kind, static_cast<std::uint8_t>(side), index}, next, std::span<const std::uint32_t>(added),
           m);
    }
  };
  for (int side = 0; side < 2; ++side) react(tables_.calls(side, c[static_cast<std::size_t>(side)]), side);
  for (std::uint32_t item = 0; item < has.size(); ++item) {
    if (has[item] == 0) continue;
    const int side = 1 - sender_of(item);
    react(tables_.arrivals(side, c[static_cast<std::size_t>(side)], segment_of(item)), side);
  }
  for (int side = 0; side < 2; ++side)
    react(tables_.time_outs(side, c[static_cast<std::size_t>(side)]), side);
  return bounds_met(met);
}

}  // namespace tcpmc::properties
