// A scenario: what the two users want, what the network and the clock may do, and how far to look.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "model/language/protocol.hpp"

namespace tcpmc::language {

// A budget of the network: a number, or no limit.
struct budget {
  bool unlimited = false;
  int count = 0;
  bool operator==(const budget&) const = default;
};

// One line of an application: the user may make this call while `when` holds, so many times in all.
struct intention {
  std::string call_name;
  int call = 0;  // index into protocol::calls
  std::optional<code> when;
  std::string when_text;
  int times = 1;
  bool unlimited = false;  // `times` does not count
  bool prompt =
      false;  // where it is possible, time stands still until it was made, or is not possible any more
  bool on_demand = false;  // made when the client of a pool of ports wants something, and not otherwise
  place at;
};

// Several local ports of A towards one port of B: each pair of addresses and ports is a connection of its
// own, with its own endpoints and channels. They meet in the clock, and in what A's host wants from them.
struct port_pool {
  int number = 0;           // of ports; 0: the scenario is about one connection, and nothing is wanted
  int every = 1;            // ticks from one demand to the next
  int demands = 0;          // in all; 0: without end
  std::vector<int> demand;  // intentions of A that serve a demand, the preferred one first
  // By side: slots of variables that do not matter in a port of whose last connection nothing else is left.
  std::array<std::vector<int>, 2> forget;
};

enum class delivery_order { any, fifo };
enum class time_mode { untimed, lazy, timed };

struct network {
  delivery_order order = delivery_order::any;
  budget loss, duplication;
  int lifetime = 0;  // ticks that a segment may be in flight (MSL); 0: without limit
  int capacity = 8;  // segments in flight in one direction; not used where the network is a set

  // Loss and duplication without limit and any order: a channel is the set of what may still arrive.
  bool is_set() const { return loss.unlimited && duplication.unlimited && order == delivery_order::any; }
  bool operator==(const network&) const = default;
};

// An off-path attacker: it sees nothing of what is in flight, and hands forged segments to one endpoint, as
// if they came from the other. What it forges is a fixed list, worked out from parameters and from what it is
// said to know.
struct attacker {
  std::optional<code> when;  // over the victim: where it may forge
  std::string when_text;
  std::vector<std::vector<code>> forgeries;  // of each, the value of every flag and field, over the victim
  std::vector<std::string> knows;            // variables of the victim
  std::vector<std::string> texts;            // of the list, for people
  bool listed = false;   // one forgery after the other, in the order of the list; else any of them, any time
  bool limited = false;  // to so many forged segments in all
  int segments = 0;
};

struct side_of_scenario {
  int start = 0;  // index of the state it starts in
  std::vector<intention> application;
  std::optional<language::attacker> attacker;  // whose victim it is
  int incarnations = 1;                        // TCBs with an initial sequence number that it may begin
};

struct scenario {
  std::string name, says;
  std::array<side_of_scenario, 2> sides;  // A, B
  language::network network;
  time_mode time = time_mode::untimed;
  port_pool ports;
  std::optional<code> final;  // over A (self) and B (peer): where it is no mistake that nothing goes on
  std::string final_text;
};

// A scenario together with the protocol that each endpoint runs in it.
struct composition {
  std::array<protocol, 2> protocols;
  language::scenario scenario;
};

// Loads a scenario and compiles `source` for both endpoints under its settings, then `overrides`. These may
// also set the scenario's own budgets: loss, duplication, lifetime, capacity, incarnations, A.incarnations,
// and how often a user may make a call ("A.SEND", each line of that call); a parameter of the same name comes
// first. Reports every mistake in either; returns nothing if `errors` holds one afterwards.
std::optional<composition> compose(const protocol_source& source, const document& scenario,
                                   const std::vector<setting>& overrides, diagnostics& errors);

// Slots of an endpoint's row, in this order: what the protocol owns, the application's remaining times,
// the forged segments that its attacker has left (where they are limited), the number of incarnations
// begun, then the ghosts: incarnation and peer_incarnation of the TCB (0: none), and the observers of
// properties.
struct endpoint_layout {
  int application = 0, attempts = 0, incarnation = 0, peer_incarnation = 0, observers = 0;
  int forgeries = -1;  // -1: there is no limited attacker

  endpoint_layout(const protocol& p, const side_of_scenario& side);
};

// Slots of a segment's row: flags and fields, then its ghost tags.
struct segment_layout {
  int incarnation = 0, peer_incarnation = 0, isn = 0, answer = 0, forged = 0, slots = 0;

  explicit segment_layout(const protocol& p);
};

// What properties and observers may read beside what rules may: ghosts, the old row, the peer, labels.
vocabulary property_vocabulary(const composition& c, int side);

}  // namespace tcpmc::language
