#include "properties/covering.hpp"

namespace tcpmc::properties {

covering_system::control covering_system::initial() {
  const system::state s = tables_.initial();
  return {s[0], s[1]};
}

std::uint8_t covering_system::lifetime() const {
  return static_cast<std::uint8_t>(tables_.made_of().scenario.network.lifetime);
}

std::optional<covering_system::control> covering_system::passed(const control& c) {
  if (tables_.made_of().scenario.time == language::time_mode::untimed) return std::nullopt;
  const control later{tables_.ticked(0, c[0]), tables_.ticked(1, c[1])};
  if (later[0] == system::none || later[1] == system::none) return std::nullopt;
  return later;
}

std::optional<marks> covering_system::judge(const step& s, system::id peer,
                                            const std::vector<std::uint8_t>* has) const {
  const system::outcome& o = tables_.outcome_of(s.outcome);
  if (has == nullptr) {
    const judgement j = monitored_.judge_step(s.side, o, peer, nullptr, nullptr);
    return j.open == 0 ? std::optional(j.certain) : std::nullopt;
  }
  std::array<std::vector<const int*>, 2> in_flight;  // by sender
  for (item i = 0; i < has->size(); ++i)
    if ((*has)[i] != 0)
      in_flight[static_cast<std::size_t>(sender_of(i))].push_back(
          tables_.segment_values(sender_of(i), segment_of(i)).data());
  for (const system::id sent : o.sent)
    in_flight[s.side].push_back(tables_.segment_values(s.side, sent).data());
  return monitored_.judge_step(s.side, o, peer, &in_flight[s.side], &in_flight[1u - s.side]).certain;
}

system::step covering_system::describe(const step& s) const {
  system::step result;
  result.kind = s.kind;
  result.side = s.side;
  if (s.kind == system::step_kind::tick) return result;
  const system::outcome& o = tables_.outcome_of(s.outcome);
  result.which = o.which;
  result.choice = o.choice;
  if (o.segment != system::none) result.segment = tables_.segment_row(1 - s.side, o.segment);
  return result;
}

}  // namespace tcpmc::properties
