#include "cli/growth.hpp"

#include <fmt/format.h>

#include "cli/reporting.hpp"

namespace tcpmc::cli {

std::string growth::note(const checker::progress& now, const system::tables& tables) {
  constexpr std::array<const char*, components> names = {
      "local states of A", "local states of B", "contents in flight from A", "contents in flight from B"};
  const std::array<std::size_t, components> ids = {tables.endpoint_count(0), tables.endpoint_count(1),
                                                   tables.content_count(0), tables.content_count(1)};
  largest_ = std::max(largest_, now.frontier);
  // Looked at whenever the number of states has doubled: a component that has doubled too grows without end.
  if (now.states >= 2 * states_) {
    note_.clear();
    double most = 1.7;
    for (std::size_t c = 0; c < components; ++c) {
      const double times = ids_[c] == 0 ? 0 : static_cast<double>(ids[c]) / static_cast<double>(ids_[c]);
      if (times < most || ids[c] < 1000) continue;
      most = times;
      note_ = fmt::format("explodes: {}, {} so far", names[c], with_commas(ids[c]));
    }
    states_ = now.states;
    ids_ = ids;
  }
  if (2 * now.frontier < largest_) return "the frontier shrinks";
  return note_;
}

checker::reporter with_growth(const checker::reporter& report, const system::tables& tables) {
  return [&, grows = growth()](const checker::progress& so_far) mutable {
    checker::progress told = so_far;
    told.note = grows.note(so_far, tables);
    return !report || report(told);
  };
}

}  // namespace tcpmc::cli
