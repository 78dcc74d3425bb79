// The expression and action language: text -> syntax tree.
//
// Guards, defines and parameters are expressions; what a rule does is a list of actions. Both are short
// strings in the JSON files, parsed by one PEGTL grammar (expression.cpp). Names may contain hyphens
// (FIN-WAIT-1), so a subtraction needs spaces around its minus sign.
//
//   expression   a ? b : c,  ||  &&  !,  == != < <= > >=,  in {A, B},  + -  *,  f(x),  v[i],  seg.ack
//   actions      x := e        choose x in e .. e      goto STATE       signal NAME     clear
//                start TIMER   stop TIMER              drop             continue at STAGE
//                send FLAG FLAG field=e field=e        do PROCEDURE     refuse     crash
//                ACTION if e
//
// The meaning of names is given later (binding.hpp); nothing here knows a protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/language/diagnostic.hpp"
#include "model/language/json.hpp"

namespace tcpmc::language {

enum class syntax {
  integer,  // value
  text,     // a quoted string, in `name`
  name,     // name, possibly with a scope: "seg.ack"
  call,     // name(args...)
  element,  // name[args[0]]
  negate,   // !args[0]
  multiply,
  add,
  subtract,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  unequal,
  member,  // args[0] in { args[1..] }
  conjunction,
  disjunction,
  conditional,  // args[0] ? args[1] : args[2]
};

struct expression {
  syntax is = syntax::integer;
  std::string name;
  std::int64_t value = 0;
  std::vector<expression> args;
  place at;
};

enum class verb {
  assign,
  choose,
  go_to,
  signal,
  clear,
  crash,
  start,
  stop,
  drop,
  continue_at,
  send,
  perform,
  refuse
};

struct action {
  struct flag {
    std::string name;
    place at;
  };
  struct field {
    std::string name;
    expression value;
    place at;
  };

  verb is = verb::drop;
  std::string name;                 // variable, state, signal, timer, stage or procedure
  place name_at;                    // or of the action, where it has no name
  std::vector<expression> args;     // assign: value (and index, if an element); choose: lowest, highest
  std::vector<flag> flags;          // send
  std::vector<field> fields;        // send
  bool indexed = false;             // assign to name[args[1]]
  std::vector<expression> only_if;  // empty, or the condition of "... if e"
  place at;
};

// Parses the text of a string node, or the integer or boolean that stands in its place.
// On a mistake: adds it to `errors` and returns nothing.
std::optional<expression> parse_expression(const json_node& node, diagnostics& errors);
std::optional<action> parse_action(const json_node& node, diagnostics& errors);
// Parses the flags and fields of a segment, as they stand behind "send": an action of that kind.
std::optional<action> parse_segment(const json_node& node, diagnostics& errors);

// Parses a define's key: "name" or "name(x, y)".
struct signature {
  std::string name;
  std::vector<std::string> parameters;
};
std::optional<signature> parse_signature(const std::string& key, place at, diagnostics& errors);

}  // namespace tcpmc::language
