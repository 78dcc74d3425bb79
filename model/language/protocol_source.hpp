// A protocol as it is written: tables of declarations and ordered rules, before anything is typed.
//
// A variant file changes another protocol or variant: it sets parameters, declares more, and replaces,
// removes or inserts rules by id. Applying a variant gives a protocol_source again, so variants of
// variants need nothing more. A variant may also be composed of others, which are applied in order before its
// own changes; those that know nothing of each other may not change the same thing. Types and names are
// checked afterwards, on the result (protocol.hpp).
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/language/library.hpp"

namespace tcpmc::language {

struct named_node {
  std::string name;
  place at;
  json_node node;
  bool from_variant = false;
};

struct rule_source {
  std::string id;
  json_node node;
  std::string from;  // the protocol or variant that the rule stands in
  std::string cite;  // that variant's citation: a rule's, if it has none of its own
};

// A list of rules that are tried in order: one user call, one stage of arrival, one timer, or the output.
struct rule_list {
  enum class kind { call, stage, time_out, output };
  kind is = kind::stage;
  std::string name;  // of the call, stage or timer
  std::string cite;
  place at;
  std::vector<rule_source> rules;
};

// One applied change, for showing a variant as the difference to what it is made from.
struct change {
  std::string what;  // "set", "declare", "define", "replace", "remove", "add"
  std::string target;
  std::vector<std::string> detail;
};

struct protocol_source {
  std::string name;
  std::string cite, says;
  std::vector<std::string> chain;  // in the order of application: base protocol first, this one last
  std::vector<named_node> parameters, settings, flags, fields, states, groups, variables, timers, signals,
      definitions, procedures, requirements;
  json_node identity;
  place at;                      // of the file's root object
  std::vector<rule_list> lists;  // calls, then stages, then time-outs, then output; each in file order
  std::vector<change> changes;   // to what the last one is a variant of
  bool mutant = false;           // a rule that never fires, or a name that nothing uses, is no mistake
};

// Loads a protocol or a variant with all that it is made from. Reports every mistake it can see.
std::optional<protocol_source> load_protocol(const std::string& reference, library& files, place from,
                                             diagnostics& errors);

// A text member of an object: its string, or "" if absent; reports a wrong type.
std::string text_of(const json_node& object, std::string_view key, diagnostics& errors,
                    bool required = false);

}  // namespace tcpmc::language
