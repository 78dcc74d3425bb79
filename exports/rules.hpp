// The rules of a protocol as statements of another language.
//
// Both targets get the same code in their own words: for each endpoint (A, B) its users' calls, the stages of
// segment arrival, its time-outs, the output rules, its observers and the properties' formulas. What
// surrounds it, the channels, the budgets, the clock and the list of steps, is written by hand for each
// target (promela.cpp, murphi.cpp), so that the two are independent of each other there.
//
// The code works on the endpoints `A` and `B` of the state that is being made, and on a record `w`, which
// lives for one step:
//   before, old        the endpoint that moves, before the step; old with the call or forgery counted, or
//                      the timer stopped
//   seg, has_seg       the segment that arrived; all zero if none did
//   event, which       what happened: a call, a delivery, a time-out; and which
//   passed, signals, began   the step's label
//   choice, ways       which alternative to take, a mixed-radix number; how many there are
//   cut, dropped, cleared, stage, fired, rounds, value   how far the step has come
#pragma once

#include <array>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "exports/layout.hpp"
#include "exports/text.hpp"

namespace tcpmc::exports {

// How a language writes what rules are made of.
class dialect {
 public:
  virtual ~dialect() = default;

  // Expressions.
  virtual std::string truth(bool value) const = 0;
  virtual std::string equal(const std::string& a, const std::string& b) const = 0;
  virtual std::string both(const std::string& a, const std::string& b) const = 0;
  virtual std::string either(const std::string& a, const std::string& b) const = 0;
  // A function without effects. `works`: it is given the record w.
  virtual std::string call(const std::string& function, const std::vector<std::string>& arguments,
                           bool works) const = 0;
  // The record of an endpoint, and what it has in flight, in the state that is being made.
  virtual std::string endpoint(int side) const = 0;
  virtual std::string channel(int side) const = 0;
  // Whether some segment in the channel satisfies the condition, given how such a segment is written.
  virtual std::string exists(const std::string& channel,
                             const std::function<std::string(const std::string&)>& body) = 0;
  // The same for the segments that a step sent: names of their slots begin and end with what `body` is given.
  virtual std::string exists_sent(
      const std::function<std::string(const std::string&, const std::string&)>& body) = 0;

  // Statements.
  virtual void open_if(text& out, const std::string& condition) const = 0;
  virtual void else_if(text& out, const std::string& condition) const = 0;
  virtual void close_if(text& out) const = 0;
  virtual void open_while(text& out, const std::string& condition) const = 0;
  virtual void close_while(text& out) const = 0;
  virtual void assign(text& out, const std::string& target, const std::string& value) const = 0;
  // All fields of an endpoint, from one record to another.
  virtual void copy(text& out, const std::string& target, const std::string& source,
                    const layout& l) const = 0;
  virtual void perform(text& out, const std::string& procedure,
                       const std::vector<std::string>& arguments) const = 0;
  virtual void leave(text& out) const = 0;                           // the procedure
  virtual void give(text& out, const std::string& value) const = 0;  // leaves a function with a value
  virtual void fail(text& out, const std::string& message) const = 0;
  virtual void comment(text& out, const std::string& words) const = 0;
  virtual void open_procedure(text& out, const std::string& name) const = 0;
  virtual void open_function(text& out, const std::string& name,
                             bool works) const = 0;  // gives a truth value
  virtual void close_routine(text& out) const = 0;
  // Text that has to stand before the routine that was begun last; "" if nothing.
  virtual std::string take_helpers() { return {}; }
};

// Where the rows of an expression are found.
struct view {
  int side = 0;  // of the row `self`
  std::string self, old, peer, segment;
  // What is counted or stopped when a step begins is as it was in `before`: the timers, the calls and the
  // forgeries that are left. Elsewhere `old` is the same.
  std::string before;
  std::set<int> counts;
  bool counted(int slot) const { return counts.count(slot) != 0; }
  std::array<std::string, 2> channels;  // outgoing, incoming
  // A slot of the row `sent` is called sent.first + slot + sent.second.
  std::pair<std::string, std::string> sent;
};

std::string expression(const language::code& c, const view& v, const layout& l, dialect& d);

// Everything of both endpoints: for X in A, B
//   X_can_call_I()      whether intention I may be acted on      X_call_I()       the call's rules, then
//   output X_arrive()          the stages, then output                  X_time_out_T()   the timer's rules,
//   then output X_may_forge()  whether the attacker may forge           X_forge()   number w.value of its
//   list arrives, for an endpoint that is attacked then output X_observe()         what observers see of the
//   step X_never_P(), X_witness_P()   the formulas of property P, on steps or on states
// and `final`. Calls, arrivals and time-outs expect w to be set up, the call counted, the timer stopped.
std::string routines(const layout& l, dialect& d);

}  // namespace tcpmc::exports
