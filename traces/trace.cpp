#include "traces/trace.hpp"

namespace tcpmc::traces {

bool is_stale(const language::composition& on, const plain_state& in, int sender,
              const system::values& segment) {
  const language::segment_layout tags(on.protocols[0]);
  if (segment[static_cast<std::size_t>(tags.forged)] == 1) return false;
  const bool answer = segment[static_cast<std::size_t>(tags.answer)] == 1;
  const auto owner = static_cast<std::size_t>(answer ? 1 - sender : sender);
  const language::endpoint_layout slots(on.protocols[owner], on.scenario.sides[owner]);
  return segment[static_cast<std::size_t>(tags.incarnation)] !=
         in.endpoints[owner][static_cast<std::size_t>(slots.incarnation)];
}

}  // namespace tcpmc::traces
