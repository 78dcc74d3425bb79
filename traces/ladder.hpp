// A trace as text, in the manner of the figures of RFC 9293 (sections 3.5 and 3.6): A on the left, B on
// the right, segments as arrows; "..." is the network, *** an attacker, XXX a loss.
#pragma once

#include <string>

#include "traces/trace.hpp"

namespace tcpmc::traces {

std::string ladder(const trace& t);

// <SEQ=100><ACK=301><CTL=SYN,ACK>; fields that are 0 are left out, except the first.
std::string segment_text(const language::protocol& p, const system::values& segment);

// One socket in a line: state, the variables that are not at their initial value, running timers.
std::string socket_text(const language::composition& on, int side, const system::values& row);

}  // namespace tcpmc::traces
