// Small changes to a protocol's rules, one at a time: to ask of each rule what breaks without it.
//
// If a set of tests tells a program from every program that differs from it a little, it tests what the
// program does; a change that no test notices is either harmless or shows what the tests miss (mutation
// analysis: DeMillo, Lipton and Sayward 1978). Here the program is a protocol, a change is one to a rule, and
// the tests are properties in scenarios. The kinds of change:
//
//   remove   the rule is not there
//   weaken   one part of its condition is not there: of "a && b" a or b, of "in" all that it says
//   bend     one action is not there, or is done without its condition; a segment goes out without one of its
//            flags or fields, or with a sequence number that is one too small; a variable gets one
//
// Conditions and actions are taken apart as they are written, definitions without parameters and procedures
// put in.
#pragma once

#include <string>
#include <vector>

#include "model/language/expression.hpp"
#include "model/language/protocol_source.hpp"

namespace tcpmc::language {

struct mutation {
  enum class kind { remove, weaken, bend };
  std::string rule;
  kind is = kind::remove;
  std::string text;  // what is changed: tells it from all others of the rule
  json_node node;    // the rule instead; not for remove
};
const char* name_of(mutation::kind kind);  // "remove", "weaken", "bend"

// All of them for one rule, which has to be there; removing it is the first. New texts are kept in `texts`.
// Nothing if the rule has mistakes, which compile() reports.
std::vector<mutation> mutations_of(const protocol_source& of, const std::string& rule, source_store& texts);

// The protocol with that change. It may have rules that never fire, and definitions that nothing uses.
protocol_source mutated(const protocol_source& of, const mutation& m);

}  // namespace tcpmc::language
