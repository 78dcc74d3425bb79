// A question as it is asked: names or paths of a protocol, a scenario and properties, and settings.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/check.hpp"

namespace tcpmc::cli {

struct question {
  std::string text;      // in plain words; may be empty
  std::string protocol;  // reference: a name or a path
  std::string scenario;
  std::vector<std::string> properties;
  std::vector<language::setting> settings;  // in the order in which they apply
  language::place at;                       // where it is asked, for messages and for relative paths
};

// Loads everything that a question names, with a library of its own, so that the input knows exactly the
// files that the answer depends on. Reports all mistakes; returns nothing if there is one.
std::optional<check_input> load(const question& q, std::shared_ptr<language::library> files,
                                language::diagnostics& errors);

// Reads "name=value" from a command line. Reports what is not of that form.
std::optional<language::setting> parse_setting(const std::string& text, language::source_store& sources,
                                               language::diagnostics& errors);
// The value of a setting as it would be given on a command line.
std::string value_text(const language::setting& s);

// 64 bits over the version of tcpmc and everything that the answer depends on, as hexadecimal text.
std::string hash_of(const question& q, const check_input& input);
// One such text for several, in their order.
std::string combined(const std::vector<std::string>& hashes);

}  // namespace tcpmc::cli
