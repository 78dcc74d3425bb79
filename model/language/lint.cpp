#include "model/language/lint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace tcpmc::language {
namespace {

constexpr std::uint64_t most_tried = 20'000;    // of the values of one list in one state
constexpr std::uint64_t tried_again = 400'000;  // where a rule was not seen to match
constexpr int first_sequence = 1000, sequences = 12;
constexpr int most_integers = 64;  // of a range that is tried as a whole

// What guards read: a slot of the endpoint's row or of the segment's.
struct place_of_value {
  row where = row::self;
  int slot = 0;
  auto operator<=>(const place_of_value&) const = default;
};
struct domain {
  std::vector<int> values;
  bool whole = true;  // all values that there are
  type of{};
};

class analysis {
 public:
  explicit analysis(const protocol& p)
      : p_(p),
        row_(static_cast<std::size_t>(p.own_slots()), 0),
        segment_(static_cast<std::size_t>(p.segment_slots()), 0) {
    for (const auto& [name, v] : p.words.variables)
      for (int i = 0; i < std::max(1, v.length); ++i) names_[{v.where, v.slot + i}] = {name, v.of};
    for (std::size_t i = 0; i < p.flags.size(); ++i)
      names_[{row::segment, static_cast<int>(i)}] = {"seg." + p.flags[i], type::boolean()};
    for (std::size_t i = 0; i < p.fields.size(); ++i)
      names_[{row::segment, static_cast<int>(p.flags.size() + i)}] = {"seg." + p.fields[i].first,
                                                                      p.fields[i].second};
    for (std::size_t t = 0; t < p.timers.size(); ++t)
      names_[{row::self, p.timer_slot(static_cast<int>(t))}] = {fmt::format("running({})", p.timers[t].name),
                                                                type::boolean()};
  }

  lint_report run() {
    for (std::size_t i = 0; i < p_.call_rules.size(); ++i)
      look_at(fmt::format("the call {}", (*p_.calls)[i]), p_.call_rules[i], true);
    for (const stage& s : p_.stages) look_at(fmt::format("the stage {}", s.name), s.rules, false);
    for (std::size_t i = 0; i < p_.time_out_rules.size(); ++i)
      look_at(fmt::format("the time-out of {}", p_.timers[i].name), p_.time_out_rules[i], true);
    look_at("output", p_.output_rules, false);
    std::vector<int> arrival;
    for (const stage& s : p_.stages) arrival.insert(arrival.end(), s.rules.begin(), s.rules.end());
    for (int state = 0; state < states(); ++state) missed("a segment", arrival, state);
    for (std::size_t i = 0; i < p_.rules.size(); ++i) {
      const int index = static_cast<int>(i);
      if (!listed_.count(index) || seen_.count(index)) continue;
      const bool certain = !doubtful_.count(index);
      if (is_off(p_.rules[i]) || (certain && reads_what_has_one_value(p_.rules[i])))
        report_.off.push_back(&p_.rules[i]);
      else
        report_.never.push_back({&p_.rules[i], certain});
    }
    return std::move(report_);
  }

 private:
  int states() const { return static_cast<int>(p_.states->size()); }
  const rule& rule_at(int i) const { return p_.rules[static_cast<std::size_t>(i)]; }
  bool applies(int i, int state) const { return (rule_at(i).states >> state & 1) != 0; }

  // Without any row only parameters are known.
  bool is_off(const rule& r) const {
    scene nothing;
    nothing.modulus = p_.modulus;
    return r.when && evaluate(*r.when, nothing) == 0;
  }

  // A range that a parameter has narrowed to nothing: what it is for is switched off.
  bool reads_what_has_one_value(const rule& r) const {
    std::map<place_of_value, domain> read;
    if (r.when) collect(*r.when, read);
    return std::any_of(read.begin(), read.end(), [](const auto& d) {
      return d.second.of.is == type::kind::integer && d.second.of.low == d.second.of.high;
    });
  }

  std::vector<int> in_state(const std::vector<int>& list, int state) const {
    std::vector<int> result;
    std::copy_if(list.begin(), list.end(), std::back_inserter(result),
                 [&](int i) { return applies(i, state); });
    return result;
  }

  void look_at(const std::string& name, const std::vector<int>& list, bool is_event) {
    listed_.insert(list.begin(), list.end());
    std::set<std::pair<int, int>> told;  // a pair is told for one state
    for (int state = 0; state < states(); ++state) {
      pairs(name, in_state(list, state), state, told);
      if (is_event) missed(name, list, state);
    }
  }

  struct overlap {
    bool only_first = false, only_second = false;
    std::string both;  // values
  };

  void pairs(const std::string& name, const std::vector<int>& rules, int state,
             std::set<std::pair<int, int>>& told) {
    if (rules.empty()) return;
    std::map<std::pair<int, int>, overlap> found;
    const auto look = [&](const std::vector<char>& matches) {
      const auto first =
          static_cast<std::size_t>(std::find(matches.begin(), matches.end(), 1) - matches.begin());
      if (first == rules.size()) return;
      seen_.insert(rules[first]);
      for (std::size_t j = 0; j < rules.size(); ++j) {
        if (j == first) continue;
        overlap& o = found[std::minmax(rules[first], rules[j], [&](int a, int b) {
          return std::find(rules.begin(), rules.end(), a) < std::find(rules.begin(), rules.end(), b);
        })];
        if (j > first && matches[j] != 0 && o.both.empty()) o.both = values_text();
        if (matches[j] == 0) (j > first ? o.only_first : o.only_second) = true;
      }
    };
    const bool whole = try_values(rules, state, most_tried, look);
    for (const int r : rules)
      if (!seen_.count(r) && !whole && !is_off(rule_at(r))) {
        std::vector<int> up_to(rules.begin(), std::find(rules.begin(), rules.end(), r) + 1);
        try_values(up_to, state, tried_again, [&](const std::vector<char>& matches) {
          if (std::find(matches.begin(), matches.end(), 1) == matches.end() - 1) seen_.insert(r);
        });
        doubtful_.insert(r);
      }
    for (const auto& [pair, o] : found) {
      const rule &first = rule_at(pair.first), &second = rule_at(pair.second);
      if (o.both.empty() || first.do_text == second.do_text) continue;
      if (!told.insert(pair).second) continue;
      if (!o.only_first)
        ++report_.generalizing;
      else if (o.only_second)
        report_.order.push_back({&first, &second, name, state, o.both});
      else
        ++report_.generalizing;
    }
  }

  void missed(const std::string& event, const std::vector<int>& list, int state) {
    const std::vector<int> rules = in_state(list, state);
    if (rules.empty()) {
      report_.ignored.push_back({event, state, true, ""});
      return;
    }
    std::string values;
    try_values(rules, state, most_tried, [&](const std::vector<char>& matches) {
      if (values.empty() && std::find(matches.begin(), matches.end(), 1) == matches.end())
        values = values_text();
    });
    if (!values.empty()) report_.ignored.push_back({event, state, false, values});
  }

  // Calls look(which of the rules' guards hold) for values of what the guards read. Whether these were all.
  template <typename Look>
  bool try_values(const std::vector<int>& rules, int state, std::uint64_t most, Look&& look) {
    std::map<place_of_value, domain> read;
    for (const int r : rules)
      if (rule_at(r).when) collect(*rule_at(r).when, read);
    read.erase({row::self, state_slot});
    reads_.clear();
    bool whole = true;
    for (const int r : rules)
      if (rule_at(r).when) collect_constants(*rule_at(r).when, read);
    std::uint64_t combinations = 1;
    for (auto& [at, d] : read) {
      reads_.push_back(at);
      std::sort(d.values.begin(), d.values.end());
      d.values.erase(std::unique(d.values.begin(), d.values.end()), d.values.end());
      whole = whole && d.whole;
      combinations = combinations > most ? combinations : combinations * d.values.size();
    }
    row_[state_slot] = state;
    std::vector<char> matches(rules.size());
    const auto judge = [&] {
      scene s;
      s[row::self] = row_.data();
      s[row::segment] = segment_.data();
      s.modulus = p_.modulus;
      try {
        for (std::size_t i = 0; i < rules.size(); ++i) {
          const auto& when = rule_at(rules[i]).when;
          matches[i] = !when || holds(*when, s);
        }
      } catch (const model_error&) {  // an index outside its array: no state of a sound model
        whole = false;
        return;
      }
      look(matches);
    };
    const bool all = combinations <= most;
    std::uint64_t random = 0x9E3779B97F4A7C15u;
    for (std::uint64_t n = 0; n < (all ? combinations : most); ++n) {
      std::uint64_t rest = n;
      for (auto& [at, d] : read) {
        if (!all) {  // splitmix64
          std::uint64_t z = random += 0x9E3779B97F4A7C15u;
          z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
          rest = (z ^ z >> 27) >> 13;
        }
        auto& to = at.where == row::self ? row_ : segment_;
        to[static_cast<std::size_t>(at.slot)] = d.values[rest % d.values.size()];
        rest /= d.values.size();
      }
      judge();
    }
    return all && whole;
  }

  void collect(const code& c, std::map<place_of_value, domain>& into) const {
    if (c.is == operation::slot || c.is == operation::element)
      for (int i = 0; i < (c.is == operation::element ? c.length : 1); ++i)
        into[{c.where, c.value + i}] = domain_of({c.where, c.value + i}, c.of);
    for (const code& a : c.args) collect(a, into);
  }

  // Numbers that guards name may be equal to any, or lie beside it.
  static void collect_constants(const code& c, std::map<place_of_value, domain>& into) {
    if (c.is == operation::constant)
      for (auto& [at, d] : into) {
        if (d.whole || d.of.is != c.of.is) continue;
        if (c.of.is == type::kind::sequence) d.values.push_back(c.value);
        if (c.of.is == type::kind::integer)
          for (int near = c.value - 1; near <= c.value + 1; ++near)
            if (d.of.low <= near && near <= d.of.high) d.values.push_back(near);
      }
    for (const code& a : c.args) collect_constants(a, into);
  }

  domain domain_of(place_of_value at, const type& of) const {
    if (at.where == row::self && at.slot >= p_.own_slots() - static_cast<int>(p_.timers.size()))
      return {{-1, 0}, true, {}};  // a guard can only ask whether the timer runs
    domain d;
    d.of = of;
    switch (of.is) {
      case type::kind::boolean:
        d.values = {0, 1};
        return d;
      case type::kind::word:
        for (int i = 0; i < static_cast<int>(of.words->size()); ++i) d.values.push_back(i);
        return d;
      case type::kind::sequence:
        d.whole = false;
        for (int i = 0; i < sequences; ++i) d.values.push_back(first_sequence % p_.modulus + i);
        if (2 * d.values.back() >= p_.modulus)
          for (int i = 0; i < sequences; ++i) d.values[static_cast<std::size_t>(i)] = i % p_.modulus;
        return d;
      case type::kind::integer:
        d.whole = of.high - of.low < most_integers;
        for (int i = 0; i < most_integers && i <= of.high - of.low; ++i) d.values.push_back(of.low + i);
        if (!d.whole) d.values.push_back(of.high);
        return d;
    }
    return d;
  }

  // The values that are tried at the moment: what is set, and how the others stand.
  std::string values_text() const {
    std::string text;
    for (const place_of_value& at : reads_) {
      const auto known = names_.find(at);
      if (known == names_.end()) continue;
      const int value = (at.where == row::self ? row_ : segment_)[static_cast<std::size_t>(at.slot)];
      const auto& [name, of] = known->second;
      if (!text.empty()) text += " ";
      if (name.starts_with("running("))
        text += value < 0 ? "!" + name : name;
      else if (of.is == type::kind::boolean)
        text += value == 0 ? "!" + name : name;
      else
        text += name + "=" + of.show(value);
    }
    return text.empty() ? "always" : text;
  }

  const protocol& p_;
  std::vector<int> row_, segment_;
  std::vector<place_of_value> reads_;
  std::map<place_of_value, std::pair<std::string, type>> names_;
  std::set<int> listed_, seen_, doubtful_;
  lint_report report_;
};

}  // namespace

lint_report lint(const protocol& p) { return analysis(p).run(); }

}  // namespace tcpmc::language
