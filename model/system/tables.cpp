#include "model/system/tables.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

namespace tcpmc::system {
namespace {

values row(std::span<const int> s) { return {s.begin(), s.end()}; }

}  // namespace

tables::tables(const composition& c, const std::array<observers, 2>& extra, outcome_listener listener)
    : composition_(c),
      network_(c.scenario.network),
      listener_(std::move(listener)),
      endpoints_{endpoint_tables(c, 0, extra[0]), endpoint_tables(c, 1, extra[1])},
      is_set_(network_.is_set()),
      fifo_(network_.order == language::delivery_order::fifo),
      timed_(c.scenario.time != language::time_mode::untimed),
      ages_(network_.lifetime > 0),
      charges_(c.scenario.time != language::time_mode::timed && !network_.duplication.unlimited),
      duplicates_(network_.duplication.unlimited || network_.duplication.count > 0),
      slots_(ages_ && !is_set_ && network_.lifetime <= most_slots ? network_.lifetime : 1) {
  for (channel_tables& channel : channels_) channel.contents({});  // empty_content
}

state tables::initial() {
  state s{};
  for (int side = 0; side < 2; ++side) s[at(side)] = endpoints_[at(side)].rows(machine(side).initial());
  s[budget_component] =
      static_cast<id>(network_.loss.count * (network_.duplication.count + 1) + network_.duplication.count);
  return s;
}

values tables::endpoint_row(int side, id endpoint) const { return row(endpoints_[at(side)].rows[endpoint]); }
values tables::segment_row(int sender, id segment) const {
  return row(channels_[at(sender)].segments[segment]);
}

id tables::intern_segment(int sender, const values& r) {
  channel_tables& c = channels_[at(sender)];
  const id segment = c.segments(r);
  if (segment == c.wire_of.size()) {
    if (segment > segment_of(std::numeric_limits<int>::max()))
      throw std::length_error("more segments than a content can tell apart");
    const auto wire = static_cast<std::size_t>(machine(sender).protocol().segment_slots());
    c.wire_of.push_back(c.wires(std::span<const int>(r).first(wire)));
  }
  return segment;
}

void tables::add_outcomes(int side, id endpoint, step_kind kind, int which, id segment, const reactions& all,
                          reacted& into) {
  if (into.count == 0) into.first = static_cast<id>(outcomes_.size());
  into.known = true;
  if (all.cut) into.met |= bound_incarnations;
  const values before = endpoint_row(side, endpoint);
  const values arrived = segment != none ? segment_row(1 - side, segment) : values{};
  int choice = 0;
  for (const reaction& r : all.all) {
    outcome o;
    o.before = endpoint;
    o.after = endpoints_[at(side)].rows(r.after);
    o.segment = segment;
    values burst;
    for (const values& s : r.sent) {
      o.sent.push_back(intern_segment(side, s));
      burst.push_back(static_cast<int>(o.sent.back()));
    }
    o.label = r.label;
    o.firing = firings_(r.rules);
    o.which = which;
    o.choice = choice++;
    o.side = side;
    o.kind = kind;
    if (listener_) listener_(side, before, r.after, segment != none ? &arrived : nullptr, o);
    if (into.count == std::numeric_limits<std::uint16_t>::max())
      throw std::length_error("an event has more than 65535 outcomes");
    ++into.count;
    // What sends nothing is never cut off, and nothing is on the unlimited network.
    quick_.push_back({o.certain, o.after, channels_[at(side)].bursts(burst),
                      static_cast<std::uint8_t>(burst.size()), charges_ && kind == step_kind::time_out,
                      o.after != o.before, o.open != 0, burst.empty() || is_set_});
    outcomes_.push_back(std::move(o));
  }
}

void tables::learn(missing_entries& entries) {
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  std::erase_if(entries, [&](const missing_entry& m) {
    switch (m.of) {
      case table::local:
        return !learn_local(m.side, m.a);
      case table::arrival:
        return !learn_arrival(m.side, m.a, m.b);
      case table::content:
        return !learn_content(m.side, m.a);
      case table::push:
        return !learn_push(m.side, m.a, m.b);
      case table::taken:
        return std::exchange(quick_[m.a].taken, true);
    }
    return true;
  });
}

bool tables::learn_local(int side, id endpoint) {
  endpoint_tables& t = endpoints_[at(side)];
  if (endpoint >= t.locals.size()) t.locals.resize(endpoint + 1);
  if (t.locals[endpoint].known) return false;
  local fresh;
  const values r = endpoint_row(side, endpoint);
  for (int i = 0; i < static_cast<int>(t.machine.application().application.size()); ++i)
    add_outcomes(side, endpoint, step_kind::call, i, none, t.machine.call(r, i), fresh.calls);
  for (int i = 0; i < t.machine.forgeries(); ++i)
    if (const auto forged = t.machine.forgery(r, i))
      add_outcomes(side, endpoint, step_kind::forge, i, intern_segment(1 - side, *forged),
                   t.machine.forge(r, *forged), fresh.calls);
  for (int timer = 0; timer < static_cast<int>(t.machine.protocol().timers.size()); ++timer)
    add_outcomes(side, endpoint, step_kind::time_out, timer, none, t.machine.time_out(r, timer),
                 fresh.time_outs);
  if (const auto ticked = t.machine.tick(r)) fresh.ticked = t.rows(*ticked);
  fresh.timer_runs = t.machine.any_timer_runs(r);
  fresh.known = true;
  t.locals[endpoint] = fresh;
  return true;
}

bool tables::learn_arrival(int side, id endpoint, id segment) {
  endpoint_tables& t = endpoints_[at(side)];
  if (t.arrivals.at(endpoint, segment).known) return false;
  reacted fresh;
  add_outcomes(side, endpoint, step_kind::deliver, 0, segment,
               t.machine.arrive(endpoint_row(side, endpoint), segment_row(1 - side, segment)), fresh);
  t.arrivals.at(endpoint, segment) = fresh;
  return true;
}

tables::event_outcomes tables::arrivals(int side, id endpoint, id segment) {
  learn_arrival(side, endpoint, segment);
  return all_of(*endpoints_[at(side)].arrivals.find(endpoint, segment));
}

bool tables::learn_content(int sender, id channel) {
  channel_tables& t = channels_[at(sender)];
  if (channel >= t.by_id.size()) t.by_id.resize(channel + 1);
  if (t.by_id[channel].known()) return false;
  content fresh;
  const values tokens = t.contents[channel];
  if (t.entries.size() >= none - tokens.size())
    throw std::length_error("more than 2^32 segments in all contents in flight");
  fresh.first = static_cast<id>(t.entries.size());
  fresh.size = static_cast<std::uint16_t>(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && tokens[i] == tokens[i - 1]) continue;
    entry e{tokens[i], channel, none};
    if (!is_set_) {
      values without = tokens;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      e.without = t.contents(without);
      if (duplicates_ && static_cast<int>(tokens.size()) < network_.capacity) {
        values more = tokens;
        more.insert(more.begin() + static_cast<std::ptrdiff_t>(i), tokens[i]);
        e.duplicated = t.contents(more);
      }
    }
    t.entries.push_back(e);
    ++fresh.count;
  }
  if (ages_ && slots_ == 1) {
    bool has_to_arrive = false;
    values older;
    for (const int tok : tokens) {
      if (age_of(tok) + 1 < network_.lifetime)
        older.push_back(tok + 1);
      else if (!network_.loss.unlimited)
        has_to_arrive = true;
    }
    if (!has_to_arrive) fresh.aged = t.contents(older);
  }
  t.pushes.widen(channel + 1);  // it has a column, though nothing in it may be known
  t.by_id[channel] = fresh;
  return true;
}

bool tables::learn_push(int sender, id channel, id burst) {
  channel_tables& t = channels_[at(sender)];
  if (const pushed* p = t.pushes.find(burst, channel); p != nullptr && p->to != unknown) return false;
  std::uint8_t again = 0;
  values tokens = t.contents[channel];
  const values sent = row(t.bursts[burst]);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const id segment = static_cast<id>(sent[i]);
    if (charges_ && has_wire(sender, tokens, segment)) again |= static_cast<std::uint8_t>(1u << i);
    const int young = token(segment, 0);
    if (is_set_) std::erase_if(tokens, [&](int tok) { return segment_of(tok) == segment; });
    tokens.insert(fifo_ ? tokens.end() : std::upper_bound(tokens.begin(), tokens.end(), young), young);
  }
  const bool fits = is_set_ || static_cast<int>(tokens.size()) <= network_.capacity;
  t.pushes.at(burst, channel).to = fits ? t.contents(tokens) : none;
  if (charges_) t.charged.at(burst, channel).of = again;
  return true;
}

bool tables::has_wire(int sender, const values& tokens, id segment) const {
  const channel_tables& t = channels_[at(sender)];
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](int tok) { return t.wire_of[segment_of(tok)] == t.wire_of[segment]; });
}

tables::known_arrival tables::look_up_arrival(int side, id endpoint, id segment) const {
  const reacted* r = endpoints_[at(side)].arrivals.find(endpoint, segment);
  if (r == nullptr || !r->known) return {};
  known_arrival result{true, r->met == 0 && r->count > 0, 0};
  for (const id o : all_of(*r).outcomes) {
    result.does_nothing = result.does_nothing && !quick_[o].changes && quick_[o].sends == 0;
    result.most_sent = std::max<std::size_t>(result.most_sent, quick_[o].sends);
  }
  return result;
}

std::vector<tables::distinct_segment> tables::distinct_segments(int sender, id channel) const {
  std::vector<distinct_segment> result;
  const values tokens = channels_[at(sender)].contents[channel];
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i == 0 || tokens[i] != tokens[i - 1]) result.push_back({segment_of(tokens[i]), age_of(tokens[i]), 0});
    ++result.back().copies;
  }
  return result;
}

id tables::mirrored_endpoint(int side, id endpoint) {
  return endpoints_[at(1 - side)].rows(endpoint_row(side, endpoint));
}

id tables::mirrored_content(int sender, id channel) {
  values tokens = channels_[at(sender)].contents[channel];
  for (int& t : tokens) t = token(intern_segment(1 - sender, segment_row(sender, segment_of(t))), age_of(t));
  if (!fifo_) std::sort(tokens.begin(), tokens.end());
  return channels_[at(1 - sender)].contents(tokens);
}

layout tables::fitting(const layout& before) const {
  layout result = before;
  unsigned shift = 0;
  const auto place = [&](std::size_t component, std::size_t count) {
    unsigned& bits = result.bits[component];
    const auto needed = static_cast<unsigned>(std::bit_width(count - 1));
    if (needed > bits) bits = static_cast<unsigned>(std::bit_width(count + count / 2));  // with room to grow
    result.mask[component] = static_cast<id>((std::uint64_t{1} << bits) - 1);
    result.shift[component] = bits == 0 ? 0 : shift;  // what has no bits might begin behind a full word
    shift += bits;
  };
  const auto place_channel = [&](int sender) {
    for (int slot = slots_; slot-- > 0;)
      place(channel_component(sender, slot), channels_[at(sender)].contents.size());
  };
  place_channel(1);
  place(1, endpoints_[1].rows.size());
  place(budget_component, static_cast<std::size_t>(network_.loss.count + 1) *
                              static_cast<std::size_t>(network_.duplication.count + 1));
  place(0, endpoints_[0].rows.size());
  place_channel(0);
  return result;
}

std::vector<const int*> tables::in_flight(int sender, const state& s) const {
  const channel_tables& t = channels_[at(sender)];
  std::vector<const int*> result;
  for (int slot = slots_; slot-- > 0;)
    for (const int tok : t.contents[s[channel_component(sender, slot)]])
      result.push_back(t.segments[segment_of(tok)].data());
  return result;
}

step tables::describe(const state& from, const table_step& s) const {
  step result;
  result.kind = s.kind;
  result.side = s.side;
  if (s.kind == step_kind::lose || s.kind == step_kind::duplicate) {
    // The entry's number counts from the oldest on; the position in a fifo channel counts copies as well.
    const channel_tables& t = channels_[s.side];
    id entries = 0;
    int position = 0;
    for (int slot = slots_; slot-- > 0;) {
      const values tokens = t.contents[from[channel_component(s.side, slot)]];
      for (std::size_t i = 0; i < tokens.size(); ++i, ++position) {
        if (i > 0 && tokens[i] == tokens[i - 1]) continue;
        if (entries++ != s.what) continue;
        result.segment = row(t.segments[segment_of(tokens[i])]);
        result.age = slots_ > 1 ? slot : age_of(tokens[i]);
        if (fifo_) result.which = position;
      }
    }
  } else if (s.kind != step_kind::tick) {
    const outcome& o = outcomes_[s.what];
    result.kind = o.kind;
    result.which = o.which;
    result.choice = o.choice;
    if (o.segment != none) result.segment = segment_row(1 - s.side, o.segment);
    result.age = s.age;
  }
  return result;
}

}  // namespace tcpmc::system
