#include "traces/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tcpmc::traces {
namespace {

using json = nlohmann::ordered_json;
using language::composition;
using language::json_node;
using language::protocol;
using system::step_kind;
using system::values;

constexpr std::array<const char*, 7> event_names = {"call",      "deliver", "time-out", "lose",
                                                    "duplicate", "tick",    "forge"};
constexpr std::array<const char*, 2> side_names = {"A", "B"};
constexpr std::array<const char*, 3> time_names = {"untimed", "lazy", "timed"};

std::size_t at(int i) { return static_cast<std::size_t>(i); }

json value_json(const language::type& of, int value) {
  if (of.is == language::type::kind::boolean) return value != 0;
  if (of.is == language::type::kind::word) return of.show(value);
  return value;
}

json segment_json(const protocol& p, const values& segment) {
  const language::segment_layout tags(p);
  json flags = json::array();
  for (std::size_t i = 0; i < p.flags.size(); ++i)
    if (segment[i] == 1) flags.push_back(p.flags[i]);
  json result = {{"flags", flags}};
  for (std::size_t i = 0; i < p.fields.size(); ++i)
    result[p.fields[i].first] = value_json(p.fields[i].second, segment[p.flags.size() + i]);
  result["incarnation"] = segment[at(tags.incarnation)];
  result["peer_incarnation"] = segment[at(tags.peer_incarnation)];
  result["isn"] = segment[at(tags.isn)];
  result["answer"] = segment[at(tags.answer)] == 1;
  if (segment[at(tags.forged)] == 1) result["forged"] = true;
  return result;
}

json endpoint_json(const composition& on, int side, const values& row) {
  const protocol& p = on.protocols[at(side)];
  const language::endpoint_layout slots(p, on.scenario.sides[at(side)]);
  json result = {{"state", (*p.states)[at(row[language::state_slot])]}};
  for (const language::variable& v : p.variables) {
    if (v.length == 0) {
      result[v.name] = value_json(v.of, row[at(v.slot)]);
      continue;
    }
    json all = json::array();
    for (int i = 0; i < v.length; ++i) all.push_back(value_json(v.of, row[at(v.slot + i)]));
    result[v.name] = all;
  }
  for (std::size_t t = 0; t < p.timers.size(); ++t)
    if (const int left = row[at(p.timer_slot(static_cast<int>(t)))]; left >= 0)
      result["timers"][p.timers[t].name] = left;
  result["incarnation"] = row[at(slots.incarnation)];
  result["peer_incarnation"] = row[at(slots.peer_incarnation)];
  return result;
}

json in_flight_json(const composition& on, const plain_state& s) {
  json result;
  for (std::size_t side = 0; side < 2; ++side) {
    json all = json::array();
    for (const system::flight& f : s.channels[side]) {
      json one = segment_json(on.protocols[side], f.segment);
      one["age"] = f.age;
      all.push_back(one);
    }
    result[side_names[side]] = all;
  }
  return result;
}

json step_json(const composition& on, std::size_t i, const plain_state& was, const plain_successor& s) {
  const auto side = at(s.by.side);
  const protocol& p = on.protocols[side];
  json result = {{"step", i + 1}, {"event", event_names[at(static_cast<int>(s.by.kind))]}};
  if (s.by.kind != step_kind::tick) result["endpoint"] = side_names[side];
  if (s.by.kind == step_kind::call) {
    result["call"] = on.scenario.sides[side].application[at(s.by.which)].call_name;
    result["intention"] = s.by.which;
  }
  if (s.by.kind == step_kind::time_out) result["timer"] = p.timers[at(s.by.which)].name;
  if (s.by.kind == step_kind::forge) result["forgery"] = s.by.which;
  if (s.by.choice != 0) result["choice"] = s.by.choice;
  const bool of_network = s.by.kind == step_kind::lose || s.by.kind == step_kind::duplicate;
  if (of_network && s.by.which != 0) result["position"] = s.by.which;
  if (!s.by.segment.empty()) {
    const int sender = system::arrives(s.by.kind) ? 1 - s.by.side : s.by.side;
    result["segment"] = segment_json(on.protocols[at(sender)], s.by.segment);
    result["age"] = s.by.age;
    result["stale"] = is_stale(on, was, sender, s.by.segment);
  }
  json rules = json::array(), signals = json::array(), sent = json::array();
  if (s.did) {
    for (const int r : s.did->rules)
      rules.push_back({{"id", p.rules[at(r)].id}, {"cite", p.rules[at(r)].cite}});
    for (std::size_t k = 0; k < p.signals->size(); ++k)
      if ((s.did->label[language::label_signals] >> k & 1) != 0) signals.push_back((*p.signals)[k]);
    for (const values& segment : s.did->sent) sent.push_back(segment_json(p, segment));
  }
  result["rules"] = rules;
  result["signals"] = signals;
  result["sent"] = sent;
  for (int e = 0; e < 2; ++e) result[side_names[at(e)]] = endpoint_json(on, e, s.state.endpoints[at(e)]);
  result["in_flight"] = in_flight_json(on, s.state);
  return result;
}

// A step of a pool of ports: that of one port with its number; otherwise all ports as they are then.
json ports_step_json(const composition& on, const ports_run& r, std::size_t i) {
  const system::ports_successor& s = r.steps[i];
  json result;
  if (s.by.event == system::ports_event::at_port) {
    result = step_json(on, i, before(r, i).ports[at(s.by.port)], *s.moved);
    result["port"] = s.by.port + 1;
  } else {
    result = {{"step", i + 1}, {"event", s.by.event == system::ports_event::tick ? "tick" : "unserved"}};
    for (const char* nothing : {"rules", "signals", "sent"}) result[nothing] = json::array();
    for (const plain_state& port : s.state.ports) {
      json one;
      for (int e = 0; e < 2; ++e) one[side_names[at(e)]] = endpoint_json(on, e, port.endpoints[at(e)]);
      one["in_flight"] = in_flight_json(on, port);
      result["ports"].push_back(one);
    }
  }
  result["next demand"] = s.state.demands.wait;
  if (on.scenario.ports.demands > 0) result["demands left"] = s.state.demands.left;
  result["as new"] = json::array();
  for (const int p : s.as_new) result["as new"].push_back(p + 1);
  return result;
}

json step_json(const trace& t, std::size_t i) {
  return t.ports ? ports_step_json(*t.on, *t.ports, i)
                 : step_json(*t.on, i, before(t.run, i), t.run.steps[i]);
}

json budget_json(const language::budget& b) {
  if (b.unlimited) return "unlimited";
  return b.count;
}

// Whether a parsed value is the one that would be written.
bool same(const json_node& a, const json& b) {
  switch (a.is) {
    case json_node::kind::null:
      return b.is_null();
    case json_node::kind::boolean:
      return b.is_boolean() && b.get<bool>() == a.boolean;
    case json_node::kind::integer:
      return b.is_number_integer() && b.get<std::int64_t>() == a.integer;
    case json_node::kind::real:
      return false;  // a trace has none
    case json_node::kind::string:
      return b.is_string() && b.get_ref<const std::string&>() == a.string;
    case json_node::kind::array:
      return b.is_array() && std::equal(a.items.begin(), a.items.end(), b.begin(), b.end(), same);
    case json_node::kind::object:
      return b.is_object() && a.members.size() == b.size() &&
             std::all_of(a.members.begin(), a.members.end(), [&](const language::json_member& m) {
               return b.contains(m.key) && same(m.value, b.at(m.key));
             });
  }
  return false;
}

// Reads the parts of a trace file that replaying needs.
class trace_reader {
 public:
  explicit trace_reader(language::diagnostics& errors) : errors_(errors) {}

  const json_node* get(const json_node& object, const char* key, json_node::kind kind) {
    const json_node* node = object.find(key);
    if (node == nullptr)
      errors_.add(object.at, fmt::format("\"{}\" is missing here", key), "is this a trace that tcpmc wrote?");
    else if (node->is != kind)
      errors_.add(node->at, fmt::format("\"{}\" cannot be {}", key, node->kind_name()));
    else
      return node;
    return nullptr;
  }
  std::string text(const json_node& object, const char* key) {
    const json_node* node = get(object, key, json_node::kind::string);
    return node != nullptr ? node->string : "";
  }
  int number(const json_node& object, const char* key, int low, int high) {
    const json_node* node = get(object, key, json_node::kind::integer);
    if (node == nullptr) return low;
    if (node->integer < low || node->integer > high) {
      errors_.add(node->at, fmt::format("\"{}\" is not in {}..{}", key, low, high));
      return low;
    }
    return static_cast<int>(node->integer);
  }
  language::budget budget(const json_node& object, const char* key) {
    const json_node* node = object.find(key);
    if (node != nullptr && node->is == json_node::kind::string && node->string == "unlimited")
      return {true, 0};
    return {false, number(object, key, 0, 1000)};
  }
  // The index of a word that is one of `names`.
  template <typename Names>
  int word(const json_node& object, const char* key, const Names& names) {
    const std::string found = text(object, key);
    const auto i = std::find(names.begin(), names.end(), found);
    if (i != names.end()) return static_cast<int>(i - names.begin());
    if (const json_node* node = object.find(key); node != nullptr && node->is == json_node::kind::string)
      errors_.add(node->at, fmt::format("\"{}\" cannot be '{}'", key, found));
    return 0;
  }
  int optional_number(const json_node& object, const char* key) {
    return object.find(key) != nullptr ? number(object, key, 0, 1000) : 0;
  }
  int value(const json_node& object, const std::string& key, const language::type& of) {
    const json_node* node = object.find(key);
    if (node == nullptr) {
      errors_.add(object.at, fmt::format("\"{}\" is missing here", key));
      return 0;
    }
    if (of.is == language::type::kind::boolean && node->is == json_node::kind::boolean)
      return node->boolean ? 1 : 0;
    if (of.is == language::type::kind::word && node->is == json_node::kind::string) {
      const auto w = std::find(of.words->begin(), of.words->end(), node->string);
      if (w != of.words->end()) return static_cast<int>(w - of.words->begin());
    }
    if (node->is == json_node::kind::integer && node->integer >= -1'000'000 && node->integer <= 1'000'000)
      return static_cast<int>(node->integer);
    errors_.add(node->at, fmt::format("\"{}\" cannot be {}", key, node->kind_name()));
    return 0;
  }
  values segment(const json_node& object, const protocol& p) {
    const language::segment_layout tags(p);
    values result(at(tags.slots), 0);
    if (const json_node* flags = get(object, "flags", json_node::kind::array))
      for (const json_node& f : flags->items) {
        const auto i = std::find(p.flags.begin(), p.flags.end(), f.string);
        if (i == p.flags.end())
          errors_.add(f.at, fmt::format("unknown flag '{}'", f.string));
        else
          result[at(static_cast<int>(i - p.flags.begin()))] = 1;
      }
    for (std::size_t i = 0; i < p.fields.size(); ++i)
      result[p.flags.size() + i] = value(object, p.fields[i].first, p.fields[i].second);
    result[at(tags.incarnation)] = number(object, "incarnation", 0, 7);
    result[at(tags.peer_incarnation)] = number(object, "peer_incarnation", 0, 7);
    result[at(tags.isn)] = number(object, "isn", 0, 1'000'000);
    const json_node* answer = get(object, "answer", json_node::kind::boolean);
    result[at(tags.answer)] = answer != nullptr && answer->boolean ? 1 : 0;
    const json_node* forged = object.find("forged");
    result[at(tags.forged)] = forged != nullptr && forged->boolean ? 1 : 0;
    return result;
  }

 private:
  language::diagnostics& errors_;
};

step read_step(const json_node& node, const composition& on, trace_reader& read) {
  step s;
  s.kind = static_cast<step_kind>(read.word(node, "event", event_names));
  if (s.kind != step_kind::tick) s.side = read.word(node, "endpoint", side_names);
  const protocol& p = on.protocols[at(s.side)];
  if (s.kind == step_kind::call)
    s.which = read.number(node, "intention", 0,
                          static_cast<int>(on.scenario.sides[at(s.side)].application.size()) - 1);
  if (s.kind == step_kind::time_out) s.which = read.word(node, "timer", *p.timers_names);
  if (s.kind == step_kind::forge) {
    const auto& attacker = on.scenario.sides[at(s.side)].attacker;
    s.which =
        read.number(node, "forgery", 0, attacker ? static_cast<int>(attacker->forgeries.size()) - 1 : 0);
  }
  s.choice = read.optional_number(node, "choice");
  if (s.kind == step_kind::lose || s.kind == step_kind::duplicate)
    s.which = read.optional_number(node, "position");
  if (system::arrives(s.kind) || s.kind == step_kind::lose || s.kind == step_kind::duplicate) {
    if (const json_node* segment = read.get(node, "segment", json_node::kind::object))
      s.segment = read.segment(*segment, p);
    s.age = read.optional_number(node, "age");
  }
  return s;
}

}  // namespace

std::string to_json(const trace& t, const std::string& version) {
  const composition& on = *t.on;
  json result = {{"trace", t.property},
                 {"tcpmc", version},
                 {"protocol", on.protocols[0].name},
                 {"chain", on.protocols[0].chain},
                 {"scenario", on.scenario.name},
                 {"says", t.says},
                 {"cite", t.cite},
                 {"shortest", t.shortest},
                 {"minimality", t.minimality}};
  const language::network& n = on.scenario.network;
  result["network"] = {{"order", n.order == language::delivery_order::fifo ? "fifo" : "any"},
                       {"loss", budget_json(n.loss)},
                       {"duplication", budget_json(n.duplication)},
                       {"lifetime", n.lifetime == 0 ? json("unlimited") : json(n.lifetime)},
                       {"capacity", n.capacity}};
  result["time"] = time_names[at(static_cast<int>(on.scenario.time))];
  for (std::size_t side = 0; side < 2; ++side)
    for (const language::parameter& p : on.protocols[side].parameters)
      result["parameters"][side_names[side]][p.name] = value_json(p.of, p.value);
  const plain_state& start = t.ports ? t.ports->start.ports[0] : t.run.start;
  for (int e = 0; e < 2; ++e)
    result["start"][side_names[at(e)]] = endpoint_json(on, e, start.endpoints[at(e)]);
  if (t.ports) result["ports"] = {{"number", on.scenario.ports.number}, {"every", on.scenario.ports.every}};
  result["steps"] = json::array();
  for (std::size_t i = 0; i < t.length(); ++i) result["steps"].push_back(step_json(t, i));
  json settings = json::array();
  for (const auto& [name, value] : t.origin.settings) settings.push_back({name, value});
  result["replay"] = {{"protocol", t.origin.protocol},
                      {"scenario", t.origin.scenario},
                      {"property", t.origin.property},
                      {"set", settings}};
  result["sources"] = json::array();
  for (const language::source* s : t.origin.files)
    result["sources"].push_back({{"path", s->name}, {"text", s->text}});
  return result.dump(2) + "\n";
}

std::optional<recorded> read_trace(const language::source& file, language::diagnostics& errors) {
  const std::size_t before = errors.size();
  const auto root = language::parse_json(file, errors);
  if (!root) return std::nullopt;
  trace_reader read(errors);
  if (root->is != json_node::kind::object) {
    errors.add(root->at, fmt::format("a trace is an object, not {}", root->kind_name()));
    return std::nullopt;
  }
  recorded r;
  r.property = read.text(*root, "trace");
  r.minimality = read.text(*root, "minimality");
  if (const json_node* shortest = read.get(*root, "shortest", json_node::kind::boolean))
    r.shortest = shortest->boolean;
  if (const json_node* network = read.get(*root, "network", json_node::kind::object)) {
    r.network.order = read.word(*network, "order", std::array<std::string, 2>{"any", "fifo"}) == 1
                          ? language::delivery_order::fifo
                          : language::delivery_order::any;
    r.network.loss = read.budget(*network, "loss");
    r.network.duplication = read.budget(*network, "duplication");
    const json_node* lifetime = network->find("lifetime");
    const bool for_ever =
        lifetime != nullptr && lifetime->is == json_node::kind::string && lifetime->string == "unlimited";
    r.network.lifetime = for_ever ? 0 : read.number(*network, "lifetime", 1, 60);
    r.network.capacity = read.number(*network, "capacity", 1, 1000);
  }
  if (const json_node* replay = read.get(*root, "replay", json_node::kind::object)) {
    r.protocol = read.text(*replay, "protocol");
    r.scenario = read.text(*replay, "scenario");
    r.property_reference = read.text(*replay, "property");
    if (const json_node* set = read.get(*replay, "set", json_node::kind::array))
      for (const json_node& pair : set->items) {
        const bool fine = pair.items.size() == 2 && pair.items[0].is == json_node::kind::string &&
                          pair.items[1].is == json_node::kind::string;
        if (fine)
          r.settings.emplace_back(pair.items[0].string, pair.items[1].string);
        else
          errors.add(pair.at, "a setting is [name, value]");
      }
  }
  if (const json_node* sources = read.get(*root, "sources", json_node::kind::array))
    for (const json_node& s : sources->items)
      r.files.emplace_back(read.text(s, "path"), read.text(s, "text"));
  read.get(*root, "steps", json_node::kind::array);
  if (errors.size() != before) return std::nullopt;
  r.document = *root;
  return r;
}

std::optional<std::vector<step>> recorded_steps(const recorded& r, const composition& on,
                                                language::diagnostics& errors) {
  const std::size_t before = errors.size();
  trace_reader read(errors);
  std::vector<step> steps;
  for (const json_node& node : r.steps().items) steps.push_back(read_step(node, on, read));
  if (errors.size() != before) return std::nullopt;
  return steps;
}

std::optional<std::vector<system::ports_step>> recorded_ports_steps(const recorded& r, const composition& on,
                                                                    language::diagnostics& errors) {
  const std::size_t before = errors.size();
  trace_reader read(errors);
  std::vector<system::ports_step> steps;
  for (const json_node& node : r.steps().items) {
    system::ports_step s;
    const json_node* event = node.find("event");
    if (node.find("port") != nullptr) {
      s.event = system::ports_event::at_port;
      s.port = read.number(node, "port", 1, on.scenario.ports.number) - 1;
      s.by = read_step(node, on, read);
    } else if (event != nullptr && event->is == json_node::kind::string && event->string == "unserved") {
      s.event = system::ports_event::unserved;
    } else if (read.text(node, "event") != "tick") {
      errors.add(node.at, "\"port\" is missing here", "is this a trace that tcpmc wrote?");
    }
    steps.push_back(std::move(s));
  }
  if (errors.size() != before) return std::nullopt;
  return steps;
}

bool matches(const recorded& r, const trace& replayed, language::diagnostics& errors) {
  const std::size_t before = errors.size();
  const auto compare = [&](const json_node& node, const json& now, const std::string& where) {
    const auto differs = [&](language::place at, const std::string& key, const std::string& says) {
      errors.add(at,
                 fmt::format("{}the file and the replay differ in \"{}\": the replay says {}", where, key,
                             says.size() > 200 ? says.substr(0, 200) + " ..." : says),
                 "the trace was changed, or made by a version of tcpmc that means something else by it");
    };
    for (const auto& [key, value] : now.items()) {
      const json_node* recorded_value = node.find(key);
      if (recorded_value == nullptr || !same(*recorded_value, value))
        differs(recorded_value != nullptr ? recorded_value->at : node.at, key, value.dump());
    }
    for (const language::json_member& m : node.members)
      if (!now.contains(m.key)) differs(m.value.at, m.key, "there is no such thing");
  };
  for (std::size_t i = 0; i < replayed.length() && errors.size() == before;
       ++i)  // later ones differ because of this
    compare(r.steps().items[i], step_json(replayed, i), fmt::format("step {}: ", i + 1));
  if (errors.size() != before) return false;
  const json_node* version = r.document.find("tcpmc");
  compare(r.document, json::parse(to_json(replayed, version != nullptr ? version->string : "")), "");
  return errors.size() == before;
}

}  // namespace tcpmc::traces
