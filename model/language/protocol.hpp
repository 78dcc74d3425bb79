// A protocol, typed and checked, as one endpoint runs it: what the interpreter executes.
//
// compile() turns a protocol_source and settings of its parameters into this. A scenario may set
// parameters differently for its two endpoints, so each endpoint has a protocol of its own; the names,
// states and slots of the two are the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/language/binding.hpp"
#include "model/language/protocol_source.hpp"

namespace tcpmc::language {

// How long a variable keeps its value (semantics.md, "The state of an endpoint").
enum class lifetime { tcb, endpoint, stable };

struct variable {
  std::string name;
  type of;
  lifetime lives = lifetime::tcb;
  int initial = 0;
  int slot = 0;
  int length = 0;  // > 0: an array of that many slots
};

// A protocol's timer. A running timer holds the ticks that are left, 0 when it is due.
struct timer {
  std::string name;
  code ticks;               // evaluated when it is started
  bool any_moment = false;  // in lazy mode: may expire at any moment, instead of counting
  std::string cite;
};

// One executable action. Procedures are expanded, so a rule is a flat list.
struct instruction {
  verb is = verb::drop;
  int target = 0;  // assign, choose: slot; go_to: state; signal, start, stop: index; continue_at: stage
  type of;         // assign, choose: the variable's type
  int length = 0;  // assign to an element: the array's slots; then args[1] is the index
  std::vector<code> args;
  std::vector<code> segment;  // send: the value of every segment slot, flags first
  std::optional<code> only_if;
  place at;
  std::string name;  // assign, choose: the variable's name, for messages
};

struct rule {
  std::string id, cite, says;
  std::string from;          // protocol or variant that it stands in
  std::uint64_t states = 0;  // bit per state in which it applies
  std::optional<code> when;
  std::vector<instruction> body;
  std::string in_text, when_text;  // as written, for showing
  std::vector<std::string> do_text;
  place at;
  bool refuses = false;  // a user call that only returns an error: not a step
};

struct stage {
  std::string name, cite;
  std::vector<int> rules;  // indices into protocol::rules
};

// Which of a protocol's variables tell one connection attempt from another.
struct identity {
  int own = -1;   // slot of the own initial sequence number: assigning it begins an incarnation
  int peer = -1;  // slot of the peer's initial sequence number: assigning it learns the peer
  std::uint64_t established = 0;  // states that complete the opening
  int answer_flag = -1;  // a segment with this flag, sent on an arrival, speaks for the segment it answers
};

struct parameter {
  std::string name;
  type of;
  int value = 0;
  std::string says;
};

struct protocol {
  std::string name, cite, says;
  std::vector<std::string> chain;
  std::shared_ptr<const std::vector<std::string>> states, timers_names, signals, calls;
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  std::vector<std::string> flags;
  std::vector<std::pair<std::string, type>> fields;
  std::vector<variable> variables;
  std::vector<timer> timers;
  std::vector<parameter> parameters;
  std::vector<rule> rules;  // all of them; lists hold indices
  std::vector<stage> stages;
  std::vector<std::vector<int>> call_rules;      // by call
  std::vector<std::vector<int>> time_out_rules;  // by timer
  std::vector<int> output_rules;
  language::identity identity;
  int modulus = 0;
  bool wraps = false;  // sequence numbers may wrap; else a stored value of modulus/2 or more is an error
  vocabulary words;    // what its own expressions may read; the base of other vocabularies

  int segment_slots() const { return static_cast<int>(flags.size() + fields.size()); }
  // Slots of an endpoint row that the protocol itself owns: state, variables, timers.
  int own_slots() const;
  int timer_slot(int timer) const { return own_slots() - static_cast<int>(timers.size()) + timer; }
};

inline constexpr int state_slot = 0;

// Parameters set from outside, in the order in which they apply.
struct setting {
  std::string name;
  place at;
  json_node value;
};

struct compile_options {
  std::vector<setting> settings;
  int modulus = 65536;
  bool wraps = false;
  int side = 0;  // the constant 'side': 0 for A, 1 for B
};

// Types, resolves and checks everything; reports all mistakes. Returns nothing if `errors` holds one
// afterwards, also one that was found when `from` was loaded.
std::optional<protocol> compile(const protocol_source& from, const compile_options& options,
                                diagnostics& errors);

// The value of every slot of a segment, flags first, as an action "send" or parse_segment() describes it.
std::vector<code> bind_segment(const action& a, const protocol& p, const vocabulary& words,
                               diagnostics& errors);

// "0..2", "bool", "sequence", a list of words; `words` gives the constants that ranges may use.
std::optional<type> read_type(const json_node& node, const vocabulary& words, diagnostics& errors);

// A variable's declaration: its type as a string, or an object {type, life, initial, length, says}.
std::optional<variable> read_variable(const std::string& name, const json_node& node, const vocabulary& words,
                                      diagnostics& errors);

}  // namespace tcpmc::language
