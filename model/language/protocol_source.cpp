#include "model/language/protocol_source.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tcpmc::language {
namespace {

using kind = json_node::kind;

constexpr std::size_t most_names = 1000;  // in one list
constexpr std::size_t most_rules = 2000;  // in all lists; ours have about a hundred

bool expect(const json_node& node, kind wanted, const char* what, diagnostics& errors) {
  if (node.is == wanted) return true;
  errors.add(node.at, fmt::format("{} is expected here, not {}", what, node.kind_name()));
  return false;
}

class reader {
 public:
  reader(protocol_source& into, const document& file, diagnostics& errors)
      : into_(into),
        origin_(file.name),
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
      if (variant_) into_.changes.push_back({again ? "redefine" : "declare", m.key, {}});
    }
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
    else
      into.push_back({id, rule, origin_, variant_ ? cite_ : ""});
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
    if (list == nullptr) {
      std::vector<std::string> ids;
      for (const rule_list& l : into_.lists)
        for (const rule_source& r : l.rules) ids.push_back(r.id);
      errors_.add(target->value.at, fmt::format("there is no rule with the id '{}'", id),
                  suggestion(id, ids));
      return;
    }
    std::size_t where = at;
    if (verb == "replace" || verb == "remove")
      list->rules.erase(list->rules.begin() + static_cast<std::ptrdiff_t>(at));
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
  std::string origin_, cite_;
  bool variant_;
  diagnostics& errors_;
  std::size_t rules_ = 0;  // read so far
};

std::optional<protocol_source> load(const std::string& reference, library& files, place from,
                                    std::vector<const document*>& open, diagnostics& errors) {
  const document* d = files.find(reference, file_kind::protocol, from, errors);
  if (d == nullptr) return std::nullopt;
  if (std::find(open.begin(), open.end(), d) != open.end()) {
    std::string cycle;
    for (const document* o : open) cycle += o->name + " -> ";
    errors.add(from, fmt::format("'{}' is made from itself: {}{}", reference, cycle, d->name),
               "follow the \"of\" keys");
    return std::nullopt;
  }
  protocol_source result;
  // A table that is misspelt or of the wrong kind would make everything that uses it look wrong as well: then
  // the rest is not looked at before that is mended.
  bool readable = true;
  if (d->kind == file_kind::protocol) {
    const std::size_t before = errors.size();
    refuse_unknown_keys(
        d->root,
        {"protocol", "cite", "says", "parameters", "require", "segment", "endpoint", "identity", "define",
         "procedures", "user calls", "segment arrives", "time-outs", "output"},
        errors);
    reader r(result, *d, errors);
    r.declarations(d->root);
    readable = errors.size() == before;
    r.rules_of_protocol(d->root);
    if (const json_node* identity = d->root.find("identity")) result.identity = *identity;
  } else {
    const std::size_t before = errors.size();
    refuse_unknown_keys(d->root, {"variant", "of", "cite", "says", "set", "declare", "changes"}, errors);
    readable = errors.size() == before;
    const json_node* of = d->root.find("of");
    if (of == nullptr || !expect(*of, kind::string, "the name of a protocol or variant", errors)) {
      if (of == nullptr) errors.add(d->root.at, "a variant needs \"of\": the protocol that it changes");
      return std::nullopt;
    }
    open.push_back(d);
    auto base = load(of->string, files, of->at, open, errors);
    open.pop_back();
    if (!base) return std::nullopt;
    result = std::move(*base);
    result.changes.clear();
    reader r(result, *d, errors);
    const std::size_t before_declarations = errors.size();
    if (const json_node* declare = d->root.find("declare");
        declare && expect(*declare, kind::object, "an object", errors)) {
      refuse_unknown_keys(*declare, {"parameters", "segment", "endpoint", "define", "procedures", "require"},
                          errors);
      r.declarations(*declare);
    }
    readable = readable && errors.size() == before_declarations;
    r.settings(d->root);
    r.changes(d->root);
  }
  result.name = d->name;
  result.chain.push_back(d->name);
  result.cite = text_of(d->root, "cite", errors);
  result.says = text_of(d->root, "says", errors);
  result.at = d->root.at;
  if (!readable) return std::nullopt;
  return result;
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
  std::vector<const document*> open;
  return load(reference, files, from, open, errors);
}

}  // namespace tcpmc::language
