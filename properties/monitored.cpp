#include "properties/monitored.hpp"

#include <algorithm>

namespace tcpmc::properties {

monitored_system::monitored_system(const composition& c, const property_set& properties)
    : composition_(c),
      properties_(properties),
      judge_(c, properties),
      tables_(c, properties.observers,
              [this](int side, const values& before, const values& after, const values* segment,
                     system::outcome& o) {
                const judgement j =
                    judge_.step({side, &before, &after, segment, o.label.data()}, nullptr, nullptr, nullptr);
                o.certain = j.certain;
                o.open = j.open;
              }) {
  for (std::size_t i = 0; i < properties.all.size(); ++i)
    if (properties.all[i].stuck) stuck_marks_ |= violated(i);
  const judgement j = judge_.state(nullptr, nullptr);
  state_marks_ = j.certain | j.open;
}

marks monitored_system::look(const state& s) {
  marks possible = state_marks_;
  if (possible == 0) return 0;
  for (std::size_t side = 0; side < 2; ++side) {
    std::vector<marks>& known = possible_[side];
    constexpr marks not_known = ~marks{0};
    if (s[side] >= known.size())
      known.resize(std::max<std::size_t>(s[side] + 1, 2 * known.size()), not_known);
    if (known[s[side]] == not_known) {
      const values row = tables_.endpoint_row(static_cast<int>(side), s[side]);
      const judgement j = judge_.state(side == 0 ? &row : nullptr, side == 1 ? &row : nullptr);
      known[s[side]] = j.certain | j.open;
    }
    possible &= known[s[side]];
  }
  if (possible == 0) return 0;
  const pair_key key{s[0], s[1]};
  if (const auto known = pairs_.find(key); known != pairs_.end()) return known->second;
  const values a = tables_.endpoint_row(0, s[0]), b = tables_.endpoint_row(1, s[1]);
  const marks result = judge_.state(&a, &b).certain;
  pairs_.emplace(key, result);
  return result;
}

marks monitored_system::judge_step(int side, const system::outcome& o, system::id peer,
                                   system::id own_channel, system::id peer_channel) {
  const system::id index = static_cast<system::id>(&o - &tables_.outcome_of(0));
  const pair_key key{std::uint64_t{index} << 32 | peer, std::uint64_t{own_channel} << 32 | peer_channel};
  if (const auto known = steps_.find(key); known != steps_.end()) return known->second;
  const marks result = judge_step(side, o, peer, tables_.in_flight(side, own_channel),
                                  tables_.in_flight(1 - side, peer_channel));
  steps_.emplace(key, result);
  return result;
}

marks monitored_system::judge_step(int side, const system::outcome& o, system::id peer,
                                   const std::vector<const int*>& outgoing,
                                   const std::vector<const int*>& incoming) {
  const values before = tables_.endpoint_row(side, o.before), after = tables_.endpoint_row(side, o.after);
  const values other = tables_.endpoint_row(1 - side, peer);
  const values segment = o.segment != system::none ? tables_.segment_row(1 - side, o.segment) : values{};
  const step_view view{side, &before, &after, o.segment != system::none ? &segment : nullptr, o.label.data()};
  return judge_.step(view, &other, &outgoing, &incoming).certain;
}

bool monitored_system::final(const state& s) {
  if (!composition_.scenario.final) return true;
  const values a = tables_.endpoint_row(0, s[0]), b = tables_.endpoint_row(1, s[1]);
  language::scene view;
  view[language::row::self] = a.data();
  view[language::row::peer] = b.data();
  view.modulus = composition_.protocols[0].modulus;
  return language::holds(*composition_.scenario.final, view);
}

}  // namespace tcpmc::properties
