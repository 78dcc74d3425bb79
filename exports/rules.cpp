#include "exports/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tcpmc::exports {

using namespace language;  // NOLINT: what is translated are the language's parts

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }
const char* letter(int side) { return side == 0 ? "A" : "B"; }

// Whether brackets around it would change nothing: a name or number, a call, something in brackets.
bool is_simple(const std::string& e) {
  if (e.front() == '-' || e.front() == '!') return false;
  if (e.find(' ') == std::string::npos) return true;
  const std::size_t open = e.find('(');
  if (open == std::string::npos || e.find(' ') < open || e.find('[') < open) return false;
  int depth = 0;
  for (std::size_t i = open; i < e.size(); ++i) {
    depth += e[i] == '(' ? 1 : e[i] == ')' ? -1 : 0;
    if (depth == 0) return i + 1 == e.size();
  }
  return false;
}
std::string bracketed(const std::string& e) { return is_simple(e) ? e : "(" + e + ")"; }

std::string slot_name(row where, int slot, const view& v, const layout& l) {
  const int other = 1 - v.side;
  switch (where) {
    case row::self:
      return v.self + "." + l.slots[at(v.side)][at(slot)];
    case row::old:
      return (v.counted(slot) ? v.before : v.old) + "." + l.slots[at(v.side)][at(slot)];
    case row::peer:
      return v.peer + "." + l.slots[at(other)][at(slot)];
    case row::segment:
      return v.segment + "." + l.segment_slots[at(slot)];
    case row::sent:
      return v.sent.first + l.segment_slots[at(slot)] + v.sent.second;
    case row::label:
    case row::count:
      break;
  }
  return slot == label_event ? "w.event" : slot == label_which ? "w.which" : "w.began";
}

std::string constant(const code& c, const layout& l, const dialect& d) {
  if (c.of.is == type::kind::boolean) return d.truth(c.value != 0);
  if (c.of.is == type::kind::word && *c.of.words == *l.composition.protocols[0].states)
    return l.states[at(c.value)];
  return std::to_string(c.value);
}

// Writes the routines of one endpoint.
class endpoint_writer {
 public:
  endpoint_writer(int side, const layout& l, dialect& d, text& out)
      : side_(side),
        name_(letter(side)),
        l_(l),
        d_(d),
        out_(out),
        p_(l.composition.protocols[at(side)]),
        user_(l.composition.scenario.sides[at(side)]),
        layout_(p_, user_) {
    view_.side = side;
    view_.self = d.endpoint(side);
    view_.peer = d.endpoint(1 - side);
    view_.segment = "w.seg";
    view_.channels = {d.channel(side), d.channel(1 - side)};
  }

  void write() {
    output();
    for (std::size_t i = 0; i < p_.stages.size(); ++i) stage(i);
    arrive();
    if (user_.attacker) forge(*user_.attacker);
    for (std::size_t i = 0; i < user_.application.size(); ++i) call(i);
    for (std::size_t t = 0; t < p_.timers.size(); ++t) time_out(t);
    observe();
    for (std::size_t i = 0; i < l_.properties.all.size(); ++i) {
      const properties::property& p = l_.properties.all[i];
      if (p.never) formula(*p.never, "never", i);
      if (p.witness) formula(*p.witness, "witness", i);
    }
  }

 private:
  std::string self(int slot) const { return slot_name(row::self, slot, view_, l_); }
  std::string show(const code& c) { return expression(c, view_, l_, d_); }
  std::string routine(const std::string& what) const { return name_ + "_" + what; }

  std::string in_states(std::uint64_t states) {
    std::string result;
    const std::uint64_t all = (std::uint64_t{1} << l_.states.size()) - 1;
    if ((states & all) == all) return d_.truth(true);
    for (std::size_t s = 0; s < l_.states.size(); ++s) {
      if ((states >> s & 1) == 0) continue;
      const std::string one = d_.equal(self(state_slot), l_.states[s]);
      result = result.empty() ? one : d_.either(result, one);
    }
    return result.empty() ? d_.truth(false) : result;
  }

  std::string guard(const rule& r) {
    const std::string states = in_states(r.states);
    if (!r.when) return states;
    const std::string when = show(*r.when);
    return states == d_.truth(true) ? when : d_.both(bracketed(states), bracketed(when));
  }

  void explain(const rule& r) {
    d_.comment(out_, fmt::format("{} [{}]{}", r.id, r.cite,
                                 r.from.empty() || r.from == p_.chain[0] ? "" : ", of " + r.from));
    if (!r.says.empty()) d_.comment(out_, "  " + r.says);
  }

  // "if" the first rule's guard holds, its body, "else if" ...; what has no guard comes last.
  void first_match(const std::vector<int>& list, bool tells) {
    bool open = false;
    for (const int index : list) {
      const rule& r = p_.rules[at(index)];
      const std::string condition = guard(r);
      open ? d_.else_if(out_, condition) : d_.open_if(out_, condition);
      open = true;
      out_.deeper();
      explain(r);
      if (tells) d_.assign(out_, "w.fired", d_.truth(true));
      for (const instruction& i : r.body) conditional(i);
      out_.back();
    }
    if (open) d_.close_if(out_);
  }

  void conditional(const instruction& i) {
    if (!i.only_if) return execute(i);
    d_.open_if(out_, show(*i.only_if));
    out_.deeper();
    execute(i);
    out_.back();
    d_.close_if(out_);
  }

  void execute(const instruction& i) {
    switch (i.is) {
      case verb::assign: {
        std::string target = self(i.target);
        if (i.length > 0) {
          const std::string index = show(i.args[1]);
          target += "[" + d_.call("within", {index, "0", std::to_string(i.length - 1)}, false) + "]";
        }
        d_.assign(out_, target, checked(i.args[0], i.of));
        if (i.length == 0) identify(i.target);
        break;
      }
      case verb::choose:
        d_.perform(out_, i.of.is == type::kind::sequence ? "choose_sequence" : "choose",
                   {show(i.args[0]), show(i.args[1])});
        d_.assign(out_, self(i.target), checked("w.value", i.of));
        identify(i.target);
        break;
      case verb::go_to:
        d_.assign(out_, self(state_slot), l_.states[at(i.target)]);
        d_.assign(out_, fmt::format("w.passed[{}]", l_.states[at(i.target)]), d_.truth(true));
        if ((p_.identity.established >> i.target & 1) != 0) {
          const std::string peer = self(layout_.peer_incarnation), theirs = segment_ghost(0);
          d_.open_if(out_, d_.both("w.has_seg", fmt::format("({} < {})", peer, theirs)));
          out_.deeper();
          d_.assign(out_, peer, theirs);
          out_.back();
          d_.close_if(out_);
        }
        break;
      case verb::signal:
        d_.assign(out_, fmt::format("w.signals[{}]", l_.signals[at(i.target)]), d_.truth(true));
        break;
      case verb::clear:
        d_.perform(out_, routine("clear"), {});
        break;
      case verb::crash:
        d_.perform(out_, routine("crash"), {});
        break;
      case verb::start: {
        const timer& t = p_.timers[at(i.target)];
        const std::string ticks = l_.counts(side_, i.target) ? checked(t.ticks, type::integer(0, 250)) : "0";
        d_.assign(out_, self(p_.timer_slot(i.target)), ticks);
        break;
      }
      case verb::stop:
        d_.assign(out_, self(p_.timer_slot(i.target)), "-1");
        break;
      case verb::drop:
        d_.assign(out_, "w.dropped", d_.truth(true));
        d_.leave(out_);
        break;
      case verb::continue_at:
        d_.assign(out_, "w.stage", std::to_string(i.target));
        break;
      case verb::send:
        send(i);
        break;
      case verb::perform:
      case verb::refuse:
        break;  // expanded, or decided before the call
    }
  }

  std::string segment_ghost(int which) const {
    return view_.segment + "." + l_.segment_slots[at(l_.wire + which)];
  }

  // A value that is stored has to be one of its type.
  std::string checked(const code& c, const type& of) {
    const bool fits = c.is == operation::constant && of.is == type::kind::integer && c.value >= of.low &&
                      c.value <= of.high;
    // A sequence number that was stored or sent was looked at then.
    const bool known =
        of.is == type::kind::sequence && ((c.is == operation::slot && c.of.is == type::kind::sequence) ||
                                          (c.is == operation::constant && 2 * c.value < l_.modulus));
    return fits || known ? show(c) : checked(show(c), of);
  }
  std::string checked(const std::string& value, const type& of) {
    if (of.is == type::kind::integer && (of.low > -INT_MAX || of.high < INT_MAX))
      return d_.call("within", {value, std::to_string(of.low), std::to_string(of.high)}, false);
    if (of.is == type::kind::sequence && !l_.wraps) return d_.call("no_wrap", {value}, false);
    return value;
  }

  // The own initial sequence number begins an incarnation; the peer's tells who the peer is.
  void identify(int slot) {
    if (slot == p_.identity.own) {
      const std::string attempts = self(layout_.attempts);
      d_.open_if(out_, d_.equal(attempts, std::to_string(user_.incarnations)));
      out_.deeper();
      d_.comment(out_, "one more than the scenario allows: no step");
      d_.assign(out_, "w.cut", d_.truth(true));
      d_.leave(out_);
      out_.back();
      d_.close_if(out_);
      d_.assign(out_, attempts, attempts + " + 1");
      d_.assign(out_, self(layout_.incarnation), attempts);
      d_.assign(out_, "w.began", d_.truth(true));
    }
    if (slot == p_.identity.peer) {
      d_.open_if(out_, "w.has_seg");
      out_.deeper();
      d_.assign(out_, self(layout_.peer_incarnation), segment_ghost(0));
      out_.back();
      d_.close_if(out_);
    }
  }

  std::string segment_value(const code& c, std::size_t slot) {
    if (slot >= p_.flags.size()) return checked(c, p_.fields[slot - p_.flags.size()].second);
    return c.is == operation::constant ? d_.truth(c.value != 0) : show(c);
  }

  void send(const instruction& i) {
    for (std::size_t slot = 0; slot < i.segment.size(); ++slot)
      d_.assign(out_, "w.out." + l_.segment_slots[slot], segment_value(i.segment[slot], slot));
    const int flag = p_.identity.answer_flag;
    const code* answers = flag >= 0 ? &i.segment[at(flag)] : nullptr;
    const bool never = answers == nullptr || (answers->is == operation::constant && answers->value == 0);
    d_.perform(out_, "tag_own",
               {self(layout_.incarnation), self(layout_.peer_incarnation), self(p_.identity.own)});
    if (!never) {
      const std::string out_flag = "w.out." + l_.segment_slots[at(flag)];
      d_.open_if(out_, d_.both("w.has_seg", out_flag));
      out_.deeper();
      d_.perform(out_, "tag_answer", {});
      out_.back();
      d_.close_if(out_);
    }
    d_.perform(out_, fmt::format("send_{}", name_), {});
    d_.open_if(out_, "w.cut");
    out_.deeper();
    d_.leave(out_);
    out_.back();
    d_.close_if(out_);
  }

  void begin(const std::string& name) {
    d_.open_procedure(out_, routine(name));
    out_.deeper();
  }
  void end() {
    out_.back();
    d_.close_routine(out_);
  }

  void output() {
    forget("clear", {lifetime::tcb});
    if (crashes()) forget("crash", {lifetime::tcb, lifetime::endpoint});
    begin("output_rule");
    first_match(p_.output_rules, true);
    end();
    begin("output");
    d_.assign(out_, "w.rounds", "0");
    d_.assign(out_, "w.fired", d_.truth(true));
    d_.open_while(out_, d_.both("w.fired", "!w.cut"));
    out_.deeper();
    d_.assign(out_, "w.fired", d_.truth(false));
    d_.perform(out_, routine("output_rule"), {});
    d_.assign(out_, "w.rounds", "w.rounds + 1");
    d_.open_if(out_, d_.both("w.fired", "(w.rounds > 64)"));
    out_.deeper();
    d_.fail(out_, "the output rules do not come to an end");
    d_.leave(out_);
    out_.back();
    d_.close_if(out_);
    out_.back();
    d_.close_while(out_);
    end();
  }

  void reset(const field& f, const std::string& target) {
    const std::string value =
        f.boolean ? d_.truth(f.initial[at(side_)] != 0) : std::to_string(f.initial[at(side_)]);
    if (f.length == 0) return d_.assign(out_, target, value);
    for (int i = 0; i < f.length; ++i) d_.assign(out_, fmt::format("{}[{}]", target, i), value);
  }

  // What "clear" and "crash" do: variables of these lives are initial again. Observers that live as long as
  // the TCB are cleared at the end of the step, by observe().
  void forget(const std::string& name, const std::set<lifetime>& lives) {
    begin(name);
    for (const field& f : l_.endpoint)
      if (lives.count(f.lives) && f.says != "observer") reset(f, view_.self + "." + f.name);
    for (std::size_t t = 0; t < p_.timers.size(); ++t)
      d_.assign(out_, self(p_.timer_slot(static_cast<int>(t))), "-1");
    d_.assign(out_, self(layout_.incarnation), "0");
    d_.assign(out_, self(layout_.peer_incarnation), "0");
    d_.assign(out_, "w.cleared", d_.truth(true));
    end();
  }

  bool crashes() const {
    return std::any_of(p_.rules.begin(), p_.rules.end(), [](const rule& r) {
      return std::any_of(r.body.begin(), r.body.end(),
                         [](const instruction& i) { return i.is == verb::crash; });
    });
  }

  std::string stage_name(std::size_t i) const {
    return fmt::format("stage_{}_{}", i, identifier(p_.stages[i].name));
  }

  void stage(std::size_t i) {
    d_.comment(
        out_, fmt::format("{}: segment arrives, stage {} [{}]", name_, p_.stages[i].name, p_.stages[i].cite));
    begin(stage_name(i));
    first_match(p_.stages[i].rules, false);
    end();
  }

  void arrive() {
    begin("arrive");
    d_.assign(out_, "w.stage", "0");
    d_.open_while(out_,
                  d_.both("!w.dropped", d_.both("!w.cut", fmt::format("(w.stage < {})", p_.stages.size()))));
    out_.deeper();
    for (std::size_t i = 0; i < p_.stages.size(); ++i) {
      const std::string condition = d_.equal("w.stage", std::to_string(i));
      i == 0 ? d_.open_if(out_, condition) : d_.else_if(out_, condition);
      out_.deeper();
      d_.assign(out_, "w.stage", std::to_string(i + 1));
      d_.perform(out_, routine(stage_name(i)), {});
      out_.back();
    }
    if (!p_.stages.empty()) d_.close_if(out_);
    out_.back();
    d_.close_while(out_);
    run_output();
    end();
  }

  void forge(const attacker& a) {
    d_.comment(out_, fmt::format("{}: an off-path attacker forges {}", name_, fmt::join(a.texts, "; ")));
    d_.open_function(out_, routine("may_forge"), false);
    out_.deeper();
    d_.give(out_, a.when ? show(*a.when) : d_.truth(true));
    end();
    begin("forge");
    for (std::size_t i = 0; i < a.forgeries.size(); ++i) {
      const std::string condition = d_.equal("w.value", std::to_string(i));
      i == 0 ? d_.open_if(out_, condition) : d_.else_if(out_, condition);
      out_.deeper();
      for (std::size_t slot = 0; slot < a.forgeries[i].size(); ++slot)
        d_.assign(out_, "w.seg." + l_.segment_slots[slot], segment_value(a.forgeries[i][slot], slot));
      out_.back();
    }
    d_.close_if(out_);
    d_.assign(out_, "w.seg." + l_.segment_slots[at(segment_layout(p_).forged)], d_.truth(true));
    d_.assign(out_, "w.has_seg", d_.truth(true));
    d_.perform(out_, routine("arrive"), {});
    end();
  }

  void run_output() {
    d_.open_if(out_, "!w.cut");
    out_.deeper();
    d_.perform(out_, routine("output"), {});
    out_.back();
    d_.close_if(out_);
  }

  // The call's own rules, which may leave early; and then output.
  void list_and_output(const std::string& name, const std::vector<int>& list) {
    begin(name + "_rules");
    first_match(list, false);
    end();
    begin(name);
    d_.perform(out_, routine(name + "_rules"), {});
    run_output();
    end();
  }

  void call(std::size_t i) {
    const intention& wanted = user_.application[i];
    const std::vector<int>& list = p_.call_rules[at(wanted.call)];
    const std::string times =
        wanted.unlimited ? "any number of times" : fmt::format("{} in all", wanted.times);
    d_.comment(out_, fmt::format("{}: the user may call {}{}, {}", name_, wanted.call_name,
                                 wanted.when ? " when " + wanted.when_text : "", times));
    d_.open_function(out_, routine(fmt::format("can_call_{}", i)), false);
    out_.deeper();
    if (!wanted.unlimited) {
      d_.open_if(out_, d_.equal(self(layout_.application + static_cast<int>(i)), "0"));
      out_.deeper();
      d_.give(out_, d_.truth(false));
      out_.back();
      d_.close_if(out_);
    }
    if (wanted.when) {
      d_.open_if(out_, "!" + bracketed(show(*wanted.when)));
      out_.deeper();
      d_.give(out_, d_.truth(false));
      out_.back();
      d_.close_if(out_);
    }
    for (const int index : list) {
      const rule& r = p_.rules[at(index)];
      d_.open_if(out_, guard(r));
      out_.deeper();
      d_.comment(out_, r.id + (r.refuses ? ": only an error for the user, no step" : ""));
      d_.give(out_, d_.truth(!r.refuses));
      out_.back();
      d_.close_if(out_);
    }
    d_.give(out_, d_.truth(false));
    end();
    list_and_output(fmt::format("call_{}", i), list);
  }

  void time_out(std::size_t t) {
    d_.comment(out_, fmt::format("{}: time-out of {} [{}]", name_, p_.timers[t].name, p_.timers[t].cite));
    list_and_output(fmt::format("time_out_{}", t), p_.time_out_rules[t]);
  }

  void observe() {
    const system::observers& all = l_.properties.observers[at(side_)];
    view seen = view_;  // observers see the step, not each other's changes
    seen.self = "w.after";
    seen.old = "w.old";
    seen.before = "w.before";
    for (std::size_t t = 0; t < p_.timers.size(); ++t) seen.counts.insert(p_.timer_slot(static_cast<int>(t)));
    for (std::size_t i = 0; i < user_.application.size(); ++i)
      seen.counts.insert(layout_.application + static_cast<int>(i));
    if (layout_.forgeries >= 0) seen.counts.insert(layout_.forgeries);
    begin("observe");
    bool first = true;
    for (const field& f : l_.endpoint) {
      if (f.says != "observer" || f.lives != lifetime::tcb) continue;
      if (first) {
        d_.open_if(out_, "w.cleared");
        out_.deeper();
      }
      first = false;
      reset(f, view_.self + "." + f.name);
    }
    if (!first) {
      out_.back();
      d_.close_if(out_);
    }
    if (!all.rules.empty()) d_.copy(out_, "w.after", view_.self, l_);
    for (const system::observation& o : all.rules) {
      d_.open_if(out_, expression(o.when, seen, l_, d_));
      out_.deeper();
      for (const instruction& i : o.body) {
        std::string target = self(i.target);
        if (i.length > 0)
          target += "[" +
                    d_.call("within",
                            {expression(i.args[1], seen, l_, d_), "0", std::to_string(i.length - 1)}, false) +
                    "]";
        d_.assign(out_, target, checked(expression(i.args[0], seen, l_, d_), i.of));
      }
      out_.back();
      d_.close_if(out_);
    }
    end();
  }

  void formula(const properties::formula& f, const std::string& what, std::size_t i) {
    d_.comment(out_, fmt::format("{} {}: {}{}", l_.properties.all[i].name, what,
                                 f.on_step ? "a step with " : "", f.text));
    view seen = view_;
    seen.old = "w.before";
    const std::string value = expression(f.at[at(side_)], seen, l_, d_);
    out_.raw(d_.take_helpers());
    d_.open_function(out_, routine(fmt::format("{}_{}", what, i)), f.on_step);
    out_.deeper();
    d_.give(out_, value);
    end();
  }

  int side_;
  std::string name_;
  const layout& l_;
  dialect& d_;
  text& out_;
  const protocol& p_;
  const side_of_scenario& user_;
  endpoint_layout layout_;
  view view_;
};

}  // namespace

std::string expression(const code& c, const view& v, const layout& l, dialect& d) {
  const auto arg = [&](std::size_t i) { return bracketed(expression(c.args[i], v, l, d)); };
  const bool sequences = !c.args.empty() && c.args[0].of.is == type::kind::sequence;
  switch (c.is) {
    case operation::constant:
      return constant(c, l, d);
    case operation::slot:
      return slot_name(c.where, c.value, v, l);
    case operation::element:
      return fmt::format(
          "{}[{}]", slot_name(c.where, c.value, v, l),
          d.call("within", {expression(c.args[0], v, l, d), "0", std::to_string(c.length - 1)}, false));
    case operation::bit: {
      const bool passed = c.args[0].value == label_passed;
      return fmt::format("w.{}[{}]", passed ? "passed" : "signals",
                         (passed ? l.states : l.signals)[at(c.value)]);
    }
    case operation::negate:
      return "!" + arg(0);
    case operation::conjunction:
      return d.both(arg(0), arg(1));
    case operation::disjunction:
      return d.either(arg(0), arg(1));
    case operation::conditional:
      return fmt::format("({} ? {} : {})", arg(0), arg(1), arg(2));
    case operation::member: {
      std::string result;
      for (std::size_t i = 1; i < c.args.size(); ++i) {
        const std::string one = bracketed(d.equal(arg(0), arg(i)));
        result = result.empty() ? one : d.either(result, one);
      }
      return result.empty() ? d.truth(false) : "(" + result + ")";
    }
    case operation::equal:
      return d.equal(arg(0), arg(1));
    case operation::unequal:
      return "!" + bracketed("(" + d.equal(arg(0), arg(1)) + ")");
    case operation::less:
      return sequences ? d.call("seq_less", {arg(0), arg(1)}, false) : arg(0) + " < " + arg(1);
    case operation::less_equal:
      return sequences ? d.call("seq_at_most", {arg(0), arg(1)}, false) : arg(0) + " <= " + arg(1);
    case operation::multiply:
      return arg(0) + " * " + arg(1);
    case operation::add:
      return c.modular ? d.call("seq_add", {arg(0), arg(1)}, false) : arg(0) + " + " + arg(1);
    case operation::subtract:
      if (!c.modular) return arg(0) + " - " + arg(1);
      return d.call(c.of.is == type::kind::sequence ? "seq_subtract" : "seq_distance", {arg(0), arg(1)},
                    false);
    case operation::outgoing:
    case operation::incoming:
      return d.exists(v.channels[c.is == operation::outgoing ? 0 : 1], [&](const std::string& segment) {
        view inner = v;
        inner.segment = segment;
        return expression(c.args[0], inner, l, d);
      });
    case operation::sent:
      return d.exists_sent([&](const std::string& before, const std::string& after) {
        view inner = v;
        inner.sent = {before, after};
        return expression(c.args[0], inner, l, d);
      });
    case operation::ports:
      break;  // scenarios with ports are not exported
  }
  return "?";
}

std::string routines(const layout& l, dialect& d) {
  text out;
  for (int side = 0; side < 2; ++side) endpoint_writer(side, l, d, out).write();
  if (l.composition.scenario.final) {
    d.comment(out, "final: " + l.composition.scenario.final_text);
    view v;
    v.self = d.endpoint(0);
    v.peer = d.endpoint(1);
    const std::string value = expression(*l.composition.scenario.final, v, l, d);
    d.open_function(out, "is_final", false);
    out.deeper();
    d.give(out, value);
    out.back();
    d.close_routine(out);
  }
  return out.take();
}

}  // namespace tcpmc::exports
