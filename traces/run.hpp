// Runs of the plain system: replaying steps, making the run of a covering search concrete, and minimising.
//
// No trace is shown that has not been replayed here: by the rule interpreter on full states, not by the
// tables that found it.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "model/system/ports.hpp"

namespace tcpmc::traces {

using system::plain_state;
using system::plain_successor;
using system::plain_system;
using system::step;

struct run {
  plain_state start;
  std::vector<plain_successor> steps;

  const plain_state& end() const { return steps.empty() ? start : steps.back().state; }
};

// The same of a pool of ports.
struct ports_run {
  system::ports_state start;
  std::vector<system::ports_successor> steps;

  const system::ports_state& end() const { return steps.empty() ? start : steps.back().state; }
};

// Takes the steps one by one from the initial state. Nothing if one of them is not possible.
// On a network that is a set, the age of a delivered segment is not compared: a set has one copy only.
std::optional<run> replay(const plain_system& on, const std::vector<step>& steps);

std::optional<ports_run> replay(const system::plain_ports& on, const std::vector<system::ports_step>& steps);

std::vector<step> steps_of(const run& r);

// Leaves out steps for as long as the rest can still be taken and `bad` is still true of it: no single
// step of the result can be left out, unless `go_on` said no before. Requires that `bad` is true of `steps`.
std::vector<step> minimise(const plain_system& on, std::vector<step> steps,
                           const std::function<bool(const run&)>& bad, const std::function<bool()>& go_on);

// A run of the unlimited network (a set, where nothing is lost or used up) as a run of a network that
// copies segments: a segment that is delivered again without being sent again is duplicated before. With
// `keep_all`, one that is not delivered again as well: in a set it stays in flight, where a property may see
// it.
std::vector<step> with_copies(const plain_system& on_set, const std::vector<step>& steps,
                              bool keep_all = false);

}  // namespace tcpmc::traces
