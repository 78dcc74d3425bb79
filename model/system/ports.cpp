#include "model/system/ports.hpp"

#include <bit>

namespace tcpmc::system {

port_renewal::port_renewal(const composition& c, const std::array<values, 2>& initial) : initial_(initial) {
  for (std::size_t side = 0; side < 2; ++side) {
    const language::endpoint_layout slots(c.protocols[side], c.scenario.sides[side]);
    std::vector<bool>& ignored = ignored_[side];
    ignored.resize(initial[side].size());
    for (int slot = slots.application; slot <= slots.attempts; ++slot)
      ignored[static_cast<std::size_t>(slot)] = true;
    for (const int slot : c.scenario.ports.forget[side]) ignored[static_cast<std::size_t>(slot)] = true;
  }
}

bool port_renewal::as_new(int side, std::span<const int> row) const {
  const auto s = static_cast<std::size_t>(side);
  for (std::size_t slot = 0; slot < row.size(); ++slot)
    if (!ignored_[s][slot] && row[slot] != initial_[s][slot]) return false;
  return true;
}

std::uint32_t demands_served(const endpoint_machine& a, const language::port_pool& pool, const values& row) {
  std::uint32_t result = 0;
  for (std::size_t i = 0; i < pool.demand.size(); ++i) {
    const reactions made = a.call(row, pool.demand[i]);
    if (made.cut || !made.all.empty()) result |= 1u << i;
  }
  return result;
}

plain_ports::plain_ports(const composition& c, const std::array<observers, 2>& extra)
    : connection_(c, extra),
      pool_(c.scenario.ports),
      start_(connection_.initial()),
      renewal_(c, start_.endpoints) {}

ports_state plain_ports::initial() const {
  return {std::vector<plain_state>(static_cast<std::size_t>(pool_.number), start_), {0, pool_.demands}};
}

ports_successor plain_ports::made(ports_step by, ports_state to) const {
  ports_successor result{std::move(by), std::move(to), std::nullopt, {}};
  for (std::size_t p = 0; p < result.state.ports.size(); ++p) {
    plain_state& port = result.state.ports[p];
    if (port == start_ || !port.channels[0].empty() || !port.channels[1].empty()) continue;
    if (!renewal_.as_new(0, port.endpoints[0]) || !renewal_.as_new(1, port.endpoints[1])) continue;
    port = start_;
    result.as_new.push_back(static_cast<int>(p));
  }
  return result;
}

std::vector<ports_successor> plain_ports::successors(const ports_state& s, std::uint32_t& met) const {
  std::vector<ports_successor> result;
  const bool due = s.demands.due(pool_);
  std::uint32_t served = 0;
  if (due)
    for (const plain_state& port : s.ports)
      served |= demands_served(connection_.machine(0), pool_, port.endpoints[0]);
  // The intention that the client follows now, or -1.
  const int wanted = served == 0 ? -1 : pool_.demand[static_cast<std::size_t>(std::countr_zero(served))];

  const auto& application = connection_.machine(0).application().application;
  for (std::size_t p = 0; p < s.ports.size(); ++p)
    for (plain_successor& moved : connection_.successors(s.ports[p], met)) {
      if (moved.by.kind == step_kind::tick) continue;
      const bool on_demand = moved.by.kind == step_kind::call && moved.by.side == 0 &&
                             application[static_cast<std::size_t>(moved.by.which)].on_demand;
      if (on_demand && moved.by.which != wanted) continue;
      ports_state to = s;
      to.ports[p] = moved.state;
      if (on_demand) to.demands = s.demands.met(pool_);
      result.push_back(made({ports_event::at_port, static_cast<int>(p), moved.by}, std::move(to)));
      result.back().moved = std::move(moved);
    }

  if (due) {
    if (served != 0) return result;
    ports_state to = s;
    to.demands = s.demands.met(pool_);
    result.push_back(made({ports_event::unserved, 0, {}}, std::move(to)));
    return result;
  }
  ports_state to = s;
  to.demands = s.demands.ticked();
  for (plain_state& port : to.ports) {
    auto aged = connection_.aged(port);
    if (!aged) return result;
    port = std::move(*aged);
  }
  if (to == s) return result;
  result.push_back(made({ports_event::tick, 0, {}}, std::move(to)));
  return result;
}

std::optional<ports_successor> plain_ports::apply(const ports_state& s, const ports_step& by) const {
  std::uint32_t met = 0;
  for (ports_successor& next : successors(s, met))
    if (next.by == by) return std::move(next);
  return std::nullopt;
}

}  // namespace tcpmc::system
