// What a verdict covers and what it does not, in words.
#pragma once

#include "cli/check.hpp"

namespace tcpmc::cli {

// Fills result.covers and result.does_not_cover from the scenario and the bounds that were met.
void describe_coverage(const language::composition& c, check_result& result);

}  // namespace tcpmc::cli
