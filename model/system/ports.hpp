// Several connections between the same two hosts: a client's local ports towards one port of the server.
//
// Each local port is another pair of sockets, so it is a connection of its own: the plain system, with its
// own endpoints, channels and budgets. The connections meet in two things only. The clock is one: time passes
// for all of them at once. And so is the client, which wants something every so many ticks and chooses a port
// for it. That a port is in TIME-WAIT, and so cannot be chosen, is what RFC 1379 section 2 and Faber, Touch
// and Yue 1999 are about. docs/semantics.md says the same in words.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "model/system/plain.hpp"

namespace tcpmc::system {

enum class ports_event {
  at_port,   // a step of one connection
  tick,      // of all
  unserved,  // the client wants something, and no port can serve it
};

struct ports_step {
  ports_event event = ports_event::tick;
  int port = 0;  // at_port: which, from 0
  step by;       // at_port: its step, never a tick

  bool operator==(const ports_step&) const = default;
};

// What the client wants, and when.
struct demand_clock {
  int wait = 0;  // ticks until the next demand
  int left = 0;  // demands to come; 0 where there is no end of them

  // Whether there is a demand now, which has to be met before time goes on.
  bool due(const language::port_pool& pool) const { return wait == 0 && (pool.demands == 0 || left > 0); }
  // After a demand that was due.
  demand_clock met(const language::port_pool& pool) const {
    if (pool.demands == 0) return {pool.every, 0};
    return {left > 1 ? pool.every : 0, left - 1};
  }
  // A tick later, if none is due.
  demand_clock ticked() const { return {std::max(0, wait - 1), left}; }

  auto operator<=>(const demand_clock&) const = default;
};

struct ports_state {
  std::vector<plain_state> ports;
  demand_clock demands;

  auto operator<=>(const ports_state&) const = default;
};

struct ports_successor {
  ports_step by;
  ports_state state;
  std::optional<plain_successor> moved;  // at_port: its connection, before it is as new
  std::vector<int> as_new;               // ports of whose last connection the step left nothing
};

// Whether nothing is left of a port's last connection.
class port_renewal {
 public:
  // `initial` are the rows in which the endpoints start.
  port_renewal(const composition& c, const std::array<values, 2>& initial);

  // Whether an endpoint is as it was at the start, but for calls and incarnations that are used up, and for
  // what the scenario wants forgotten. The port is as new if both are and nothing is in flight.
  bool as_new(int side, std::span<const int> row) const;

 private:
  std::array<values, 2> initial_;
  std::array<std::vector<bool>, 2> ignored_;  // by slot
};

// The definition of a pool of ports: full states, no ids, every port by its number.
class plain_ports {
 public:
  // The scenario of `c` has ports.
  plain_ports(const composition& c, const std::array<observers, 2>& extra);

  ports_state initial() const;

  // All steps, also of ports that are in the same state: those of port 1, port 2, ..., then a demand that is
  // not served, then the tick. Adds the bounds that were met to `met`.
  std::vector<ports_successor> successors(const ports_state& s, std::uint32_t& met) const;
  // The step `by` from `s`, or nothing if it is not possible there.
  std::optional<ports_successor> apply(const ports_state& s, const ports_step& by) const;

  const plain_system& connection() const { return connection_; }

 private:
  // Takes step `by` to `to`, at which a port may become as new.
  ports_successor made(ports_step by, ports_state to) const;

  const plain_system connection_;
  const language::port_pool& pool_;
  plain_state start_;
  port_renewal renewal_;
};

// Which of the intentions that serve a demand are possible at A's endpoint, one bit each, the preferred one
// first. One that only a bound of the scenario cuts off is possible: the bound is the run's, not the
// client's.
std::uint32_t demands_served(const endpoint_machine& a, const language::port_pool& pool, const values& row);

}  // namespace tcpmc::system
