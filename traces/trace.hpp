// A trace: a replayed run together with what it shows and what it takes to replay it elsewhere.
//
// Writers turn it into text (ladder.hpp) or JSON (json.hpp, docs/schema/trace.schema.json). The JSON
// carries the files that the run depends on, so that it can be replayed wherever tcpmc runs.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "traces/run.hpp"

namespace tcpmc::traces {

// What was asked, by reference, and the network that the run was found on.
struct origin {
  std::string protocol, scenario, property;
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<const language::source*> files;
};

struct trace {
  std::string property, says, cite;
  bool shortest = false;
  std::string minimality;
  std::shared_ptr<const language::composition> on;
  traces::run run;
  std::optional<ports_run> ports;  // instead of `run`, where the scenario has ports
  traces::origin origin;

  std::size_t length() const { return ports ? ports->steps.size() : run.steps.size(); }
};

// Whether a segment is stale: its sender's present TCB does not carry its tag any more. An answering
// reset carries the tags of what it answers, so it is its receiver's TCB that counts. A forged segment has no
// sender, and is not stale; neither is the answer to one.
bool is_stale(const language::composition& on, const plain_state& in, int sender,
              const system::values& segment);

// The state before step i.
inline const plain_state& before(const run& r, std::size_t i) {
  return i == 0 ? r.start : r.steps[i - 1].state;
}
inline const system::ports_state& before(const ports_run& r, std::size_t i) {
  return i == 0 ? r.start : r.steps[i - 1].state;
}

}  // namespace tcpmc::traces
