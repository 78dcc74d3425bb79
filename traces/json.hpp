// A trace as JSON (docs/schema/trace.schema.json), written and read back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/language/json.hpp"
#include "traces/trace.hpp"

namespace tcpmc::traces {

// The whole trace, indented, ending in a newline. `version` is the version of tcpmc that writes it.
std::string to_json(const trace& t, const std::string& version);

// What a trace file says, before it is replayed.
struct recorded {
  std::string property, minimality;
  bool shortest = false;
  std::string protocol, scenario, property_reference;
  std::vector<std::pair<std::string, std::string>> settings;
  language::network network;
  std::vector<std::pair<std::string, std::string>> files;  // path and text
  language::json_node document;

  const language::json_node& steps() const { return *document.find("steps"); }
};

// Reads a trace file. Reports every mistake; returns nothing if there is one.
std::optional<recorded> read_trace(const language::source& file, language::diagnostics& errors);

// The recorded steps, for the composition that they were recorded on.
std::optional<std::vector<step>> recorded_steps(const recorded& r, const language::composition& on,
                                                language::diagnostics& errors);

// The same where its scenario has ports.
std::optional<std::vector<system::ports_step>> recorded_ports_steps(const recorded& r,
                                                                    const language::composition& on,
                                                                    language::diagnostics& errors);

// Compares a replayed run with all that the file says but the version of tcpmc and how short the run is,
// which a replay cannot know; reports differences.
bool matches(const recorded& r, const trace& replayed, language::diagnostics& errors);

}  // namespace tcpmc::traces
