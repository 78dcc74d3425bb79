#include "model/system/plain.hpp"

#include <algorithm>

namespace tcpmc::system {
namespace {

std::size_t at(int side) { return static_cast<std::size_t>(side); }

}  // namespace

plain_system::plain_system(const composition& c, const std::array<observers, 2>& extra)
    : composition_(c),
      network_(c.scenario.network),
      machines_{endpoint_machine(c, 0, extra[0]), endpoint_machine(c, 1, extra[1])} {}

plain_state plain_system::initial() const {
  plain_state s;
  for (int side = 0; side < 2; ++side) s.endpoints[at(side)] = machine(side).initial();
  s.losses = network_.loss.count;
  s.duplicates = network_.duplication.count;
  return s;
}

bool plain_system::put(plain_state& s, int side, values segment, bool retransmission,
                       std::uint32_t& met) const {
  std::vector<flight>& channel = s.channels[at(side)];
  flight fresh{std::move(segment), 0};
  if (network_.is_set()) {
    const auto same = std::find_if(channel.begin(), channel.end(),
                                   [&](const flight& f) { return f.segment == fresh.segment; });
    if (same != channel.end())
      same->age = 0;
    else
      channel.insert(std::upper_bound(channel.begin(), channel.end(), fresh), std::move(fresh));
    return true;
  }
  if (retransmission && !network_.duplication.unlimited) {
    // A retransmission beside an identical segment is a duplicate, and is charged as one. Identical on
    // the wire: ghost tags do not count, since they must not change what the protocol can do.
    const int wire = machines_[0].protocol().segment_slots();
    const auto identical = [&](const flight& f) {
      return std::equal(f.segment.begin(), f.segment.begin() + wire, fresh.segment.begin());
    };
    if (std::any_of(channel.begin(), channel.end(), identical)) {
      if (s.duplicates == 0) {
        met |= bound_duplicates;
        return false;
      }
      --s.duplicates;
    }
  }
  if (static_cast<int>(channel.size()) >= network_.capacity) {
    met |= bound_capacity;
    return false;
  }
  if (network_.order == language::delivery_order::fifo)
    channel.push_back(std::move(fresh));
  else
    channel.insert(std::upper_bound(channel.begin(), channel.end(), fresh), std::move(fresh));
  return true;
}

std::optional<plain_state> plain_system::after(const plain_state& s, int side, const reaction& did,
                                               bool timed_out, std::uint32_t& met) const {
  plain_state next = s;
  next.endpoints[at(side)] = did.after;
  const bool charged = timed_out && composition_.scenario.time != language::time_mode::timed;
  for (const values& segment : did.sent)
    if (!put(next, side, segment, charged, met)) return std::nullopt;
  return next;
}

std::optional<plain_state> plain_system::aged(const plain_state& s) const {
  if (composition_.scenario.time == language::time_mode::untimed) return std::nullopt;
  plain_state next = s;
  for (int side = 0; side < 2; ++side) {
    auto row = machine(side).tick(s.endpoints[at(side)]);
    if (!row) return std::nullopt;
    next.endpoints[at(side)] = std::move(*row);
    if (network_.lifetime == 0) continue;
    std::vector<flight>& channel = next.channels[at(side)];
    for (flight& f : channel) {
      ++f.age;
      // The last moment at which it may arrive: with a budget of losses it has to be delivered or lost.
      if (f.age == network_.lifetime && !network_.loss.unlimited) return std::nullopt;
    }
    std::erase_if(channel, [&](const flight& f) { return f.age >= network_.lifetime; });
  }
  return next;
}

std::vector<plain_successor> plain_system::successors(const plain_state& s, std::uint32_t& met) const {
  std::vector<plain_successor> result;
  const auto react = [&](const step& by, const plain_state& from, reactions all) {
    if (all.cut) met |= bound_incarnations;
    int choice = 0;
    for (reaction& did : all.all) {
      step numbered = by;
      numbered.choice = choice++;
      if (auto next = after(from, by.side, did, by.kind == step_kind::time_out, met))
        result.push_back({std::move(numbered), std::move(*next), std::move(did)});
    }
  };
  // The segments of a channel that make a difference: of equal neighbours only the first.
  const auto for_distinct = [&](int side, auto&& visit) {
    const std::vector<flight>& channel = s.channels[at(side)];
    for (std::size_t i = 0; i < channel.size(); ++i)
      if (i == 0 || channel[i] != channel[i - 1]) visit(channel[i], i);
  };
  const bool fifo = network_.order == language::delivery_order::fifo;
  const auto position = [&](std::size_t i) { return fifo ? static_cast<int>(i) : 0; };
  const auto without = [&](int side, std::size_t i) {
    plain_state next = s;
    next.channels[at(side)].erase(next.channels[at(side)].begin() + static_cast<std::ptrdiff_t>(i));
    return next;
  };

  for (int side = 0; side < 2; ++side) {
    const values& row = s.endpoints[at(side)];
    for (int i = 0; i < static_cast<int>(machine(side).application().application.size()); ++i)
      react({step_kind::call, side, i, 0, {}, 0}, s, machine(side).call(row, i));
    for (int i = 0; i < machine(side).forgeries(); ++i)
      if (const auto forged = machine(side).forgery(row, i))
        react({step_kind::forge, side, i, 0, *forged, 0}, s, machine(side).forge(row, *forged));
  }

  for (int side = 0; side < 2; ++side)
    for_distinct(1 - side, [&](const flight& f, std::size_t i) {
      if (fifo && i != 0) return;
      react({step_kind::deliver, side, 0, 0, f.segment, f.age}, network_.is_set() ? s : without(1 - side, i),
            machine(side).arrive(s.endpoints[at(side)], f.segment));
    });

  for (int side = 0; side < 2; ++side)
    for (int t = 0; t < static_cast<int>(machine(side).protocol().timers.size()); ++t)
      react({step_kind::time_out, side, t, 0, {}, 0}, s, machine(side).time_out(s.endpoints[at(side)], t));

  if (!network_.is_set()) {
    for (int side = 0; side < 2; ++side)
      for_distinct(side, [&](const flight& f, std::size_t i) {
        if (!network_.loss.unlimited && s.losses == 0) {
          if (network_.loss.count > 0) met |= bound_losses;
          return;
        }
        plain_state next = without(side, i);
        if (!network_.loss.unlimited) --next.losses;
        result.push_back(
            {{step_kind::lose, side, position(i), 0, f.segment, f.age}, std::move(next), std::nullopt});
      });
    for (int side = 0; side < 2; ++side)
      for_distinct(side, [&](const flight& f, std::size_t i) {
        if (!network_.duplication.unlimited && s.duplicates == 0) {
          if (network_.duplication.count > 0) met |= bound_duplicates;
          return;
        }
        if (static_cast<int>(s.channels[at(side)].size()) >= network_.capacity) {
          met |= bound_capacity;
          return;
        }
        plain_state next = s;
        std::vector<flight>& channel = next.channels[at(side)];
        const auto beside = fifo ? channel.begin() + static_cast<std::ptrdiff_t>(i)
                                 : std::upper_bound(channel.begin(), channel.end(), f);
        channel.insert(beside, flight(f));
        if (!network_.duplication.unlimited) --next.duplicates;
        result.push_back(
            {{step_kind::duplicate, side, position(i), 0, f.segment, f.age}, std::move(next), std::nullopt});
      });
  }

  if (auto next = aged(s); next && *next != s)
    result.push_back({{step_kind::tick, 0, 0, 0, {}, 0}, std::move(*next), std::nullopt});
  return result;
}

std::optional<plain_successor> plain_system::apply(const plain_state& s, const step& by) const {
  std::uint32_t met = 0;
  for (plain_successor& next : successors(s, met))
    if (next.by == by) return std::move(next);
  return std::nullopt;
}

}  // namespace tcpmc::system
