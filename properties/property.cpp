#include "properties/property.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tcpmc::properties {

using namespace language;  // NOLINT: formulas are made of the language's parts

namespace {

using kind = json_node::kind;

constexpr std::size_t most_observations = 200;

class property_reader {
 public:
  property_reader(const composition& c, property_set& into, diagnostics& errors)
      : composition_(c), into_(into), errors_(errors) {
    for (int side = 0; side < 2; ++side) {
      const auto s = static_cast<std::size_t>(side);
      next_slot_[s] = endpoint_layout(c.protocols[s], c.scenario.sides[s]).observers;
    }
  }

  void read(const document& file) {
    const json_node& root = file.root;
    const std::size_t before = errors_.size();
    refuse_unknown_keys(root,
                        {"property", "cite", "says", "observers", "observe", "never", "never step",
                         "never stuck", "never unserved", "witness", "witness step", "needs time"},
                        errors_);
    property p;
    p.name = file.name;
    p.cite = text_of(root, "cite", errors_);
    p.says = text_of(root, "says", errors_, true);
    p.needs_time = flag(root, "needs time");
    for (std::size_t s = 0; s < 2; ++s) {
      words_[s] = property_vocabulary(composition_, static_cast<int>(s));
      first_observer_[s] = into_.observers[s].variables.size();
      // Observers may be as large, and count as far, as the scenario makes necessary.
      const auto& sides = composition_.scenario.sides;
      words_[s].constants["incarnations"] = {type::integer(),
                                             std::max(sides[0].incarnations, sides[1].incarnations)};
      int calls = 0;
      bool bounded = true;
      for (const side_of_scenario& side : sides) {
        int of_side = 0;
        for (const intention& i : side.application) {
          of_side += i.times;
          bounded = bounded && !i.unlimited;
        }
        calls = std::max(calls, of_side);
      }
      if (bounded)
        words_[s].constants["calls"] = {type::integer(), calls};
      else
        words_[s].forbidden["calls"] = "the scenario has a call that may be made any number of times";
    }
    if (!observers(root)) return;
    observations(root);
    const json_node* stuck = root.find("never stuck");
    p.stuck = flag(root, "never stuck");
    const json_node* unserved = root.find("never unserved");
    p.unserved = flag(root, "never unserved");
    p.never = one_of(root, "never", "never step");
    p.witness = one_of(root, "witness", "witness step");
    if (!p.never && !p.stuck && !p.unserved && errors_.size() == before)
      errors_.add(root.at, "a property needs \"never\" or \"never step\": what must not happen");
    if (p.never && p.stuck) errors_.add(stuck->at, "\"never stuck\" stands alone");
    if (p.unserved && (p.never || p.stuck)) errors_.add(unserved->at, "\"never unserved\" stands alone");
    fits_scenario(p, root);
    into_.all.push_back(std::move(p));
  }

 private:
  bool flag(const json_node& root, const char* key) {
    const json_node* node = root.find(key);
    if (node == nullptr) return false;
    if (node->is != kind::boolean) errors_.add(node->at, fmt::format("\"{}\" is true or false", key));
    return node->boolean;
  }

  // Whether there is a table of them; without it, all that uses an observer would look wrong as well.
  bool observers(const json_node& root) {
    const json_node* node = root.find("observers");
    if (node == nullptr) return true;
    if (node->is != kind::object) {
      errors_.add(node->at, "observers are declared like variables: {name: type}");
      return false;
    }
    for (const json_member& m : node->members) {
      parse_signature(m.key, m.at, errors_);
      if (words_[0].variables.count(m.key) || words_[0].constants.count(m.key))
        errors_.add(m.at, fmt::format("the name '{}' is taken already by the protocol", m.key));
    }
    for (std::size_t s = 0; s < 2; ++s)
      for (const json_member& m : node->members) {
        auto v = read_variable(m.key, m.value, words_[s], errors_);
        if (!v) {
          for (const char* scope : {"", "old.", "peer."}) words_[s].broken.insert(scope + m.key);
          continue;
        }
        if (v->lives == lifetime::stable)
          errors_.add(m.value.find("life")->at,
                      "an observer stands outside of the hosts: no crash touches it",
                      "\"endpoint\" is what outlives a crash here, \"tcb\" what ends with it");
        v->slot = next_slot_[s];
        next_slot_[s] += std::max(1, v->length);
        words_[s].variables[m.key] = {v->of, row::self, v->slot, v->length};
        words_[s].variables["old." + m.key] = {v->of, row::old, v->slot, v->length};
        // The peer's observers lie where the peer's own layout puts them.
        const int base =
            endpoint_layout(composition_.protocols[1 - s], composition_.scenario.sides[1 - s]).observers;
        const int own_base =
            endpoint_layout(composition_.protocols[s], composition_.scenario.sides[s]).observers;
        words_[s].variables["peer." + m.key] = {v->of, row::peer, v->slot - own_base + base, v->length};
        into_.observers[s].variables.push_back({std::move(*v)});
      }
    return true;
  }

  void observations(const json_node& root) {
    const json_node* node = root.find("observe");
    if (node == nullptr) return;
    if (node->is != kind::array) {
      errors_.add(node->at, "\"observe\" is an array of {\"when\": ..., \"do\": [...]}");
      return;
    }
    if (node->items.size() > most_observations) {
      errors_.add(node->items[most_observations].at,
                  fmt::format("more than {} observations", most_observations));
      return;
    }
    for (std::size_t s = 0; s < 2; ++s)
      for (const json_node& item : node->items) {
        if (item.is != kind::object) {
          errors_.add(item.at, "an observation is an object: {\"when\": ..., \"do\": [...]}");
          continue;
        }
        refuse_unknown_keys(item, {"when", "do", "says"}, errors_);
        const json_node* when = item.find("when");
        const json_node* body = item.find("do");
        if (when == nullptr || body == nullptr || body->is != kind::array) {
          errors_.add(item.at, "an observation needs \"when\" and \"do\"");
          continue;
        }
        system::observation o;
        binder b(words_[s], errors_);
        const auto e = parse_expression(*when, errors_);
        auto condition = e ? b.bind(*e, type::boolean()) : std::nullopt;
        if (!condition) continue;
        if (reads(*condition, row::peer) || reads_channels(*condition))
          errors_.add(when->at, "an observer sees only the steps of its own endpoint");
        o.when = std::move(*condition);
        for (const json_node& line : body->items) {
          const auto a = parse_action(line, errors_);
          if (!a || words_[s].broken.count(a->name)) continue;
          const variable* target = own_observer(s, a->name);
          if (a->is != verb::assign || target == nullptr || a->indexed != (target->length > 0) ||
              !a->only_if.empty()) {
            errors_.add(a->at, "an observation assigns to an observer of its property", "NAME := expression");
            continue;
          }
          const variable& v = *target;
          instruction i;
          i.is = verb::assign;
          i.at = a->at;
          i.name = a->name;
          i.target = v.slot;
          i.length = v.length;
          i.of = v.of;
          auto value = b.bind(a->args[0], v.of);
          if (value) i.args.push_back(std::move(*value));
          if (a->indexed)
            if (auto index = b.bind(a->args[1], type::integer())) i.args.push_back(std::move(*index));
          if (i.args.size() == a->args.size()) o.body.push_back(std::move(i));
        }
        into_.observers[s].rules.push_back(std::move(o));
      }
  }

  // This property's observer of that name, or null; another property may have one of the same name.
  const variable* own_observer(std::size_t s, const std::string& name) const {
    const auto& all = into_.observers[s].variables;
    for (std::size_t i = first_observer_[s]; i < all.size(); ++i)
      if (all[i].variable.name == name) return &all[i].variable;
    return nullptr;
  }

  std::optional<formula> one_of(const json_node& root, const char* on_state, const char* on_step) {
    const json_node* state = root.find(on_state);
    const json_node* step = root.find(on_step);
    if (state != nullptr && step != nullptr) {
      errors_.add(step->at, fmt::format("\"{}\" and \"{}\" exclude each other", on_state, on_step));
      return std::nullopt;
    }
    const json_node* node = state != nullptr ? state : step;
    if (node == nullptr) return std::nullopt;
    const auto e = parse_expression(*node, errors_);
    if (!e) return std::nullopt;
    formula f;
    f.on_step = step != nullptr;
    f.text = node->string;
    for (std::size_t s = 0; s < 2; ++s) {
      auto bound = binder(words_[s], errors_).bind(*e, type::boolean());
      if (!bound) return std::nullopt;
      if (!f.on_step && (reads(*bound, row::old) || reads(*bound, row::label) ||
                         reads(*bound, row::segment) || reads_sent(*bound)))
        errors_.add(
            node->at,
            fmt::format("\"{}\" is judged on states: it has no step, no segment and no old state", on_state),
            fmt::format("use \"{}\"", on_step));
      if (!f.on_step && reads_channels(*bound))
        errors_.add(node->at, "only steps can look at the channels", fmt::format("use \"{}\"", on_step));
      if (composition_.scenario.network.is_set() && needs_absence(*bound))
        errors_.add(
            node->at, "this asks for the absence of a segment, which the unlimited network cannot decide",
            "there, more segments in flight may never turn the formula from true to false; use budgets for "
            "loss and duplication");
      f.on_ports = counts_ports(*bound);
      if (f.on_ports && f.on_step)
        errors_.add(node->at, "ports are counted in states, not in steps",
                    fmt::format("use \"{}\"", on_state));
      if (f.on_ports && (reads(*bound, row::self) || reads(*bound, row::peer)))
        errors_.add(node->at, "a formula that counts ports can look at an endpoint only in ports(...)",
                    "there is no one port whose endpoint it would be");
      f.at[s] = std::move(*bound);
    }
    return f;
  }

  void fits_scenario(const property& p, const json_node& root) {
    const scenario& s = composition_.scenario;
    if (p.needs_time && s.time == time_mode::untimed)
      errors_.add(
          root.at,
          fmt::format(
              "the property '{}' says nothing in the untimed mode, where TIME-WAIT may end at any moment",
              p.name),
          fmt::format("the scenario '{}' needs \"time\": \"lazy\" or \"timed\"", s.name));
    if (p.stuck && s.network.is_set())
      errors_.add(root.at,
                  fmt::format("the property '{}' cannot be decided on the unlimited network", p.name),
                  "there, what was ever sent may still arrive: use budgets for loss and duplication");
    if (p.stuck && (s.sides[0].attacker || s.sides[1].attacker))
      errors_.add(root.at, fmt::format("the property '{}' cannot be decided beside an attacker", p.name),
                  "ask it of the same scenario without the attacker");
    if (p.unserved && s.ports.number == 0)
      errors_.add(root.at, fmt::format("the property '{}' is about a client with several ports", p.name),
                  fmt::format("give the scenario '{}' \"ports\"", s.name));
    if (p.stuck && !s.final)
      errors_.add(
          root.at,
          fmt::format("the property '{}' needs to know where it is right that nothing goes on", p.name),
          fmt::format("give the scenario '{}' a \"final\" predicate", s.name));
  }

  const composition& composition_;
  property_set& into_;
  diagnostics& errors_;
  std::array<int, 2> next_slot_{};
  std::array<std::size_t, 2> first_observer_{};  // of the property being read
  std::array<vocabulary, 2> words_;
};

// Every outgoing(...), or incoming(...), of the formulas that are judged on steps.
void collect(const code& from, operation channel, std::vector<const code*>& into) {
  if (from.is == channel) into.push_back(&from);
  for (const code& a : from.args) collect(a, channel, into);
}
std::vector<const code*> questions(const property_set& properties, operation channel, std::size_t side) {
  std::vector<const code*> result;
  for (const property& p : properties.all)
    for (const auto* f : {&p.never, &p.witness})
      if (*f && (*f)->on_step) collect((*f)->at[side], channel, result);
  return result;
}

void add(judgement& j, int value, marks mark) {
  if (value == 1) j.certain |= mark;
  if (value == unknown) j.open |= mark;
}

}  // namespace

std::optional<property_set> load_properties(const std::vector<const document*>& files, const composition& c,
                                            diagnostics& errors) {
  const std::size_t before = errors.size();
  property_set result;
  if (files.size() > static_cast<std::size_t>(most_properties)) {
    errors.add({files.back()->file, 0}, fmt::format("more than {} properties in one run", most_properties));
    return std::nullopt;
  }
  property_reader reader(c, result, errors);
  for (const document* file : files) reader.read(*file);
  if (errors.size() != before) return std::nullopt;
  for (const operation channel : {operation::outgoing, operation::incoming})
    for (std::size_t side = 0; side < 2; ++side)
      if (const auto asked = questions(result, channel, side); asked.size() > most_questions) {
        errors.add(asked[most_questions]->at,
                   fmt::format("more than {} times {}(...) in one run", most_questions,
                               channel == operation::outgoing ? "outgoing" : "incoming"),
                   "ask for fewer properties at a time");
        return std::nullopt;
      }
  return result;
}

judgement judge::state(const values* a, const values* b) const {
  judgement result;
  const std::array<const values*, 2> rows{a, b};
  for (std::size_t side = 0; side < 2; ++side) {
    scene s;
    s[row::self] = rows[side] != nullptr ? rows[side]->data() : nullptr;
    s[row::peer] = rows[1 - side] != nullptr ? rows[1 - side]->data() : nullptr;
    s.modulus = composition_.protocols[side].modulus;
    for (std::size_t i = 0; i < properties_.all.size(); ++i) {
      const property& p = properties_.all[i];
      if (p.never && !p.never->on_step) add(result, evaluate(p.never->at[side], s), violated(i));
      if (p.witness && !p.witness->on_step) add(result, evaluate(p.witness->at[side], s), witnessed(i));
    }
  }
  result.open &= ~result.certain;
  return result;
}

marks judge::ports(const std::vector<std::array<const int*, 2>>& rows) const {
  marks result = 0;
  for (std::size_t side = 0; side < 2; ++side) {
    std::vector<std::array<const int*, 2>> seen = rows;
    if (side == 1)
      for (auto& [self, peer] : seen) std::swap(self, peer);
    scene s;
    s.ports = &seen;
    s.modulus = composition_.protocols[side].modulus;
    for (std::size_t i = 0; i < properties_.all.size(); ++i) {
      const property& p = properties_.all[i];
      if (p.never && p.never->on_ports && holds(p.never->at[side], s)) result |= violated(i);
      if (p.witness && p.witness->on_ports && holds(p.witness->at[side], s)) result |= witnessed(i);
    }
  }
  return result;
}

judge::judge(const composition& c, const property_set& properties)
    : composition_(c), properties_(properties) {
  for (std::size_t side = 0; side < 2; ++side) {
    questions_[at(channel::outgoing)][side] = questions(properties, operation::outgoing, side);
    questions_[at(channel::incoming)][side] = questions(properties, operation::incoming, side);
  }
}

scene judge::scene_of(const step_view& view, const values* peer) const {
  static const std::vector<int> nothing(64, 0);
  scene s;
  s[row::self] = view.after->data();
  s[row::old] = view.before->data();
  s[row::peer] = peer != nullptr ? peer->data() : nullptr;
  s[row::segment] = view.segment != nullptr ? view.segment->data() : nothing.data();
  s[row::label] = view.label;
  s.sent = &view.sent;
  s.modulus = composition_.protocols[at(view.side)].modulus;
  return s;
}

answers judge::ask(channel of, const step_view& view, const values& peer,
                   const std::vector<const int*>& segments) const {
  scene s = scene_of(view, &peer);
  (of == channel::outgoing ? s.outgoing : s.incoming) = &segments;
  const std::vector<const code*>& asked = questions_[at(of)][at(view.side)];
  answers result = 0;
  for (std::size_t i = 0; i < asked.size(); ++i) result |= answers{holds(*asked[i], s)} << i;
  return result;
}

judgement judge::step(const step_view& view, const values* peer, const std::vector<const int*>* outgoing,
                      const std::vector<const int*>* incoming) const {
  judgement result;
  const std::size_t side = at(view.side);
  scene s = scene_of(view, peer);
  s.outgoing = outgoing;
  s.incoming = incoming;
  for (std::size_t i = 0; i < properties_.all.size(); ++i) {
    const property& p = properties_.all[i];
    if (p.never && p.never->on_step) add(result, evaluate(p.never->at[side], s), violated(i));
    if (p.witness && p.witness->on_step) add(result, evaluate(p.witness->at[side], s), witnessed(i));
  }
  result.open &= ~result.certain;
  return result;
}

}  // namespace tcpmc::properties
