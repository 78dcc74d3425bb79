// tcpmc why: for each rule of a protocol, what breaks without it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/commands.hpp"
#include "cli/limits.hpp"
#include "cli/reporting.hpp"
#include "cli/version.hpp"
#include "cli/why.hpp"

namespace tcpmc::cli {
namespace {

using json = nlohmann::ordered_json;
using language::json_node;
using language::mutation;

struct why_options {
  why_input asked;
  limit_options limits;
  std::string progress = "auto", explanations;
  bool as_json = false, markdown = false;
};

// Hand-written sentences on changes that no property notices, by rule and change: why they are harmless.
class explanations {
 public:
  // {"explanations": PROTOCOL, "rules": {RULE: {CHANGE: SENTENCE}}}. Reports what is not of that form.
  void read(const std::string& path, language::source_store& sources, language::diagnostics& errors) {
    const language::source* file = language::read_file(path, sources, errors);
    const auto root = file != nullptr ? language::parse_json(*file, errors) : std::nullopt;
    if (!root) return;
    const auto object = [&](const json_node* node, language::place at) {
      const bool fine = node != nullptr && node->is == json_node::kind::object;
      if (!fine) errors.add(node != nullptr ? node->at : at, "\"rules\" is {rule: {change: sentence}}");
      return fine;
    };
    const json_node* rules = root->find("rules");
    if (!object(rules, root->at)) return;
    for (const language::json_member& rule : rules->members) {
      if (!object(&rule.value, rule.at)) continue;
      for (const language::json_member& m : rule.value.members)
        if (m.value.is == json_node::kind::string)
          all_[{rule.key, m.key}] = {m.value.string, m.at};
        else
          errors.add(m.value.at, "why a change is harmless is told in a sentence, a string");
    }
  }

  const std::string* of(const std::string& rule, const std::string& change) const {
    const auto found = all_.find({rule, change});
    return found == all_.end() ? nullptr : &found->second.text;
  }

  // Reports those that are about no change that goes unnoticed.
  void refuse_stale(const why_report& r, language::diagnostics& errors) const {
    for (const auto& entry : all_) {
      const auto& key = entry.first;
      const auto& given = entry.second;
      const auto is_meant = [&](const rule_report& rule) {
        return rule.rule->id == key.first &&
               std::any_of(rule.changes.begin(), rule.changes.end(), [&](const change_report& c) {
                 return c.is == effect::unnoticed && c.change.text == key.second;
               });
      };
      if (std::none_of(r.rules.begin(), r.rules.end(), is_meant))
        errors.add(given.at,
                   fmt::format("stale: no change of the rule '{}' that goes unnoticed is called '{}'",
                               key.first, key.second),
                   "take it out, or see what the change is called now");
    }
  }

 private:
  struct sentence {
    std::string text;
    language::place at;
  };
  std::map<std::pair<std::string, std::string>, sentence> all_;
};

std::string steps_text(const change_report& c) {
  return fmt::format("{} step{}{}", c.steps, c.steps == 1 ? "" : "s",
                     c.shortest ? "" : " (not proven shortest)");
}

// What became of a change, in words. `tick` stands around names.
std::string effect_text(const change_report& c, const char* tick) {
  switch (c.is) {
    case effect::violated:
      return fmt::format("{0}{1}{0} is violated in {0}{2}{0}, {3}", tick, c.property, c.in->name,
                         steps_text(c));
    case effect::vacuous:
      return fmt::format(
          "{0}{1}{0} has nothing left to judge in {0}{2}{0}: its witness is not reachable any more", tick,
          c.property, c.in->name);
    case effect::broken_model:
      return fmt::format("breaks the model in {0}{1}{0}: {2}", tick, c.in->name, c.message);
    case effect::never_fires:
      return "not asked: the rule never fires";
    case effect::unnoticed:
      break;
  }
  std::string text = fmt::format("not noticed in {} question{}{}", c.asked, c.asked == 1 ? "" : "s",
                                 c.asked == 0  ? ""
                                 : c.same_size ? ", with as many states and steps as without the change"
                                               : "");
  if (!c.open.empty()) text += fmt::format("; too large to tell in {}", fmt::join(c.open, ", "));
  if (c.told_in != nullptr)
    text += fmt::format("; seen from outside in {0}{1}{0}: {2}", tick, c.told_in->name, c.told);
  else if (c.compared > 0)
    text += fmt::format("; nobody outside can tell in {} question{}", c.compared, c.compared == 1 ? "" : "s");
  if (c.undecided > 0) text += fmt::format("; too large to compare in {}", c.undecided);
  return text;
}

std::string removal_text(const rule_report& r, const char* tick) {
  const change_report& c = r.changes[0];
  if (c.is == effect::never_fires) return "never fires in these questions";
  if (c.is == effect::unnoticed && c.open.empty())
    return fmt::format("needed for nothing within these bounds ({})", effect_text(c, tick));
  return "without it, " + effect_text(c, tick);
}

// What becomes of a change that no property notices.
enum class harm { none_seen, explained, open };

harm harm_of(const rule_report& rule, const change_report& c, const explanations& why) {
  if (c.told_in == nullptr && c.compared > 0 && c.undecided == 0) return harm::none_seen;
  return why.of(rule.rule->id, c.change.text) != nullptr ? harm::explained : harm::open;
}

struct totals {
  std::size_t changes = 0, noticed = 0, unnoticed = 0, unseen = 0, explained = 0, never = 0, rules_never = 0,
              rules_unneeded = 0;
};

totals count(const why_report& r, const explanations& why) {
  totals t;
  for (const rule_report& rule : r.rules) {
    t.rules_never += rule.changes[0].is == effect::never_fires;
    t.rules_unneeded += rule.changes[0].is == effect::unnoticed;
    for (const change_report& c : rule.changes) {
      ++t.changes;
      if (c.is == effect::never_fires)
        ++t.never;
      else if (c.is != effect::unnoticed)
        ++t.noticed;
      else {
        ++t.unnoticed;
        const harm h = harm_of(rule, c, why);
        t.unseen += h == harm::none_seen;
        t.explained += h == harm::explained;
      }
    }
  }
  return t;
}

void tell(const why_report& r, const explanations& why, bool one) {
  for (const rule_report& rule : r.rules) {
    fmt::print("{}  [{}]\n  {}\n", rule.rule->id, rule.rule->cite, removal_text(rule, ""));
    if (one) {
      if (!rule.changes[0].run.empty()) fmt::print("\n{}\n", rule.changes[0].run);
      for (std::size_t i = 1; i < rule.changes.size(); ++i) {
        const change_report& c = rule.changes[i];
        fmt::print("  {}: {}\n", c.change.text, effect_text(c, ""));
        if (const std::string* sentence = why.of(rule.rule->id, c.change.text))
          fmt::print("    {}\n", *sentence);
      }
      continue;
    }
    std::size_t noticed = 0, not_noticed = 0;
    for (std::size_t i = 1; i < rule.changes.size(); ++i) {
      noticed += rule.changes[i].is != effect::unnoticed && rule.changes[i].is != effect::never_fires;
      not_noticed += rule.changes[i].is == effect::unnoticed;
    }
    if (noticed + not_noticed > 0)
      fmt::print("  weakened or bent in {} ways: {} noticed, {} not\n", noticed + not_noticed, noticed,
                 not_noticed);
  }
  const totals t = count(r, why);
  if (!r.left_out.empty()) fmt::print("{}", folded("not asked: ", r.left_out));
  fmt::print(
      "tcpmc {}: why {}: {} rules in {} questions, {} never fire, {} needed for nothing; {} changes, {} "
      "noticed, {} not (of which nobody outside can tell {}, and {} are explained)\n",
      version, r.protocol->name, r.rules.size(), r.questions.size(), t.rules_never, t.rules_unneeded,
      t.changes - t.never, t.noticed, t.unnoticed, t.unseen, t.explained);
}

json document(const why_report& r, const explanations& why) {
  constexpr std::array<const char*, 5> names = {"violated", "holds vacuously", "breaks the model",
                                                "not noticed", "never fires"};
  json questions = json::array(), rules = json::array();
  for (const auto& q : r.questions) {
    json kept = json::array();
    for (const language::document* d : q->properties) kept.push_back(d->name);
    questions.push_back({{"question", q->name},
                         {"properties", kept},
                         {"violated_anyway", q->violated},
                         {"states", q->statistics.states},
                         {"transitions", q->statistics.transitions}});
  }
  for (const rule_report& rule : r.rules) {
    json changes = json::array();
    for (const change_report& c : rule.changes) {
      json one = {{"kind", language::name_of(c.change.is)},
                  {"change", c.change.text},
                  {"effect", names[static_cast<std::size_t>(c.is)]}};
      if (c.in != nullptr) one["question"] = c.in->name;
      if (!c.property.empty()) one["property"] = c.property;
      if (c.is == effect::violated) {
        one["steps"] = c.steps;
        one["shortest"] = c.shortest;
        one["run"] = c.run;
      }
      if (!c.message.empty()) one["message"] = c.message;
      if (c.is == effect::unnoticed) {
        one["questions"] = c.asked;
        one["open"] = c.open;
        one["same_size"] = c.same_size;
        one["outside"] = {{"same_in", c.compared}, {"undecided", c.undecided}};
        if (c.told_in != nullptr) {
          one["outside"]["told_in"] = c.told_in->name;
          one["outside"]["told"] = c.told;
        }
        if (const std::string* sentence = why.of(rule.rule->id, c.change.text))
          one["explanation"] = *sentence;
      }
      changes.push_back(one);
    }
    rules.push_back({{"rule", rule.rule->id},
                     {"cite", rule.rule->cite},
                     {"list", rule.list},
                     {"fires_in", rule.fires_in},
                     {"changes", changes}});
  }
  return {{"tcpmc", version},
          {"protocol", r.protocol->name},
          {"questions", questions},
          {"left_out", r.left_out},
          {"rules", rules}};
}

// --- the page ---

// As it has to stand in a table's cell.
std::string cell(std::string text) {
  for (std::size_t i = 0; (i = text.find('|', i)) != std::string::npos; i += 2) text.insert(i, "\\");
  return text;
}

void page_of_questions(const why_report& r) {
  fmt::print(
      "## The questions\n\nEach scenario is asked with all of these properties at once; `tcpmc list` says "
      "what they "
      "mean.\n\n"
      "| scenario | properties that hold | states | steps |\n|---|---|--:|--:|\n");
  for (const auto& q : r.questions) {
    std::string kept;
    for (const language::document* d : q->properties) kept += (kept.empty() ? "`" : ", `") + d->name + "`";
    fmt::print("| `{}` | {} | {} | {} |\n", q->name, kept, with_commas(q->statistics.states),
               with_commas(q->statistics.transitions));
  }
  fmt::print("\n");
  if (r.left_out.empty()) return;
  fmt::print("Not asked:\n\n");
  for (const std::string& text : r.left_out) fmt::print("- {}\n", text);
  fmt::print("\n");
}

void page_of_rule(const rule_report& rule) {
  const language::rule& x = *rule.rule;
  fmt::print("### {}\n\n[{}]{}\n\n```\n", x.id, x.cite, x.says.empty() ? "" : " " + x.says);
  if (!x.in_text.empty()) fmt::print("in    {}\n", x.in_text);
  if (!x.when_text.empty()) fmt::print("when  {}\n", x.when_text);
  for (std::size_t i = 0; i < x.do_text.size(); ++i)
    fmt::print("{}{}\n", i == 0 ? "do    " : "      ", x.do_text[i]);
  std::string removal = removal_text(rule, "`");
  removal[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(removal[0])));
  fmt::print("```\n\n**{}.**\n\n", removal);
  if (rule.changes[0].is == effect::never_fires) return;
  if (!rule.changes[0].run.empty())
    fmt::print("<details><summary>the run</summary>\n\n```\n{}```\n\n</details>\n\n", rule.changes[0].run);
  bool head = false;
  for (std::size_t i = 1; i < rule.changes.size(); ++i) {
    const change_report& c = rule.changes[i];
    if (!head) fmt::print("| changed | |\n|---|---|\n");
    head = true;
    fmt::print("| {} | {} |\n", cell(c.change.text), cell(effect_text(c, "`")));
  }
  if (head) fmt::print("\n");
}

void page_of_unnoticed(const why_report& r, const explanations& why) {
  constexpr std::array<const char*, 3> titles = {"Nobody outside can tell, in these questions",
                                                 "Harmless, and why", "Not explained yet"};
  fmt::print(
      "## What no property notices\n\nThese changes were compared with the protocol as it is, step by step, "
      "by "
      "what is seen from outside: segments, calls, and what users are told "
      "([rules.md](rules.md#seen-from-outside)).\n\n");
  for (const harm kind : {harm::none_seen, harm::explained, harm::open}) {
    bool head = false;
    for (const rule_report& rule : r.rules)
      for (const change_report& c : rule.changes) {
        if (c.is != effect::unnoticed || harm_of(rule, c, why) != kind) continue;
        const std::string* sentence = why.of(rule.rule->id, c.change.text);
        if (!head)
          fmt::print("### {}\n\n| rule | changed | | why it does no harm |\n|---|---|---|---|\n",
                     titles[static_cast<std::size_t>(kind)]);
        head = true;
        const std::string seen = c.told_in != nullptr ? fmt::format("`{}`: {}", c.told_in->name, c.told)
                                 : c.compared > 0
                                     ? fmt::format("{} question{}", c.compared, c.compared == 1 ? "" : "s")
                                     : "not compared";
        fmt::print("| {} | {} | {} | {} |\n", rule.rule->id, cell(c.change.text), cell(seen),
                   sentence != nullptr ? cell(*sentence) : "");
      }
    if (head) fmt::print("\n");
  }
}

void page(const why_report& r, const explanations& why, const std::string& options) {
  const totals t = count(r, why);
  fmt::print("# Why the rules of {0} are there\n\n<!-- generated: tcpmc why {0} --markdown{1} -->\n\n",
             r.protocol->name, options);
  fmt::print(
      "For each rule: what breaks if it is not there, if a part of its condition is left out, or if one of "
      "its\nactions is changed. It is looked for in all questions where that can make a difference, the "
      "smallest first, up to\nthe first that notices: a property is violated, or has nothing left to judge, "
      "or the model itself breaks. Limits are\nnumbers of states and steps, so this page is the same on "
      "every "
      "machine. *Needed for nothing*, *not noticed* and\n*nobody can tell* are said of these questions, not "
      "of all there could be ([rules.md](rules.md#what-breaks-without-a-rule)).\n\n");
  fmt::print(
      "{} rules: {} never fire in these questions, {} are needed for nothing.\n"
      "{} changes were tried: {} are noticed, {} are not. Of these nobody outside can tell {}, and {} are "
      "explained [below](#what-no-property-notices).\n\n",
      r.rules.size(), t.rules_never, t.rules_unneeded, t.changes - t.never, t.noticed, t.unnoticed, t.unseen,
      t.explained);
  page_of_questions(r);
  std::string list;
  for (const rule_report& rule : r.rules) {
    if (rule.list != list) fmt::print("## {}\n\n", rule.list);
    list = rule.list;
    page_of_rule(rule);
  }
  page_of_unnoticed(r, why);
}

// What the page was asked for, beside the protocol.
std::string page_options(const why_options& o) {
  std::string text;
  if (o.asked.suites != why_input{}.suites)
    for (const std::string& s : o.asked.suites) text += " --suite " + s;
  return o.explanations.empty() ? text : text + " --explanations " + o.explanations;
}

int why(const why_options& o) {
  const auto start = std::chrono::steady_clock::now();
  catch_signals();
  language::diagnostics errors;
  language::source_store sources;
  const auto fail = [&] {
    fmt::print(stderr, "{}", errors.text());
    return exit_bad_input;
  };
  explanations sentences;
  if (!o.explanations.empty()) sentences.read(o.explanations, sources, errors);
  if (!errors.empty()) return fail();
  why_input asked = o.asked;
  const checker::options limits = limits_of(o.limits, start);
  asked.threads = limits.threads;
  progress_line progress(style_named(o.progress));
  progress.about(asked.protocol);
  why_analysis analysis;
  std::string reached;  // a limit, before the answer
  const auto report = analysis.run(
      asked,
      [&](std::size_t done, std::size_t all) {
        const bool late = std::chrono::steady_clock::now() >= limits.deadline;
        if (late || checker::resident_memory() > limits.max_memory)
          reached = fmt::format(
              "the {} limit was reached {}", late ? "time" : "memory",
              all == 0 ? "before any change was tried" : fmt::format("after {} of {} changes", done, all));
        return reached.empty() && progress.tell([&](double, bool as_json) {
          return as_json ? json{{"done", done}, {"of", all}}.dump()
                         : fmt::format("{} of {} changes", done, all);
        });
      },
      errors);
  progress.clear();
  if (caught_signal() != 0) return 128 + caught_signal();
  if (!reached.empty()) {
    fmt::print(stderr, "tcpmc: {}\n", reached);
    return static_cast<int>(exit_inconclusive);
  }
  if (!report) return fail();
  if (asked.rule.empty()) sentences.refuse_stale(*report, errors);
  if (o.as_json)
    fmt::print("{}\n", document(*report, sentences).dump(2));
  else if (o.markdown)
    page(*report, sentences, page_options(o));
  else
    tell(*report, sentences, !asked.rule.empty());
  return errors.empty() ? static_cast<int>(exit_fine) : fail();
}

}  // namespace

void add_why_command(CLI::App& app, int& code) {
  auto o = std::make_shared<why_options>();
  CLI::App* c = app.add_subcommand("why", "for each rule, what breaks without it");
  c->add_option("PROTOCOL", o->asked.protocol, "protocol or variant, by name or path")->required();
  c->add_option("RULE", o->asked.rule, "one rule only, with the run and all changes (default: all rules)");
  c->add_option(
       "--suite", o->asked.suites,
       fmt::format("take scenarios and properties from this suite; may be given several times (default: {})",
                   fmt::join(suites_for_why, ", ")))
      ->take_all();
  c->add_option("--explanations", o->explanations,
                "a JSON file that says why changes that go unnoticed are harmless");
  c->add_option("--max-states", o->asked.max_states, "leave out scenarios with more states (default: 200000)")
      ->check(whole_number(1));
  add_threads_option(*c, o->limits.threads, "changes that are tried at the same time: a number, or auto");
  add_resource_options(*c, o->limits, "end after so many seconds");
  c->add_option("--progress", o->progress, "auto, plain, json (lines) or none; on stderr")
      ->check(CLI::IsMember({"auto", "plain", "json", "none"}));
  CLI::Option* as_json = c->add_flag("--json", o->as_json, "for programs");
  c->add_flag("--markdown", o->markdown, "as a page")->excludes(as_json);
  c->footer(
      "A rule is removed; its condition is weakened part by part; its actions are left out or bent, one by "
      "one.\n"
      "Each change is tried in the suites' scenarios where it can make a difference, until a property "
      "notices.\n"
      "examples:\n"
      "  tcpmc why rfc9293 syn-acknowledged\n"
      "  tcpmc why rfc9293\n"
      "  tcpmc why ./my-variant.json --suite ./my-suite.json --json");
  c->callback([o, &code] { code = why(*o); });
}

}  // namespace tcpmc::cli
