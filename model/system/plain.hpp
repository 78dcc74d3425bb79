// The composed system in the plainest form: full states, no ids, no tables.
//
// This is the definition that everything faster is checked against, and the code that replays a trace
// before it is shown. docs/semantics.md says the same in words.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <vector>

#include "model/system/step.hpp"

namespace tcpmc::system {

struct plain_state {
  std::array<values, 2> endpoints;              // A, B
  std::array<std::vector<flight>, 2> channels;  // by sender. fifo: oldest first; any: sorted;
                                                // set: sorted, each segment once with its least age
  int losses = 0, duplicates = 0;               // budget left; 0 where it has no limit

  auto operator<=>(const plain_state&) const = default;
};

struct plain_successor {
  step by;
  plain_state state;
  std::optional<reaction> did;  // call, deliver, forge, time_out: what the endpoint did
};

class plain_system {
 public:
  plain_system(const composition& c, const std::array<observers, 2>& extra);

  plain_state initial() const;

  // All steps from `s`: calls and forgeries, deliveries, time-outs (A before B each), losses, duplications
  // (A's segments first), tick. Adds the bounds that were met to `met`.
  std::vector<plain_successor> successors(const plain_state& s, std::uint32_t& met) const;

  // The step `by` from `s`, or nothing if it is not possible there.
  std::optional<plain_successor> apply(const plain_state& s, const step& by) const;

  // One unit of time passes, whether or not that changes anything; nothing if something has to happen first.
  std::optional<plain_state> aged(const plain_state& s) const;

  const endpoint_machine& machine(int side) const { return machines_[static_cast<std::size_t>(side)]; }
  const composition& made_of() const { return composition_; }

 private:
  // The state after `did` at `side`; nothing if a channel is full or a budget forbids it.
  std::optional<plain_state> after(const plain_state& s, int side, const reaction& did, bool timed_out,
                                   std::uint32_t& met) const;
  bool put(plain_state& s, int side, values segment, bool retransmission, std::uint32_t& met) const;

  const composition& composition_;
  const language::network& network_;
  std::array<endpoint_machine, 2> machines_;
};

}  // namespace tcpmc::system
