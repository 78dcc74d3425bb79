// A sweep as a picture: a heat map in SVG.
//
// The last axis runs across, the last but one down; the others and the properties become panels (small
// multiples), the last of them side by side. Colours tell verdicts, a number in a violated cell is the length
// of its counterexample, and a line runs between the cells where the property holds and where it does not.
// The file stands alone, and follows the reader's choice of light or dark.
#pragma once

#include <string>

#include "cli/sweep.hpp"

namespace tcpmc::cli {

std::string heat_map(const grid& g, const sweep_result& r);

}  // namespace tcpmc::cli
