// Writing a model down for other tools, so that what tcpmc finds can be found again without it.
//
// promela() and murphi() write the whole transition system of a composition as one self-contained text: all
// of the state, every step, the properties. They are made from the typed rules, not from the interpreter, and
// share no code with it at run time: each rule becomes an ordinary statement of the other language, with its
// id and citation beside it. docs/semantics.md is what the three have to agree about; docs/cross-check.md
// shows that they do. The diagrams are for people, in Graphviz' DOT (Boost.Graph's writer).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "properties/property.hpp"

namespace tcpmc::exports {

struct options {
  std::string heading;  // what the model is of and who wrote it: lines for its opening comment
  // The unlimited network has no capacity, but an array needs a size: the most distinct segments in flight
  // one way. A model that meets it stops with an error and says so.
  int room = 32;
  // The most ways that one event may go where rules choose among values; 0: as many as the rules show, if
  // they show it. A model that meets it stops with an error and says so.
  int choices = 0;
};

// For SPIN: one process, one loop, every step a d_step of embedded C; a stored state is a state.
std::string promela(const language::composition& c, const properties::property_set& p, const options& o);

// For Murphi (CMurphi's language, as rumur takes it): every step a rule that fires once.
std::string murphi(const language::composition& c, const properties::property_set& p, const options& o);

// The states of a protocol, and the rules that go from one to another.
std::string state_diagram(const language::protocol& p);

// All reachable states and steps; nothing if there are more than `most` states.
std::optional<std::string> reachable_graph(const language::composition& c, const properties::property_set& p,
                                           std::size_t most);

}  // namespace tcpmc::exports
