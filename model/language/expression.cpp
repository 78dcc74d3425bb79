#include "model/language/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/parse_tree.hpp>

namespace tcpmc::language {
namespace grammar {

// clang-format off
using namespace tao::pegtl;  // NOLINT: the grammar reads as PEGTL's own

struct blank : star<space> {};
template <typename Rule> struct token : seq<Rule, blank> {};

struct word_rest : sor<alnum, one<'_'>> {};
// Letters, digits and '_'; '-' only between two of them, so that "a - b" stays a subtraction.
struct word : seq<sor<alpha, one<'_'>>, star<sor<word_rest, seq<one<'-'>, at<word_rest>>>>> {};
struct dotted : seq<word, opt<one<'.'>, word>> {};
struct digits : plus<digit> {};
struct quoted : seq<one<'\''>, star<not_one<'\'', '\n'>>, one<'\''>> {};

struct expr;
struct arguments : seq<token<one<'('>>, opt<list<expr, token<one<','>>>>, token<one<')'>>> {};
struct subscript : seq<token<one<'['>>, expr, token<one<']'>>> {};
struct call_or_name : seq<token<dotted>, opt<sor<arguments, subscript>>> {};
struct parenthesised : seq<token<one<'('>>, expr, token<one<')'>>> {};
struct primary : sor<token<digits>, token<quoted>, parenthesised, call_or_name> {};
struct bang : seq<one<'!'>, not_at<one<'='>>> {};
struct prefixed : seq<star<token<bang>>, primary> {};
struct op_multiply : one<'*'> {};
struct product : list<prefixed, token<op_multiply>> {};
struct op_add : one<'+', '-'> {};
struct sum : list<product, token<op_add>> {};
struct op_compare : sor<string<'=', '='>, string<'!', '='>, string<'<', '='>, string<'>', '='>, one<'<', '>'>> {};
struct members : seq<token<one<'{'>>, list<expr, token<one<','>>>, token<one<'}'>>> {};
struct membership : seq<token<keyword<'i', 'n'>>, sor<members, token<word>>> {};
struct comparison : seq<sum, opt<sor<seq<token<op_compare>, sum>, membership>>> {};
struct conjunctions : list<comparison, token<string<'&', '&'>>> {};
struct disjunctions : list<conjunctions, token<string<'|', '|'>>> {};
struct expr : seq<disjunctions, opt<token<one<'?'>>, expr, token<one<':'>>, expr>> {};
struct whole_expression : seq<blank, expr, eof> {};

struct assigned : seq<token<word>, opt<subscript>, token<string<':', '='>>, expr> {};
struct chosen : seq<token<keyword<'c','h','o','o','s','e'>>, token<word>, token<keyword<'i','n'>>, expr, token<string<'.', '.'>>, expr> {};
struct gone_to : seq<token<keyword<'g','o','t','o'>>, token<word>> {};
struct signalled : seq<token<keyword<'s','i','g','n','a','l'>>, token<word>> {};
struct started : seq<token<keyword<'s','t','a','r','t'>>, token<word>> {};
struct stopped : seq<token<keyword<'s','t','o','p'>>, token<word>> {};
struct continued : seq<token<keyword<'c','o','n','t','i','n','u','e'>>, token<keyword<'a','t'>>, token<word>> {};
struct performed : seq<token<keyword<'d','o'>>, token<word>> {};
struct cleared : token<keyword<'c','l','e','a','r'>> {};
struct crashed : token<keyword<'c','r','a','s','h'>> {};
struct dropped : token<keyword<'d','r','o','p'>> {};
struct refused : token<keyword<'r','e','f','u','s','e'>> {};
struct sent_flag : seq<not_at<keyword<'i','f'>>, word, not_at<blank, one<'='>>> {};
struct sent_field : seq<token<word>, token<one<'='>>, sum> {};
struct sent : seq<token<keyword<'s','e','n','d'>>, star<token<sent_flag>>, star<sent_field>> {};
struct described : seq<not_at<eof>, star<token<sent_flag>>, star<sent_field>> {};  // what follows "send"
struct whole_segment : seq<blank, described, eof> {};
struct any_action : sor<assigned, chosen, gone_to, signalled, started, stopped, continued, performed, sent, cleared, crashed, dropped, refused> {};
struct condition : seq<token<keyword<'i','f'>>, expr> {};
struct conditional_action : seq<any_action, opt<condition>> {};
struct whole_action : seq<blank, conditional_action, eof> {};

struct formal : word {};
struct whole_signature : seq<word, opt<one<'('>, list<token<formal>, token<one<','>>>, one<')'>>, eof> {};

template <typename Rule>
using selector = parse_tree::selector<Rule, parse_tree::store_content::on<
    word, dotted, digits, quoted, arguments, subscript, call_or_name, bang, prefixed, op_multiply, product, op_add,
    sum, op_compare, members, membership, comparison, conjunctions, disjunctions, expr, assigned, chosen, gone_to,
    signalled, started, stopped, continued, performed, cleared, crashed, dropped, refused, sent, described, sent_flag,
    sent_field, condition, conditional_action, formal>>;
// clang-format on

}  // namespace grammar

namespace {

using parsed = tao::pegtl::parse_tree::node;

constexpr std::size_t longest_text = 1000;
constexpr int deepest_parentheses = 32;

class converter {
 public:
  explicit converter(const json_node& from) : from_(from) {}

  expression convert(const parsed& n) const {
    using namespace grammar;  // NOLINT: rule names of the grammar above
    if (n.is_type<digits>()) return leaf(n, syntax::integer, n.string());
    if (n.is_type<quoted>()) return leaf(n, syntax::text, n.string().substr(1, n.string().size() - 2));
    if (n.is_type<word>() || n.is_type<dotted>()) return leaf(n, syntax::name, n.string());
    if (n.is_type<call_or_name>()) return call(n);
    if (n.is_type<prefixed>()) {
      expression e = convert(*n.children.back());
      for (std::size_t i = n.children.size() - 1; i-- > 0;)
        e = make(*n.children[i], syntax::negate, {std::move(e)});
      return e;
    }
    if (n.is_type<product>() || n.is_type<sum>()) return left_to_right(n);
    if (n.is_type<comparison>()) return compare(n);
    if (n.is_type<conjunctions>()) return chain(n, syntax::conjunction);
    if (n.is_type<disjunctions>()) return chain(n, syntax::disjunction);
    if (n.children.size() == 3)  // expr
      return make(n, syntax::conditional,
                  {convert(*n.children[0]), convert(*n.children[1]), convert(*n.children[2])});
    return convert(*n.children[0]);
  }

  action act(const parsed& n) const {
    using namespace grammar;  // NOLINT
    if (n.is_type<conditional_action>()) {
      action a = act(*n.children[0]);
      if (n.children.size() == 2) a.only_if.push_back(convert(*n.children[1]->children[0]));
      return a;
    }
    action a;
    a.at = a.name_at = at(n);
    if (n.is_type<sent>() || n.is_type<described>()) {
      a.is = verb::send;
      for (const auto& child : n.children) {
        if (child->is_type<sent_flag>())
          a.flags.push_back({child->string(), at(*child)});
        else
          a.fields.push_back({child->children[0]->string(), convert(*child->children[1]), at(*child)});
      }
      return a;
    }
    if (!n.children.empty()) {
      a.name = n.children[0]->string();
      a.name_at = at(*n.children[0]);
    }
    if (n.is_type<assigned>()) {
      a.is = verb::assign;
      a.indexed = n.children.size() == 3;
      a.args.push_back(convert(*n.children.back()));
      if (a.indexed) a.args.push_back(convert(*n.children[1]->children[0]));
    } else if (n.is_type<chosen>()) {
      a.is = verb::choose;
      a.args = {convert(*n.children[1]), convert(*n.children[2])};
    } else if (n.is_type<gone_to>()) {
      a.is = verb::go_to;
    } else if (n.is_type<signalled>()) {
      a.is = verb::signal;
    } else if (n.is_type<started>()) {
      a.is = verb::start;
    } else if (n.is_type<stopped>()) {
      a.is = verb::stop;
    } else if (n.is_type<continued>()) {
      a.is = verb::continue_at;
    } else if (n.is_type<performed>()) {
      a.is = verb::perform;
    } else if (n.is_type<cleared>()) {
      a.is = verb::clear;
    } else if (n.is_type<crashed>()) {
      a.is = verb::crash;
    } else if (n.is_type<refused>()) {
      a.is = verb::refuse;
    } else {
      a.is = verb::drop;
    }
    return a;
  }

 private:
  place at(const parsed& n) const { return from_.inside(n.begin().byte); }

  expression make(const parsed& n, syntax is, std::vector<expression> args) const {
    expression e;
    e.is = is;
    e.args = std::move(args);
    e.at = n.has_content() ? at(n) : e.args[0].at;
    return e;
  }
  expression leaf(const parsed& n, syntax is, const std::string& text) const {
    expression e;
    e.is = is;
    e.name = text;
    e.at = at(n);
    if (is == syntax::integer) {
      const bool readable = text.size() <= 9;  // every value of a model is a 32-bit number
      e.value = readable ? std::stoll(text) : std::int64_t{1} << 40;  // refused by the binder
    }
    return e;
  }
  expression call(const parsed& n) const {
    expression e = convert(*n.children[0]);
    if (n.children.size() == 1) return e;
    e.is = n.children[1]->is_type<grammar::arguments>() ? syntax::call : syntax::element;
    for (const auto& child : n.children[1]->children) e.args.push_back(convert(*child));
    return e;
  }
  expression left_to_right(const parsed& n) const {
    expression e = convert(*n.children[0]);
    for (std::size_t i = 1; i + 1 < n.children.size(); i += 2) {
      const std::string op = n.children[i]->string();
      const syntax is = op == "*" ? syntax::multiply : op == "+" ? syntax::add : syntax::subtract;
      e = make(*n.children[i], is, {std::move(e), convert(*n.children[i + 1])});
    }
    return e;
  }
  expression chain(const parsed& n, syntax is) const {
    expression e = convert(*n.children[0]);
    for (std::size_t i = 1; i < n.children.size(); ++i) {
      const place first = e.at;
      e = make(n, is, {std::move(e), convert(*n.children[i])});
      e.at = first;
    }
    return e;
  }
  expression compare(const parsed& n) const {
    if (n.children.size() == 1) return convert(*n.children[0]);
    if (n.children.size() == 2) {  // membership: a set in braces, or the name of a group
      expression e = make(n, syntax::member, {convert(*n.children[0])});
      const parsed& set = *n.children[1]->children[0];
      if (set.is_type<grammar::members>())
        for (const auto& child : set.children) e.args.push_back(convert(*child));
      else
        e.args.push_back(convert(set));
      return e;
    }
    const std::string op = n.children[1]->string();
    const syntax is = op == "=="   ? syntax::equal
                      : op == "!=" ? syntax::unequal
                      : op == "<"  ? syntax::less
                      : op == "<=" ? syntax::less_equal
                      : op == ">"  ? syntax::greater
                                   : syntax::greater_equal;
    return make(*n.children[1], is, {convert(*n.children[0]), convert(*n.children[2])});
  }

  const json_node& from_;
};

// Refuses what would make the recursive parser deep or slow.
bool reasonable(const json_node& node, diagnostics& errors) {
  if (node.string.size() > longest_text) {
    errors.add(node.at, fmt::format("this text has more than {} characters", longest_text),
               "give its parts names under \"define\"");
    return false;
  }
  int depth = 0, deepest = 0;
  bool in_quotes = false;
  for (const char c : node.string) {
    if (c == '\'') in_quotes = !in_quotes;
    if (in_quotes) continue;
    if (c == '(' || c == '[' || c == '{' || c == '?') deepest = std::max(deepest, ++depth);
    if (c == ')' || c == ']' || c == '}') depth = std::max(0, depth - 1);
  }
  if (deepest > deepest_parentheses) {
    errors.add(node.at, fmt::format("nested deeper than {} levels", deepest_parentheses),
               "give its parts names under \"define\"");
    return false;
  }
  return true;
}

template <typename Grammar>
std::unique_ptr<parsed> parse(const std::string& text) {
  tao::pegtl::memory_input input(text, "");
  return tao::pegtl::parse_tree::parse<Grammar, grammar::selector>(input);
}

// Notes how far any rule got, also where the parser turned back afterwards: the place to point at.
template <typename Rule>
struct noting : tao::pegtl::normal<Rule> {
  template <typename Input>
  static void success(const Input& input, std::size_t& furthest) {
    furthest = std::max(furthest, input.byte());
  }
};

template <typename Grammar>
std::unique_ptr<parsed> parse_or_explain(const json_node& node, const char* what, const char* hint,
                                         diagnostics& errors) {
  if (!reasonable(node, errors)) return nullptr;
  auto tree = parse<Grammar>(node.string);
  if (tree) return tree;
  std::size_t stop = 0;
  tao::pegtl::memory_input input(node.string, "");
  tao::pegtl::parse<Grammar, tao::pegtl::nothing, noting>(input, stop);
  if (node.string.find_first_not_of(" \t\r\n\v\f") == std::string::npos)
    errors.add(node.at, fmt::format("{} is missing here", what), hint);
  else if (stop >= node.string.size())
    errors.add(node.inside(stop), fmt::format("{} is not complete here", what), hint);
  else
    errors.add(node.inside(stop),
               fmt::format("cannot read this as {}: \"{}\"", what, node.string.substr(stop, 40)), hint);
  return nullptr;
}

const std::vector<std::string> verbs = {"choose", "goto", "signal",      "clear", "start",  "stop",
                                        "drop",   "send", "continue at", "do",    "refuse", "crash"};

// Reports an action that begins with a word which is no verb: "drp", "sned ACK".
bool begins_with_a_verb(const json_node& node, diagnostics& errors) {
  const std::string& text = node.string;
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  const std::size_t end =
      std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_-", begin), text.size());
  const std::size_t next = std::min(text.find_first_not_of(' ', end), text.size());
  const std::string word = text.substr(begin, end - begin);
  const bool ends =
      next == text.size() || (next > end && std::isalnum(static_cast<unsigned char>(text[next])));
  if (word.empty() || !ends || word == "continue" ||
      std::find(verbs.begin(), verbs.end(), word) != verbs.end())
    return true;
  errors.add(node.inside(begin), fmt::format("'{}' is not an action", word), suggestion(word, verbs));
  return false;
}

}  // namespace

std::optional<expression> parse_expression(const json_node& node, diagnostics& errors) {
  expression constant;
  constant.at = node.at;
  if (node.is == json_node::kind::integer) {
    constant.value = node.integer;
    return constant;
  }
  if (node.is == json_node::kind::boolean) {
    constant.is = syntax::name;
    constant.name = node.boolean ? "true" : "false";
    return constant;
  }
  if (node.is != json_node::kind::string) {
    errors.add(node.at, fmt::format("an expression is expected here, not {}", node.kind_name()),
               "write it as a string, e.g. \"seg.ACK && seg.ack == nxt\"");
    return std::nullopt;
  }
  const auto tree = parse_or_explain<grammar::whole_expression>(
      node, "an expression", "operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)",
      errors);
  if (!tree) return std::nullopt;
  return converter(node).convert(*tree->children[0]);
}

std::optional<action> parse_action(const json_node& node, diagnostics& errors) {
  if (node.is != json_node::kind::string) {
    errors.add(node.at, fmt::format("an action is expected here, not {}", node.kind_name()),
               "write it as a string, e.g. \"send ACK seq=nxt ack=rnx\"");
    return std::nullopt;
  }
  if (!begins_with_a_verb(node, errors)) return std::nullopt;
  const auto tree = parse_or_explain<grammar::whole_action>(
      node, "an action",
      "actions: x := e, choose x in e .. e, send FLAGS field=e, goto S, start T, stop T, signal N, "
      "do P, continue at STAGE, clear, crash, drop, refuse; and \"... if e\"",
      errors);
  if (!tree) return std::nullopt;
  return converter(node).act(*tree->children[0]);
}

std::optional<action> parse_segment(const json_node& node, diagnostics& errors) {
  if (node.is != json_node::kind::string) {
    errors.add(node.at, fmt::format("a segment is expected here, not {}", node.kind_name()),
               "write it as a string, e.g. \"RST seq=100\"");
    return std::nullopt;
  }
  const auto tree = parse_or_explain<grammar::whole_segment>(
      node, "a segment", "its flags, then its fields, e.g. \"SYN ACK seq=100 ack=i + 1\"", errors);
  if (!tree) return std::nullopt;
  return converter(node).act(*tree->children[0]);
}

std::optional<signature> parse_signature(const std::string& key, place at, diagnostics& errors) {
  const auto tree = key.size() <= longest_text ? parse<grammar::whole_signature>(key) : nullptr;
  if (!tree) {
    errors.add(at, fmt::format("\"{}\" is not a name that can be defined", key.substr(0, 40)),
               "write \"name\" or \"name(x, y)\"; letters, digits, '_' and inner '-'");
    return std::nullopt;
  }
  signature result;
  for (const auto& child : tree->children) {
    if (child->is_type<grammar::formal>()) {
      const auto& known = result.parameters;
      if (std::find(known.begin(), known.end(), child->string()) != known.end()) {
        errors.add(at, fmt::format("the parameter '{}' stands twice in \"{}\"", child->string(), key));
        return std::nullopt;
      }
      result.parameters.push_back(child->string());
    } else {
      result.name = child->string();
    }
  }
  return result;
}

}  // namespace tcpmc::language
