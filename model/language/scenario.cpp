#include "model/language/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tcpmc::language {
namespace {

using kind = json_node::kind;

constexpr int most_times = 100;
constexpr std::size_t most_forgeries = 1000;
constexpr int most_ports = 16;
constexpr std::size_t most_demand_calls = 16;

class scenario_reader {
 public:
  scenario_reader(const document& file, const std::array<const protocol*, 2>& protocols, diagnostics& errors)
      : root_(file.root), protocols_(protocols), errors_(errors) {
    result_.name = file.name;
  }

  scenario read() {
    result_.says = text_of(root_, "says", errors_);
    for (std::size_t s = 0; s < 2; ++s) side(s);
    ports();
    if (const json_node* node = root_.find("incarnations")) incarnations(*node);
    if (const json_node* node = root_.find("network")) network(*node);
    time();
    attacked();
    final();
    combinations();
    return std::move(result_);
  }

 private:
  void side(std::size_t s) {
    const json_node* node = root_.find(s == 0 ? "A" : "B");
    const protocol& p = *protocols_[s];
    side_of_scenario& into = result_.sides[s];
    if (node == nullptr) {
      errors_.add(root_.at, fmt::format("the endpoint \"{}\" is missing", s == 0 ? "A" : "B"));
      return;
    }
    if (node->is != kind::object) {
      errors_.add(node->at, fmt::format("an endpoint is an object, not {}", node->kind_name()));
      return;
    }
    refuse_unknown_keys(*node, {"start", "application", "set"}, errors_);
    if (const json_node* start = node->find("start")) {
      into.start = word(*start, *p.states, "state");
    }
    const json_node* application = node->find("application");
    if (application == nullptr) return;
    if (application->is != kind::array) {
      errors_.add(application->at,
                  "an application is an array of {\"call\": ..., \"when\": ..., \"times\": ...}");
      return;
    }
    for (const json_node& item : application->items)
      if (auto i = read_intention(item, p, {"call", "when", "times", "prompt", "says"}))
        into.application.push_back(std::move(*i));
  }

  std::optional<intention> read_intention(const json_node& item, const protocol& p,
                                          const std::vector<std::string>& keys) {
    if (item.is != kind::object) {
      errors_.add(item.at, "an intention is an object: {\"call\": ..., \"when\": ..., \"times\": ...}");
      return std::nullopt;
    }
    refuse_unknown_keys(item, keys, errors_);
    intention i;
    i.at = item.at;
    const json_node* call = item.find("call");
    if (call == nullptr) {
      errors_.add(item.at, "\"call\" is missing here", fmt::format("one of: {}", fmt::join(*p.calls, ", ")));
      return std::nullopt;
    }
    i.call = word(*call, *p.calls, "user call");
    i.call_name = call->string;
    if (const json_node* when = item.find("when")) {
      i.when_text = when->string;
      if (const auto e = parse_expression(*when, errors_))
        i.when = binder(p.words, errors_).bind(*e, type::boolean());
    }
    if (const json_node* times = item.find("times")) {
      const budget b = read_budget(*times, most_times);
      i.unlimited = b.unlimited;
      i.times = b.count;
    }
    if (const json_node* prompt = item.find("prompt"); prompt != nullptr && prompt->is != kind::boolean)
      errors_.add(prompt->at, "\"prompt\" is true or false");
    else
      i.prompt = prompt != nullptr && prompt->boolean;
    return i;
  }

  void ports() {
    const json_node* node = root_.find("ports");
    if (node == nullptr) return;
    if (node->is != kind::object) {
      errors_.add(node->at,
                  "\"ports\" is an object: {\"number\", \"every\", \"demands\", \"demand\", "
                  "\"forget\"}");
      return;
    }
    refuse_unknown_keys(*node, {"number", "every", "demands", "demand", "forget", "says"}, errors_);
    port_pool& into = result_.ports;
    into.number = of_ports("number", *node, 1, most_ports);
    into.every = of_ports("every", *node, 1, 250);
    if (const json_node* demands = node->find("demands");
        demands != nullptr && !(demands->is == kind::string && demands->string == "unlimited"))
      into.demands = number(*demands, protocols_[0]->words, 1, 250);
    const json_node* demand = node->find("demand");
    if (demand == nullptr || demand->is != kind::array || demand->items.empty()) {
      errors_.add(demand != nullptr ? demand->at : node->at,
                  "\"demand\" is an array of {\"call\": ..., \"when\": ...}: what A does when it wants a "
                  "connection, the preferred one first");
    } else if (demand->items.size() > most_demand_calls) {
      errors_.add(demand->at, fmt::format("at most {} calls can serve a demand", most_demand_calls));
    } else {
      for (const json_node& item : demand->items) {
        auto i = read_intention(item, *protocols_[0], {"call", "when", "says"});
        if (!i) continue;
        i->unlimited = i->on_demand = true;
        into.demand.push_back(static_cast<int>(result_.sides[0].application.size()));
        result_.sides[0].application.push_back(std::move(*i));
      }
    }
    if (const json_node* names = node->find("forget")) forget(*names);
  }

  int of_ports(const char* key, const json_node& node, int low, int high) {
    const json_node* value = node.find(key);
    if (value != nullptr) return number(*value, protocols_[0]->words, low, high);
    errors_.add(node.at, fmt::format("\"{}\" is missing here", key));
    return low;
  }

  void forget(const json_node& names) {
    if (names.is != kind::array) {
      errors_.add(names.at, "\"forget\" is an array of names of variables");
      return;
    }
    for (const json_node& name : names.items) {
      std::vector<std::string> known;
      bool found = false;
      for (std::size_t s = 0; s < 2; ++s)
        for (const variable& v : protocols_[s]->variables) {
          if (v.lives == lifetime::tcb) continue;
          known.push_back(v.name);
          if (name.is != kind::string || name.string != v.name) continue;
          found = true;
          for (int i = 0; i < std::max(1, v.length); ++i) result_.ports.forget[s].push_back(v.slot + i);
        }
      if (!found)
        errors_.add(name.at, "this is not a variable that outlives the TCB",
                    name.is == kind::string ? suggestion(name.string, known) : "");
    }
  }

  int word(const json_node& node, const std::vector<std::string>& known, const char* what) {
    if (node.is != kind::string) {
      errors_.add(node.at, fmt::format("the name of a {} is expected here, not {}", what, node.kind_name()));
      return 0;
    }
    const auto i = std::find(known.begin(), known.end(), node.string);
    if (i == known.end()) {
      errors_.add(node.at, fmt::format("unknown {} '{}'", what, node.string), suggestion(node.string, known));
      return 0;
    }
    return static_cast<int>(i - known.begin());
  }

  int number(const json_node& node, const vocabulary& words, int low, int high) {
    const auto e = parse_expression(node, errors_);
    if (!e) return low;
    const auto c = binder(words, errors_).bind(*e, type::integer());
    if (!c) return low;
    if (c->is != operation::constant) {
      errors_.add(node.at, "a constant is expected here");
    } else if (c->value < low || c->value > high) {
      errors_.add(node.at, fmt::format("{} is out of range {}..{}", c->value, low, high));
    } else {
      return c->value;
    }
    return low;
  }

  void incarnations(const json_node& node) {
    if (node.is != kind::object) {
      for (side_of_scenario& s : result_.sides) s.incarnations = number(node, protocols_[0]->words, 0, 7);
      return;
    }
    refuse_unknown_keys(node, {"A", "B"}, errors_);
    for (std::size_t s = 0; s < 2; ++s)
      if (const json_node* n = node.find(s == 0 ? "A" : "B"))
        result_.sides[s].incarnations = number(*n, protocols_[s]->words, 0, 7);
  }

  budget read_budget(const json_node& node, int most = 15) {
    if (node.is == kind::string && node.string == "unlimited") return {true, 0};
    if (node.is == kind::string && !nearest(node.string, {"unlimited"}).empty()) {
      errors_.add(node.at, fmt::format("a budget cannot be '{}'", node.string),
                  suggestion(node.string, {"unlimited"}));
      return {};
    }
    return {false, number(node, protocols_[0]->words, 0, most)};
  }

  void network(const json_node& node) {
    language::network& n = result_.network;
    if (node.is != kind::object) {
      errors_.add(
          node.at,
          "a network is an object: {\"order\", \"loss\", \"duplication\", \"lifetime\", \"capacity\"}");
      return;
    }
    refuse_unknown_keys(node, {"order", "loss", "duplication", "lifetime", "capacity"}, errors_);
    if (const json_node* order = node.find("order"))
      n.order = word(*order, {"any", "fifo"}, "order") == 1 ? delivery_order::fifo : delivery_order::any;
    if (const json_node* loss = node.find("loss")) n.loss = read_budget(*loss);
    if (const json_node* duplication = node.find("duplication")) n.duplication = read_budget(*duplication);
    if (const json_node* lifetime = node.find("lifetime");
        lifetime != nullptr && !(lifetime->is == kind::string && lifetime->string == "unlimited"))
      n.lifetime = number(*lifetime, protocols_[0]->words, 1, 60);
    if (const json_node* capacity = node.find("capacity")) {
      n.capacity = number(*capacity, protocols_[0]->words, 1, 60);
      if (n.is_set())
        errors_.add(capacity->at, "the unlimited network has no capacity",
                    "with loss and duplication unlimited in any order, a channel is a set of segments");
    }
  }

  void time() {
    if (const json_node* node = root_.find("time"))
      result_.time = static_cast<time_mode>(word(*node, {"untimed", "lazy", "timed"}, "time mode"));
  }

  void attacked() {
    const json_node* node = root_.find("attacker");
    if (node == nullptr) return;
    if (node->is != kind::object) {
      errors_.add(node->at,
                  "an attacker is an object: {\"against\", \"when\", \"knows\", \"forges\", \"order\", "
                  "\"segments\"}");
      return;
    }
    refuse_unknown_keys(*node, {"against", "when", "knows", "forges", "order", "segments", "says"}, errors_);
    const json_node* against = node->find("against");
    const json_node* forges = node->find("forges");
    if (against == nullptr)
      errors_.add(node->at, "\"against\" is missing here", "the endpoint that gets the forgeries: A or B");
    if (forges == nullptr || forges->is != kind::array || forges->items.empty())
      errors_.add(forges != nullptr ? forges->at : node->at,
                  "an attacker needs a list \"forges\": [{\"segment\": ..., \"for\": {...}}, ...]");
    if (against == nullptr || forges == nullptr || forges->is != kind::array) return;
    const auto victim = static_cast<std::size_t>(word(*against, {"A", "B"}, "endpoint"));
    const protocol& p = *protocols_[victim];
    attacker a;
    if (const json_node* when = node->find("when")) {
      a.when_text = when->string;
      if (const auto e = parse_expression(*when, errors_))
        a.when = binder(p.words, errors_).bind(*e, type::boolean());
    }
    const vocabulary words = attackers_words(p, node->find("knows"), a);
    for (const json_node& item : forges->items) forgeries(item, p, words, a);
    if (const json_node* order = node->find("order"))
      a.listed = word(*order, {"any", "listed"}, "order of forgeries") == 1;
    const int all = static_cast<int>(a.forgeries.size());
    const json_node* segments = node->find("segments");
    const bool unlimited =
        segments != nullptr && segments->is == kind::string && segments->string == "unlimited";
    a.limited = a.listed || (segments != nullptr && !unlimited);
    a.segments = a.listed ? all : 0;
    if (a.listed && unlimited)
      errors_.add(segments->at, "a list that is gone through in its order has an end",
                  "\"order\": \"any\" forges any of them, any number of times");
    else if (segments != nullptr && !unlimited)
      a.segments = number(*segments, p.words, 0, a.listed ? all : static_cast<int>(most_forgeries));
    result_.sides[victim].attacker = std::move(a);
  }

  // What the values of a forged segment may be made from: parameters, and of the victim what the attacker
  // knows.
  vocabulary attackers_words(const protocol& p, const json_node* knows, attacker& a) {
    vocabulary words = p.words;
    words.constants.try_emplace("modulus", type::integer(), p.modulus);
    if (knows != nullptr && knows->is != kind::array)
      errors_.add(knows->at, "\"knows\" is an array of variables of the victim");
    else if (knows != nullptr)
      for (const json_node& item : knows->items) {
        std::vector<std::string> names = {"state"};
        for (const variable& v : p.variables) names.push_back(v.name);
        word(item, names, "variable");
        a.knows.push_back(item.string);
      }
    std::erase_if(words.variables, [&](const auto& v) {
      if (std::find(a.knows.begin(), a.knows.end(), v.first) != a.knows.end()) return false;
      words.forbidden[v.first] =
          "an off-path attacker does not see the variables of its victim; \"knows\" would name those that it "
          "does";
      return true;
    });
    words.timer_slots.clear();  // nor timers
    words.timers = std::make_shared<const std::vector<std::string>>();
    return words;
  }

  // One line of the list: a segment, or one for each value of the names under "for", the last one fastest.
  void forgeries(const json_node& item, const protocol& p, vocabulary words, attacker& a) {
    if (item.is != kind::object) {
      errors_.add(item.at, "a forgery is an object: {\"segment\": ..., \"for\": {name: range}}");
      return;
    }
    refuse_unknown_keys(item, {"segment", "for", "says"}, errors_);
    const json_node* text = item.find("segment");
    if (text == nullptr) {
      errors_.add(item.at, "\"segment\" is missing here", "e.g. \"RST seq=100\"");
      return;
    }
    const std::size_t before = errors_.size();
    const auto segment = parse_segment(*text, errors_);
    struct loop {
      const json_member* of;
      type range;
    };
    std::vector<loop> loops;
    std::string told = text->string;
    if (const json_node* over = item.find("for"); over != nullptr && over->is != kind::object) {
      errors_.add(over->at, "\"for\" is an object: {name: range}, e.g. {\"i\": \"0..7\"}");
    } else if (over != nullptr) {
      for (const json_member& m : over->members) {
        const auto head = parse_signature(m.key, m.at, errors_);
        if (head &&
            (!head->parameters.empty() || words.constants.count(m.key) || words.forbidden.count(m.key) ||
             words.variables.count(m.key) || words.definitions.count(m.key)))
          errors_.add(m.at, fmt::format("'{}' cannot be a name here: it means something already", m.key));
        const auto range = read_type(m.value, words, errors_);
        if (range && range->is != type::kind::integer)
          errors_.add(m.value.at, "a range of integers is expected here, e.g. \"0..7\"");
        if (errors_.size() != before) return;
        loops.push_back({&m, *range});
        told +=
            fmt::format("{} {} in {}..{}", loops.size() == 1 ? " for" : ",", m.key, range->low, range->high);
        words.constants[m.key] = {*range, range->low};
      }
    }
    if (!segment || errors_.size() != before) return;
    a.texts.push_back(std::move(told));
    for (;;) {
      if (a.forgeries.size() == most_forgeries) {
        errors_.add(item.at, fmt::format("more than {} forgeries", most_forgeries));
        return;
      }
      a.forgeries.push_back(bind_segment(*segment, p, words, errors_));
      if (errors_.size() != before) return;
      std::size_t last = loops.size();
      while (last > 0) {
        const loop& l = loops[--last];
        int& value = words.constants[l.of->key].second;
        if (value < l.range.high) {
          ++value;
          break;
        }
        value = l.range.low;
        if (last == 0) return;
      }
      if (loops.empty()) return;
    }
  }

  void final() {
    const json_node* node = root_.find("final");
    if (node == nullptr) return;
    result_.final_text = node->string;
    // A's names as they are, B's with "peer.": the same as in a property seen from A.
    vocabulary words = protocols_[0]->words;
    for (const auto& [name, v] : protocols_[1]->words.variables) {
      vocabulary::variable peer = v;
      peer.where = row::peer;
      words.variables["peer." + name] = peer;
      words.forbidden.erase("peer." + name);
    }
    if (const auto e = parse_expression(*node, errors_))
      result_.final = binder(words, errors_).bind(*e, type::boolean());
  }

  void combinations() {
    const language::network& n = result_.network;
    const auto at = [&](const char* key) {
      const json_node* node = root_.find("network");
      const json_node* part = node != nullptr ? node->find(key) : nullptr;
      return part != nullptr ? part->at : root_.at;
    };
    if (result_.time == time_mode::untimed && n.lifetime != 0)
      errors_.add(at("lifetime"), "a lifetime needs time: in the untimed mode nothing grows old",
                  "set \"time\" to \"lazy\" or \"timed\", or leave the lifetime out");
    if (result_.time == time_mode::untimed)
      for (const side_of_scenario& side : result_.sides)
        for (const intention& i : side.application)
          if (i.prompt)
            errors_.add(
                i.at,
                "a prompt call needs time: in the untimed mode there is nothing that it could be late for",
                "set \"time\" to \"lazy\" or \"timed\"");
    if (const json_node* ports = root_.find("ports")) {
      if (result_.time == time_mode::untimed)
        errors_.add(ports->at, "\"ports\" need time: A wants something every so many ticks",
                    "set \"time\" to \"lazy\" or \"timed\"");
      if (n.is_set())
        errors_.add(
            ports->at, "\"ports\" cannot be decided on the unlimited network",
            "that search has no common clock for several connections: use budgets for loss and duplication");
    }
    for (std::size_t s = 0; s < 2; ++s)
      if (!result_.sides[s].application.empty() && result_.sides[s].application.size() > 16)
        errors_.add(result_.sides[s].application[16].at, "more than 16 intentions");
  }

  const json_node& root_;
  const std::array<const protocol*, 2>& protocols_;
  diagnostics& errors_;
  scenario result_;
};

void read_settings(const json_node& object, std::vector<setting>& into, diagnostics& errors) {
  const json_node* set = object.find("set");
  if (set == nullptr) return;
  if (set->is != kind::object) {
    errors.add(set->at, "\"set\" is an object: {parameter: value}");
    return;
  }
  for (const json_member& m : set->members) into.push_back({m.key, m.at, m.value});
}

json_node& member(json_node& object, const std::string& key, place at) {
  for (json_member& m : object.members)
    if (m.key == key) return m.value;
  object.members.push_back({key, at, {}});
  object.members.back().value.at = at;
  return object.members.back().value;
}

// Sets the budget of a scenario that `o` names, as if the file said so. False if it names none.
bool set_budget(json_node& scenario, const setting& o) {
  if (scenario.is != kind::object) return false;
  const bool of_network =
      o.name == "loss" || o.name == "duplication" || o.name == "lifetime" || o.name == "capacity";
  if (of_network) {
    json_node& network = member(scenario, "network", o.at);
    if (network.is == kind::null) network.is = kind::object;
    if (network.is == kind::object) member(network, o.name, o.at) = o.value;
    return true;
  }
  if (o.name == "incarnations") {
    member(scenario, o.name, o.at) = o.value;
    return true;
  }
  if (!o.name.starts_with("A.") && !o.name.starts_with("B.")) return false;
  const std::string side = o.name.substr(0, 1), what = o.name.substr(2);
  if (what == "incarnations") {
    json_node& both = member(scenario, what, o.at);
    if (both.is != kind::object) {
      const json_node before = both;
      both = {};
      both.is = kind::object;
      both.at = o.at;
      if (before.is != kind::null)
        for (const char* s : {"A", "B"}) member(both, s, o.at) = before;
    }
    member(both, side, o.at) = o.value;
    return true;
  }
  // "A.SEND": how often its user may make the call.
  bool found = false;
  for (json_member& endpoint : scenario.members)
    for (json_member& m : endpoint.value.members)
      for (json_node& line : m.value.items)
        if (const json_node* call = line.find("call");
            endpoint.key == side && m.key == "application" && call != nullptr && call->string == what) {
          member(line, "times", o.at) = o.value;
          found = true;
        }
  return found;
}

// What a setting of a scenario may name: parameters, budgets and calls of its applications, each also for one
// endpoint where that is possible.
std::vector<std::string> settable(const protocol_source& p, const json_node& scenario) {
  std::vector<std::string> names;
  for (const char* side : {"", "A.", "B."}) {
    for (const named_node& n : p.parameters) names.push_back(side + n.name);
    names.push_back(std::string(side) + "incarnations");
  }
  for (const char* budget : {"loss", "duplication", "lifetime", "capacity"}) names.emplace_back(budget);
  for (const json_member& endpoint : scenario.members)
    for (const json_member& m : endpoint.value.members)
      for (const json_node& line : m.value.items)
        if (const json_node* call = line.find("call");
            (endpoint.key == "A" || endpoint.key == "B") && m.key == "application" && call != nullptr)
          names.push_back(endpoint.key + "." + call->string);
  return names;
}

}  // namespace

std::optional<composition> compose(const protocol_source& source, const document& file,
                                   const std::vector<setting>& overrides, diagnostics& errors) {
  refuse_unknown_keys(file.root,
                      {"scenario", "says", "parameters", "A", "B", "incarnations", "network", "time",
                       "attacker", "set", "sequence", "final", "ports"},
                      errors);
  compile_options common;
  read_settings(file.root, common.settings, errors);
  const json_node* sequence = file.root.find("sequence");
  if (sequence != nullptr && sequence->is != kind::object) {
    errors.add(sequence->at, "\"sequence\" is an object: {\"modulus\": ..., \"wrap\": ...}");
  } else if (sequence != nullptr) {
    refuse_unknown_keys(*sequence, {"modulus", "wrap"}, errors);
    const json_node* modulus = sequence->find("modulus");
    if (modulus != nullptr && modulus->is == kind::integer && modulus->integer >= 8 &&
        modulus->integer <= 1'000'000)
      common.modulus = static_cast<int>(modulus->integer);
    else if (modulus != nullptr)
      errors.add(modulus->at, "the modulus of sequence numbers is an integer in 8..1000000");
    const json_node* wrap = sequence->find("wrap");
    if (wrap != nullptr && wrap->is != kind::boolean)
      errors.add(wrap->at, "\"wrap\" is true or false");
    else
      common.wraps = wrap != nullptr && wrap->boolean;
  }
  // Parameters of the scenario's own, beside the protocol's.
  protocol_source extended = source;
  if (const json_node* parameters = file.root.find("parameters");
      parameters != nullptr && parameters->is != kind::object) {
    errors.add(parameters->at, "\"parameters\" is an object: {name: {\"type\", \"default\", \"says\"}}");
  } else if (parameters != nullptr) {
    for (const json_member& m : parameters->members) {
      const auto known = std::find_if(source.parameters.begin(), source.parameters.end(),
                                      [&](const named_node& n) { return n.name == m.key; });
      if (known != source.parameters.end())
        errors.add(m.at, fmt::format("the protocol has a parameter '{}' already", m.key),
                   "its value is changed under \"set\"");
      else
        extended.parameters.push_back({m.key, m.at, m.value, false});
    }
  }
  // A budget is set in a copy of the file; where a parameter has its name, that one is meant.
  document with_budgets{file.file, file.root, file.kind, file.name};
  std::vector<setting> settings;
  for (const setting& o : overrides) {
    const auto declared = [&](const std::string& name) {
      return std::any_of(extended.parameters.begin(), extended.parameters.end(),
                         [&](const named_node& p) { return p.name == name; });
    };
    const bool scoped = o.name.starts_with("A.") || o.name.starts_with("B.");
    if (!declared(o.name) && set_budget(with_budgets.root, o)) continue;
    if (declared(scoped ? o.name.substr(2) : o.name))
      settings.push_back(o);
    else
      errors.add(o.at, fmt::format("there is no parameter or budget '{}'", o.name),
                 suggestion(o.name, settable(extended, file.root)));
  }
  composition result;
  bool compiled = true;
  for (std::size_t s = 0; s < 2; ++s) {
    compile_options options = common;
    options.side = static_cast<int>(s);
    if (const json_node* side = file.root.find(s == 0 ? "A" : "B"); side && side->is == kind::object)
      read_settings(*side, options.settings, errors);
    // "A.isn" sets a parameter for one endpoint only.
    for (const setting& o : settings) {
      const bool scoped = o.name.starts_with("A.") || o.name.starts_with("B.");
      if (!scoped) options.settings.push_back(o);
      if (scoped && (o.name[0] == 'A') == (s == 0))
        options.settings.push_back({o.name.substr(2), o.at, o.value});
    }
    auto p = compile(extended, options, errors);
    compiled = compiled && p;
    if (p) result.protocols[s] = std::move(*p);
  }
  if (!compiled) return std::nullopt;
  result.scenario =
      scenario_reader(with_budgets, {&result.protocols[0], &result.protocols[1]}, errors).read();
  if (!errors.empty()) return std::nullopt;
  return result;
}

endpoint_layout::endpoint_layout(const protocol& p, const side_of_scenario& side) {
  application = p.own_slots();
  attempts = application + static_cast<int>(side.application.size());
  if (side.attacker && side.attacker->limited) forgeries = attempts++;
  incarnation = attempts + 1;
  peer_incarnation = incarnation + 1;
  observers = peer_incarnation + 1;
}

segment_layout::segment_layout(const protocol& p) {
  incarnation = p.segment_slots();
  peer_incarnation = incarnation + 1;
  isn = peer_incarnation + 1;
  answer = isn + 1;
  forged = answer + 1;
  slots = forged + 1;
}

vocabulary property_vocabulary(const composition& c, int side) {
  const protocol& own = c.protocols[static_cast<std::size_t>(side)];
  const protocol& other = c.protocols[static_cast<std::size_t>(1 - side)];
  vocabulary words = own.words;
  words.forbidden.clear();
  words.has_label = true;
  words.ports = c.scenario.ports.number;
  const auto ghosts = [&](const endpoint_layout& at, const std::string& prefix, row where) {
    if (at.forgeries >= 0)
      words.variables[prefix + "forgeries_left"] = {type::integer(0, static_cast<int>(most_forgeries)), where,
                                                    at.forgeries, 0};
    else
      words.constants[prefix + "forgeries_left"] = {type::integer(), 1};  // nothing that could be used up
    words.variables[prefix + "incarnation"] = {type::integer(0, 7), where, at.incarnation, 0};
    words.variables[prefix + "peer_incarnation"] = {type::integer(0, 7), where, at.peer_incarnation, 0};
    words.variables[prefix + "attempts"] = {type::integer(0, 7), where, at.attempts, 0};
  };
  const endpoint_layout own_layout(own, c.scenario.sides[static_cast<std::size_t>(side)]);
  const endpoint_layout other_layout(other, c.scenario.sides[static_cast<std::size_t>(1 - side)]);
  for (const auto& [name, v] : own.words.variables) {
    vocabulary::variable old = v;
    old.where = row::old;
    words.variables["old." + name] = old;
  }
  for (const auto& [name, v] : other.words.variables) {
    vocabulary::variable peer = v;
    peer.where = row::peer;
    words.variables["peer." + name] = peer;
  }
  ghosts(own_layout, "", row::self);
  ghosts(own_layout, "old.", row::old);
  ghosts(other_layout, "peer.", row::peer);
  const segment_layout segment(own);
  int slot = 0;
  for (const std::string& flag : own.flags) {
    words.variables["seg." + flag] = {type::boolean(), row::segment, slot, 0};
    words.variables["sent." + flag] = {type::boolean(), row::sent, slot++, 0};
  }
  for (const auto& [name, of] : own.fields) {
    words.variables["seg." + name] = {of, row::segment, slot, 0};
    words.variables["sent." + name] = {of, row::sent, slot++, 0};
  }
  words.variables["seg.incarnation"] = {type::integer(0, 7), row::segment, segment.incarnation, 0};
  words.variables["seg.peer_incarnation"] = {type::integer(0, 7), row::segment, segment.peer_incarnation, 0};
  words.variables["seg.isn"] = {type::sequence(), row::segment, segment.isn, 0};
  words.variables["seg.answer"] = {type::boolean(), row::segment, segment.answer, 0};
  if (c.scenario.sides[0].attacker || c.scenario.sides[1].attacker)
    words.variables["seg.forged"] = {type::boolean(), row::segment, segment.forged, 0};
  else
    words.constants["seg.forged"] = {type::boolean(), 0};
  return words;
}

}  // namespace tcpmc::language
