#include "exports/exports.hpp"
namespace tcpmc::exports {
std::string state_diagram(const language::protocol&) { return {}; }
std::optional<std::string> reachable_graph(const language::composition&, const properties::property_set&,
                                           std::size_t) {
  return {};
}
}  // namespace tcpmc::exports
