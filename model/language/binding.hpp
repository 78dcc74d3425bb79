// Names and types: syntax tree -> typed code that can be evaluated.
//
// Every value is a 32-bit integer in a slot of some row: the endpoint that moves (self), the same
// endpoint before its move (old), the other endpoint (peer), the segment that arrives, or what the move
// did (label). Parameters are known when a text is bound, so they become constants; a define is a macro
// and is bound where it is used. Evaluation is exact or unknown: a row that is not given makes what
// depends on it `unknown`, which lets a property be decided early from one endpoint alone.
#pragma once

#include <array>
#include <climits>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/language/expression.hpp"

namespace tcpmc::language {

struct type {
  enum class kind { boolean, integer, sequence, word };
  kind is = kind::integer;
  int low = 0, high = INT_MAX;                            // integer: the values it may take
  std::shared_ptr<const std::vector<std::string>> words;  // word: its values, by index

  static type boolean() { return {kind::boolean, 0, 1, nullptr}; }
  static type integer(int low = -INT_MAX, int high = INT_MAX) { return {kind::integer, low, high, nullptr}; }
  static type sequence() { return {kind::sequence, 0, INT_MAX, nullptr}; }
  static type word(std::shared_ptr<const std::vector<std::string>> words);
  std::string text() const;
  std::string show(int value) const;  // a value of this type as people write it
};

enum class row : std::uint8_t { self, old, peer, segment, sent, label, count };

// The slots of a label row: what one move did. Masks have a bit per state, signal or call.
enum label_slot : int { label_event, label_which, label_signals, label_passed, label_began, label_slots };
enum class event_kind : int { call, deliver, time_out, tick };

enum class operation : std::uint8_t {
  constant,
  slot,
  element,
  bit,
  negate,
  multiply,
  add,
  subtract,
  less,
  less_equal,
  equal,
  unequal,
  member,
  conjunction,
  disjunction,
  conditional,
  outgoing,
  incoming,
  sent,
  ports
};

// A typed expression. Sequence arithmetic is modulo the model's modulus (RFC 9293 section 3.4).
struct code {
  operation is = operation::constant;
  type of;
  row where = row::self;
  int value = 0;         // constant: the value; slot, element: the slot; bit: the bit's number
  int length = 0;        // element: the slots of the array
  bool modular = false;  // add, subtract: the result is a sequence number or a distance between two
  std::vector<code> args;
  place at;
};

inline constexpr int unknown = INT_MIN;

// What an expression may read. A null row, and channels that are not given, are unknown.
struct scene {
  std::array<const int*, static_cast<std::size_t>(row::count)> rows{};
  const std::vector<const int*>* outgoing = nullptr;  // segments in flight from self to peer
  const std::vector<const int*>* incoming = nullptr;
  const std::vector<const int*>* sent = nullptr;                  // by this step
  const std::vector<std::array<const int*, 2>>* ports = nullptr;  // self and peer, of every port
  int modulus = 0;

  const int*& operator[](row r) { return rows[static_cast<std::size_t>(r)]; }
  const int* operator[](row r) const { return rows[static_cast<std::size_t>(r)]; }
};

// The value of `c`, or `unknown`.
int evaluate(const code& c, const scene& s);
inline bool holds(const code& c, const scene& s) { return evaluate(c, s) == 1; }

// Whether the expression reads a row or the channels at all.
bool reads(const code& c, row r);
bool reads_channels(const code& c);
// Whether it asks what a step sent.
bool reads_sent(const code& c);
// Whether it counts ports. What it asks of them is not what it reads itself.
bool counts_ports(const code& c);
// Whether more segments in flight can turn the formula from true to false: then a search that keeps only
// the largest channel contents cannot decide it.
bool needs_absence(const code& c, bool negated = false);

// A mistake in a protocol that only shows while it runs: a variable that leaves its range, a sequence
// number that would wrap, an output stage that never ends.
class model_error : public std::runtime_error {
 public:
  model_error(place where, const std::string& message, std::string hint = {})
      : std::runtime_error(message), mistake(where, message, std::move(hint)) {}
  diagnostic mistake;
};

// What names mean in one kind of text.
class vocabulary {
 public:
  struct variable {
    type of;
    row where = row::self;
    int slot = 0;
    int length = 0;  // > 0: an array
  };
  struct definition {
    signature head;
    expression body;
    place at;
    mutable bool used = false;
  };

  std::map<std::string, variable> variables;               // "una", "seg.ack", "old.una", "peer.una", ...
  std::map<std::string, std::pair<type, int>> constants;   // parameters
  std::map<std::string, definition> definitions;           // macros, bound where they are used
  std::map<std::string, std::vector<std::string>> groups;  // named sets of states
  std::shared_ptr<const std::vector<std::string>> states, timers, signals, calls;
  std::map<std::string, int> timer_slots;        // slot of each timer in an endpoint's row
  std::map<std::string, std::string> forbidden;  // names that exist but may not be read here, and why
  // Names whose declaration is wrong. That is reported once, where it stands; what uses them fails silently.
  std::set<std::string> broken;
  int ports = 0;           // of the scenario; 0: it has none to count
  bool has_label = false;  // passed(S), signalled(N), called('C'), expired(T), ...
  int modulus = 0;

  std::vector<std::string> known_names() const;
};

class binder {
 public:
  binder(const vocabulary& words, diagnostics& errors) : words_(words), errors_(errors) {}

  // Binds `e` and checks that it has the type expected. On a mistake: reports it and returns nothing.
  std::optional<code> bind(const expression& e, const type& expected);
  std::optional<code> bind(const expression& e);  // any type
  // Converts a bound value for a variable of type `to`; reports if it does not fit.
  std::optional<code> fit(std::optional<code> value, const type& to, place at);

 private:
  struct argument {
    std::string name;
    code value;
  };
  std::optional<code> bind_name(const expression& e, const type* expected);
  std::optional<code> bind_call(const expression& e);
  std::optional<code> bind_definition(const expression& e, const std::string& name,
                                      const std::string& prefix);
  std::optional<code> bind_arithmetic(const expression& e);
  std::optional<code> bind_comparison(const expression& e);
  std::optional<code> bind_member(const expression& e);
  std::optional<std::pair<code, code>> bind_pair(const expression& a, const expression& b);
  std::optional<code> fail(place at, const std::string& message, const std::string& hint = {});
  bool grows(place at, std::size_t by);
  bool is_constant_sequence(const code& c) const;
  code finished(code c) const;

  const vocabulary& words_;
  diagnostics& errors_;
  std::vector<std::vector<argument>> frames_;  // arguments of the macros being bound
  std::vector<std::string> open_;              // names of the macros being bound
  std::string prefix_;                         // "", "old." or "peer.": where a macro's names are read
  bool in_quantifier_ = false, in_sent_ = false;
  std::size_t parts_ = 0;  // bound so far: macros in macros would let a short text grow without end
  int depth_ = 0;
};

}  // namespace tcpmc::language
