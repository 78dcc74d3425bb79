#include "model/language/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tcpmc::language {
namespace {

using kind = json_node::kind;

constexpr int deepest = 32;  // of definitions and procedures in each other

// How tightly an operator binds; more is tighter.
int strength(const expression& e) {
  switch (e.is) {
    case syntax::conditional:
      return 0;
    case syntax::disjunction:
      return 1;
    case syntax::conjunction:
      return 2;
    case syntax::negate:
      return 3;
    case syntax::equal:
    case syntax::unequal:
    case syntax::less:
    case syntax::less_equal:
    case syntax::greater:
    case syntax::greater_equal:
    case syntax::member:
      return 4;
    case syntax::add:
    case syntax::subtract:
      return 5;
    case syntax::multiply:
      return 6;
    default:
      return 7;
  }
}

const char* operator_of(syntax s) {
  switch (s) {
    case syntax::disjunction:
      return "||";
    case syntax::conjunction:
      return "&&";
    case syntax::equal:
      return "==";
    case syntax::unequal:
      return "!=";
    case syntax::less:
      return "<";
    case syntax::less_equal:
      return "<=";
    case syntax::greater:
      return ">";
    case syntax::greater_equal:
      return ">=";
    case syntax::add:
      return "+";
    case syntax::subtract:
      return "-";
    case syntax::multiply:
      return "*";
    default:
      return "";
  }
}

std::string text_of(const expression& e);

// A part of an expression, in parentheses where it binds less tightly than `least`.
std::string part(const expression& e, int least) {
  return strength(e) < least ? "(" + text_of(e) + ")" : text_of(e);
}

std::string list_of(const std::vector<expression>& all, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < all.size(); ++i) text += (i == from ? "" : ", ") + text_of(all[i]);
  return text;
}

// An expression as it is written.
std::string text_of(const expression& e) {
  switch (e.is) {
    case syntax::integer:
      return std::to_string(e.value);
    case syntax::text:
      return "'" + e.name + "'";
    case syntax::name:
      return e.name;
    case syntax::call:
      return e.name + "(" + list_of(e.args, 0) + ")";
    case syntax::element:
      return e.name + "[" + text_of(e.args[0]) + "]";
    case syntax::negate:
      return "!" + part(e.args[0], 7);
    case syntax::member:
      return part(e.args[0], 5) + " in {" + list_of(e.args, 1) + "}";
    case syntax::conditional:
      return part(e.args[0], 1) + " ? " + part(e.args[1], 1) + " : " + part(e.args[2], 1);
    default: {
      const int own = strength(e);
      return part(e.args[0], own) + " " + operator_of(e.is) + " " + part(e.args[1], own + 1);
    }
  }
}

class mutator {
 public:
  mutator(const protocol_source& of, const rule_source& rule, source_store& texts)
      : of_(of), rule_(rule), texts_(texts) {}

  std::vector<mutation> run() {
    all_.push_back({rule_.id, mutation::kind::remove, "removed", {}});
    weaken();
    bend();
    return errors_.empty() ? std::move(all_) : std::vector<mutation>{};
  }

 private:
  // A string node with a text of its own, so that a mistake in it has a place.
  json_node node_of(const std::string& text) {
    json_node n;
    n.is = kind::string;
    n.string = text;
    n.at = {&texts_.add(fmt::format("{}, changed", rule_.id), "\"" + text + "\""), 0};
    return n;
  }

  // The rule with another value for a key, or without it.
  json_node with(std::string_view key, const json_node* value) const {
    json_node changed = rule_.node;
    const auto at = std::find_if(changed.members.begin(), changed.members.end(),
                                 [&](const json_member& m) { return m.key == key; });
    if (value == nullptr)
      changed.members.erase(at);
    else
      at->value = *value;
    return changed;
  }

  void add(mutation::kind is, const std::string& text, json_node node) {
    if (told_.insert(text).second) all_.push_back({rule_.id, is, text, std::move(node)});
  }

  // --- conditions ---

  void weaken() {
    if (rule_.node.find("in") != nullptr) add(mutation::kind::weaken, "in any state", with("in", nullptr));
    const json_node* when = rule_.node.find("when");
    if (when == nullptr) return;
    const auto e = parse_expression(*when, errors_);
    if (!e) return;
    std::vector<expression> parts;
    take_apart(*e, parts, 0);
    for (std::size_t left_out = 0; left_out < parts.size(); ++left_out) {
      std::string text;
      for (std::size_t i = 0; i < parts.size(); ++i)
        if (i != left_out) text += (text.empty() ? "" : " && ") + part(parts[i], 3);
      const json_node rest = node_of(text);
      add(mutation::kind::weaken, fmt::format("without the condition `{}`", text_of(parts[left_out])),
          with("when", text.empty() ? nullptr : &rest));
    }
  }

  // The parts of a conjunction; a name that stands for one is taken apart as well.
  void take_apart(const expression& e, std::vector<expression>& parts, int depth) {
    if (e.is == syntax::conjunction) {
      take_apart(e.args[0], parts, depth);
      take_apart(e.args[1], parts, depth);
      return;
    }
    if (e.is == syntax::name && depth < deepest) {
      const auto d = std::find_if(of_.definitions.begin(), of_.definitions.end(),
                                  [&](const named_node& n) { return n.name == e.name; });
      const auto body = d != of_.definitions.end() ? parse_expression(d->node, errors_) : std::nullopt;
      if (body && body->is == syntax::conjunction) return take_apart(*body, parts, depth + 1);
    }
    parts.push_back(e);
  }

  // --- actions ---

  void bend() {
    const json_node* body = rule_.node.find("do");
    if (body == nullptr || body->is != kind::array) return;
    expand(*body, 0);
    for (std::size_t i = 0; i < actions_.size(); ++i) {
      const auto a = parse_action(actions_[i], errors_);
      if (!a || a->is == verb::refuse) continue;
      const std::string& text = actions_[i].string;
      replace(i, "", fmt::format("without `{}`", text));
      const std::string condition = a->only_if.empty() ? "" : " if " + text_of(a->only_if[0]);
      if (!condition.empty())
        replace(i, text.substr(0, text.rfind(" if ")), fmt::format("`{}` always", text));
      if (a->is == verb::send) bend_send(i, *a, condition);
      if (a->is == verb::assign && !a->indexed && is_sequence(of_.variables, a->name))
        replace(i, fmt::format("{} := {}{}", a->name, one_less(a->args[0]), condition), "");
    }
  }

  void bend_send(std::size_t i, const action& a, const std::string& condition) {
    for (std::size_t f = 0; f < a.flags.size() && a.flags.size() > 1; ++f) {
      action less = a;
      less.flags.erase(less.flags.begin() + static_cast<std::ptrdiff_t>(f));
      replace(i, send_text(less, "", "") + condition, "");
    }
    for (const action::field& f : a.fields) {
      const std::string value = is_sequence(of_.fields, f.name) ? one_less(f.value) : "";
      if (value.empty() || f.value.is != syntax::integer)
        replace(i, send_text(a, f.name, value) + condition, "");
    }
  }

  // The action, with one field's value replaced; without the field, if the value is "".
  static std::string send_text(const action& a, const std::string& field, const std::string& value) {
    std::string text = "send";
    for (const action::flag& f : a.flags) text += " " + f.name;
    for (const action::field& f : a.fields)
      if (f.name != field)
        text += fmt::format(" {}={}", f.name, text_of(f.value));
      else if (!value.empty())
        text += fmt::format(" {}={}", f.name, value);
    return text;
  }

  static std::string one_less(const expression& e) { return part(e, 5) + " - 1"; }

  static bool is_sequence(const std::vector<named_node>& declared, const std::string& name) {
    const auto found =
        std::find_if(declared.begin(), declared.end(), [&](const named_node& n) { return n.name == name; });
    if (found == declared.end()) return false;
    const json_node* type = found->node.is == kind::object ? found->node.find("type") : &found->node;
    return type != nullptr && type->string == "sequence";
  }

  // The rule with another i-th action, or without it. Without a `text` it is told by what becomes of it.
  void replace(std::size_t i, const std::string& action, const std::string& text) {
    json_node body;
    body.is = kind::array;
    body.at = rule_.node.find("do")->at;
    body.items = actions_;
    if (action.empty())
      body.items.erase(body.items.begin() + static_cast<std::ptrdiff_t>(i));
    else
      body.items[i] = node_of(action);
    add(mutation::kind::bend,
        text.empty() ? fmt::format("`{}` becomes `{}`", actions_[i].string, action) : text,
        with("do", &body));
  }

  void expand(const json_node& body, int depth) {
    for (const json_node& item : body.items) {
      const auto a = parse_action(item, errors_);
      const auto procedure = a && a->is == verb::perform && depth < deepest
                                 ? std::find_if(of_.procedures.begin(), of_.procedures.end(),
                                                [&](const named_node& n) { return n.name == a->name; })
                                 : of_.procedures.end();
      if (procedure != of_.procedures.end())
        expand(procedure->node, depth + 1);
      else
        actions_.push_back(item);
    }
  }

  const protocol_source& of_;
  const rule_source& rule_;
  source_store& texts_;
  diagnostics errors_;
  std::vector<json_node> actions_;  // procedures put in
  std::set<std::string> told_;
  std::vector<mutation> all_;
};

}  // namespace

const char* name_of(mutation::kind k) {
  switch (k) {
    case mutation::kind::remove:
      return "remove";
    case mutation::kind::weaken:
      return "weaken";
    case mutation::kind::bend:
      return "bend";
  }
  return "?";
}

std::vector<mutation> mutations_of(const protocol_source& of, const std::string& rule, source_store& texts) {
  for (const rule_list& l : of.lists)
    for (const rule_source& r : l.rules)
      if (r.id == rule) return mutator(of, r, texts).run();
  return {};
}

protocol_source mutated(const protocol_source& of, const mutation& m) {
  protocol_source result = of;
  result.mutant = true;
  for (rule_list& l : result.lists) {
    const auto at =
        std::find_if(l.rules.begin(), l.rules.end(), [&](const rule_source& r) { return r.id == m.rule; });
    if (at == l.rules.end()) continue;
    if (m.is == mutation::kind::remove)
      l.rules.erase(at);
    else
      at->node = m.node;
  }
  return result;
}

}  // namespace tcpmc::language
