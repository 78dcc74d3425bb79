#include "model/system/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tcpmc::system {

using namespace language;  // NOLINT: the interpreter speaks the language's words throughout

namespace {

constexpr int stopped = -1;
constexpr std::size_t most_reactions = 10'000;  // to one event; more would exhaust the memory
constexpr int most_output_rules = 64;           // in one step; more means that the output stage does not end

std::size_t at_slot(int slot) { return static_cast<std::size_t>(slot); }

}  // namespace

// One way through an event. A choice among values forks it.
struct endpoint_machine::thread {
  values now;
  const values* segment = nullptr;
  std::vector<values> sent;
  std::vector<int> rules;
  std::array<int, label_slots> label{};
  bool cleared = false;
  const rule* running = nullptr;
  std::size_t next_instruction = 0;
  int stage = 0;
  const std::vector<int>* list = nullptr;  // the only list of a call or time-out; null on arrival
  bool in_output = false;
  int output_rules = 0;
};

endpoint_machine::endpoint_machine(const composition& c, int side, const observers& extra)
    : protocol_(c.protocols[at_slot(side)]),
      scenario_side_(c.scenario.sides[at_slot(side)]),
      time_(c.scenario.time),
      side_(side),
      layout_(protocol_, scenario_side_),
      segment_(protocol_),
      extra_(extra) {
  slots_ = layout_.observers;
  for (const observer& o : extra.variables) slots_ += std::max(1, o.variable.length);
  blank_.assign(at_slot(slots_), 0);
  const auto fill = [&](const variable& v) {
    for (int i = 0; i < std::max(1, v.length); ++i) blank_[at_slot(v.slot + i)] = v.initial;
  };
  for (const variable& v : protocol_.variables) fill(v);
  for (const observer& o : extra.variables) fill(o.variable);
  for (std::size_t t = 0; t < protocol_.timers.size(); ++t)
    blank_[at_slot(protocol_.timer_slot(static_cast<int>(t)))] = stopped;
  for (std::size_t i = 0; i < scenario_side_.application.size(); ++i)
    if (!scenario_side_.application[i].unlimited)
      blank_[at_slot(layout_.application) + i] = scenario_side_.application[i].times;
  if (layout_.forgeries >= 0) blank_[at_slot(layout_.forgeries)] = scenario_side_.attacker->segments;
  blank_[state_slot] = scenario_side_.start;
}

values endpoint_machine::initial() const { return blank_; }

bool endpoint_machine::counts(int timer) const {
  if (time_ == time_mode::untimed) return false;
  return time_ == time_mode::timed || !protocol_.timers[at_slot(timer)].any_moment;
}

bool endpoint_machine::due(const values& row, int timer) const {
  return row[at_slot(protocol_.timer_slot(timer))] == 0;
}

bool endpoint_machine::any_timer_runs(const values& row) const {
  for (std::size_t t = 0; t < protocol_.timers.size(); ++t)
    if (row[at_slot(protocol_.timer_slot(static_cast<int>(t)))] != stopped) return true;
  return false;
}

reactions endpoint_machine::call(const values& row, int which) const {
  const intention& i = scenario_side_.application[at_slot(which)];
  if (!i.unlimited && row[at_slot(layout_.application + which)] == 0) return {};
  scene s;
  s[row::self] = row.data();
  s.modulus = protocol_.modulus;
  if (i.when && !holds(*i.when, s)) return {};
  thread probe;
  probe.now = row;
  const rule* first = match(protocol_.call_rules[at_slot(i.call)], probe);
  if (first == nullptr || first->refuses) return {};
  values before = row;
  if (!i.unlimited) --before[at_slot(layout_.application + which)];
  return run(row, before, event_kind::call, i.call, &protocol_.call_rules[at_slot(i.call)], nullptr);
}

reactions endpoint_machine::arrive(const values& row, const values& segment) const {
  return run(row, row, event_kind::deliver, 0, nullptr, &segment);
}

std::optional<values> endpoint_machine::forgery(const values& row, int which) const {
  const attacker& a = *scenario_side_.attacker;
  if (a.limited) {
    const int left = row[at_slot(layout_.forgeries)];
    if (left == 0 || (a.listed && which != a.segments - left)) return std::nullopt;
  }
  scene s;
  s[row::self] = row.data();
  s.modulus = protocol_.modulus;
  if (a.when && !holds(*a.when, s)) return std::nullopt;
  values segment(at_slot(segment_.slots), 0);
  const std::vector<code>& forged = a.forgeries[at_slot(which)];
  for (std::size_t slot = 0; slot < forged.size(); ++slot) {
    segment[slot] = evaluate(forged[slot], s);
    if (slot < protocol_.flags.size()) continue;
    const auto& [name, of] = protocol_.fields[slot - protocol_.flags.size()];
    check(segment[slot], of, forged[slot].at, name);
  }
  segment[at_slot(segment_.forged)] = 1;
  return segment;
}

reactions endpoint_machine::forge(const values& row, const values& segment) const {
  values before = row;
  if (layout_.forgeries >= 0) --before[at_slot(layout_.forgeries)];
  return run(row, before, event_kind::deliver, 0, nullptr, &segment);
}

reactions endpoint_machine::time_out(const values& row, int which) const {
  if (!due(row, which)) return {};
  values before = row;
  before[at_slot(protocol_.timer_slot(which))] = stopped;
  return run(row, before, event_kind::time_out, which, &protocol_.time_out_rules[at_slot(which)], nullptr);
}

std::optional<values> endpoint_machine::tick(const values& row) const {
  values after = row;
  for (int t = 0; t < static_cast<int>(protocol_.timers.size()); ++t) {
    if (!counts(t)) continue;
    int& left = after[at_slot(protocol_.timer_slot(t))];
    if (left == 0) return std::nullopt;
    if (left > 0) --left;
  }
  for (std::size_t i = 0; i < scenario_side_.application.size(); ++i) {
    if (!scenario_side_.application[i].prompt) continue;
    const reactions made = call(row, static_cast<int>(i));
    if (made.cut || !made.all.empty()) return std::nullopt;
  }
  return after;
}

const rule* endpoint_machine::match(const std::vector<int>& list, const thread& t) const {
  scene s;
  s[row::self] = t.now.data();
  s[row::segment] = t.segment != nullptr ? t.segment->data() : nullptr;
  s.modulus = protocol_.modulus;
  const int state = t.now[state_slot];
  for (const int index : list) {
    const rule& r = protocol_.rules[at_slot(index)];
    if ((r.states >> state & 1) != 0 && (!r.when || holds(*r.when, s))) return &r;
  }
  return nullptr;
}

reactions endpoint_machine::run(const values& old, const values& row, event_kind kind, int which,
                                const std::vector<int>* list, const values* segment) const {
  reactions result;
  thread start;
  start.now = row;
  start.segment = segment;
  start.list = list;
  start.label[label_event] = static_cast<int>(kind);
  start.label[label_which] = which;
  std::vector<thread> pending;
  pending.push_back(std::move(start));
  while (!pending.empty()) {
    thread t = std::move(pending.back());
    pending.pop_back();
    if (result.all.size() + pending.size() > most_reactions)
      throw model_error(t.running->at, fmt::format("one event has more than {} reactions", most_reactions),
                        "choose among fewer values");
    if (t.running != nullptr && t.next_instruction < t.running->body.size()) {
      const instruction& i = t.running->body[t.next_instruction++];
      execute(std::move(t), i, pending, result.cut);
      continue;
    }
    // The rule has ended, or none runs yet: find the next one.
    const rule* next = nullptr;
    if (!t.in_output && t.list != nullptr) {
      if (t.running == nullptr) next = match(*t.list, t);
    } else if (!t.in_output) {
      while (next == nullptr && t.stage < static_cast<int>(protocol_.stages.size()))
        next = match(protocol_.stages[at_slot(t.stage++)].rules, t);
    }
    if (next == nullptr) {
      t.in_output = true;
      next = match(protocol_.output_rules, t);
      if (next != nullptr && ++t.output_rules > most_output_rules)
        throw model_error(next->at, "the output rules do not come to an end",
                          "each has to make its own condition false");
    }
    if (next == nullptr) {
      observe(old, t);
      result.all.push_back({std::move(t.now), std::move(t.sent), std::move(t.rules), t.label});
      continue;
    }
    t.running = next;
    t.next_instruction = 0;
    t.rules.push_back(static_cast<int>(next - protocol_.rules.data()));
    pending.push_back(std::move(t));
  }
  std::reverse(result.all.begin(), result.all.end());  // choices in ascending order of their value
  return result;
}

void endpoint_machine::execute(thread t, const instruction& i, std::vector<thread>& pending,
                               bool& cut) const {
  scene s;
  s[row::self] = t.now.data();
  s[row::segment] = t.segment != nullptr ? t.segment->data() : nullptr;
  s.modulus = protocol_.modulus;
  if (i.only_if && !holds(*i.only_if, s)) {
    pending.push_back(std::move(t));
    return;
  }
  switch (i.is) {
    case verb::assign: {
      int slot = i.target;
      if (i.length > 0) {
        const int index = evaluate(i.args[1], s);
        if (index < 0 || index >= i.length)
          throw model_error(i.at,
                            fmt::format("index {} is outside '{}' (length {})", index, i.name, i.length));
        slot += index;
      }
      if (!store(t, i, slot, evaluate(i.args[0], s), cut)) return;
      break;
    }
    case verb::choose: {
      const int low = evaluate(i.args[0], s), high = evaluate(i.args[1], s);
      const bool sequence = i.of.is == type::kind::sequence;
      int width = high - low;
      if (sequence && width < 0) width += protocol_.modulus;
      if (width < 0 || width > 1000)
        throw model_error(i.at, fmt::format("'{}' would be chosen in {} .. {}", i.name, low, high),
                          "a choice has to be among 1 to 1001 values, the lowest first");
      for (int k = 0; k <= width; ++k) {
        thread fork = t;
        const int value = sequence ? (low + k) % protocol_.modulus : low + k;
        if (store(fork, i, i.target, value, cut)) pending.push_back(std::move(fork));
      }
      return;
    }
    case verb::go_to:
      t.now[state_slot] = i.target;
      t.label[label_passed] |= 1 << i.target;
      // Never back to an older one: a late copy of an old ACK that completes the handshake of a new SYN
      // does not make the old incarnation the peer.
      if (t.segment != nullptr && (protocol_.identity.established >> i.target & 1) != 0) {
        int& peer = t.now[at_slot(layout_.peer_incarnation)];
        peer = std::max(peer, (*t.segment)[at_slot(segment_.incarnation)]);
      }
      break;
    case verb::signal:
      t.label[label_signals] |= 1 << i.target;
      break;
    case verb::clear:
    case verb::crash:
      for (const variable& v : protocol_.variables)
        if (v.lives == lifetime::tcb || (i.is == verb::crash && v.lives == lifetime::endpoint))
          std::copy_n(blank_.begin() + v.slot, std::max(1, v.length), t.now.begin() + v.slot);
      for (int timer = 0; timer < static_cast<int>(protocol_.timers.size()); ++timer)
        t.now[at_slot(protocol_.timer_slot(timer))] = stopped;
      t.now[at_slot(layout_.incarnation)] = 0;
      t.now[at_slot(layout_.peer_incarnation)] = 0;
      t.cleared = true;
      break;
    case verb::start: {
      const timer& started = protocol_.timers[at_slot(i.target)];
      int ticks = 0;
      if (counts(i.target)) {
        ticks = evaluate(started.ticks, s);
        if (ticks < 0 || ticks > 250)
          throw model_error(started.ticks.at,
                            fmt::format("the timer '{}' would run {} ticks", started.name, ticks),
                            "0 to 250 ticks");
      }
      t.now[at_slot(protocol_.timer_slot(i.target))] = ticks;
      break;
    }
    case verb::stop:
      t.now[at_slot(protocol_.timer_slot(i.target))] = stopped;
      break;
    case verb::continue_at:
      t.stage = i.target;
      break;
    case verb::send:
      send(t, i);
      break;
    case verb::drop:
      t.in_output = true;
      t.next_instruction = t.running->body.size();
      break;
    case verb::perform:
    case verb::refuse:
      break;  // expanded, or handled, when the rule was compiled
  }
  pending.push_back(std::move(t));
}

// Stores a value; false if it would begin an incarnation beyond the bound (then the step is cut off).
bool endpoint_machine::store(thread& t, const instruction& i, int slot, int value, bool& cut) const {
  check(value, i.of, i.at, i.name);
  t.now[at_slot(slot)] = value;
  if (slot == protocol_.identity.own) {
    int& attempts = t.now[at_slot(layout_.attempts)];
    if (attempts == scenario_side_.incarnations) {
      cut = true;
      return false;
    }
    t.now[at_slot(layout_.incarnation)] = ++attempts;
    t.label[label_began] = 1;
  }
  if (slot == protocol_.identity.peer && t.segment != nullptr)
    t.now[at_slot(layout_.peer_incarnation)] = (*t.segment)[at_slot(segment_.incarnation)];
  return true;
}

void endpoint_machine::send(thread& t, const instruction& i) const {
  if (t.sent.size() == most_sent)
    throw model_error(i.at, fmt::format("one event sends more than {} segments", most_sent),
                      "let several events send them, or one segment stand for more");
  scene s;
  s[row::self] = t.now.data();
  s[row::segment] = t.segment != nullptr ? t.segment->data() : nullptr;
  s.modulus = protocol_.modulus;
  values segment(at_slot(segment_.slots), 0);
  for (std::size_t slot = 0; slot < i.segment.size(); ++slot) {
    const code& c = i.segment[slot];
    segment[slot] = evaluate(c, s);
    if (slot < protocol_.flags.size()) continue;
    const auto& [name, of] = protocol_.fields[slot - protocol_.flags.size()];
    check(segment[slot], of, i.at, name);
  }
  const int flag = protocol_.identity.answer_flag;
  const bool answers = t.segment != nullptr && flag >= 0 && segment[at_slot(flag)] == 1;
  if (answers) {
    for (const int tag : {segment_.incarnation, segment_.peer_incarnation, segment_.isn, segment_.forged})
      segment[at_slot(tag)] = (*t.segment)[at_slot(tag)];
    segment[at_slot(segment_.answer)] = 1;
  } else {
    segment[at_slot(segment_.incarnation)] = t.now[at_slot(layout_.incarnation)];
    segment[at_slot(segment_.peer_incarnation)] = t.now[at_slot(layout_.peer_incarnation)];
    segment[at_slot(segment_.isn)] = t.now[at_slot(protocol_.identity.own)];
  }
  t.sent.push_back(std::move(segment));
}

void endpoint_machine::observe(const values& before, thread& t) const {
  if (t.cleared)
    for (const observer& o : extra_.variables)
      if (o.variable.lives == lifetime::tcb)
        std::copy_n(blank_.begin() + o.variable.slot, std::max(1, o.variable.length),
                    t.now.begin() + o.variable.slot);
  if (extra_.rules.empty()) return;
  const values nothing(at_slot(segment_.slots), 0);
  const values moved = t.now;  // observers see the step, not each other's changes
  const std::vector<const int*> sent = pointers(t.sent);
  scene s;
  s[row::self] = moved.data();
  s[row::old] = before.data();
  s[row::segment] = t.segment != nullptr ? t.segment->data() : nothing.data();
  s[row::label] = t.label.data();
  s.sent = &sent;
  s.modulus = protocol_.modulus;
  for (const observation& o : extra_.rules) {
    if (!holds(o.when, s)) continue;
    for (const instruction& i : o.body) {
      const int value = evaluate(i.args[0], s);
      check(value, i.of, i.at, i.name);
      int slot = i.target;
      if (i.length > 0) {
        const int index = evaluate(i.args[1], s);
        if (index < 0 || index >= i.length)
          throw model_error(i.at,
                            fmt::format("index {} is outside '{}' (length {})", index, i.name, i.length));
        slot += index;
      }
      t.now[at_slot(slot)] = value;
    }
  }
}

void endpoint_machine::check(int value, const type& of, place at, const std::string& what) const {
  if (of.is == type::kind::integer && (value < of.low || value > of.high))
    throw model_error(
        at, fmt::format("'{}' would become {}, out of its range {}..{}", what, value, of.low, of.high));
  if (of.is == type::kind::sequence && !protocol_.wraps && 2 * value >= protocol_.modulus)
    throw model_error(
        at,
        fmt::format("the sequence number '{}' = {} would wrap (modulus {})", what, value, protocol_.modulus),
        "raise \"sequence\": {\"modulus\"} in the scenario, or ask for \"wrap\": true");
}

}  // namespace tcpmc::system
