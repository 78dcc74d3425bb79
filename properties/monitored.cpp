#include "properties/monitored.hpp"

#include <algorithm>
#include <utility>

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
                const judgement j = judge_.step({side, &before, &after, segment, o.label.data(), sent_by(o)},
                                                nullptr, nullptr, nullptr);
                o.certain = j.certain;
                o.open = j.open;
              }) {
  for (std::size_t i = 0; i < properties.all.size(); ++i)
    if (properties.all[i].stuck) stuck_marks_ |= violated(i);
  const judgement j = judge_.state(nullptr, nullptr);
  state_marks_ = j.certain | j.open;
}

monitored_system::expansion monitored_system::look(system::id a, system::id b, missing& what) const {
  if (state_marks_ == 0) return {};
  if (a < possible_[0].size() && b < possible_[1].size()) {
    if ((possible_[0][a] & possible_[1][b]) == 0) return {};
    if (const auto known = pairs_.find({a, b}); known != pairs_.end()) return {known->second, true};
  }
  what.pairs.push_back({a, b});
  return {0, false};
}

marks monitored_system::look(const state& s) {
  missing what;
  const expansion first = std::as_const(*this).look(s[0], s[1], what);
  if (first.known) return first.of_state;
  learn(what);
  return std::as_const(*this).look(s[0], s[1], what).of_state;
}

bool monitored_system::learn(missing& what, const std::function<bool()>& go_on) {
  std::sort(what.entries.begin(), what.entries.end());
  what.entries.erase(std::unique(what.entries.begin(), what.entries.end()), what.entries.end());
  for (const system::missing_entry& e : std::exchange(what.entries, {})) {
    if (!go_on()) return false;
    system::missing_entries one{e};
    tables_.learn(one);
    what.entries.insert(what.entries.end(), one.begin(), one.end());
  }
  // Judgements give no ids: their order does not matter.
  for (const auto& pair : what.pairs) {
    for (std::size_t side = 0; side < 2; ++side) {
      std::vector<marks>& known = possible_[side];
      while (known.size() < tables_.endpoint_count(static_cast<int>(side))) {
        const values row =
            tables_.endpoint_row(static_cast<int>(side), static_cast<system::id>(known.size()));
        const judgement j = judge_.state(side == 0 ? &row : nullptr, side == 1 ? &row : nullptr);
        known.push_back(j.certain | j.open);
      }
    }
    if (pairs_.contains(pair)) continue;
    if (!go_on()) return false;
    const values a = tables_.endpoint_row(0, pair[0]), b = tables_.endpoint_row(1, pair[1]);
    pairs_.emplace(pair, judge_.state(&a, &b).certain);
  }
  for (const seen_step& key : what.steps)
    if (learn_step(key) && !go_on()) return false;
  return true;
}

template <typename F>
auto monitored_system::with_view(int side, const system::outcome& o, system::id peer, F&& f) const {
  const values before = tables_.endpoint_row(side, o.before), after = tables_.endpoint_row(side, o.after);
  const values other = tables_.endpoint_row(1 - side, peer);
  const values segment = o.segment != system::none ? tables_.segment_row(1 - side, o.segment) : values{};
  const step_view view{side,           &before,   &after, o.segment != system::none ? &segment : nullptr,
                       o.label.data(), sent_by(o)};
  return f(view, other);
}

answers monitored_system::answers_of(const asked& part) const {
  const system::outcome& o = tables_.outcome_of(part.outcome);
  const auto sender = static_cast<int>(part.sender);
  system::state alone{};
  alone[system::channel_component(sender)] = part.content;
  const std::vector<const int*> segments = tables_.in_flight(sender, alone);
  const auto channel = sender == o.side ? judge::channel::outgoing : judge::channel::incoming;
  return with_view(o.side, o, part.peer, [&](const step_view& view, const values& peer) {
    return judge_.ask(channel, view, peer, segments);
  });
}

// False: it was known.
bool monitored_system::learn_step(const seen_step& s) {
  const system::outcome& o = tables_.outcome_of(s.outcome);
  const std::array<system::id, 2> key{s.outcome, s.peer};
  bool is_new = !steps_.contains(key);
  if (is_new) {
    const judgement j = judge_step(o.side, o, s.peer, nullptr, nullptr);
    steps_.emplace(key, open_step{j.certain, j.open != 0});
  }
  if (!steps_.at(key).open) return is_new;
  answered all{s.outcome, s.peer, {}};
  for_each_asked(o.side, system::plain_ids(s.after), [&](system::id content, system::id sender) {
    const asked part{s.outcome, s.peer, sender, content};
    if (!contents_.contains(part)) {
      contents_.emplace(part, answers_of(part));
      is_new = true;
    }
    all.of[sender] |= contents_.at(part);
  });
  if (steps_in_flight_.contains(all)) return is_new;
  const std::vector<const int*> outgoing = tables_.in_flight(o.side, s.after),
                                incoming = tables_.in_flight(1 - o.side, s.after);
  steps_in_flight_.emplace(all, judge_step(o.side, o, s.peer, &outgoing, &incoming).certain);
  return true;
}

judgement monitored_system::judge_step(int side, const system::outcome& o, system::id peer,
                                       const std::vector<const int*>* outgoing,
                                       const std::vector<const int*>* incoming) const {
  return with_view(side, o, peer, [&](const step_view& view, const values& other) {
    return judge_.step(view, &other, outgoing, incoming);
  });
}

std::vector<const int*> monitored_system::sent_by(const system::outcome& o) const {
  std::vector<const int*> result;
  for (const system::id segment : o.sent) result.push_back(tables_.segment_values(o.side, segment).data());
  return result;
}

bool monitored_system::final(system::id a, system::id b) const {
  if (!composition_.scenario.final) return true;
  language::scene view;
  view[language::row::self] = tables_.endpoint_values(0, a).data();
  view[language::row::peer] = tables_.endpoint_values(1, b).data();
  view.modulus = composition_.protocols[0].modulus;
  return language::holds(*composition_.scenario.final, view);
}

}  // namespace tcpmc::properties
