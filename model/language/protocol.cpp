#include "model/language/protocol.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace tcpmc::language {
namespace {

using kind = json_node::kind;

constexpr std::size_t most_states = 31;   // a label keeps one bit a state in an int
constexpr std::size_t most_signals = 31;  // likewise
constexpr std::size_t most_slots = 250;
constexpr std::size_t most_flags = 30;
constexpr std::size_t most_fields = 30;
constexpr std::size_t most_declared = 500;  // of every other kind
constexpr std::size_t deepest_procedures = 32;
constexpr int most_actions = 1000;  // of one rule, its procedures put in
constexpr int largest_value = 1'000'000;

std::vector<std::string> names_of(const std::vector<named_node>& nodes) {
  std::vector<std::string> names;
  names.reserve(nodes.size());
  for (const named_node& n : nodes) names.push_back(n.name);
  return names;
}

std::shared_ptr<const std::vector<std::string>> shared(std::vector<std::string> names) {
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

int index_of(const std::vector<std::string>& names, const std::string& name) {
  const auto i = std::find(names.begin(), names.end(), name);
  return i == names.end() ? -1 : static_cast<int>(i - names.begin());
}

class compiler {
 public:
  compiler(const protocol_source& from, const compile_options& options, diagnostics& errors)
      : from_(from), options_(options), errors_(errors) {}

  std::optional<protocol> run() {
    const std::size_t before = errors_.size();
    p_.name = from_.name;
    p_.cite = from_.cite;
    p_.says = from_.says;
    p_.chain = from_.chain;
    p_.modulus = options_.modulus;
    p_.wraps = options_.wraps;
    p_.words.modulus = options_.modulus;
    p_.words.constants["side"] = {type::integer(0, 1), options_.side};
    if (options_.modulus < 8 || options_.modulus > largest_value)
      errors_.add(from_.at,
                  fmt::format("the sequence modulus {} is not in 8..{}", options_.modulus, largest_value));
    limits();
    if (errors_.size() != before) return std::nullopt;  // the rest relies on these
    parameters();
    declarations();
    definitions();
    requirements();
    identity();
    rules();
    if (errors_.size() == before && !from_.mutant) unused();  // what could not be read may be what uses it
    if (!errors_.empty()) return std::nullopt;
    return std::move(p_);
  }

 private:
  void limits() {
    if (from_.states.empty())
      errors_.add(from_.at, "a protocol needs states: \"endpoint\": {\"states\": [...]}");
    limit(from_.states, most_states, "states");
    limit(from_.signals, most_signals, "signals");
    limit(from_.flags, most_flags, "flags");
    limit(from_.fields, most_fields, "fields");
    limit(from_.parameters, most_declared, "parameters");
    limit(from_.groups, most_declared, "groups");
    limit(from_.variables, most_slots, "variables");
    limit(from_.timers, most_slots, "timers");
    limit(from_.definitions, most_declared, "definitions");
    limit(from_.procedures, most_declared, "procedures");
    limit(from_.requirements, most_declared, "requirements");
  }

  // --- parameters: declared types and defaults, then settings; a value may use other parameters ---

  void parameters() {
    std::vector<std::string> names = names_of(from_.parameters);
    std::map<std::string, json_node> values;
    for (const named_node& n : from_.parameters) {
      if (n.node.is != kind::object) {
        errors_.add(n.node.at, "a parameter is declared as {\"type\": ..., \"default\": ...}");
        p_.words.broken.insert(n.name);
        continue;
      }
      refuse_unknown_keys(n.node, {"type", "default", "says", "cite"}, errors_);
      const json_node* value = n.node.find("default");
      if (value == nullptr) {
        errors_.add(n.at, fmt::format("the parameter '{}' has no \"default\"", n.name));
        p_.words.broken.insert(n.name);
      } else {
        values[n.name] = *value;
      }
    }
    std::vector<setting> all;
    for (const named_node& s : from_.settings) all.push_back({s.name, s.at, s.node});
    all.insert(all.end(), options_.settings.begin(), options_.settings.end());
    for (const setting& s : all) {
      if (index_of(names, s.name) < 0)
        errors_.add(s.at, fmt::format("there is no parameter '{}'", s.name), suggestion(s.name, names));
      else if (values.count(s.name))
        values[s.name] = s.value;
    }
    for (const named_node& n : from_.parameters) {
      std::set<std::string> open;
      evaluate_parameter(n.name, values, open);
    }
    for (const named_node& n : from_.parameters) {  // in declared order, for people
      const auto c = p_.words.constants.find(n.name);
      if (c == p_.words.constants.end()) continue;
      const json_node* says = n.node.find("says");
      p_.parameters.push_back({n.name, c->second.first, c->second.second,
                               says != nullptr && says->is == kind::string ? says->string : ""});
    }
  }

  bool evaluate_parameter(const std::string& name, const std::map<std::string, json_node>& values,
                          std::set<std::string>& open) {
    if (p_.words.constants.count(name)) return true;
    if (p_.words.broken.count(name)) return false;
    const auto declared = std::find_if(from_.parameters.begin(), from_.parameters.end(),
                                       [&](const named_node& n) { return n.name == name; });
    const auto value = values.find(name);
    if (value == values.end()) return false;
    if (!open.insert(name).second) {
      errors_.add(value->second.at, fmt::format("the value of '{}' depends on itself", name));
      p_.words.broken.insert(name);
      return false;
    }
    const auto done = [&](bool ok) {
      open.erase(name);
      if (!ok) p_.words.broken.insert(name);
      return ok;
    };
    const json_node* type_node = declared->node.find("type");
    if (type_node == nullptr) {
      errors_.add(declared->at, fmt::format("the parameter '{}' has no \"type\"", name));
      return done(false);
    }
    const auto of = read_type(*type_node, p_.words, errors_);
    if (!of) return done(false);
    const auto e = parse_expression(value->second, errors_);
    if (!e || !prepare(*e, values, open)) return done(false);
    const std::size_t before = errors_.size();
    const auto bound = binder(p_.words, errors_).bind(*e, *of);
    if (!bound || errors_.size() != before) return done(false);
    if (bound->is != operation::constant) {
      errors_.add(e->at, "a parameter has to be a constant");
      return done(false);
    }
    if (of->is == type::kind::integer && (bound->value < of->low || bound->value > of->high)) {
      errors_.add(e->at,
                  fmt::format("{} = {} is out of its range {}..{}", name, bound->value, of->low, of->high));
      return done(false);
    }
    p_.words.constants[name] = {*of, bound->value};
    return done(true);
  }

  // Evaluates the parameters that an expression uses.
  bool prepare(const expression& e, const std::map<std::string, json_node>& values,
               std::set<std::string>& open) {
    bool ok = true;
    if (e.is == syntax::name && values.count(e.name)) ok = evaluate_parameter(e.name, values, open);
    for (const expression& a : e.args) ok = prepare(a, values, open) && ok;
    return ok;
  }

  // --- declarations ---

  void declarations() {
    for (const auto* list : {&from_.states, &from_.flags, &from_.signals, &from_.fields, &from_.variables,
                             &from_.timers, &from_.groups, &from_.parameters})
      for (const named_node& n : *list) check_name(n);
    p_.states = shared(names_of(from_.states));
    p_.signals = shared(names_of(from_.signals));
    p_.timers_names = shared(names_of(from_.timers));
    p_.flags = names_of(from_.flags);
    std::vector<std::string> calls;
    for (const rule_list& l : from_.lists)
      if (l.is == rule_list::kind::call) calls.push_back(l.name);
    p_.calls = shared(calls);
    vocabulary& words = p_.words;
    words.states = p_.states;
    words.signals = p_.signals;
    words.timers = p_.timers_names;
    words.calls = p_.calls;

    int slot = state_slot;
    words.variables["state"] = {type::word(p_.states), row::self, slot++, 0};
    for (const named_node& n : from_.variables) {
      if (taken(n)) continue;
      auto v = read_variable(n.name, n.node, words, errors_);
      if (!v) {
        words.broken.insert(n.name);
        continue;
      }
      v->slot = slot;
      slot += std::max(1, v->length);
      words.variables[v->name] = {v->of, row::self, v->slot, v->length};
      p_.variables.push_back(std::move(*v));
    }
    for (const named_node& n : from_.timers) words.timer_slots[n.name] = slot++;
    if (slot > static_cast<int>(most_slots)) errors_.add(from_.at, "too many variables");

    int segment_slot = 0;
    for (const std::string& f : p_.flags)
      segment_words_["seg." + f] = {type::boolean(), row::segment, segment_slot++, 0};
    for (const named_node& n : from_.fields) {
      if (is_ghost(n, {"incarnation", "peer_incarnation", "isn", "answer", "forged"})) continue;
      if (segment_words_.count("seg." + n.name)) {
        errors_.add(n.at, fmt::format("the name '{}' is taken already by a flag", n.name));
        continue;
      }
      const auto of = read_field(n, words);
      if (!of) {
        words.broken.insert("seg." + n.name);
        continue;
      }
      p_.fields.emplace_back(n.name, *of);
      segment_words_["seg." + n.name] = {*of, row::segment, segment_slot++, 0};
    }
    for (const named_node& n : from_.groups) {
      std::vector<std::string> members;
      if (n.node.is != kind::array) {
        errors_.add(n.node.at, "a group is an array of states");
        continue;
      }
      for (const json_node& item : n.node.items)
        if (check_state(item)) members.push_back(item.string);
      words.groups[n.name] = members;
      p_.groups.emplace_back(n.name, members);
    }
    // Ghost tags exist in every model, but no rule may read one: it would not be the same protocol
    // any more (semantics.md, "Ghost tags").
    for (const char* ghost : {"incarnation", "peer_incarnation", "attempts", "seg.incarnation",
                              "seg.peer_incarnation", "seg.isn", "seg.answer", "seg.forged"})
      words.forbidden[ghost] = "it is a ghost tag: only properties and traces may read it, never a rule";
    for (const auto& [name, v] : segment_words_) words.forbidden[name] = "no segment arrives here";
    for (const char* scoped : {"old", "peer"})
      for (const auto& [name, v] : std::map(words.variables))
        words.forbidden[fmt::format("{}.{}", scoped, name)] =
            "a rule sees its own endpoint and the segment that arrives, nothing else";
    timers();
  }

  // A field's type, alone or with a stamp: the field's value where a send does not name it.
  std::optional<type> read_field(const named_node& n, const vocabulary& words) {
    if (n.node.is != kind::object) return read_type(n.node, words, errors_);
    refuse_unknown_keys(n.node, {"type", "stamp", "says"}, errors_);
    text_of(n.node, "says", errors_);
    const json_node* of = n.node.find("type");
    if (of == nullptr) {
      errors_.add(n.node.at, fmt::format("the field '{}' has no \"type\"", n.name));
      return std::nullopt;
    }
    const auto result = read_type(*of, words, errors_);
    const json_node* stamp = n.node.find("stamp");
    if (const auto e = result && stamp != nullptr ? parse_expression(*stamp, errors_) : std::nullopt)
      pending_stamps_.emplace_back(p_.fields.size(), *e);
    return result;
  }

  void limit(const std::vector<named_node>& list, std::size_t most, const char* what) {
    if (list.size() > most) errors_.add(list[most].at, fmt::format("more than {} {}", most, what));
  }

  void check_name(const named_node& n) {
    const auto head = parse_signature(n.name, n.at, errors_);
    if (head && !head->parameters.empty()) errors_.add(n.at, "only definitions have parameters");
    for (const char* reserved : {"true", "false", "in", "if"})
      if (n.name == reserved)
        errors_.add(n.at, fmt::format("'{}' is a word of the language, not a name", n.name));
  }

  // Ghost tags have names of their own in properties and traces.
  bool is_ghost(const named_node& n, const std::vector<std::string>& ghosts) {
    const bool clash = index_of(ghosts, n.name) >= 0;
    if (clash) errors_.add(n.at, fmt::format("the name '{}' is taken already: it is a ghost tag", n.name));
    return clash;
  }

  bool taken(const named_node& n) {
    if (is_ghost(n, {"incarnation", "peer_incarnation", "attempts"})) return true;
    const bool clash =
        n.name == "state" || p_.words.constants.count(n.name) || p_.words.variables.count(n.name);
    if (clash)
      errors_.add(n.at, fmt::format("the name '{}' is taken already", n.name),
                  "variables and parameters share one set of names, and 'state' is built in");
    return clash;
  }

  bool check_state(const json_node& node) {
    if (node.is == kind::string && index_of(*p_.states, node.string) >= 0) return true;
    if (node.is == kind::string)
      errors_.add(node.at, fmt::format("unknown state '{}'", node.string),
                  suggestion(node.string, *p_.states));
    else
      errors_.add(node.at, fmt::format("the name of a state is expected here, not {}", node.kind_name()));
    return false;
  }

  void timers() {
    for (const named_node& n : from_.timers) {
      timer t;
      t.name = n.name;
      if (n.node.is != kind::object) {
        errors_.add(n.node.at,
                    "a timer is declared as {\"ticks\": ..., \"lazy\": \"counts\" or \"any moment\"}");
        continue;
      }
      refuse_unknown_keys(n.node, {"ticks", "lazy", "cite", "says"}, errors_);
      t.cite = text_of(n.node, "cite", errors_);
      const std::string lazy = text_of(n.node, "lazy", errors_);
      if (!lazy.empty() && lazy != "counts" && lazy != "any moment")
        errors_.add(n.node.find("lazy")->at, fmt::format("\"lazy\" cannot be '{}'", lazy),
                    "\"counts\" (its ticks), or \"any moment\"");
      t.any_moment = lazy == "any moment";
      const json_node* ticks = n.node.find("ticks");
      if (ticks == nullptr) {
        errors_.add(n.at, fmt::format("the timer '{}' has no \"ticks\"", n.name));
        continue;
      }
      if (const auto e = parse_expression(*ticks, errors_)) {
        pending_timers_.emplace_back(p_.timers.size(), *e);
        p_.timers.push_back(std::move(t));
      }
    }
  }

  void definitions() {
    for (const named_node& n : from_.definitions) {
      const auto head = parse_signature(n.name, n.at, errors_);
      const auto body = parse_expression(n.node, errors_);
      if (!head || !body) {
        p_.words.broken.insert(head ? head->name : n.name.substr(0, n.name.find('(')));
        continue;
      }
      if (p_.words.variables.count(head->name) || p_.words.constants.count(head->name)) {
        errors_.add(n.at,
                    fmt::format("the name '{}' is taken already by a variable or parameter", head->name));
        continue;
      }
      p_.words.definitions[head->name] = {*head, *body, n.at};
    }
    for (const auto& [index, e] : pending_timers_)
      if (auto ticks = binder(p_.words, errors_).bind(e, type::integer()))
        p_.timers[index].ticks = std::move(*ticks);
    for (const auto& [index, e] : pending_stamps_)
      if (auto value = binder(p_.words, errors_).bind(e, p_.fields[index].second))
        stamps_[index] = std::move(*value);
    // A definition without parameters is checked even where nothing uses it.
    vocabulary everything = p_.words;
    everything.variables.insert(segment_words_.begin(), segment_words_.end());
    for (const auto& [name, d] : everything.definitions)
      if (d.head.parameters.empty()) binder(everything, errors_).bind(d.body);
  }

  void requirements() {
    for (const named_node& n : from_.requirements) {
      if (n.node.is != kind::object) {
        errors_.add(n.node.at, "a requirement is {\"that\": expression, \"says\": text}");
        continue;
      }
      refuse_unknown_keys(n.node, {"that", "says"}, errors_);
      const json_node* that = n.node.find("that");
      const std::string says = text_of(n.node, "says", errors_, true);
      if (that == nullptr) errors_.add(n.node.at, "\"that\" is missing here");
      const auto e = that != nullptr ? parse_expression(*that, errors_) : std::nullopt;
      if (!e) continue;
      const auto bound = binder(p_.words, errors_).bind(*e, type::boolean());
      if (bound && bound->is != operation::constant)
        errors_.add(that->at, "a requirement is about parameters: it has to be a constant");
      else if (bound && bound->value != 1) {
        diagnostic unfit(that->at, fmt::format("the parameters do not fit together: {}", says),
                         "needed: " + that->string);
        unfit.unfit = true;
        errors_.add(unfit);
      }
    }
  }

  void identity() {
    const json_node& node = from_.identity;
    if (node.is != kind::object) {
      errors_.add(
          from_.at,
          "\"identity\" is missing: {\"own\": ..., \"peer\": ..., \"established\": [...], \"answer\": ...}",
          "it tells one connection attempt from another: the variables for the own and the peer's initial "
          "sequence number, the states of a completed opening, the flag of a reset");
      return;
    }
    refuse_unknown_keys(node, {"own", "peer", "established", "answer"}, errors_);
    const auto slot = [&](const char* key) {
      const std::string name = text_of(node, key, errors_, true);
      const auto v = p_.words.variables.find(name);
      if (name.empty()) return -1;
      if (v == p_.words.variables.end() || v->second.of.is != type::kind::sequence || v->second.length > 0) {
        errors_.add(node.find(key)->at,
                    fmt::format("'{}' is not a variable that holds a sequence number", name));
        return -1;
      }
      return v->second.slot;
    };
    p_.identity.own = slot("own");
    p_.identity.peer = slot("peer");
    if (const json_node* list = node.find("established"); list && list->is == kind::array) {
      for (const json_node& item : list->items)
        if (check_state(item)) p_.identity.established |= state_bit(item.string);
    } else {
      errors_.add(node.at, "\"established\" has to be an array of states");
    }
    if (const std::string flag = text_of(node, "answer", errors_); !flag.empty()) {
      p_.identity.answer_flag = index_of(p_.flags, flag);
      if (p_.identity.answer_flag < 0)
        errors_.add(node.find("answer")->at, fmt::format("there is no flag '{}'", flag),
                    suggestion(flag, p_.flags));
    }
  }

  // --- rules ---

  void rules() {
    for (const rule_list& l : from_.lists)
      if (l.is == rule_list::kind::stage) stage_names_.push_back(l.name);
    p_.call_rules.resize(p_.calls->size());
    p_.time_out_rules.resize(p_.timers_names->size());
    arrival_words_ = p_.words;
    arrival_words_.variables.insert(segment_words_.begin(), segment_words_.end());
    std::set<std::string> timed;
    int stage_index = 0;
    for (const rule_list& l : from_.lists) {
      std::vector<int> indices;
      stage_ = l.is == rule_list::kind::stage ? stage_index++ : -1;
      list_ = &l;
      for (const rule_source& r : l.rules) {
        const int index = static_cast<int>(p_.rules.size());
        if (auto compiled = compile_rule(r)) {
          p_.rules.push_back(std::move(*compiled));
          indices.push_back(index);
        }
      }
      if (!from_.mutant) shadowing(indices);
      switch (l.is) {
        case rule_list::kind::call:
          p_.call_rules[static_cast<std::size_t>(index_of(*p_.calls, l.name))] = indices;
          break;
        case rule_list::kind::stage:
          if (std::count(stage_names_.begin(), stage_names_.end(), l.name) > 1)
            errors_.add(l.at, fmt::format("two stages are called '{}'", l.name));
          p_.stages.push_back({l.name, l.cite, indices});
          break;
        case rule_list::kind::time_out: {
          const int t = index_of(*p_.timers_names, l.name);
          if (t < 0)
            errors_.add(l.at, fmt::format("there is no timer '{}'", l.name),
                        suggestion(l.name, *p_.timers_names));
          else
            p_.time_out_rules[static_cast<std::size_t>(t)] = indices;
          timed.insert(l.name);
          break;
        }
        case rule_list::kind::output:
          p_.output_rules = indices;
          break;
      }
    }
    for (const auto& [name, d] : arrival_words_.definitions)
      if (d.used) p_.words.definitions.at(name).used = true;
    for (const named_node& n : from_.timers)
      if (!timed.count(n.name))
        errors_.add(n.at, fmt::format("nothing says what happens when the timer '{}' expires", n.name),
                    fmt::format("add it under \"time-outs\": {{\"{}\": [rules]}}", n.name));
    if (p_.stages.empty()) errors_.add(from_.at, "there is no stage under \"segment arrives\"");
  }

  // The bit of a state in a mask; 0 for a name that is no state.
  std::uint64_t state_bit(const std::string& name) const {
    const int index = index_of(*p_.states, name);
    return index < 0 ? 0 : std::uint64_t{1} << static_cast<unsigned>(index);
  }

  std::uint64_t states_of(const json_node* in) {
    if (in == nullptr) return (std::uint64_t{1} << p_.states->size()) - 1;
    std::uint64_t mask = 0;
    const auto one = [&](const json_node& node) {
      if (node.is == kind::string && p_.words.groups.count(node.string)) {
        for (const std::string& s : p_.words.groups.at(node.string)) mask |= state_bit(s);
      } else if (node.is == kind::string && index_of(*p_.states, node.string) < 0) {
        std::vector<std::string> known = *p_.states;
        for (const auto& [name, members] : p_.groups) known.push_back(name);
        errors_.add(node.at, fmt::format("unknown state or group '{}'", node.string),
                    suggestion(node.string, known));
      } else if (check_state(node)) {
        mask |= state_bit(node.string);
      }
    };
    if (in->is == kind::array)
      for (const json_node& item : in->items) one(item);
    else
      one(*in);
    return mask;
  }

  std::optional<rule> compile_rule(const rule_source& source) {
    const json_node& node = source.node;
    rule r;
    r.id = source.id;
    r.from = source.from;
    r.at = node.at;
    r.cite = text_of(node, "cite", errors_);
    if (r.cite.empty()) r.cite = source.cite;
    if (r.cite.empty()) r.cite = list_->cite;
    if (r.cite.empty())
      errors_.add(node.at, fmt::format("the rule '{}' has no citation", r.id),
                  "add \"cite\": \"RFC 9293 3.10...\", or where the rule comes from in your own design");
    r.says = text_of(node, "says", errors_);
    const json_node* in = node.find("in");
    r.states = states_of(in);
    if (in != nullptr && in->is == kind::string) r.in_text = in->string;
    if (in != nullptr && in->is == kind::array)
      for (const json_node& item : in->items) r.in_text += (r.in_text.empty() ? "" : ", ") + item.string;
    const vocabulary& words = stage_ >= 0 ? arrival_words_ : p_.words;
    if (const json_node* when = node.find("when")) {
      if (when->is == kind::string) r.when_text = when->string;
      if (when->is == kind::boolean && !when->boolean) r.when_text = "false";  // true is no condition
      if (const auto e = parse_expression(*when, errors_))
        r.when = binder(words, errors_).bind(*e, type::boolean());
    }
    const json_node* body = node.find("do");
    if (body == nullptr || body->is != kind::array) {
      errors_.add(node.at, fmt::format("the rule '{}' needs \"do\": an array of actions", r.id));
      return std::nullopt;
    }
    actions_ = 0;
    for (const json_node& item : body->items) {
      if (item.is == kind::string) r.do_text.push_back(item.string);
      compile_action(item, words, r);
    }
    return r;
  }

  void compile_action(const json_node& node, const vocabulary& words, rule& into) {
    if (++actions_ > most_actions) {
      errors_.add(into.at, fmt::format("the rule '{}' has more than {} actions", into.id, most_actions),
                  "procedures that use procedures more than once grow fast");
      return;
    }
    const auto a = parse_action(node, errors_);
    if (!a) return;
    instruction result;
    result.is = a->is;
    result.at = a->at;
    if (!a->only_if.empty()) {
      result.only_if = binder(words, errors_).bind(a->only_if[0], type::boolean());
      if (a->is == verb::perform || a->is == verb::refuse)
        errors_.add(a->at, "'do' and 'refuse' cannot be conditional",
                    "make two rules, each with its \"when\"");
    }
    const auto named = [&](const std::vector<std::string>& list, const char* what) {
      result.target = index_of(list, a->name);
      if (result.target < 0)
        errors_.add(a->name_at, fmt::format("there is no {} '{}'", what, a->name), suggestion(a->name, list));
    };
    switch (a->is) {
      case verb::assign:
      case verb::choose:
        if (!compile_assignment(*a, words, result)) return;
        break;
      case verb::go_to:
        named(*p_.states, "state");
        break;
      case verb::signal:
        named(*p_.signals, "signal");
        break;
      case verb::start:
      case verb::stop:
        named(*p_.timers_names, "timer");
        break;
      case verb::continue_at:
        named(stage_names_, "stage");
        if (stage_ < 0)
          errors_.add(a->at, "'continue at' belongs to rules under \"segment arrives\"");
        else if (result.target >= 0 && result.target <= stage_)
          errors_.add(a->name_at, fmt::format("the stage '{}' is not after this one", a->name),
                      "processing only goes forward, so that it ends");
        break;
      case verb::send:
        result.segment = bind_segment(*a, p_, words, errors_);
        for (const auto& [index, value] : stamps_) {
          const std::string& name = p_.fields[index].first;
          if (std::none_of(a->fields.begin(), a->fields.end(),
                           [&](const action::field& f) { return f.name == name; }))
            result.segment[p_.flags.size() + index] = value;
        }
        break;
      case verb::perform:
        perform(*a, words, into);
        return;
      case verb::refuse:
        if (list_->is != rule_list::kind::call)
          errors_.add(a->at, "'refuse' belongs to user calls: the call returns an error and is no step");
        into.refuses = true;
        return;
      case verb::drop:
        if (stage_ < 0) errors_.add(a->at, "'drop' belongs to rules under \"segment arrives\"");
        break;
      case verb::clear:
      case verb::crash:
        break;
    }
    into.body.push_back(std::move(result));
  }

  bool compile_assignment(const action& a, const vocabulary& words, instruction& result) {
    if (words.broken.count(a.name)) return false;
    const auto v = p_.words.variables.find(a.name);
    if (v == p_.words.variables.end() || a.name == "state") {
      std::vector<std::string> names;
      for (const variable& known : p_.variables) names.push_back(known.name);
      if (a.name == "state")
        errors_.add(a.at, "the state is changed by 'goto STATE'");
      else if (words.forbidden.count(a.name))
        errors_.add(a.at, fmt::format("'{}' cannot be changed by a rule", a.name),
                    words.forbidden.at(a.name));
      else if (words.constants.count(a.name))
        errors_.add(a.at, fmt::format("'{}' is a parameter: it is the same in all states", a.name));
      else
        errors_.add(a.at, fmt::format("there is no variable '{}'", a.name), suggestion(a.name, names));
      return false;
    }
    if (a.indexed != (v->second.length > 0)) {
      errors_.add(a.at, a.indexed ? fmt::format("'{}' is not an array", a.name)
                                  : fmt::format("'{}' is an array", a.name));
      return false;
    }
    result.target = v->second.slot;
    result.length = v->second.length;
    result.of = v->second.of;
    result.name = a.name;
    binder b(words, errors_);
    for (std::size_t i = 0; i < a.args.size(); ++i) {
      const bool index = a.is == verb::assign && i == 1;
      auto value = b.bind(a.args[i], index ? type::integer() : v->second.of);
      if (!value) return false;
      result.args.push_back(std::move(*value));
    }
    return true;
  }

  void perform(const action& a, const vocabulary& words, rule& into) {
    const auto found = std::find_if(from_.procedures.begin(), from_.procedures.end(),
                                    [&](const named_node& n) { return n.name == a.name; });
    if (found == from_.procedures.end()) {
      errors_.add(a.name_at, fmt::format("there is no procedure '{}'", a.name),
                  suggestion(a.name, names_of(from_.procedures)));
      return;
    }
    performed_.insert(a.name);
    if (index_of(performing_, a.name) >= 0) {
      errors_.add(found->at, fmt::format("the procedure '{}' uses itself", a.name));
      return;
    }
    if (performing_.size() == deepest_procedures) {
      errors_.add(found->at, fmt::format("procedures are nested deeper than {} levels", deepest_procedures));
      return;
    }
    if (found->node.is != kind::array) {
      errors_.add(found->node.at, "a procedure is an array of actions");
      return;
    }
    performing_.push_back(a.name);
    for (const json_node& item : found->node.items) {
      if (actions_ > most_actions) break;
      compile_action(item, words, into);
    }
    performing_.pop_back();
  }

  // A rule can never fire if earlier rules of its list already take all its states without a condition,
  // or under the same condition.
  void shadowing(const std::vector<int>& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const rule& late = p_.rules[static_cast<std::size_t>(list[i])];
      if (late.states == 0) continue;
      std::uint64_t left = late.states;
      const rule* taker = nullptr;
      for (std::size_t j = 0; j < i && left != 0; ++j) {
        const rule& early = p_.rules[static_cast<std::size_t>(list[j])];
        const bool always = early.when_text.empty();
        if (!always && early.when_text != late.when_text) continue;
        if ((left & early.states) != 0) taker = &early;
        left &= ~early.states;
      }
      if (left == 0)
        errors_.add(late.at,
                    fmt::format("the rule '{}' can never fire: '{}' comes first", late.id, taker->id),
                    "put it before that rule, or replace or remove one of the two");
    }
  }

  void unused() {
    for (const named_node& n : from_.procedures)
      if (n.from_variant && !performed_.count(n.name))
        errors_.add(n.at, fmt::format("the procedure '{}' is declared here but never used", n.name));
    for (const named_node& n : from_.definitions) {
      const std::string name = n.name.substr(0, n.name.find('('));
      const auto d = p_.words.definitions.find(name);
      if (n.from_variant && d != p_.words.definitions.end() && !d->second.used)
        errors_.add(n.at, fmt::format("the definition '{}' is declared here but never used", name));
    }
  }

  const protocol_source& from_;
  const compile_options& options_;
  diagnostics& errors_;
  protocol p_;
  std::map<std::string, vocabulary::variable> segment_words_;
  vocabulary arrival_words_;  // what rules for arriving segments may read
  std::vector<std::pair<std::size_t, expression>> pending_timers_, pending_stamps_;
  std::map<std::size_t, code> stamps_;  // by field
  std::set<std::string> performed_;
  std::vector<std::string> stage_names_;
  std::vector<std::string> performing_;  // the procedures that are being put in
  int actions_ = 0;                      // of the rule, so far
  const rule_list* list_ = nullptr;
  int stage_ = -1;
};

}  // namespace

int protocol::own_slots() const {
  int slots = 1;
  for (const variable& v : variables) slots += std::max(1, v.length);
  return slots + static_cast<int>(timers.size());
}

std::optional<protocol> compile(const protocol_source& from, const compile_options& options,
                                diagnostics& errors) {
  return compiler(from, options, errors).run();
}

std::optional<type> read_type(const json_node& node, const vocabulary& words, diagnostics& errors) {
  const auto fail = [&](const std::string& message) -> std::optional<type> {
    errors.add(node.at, message, "\"bool\", \"sequence\", \"0..2\", \"0..octets\", or an array of words");
    return std::nullopt;
  };
  if (node.is == kind::array) {
    std::vector<std::string> names;
    if (node.items.size() > most_declared) return fail(fmt::format("more than {} words", most_declared));
    for (const json_node& item : node.items) {
      if (item.is != kind::string || item.string.empty()) return fail("a type's words have to be strings");
      if (index_of(names, item.string) >= 0)
        return fail(fmt::format("the word '{}' stands twice", item.string));
      names.push_back(item.string);
    }
    if (names.empty()) return fail("a type needs at least one word");
    return type::word(shared(std::move(names)));
  }
  if (node.is != kind::string) return fail(fmt::format("a type is expected here, not {}", node.kind_name()));
  if (node.string == "bool") return type::boolean();
  if (node.string == "sequence") return type::sequence();
  const std::size_t dots = node.string.find("..");
  if (dots == std::string::npos) return fail(fmt::format("'{}' is not a type", node.string));
  const auto bound = [&](std::size_t begin, std::size_t end) -> std::optional<int> {
    json_node part = node;
    part.string = node.string.substr(begin, end - begin);
    const auto e = parse_expression(part, errors);
    if (!e) return std::nullopt;
    const auto c = binder(words, errors).bind(*e, type::integer());
    if (!c) return std::nullopt;
    if (c->is != operation::constant) {
      errors.add(node.at, "the bounds of a type have to be constants");
      return std::nullopt;
    }
    return c->value;
  };
  const auto low = bound(0, dots), high = bound(dots + 2, node.string.size());
  if (!low || !high) return std::nullopt;
  if (*low > *high) return fail(fmt::format("the range {}..{} is empty", *low, *high));
  if (*low < -largest_value || *high > largest_value) return fail("the range is too large");
  return type::integer(*low, *high);
}

std::optional<variable> read_variable(const std::string& name, const json_node& node, const vocabulary& words,
                                      diagnostics& errors) {
  variable v;
  v.name = name;
  const json_node* type_node = &node;
  if (node.is == kind::object) {
    refuse_unknown_keys(node, {"type", "life", "initial", "length", "says", "cite"}, errors);
    type_node = node.find("type");
    if (type_node == nullptr) {
      errors.add(node.at, fmt::format("the variable '{}' has no \"type\"", name));
      return std::nullopt;
    }
    const std::string life = text_of(node, "life", errors);
    if (life == "endpoint")
      v.lives = lifetime::endpoint;
    else if (life == "stable")
      v.lives = lifetime::stable;
    else if (!life.empty() && life != "tcb")
      errors.add(
          node.find("life")->at, fmt::format("unknown lifetime '{}'", life),
          "\"tcb\" (until clear), \"endpoint\" (outlives the TCB), or \"stable\" (outlives a crash as well)");
  }
  const auto of = read_type(*type_node, words, errors);
  if (!of) return std::nullopt;
  v.of = *of;
  v.initial = of->is == type::kind::integer ? std::clamp(0, of->low, of->high) : 0;
  if (node.is != kind::object) return v;
  const auto constant = [&](const char* key, const type& wanted, int& into) {
    const json_node* value = node.find(key);
    if (value == nullptr) return true;
    const auto e = parse_expression(*value, errors);
    if (!e) return false;
    const auto c = binder(words, errors).bind(*e, wanted);
    if (!c) return false;
    if (c->is != operation::constant) {
      errors.add(value->at, fmt::format("\"{}\" has to be a constant", key));
      return false;
    }
    into = c->value;
    return true;
  };
  const bool initial = constant("initial", v.of, v.initial);
  const bool length = constant("length", type::integer(1, 16), v.length);
  if (!initial || !length) return std::nullopt;
  return v;
}

std::vector<code> bind_segment(const action& a, const protocol& p, const vocabulary& words,
                               diagnostics& errors) {
  std::vector<code> result(p.flags.size() + p.fields.size());
  for (const action::flag& flag : a.flags) {
    const auto i = std::find(p.flags.begin(), p.flags.end(), flag.name);
    if (i == p.flags.end()) {
      errors.add(flag.at, fmt::format("there is no flag '{}'", flag.name), suggestion(flag.name, p.flags));
      continue;
    }
    code& value = result[static_cast<std::size_t>(i - p.flags.begin())];
    if (value.value != 0) errors.add(flag.at, fmt::format("the flag '{}' stands twice", flag.name));
    value.value = 1;
  }
  std::vector<std::string> names;
  for (const auto& [name, of] : p.fields) names.push_back(name);
  std::set<std::string> given;
  for (const action::field& f : a.fields) {
    if (words.broken.count("seg." + f.name)) continue;
    const auto field = std::find(names.begin(), names.end(), f.name);
    if (field == names.end()) {
      errors.add(f.at, fmt::format("a segment has no field '{}'", f.name), suggestion(f.name, names));
      continue;
    }
    if (!given.insert(f.name).second) errors.add(f.at, fmt::format("the field '{}' stands twice", f.name));
    const auto i = static_cast<std::size_t>(field - names.begin());
    auto value = binder(words, errors).bind(f.value, p.fields[i].second);
    if (value) result[p.flags.size() + i] = std::move(*value);
  }
  return result;
}

}  // namespace tcpmc::language
