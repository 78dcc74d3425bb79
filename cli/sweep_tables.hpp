// A sweep as it is written: tables for people, CSV and JSON for programs.
#pragma once

#include <string>

#include "cli/sweep.hpp"

namespace tcpmc::cli {

// What stands in a cell, also on the heat map: "ok", "x14" (violated by a run of 14 steps), "vac", "?", "-".
std::string symbol_of(const cell& c, std::size_t property);
// The same in words: "violated, 14 steps".
std::string words_of(const cell& c, std::size_t property);

// Which points share a table: one point of each, the first. A table has the last axis across and the last but
// one down.
std::vector<std::size_t> first_points_of_tables(const grid& g);

// A table for each property and each combination of the values of all but the last two axes, with the
// thresholds of lines and columns, and a legend of the symbols that occur. Points that contradict a law are
// marked with "!".
std::string tables(const grid& g, const sweep_result& r);
// Where verdicts and laws disagree, in words; "" if nowhere.
std::string disagreements(const grid& g, const sweep_result& r);

std::string to_csv(const grid& g, const sweep_result& r);   // a line a point and property (RFC 4180)
std::string to_json(const grid& g, const sweep_result& r);  // docs/language.md, "Sweeps"

}  // namespace tcpmc::cli
