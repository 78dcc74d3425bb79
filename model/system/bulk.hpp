// Successors of many states at once, where their steps have nothing new to tell: only the words.
//
// What an endpoint does is decided by its own id and what is in flight towards it, except for where its
// segments go. So states that agree in these are a group: each step is looked up once for all of them, and is
// then a change (an exclusive-or) of each state's word. What the network does to segments in flight is the
// same for all states where they are in flight. Two passes over the states, one for each side, each with
// groups of its own, give all steps.
//
// The meaning is that of tables::successors(). States for which it may have more to say (something is not
// known, a mark, a bound or an outcome occurs for the first time) are named as odd; of their successors only
// some may have been given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/system/tables.hpp"

namespace tcpmc::system {

template <typename Word, typename Sink, typename Told, typename Odd>
void tables::group_successors(int side, std::span<const Word> group, const layout& l,
                              std::uint32_t met_before, std::uint64_t marks_before, Told&& told, Sink& into,
                              Odd&& odd) const {
  assert(!group.empty() && group.size() <= most_in_group);
  const std::size_t size = group.size();
  const int peer = 1 - side;
  const packed_state<Word> any(group.front(), l);
  const id endpoint = any.get(at(side));
  const auto all_odd = [&] {
    for (const Word w : group) odd(w);
  };
  const endpoint_tables& endpoints = endpoints_[at(side)];
  const channel_tables &incoming = channels_[at(peer)], &outgoing = channels_[at(side)];
  if (endpoint >= endpoints.locals.size() || !endpoints.locals[endpoint].known) return all_odd();
  const local& own = endpoints.locals[endpoint];
  std::array<const content*, most_slots> contents{};
  int in_flight = 0;  // towards the endpoint
  for (int slot = 0; slot < slots_; ++slot) {
    const id channel = any.get(channel_component(peer, slot));
    if (channel >= incoming.by_id.size() || !incoming.by_id[channel].known()) return all_odd();
    contents[at(slot)] = &incoming.by_id[channel];
    in_flight += contents[at(slot)]->size;
  }

  // Of each state: its youngest content, what sending makes of it, how many segments there is room for (-1:
  // not known), and how many copies may be made.
  std::array<id, most_in_group> youngest;
  std::array<int, most_in_group> room;
  std::array<int, most_in_group> copies_left;
  for (std::size_t i = 0; i < size; ++i) {
    const packed_state<Word> s(group[i], l);
    youngest[i] = s.get(channel_component(side));
    int there = 0;
    bool is_known = true;
    for (int slot = 0; slot < slots_ && is_known; ++slot) {
      const id channel = s.get(channel_component(side, slot));
      is_known = channel < outgoing.by_id.size() && outgoing.by_id[channel].known();
      if (is_known) there += outgoing.by_id[channel].size;
    }
    if (!is_known) odd(group[i]);
    room[i] = !is_known ? -1 : is_set_ ? most_sent : network_.capacity - there;
    if (!is_known) youngest[i] = empty_content;
    copies_left[i] = duplicates(s.get(budget_component));
  }
  const unsigned youngest_shift = l.shift[channel_component(side)], budget_shift = l.shift[budget_component];
  const auto charge = [&](Word w, int cost) {
    const id budget = packed_state<Word>(w, l).get(budget_component);
    return Word{budget ^ (budget - static_cast<id>(cost))} << budget_shift;
  };
  const auto every = [&](Word change) {
    Word* const out = into.room(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = group[i] ^ change;
    into.used(size);
    return out;
  };

  const auto react = [&](const reacted& all, Word change) {
    if ((all.met & ~met_before) != 0) all_odd();
    for (id o = all.first; o != all.first + all.count; ++o) {
      const quick_outcome& q = quick_[o];
      if ((q.certain & ~marks_before) != 0) all_odd();
      const Word by = change ^ Word { q.after ^ endpoint } << l.shift[at(side)];
      if (q.sends == 0) {
        const Word* const out = every(by);
        for (std::size_t i = 0; q.open && i < size; ++i)
          if (!told(o, packed_state<Word>(out[i], l), side)) odd(group[i]);
        continue;
      }
      const sparse_grid<pushed>::row_cells pushed_to = outgoing.pushes.row(q.burst);
      if (pushed_to.empty()) {
        all_odd();
        continue;
      }
      Word* const out = into.room(size);
      std::size_t n = 0;
      if (!q.charged && !q.open) {
        bool missing = false;
        for (std::size_t i = 0; i < size; ++i) {
          const id to = pushed_to[youngest[i]].to;
          missing |= to == unknown;
          out[n] = group[i] ^ by ^ Word { to ^ youngest[i] } << youngest_shift;
          n += static_cast<unsigned>(to < unknown) & static_cast<unsigned>(q.sends <= room[i]);
        }
        const bool meets = n != size && (met_before & bound_capacity) == 0;
        for (std::size_t i = 0; (missing || meets) && i < size; ++i)
          if (pushed_to[youngest[i]].to == unknown || (q.sends > room[i] && meets)) odd(group[i]);
        if (n > 0 && !q.taken) all_odd();
        into.used(n);
        continue;
      }
      for (std::size_t i = 0; i < size; ++i) {
        const id to = pushed_to[youngest[i]].to;
        int cost = 0;
        bool is_known = to != unknown;
        if (q.charged) {
          unsigned again = 0;
          const packed_state<Word> s(group[i], l);
          for (int slot = 0; slot < slots_ && is_known; ++slot) {
            const id there = s.get(channel_component(side, slot));
            const pushed* p = outgoing.pushes.find(q.burst, there);
            is_known = p != nullptr && p->to != unknown;
            if (is_known) again |= outgoing.charged.find(q.burst, there)->of;
          }
          cost = std::popcount(again);
        }
        if (!is_known) {
          odd(group[i]);
        } else if (to == none || q.sends > room[i] || cost > copies_left[i]) {
          const std::uint32_t met = bound_capacity | (q.charged ? bound_duplicates : 0u);
          if ((met & ~met_before) != 0) odd(group[i]);
        } else {
          out[n] = group[i] ^ by ^ Word { to ^ youngest[i] } << youngest_shift;
          if (cost > 0) out[n] ^= charge(group[i], cost);
          if (q.open && !told(o, packed_state<Word>(out[n], l), side)) odd(group[i]);
          ++n;
        }
      }
      if (n > 0 && !q.taken) all_odd();
      into.used(n);
    }
  };
  react(own.calls, 0);
  react(own.time_outs, 0);
  const std::span<const reacted> arrivals = endpoints.arrivals.row(endpoint);
  bool first = true;
  for (int slot = slots_; slot-- > 0;) {
    const content& c = *contents[at(slot)];
    const std::size_t component = channel_component(peer, slot);
    const id channel = any.get(component);
    for (id i = c.first; i != c.first + c.count && (first || !fifo_); ++i) {
      first = false;
      const entry& e = incoming.entries[i];
      if (e.segment() >= arrivals.size() || !arrivals[e.segment()].known)
        all_odd();
      else
        react(arrivals[e.segment()], Word{e.without ^ channel} << l.shift[component]);
    }
  }

  // The network: losses and copies of what is in flight towards the endpoint.
  const auto meddle = [&](id entry::*becomes, auto&& each) {
    for (int slot = 0; slot < slots_; ++slot) {
      const content& c = *contents[at(slot)];
      const std::size_t component = channel_component(peer, slot);
      for (id i = c.first; i != c.first + c.count; ++i)
        each(Word{incoming.entries[i].*becomes ^ any.get(component)} << l.shift[component]);
    }
  };
  const language::budget &loss = network_.loss, &duplication = network_.duplication;
  if (!is_set_ && in_flight > 0) {
    if (loss.unlimited) {
      meddle(&entry::without, every);
    } else if (loss.count > 0) {
      std::array<Word, most_in_group> paid;
      std::size_t able = 0;
      for (const Word w : group)
        if (losses(packed_state<Word>(w, l).get(budget_component)) > 0)
          paid[able++] = w ^ charge(w, duplication.count + 1);
        else if ((met_before & bound_losses) == 0)
          odd(w);
      meddle(&entry::without, [&](Word change) {
        Word* const out = into.room(size);
        for (std::size_t i = 0; i < able; ++i) out[i] = paid[i] ^ change;
        into.used(able);
      });
    }
    const bool full = in_flight >= network_.capacity;
    if (full && (duplication.unlimited || duplication.count > 0)) {
      const std::uint32_t met = bound_capacity | (duplication.unlimited ? 0u : bound_duplicates);
      if ((met & ~met_before) != 0) all_odd();
    } else if (duplication.unlimited) {
      meddle(&entry::duplicated, every);
    } else if (duplication.count > 0) {
      std::array<Word, most_in_group> paid;
      std::size_t able = 0;
      for (std::size_t i = 0; i < size; ++i) {
        paid[able] = group[i] ^ charge(group[i], 1);
        able += copies_left[i] > 0;
        if (copies_left[i] == 0 && (met_before & bound_duplicates) == 0) odd(group[i]);
      }
      meddle(&entry::duplicated, [&](Word change) {
        Word* const out = into.room(size);
        for (std::size_t i = 0; i < able; ++i) out[i] = paid[i] ^ change;
        into.used(able);
      });
    }
  }
  if (timed_ && side == 0) {
    Word* const out = into.room(size);
    std::size_t n = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const packed_state<Word> s(group[i], l);
      packed_state<Word> next = s;
      const id other = s.get(at(peer));
      if (room[i] < 0 || other >= endpoints_[at(peer)].locals.size() ||
          !endpoints_[at(peer)].locals[other].known)
        odd(group[i]);
      else if (ticked(s, next))
        out[n++] = next.word();
    }
    into.used(n);
  }
}

template <typename Word, typename Sink>
bool tables::half_steps(int side, Word half, const layout& l, std::uint32_t met_before,
                        std::uint64_t marks_before, Sink& into) const {
  const packed_state<Word> s(half, l);
  const id endpoint = s.get(at(side)), budget = s.get(budget_component);
  const endpoint_tables& endpoints = endpoints_[at(side)];
  const channel_tables& outgoing = channels_[at(side)];
  if (endpoint >= endpoints.locals.size() || !endpoints.locals[endpoint].known) return false;
  std::array<const content*, most_slots> contents{};
  int in_flight = 0;
  for (int slot = 0; slot < slots_; ++slot) {
    const id channel = s.get(channel_component(side, slot));
    if (channel >= outgoing.by_id.size() || !outgoing.by_id[channel].known()) return false;
    contents[at(slot)] = &outgoing.by_id[channel];
    in_flight += contents[at(slot)]->size;
  }
  const auto changed = [&](std::size_t component, id to) {
    return s.without(component).with(component, to).word();
  };
  const auto paid = [&](Word w, int cost) {
    return packed_state<Word>(w, l)
        .without(budget_component)
        .with(budget_component, budget - static_cast<id>(cost))
        .word();
  };

  // Calls each(pay, half, outcome if it is open) for what reactions make of the half, or loud().
  const auto react = [&](const reacted& all, auto&& loud, auto&& each) {
    if ((all.met & ~met_before) != 0) loud();
    for (id o = all.first; o != all.first + all.count; ++o) {
      const quick_outcome& q = quick_[o];
      if ((q.certain & ~marks_before) != 0) loud();
      Word to = changed(at(side), q.after);
      int cost = 0;
      if (q.sends != 0) {
        const id youngest = s.get(channel_component(side));
        const pushed* const there = outgoing.pushes.find(q.burst, youngest);
        bool is_known = there != nullptr && there->to != unknown;
        unsigned again = 0;
        for (int slot = 0; q.charged && slot < slots_ && is_known; ++slot) {
          const id channel = s.get(channel_component(side, slot));
          const pushed* const known = outgoing.pushes.find(q.burst, channel);
          is_known = known != nullptr && known->to != unknown;
          if (is_known) again |= outgoing.charged.find(q.burst, channel)->of;
        }
        if (!is_known) {
          loud();
          continue;
        }
        cost = std::popcount(again);
        const bool full = !is_set_ && in_flight + q.sends > network_.capacity;
        if (there->to == none || full || (side == 0 && cost > duplicates(budget))) {
          if (((bound_capacity | (q.charged ? bound_duplicates : 0u)) & ~met_before) != 0) loud();
          continue;
        }
        if (!q.taken) loud();
        to = packed_state<Word>(to, l)
                 .without(channel_component(side))
                 .with(channel_component(side), there->to)
                 .word();
        if (side == 0 && cost > 0) to = paid(to, std::exchange(cost, 0));
      }
      each(static_cast<std::uint32_t>(cost), to, q.open ? o : none);
    }
  };
  const auto all_loud = [&] { into.loud(); };
  const auto alone = [&](std::uint32_t pay, Word to, id open) { into.alone(pay, to, open); };
  react(endpoints.locals[endpoint].calls, all_loud, alone);
  react(endpoints.locals[endpoint].time_outs, all_loud, alone);
  const std::span<const reacted> arrivals = endpoints.arrivals.row(endpoint);
  into.labels(static_cast<id>(arrivals.size()));
  for (id segment = 0; segment < arrivals.size(); ++segment) {
    const auto loud = [&] { into.loud(segment); };
    if (!arrivals[segment].known)
      loud();
    else
      react(arrivals[segment], loud,
            [&](std::uint32_t pay, Word to, id open) { into.takes(segment, pay, to, open); });
  }

  // What is in flight: it arrives, or the network loses or copies it.
  const language::budget &loss = network_.loss, &duplication = network_.duplication;
  const bool may_lose = !is_set_ && (loss.unlimited || loss.count > 0);
  const bool may_copy = !is_set_ && in_flight > 0 && (duplication.unlimited || duplication.count > 0);
  const bool full = in_flight >= network_.capacity;
  if (may_copy && full &&
      ((bound_capacity | (duplication.unlimited ? 0u : bound_duplicates)) & ~met_before) != 0)
    into.loud();
  const auto pay_for = [&](Word to, std::uint32_t price, int cost, bool able, std::uint32_t bound) {
    if (price == 0 || side == 1)
      into.alone(price, to, none);
    else if (able)
      into.alone(0, paid(to, cost), none);
    else if ((bound & ~met_before) != 0)
      into.loud();
  };
  bool first = true;
  for (int slot = slots_; slot-- > 0;) {
    const std::size_t component = channel_component(side, slot);
    const content& c = *contents[at(slot)];
    for (id i = c.first; i != c.first + c.count; ++i) {
      const entry& e = outgoing.entries[i];
      const Word without = changed(component, e.without);
      if (first || !fifo_) into.gives(e.segment(), without);
      first = false;
      if (may_lose)
        pay_for(without, loss.unlimited ? 0 : price_of_loss, duplication.count + 1, losses(budget) > 0,
                bound_losses);
      if (may_copy && !full)
        pay_for(changed(component, e.duplicated), duplication.unlimited ? 0 : 1, 1, duplicates(budget) > 0,
                bound_duplicates);
    }
  }
  if (timed_) {
    packed_state<Word> next = s;
    if (half_ticked(side, s, next)) into.ticks(next.word());
  }
  return true;
}

template <typename Word>
tables::payment<Word> tables::pays(Word half, std::uint32_t price, const layout& l,
                                   std::uint32_t met_before) const {
  const packed_state<Word> s(half, l);
  const id budget = s.get(budget_component);
  const bool is_loss = price == price_of_loss;
  const int cost = is_loss ? network_.duplication.count + 1 : static_cast<int>(price);
  if (is_loss ? losses(budget) > 0 : cost <= duplicates(budget))
    return {s.without(budget_component).with(budget_component, budget - static_cast<id>(cost)).word(), true,
            false};
  return {half, false, ((is_loss ? bound_losses : bound_duplicates) & ~met_before) != 0};
}

}  // namespace tcpmc::system
