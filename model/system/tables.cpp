#include "model/system/tables.hpp"

#include <algorithm>

namespace tcpmc::system {
namespace {

// A content is a row of tokens, one a segment in flight: its id and its age.
constexpr int ages_per_segment = 64;
int token(id segment, int age) { return static_cast<int>(segment) * ages_per_segment + age; }
id segment_of(int t) { return static_cast<id>(t / ages_per_segment); }
int age_of(int t) { return t % ages_per_segment; }

values row(std::span<const int> s) { return {s.begin(), s.end()}; }

}  // namespace

tables::tables(const composition& c, const std::array<observers, 2>& extra, outcome_listener listener)
    : composition_(c),
      network_(c.scenario.network),
      listener_(std::move(listener)),
      endpoints_{endpoint_tables(c, 0, extra[0]), endpoint_tables(c, 1, extra[1])},
      is_set_(network_.is_set()),
      fifo_(network_.order == language::delivery_order::fifo),
      ages_(network_.lifetime > 0),
      charges_(c.scenario.time != language::time_mode::timed && !network_.duplication.unlimited) {}

state tables::initial() {
  state s{};
  for (int side = 0; side < 2; ++side) {
    s[at(side)] = endpoints_[at(side)].rows(machine(side).initial());
    s[at(2 + side)] = channels_[at(side)].contents({});
  }
  s[4] = static_cast<id>(network_.loss.count * (network_.duplication.count + 1) + network_.duplication.count);
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
    const auto wire = static_cast<std::size_t>(machine(sender).protocol().segment_slots());
    c.wire_of.push_back(c.wires(std::span<const int>(r).first(wire)));
  }
  return segment;
}

void tables::add_outcomes(int side, id endpoint, step_kind kind, int which, id segment, const reactions& all,
                          event_outcomes& into) {
  if (all.cut) into.met |= bound_incarnations;
  const values before = endpoint_row(side, endpoint);
  const values arrived = segment != none ? segment_row(1 - side, segment) : values{};
  int choice = 0;
  for (const reaction& r : all.all) {
    outcome o;
    o.before = endpoint;
    o.after = endpoints_[at(side)].rows(r.after);
    o.segment = segment;
    for (const values& s : r.sent) o.sent.push_back(intern_segment(side, s));
    o.label = r.label;
    o.which = which;
    o.choice = choice++;
    o.kind = kind;
    if (listener_) listener_(side, before, r.after, segment != none ? &arrived : nullptr, o);
    into.outcomes.push_back(static_cast<id>(outcomes_.size()));
    outcomes_.push_back(std::move(o));
  }
}

const tables::local& tables::local_row(int side, id endpoint) {
  endpoint_tables& t = endpoints_[at(side)];
  if (endpoint >= t.locals.size()) t.locals.resize(std::max<std::size_t>(endpoint + 1, 2 * t.locals.size()));
  if (t.locals[endpoint].known) return t.locals[endpoint];
  local fresh;
  const values r = endpoint_row(side, endpoint);
  for (int i = 0; i < static_cast<int>(t.machine.application().application.size()); ++i)
    add_outcomes(side, endpoint, step_kind::call, i, none, t.machine.call(r, i), fresh.calls);
  for (int timer = 0; timer < static_cast<int>(t.machine.protocol().timers.size()); ++timer)
    add_outcomes(side, endpoint, step_kind::time_out, timer, none, t.machine.time_out(r, timer),
                 fresh.time_outs);
  if (const auto ticked = t.machine.tick(r)) fresh.ticked = t.rows(*ticked);
  fresh.timer_runs = t.machine.any_timer_runs(r);
  fresh.known = true;
  t.locals[endpoint] = std::move(fresh);
  return t.locals[endpoint];
}

const tables::event_outcomes& tables::arrivals(int side, id endpoint, id segment) {
  endpoint_tables& t = endpoints_[at(side)];
  if (endpoint >= t.arrivals.size())
    t.arrivals.resize(std::max<std::size_t>(endpoint + 1, 2 * t.arrivals.size()));
  std::vector<arrival>& of = t.arrivals[endpoint];
  if (segment >= of.size()) of.resize(std::max<std::size_t>(segment + 1, 2 * of.size()));
  if (!of[segment].known) {
    event_outcomes fresh;
    add_outcomes(side, endpoint, step_kind::deliver, 0, segment,
                 t.machine.arrive(endpoint_row(side, endpoint), segment_row(1 - side, segment)), fresh);
    of[segment] = {true, std::move(fresh)};
  }
  return of[segment].all;
}

const tables::content& tables::content_row(int sender, id channel) {
  channel_tables& t = channels_[at(sender)];
  if (channel >= t.by_id.size()) t.by_id.resize(std::max<std::size_t>(channel + 1, 2 * t.by_id.size()));
  if (t.by_id[channel].known) return t.by_id[channel];
  content fresh;
  const values tokens = row(t.contents[channel]);
  fresh.full = !is_set_ && static_cast<int>(tokens.size()) >= network_.capacity;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0 && tokens[i] == tokens[i - 1]) continue;
    entry e{segment_of(tokens[i]), static_cast<std::uint16_t>(age_of(tokens[i])), channel, none};
    if (!is_set_) {
      values without = tokens;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      e.without = t.contents(without);
      if (!fresh.full) {
        values more = tokens;
        more.insert(more.begin() + static_cast<std::ptrdiff_t>(i), tokens[i]);
        e.duplicated = t.contents(more);
      }
    }
    fresh.entries.push_back(e);
  }
  bool has_to_arrive = false;
  values older;
  for (const int tok : tokens) {
    if (age_of(tok) + 1 < network_.lifetime)
      older.push_back(tok + 1);
    else if (!network_.loss.unlimited)
      has_to_arrive = true;
  }
  if (ages_ && !has_to_arrive) fresh.aged = t.contents(older);
  fresh.known = true;
  t.by_id[channel] = std::move(fresh);
  return t.by_id[channel];
}

id tables::push(int sender, id channel, id segment) {
  channel_tables& t = channels_[at(sender)];
  const std::uint64_t key = std::uint64_t{channel} << 32 | segment;
  if (const auto known = t.pushes.find(key); known != t.pushes.end()) return known->second;
  values tokens = row(t.contents[channel]);
  const int fresh = token(segment, 0);
  id result = none;
  if (is_set_) {
    std::erase_if(tokens, [&](int tok) { return segment_of(tok) == segment; });
    tokens.insert(std::upper_bound(tokens.begin(), tokens.end(), fresh), fresh);
    result = t.contents(tokens);
  } else if (static_cast<int>(tokens.size()) < network_.capacity) {
    tokens.insert(fifo_ ? tokens.end() : std::upper_bound(tokens.begin(), tokens.end(), fresh), fresh);
    result = t.contents(tokens);
  }
  t.pushes.emplace(key, result);
  return result;
}

bool tables::has_wire(int sender, id channel, id segment) const {
  const channel_tables& t = channels_[at(sender)];
  const std::span<const int> tokens = t.contents[channel];
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](int tok) { return t.wire_of[segment_of(tok)] == t.wire_of[segment]; });
}

bool tables::send(int side, const outcome& o, state& next, std::uint32_t& met) {
  id& channel = next[at(2 + side)];
  for (const id segment : o.sent) {
    if (charges_ && o.kind == step_kind::time_out && has_wire(side, channel, segment)) {
      if (duplicates(next[4]) == 0) {
        met |= bound_duplicates;
        return false;
      }
      --next[4];
    }
    channel = push(side, channel, segment);
    if (channel == none) {
      met |= bound_capacity;
      return false;
    }
  }
  return true;
}

std::vector<const int*> tables::in_flight(int sender, id channel) const {
  const channel_tables& t = channels_[at(sender)];
  std::vector<const int*> result;
  for (const int tok : t.contents[channel]) result.push_back(t.segments[segment_of(tok)].data());
  return result;
}

step tables::describe(const state& from, const table_step& s) const {
  step result;
  result.kind = s.kind;
  result.side = s.side;
  if (s.kind == step_kind::lose || s.kind == step_kind::duplicate) {
    const channel_tables& t = channels_[s.side];
    const entry& e = t.by_id[from[at(2 + s.side)]].entries[s.what];
    result.segment = row(t.segments[e.segment]);
    result.age = e.age;
    if (fifo_) {  // the position of the entry's first copy
      const std::span<const int> tokens = t.contents[from[at(2 + s.side)]];
      id entries = 0;
      for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (i > 0 && tokens[i] == tokens[i - 1]) continue;
        if (entries++ == s.what) result.which = static_cast<int>(i);
      }
    }
  } else if (s.kind != step_kind::tick) {
    const outcome& o = outcomes_[s.what];
    result.which = o.which;
    result.choice = o.choice;
    if (o.segment != none) result.segment = segment_row(1 - s.side, o.segment);
    result.age = s.age;
  }
  return result;
}

}  // namespace tcpmc::system
