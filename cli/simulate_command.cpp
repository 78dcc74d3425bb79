// tcpmc simulate: random walks, for what is too large for tcpmc check.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>

#include "cli/commands.hpp"
#include "cli/limits.hpp"
#include "cli/reporting.hpp"
#include "cli/simulate.hpp"
#include "cli/trace_files.hpp"
#include "cli/version.hpp"
#include "traces/json.hpp"
#include "traces/ladder.hpp"

namespace tcpmc::cli {
namespace {

using json = nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

struct simulate_options {
  question asked;
  std::vector<std::string> settings;
  std::optional<std::uint64_t> seed;
  std::uint64_t walks = 10'000, depth = 200;
  limit_options limits;
  std::string format = "text", traces_folder, progress = "auto";
};

int fail(const std::string& message) {
  fmt::print(stderr, "{}", message);
  return exit_bad_input;
}

class simulating {
 public:
  explicit simulating(const simulate_options& o)
      : options_(o), asked_(o.asked), seed_(o.seed ? *o.seed : std::random_device{}()) {}

  int run() {
    catch_signals();
    language::diagnostics errors;
    for (const std::string& s : options_.settings)
      if (auto parsed = parse_setting(s, sources_, errors)) asked_.settings.push_back(std::move(*parsed));
    if (!errors.empty()) return fail(errors.text());
    if (!options_.traces_folder.empty())
      if (const std::string wrong = make_folder("--traces", options_.traces_folder); !wrong.empty())
        return fail(wrong);
    const auto input = load(asked_, std::make_shared<language::library>(), errors);
    if (!input) return fail(errors.text());
    progress_line progress(style_named(options_.progress));
    progress.about(asked_.protocol);
    const auto result = simulate(
        *input, walks(),
        [&](const checker::walk_statistics& s) {
          return progress.tell(
              [&](double seconds, bool as_json) { return progress_text(s, seconds, as_json); });
        },
        errors);
    progress.clear();
    if (!result) return fail(errors.text());
    if (!options_.traces_folder.empty())
      for (const walked_answer& a : result->answers)
        if (a.told.trace)
          if (const std::string wrong = write_trace(options_.traces_folder, asked_, *input, a.told);
              !wrong.empty())
            return fail(wrong);
    if (options_.format == "json")
      fmt::print("{}\n", document(*input, *result).dump(2));
    else
      tell(*input, *result);
    return caught_signal() != 0 ? 128 + caught_signal() : code_of(*result);
  }

 private:
  checker::walk_options walks() const {
    checker::walk_options w;
    w.seed = seed_;
    w.walks = options_.walks;
    w.limits = limits_of(options_.limits, start_);
    w.limits.max_depth = options_.depth;
    return w;
  }

  static bool cut_short(const simulation& s) {
    return s.statistics.ended != checker::outcome::complete &&
           s.statistics.ended != checker::outcome::goal_reached;
  }

  // Walks prove nothing: with a property and no violation the answer stays open.
  static int code_of(const simulation& s) {
    if (s.answers.empty()) return cut_short(s) ? exit_inconclusive : exit_fine;
    return violations(s) > 0 ? exit_violated : exit_inconclusive;
  }

  static std::size_t violations(const simulation& s) {
    return static_cast<std::size_t>(std::count_if(
        s.answers.begin(), s.answers.end(), [](const auto& a) { return a.told.says == verdict::violated; }));
  }

  std::string progress_text(const checker::walk_statistics& s, double seconds, bool as_json) const {
    if (as_json)
      return json{{"search", asked_.protocol}, {"walks", s.walks},   {"steps", s.steps},
                  {"judged", s.judged},        {"seconds", seconds}, {"memory", checker::resident_memory()}}
          .dump();
    return fmt::format("walk {} of {}, {} steps, {:.2f} million judged/s, {} MB, {}",
                       with_commas(s.walks + 1), with_commas(options_.walks), with_commas(s.steps),
                       static_cast<double>(s.judged) / seconds / 1e6, checker::resident_memory() >> 20,
                       duration_text(seconds));
  }

  std::string walks_text(const simulation& s) const {
    return fmt::format("{} of at most {}", counted(s.statistics.walks, "walk", "walks"),
                       counted(options_.depth, "step", "steps"));
  }

  std::string verdict_text(const simulation& s, const walked_answer& a) const {
    if (a.told.says == verdict::violated)
      return fmt::format("{}; found in walk {} after {}", minimal_text(a.told), with_commas(a.walk),
                         counted(a.steps, "step", "steps"));
    return fmt::format("not violated in {}", walks_text(s));
  }

  void tell(const check_input& input, const simulation& s) const {
    for (const walked_answer& a : s.answers) {
      if (!a.told.trace) continue;
      const traces::trace t = trace_of(asked_, input, a.told);
      fmt::print("\n{}\n{}", heading_of(t), traces::ladder(t));
    }
    if (violations(s) > 0) fmt::print("\n");
    tell_rules(input, s);
    const bool colour = colour_wanted();
    for (const walked_answer& a : s.answers) {
      const int code = a.told.says == verdict::violated ? exit_violated : exit_inconclusive;
      fmt::print("{}: {}, {}\n", a.told.property, coloured(name_of(a.told.says), code, colour),
                 verdict_text(s, a));
      if (a.told.says != verdict::violated && a.has_witness && !a.witnessed)
        fmt::print("  its witness was not reached: the situation that it is about did not occur\n");
    }
    if (cut_short(s)) fmt::print("ended by {}\n", limit_name(s.statistics.ended));
    fmt::print("walked on: {}\n", coverage_summary(*input.composition));
    summary(input, s);
  }

  static void tell_rules(const check_input& input, const simulation& s) {
    const auto never = static_cast<std::size_t>(
        std::count_if(s.rules.begin(), s.rules.end(), [](const rule_count& r) { return r.never(); }));
    fmt::print("{} of the {} rules of {} fired in the {} that were judged; how often at A and at B:\n",
               s.rules.size() - never, s.rules.size(), input.composition->protocols[0].name,
               counted(s.statistics.judged, "step", "steps"));
    for (const rule_count& r : s.rules)
      if (!r.never())
        fmt::print("  {:<36}{:>14}{:>14}\n", r.rule->id, with_commas(r.fired[0]), with_commas(r.fired[1]));
    std::vector<std::string> names;
    for (const rule_count& r : s.rules)
      if (r.never()) names.push_back(r.rule->id);
    if (!names.empty()) fmt::print("{}", folded("never fired: ", names));
  }

  // The last line: for people, and for grep.
  void summary(const check_input& input, const simulation& s) const {
    const std::size_t violated = violations(s), open = s.answers.size() - violated;
    std::string verdicts = s.answers.empty() ? ": walked" : "";
    if (violated > 0) verdicts += fmt::format(": {} violated", violated);
    if (open > 0) verdicts += fmt::format("{}{} inconclusive", violated > 0 ? ", " : ": ", open);
    fmt::print("tcpmc {}: {}{}; {}, {}, deepest {}, seed {}, {}, input {}\n", version,
               counted(s.answers.size(), "verdict", "verdicts"), verdicts,
               counted(s.statistics.walks, "walk", "walks"), counted(s.statistics.steps, "step", "steps"),
               s.statistics.deepest, seed_, duration_text(elapsed()), hash_of(asked_, input));
  }

  double elapsed() const { return std::chrono::duration<double>(clock::now() - start_).count(); }

  json document(const check_input& input, const simulation& s) const {
    json answers = json::array();
    for (const walked_answer& a : s.answers) {
      json one = {{"property", a.told.property}, {"verdict", name_of(a.told.says)}};
      if (a.has_witness) one["witness_reached"] = a.witnessed;
      if (a.told.trace) {
        one["walk"] = a.walk;
        one["steps_in_walk"] = a.steps;
        one["steps"] = a.told.trace->run.steps.size();
        one["shortest"] = a.told.trace->shortest;
        one["minimality"] = a.told.trace->minimality;
        one["trace"] = json::parse(traces::to_json(trace_of(asked_, input, a.told), version));
      }
      answers.push_back(one);
    }
    json rules = json::array();
    for (const rule_count& r : s.rules)
      rules.push_back({{"id", r.rule->id}, {"cite", r.rule->cite}, {"A", r.fired[0]}, {"B", r.fired[1]}});
    json set = json::object();
    for (const language::setting& x : asked_.settings) set[x.name] = value_text(x);
    const language::composition& c = *input.composition;
    return {{"tcpmc", version},
            {"protocol", c.protocols[0].name},
            {"scenario", c.scenario.name},
            {"set", set},
            {"seed", seed_},
            {"depth", options_.depth},
            {"answers", answers},
            {"walks", s.statistics.walks},
            {"steps", s.statistics.steps},
            {"judged", s.statistics.judged},
            {"deepest", s.statistics.deepest},
            {"limit", cut_short(s) ? limit_name(s.statistics.ended) : ""},
            {"rules", rules},
            {"seconds", elapsed()},
            {"input", hash_of(asked_, input)}};
  }

  const simulate_options& options_;
  question asked_;
  std::uint64_t seed_;
  clock::time_point start_ = clock::now();
  language::source_store sources_;
};

}  // namespace

void add_simulate_command(CLI::App& app, int& code) {
  auto o = std::make_shared<simulate_options>();
  CLI::App* c = app.add_subcommand("simulate", "random walks, for what is too large to be checked");
  c->add_option("--protocol", o->asked.protocol, "protocol or variant, by name or path")->required();
  c->add_option("--scenario", o->asked.scenario, "scenario, by name or path")->required();
  c->add_option("--property", o->asked.properties,
                "property, by name or path; may be given several times; none: only which rules fire")
      ->take_all();
  c->add_option("--set", o->settings, "parameter=value; A.parameter=value sets it for one endpoint")
      ->take_all();
  c->add_option("--seed", o->seed,
                "the same seed makes the same walks (default: a random one, which is told)")
      ->check(whole_number(0));
  c->add_option("--walks", o->walks, "how many walks (default: 10000)")->check(whole_number(1));
  c->add_option("--depth", o->depth, "steps of a walk at most (default: 200)")->check(whole_number(1));
  c->add_option("--traces", o->traces_folder, "write every counterexample as JSON into this folder");
  c->add_option("--format", o->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  c->add_option("--progress", o->progress, "auto, plain, json (lines) or none; on stderr")
      ->check(CLI::IsMember({"auto", "plain", "json", "none"}));
  add_resource_options(*c, o->limits, "end after so many seconds");
  c->footer(
      "A walk takes steps at random, and judges all the steps that it could take. What it finds is shown as "
      "a run;\n"
      "that it finds nothing proves nothing: the answer is then 'inconclusive', and the exit code 3.\n"
      "examples:\n"
      "  tcpmc simulate --protocol rfc9293 --scenario reuse-with-data --property no-stale-data\n"
      "  tcpmc simulate --protocol rfc9293 --scenario two-connections --property agreement --seed 7 --walks "
      "100000 --depth 500\n"
      "  tcpmc simulate --protocol ./my-variant.json --scenario two-connections --time-limit 60");
  c->callback([o, &code] { code = simulating(*o).run(); });
}

}  // namespace tcpmc::cli
