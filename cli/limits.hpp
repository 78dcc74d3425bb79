// The options that limit a search, the same in every command that searches.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "checker/report.hpp"

namespace tcpmc::cli {

struct limit_options {
  std::string threads = "auto", temporary_folder = "/var/tmp";
  std::uint64_t max_states = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_depth = std::numeric_limits<std::uint64_t>::max();
  double time_limit = 0;           // seconds; 0: none
  std::uint64_t memory_limit = 0;  // megabytes; 0: what is free
};

// What an option takes: a whole number in this range, in decimal digits.
CLI::Validator whole_number(std::uint64_t least,
                            std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
// The same: more than 0 and at most 10^9 seconds.
CLI::Validator seconds();
inline constexpr std::uint64_t most_megabytes = std::uint64_t{1} << 40;

// -j, --threads: 1 to 999, or auto. `says` is its help.
void add_threads_option(CLI::App& to, std::string& threads, const std::string& says);
// As many as there are cores for "auto".
unsigned threads_of(const std::string& threads);

// --time-limit, whose help `says` what is done until then, and --memory-limit.
void add_resource_options(CLI::App& to, limit_options& o, const std::string& says);
// These, and --temp-dir, --max-states, --max-depth.
void add_limit_options(CLI::App& to, limit_options& o);
// The same for a search; --time-limit counts from `start`.
checker::options limits_of(const limit_options& o, std::chrono::steady_clock::time_point start);

}  // namespace tcpmc::cli
