#include "model/language/binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace tcpmc::language {
namespace {

constexpr std::size_t most_parts = 20'000;  // of what one binder binds, its definitions put in
constexpr int deepest_code = 700;           // levels of operators; a text alone has at most 500

std::size_t parts_of(const code& c) {
  std::size_t parts = 1;
  for (const code& a : c.args) parts += parts_of(a);
  return parts;
}

int depth_of(const code& c) {
  int deepest = 0;
  for (const code& a : c.args) deepest = std::max(deepest, depth_of(a));
  return deepest + 1;
}

// a - b modulo m, as the signed distance nearest to zero (RFC 9293 section 3.4).
int distance(int a, int b, int modulus) {
  if (modulus <= 0) return a - b;
  int d = (a - b) % modulus;
  if (d < 0) d += modulus;
  return 2 * d >= modulus ? d - modulus : d;
}

int evaluate_quantifier(const code& c, const scene& s) {
  const auto* segments = c.is == operation::outgoing   ? s.outgoing
                         : c.is == operation::incoming ? s.incoming
                                                       : s.sent;
  if (segments == nullptr) return unknown;
  scene inner = s;
  int result = 0;
  for (const int* segment : *segments) {
    inner[c.is == operation::sent ? row::sent : row::segment] = segment;
    const int value = evaluate(c.args[0], inner);
    if (value == 1) return 1;
    if (value == unknown) result = unknown;
  }
  return result;
}

int count_ports(const code& c, const scene& s) {
  if (s.ports == nullptr) return unknown;
  scene inner;
  inner.modulus = s.modulus;
  int result = 0;
  for (const auto& [self, peer] : *s.ports) {
    inner[row::self] = self;
    inner[row::peer] = peer;
    result += holds(c.args[0], inner);
  }
  return result;
}

int bounded(const code& c, std::int64_t value) {
  if (value < -1'000'000'000 || value > 1'000'000'000)
    throw model_error(c.at, fmt::format("{} is too large a number to compute with", value));
  return static_cast<int>(value);
}

int compute(const code& c, int a, int b, int modulus) {
  const bool sequences = c.args[0].of.is == type::kind::sequence;
  switch (c.is) {
    case operation::multiply:
      return bounded(c, std::int64_t{a} * b);
    case operation::add:
      return c.modular ? (a + b % modulus + modulus) % modulus : bounded(c, std::int64_t{a} + b);
    case operation::subtract:
      if (!c.modular) return bounded(c, std::int64_t{a} - b);
      return c.of.is == type::kind::sequence ? (a - b % modulus + modulus) % modulus
                                             : distance(a, b, modulus);
    case operation::less:
      return sequences ? distance(b, a, modulus) > 0 : a < b;
    case operation::less_equal:
      return a == b || (sequences ? distance(b, a, modulus) > 0 : a < b);
    case operation::equal:
      return a == b;
    default:
      return a != b;
  }
}

}  // namespace

int evaluate(const code& c, const scene& s) {
  switch (c.is) {
    case operation::constant:
      return c.value;
    case operation::slot: {
      const int* values = s[c.where];
      return values == nullptr ? unknown : values[c.value];
    }
    case operation::element: {
      const int* values = s[c.where];
      const int index = evaluate(c.args[0], s);
      if (values == nullptr || index == unknown) return unknown;
      if (index < 0 || index >= c.length)
        throw model_error(c.at, fmt::format("index {} is outside the array (length {})", index, c.length));
      return values[c.value + index];
    }
    case operation::bit: {
      const int mask = evaluate(c.args[0], s);
      return mask == unknown ? unknown : (mask >> c.value) & 1;
    }
    case operation::negate: {
      const int a = evaluate(c.args[0], s);
      return a == unknown ? unknown : !a;
    }
    case operation::conjunction: {
      const int a = evaluate(c.args[0], s);
      if (a == 0) return 0;
      const int b = evaluate(c.args[1], s);
      return b == 0 ? 0 : a == unknown ? unknown : b;
    }
    case operation::disjunction: {
      const int a = evaluate(c.args[0], s);
      if (a == 1) return 1;
      const int b = evaluate(c.args[1], s);
      return b == 1 ? 1 : a == unknown ? unknown : b;
    }
    case operation::conditional: {
      const int a = evaluate(c.args[0], s);
      return a == unknown ? unknown : evaluate(c.args[a ? 1 : 2], s);
    }
    case operation::member: {
      const int a = evaluate(c.args[0], s);
      if (a == unknown) return unknown;
      int result = 0;
      for (std::size_t i = 1; i < c.args.size(); ++i) {
        const int b = evaluate(c.args[i], s);
        if (b == a) return 1;
        if (b == unknown) result = unknown;
      }
      return result;
    }
    case operation::outgoing:
    case operation::incoming:
    case operation::sent:
      return evaluate_quantifier(c, s);
    case operation::ports:
      return count_ports(c, s);
    default: {
      const int a = evaluate(c.args[0], s);
      const int b = evaluate(c.args[1], s);
      if (a == unknown || b == unknown) return unknown;
      return compute(c, a, b, s.modulus);
    }
  }
}

bool reads(const code& c, row r) {
  if (c.is == operation::ports) return false;
  if ((c.is == operation::slot || c.is == operation::element) && c.where == r) return true;
  return std::any_of(c.args.begin(), c.args.end(), [&](const code& a) { return reads(a, r); });
}

bool reads_channels(const code& c) {
  if (c.is == operation::outgoing || c.is == operation::incoming) return true;
  return std::any_of(c.args.begin(), c.args.end(), reads_channels);
}

bool reads_sent(const code& c) {
  return c.is == operation::sent || std::any_of(c.args.begin(), c.args.end(), reads_sent);
}

bool counts_ports(const code& c) {
  return c.is == operation::ports || std::any_of(c.args.begin(), c.args.end(), counts_ports);
}

bool needs_absence(const code& c, bool negated) {
  switch (c.is) {
    case operation::outgoing:
    case operation::incoming:
      return negated;
    case operation::negate:
      return needs_absence(c.args[0], !negated);
    case operation::conjunction:
    case operation::disjunction:
      return needs_absence(c.args[0], negated) || needs_absence(c.args[1], negated);
    case operation::conditional:
      return reads_channels(c.args[0]) || needs_absence(c.args[1], negated) ||
             needs_absence(c.args[2], negated);
    default:  // any other operator on a quantified value is taken for non-monotone
      return std::any_of(c.args.begin(), c.args.end(), reads_channels);
  }
}

type type::word(std::shared_ptr<const std::vector<std::string>> words) {
  const int last = static_cast<int>(words->size()) - 1;
  return {kind::word, 0, last, std::move(words)};
}

std::string type::text() const {
  switch (is) {
    case kind::boolean:
      return "a boolean";
    case kind::integer:
      return "an integer";
    case kind::sequence:
      return "a sequence number";
    case kind::word:
      return fmt::format("one of {}", fmt::join(*words, ", "));
  }
  return "?";
}

std::string type::show(int value) const {
  if (is == kind::boolean) return value ? "true" : "false";
  if (is == kind::word && value >= 0 && value < static_cast<int>(words->size()))
    return (*words)[static_cast<std::size_t>(value)];
  return std::to_string(value);
}

std::vector<std::string> vocabulary::known_names() const {
  std::vector<std::string> names;
  for (const auto& entry : variables) names.push_back(entry.first);
  for (const auto& entry : constants) names.push_back(entry.first);
  for (const auto& entry : definitions) names.push_back(entry.first);
  if (states) names.insert(names.end(), states->begin(), states->end());
  return names;
}

std::optional<code> binder::fail(place at, const std::string& message, const std::string& hint) {
  errors_.add(at, message, hint);
  return std::nullopt;
}

// Whether `by` more parts are still reasonable; reports if not.
bool binder::grows(place at, std::size_t by) {
  if (parts_ > most_parts) return false;  // reported already
  parts_ += by;
  if (parts_ <= most_parts) return true;
  fail(at, fmt::format("this has more than {} parts when its definitions are put in", most_parts),
       "definitions that use definitions more than once grow fast");
  return false;
}

// A constant that can be a sequence number. Where no modulus is known, only its sign tells.
bool binder::is_constant_sequence(const code& c) const {
  return c.is == operation::constant && c.of.is == type::kind::integer && c.value >= 0 &&
         (words_.modulus <= 0 || c.value < words_.modulus);
}

// Folds an operation on constants, so that parameters cost nothing later.
code binder::finished(code c) const {
  const auto constant = [](const code& a) { return a.is == operation::constant; };
  if (c.is == operation::outgoing || c.is == operation::incoming || c.is == operation::sent ||
      c.is == operation::element || c.is == operation::ports)
    return c;
  if (c.args.empty() || !std::all_of(c.args.begin(), c.args.end(), constant)) {
    if (c.is == operation::conditional && constant(c.args[0])) return c.args[c.args[0].value ? 1 : 2];
    if (c.is == operation::conjunction && constant(c.args[0]) && c.args[0].value == 0) return c.args[0];
    if (c.is == operation::conjunction && constant(c.args[0])) return c.args[1];
    if (c.is == operation::disjunction && constant(c.args[0]) && c.args[0].value == 1) return c.args[0];
    if (c.is == operation::disjunction && constant(c.args[0])) return c.args[1];
    return c;
  }
  scene nothing;
  nothing.modulus = words_.modulus;
  try {
    c.value = evaluate(c, nothing);
  } catch (const model_error& error) {
    errors_.add(error.mistake);
  }
  c.is = operation::constant;
  c.args.clear();
  return c;
}

std::optional<code> binder::bind(const expression& e) {
  if (!grows(e.at, 1)) return std::nullopt;
  struct level {
    explicit level(int& depth) : at(depth) { ++at; }
    ~level() { --at; }
    int& at;
  } inner(depth_);
  if (depth_ > deepest_code) return fail(e.at, fmt::format("nested deeper than {} levels", deepest_code));
  switch (e.is) {
    case syntax::integer: {
      if (e.value < -1'000'000'000 || e.value > 1'000'000'000)
        return fail(e.at, "this number is out of range", "at most 9 digits");
      code c;
      c.of = type::integer(static_cast<int>(e.value), static_cast<int>(e.value));
      c.value = static_cast<int>(e.value);
      c.at = e.at;
      return c;
    }
    case syntax::text:
      return fail(e.at, "a quoted text can only be an argument of called('...')");
    case syntax::name:
      return bind_name(e, nullptr);
    case syntax::call:
    case syntax::element:
      return bind_call(e);
    case syntax::negate:
    case syntax::conjunction:
    case syntax::disjunction: {
      code c;
      c.is = e.is == syntax::negate        ? operation::negate
             : e.is == syntax::conjunction ? operation::conjunction
                                           : operation::disjunction;
      c.of = type::boolean();
      c.at = e.at;
      bool ok = true;
      for (const expression& arg : e.args) {
        auto bound = bind(arg, type::boolean());
        ok = ok && bound;
        if (bound) c.args.push_back(std::move(*bound));
      }
      if (!ok) return std::nullopt;
      return finished(std::move(c));
    }
    case syntax::multiply:
    case syntax::add:
    case syntax::subtract:
      return bind_arithmetic(e);
    case syntax::member:
      return bind_member(e);
    case syntax::conditional: {
      auto condition = bind(e.args[0], type::boolean());
      auto branches = bind_pair(e.args[1], e.args[2]);
      if (!condition || !branches) return std::nullopt;
      code c;
      c.is = operation::conditional;
      c.of = branches->first.of;
      if (c.of.is == type::kind::integer)
        c.of = type::integer(std::min(c.of.low, branches->second.of.low),
                             std::max(c.of.high, branches->second.of.high));
      c.at = e.at;
      c.args = {std::move(*condition), std::move(branches->first), std::move(branches->second)};
      return finished(std::move(c));
    }
    default:
      return bind_comparison(e);
  }
}

std::optional<code> binder::bind(const expression& e, const type& expected) {
  if (e.is == syntax::name) return fit(bind_name(e, &expected), expected, e.at);
  return fit(bind(e), expected, e.at);
}

std::optional<code> binder::fit(std::optional<code> value, const type& to, place at) {
  if (!value) return std::nullopt;
  const bool constant = value->is == operation::constant && value->of.is == type::kind::integer;
  if (to.is == type::kind::sequence && is_constant_sequence(*value)) {
    value->of = to;
    return value;
  }
  if (to.is == type::kind::sequence && constant)
    return fail(at, fmt::format("{} is not a sequence number (modulus {})", value->value, words_.modulus));
  if (value->of.is != to.is || (to.is == type::kind::word && *value->of.words != *to.words))
    return fail(at, fmt::format("{} is expected here, but this is {}", to.text(), value->of.text()));
  if (constant && (value->value < to.low || value->value > to.high))
    return fail(at, fmt::format("{} is out of range {}..{}", value->value, to.low, to.high));
  return value;
}

std::optional<code> binder::bind_definition(const expression& e, const std::string& name,
                                            const std::string& prefix) {
  const vocabulary::definition& d = words_.definitions.at(name);
  d.used = true;
  if (std::find(open_.begin(), open_.end(), name) != open_.end())
    return fail(d.at, fmt::format("the definition of '{}' uses itself", name));
  if (e.args.size() != d.head.parameters.size())
    return fail(e.at, fmt::format("'{}' takes {} argument(s), not {}", name, d.head.parameters.size(),
                                  e.args.size()));
  std::vector<argument> frame;
  for (std::size_t i = 0; i < e.args.size(); ++i) {
    auto value = bind(e.args[i]);
    if (!value) return std::nullopt;
    frame.push_back({d.head.parameters[i], std::move(*value)});
  }
  frames_.push_back(std::move(frame));
  open_.push_back(name);
  const std::string outer = prefix_;
  if (!prefix.empty()) prefix_ = prefix;  // else a definition in a definition is read where that one is
  auto result = bind(d.body);
  prefix_ = outer;
  open_.pop_back();
  frames_.pop_back();
  // Arguments are put in whole, so the result can be deeper than the text that was bound.
  if (result && depth_of(*result) > deepest_code)
    return fail(e.at, fmt::format("'{}' becomes nested deeper than {} levels", name, deepest_code));
  return result;
}

std::optional<code> binder::bind_name(const expression& e, const type* expected) {
  code c;
  c.at = e.at;
  if (e.name == "true" || e.name == "false") {
    c.of = type::boolean();
    c.value = e.name == "true";
    return c;
  }
  if (!frames_.empty())
    for (const argument& a : frames_.back())
      if (a.name == e.name) return grows(e.at, parts_of(a.value)) ? std::optional(a.value) : std::nullopt;
  const std::string scoped = e.name.find('.') == std::string::npos ? prefix_ + e.name : e.name;
  if (const auto v = words_.variables.find(scoped); v != words_.variables.end()) {
    if (v->second.length > 0)
      return fail(e.at, fmt::format("'{}' is an array", e.name), fmt::format("write {}[index]", e.name));
    c.is = operation::slot;
    c.of = v->second.of;
    c.where = v->second.where;
    c.value = v->second.slot;
    if (c.where == row::sent && !in_sent_)
      return fail(e.at, fmt::format("'{}' is known only in sent(...)", e.name), "write sent(" + e.name + ")");
    return c;
  }
  if (const auto k = words_.constants.find(e.name); k != words_.constants.end()) {
    c.of = k->second.first;
    c.value = k->second.second;
    return c;
  }
  if (words_.definitions.count(e.name)) return bind_definition(e, e.name, "");
  if (const std::size_t dot = e.name.find('.'); dot != std::string::npos) {
    const std::string prefix = e.name.substr(0, dot + 1), rest = e.name.substr(dot + 1);
    if ((prefix == "old." || prefix == "peer.") && words_.has_label && words_.definitions.count(rest))
      return bind_definition(e, rest, prefix);
  }
  if (expected != nullptr && expected->is == type::kind::word && !words_.broken.count(e.name)) {
    const auto& words = *expected->words;
    if (const auto w = std::find(words.begin(), words.end(), e.name); w != words.end()) {
      c.of = *expected;
      c.value = static_cast<int>(w - words.begin());
      return c;
    }
    return fail(e.at, fmt::format("unknown word '{}'", e.name), suggestion(e.name, words));
  }
  if (words_.broken.count(e.name)) return std::nullopt;
  if (const auto f = words_.forbidden.find(e.name); f != words_.forbidden.end())
    return fail(e.at, fmt::format("'{}' cannot be read here", e.name), f->second);
  std::string hint = suggestion(e.name, words_.known_names());
  if (e.name.find('-') != std::string::npos && hint.empty())
    hint = "a subtraction needs spaces around its minus sign";
  return fail(e.at, fmt::format("unknown name '{}'", e.name), hint);
}

std::optional<code> binder::bind_call(const expression& e) {
  if (words_.broken.count(e.name)) return std::nullopt;
  if (e.is == syntax::element) {
    const std::string scoped = e.name.find('.') == std::string::npos ? prefix_ + e.name : e.name;
    const auto v = words_.variables.find(scoped);
    if (v == words_.variables.end() || v->second.length == 0) {
      std::vector<std::string> arrays;
      for (const auto& [name, variable] : words_.variables)
        if (variable.length > 0) arrays.push_back(name);
      return fail(e.at, fmt::format("'{}' is not an array", e.name), suggestion(e.name, arrays));
    }
    auto index = bind(e.args[0], type::integer());
    if (!index) return std::nullopt;
    code c;
    c.is = operation::element;
    c.of = v->second.of;
    c.where = v->second.where;
    c.value = v->second.slot;
    c.length = v->second.length;
    c.args.push_back(std::move(*index));
    c.at = e.at;
    return c;
  }
  if (words_.definitions.count(e.name)) return bind_definition(e, e.name, "");
  if (const std::size_t dot = e.name.find('.'); dot != std::string::npos && words_.has_label) {
    const std::string prefix = e.name.substr(0, dot + 1), rest = e.name.substr(dot + 1);
    if ((prefix == "old." || prefix == "peer.") && words_.definitions.count(rest))
      return bind_definition(e, rest, prefix);
  }
  // The built-in functions. Each names one thing out of a fixed list.
  const auto index_in = [&](const std::shared_ptr<const std::vector<std::string>>& list,
                            const char* what) -> std::optional<int> {
    if (list == nullptr) {
      fail(e.at, fmt::format("{}(...) cannot be used here", e.name), "the value has to be a constant");
      return std::nullopt;
    }
    if (e.args.size() != 1 || (e.args[0].is != syntax::name && e.args[0].is != syntax::text)) {
      fail(e.at, fmt::format("{}(...) takes the name of {}", e.name, what));
      return std::nullopt;
    }
    const auto i = std::find(list->begin(), list->end(), e.args[0].name);
    if (i == list->end()) {
      fail(e.args[0].at, fmt::format("'{}' is not {}", e.args[0].name, what),
           suggestion(e.args[0].name, *list));
      return std::nullopt;
    }
    return static_cast<int>(i - list->begin());
  };
  const auto slot_of = [&](row where, int slot) {
    code c;
    c.is = operation::slot;
    c.of = type::integer();
    c.where = where;
    c.value = slot;
    c.at = e.at;
    return c;
  };
  const auto bit_of = [&](int slot, int bit) {
    code c;
    c.is = operation::bit;
    c.of = type::boolean();
    c.value = bit;
    c.args.push_back(slot_of(row::label, slot));
    c.at = e.at;
    return c;
  };
  const auto compare = [&](operation op, code a, int value) {
    code constant;
    constant.of = type::integer();
    constant.value = value;
    code c;
    c.is = op;
    c.of = type::boolean();
    c.args = {std::move(a), std::move(constant)};
    c.at = e.at;
    return c;
  };
  const auto both = [&](code a, code b) {
    code c;
    c.is = operation::conjunction;
    c.of = type::boolean();
    c.args = {std::move(a), std::move(b)};
    c.at = e.at;
    return c;
  };
  const auto event_is = [&](event_kind kind, int which) {
    return both(compare(operation::equal, slot_of(row::label, label_event), static_cast<int>(kind)),
                compare(operation::equal, slot_of(row::label, label_which), which));
  };
  if (e.name == "running" || e.name == "old.running" || e.name == "peer.running") {
    const auto timer = index_in(words_.timers, "a timer");
    if (!timer) return std::nullopt;
    const row where = e.name[0] == 'o'     ? row::old
                      : e.name[0] == 'p'   ? row::peer
                      : prefix_ == "old."  ? row::old
                      : prefix_ == "peer." ? row::peer
                                           : row::self;
    if (where != row::self && !words_.has_label)
      return fail(e.at, "only properties can look at old and peer");
    const auto slot = words_.timer_slots.find((*words_.timers)[static_cast<std::size_t>(*timer)]);
    if (slot == words_.timer_slots.end())
      return fail(e.at, "a timer cannot be looked at here", "the value has to be a constant");
    return compare(operation::unequal, slot_of(where, slot->second), -1);
  }
  if (words_.has_label) {
    if (e.name == "passed") {
      const auto state = index_in(words_.states, "a state");
      return state ? std::optional(bit_of(label_passed, *state)) : std::nullopt;
    }
    if (e.name == "signalled") {
      const auto signal = index_in(words_.signals, "a signal");
      return signal ? std::optional(bit_of(label_signals, *signal)) : std::nullopt;
    }
    if (e.name == "called") {
      const auto call = index_in(words_.calls, "a user call");
      return call ? std::optional(event_is(event_kind::call, *call)) : std::nullopt;
    }
    if (e.name == "expired") {
      const auto timer = index_in(words_.timers, "a timer");
      return timer ? std::optional(event_is(event_kind::time_out, *timer)) : std::nullopt;
    }
    if (e.name == "delivered" && e.args.empty())
      return compare(operation::equal, slot_of(row::label, label_event),
                     static_cast<int>(event_kind::deliver));
    if (e.name == "began" && e.args.empty()) {
      code c = slot_of(row::label, label_began);
      c.of = type::boolean();
      return c;
    }
    if (e.name == "ports" && e.args.size() == 1) {
      if (words_.ports == 0) return fail(e.at, "there are no ports to count", "give the scenario \"ports\"");
      if (in_quantifier_) return fail(e.at, "ports cannot be counted in outgoing, incoming, sent or ports");
      in_quantifier_ = true;
      auto body = bind(e.args[0], type::boolean());
      in_quantifier_ = false;
      if (!body) return std::nullopt;
      if (reads(*body, row::old) || reads(*body, row::label) || reads(*body, row::segment))
        return fail(e.at, "only what a port's endpoints are can be asked of it, not what a step did");
      code c;
      c.is = operation::ports;
      c.of = type::integer(0, words_.ports);
      c.args.push_back(std::move(*body));
      c.at = e.at;
      return c;
    }
    if ((e.name == "outgoing" || e.name == "incoming" || e.name == "sent") && e.args.size() == 1) {
      if (in_quantifier_)
        return fail(e.at, "outgoing, incoming and sent cannot be nested, nor asked of ports");
      in_quantifier_ = true;
      in_sent_ = e.name == "sent";
      auto body = bind(e.args[0], type::boolean());
      in_quantifier_ = in_sent_ = false;
      if (!body) return std::nullopt;
      code c;
      c.is = e.name == "outgoing"   ? operation::outgoing
             : e.name == "incoming" ? operation::incoming
                                    : operation::sent;
      c.of = type::boolean();
      c.args.push_back(std::move(*body));
      c.at = e.at;
      return c;
    }
  }
  std::vector<std::string> known = {"running"};
  if (words_.has_label)
    known.insert(known.end(), {"passed", "signalled", "called", "expired", "delivered", "began", "outgoing",
                               "incoming", "sent", "ports", "old.running", "peer.running"});
  for (const auto& [name, definition] : words_.definitions)
    if (!definition.head.parameters.empty()) known.push_back(name);
  return fail(e.at, fmt::format("unknown function '{}'", e.name), suggestion(e.name, known));
}

std::optional<code> binder::bind_arithmetic(const expression& e) {
  auto a = bind(e.args[0]);
  auto b = bind(e.args[1]);
  if (!a || !b) return std::nullopt;
  const auto is_integer = [](const code& c) { return c.of.is == type::kind::integer; };
  const auto is_sequence = [](const code& c) { return c.of.is == type::kind::sequence; };
  code c;
  c.at = e.at;
  c.of = type::integer();
  c.is = e.is == syntax::multiply ? operation::multiply
         : e.is == syntax::add    ? operation::add
                                  : operation::subtract;
  if (is_sequence(*a) && is_integer(*b) && c.is != operation::multiply) {
    c.of = type::sequence();
    c.modular = true;
  } else if (is_sequence(*a) && is_sequence(*b) && c.is == operation::subtract) {
    c.modular = true;
  } else if (!is_integer(*a) || !is_integer(*b)) {
    return fail(e.at, fmt::format("cannot compute with {} and {}", a->of.text(), b->of.text()),
                "integers with integers; a sequence number plus or minus an integer; or two sequence numbers "
                "subtracted");
  }
  c.args = {std::move(*a), std::move(*b)};
  return finished(std::move(c));
}

// Binds two expressions that must have one type; a bare word takes the type of the other side.
std::optional<std::pair<code, code>> binder::bind_pair(const expression& a, const expression& b) {
  const auto is_known = [&](const expression& e) {
    const auto in_frame = [&] {
      return !frames_.empty() && std::any_of(frames_.back().begin(), frames_.back().end(),
                                             [&](const argument& arg) { return arg.name == e.name; });
    };
    return e.is != syntax::name || e.name == "true" || e.name == "false" || in_frame() ||
           e.name.find('.') != std::string::npos || words_.variables.count(prefix_ + e.name) ||
           words_.constants.count(e.name) || words_.definitions.count(e.name) || words_.broken.count(e.name);
  };
  std::optional<code> left, right;
  if (is_known(a)) {
    left = bind(a);
    if (!left) {
      if (is_known(b)) bind(b);  // its mistakes are reported as well
      return std::nullopt;
    }
    right = is_known(b) ? bind(b) : bind_name(b, &left->of);
  } else if (is_known(b)) {
    right = bind(b);
    if (right) left = bind_name(a, &right->of);
  } else {
    left = bind(a);
    right = bind(b);
  }
  if (!left || !right) return std::nullopt;
  for (const auto& [one, other, at] :
       {std::tuple(&*left, &*right, a.at), std::tuple(&*right, &*left, b.at)}) {
    if (one->is != operation::constant || one->of.is != type::kind::integer) continue;
    if (other->of.is != type::kind::sequence) continue;
    auto fitting = fit(*one, type::sequence(), at);
    if (!fitting) return std::nullopt;
    *one = std::move(*fitting);
  }
  if (left->of.is != right->of.is ||
      (left->of.is == type::kind::word && *left->of.words != *right->of.words)) {
    fail(b.at, fmt::format("{} stands against {}", left->of.text(), right->of.text()));
    return std::nullopt;
  }
  return std::pair(std::move(*left), std::move(*right));
}

std::optional<code> binder::bind_comparison(const expression& e) {
  auto sides = bind_pair(e.args[0], e.args[1]);
  if (!sides) return std::nullopt;
  code c;
  c.of = type::boolean();
  c.at = e.at;
  c.args = {std::move(sides->first), std::move(sides->second)};
  const type::kind kind = c.args[0].of.is;
  switch (e.is) {
    case syntax::equal:
      c.is = operation::equal;
      return finished(std::move(c));
    case syntax::unequal:
      c.is = operation::unequal;
      return finished(std::move(c));
    case syntax::greater:
    case syntax::greater_equal:
      std::swap(c.args[0], c.args[1]);
      break;
    default:
      break;
  }
  if (kind == type::kind::boolean || kind == type::kind::word)
    return fail(e.at, fmt::format("values of this kind have no order: {}", c.args[0].of.text()),
                "use == or !=");
  c.is = e.is == syntax::less || e.is == syntax::greater ? operation::less : operation::less_equal;
  return finished(std::move(c));
}

std::optional<code> binder::bind_member(const expression& e) {
  auto value = bind(e.args[0]);
  if (!value) return std::nullopt;
  code c;
  c.is = operation::member;
  c.of = type::boolean();
  c.at = e.at;
  const type of = value->of;
  c.args.push_back(std::move(*value));
  bool ok = true;
  for (std::size_t i = 1; i < e.args.size(); ++i) {
    const auto group = words_.groups.find(e.args[i].name);
    if (e.args[i].is == syntax::name && group != words_.groups.end()) {
      for (const std::string& state : group->second) {
        expression name = e.args[i];
        name.name = state;
        auto member = bind(name, of);
        ok = ok && member;
        if (member) c.args.push_back(std::move(*member));
      }
      continue;
    }
    auto member = bind(e.args[i], of);
    ok = ok && member;
    if (member) c.args.push_back(std::move(*member));
  }
  if (!ok) return std::nullopt;
  return finished(std::move(c));
}

}  // namespace tcpmc::language
