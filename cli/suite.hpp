// Suites: files that list questions with the verdicts that are expected.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/question.hpp"

namespace tcpmc::cli {

struct suite_row {
  question asked;
  std::vector<std::pair<std::string, verdict>> expected;  // by property, in the order of asked.properties
};

struct suite {
  std::string name, says;
  std::vector<suite_row> rows;
};

// Reads a suite by name or path. Reports every mistake; returns nothing if there is one.
std::optional<suite> load_suite(const std::string& reference, language::library& files,
                                language::diagnostics& errors);

}  // namespace tcpmc::cli
