// The rule interpreter: what one endpoint does, given its own row and one event.
//
// An endpoint's reaction depends on nothing else, which is what lets the composed system remember
// reactions in tables (tables.hpp). This interpreter is the slow and readable definition; the plain
// system (plain.hpp), which tests and trace replay use, runs on it directly.
//
// An event runs its list of rules (a user call, the stages of segment arrival, a time-out), then the
// output rules until none applies. All of it is one atomic step.
#pragma once

#include <optional>
#include <vector>

#include "model/language/scenario.hpp"

namespace tcpmc::system {

using language::composition;
using language::event_kind;
using values = std::vector<int>;  // one row: an endpoint's slots, or a segment's

// A ghost variable of a property, kept in the endpoint's row behind the protocol's own slots, and what
// changes it. Rules cannot read it; it is part of the state all the same.
struct observer {
  language::variable variable;  // its slot counts from the start of the endpoint's row
};
struct observation {
  language::code when;
  std::vector<language::instruction> body;  // assignments to observers
};
struct observers {
  std::vector<observer> variables;
  std::vector<observation> rules;
};

// Segments that one event may send. A rule that sends more is a mistake of the protocol.
inline constexpr std::size_t most_sent = 8;

// What one event did to an endpoint.
struct reaction {
  values after;
  std::vector<values> sent;  // in the order of sending
  std::vector<int> rules;    // indices into protocol::rules, in the order of firing
  std::array<int, language::label_slots> label{};
};

// The rows as expressions look at them.
inline std::vector<const int*> pointers(const std::vector<values>& rows) {
  std::vector<const int*> result;
  for (const values& row : rows) result.push_back(row.data());
  return result;
}

struct reactions {
  std::vector<reaction> all;  // more than one where a rule chooses among values
  bool cut = false;           // some reaction would begin an incarnation beyond the scenario's bound
};

class endpoint_machine {
 public:
  // `c` and `extra` have to outlive the machine.
  endpoint_machine(const composition& c, int side, const observers& extra);

  values initial() const;

  // The user makes the call of intention `which`. Nothing if the application does not want to now, or
  // the protocol refuses the call.
  reactions call(const values& row, int which) const;
  reactions arrive(const values& row, const values& segment) const;
  // What the attacker would deliver as number `which` of its list; nothing if it may not now.
  std::optional<values> forgery(const values& row, int which) const;
  // It does: an arrival that uses up one of its segments. Requires that `segment` is that forgery.
  reactions forge(const values& row, const values& segment) const;
  // Timer `which` expires. Nothing if it is not due.
  reactions time_out(const values& row, int which) const;
  // One unit of time passes; nothing if a timer is due and has to expire first, or a prompt call to be made.
  std::optional<values> tick(const values& row) const;

  // Whether the timer is due: it may expire now (and in counted time has to, before the next tick).
  bool due(const values& row, int timer) const;
  bool any_timer_runs(const values& row) const;
  int side() const { return side_; }
  const language::protocol& protocol() const { return protocol_; }
  const language::endpoint_layout& layout() const { return layout_; }
  const language::segment_layout& segment() const { return segment_; }
  int slots() const { return slots_; }
  const language::side_of_scenario& application() const { return scenario_side_; }
  int forgeries() const {
    return scenario_side_.attacker ? static_cast<int>(scenario_side_.attacker->forgeries.size()) : 0;
  }

 private:
  struct thread;

  // `old` is the row before the event, `row` the same with what the event itself uses up.
  reactions run(const values& old, const values& row, event_kind kind, int which,
                const std::vector<int>* list, const values* segment) const;
  const language::rule* match(const std::vector<int>& list, const thread& t) const;
  void execute(thread t, const language::instruction& i, std::vector<thread>& pending, bool& cut) const;
  bool store(thread& t, const language::instruction& i, int slot, int value, bool& cut) const;
  void send(thread& t, const language::instruction& i) const;
  void observe(const values& before, thread& t) const;
  void check(int value, const language::type& of, language::place at, const std::string& what) const;
  bool counts(int timer) const;

  const language::protocol& protocol_;
  const language::side_of_scenario& scenario_side_;
  language::time_mode time_;
  int side_;
  language::endpoint_layout layout_;
  language::segment_layout segment_;
  const observers& extra_;
  int slots_ = 0;
  values blank_;  // every slot's initial value
};

}  // namespace tcpmc::system
