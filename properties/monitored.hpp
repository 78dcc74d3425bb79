// The composed system together with the properties that are checked on it: what the searches see.
//
// A property is judged from one endpoint's part of a step as far as that decides it; what stays open is
// judged with the rest of the state, and remembered by the ids of what it depends on. Almost all steps
// are decided when their outcome is first worked out, so checking costs a look at two words.
#pragma once

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

  // Calls emit(next, step, marks) for every step from `s`; returns the marks of `s` itself that only its
  // steps show (bounds that were met, being stuck).
  template <typename Emit>
  marks successors(const state& s, Emit&& emit);

  // The marks of a state by itself.
  marks look(const state& s);

  system::tables& tables() { return tables_; }
  const property_set& properties() const { return properties_; }
  // The marks of one step, decided with everything that it may depend on.
  marks judge_step(int side, const system::outcome& o, system::id peer, system::id own_channel,
                   system::id peer_channel);
  marks judge_step(int side, const system::outcome& o, system::id peer,
                   const std::vector<const int*>& outgoing, const std::vector<const int*>& incoming);
  bool final(const state& s);

 private:
  struct pair_key {
    std::uint64_t a, b;
    bool operator==(const pair_key&) const = default;
  };

  const composition& composition_;
  const property_set& properties_;
  judge judge_;
  marks stuck_marks_ = 0;
  marks state_marks_ = 0;                       // that can be set by looking at a state
  std::array<std::vector<marks>, 2> possible_;  // by endpoint id: state marks that this endpoint allows
  tsl::robin_map<pair_key, marks, system::bytes_hash> pairs_;
  tsl::robin_map<pair_key, marks, system::bytes_hash> steps_;
  system::tables tables_;
};

template <typename Emit>
marks monitored_system::successors(const state& s, Emit&& emit) {
  bool changes_endpoint = false;
  const std::uint32_t met =
      tables_.successors(s, [&](const state& next, const step& by, const system::outcome* did) {
        marks m = 0;
        if (did != nullptr) {
          m = did->certain;
          if (did->open != 0)
            m |= judge_step(by.side, *did, s[1u - by.side], next[2u + by.side], next[3u - by.side]);
          changes_endpoint = changes_endpoint || did->after != did->before;
        }
        emit(next, by, m);
      });
  marks of_state = bounds_met(met);
  // Stuck: nothing in flight (what is may draw an answer that changes the other end, or is harmless and
  // gone a few steps later), no call possible, no timer running.
  if (stuck_marks_ != 0 && !changes_endpoint && met == 0 && !tables_.timer_runs(0, s[0]) &&
      !tables_.timer_runs(1, s[1]) && tables_.in_flight(0, s[2]).empty() &&
      tables_.in_flight(1, s[3]).empty() && !final(s))
    of_state |= stuck_marks_;
  return of_state;
}

}  // namespace tcpmc::properties
