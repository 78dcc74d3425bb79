#include "properties/ports.hpp"

namespace tcpmc::properties {

using system::id;

connections::connections(monitored_system& m)
    : monitored_(m),
      pool_(m.tables().made_of().scenario.ports),
      judge_(m.tables().made_of(), m.properties()),
      start_(m.initial()),
      renewal_(m.tables().made_of(),
               {m.tables().endpoint_row(0, start_[0]), m.tables().endpoint_row(1, start_[1])}) {
  for (std::size_t i = 0; i < m.properties().all.size(); ++i) {
    const property& p = m.properties().all[i];
    if (p.unserved) unserved_ |= violated(i);
    counts_ = counts_ || (p.never && p.never->on_ports) || (p.witness && p.witness->on_ports);
  }
  of(start_);
}

id connections::of(const system::state& s) {
  const system::tables& tables = monitored_.tables();
  const bool as_new = tables.nothing_in_flight(system::plain_ids(s)) &&
                      renewal_.as_new(0, tables.endpoint_values(0, s[0])) &&
                      renewal_.as_new(1, tables.endpoint_values(1, s[1]));
  const auto [at, fresh] = ids_.emplace(as_new ? start_ : s, static_cast<id>(states_.size()));
  if (fresh) states_.push_back(at->first);
  return at->second;
}

bool connections::learn(id c) {
  if (known(c)) return false;
  if (c >= known_.size()) known_.resize(states_.size());
  system::tables& tables = monitored_.tables();
  const system::state s = states_[c];
  connection fresh;
  fresh.known = true;
  fresh.first = moves_.size();
  fresh.itself = monitored_.look(s);
  std::vector<std::pair<system::state, move>> found;
  std::optional<system::state> aged;
  fresh.by_steps = monitored_.successors(s, [&](const system::state& next, const auto& by, marks m) {
    if (by.kind == system::step_kind::tick)
      aged = next;
    else
      found.push_back({next, {0, -1, m, by}});
  });
  const auto& application = tables.machine(0).application().application;
  for (auto& [next, m] : found) {
    m.to = of(next);
    if (m.by.kind == system::step_kind::call && m.by.side == 0 &&
        tables.outcome_of(m.by.what).kind == system::step_kind::call) {  // and not a forgery
      const int which = tables.outcome_of(m.by.what).which;
      if (application[static_cast<std::size_t>(which)].on_demand)
        m.demand = which - pool_.demand.front();  // they stand at the end of the application, in order
    }
    moves_.push_back(m);
  }
  fresh.count = static_cast<std::uint32_t>(found.size());
  // A tick that changes nothing is no step of a connection, but time may pass all the same.
  const bool grows_old = monitored_.tables().made_of().scenario.network.lifetime > 0 &&
                         !tables.nothing_in_flight(system::plain_ids(s));
  if (!aged && !grows_old && tables.ticked(0, s[0]) == s[0] && tables.ticked(1, s[1]) == s[1]) aged = s;
  if (aged) fresh.ticked = of(*aged);
  fresh.served = system::demands_served(tables.machine(0), pool_, tables.endpoint_row(0, s[0]));
  known_[c] = fresh;
  return true;
}

system::step connections::describe(id c, std::uint32_t number) const {
  return std::as_const(monitored_).tables().describe(states_[c], moves(known_[c])[number].by);
}

marks connections::together(std::span<const id> all) const {
  if (!counts_) return 0;
  const system::tables& tables = monitored_.tables();
  std::vector<std::array<const int*, 2>> rows;
  for (const id c : all)
    rows.push_back(
        {tables.endpoint_values(0, states_[c][0]).data(), tables.endpoint_values(1, states_[c][1]).data()});
  return judge_.ports(rows);
}

}  // namespace tcpmc::properties
