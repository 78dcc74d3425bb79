// tcpmc check: a suite, or one question given by options.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "checker/log.hpp"
#include "cli/commands.hpp"
#include "cli/limits.hpp"
#include "cli/reporting.hpp"
#include "cli/suite.hpp"
#include "cli/trace_files.hpp"
#include "cli/version.hpp"
#include "traces/json.hpp"
#include "traces/ladder.hpp"

namespace tcpmc::cli {
namespace {

using json = nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

struct check_options {
  std::vector<std::string> suites;
  std::string protocol, scenario;
  std::vector<std::string> properties, settings;
  std::string format = "text", traces_folder, progress = "auto";
  std::string checkpoint_folder, reduce = "none";
  limit_options limits;
  bool show_traces = false, explain_bounds = false, rules = false, werror = false;
};

const std::map<std::string, reduce> reductions = {
    {"none", reduce::none}, {"symmetry", reduce::symmetry}, {"faults", reduce::faults}, {"all", reduce::all}};

// One question with its answers, as it will be told.
struct answered {
  question asked;
  std::vector<std::pair<std::string, verdict>> expected;  // empty: nothing is expected
  check_input input;
  check_result result;
  std::string hash;
  double seconds = 0;
};

// The worst of all exit codes wins: an internal error over bad input over a violation over a limit.
int worse(int a, int b) {
  const auto rank = [](int code) {
    return code == exit_inconclusive ? 1 : code == exit_violated ? 2 : code == exit_fine ? 0 : code + 2;
  };
  return rank(a) >= rank(b) ? a : b;
}

int code_of(const answered& row, std::size_t i) {
  const verdict says = row.result.answers[i].says;
  if (says == verdict::inconclusive) return exit_inconclusive;
  if (!row.expected.empty()) return says == row.expected[i].second ? exit_fine : exit_violated;
  return says == verdict::violated ? exit_violated : exit_fine;
}

class checking {
 public:
  explicit checking(const check_options& o)
      : options_(o), progress_(style_named(o.progress)), colour_(colour_wanted()) {}

  int run() {
    catch_signals();
    if (options_.explain_bounds && !text())
      return fail("tcpmc: --explain-bounds prints runs for people: it needs --format text\n");
    limits_ = limits_of(options_.limits, start_);
    if (!options_.traces_folder.empty())
      if (const std::string wrong = make_folder("--traces", options_.traces_folder); !wrong.empty())
        return fail(wrong);
    if (!options_.checkpoint_folder.empty())
      if (const std::string wrong = make_folder("--checkpoint", options_.checkpoint_folder); !wrong.empty())
        return fail(wrong);
    const bool single =
        !options_.protocol.empty() || !options_.scenario.empty() || !options_.properties.empty();
    int code = single ? one_question() : suites();
    if (options_.werror && code != exit_bad_input && code != exit_internal && !warnings().empty())
      code = worse(code, exit_violated);
    tell_unused();
    if (text()) summary();
    if (!text() && !(rows_.empty() && code == exit_bad_input)) fmt::print("{}\n", document().dump(2));
    return caught_signal() != 0 ? 128 + caught_signal() : code;
  }

 private:
  bool text() const { return options_.format == "text"; }

  static int fail(const std::string& message) {
    fmt::print(stderr, "{}", message);
    return exit_bad_input;
  }

  std::optional<std::vector<language::setting>> settings(language::diagnostics& errors) {
    std::vector<language::setting> result;
    for (const std::string& s : options_.settings)
      if (auto parsed = parse_setting(s, sources_, errors)) result.push_back(std::move(*parsed));
    return errors.empty() ? std::optional(result) : std::nullopt;
  }

  int one_question() {
    if (!options_.suites.empty())
      return fail("tcpmc: give either suites or --protocol, --scenario and --property, not both\n");
    if (options_.protocol.empty() || options_.scenario.empty())
      return fail("tcpmc: one question needs --protocol and --scenario\n  hint: see 'tcpmc list'\n");
    language::diagnostics errors;
    question q;
    q.protocol = options_.protocol;
    q.scenario = options_.scenario;
    q.properties = options_.properties;
    if (const auto set = settings(errors)) q.settings = *set;
    if (!errors.empty()) return fail(errors.text());
    const int code = answer_question(std::move(q), {});
    if (!rows_.empty() && text()) tell_single(rows_.back());
    return code;
  }

  int suites() {
    std::vector<suite> all;
    language::diagnostics errors;
    const auto set = settings(errors);
    std::vector<std::string> names = options_.suites;
    if (names.empty()) names = {"tcp-lifecycle"};
    for (const std::string& name : names)
      if (auto s = load_suite(name, library_, errors)) all.push_back(std::move(*s));
    // Everything is loaded once before anything is explored, so that all mistakes are told at once.
    for (const suite& s : all)
      for (const suite_row& row : s.rows)
        if (const auto input = load(with(row.asked, *set), std::make_shared<language::library>(), errors))
          properties::load_properties(input->properties, *input->composition, errors);
    if (!errors.empty()) return fail(errors.text());
    int code = exit_fine;
    for (const suite& s : all) {
      if (text() && caught_signal() == 0) fmt::print("{}: {}\n", s.name, s.says);
      for (const suite_row& row : s.rows) {
        if (caught_signal() != 0 || clock::now() >= limits_.deadline) {
          ++not_asked_;
          code = worse(code, exit_inconclusive);
          continue;
        }
        const std::size_t before = rows_.size();
        code = worse(code, answer_question(with(row.asked, *set), row.expected));
        if (rows_.size() > before && text()) tell_row(rows_.back());
        if (code == exit_bad_input || code == exit_internal) return code;
      }
    }
    if (text()) {
      fmt::print("\n");
      tell_rules();
    }
    return code;
  }

  static question with(question q, const std::vector<language::setting>& more) {
    q.settings.insert(q.settings.end(), more.begin(), more.end());
    return q;
  }

  int answer_question(question q, std::vector<std::pair<std::string, verdict>> expected) {
    language::diagnostics errors;
    auto input = load(q, std::make_shared<language::library>(), errors);
    if (!input) return fail(errors.text());
    input->explain_bounds = options_.explain_bounds;
    input->reduce = reductions.at(options_.reduce);
    progress_.about(q.text.empty() ? q.protocol : fmt::format("{} ({})", q.protocol, q.scenario));
    const auto begin = clock::now();
    const std::string hash = hash_of(q, *input);
    checker::options limits = limits_;
    if (!options_.checkpoint_folder.empty()) {
      const std::string reduced = input->reduce == reduce::none ? "" : "." + options_.reduce;
      limits.checkpoint =
          (std::filesystem::path(options_.checkpoint_folder) / (hash + reduced + ".levels")).string();
      limits.identity = fmt::format("tcpmc {} {}{}", version, hash, reduced);
      limits.resumed = [this](std::uint64_t level) {
        progress_.clear();
        fmt::print(stderr, "tcpmc: resumed at level {}\n", level);
      };
    }
    std::optional<check_result> result;
    try {
      result = check(
          *input, limits, [this](const checker::progress& p) { return progress_(p); }, errors);
    } catch (const checker::storage_error& error) {
      progress_.clear();
      return fail(fmt::format("tcpmc: {}\n  hint: {}\n", error.what(),
                              limits.checkpoint.empty()
                                  ? "--temp-dir chooses another directory"
                                  : "a damaged file or one of another question has to "
                                    "be removed, a full disk needs room, another process "
                                    "has to end; or give another folder"));
    }
    progress_.clear();
    if (!result) return fail(errors.text());
    answered row{std::move(q), std::move(expected), std::move(*input), std::move(*result), hash, 0};
    row.seconds = std::chrono::duration<double>(clock::now() - begin).count();
    rows_.push_back(std::move(row));
    int code = rows_.back().result.answers.empty() && !limit_text(rows_.back().result).empty()
                   ? exit_inconclusive
                   : exit_fine;
    for (std::size_t i = 0; i < rows_.back().result.answers.size(); ++i) {
      code = worse(code, code_of(rows_.back(), i));
      if (const int written = write_trace(rows_.back(), i); written != exit_fine) return written;
    }
    return code;
  }

  int write_trace(const answered& row, std::size_t i) {
    const answer& a = row.result.answers[i];
    if (!a.trace || options_.traces_folder.empty()) return exit_fine;
    const std::string wrong = cli::write_trace(options_.traces_folder, row.asked, row.input, a);
    return wrong.empty() ? exit_fine : fail(wrong);
  }

  void tell_trace(const answered& row, const answer& a) const {
    if (!a.trace) return;
    const traces::trace t = trace_of(row.asked, row.input, a);
    fmt::print("\n{}\n{}", heading_of(t), traces::ladder(t));
  }

  void tell_bounds(const answered& row) const {
    for (const met_bound& b : row.result.explained) {
      traces::trace t;
      t.on = row.input.composition;
      t.run = b.run;
      t.ports = b.ports;
      fmt::print("\nthe bound of {} is first met after {} steps\n\n{}", b.name, t.length(),
                 traces::ladder(t));
    }
    const std::size_t met = names_of_bounds(row.result.bounds_met).size();
    if (options_.explain_bounds && row.result.explained.size() < met)
      fmt::print("\n{} not explained: no time was left\n",
                 counted(met - row.result.explained.size(), "bound", "bounds"));
  }

  void tell_single(const answered& row) const {
    for (const answer& a : row.result.answers) tell_trace(row, a);
    tell_bounds(row);
    if (!row.result.explained.empty() || std::any_of(row.result.answers.begin(), row.result.answers.end(),
                                                     [](const answer& a) { return a.trace.has_value(); }))
      fmt::print("\n");
    for (std::size_t i = 0; i < row.result.answers.size(); ++i) {
      const answer& a = row.result.answers[i];
      fmt::print("{}: {}{}\n", a.property, coloured(name_of(a.says), code_of(row, i), colour_),
                 a.says == verdict::violated ? ", " + minimal_text(a) : "");
      if (a.says == verdict::holds_vacuously)
        fmt::print("  its witness is not reachable here: the situation that it is about does not occur\n");
    }
    if (const std::string limit = limit_text(row.result); !limit.empty()) fmt::print("{}\n", limit);
    fmt::print("{}{}", reductions_text(row.result), coverage_text(row.result));
    tell_rules();
  }

  // One row of a suite's table: the question, then a line a property.
  void tell_row(const answered& row) const {
    const language::composition& c = *row.input.composition;
    fmt::print("\n{}\n", row.asked.text);
    std::string set;
    for (const language::setting& s : row.asked.settings) set += fmt::format(" {}={}", s.name, value_text(s));
    fmt::print(
        "  {} in {}{}; {}{}\n", c.protocols[0].name, c.scenario.name, set, coverage_summary(c),
        row.result.reduced.empty() ? "" : fmt::format("; reduced: {}", fmt::join(row.result.reduced, ", ")));
    for (std::size_t i = 0; i < row.result.answers.size(); ++i) {
      const answer& a = row.result.answers[i];
      const int code = code_of(row, i);
      std::string says = name_of(a.says);
      if (code == exit_violated) says += fmt::format(" (expected: {})", name_of(row.expected[i].second));
      const std::string line = fmt::format("    {:<22} {}{:>16} states  {}", a.property,
                                           coloured(fmt::format("{:<16}", says), code, colour_),
                                           with_commas(row.result.statistics.states), minimal_text(a));
      fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
    }
    if (const std::string limit = limit_text(row.result); !limit.empty()) fmt::print("    {}\n", limit);
    if (options_.show_traces) {
      for (const answer& a : row.result.answers) tell_trace(row, a);
      fmt::print("\n{}", coverage_text(row.result));
    }
    tell_bounds(row);
    std::fflush(stdout);
  }

  // The rules of all protocols that were asked about, by the file that they stand in, and whether one of the
  // questions fired them.
  std::map<std::pair<std::string, std::string>, bool> rules() const {
    std::map<std::pair<std::string, std::string>, bool> fired;
    for (const answered& row : rows_)
      for (const rule_count& r : row.result.rules) {
        bool& known = fired[{r.rule->from, r.rule->id}];
        known = known || !r.never();
      }
    return fired;
  }
  // A reduced search leaves steps out.
  static bool explored_to_the_end(const answered& row) {
    return row.result.statistics.ended == checker::outcome::complete && row.result.reduced.empty();
  }
  bool all_explored() const {
    return not_asked_ == 0 && std::all_of(rows_.begin(), rows_.end(),
                                          [](const answered& row) { return explored_to_the_end(row); });
  }

  void tell_rules() const {
    if (rows_.empty()) return;
    const auto all = rules();
    std::vector<std::string> never;
    for (const auto& [rule, fired] : all)
      if (!fired) never.push_back(rows_.size() == 1 ? rule.second : rule.first + "/" + rule.second);
    const bool list = options_.rules || options_.werror;
    fmt::print("rules: {} of {} fired{}{}{}\n", all.size() - never.size(), all.size(),
               rows_.size() == 1 ? "" : " in one of the questions",
               all_explored()      ? ""
               : rows_.size() == 1 ? ", as far as this was explored"
                                   : "; some were not explored to their end",
               list || never.empty() ? "" : " (--rules lists the others)");
    if (list && !never.empty()) fmt::print("{}", folded("never fired: ", never));
  }

  // What --werror makes fail: a rule that never fired, and a property that holds vacuously, unless that is
  // what is expected.
  std::vector<std::string> warnings() const {
    std::vector<std::string> all;
    for (const auto& [rule, fired] : rules())
      if (!fired)
        all.push_back(fmt::format("the rule {} of {} never fired{}", rule.second, rule.first,
                                  all_explored() ? "" : ", as far as this was explored"));
    for (const answered& row : rows_)
      for (std::size_t i = 0; i < row.result.answers.size(); ++i)
        if (row.result.answers[i].says == verdict::holds_vacuously &&
            (row.expected.empty() || row.expected[i].second != verdict::holds_vacuously))
          all.push_back(fmt::format("{} holds vacuously", row.result.answers[i].property));
    return all;
  }

  struct totals {
    std::size_t verdicts = 0, unexpected = 0, inconclusive = 0, violated = 0;
    std::uint64_t states = 0, depth = 0;
  };
  totals count() const {
    totals t;
    for (const answered& row : rows_) {
      t.states += row.result.statistics.states;
      t.depth = std::max(t.depth, row.result.statistics.depth);
      for (std::size_t i = 0; i < row.result.answers.size(); ++i) {
        ++t.verdicts;
        t.violated += row.result.answers[i].says == verdict::violated;
        t.inconclusive += row.result.answers[i].says == verdict::inconclusive;
        t.unexpected += !row.expected.empty() && code_of(row, i) == exit_violated;
      }
    }
    return t;
  }
  // One hash over the inputs of all questions.
  std::string hash() const {
    std::vector<std::string> hashes;
    for (const answered& row : rows_) hashes.push_back(row.hash);
    return combined(hashes);
  }
  double elapsed() const { return std::chrono::duration<double>(clock::now() - start_).count(); }

  // What the covering search does not use of the options: on stderr, since no verdict depends on it.
  void tell_unused() const {
    const auto covering =
        std::count_if(rows_.begin(), rows_.end(), [](const answered& row) { return row.result.covering; });
    if (covering == 0) return;
    const std::string of =
        rows_.size() == 1 ? "the question" : fmt::format("{} of {} questions", covering, rows_.size());
    if (!options_.checkpoint_folder.empty())
      fmt::print(stderr,
                 "tcpmc: --checkpoint has no effect on {}: the covering search, which decides the unlimited "
                 "network, keeps none\n",
                 of);
    if (options_.limits.max_depth != std::numeric_limits<std::uint64_t>::max())
      fmt::print(stderr,
                 "tcpmc: --max-depth has no effect on {}: the covering search, which decides the unlimited "
                 "network, looks at runs of any length\n",
                 of);
  }

  // The last line: for people, and for grep.
  void summary() const {
    if (rows_.empty() && not_asked_ == 0) return;
    const totals t = count();
    const bool expectations = rows_.empty() || !rows_[0].expected.empty();
    std::string result;
    if (expectations)
      result = t.unexpected > 0 || t.inconclusive > 0 ? fmt::format("{} not as expected", t.unexpected)
               : rows_.empty()                        ? "nothing was answered"
               : not_asked_ > 0                       ? "as expected"
                                                      : "all as expected";
    else if (t.verdicts == 0)
      result = rows_[0].result.statistics.ended == checker::outcome::complete ? "explored" : "ended early";
    else
      result = t.violated > 0       ? fmt::format("{} violated", t.violated)
               : t.inconclusive > 0 ? "open"
                                    : "no violation";
    if (t.inconclusive > 0) result += fmt::format(", {} inconclusive", t.inconclusive);
    if (not_asked_ > 0)
      result += fmt::format(", {} question{} not asked", not_asked_, not_asked_ == 1 ? "" : "s");
    if (const std::size_t n = options_.werror ? warnings().size() : 0; n > 0)
      result += fmt::format(", {} warning{} as error{}", n, n == 1 ? "" : "s", n == 1 ? "" : "s");
    const std::string depth =
        t.depth > 0 ? fmt::format(", depth {}", t.depth) : "";  // a covering search has none
    fmt::print("{}tcpmc {}: {} verdict{}: {}; {}{}, {}, input {}\n", expectations ? "\n" : "", version,
               t.verdicts, t.verdicts == 1 ? "" : "s", result, counted(t.states, "state", "states"), depth,
               duration_text(elapsed()), hash());
  }

  json document() const {
    json rows = json::array();
    for (const answered& row : rows_) {
      const language::composition& c = *row.input.composition;
      json answers = json::array();
      for (std::size_t i = 0; i < row.result.answers.size(); ++i) {
        const answer& a = row.result.answers[i];
        json one = {{"property", a.property}, {"verdict", name_of(a.says)}};
        if (!row.expected.empty()) one["expected"] = name_of(row.expected[i].second);
        if (a.trace) {
          one["steps"] = a.trace->length();
          one["shortest"] = a.trace->shortest;
          one["minimality"] = a.trace->minimality;
          one["trace"] = json::parse(traces::to_json(trace_of(row.asked, row.input, a), version));
        } else if (a.says == verdict::violated) {
          one["minimality"] = minimal_text(a);
        }
        answers.push_back(one);
      }
      json set = json::object();
      for (const language::setting& s : row.asked.settings) set[s.name] = value_text(s);
      rows.push_back({{"question", row.asked.text},
                      {"protocol", c.protocols[0].name},
                      {"scenario", c.scenario.name},
                      {"set", set},
                      {"search", row.result.covering ? "covering" : "enumerating"},
                      {"answers", answers},
                      {"states", row.result.statistics.states},
                      {"transitions", row.result.statistics.transitions},
                      {"depth", row.result.statistics.depth},
                      {"seconds", row.seconds},
                      {"limit", limit_text(row.result)},
                      {"reduced", row.result.reduced},
                      {"not_reduced", row.result.not_reduced},
                      {"covers", row.result.covers},
                      {"does_not_cover", row.result.does_not_cover},
                      {"rules", row.result.rules.size()},
                      {"never_fired", never_fired(row.result.rules)},
                      {"explored_to_the_end", explored_to_the_end(row)},
                      {"input", row.hash}});
    }
    json never = json::array();
    for (const auto& [rule, fired] : rules())
      if (!fired) never.push_back({{"from", rule.first}, {"rule", rule.second}});
    const totals t = count();
    return {{"tcpmc", version},
            {"rows", rows},
            {"never_fired", never},
            {"unexpected", t.unexpected},
            {"inconclusive", t.inconclusive},
            {"not_asked", not_asked_},
            {"warnings", warnings()},
            {"seconds", elapsed()}};
  }

  const check_options& options_;
  progress_line progress_;
  bool colour_;
  clock::time_point start_ = clock::now();
  checker::options limits_;
  language::library library_;
  language::source_store sources_;
  std::vector<answered> rows_;
  std::size_t not_asked_ = 0;  // questions, since a signal came
};

}  // namespace

void add_check_command(CLI::App& app, int& code) {
  auto o = std::make_shared<check_options>();
  CLI::App* c = app.add_subcommand("check", "answer questions: a suite, or one protocol in one scenario");
  c->add_option("FILE", o->suites, "suites, by name or path (default: tcp-lifecycle)");
  c->add_option("--protocol", o->protocol, "protocol or variant, by name or path");
  c->add_option("--scenario", o->scenario, "scenario, by name or path");
  c->add_option("--property", o->properties,
                "property, by name or path; may be given several times; none: only explore")
      ->take_all();
  c->add_option("--set", o->settings, "parameter=value; A.parameter=value sets it for one endpoint")
      ->take_all();
  c->add_flag("--show-traces", o->show_traces,
              "print the counterexamples and the full coverage of a suite's rows");
  c->add_flag("--explain-bounds", o->explain_bounds,
              "print, for each bound that was met, the first run that meets it");
  c->add_flag("--rules", o->rules, "list the rules that never fired");
  c->add_flag("--werror", o->werror,
              "exit with 1 if a rule never fired, or a property holds vacuously and no suite expects that");
  c->add_option("--traces", o->traces_folder, "write every counterexample as JSON into this folder");
  add_threads_option(*c, o->limits.threads, "threads of a search: a number, or auto; answers are the same");
  c->add_option(
      "--checkpoint", o->checkpoint_folder,
      "keep each enumerating search's progress in this folder, and resume from it (a covering search "
      "keeps none)");
  c->add_option("--reduce", o->reduce,
                "enumerate fewer states, with the same verdicts (docs/reductions.md): faults, symmetry, all "
                "that is possible, or none")
      ->check(CLI::IsMember({"none", "symmetry", "faults", "all"}));
  c->add_option("--format", o->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  c->add_option("--progress", o->progress, "auto, plain, json (lines) or none; on stderr")
      ->check(CLI::IsMember({"auto", "plain", "json", "none"}));
  add_limit_options(*c, o->limits);
  c->footer(
      "examples:\n"
      "  tcpmc check\n"
      "  tcpmc check --protocol no-time-wait --scenario close-one-loss --property reliable-close\n"
      "  tcpmc check --protocol rfc9293 --scenario close-one-loss --property reliable-close --set "
      "time_wait=3\n"
      "  tcpmc check ./my-suite.json --traces traces --format json\n"
      "  tcpmc check --protocol rfc1337 --scenario reuse-with-data --property no-stale-data -j 2 "
      "--checkpoint "
      "run");
  c->callback([o, &code] { code = checking(*o).run(); });
}

}  // namespace tcpmc::cli
