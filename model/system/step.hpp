// One step of the composed system, in words that do not depend on how states are stored.
#pragma once

#include <cstdint>
#include <vector>

#include "model/system/endpoint.hpp"

namespace tcpmc::system {

enum class step_kind : std::uint8_t { call, deliver, time_out, lose, duplicate, tick, forge };

// Whether the step gives an endpoint a segment.
constexpr bool arrives(step_kind k) { return k == step_kind::deliver || k == step_kind::forge; }

// `side` moves: it calls, receives (also what an attacker forges), or its timer expires; for lose and
// duplicate it is the sender of the segment. A tick has no side. `choice` tells apart the reactions to one
// event (0 unless a rule chooses).
struct step {
  step_kind kind = step_kind::tick;
  int side = 0;
  int which = 0;  // call: intention; time_out: timer; forge: number in the attacker's list; lose, duplicate:
                  // position in a fifo channel, else 0
  int choice = 0;
  values segment;  // deliver, forge, lose, duplicate: the segment, with its tags
  int age = 0;     // and its age in ticks

  bool operator==(const step&) const = default;
};

// A segment in flight.
struct flight {
  values segment;
  int age = 0;  // ticks since it was sent; 0 where the scenario has no lifetime

  auto operator<=>(const flight&) const = default;
};

// The bounds of a run that cut steps off or were used up. A verdict names them.
enum bound : std::uint32_t {
  bound_incarnations = 1,  // a step would begin one incarnation too many
  bound_capacity = 2,      // a step would send into a full channel
  bound_losses = 4,        // the budget of losses is used up
  bound_duplicates = 8,    // the budget of duplicates is used up
};
inline constexpr int bound_count = 4;

}  // namespace tcpmc::system
