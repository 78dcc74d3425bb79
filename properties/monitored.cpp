#include "properties/monitored.hpp"

namespace tcpmc::properties {

void monitored_system::missing::add(missing&& other) {
  entries.insert(entries.end(), other.entries.begin(), other.entries.end());
  pairs.insert(pairs.end(), other.pairs.begin(), other.pairs.end());
  steps.insert(steps.end(), other.steps.begin(), other.steps.end());
  other = {};
}

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

monitored_system::expansion monitored_system::look(const state& s, missing& what) const {
  expansion result;
  if (state_marks_ == 0) return result;
  if (s[0] >= possible_[0].size() || s[1] >= possible_[1].size()) {
    what.pairs.push_back({s[0], s[1]});
    return {0, false};
  }
  if ((possible_[0][s[0]] & possible_[1][s[1]]) == 0) return result;
  const auto known = pairs_.find({s[0], s[1]});
  if (known == pairs_.end()) {
    what.pairs.push_back({s[0], s[1]});
    return {0, false};
  }
  result.of_state = known->second;
  return result;
}

marks monitored_system::look(const state& s) {
  missing what;
  const expansion first = static_cast<const monitored_system*>(this)->look(s, what);
  if (first.known) return first.of_state;
  learn(std::move(what));
  return static_cast<const monitored_system*>(this)->look(s, what).of_state;
}

bool monitored_system::marks_of(system::id outcome, int side, const state& before, const state& after,
                                missing& what, marks& m) const {
  const auto own = static_cast<std::size_t>(side), other = 1 - own;
  const std::array<system::id, 2> key{outcome, before[other]};
  const std::array<system::id, 4> full{outcome, before[other], after[2 + own], after[2 + other]};
  const auto known = steps_.find(key);
  if (known == steps_.end()) {
    what.steps.push_back(full);
    return false;
  }
  m |= known->second.certain;
  if (!known->second.open) return true;
  const auto in_flight = steps_in_flight_.find(full);
  if (in_flight == steps_in_flight_.end()) {
    what.steps.push_back(full);
    return false;
  }
  m |= in_flight->second;
  return true;
}

void monitored_system::learn(missing what) {
  tables_.learn(std::move(what.entries));
  // Judgements give no ids: their order does not matter.
  for (const auto& pair : what.pairs) {
    for (std::size_t side = 0; side < 2; ++side) {
      std::vector<marks>& known = possible_[side];
      while (known.size() < tables_.counts()[side]) {
        const values row = tables_.endpoint_row(static_cast<int>(side), static_cast<system::id>(known.size()));
        const judgement j = judge_.state(side == 0 ? &row : nullptr, side == 1 ? &row : nullptr);
        known.push_back(j.certain | j.open);
      }
    }
    if (pairs_.contains(pair)) continue;
    const values a = tables_.endpoint_row(0, pair[0]), b = tables_.endpoint_row(1, pair[1]);
    pairs_.emplace(pair, judge_.state(&a, &b).certain);
  }
  for (const auto& key : what.steps) learn_step(key);
}

void monitored_system::learn_step(const std::array<system::id, 4>& key) {
  const system::outcome& o = tables_.outcome_of(key[0]);
  const int side = o.side;
  if (!steps_.contains({key[0], key[1]})) {
    const values before = tables_.endpoint_row(side, o.before), after = tables_.endpoint_row(side, o.after);
    const values other = tables_.endpoint_row(1 - side, key[1]);
    const values segment = o.segment != system::none ? tables_.segment_row(1 - side, o.segment) : values{};
    const judgement j = judge_.step(
        {side, &before, &after, o.segment != system::none ? &segment : nullptr, o.label.data()}, &other, nullptr,
        nullptr);
    steps_.emplace(std::array{key[0], key[1]}, open_step{j.certain, j.open != 0});
  }
  if (!steps_.at({key[0], key[1]}).open || steps_in_flight_.contains(key)) return;
  steps_in_flight_.emplace(key, judge_step(side, o, key[1], tables_.in_flight(side, key[2]),
                                           tables_.in_flight(1 - side, key[3])));
}

marks monitored_system::judge_step(int side, const system::outcome& o, system::id peer,
                                   const std::vector<const int*>& outgoing,
                                   const std::vector<const int*>& incoming) const {
  const values before = tables_.endpoint_row(side, o.before), after = tables_.endpoint_row(side, o.after);
  const values other = tables_.endpoint_row(1 - side, peer);
  const values segment = o.segment != system::none ? tables_.segment_row(1 - side, o.segment) : values{};
  const step_view view{side, &before, &after, o.segment != system::none ? &segment : nullptr, o.label.data()};
  return judge_.step(view, &other, &outgoing, &incoming).certain;
}

bool monitored_system::final(const state& s) const {
  if (!composition_.scenario.final) return true;
  language::scene view;
  view[language::row::self] = tables_.endpoint_values(0, s[0]).data();
  view[language::row::peer] = tables_.endpoint_values(1, s[1]).data();
  view.modulus = composition_.protocols[0].modulus;
  return language::holds(*composition_.scenario.final, view);
}

}  // namespace tcpmc::properties
