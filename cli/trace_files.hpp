// Counterexamples as files: one JSON file each, in the folder that --traces names.
#pragma once

#include <string>

#include "cli/question.hpp"

namespace tcpmc::cli {

// Makes the folder that an option names, with those above it, where it is missing. Returns what is wrong, or
// "".
std::string make_folder(const char* option, const std::string& folder);

// Writes the trace of a violated answer. Requires a folder, and a trace. Returns what is wrong, or "".
std::string write_trace(const std::string& folder, const question& q, const check_input& input,
                        const answer& a);

}  // namespace tcpmc::cli
