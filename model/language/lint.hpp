// What can be said of a protocol's rules without exploring it: rules that can never match, rules whose order
// matters, and events that a state does not handle.
//
// Every list of rules is looked at in every state, for values of what its guards read: all of them, where
// that is finite and small (booleans, words, small ranges, whether a timer runs); where sequence numbers are
// read, some that lie close together, so that all orders and small distances among them occur, drawn by a
// fixed rule. What is found carries its values and is certain: there the rules do match so. That something
// was not found is certain only where all values were tried, and is said so. Nothing here asks whether the
// values are reachable: that is what exploring is for.
//
// The names for pairs of rules are those of firewall analysis (Al-Shaer and Hamed 2004): a later rule may be
// shadowed by earlier ones, may generalize an earlier one (the "else" of a list, usual here), or two may be
// correlated: each matches where the other does not, and where both do the order decides.
#pragma once

#include <string>
#include <vector>

#include "model/language/protocol.hpp"

namespace tcpmc::language {

struct lint_report {
  // A rule for which no values were found in any of its states, such that it matches and no earlier rule of
  // its list does.
  struct unmatched {
    const rule* of = nullptr;
    bool certain = false;  // all values were tried
  };
  // Two rules of a list, each of which matches where the other does not, and which do different things.
  struct correlated {
    const rule *first = nullptr, *second = nullptr;
    std::string list;
    int state = 0;
    std::string values;  // for which both match, and no rule before them
  };
  // An event of which a state takes no notice: no rule matches.
  struct unhandled {
    std::string event;  // "the call CLOSE", "a segment", "the time-out of time_wait"
    int state = 0;
    bool always = false;  // no rule of the event names the state
    std::string values;   // else: for which no rule matches
  };
  std::vector<unmatched> never;
  // Not in `never`: whose condition is false by the parameters alone, or that reads a variable for which they
  // leave one value.
  std::vector<const rule*> off;
  std::vector<correlated> order;
  std::size_t generalizing = 0;  // pairs whose second rule was found to match wherever the first does
  std::vector<unhandled> ignored;
};

// Looks at a compiled protocol, with the values of its parameters.
lint_report lint(const protocol& p);

}  // namespace tcpmc::language
