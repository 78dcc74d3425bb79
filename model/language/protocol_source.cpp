#include "model/language/protocol_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace tcpmc::language {
namespace {

using kind = json_node::kind;

constexpr std::size_t most_names = 1000;  // in one list
constexpr std::size_t most_rules = 2000;  // in all lists; ours have about a hundred
const std::vector<std::string> variant_keys = {"variant", "of",  "with",    "cite",
                                               "says",    "set", "declare", "changes"};

bool expect(const json_node& node, kind wanted, const char* what, diagnostics& errors) {
  if (node.is == wanted) return true;
  errors.add(node.at, fmt::format("{} is expected here, not {}", what, node.kind_name()));
  return false;
}

// The files that a protocol or variant is made from, in the order in which they are applied: the protocol
// first, the file itself last. A file that is reached in two ways is applied once, where it is met first.
class origins {
 public:
  origins(library& files, diagnostics& errors) : files_(files), errors_(errors) {}

  // Null on a mistake. `from`: where the reference stands.
  const std::vector<const document*>* of(const std::string& reference, place from) {
    const document* d = files_.find(reference, file_kind::protocol, from, errors_);
    if (d == nullptr) return nullptr;
    if (std::find(open_.begin(), open_.end(), d) != open_.end()) {
      std::string cycle;
      for (const document* o : open_) cycle += o->name + " -> ";
      errors_.add(from, fmt::format("'{}' is made from itself: {}{}", reference, cycle, d->name),
                  "follow the \"of\" and \"with\" keys");
      return nullptr;
    }
    auto known = known_.find(d);
    if (known == known_.end()) {
      open_.push_back(d);
      known = known_.emplace(d, resolve(*d)).first;
      open_.pop_back();
    }
    return known->second.empty() ? nullptr : &known->second;
  }

  // Whether `upper`, which was resolved, is `lower` or made from it.
  bool includes(const document* upper, const document* lower) const {
    const std::vector<const document*>& all = known_.at(upper);
    return std::find(all.begin(), all.end(), lower) != all.end();
  }

 private:
  std::vector<const document*> resolve(const document& d) {
    if (d.kind == file_kind::protocol) return {&d};
    const json_node* base = d.root.find("of");
    if (base == nullptr) {
      refuse_unknown_keys(d.root, variant_keys, errors_);
      errors_.add(d.root.at, "a variant needs \"of\": the protocol that it changes");
      return {};
    }
    if (!expect(*base, kind::string, "the name of a protocol or variant", errors_)) return {};
    const auto* lower = of(base->string, base->at);
    if (lower == nullptr) return {};
    std::vector<const document*> result = *lower;
    if (const json_node* with = d.root.find("with")) {
      if (!expect(*with, kind::array, "an array of names of variants", errors_)) return {};
      bool fine = true;
      for (const json_node& item : with->items) fine = add(item, result) && fine;
      if (!fine) return {};
    }
    result.push_back(&d);
    return result;
  }

  bool add(const json_node& item, std::vector<const document*>& result) {
    if (!expect(item, kind::string, "the name of a variant", errors_)) return false;
    const auto* more = of(item.string, item.at);
    if (more == nullptr) return false;
    if (more->size() == 1) {
      errors_.add(item.at,
                  fmt::format("'{}' is no variant, so it cannot be composed with others", item.string),
                  "the protocol that they change stands under \"of\"");
      return false;
    }
    if (more->front() != result.front()) {
      errors_.add(item.at,
                  fmt::format("'{}' is made from '{}', not from '{}'", item.string, more->front()->name,
                              result.front()->name),
                  "what is composed has to be made from the same protocol");
      return false;
    }
    if (std::find(result.begin(), result.end(), more->back()) != result.end()) {
      errors_.add(item.at, fmt::format("'{}' is in it already", item.string),
                  "by \"of\", or by what stands before it; each variant is applied once");
      return false;
    }
    for (const document* d : *more)
      if (std::find(result.begin(), result.end(), d) == result.end()) result.push_back(d);
    return true;
  }

  library& files_;
  diagnostics& errors_;
  std::map<const document*, std::vector<const document*>> known_;  // empty: there was a mistake
  std::vector<const document*> open_;
};

// Who changed what. A variant may change again what it is made from has changed. Where variants are composed
// that know nothing of each other, the later one would undo the earlier one in silence: that is refused.
struct history {
  const origins& made_from;
  const document* whole;                                        // what is being loaded
  std::map<std::string, const document*> rules, declared, set;  // the last that wrote it
  std::map<std::string, std::pair<const document*, const char*>>
      gone;  // rules: by whom, "replaced" or "removed"

  // Whether `by` was written with what `other` did in view.
  bool knows(const document* by, const document* other) const { return made_from.includes(by, other); }
  std::string hint() const {
    return fmt::format(
        "both are in '{}': try the other order, leave one out, or make one a variant of the other",
        whole->name);
  }
};

class reader {
 public:
  reader(protocol_source& into, const document& file, history& past, diagnostics& errors)
      : into_(into),
        file_(file),
        past_(past),
        cite_(text_of(file.root, "cite", errors)),
        variant_(file.kind == file_kind::variant),
        errors_(errors) {}

  // The declarations that protocols, and variants under "declare", share.
  void declarations(const json_node& object) {
    table(object, "parameters", into_.parameters);
    if (const json_node* segment = object.find("segment"); segment && expect_object(*segment)) {
      refuse_unknown_keys(*segment, {"flags", "fields"}, errors_);
      names(*segment, "flags", into_.flags);
      table(*segment, "fields", into_.fields);
    }
    if (const json_node* endpoint = object.find("endpoint"); endpoint && expect_object(*endpoint)) {
      refuse_unknown_keys(*endpoint, {"states", "groups", "variables", "timers", "signals"}, errors_);
      names(*endpoint, "states", into_.states);
      table(*endpoint, "groups", into_.groups, true);
      table(*endpoint, "variables", into_.variables);
      table(*endpoint, "timers", into_.timers);
      names(*endpoint, "signals", into_.signals);
    }
    table(object, "define", into_.definitions, true);
    table(object, "procedures", into_.procedures, true);
    if (const json_node* list = object.find("require");
        list && expect(*list, kind::array, "an array", errors_))
      for (const json_node& item : list->items) into_.requirements.push_back({"", item.at, item, variant_});
  }

  void rules_of_protocol(const json_node& object) {
    named_lists(object, "user calls", rule_list::kind::call);
    if (const json_node* stages = object.find("segment arrives");
        stages && expect(*stages, kind::array, "an array of stages", errors_))
      for (const json_node& stage : stages->items) {
        if (into_.lists.size() == most_names) {
          errors_.add(stage.at, fmt::format("more than {} stages", most_names));
          break;
        }
        if (!expect_object(stage)) continue;
        refuse_unknown_keys(stage, {"stage", "cite", "says", "rules"}, errors_);
        rule_list list;
        list.is = rule_list::kind::stage;
        list.name = text_of(stage, "stage", errors_, true);
        list.cite = text_of(stage, "cite", errors_);
        list.at = stage.at;
        if (const json_node* rules = stage.find("rules")) read_rules(*rules, list.rules);
        into_.lists.push_back(std::move(list));
      }
    named_lists(object, "time-outs", rule_list::kind::time_out);
    if (const json_node* output = object.find("output")) {
      rule_list list;
      list.is = rule_list::kind::output;
      list.name = "output";
      list.at = output->at;
      read_rules(*output, list.rules);
      into_.lists.push_back(std::move(list));
    }
  }

  void settings(const json_node& object) {
    const json_node* set = object.find("set");
    if (set == nullptr || !expect_object(*set)) return;
    for (const json_member& m : set->members) {
      clash(past_.set, m.key, "set", m.key, m.at);
      into_.settings.push_back({m.key, m.at, m.value, variant_});
      into_.changes.push_back({"set", m.key, {}});
    }
  }

  void changes(const json_node& object) {
    const json_node* list = object.find("changes");
    if (list == nullptr || !expect(*list, kind::array, "an array of changes", errors_)) return;
    for (const json_node& c : list->items)
      if (expect_object(c)) apply(c);
  }

 private:
  bool expect_object(const json_node& node) { return expect(node, kind::object, "an object", errors_); }

  // A table of named declarations. Protocols may not declare a name twice (JSON keys are unique);
  // variants may redefine only where that means something (`replaceable`).
  void table(const json_node& object, const char* key, std::vector<named_node>& into,
             bool replaceable = false) {
    const json_node* node = object.find(key);
    if (node == nullptr || !expect_object(*node)) return;
    for (const json_member& m : node->members) {
      std::string name = m.key;
      if (std::string_view(key) == "define") name = name.substr(0, name.find('('));
      const auto known = std::find_if(into.begin(), into.end(), [&](const named_node& n) {
        return n.name == name || n.name.substr(0, n.name.find('(')) == name;
      });
      const bool again = known != into.end();
      if (again && !(replaceable && variant_))
        errors_.add(m.at, fmt::format("'{}' is declared already", m.key),
                    !variant_ ? ""
                    : std::string_view(key) == "parameters"
                        ? "its value is changed under \"set\""
                        : "groups, definitions and procedures can be replaced, nothing else");
      else if (again)
        *known = {m.key, m.at, m.value, known->from_variant};
      else
        into.push_back({m.key, m.at, m.value, variant_});
      if (!variant_) continue;
      if (replaceable) clash(past_.declared, std::string(key) + " " + name, "defined", m.key, m.at);
      into_.changes.push_back({again ? "redefine" : "declare", m.key, {}});
    }
  }

  // Notes that this file wrote `key`; refuses it where one did that this file does not know.
  void clash(std::map<std::string, const document*>& written, const std::string& key, const char* verb,
             const std::string& name, place at) {
    const document*& last = written.emplace(key, &file_).first->second;
    if (!past_.knows(&file_, last))
      errors_.add(at, fmt::format("'{}' has {} '{}' already", last->name, verb, name), past_.hint());
    last = &file_;
  }

  void names(const json_node& object, const char* key, std::vector<named_node>& into) {
    const json_node* node = object.find(key);
    if (node == nullptr || !expect(*node, kind::array, "an array of names", errors_)) return;
    for (const json_node& item : node->items) {
      if (into.size() == most_names) {
        errors_.add(item.at, fmt::format("more than {} names in this list", most_names));
        return;
      }
      if (!expect(item, kind::string, "a name", errors_)) continue;
      const auto same = [&](const named_node& n) { return n.name == item.string; };
      if (std::any_of(into.begin(), into.end(), same))
        errors_.add(item.at, fmt::format("'{}' stands twice in this list", item.string));
      else
        into.push_back({item.string, item.at, item, variant_});
      if (variant_) into_.changes.push_back({"declare", item.string, {}});
    }
  }

  void named_lists(const json_node& object, const char* key, rule_list::kind is) {
    const json_node* node = object.find(key);
    if (node == nullptr || !expect_object(*node)) return;
    for (const json_member& m : node->members) {
      rule_list list;
      list.is = is;
      list.name = m.key;
      list.at = m.at;
      read_rules(m.value, list.rules);
      into_.lists.push_back(std::move(list));
    }
  }

  void read_rules(const json_node& node, std::vector<rule_source>& into) {
    if (!expect(node, kind::array, "an array of rules", errors_)) return;
    for (const json_node& rule : node.items)
      if (!read_rule(rule, into)) break;
  }

  // Whether there may be more rules after this one.
  bool read_rule(const json_node& rule, std::vector<rule_source>& into) {
    if (!expect_object(rule)) return true;
    if (++rules_ > most_rules) {
      errors_.add(rule.at, fmt::format("more than {} rules", most_rules));
      return false;
    }
    refuse_unknown_keys(rule, {"id", "in", "when", "do", "cite", "says"}, errors_);
    const std::string id = text_of(rule, "id", errors_, true);
    if (id.empty()) return true;
    if (find_rule(id).first != nullptr ||
        std::any_of(into.begin(), into.end(), [&](const rule_source& r) { return r.id == id; }))
      errors_.add(
          rule.find("id")->at, fmt::format("there is already a rule with the id '{}'", id),
          variant_ ? "use {\"replace\": id, \"with\": rule}, or another id" : "ids are unique in a protocol");
    else {
      into.push_back({id, rule, file_.name, variant_ ? cite_ : ""});
      if (variant_) past_.rules[id] = &file_;
    }
    return true;
  }

  std::pair<rule_list*, std::size_t> find_rule(const std::string& id) {
    for (rule_list& list : into_.lists)
      for (std::size_t i = 0; i < list.rules.size(); ++i)
        if (list.rules[i].id == id) return {&list, i};
    return {nullptr, 0};
  }

  void apply(const json_node& c) {
    static const std::vector<std::string> verbs = {"before",    "after", "replace", "remove",
                                                   "at end of", "call",  "stage",   "time-out"};
    const json_member* target = nullptr;
    for (const json_member& m : c.members)
      if (std::find(verbs.begin(), verbs.end(), m.key) != verbs.end()) target = &m;
    if (target == nullptr) {
      errors_.add(c.at, "this change does not say what it changes",
                  "one of: " + fmt::format("{}", fmt::join(verbs, ", ")));
      return;
    }
    const std::string verb = target->key;
    const char* payload = verb == "replace" ? "with" : verb == "remove" ? "" : "add";
    std::vector<std::string> known = {verb, "says", "cite"};
    if (*payload != '\0') known.emplace_back(payload);
    refuse_unknown_keys(c, known, errors_);
    if (!expect(target->value, kind::string, "the id of a rule", errors_)) return;
    const std::string& id = target->value.string;
    const json_node* rules = *payload != '\0' ? c.find(payload) : nullptr;
    if (*payload != '\0' && rules == nullptr) {
      errors_.add(c.at, fmt::format("\"{}\" needs \"{}\": a rule, or an array of rules", verb, payload));
      return;
    }
    if (verb == "at end of" || verb == "call" || verb == "stage" || verb == "time-out") {
      append(id, verb, target->value.at, *rules);
      return;
    }
    const auto [list, at] = find_rule(id);
    if (const auto g = past_.gone.find(id); list == nullptr && g != past_.gone.end()) {
      const auto& [by, what] = g->second;
      errors_.add(target->value.at, fmt::format("'{}' has {} the rule '{}' already", by->name, what, id),
                  past_.knows(&file_, by) ? "" : past_.hint());
      return;
    }
    if (list == nullptr) {
      std::vector<std::string> ids;
      for (const rule_list& l : into_.lists)
        for (const rule_source& r : l.rules) ids.push_back(r.id);
      errors_.add(target->value.at, fmt::format("there is no rule with the id '{}'", id),
                  suggestion(id, ids));
      return;
    }
    std::size_t where = at;
    if (verb == "replace" || verb == "remove") {
      if (const auto owner = past_.rules.find(id);
          owner != past_.rules.end() && !past_.knows(&file_, owner->second)) {
        errors_.add(target->value.at,
                    fmt::format("'{}' has put its own rule '{}' there", owner->second->name, id),
                    past_.hint());
        return;
      }
      list->rules.erase(list->rules.begin() + static_cast<std::ptrdiff_t>(at));
      past_.gone[id] = {&file_, verb == "replace" ? "replaced" : "removed"};
    }
    if (verb == "after") ++where;
    std::vector<std::string> added;
    if (rules != nullptr) {
      std::vector<rule_source> fresh = read_added(*rules);
      for (const rule_source& r : fresh) added.push_back(r.id);
      list->rules.insert(list->rules.begin() + static_cast<std::ptrdiff_t>(where), fresh.begin(),
                         fresh.end());
    }
    into_.changes.push_back({verb == "replace" || verb == "remove" ? verb : "add " + verb, id, added});
  }

  std::vector<rule_source> read_added(const json_node& rules) {
    std::vector<rule_source> fresh;
    if (rules.is == kind::array)
      read_rules(rules, fresh);
    else
      read_rule(rules, fresh);
    return fresh;
  }

  // "at end of": a list that exists; "call", "stage", "time-out": a new list, stages at the end of arrival.
  void append(const std::string& name, const std::string& verb, place at, const json_node& rules) {
    const auto same = [&](const rule_list& l) { return l.name == name; };
    auto list = std::find_if(into_.lists.begin(), into_.lists.end(), same);
    if (verb == "at end of") {
      if (list == into_.lists.end()) {
        std::vector<std::string> names;
        for (const rule_list& l : into_.lists) names.push_back(l.name);
        errors_.add(at, fmt::format("there is no call, stage or timer '{}'", name), suggestion(name, names));
        return;
      }
    } else if (list != into_.lists.end()) {
      errors_.add(at, fmt::format("there is already a {} '{}'", verb, name), "use \"at end of\"");
      return;
    } else {
      rule_list fresh;
      fresh.is = verb == "call"    ? rule_list::kind::call
                 : verb == "stage" ? rule_list::kind::stage
                                   : rule_list::kind::time_out;
      fresh.name = name;
      fresh.at = at;
      const auto later = [&](const rule_list& l) { return l.is > fresh.is; };
      list = into_.lists.insert(std::find_if(into_.lists.begin(), into_.lists.end(), later), fresh);
    }
    std::vector<std::string> added;
    for (rule_source& r : read_added(rules)) {
      added.push_back(r.id);
      list->rules.push_back(std::move(r));
    }
    into_.changes.push_back({"add " + verb, name, added});
  }

  protocol_source& into_;
  const document& file_;
  history& past_;
  std::string cite_;
  bool variant_;
  diagnostics& errors_;
  std::size_t rules_ = 0;  // read so far
};

// Puts a protocol, or a variant on top of what it is made from, into `into`. A table that is misspelt or of
// the wrong kind would make everything that uses it look wrong as well: then the answer is false, and the
// rest is not to be looked at before that is mended.
bool apply(const document& d, protocol_source& into, history& past, diagnostics& errors) {
  const std::size_t before = errors.size();
  bool readable = true;
  if (d.kind == file_kind::protocol) {
    refuse_unknown_keys(
        d.root,
        {"protocol", "cite", "says", "parameters", "require", "segment", "endpoint", "identity", "define",
         "procedures", "user calls", "segment arrives", "time-outs", "output"},
        errors);
    reader r(into, d, past, errors);
    r.declarations(d.root);
    readable = errors.size() == before;
    r.rules_of_protocol(d.root);
    if (const json_node* identity = d.root.find("identity")) into.identity = *identity;
  } else {
    refuse_unknown_keys(d.root, variant_keys, errors);
    readable = errors.size() == before;
    reader r(into, d, past, errors);
    const std::size_t before_declarations = errors.size();
    if (const json_node* declare = d.root.find("declare");
        declare && expect(*declare, kind::object, "an object", errors)) {
      refuse_unknown_keys(*declare, {"parameters", "segment", "endpoint", "define", "procedures", "require"},
                          errors);
      r.declarations(*declare);
    }
    readable = readable && errors.size() == before_declarations;
    r.settings(d.root);
    r.changes(d.root);
  }
  into.name = d.name;
  into.chain.push_back(d.name);
  into.cite = text_of(d.root, "cite", errors);
  into.says = text_of(d.root, "says", errors);
  into.at = d.root.at;
  return readable;
}

}  // namespace

std::string text_of(const json_node& object, std::string_view key, diagnostics& errors, bool required) {
  const json_node* node = object.find(key);
  if (node == nullptr) {
    if (required) errors.add(object.at, fmt::format("\"{}\" is missing here", key));
    return {};
  }
  if (!expect(*node, kind::string, "a string", errors)) return {};
  if (required && node->string.empty()) errors.add(node->at, fmt::format("\"{}\" is empty", key));
  return node->string;
}

std::optional<protocol_source> load_protocol(const std::string& reference, library& files, place from,
                                             diagnostics& errors) {
  origins made_from(files, errors);
  const std::vector<const document*>* parts = made_from.of(reference, from);
  if (parts == nullptr) return std::nullopt;
  const document* whole = parts->back();
  const json_node* base = whole->root.find("of");
  const document* below = base == nullptr ? nullptr : made_from.of(base->string, base->at)->back();
  history past{made_from, whole, {}, {}, {}, {}};
  protocol_source result;
  for (const document* d : *parts) {
    if (!apply(*d, result, past, errors)) return std::nullopt;
    if (d == below) result.changes.clear();
  }
  return result;
}

}  // namespace tcpmc::language
