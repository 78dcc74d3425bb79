// tcpmc lint: what is odd about a protocol's rules, without exploring it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/reporting.hpp"
#include "cli/version.hpp"
#include "model/language/lint.hpp"

namespace tcpmc::cli {
namespace {

using json = nlohmann::ordered_json;
using language::lint_report;
using language::protocol;

struct lint_options {
  std::string reference, format = "text";
  std::vector<std::string> settings;
  bool all = false, werror = false;
};

const std::string& state_name(const protocol& p, int state) {
  return (*p.states)[static_cast<std::size_t>(state)];
}

// Events by what they are and whether the state never handles them, with the states.
void tell_ignored(const protocol& p, const lint_report& r, bool all) {
  std::map<std::string, std::vector<std::string>> always;
  std::size_t sometimes = 0;
  for (const lint_report::unhandled& u : r.ignored)
    if (u.always)
      always[u.event].push_back(state_name(p, u.state));
    else
      ++sometimes;
  for (const auto& [event, states] : always)
    fmt::print("{}", folded(fmt::format("no rule for {} in: ", event), states));
  fmt::print("{} time{} an event may match no rule although some rule of it names the state\n", sometimes,
             sometimes == 1 ? "" : "s");
  if (!all) return;
  for (const lint_report::unhandled& u : r.ignored)
    if (!u.always) fmt::print("  {} in {}, e.g. {}\n", u.event, state_name(p, u.state), u.values);
}

std::vector<std::string> ids(const std::vector<const language::rule*>& rules) {
  std::vector<std::string> all;
  for (const language::rule* r : rules) all.push_back(r->id);
  return all;
}

// Rules of which it is certain that they never match.
std::size_t certain(const lint_report& r) {
  return static_cast<std::size_t>(
      std::count_if(r.never.begin(), r.never.end(), [](const auto& u) { return u.certain; }));
}

void tell(const protocol& p, const lint_report& r, bool all) {
  for (const lint_report::unmatched& u : r.never)
    fmt::print("{}  [{}]\n  {}\n", u.of->id, u.of->cite,
               u.certain
                   ? "never matches with these parameters: an earlier rule does, or its condition is false"
                   : "no values were found for which it matches and no earlier rule does; not proven");
  if (!r.never.empty()) fmt::print("\n");
  if (!r.off.empty()) fmt::print("{}", folded("off, by the values of parameters: ", ids(r.off)));
  tell_ignored(p, r, all);
  fmt::print("{} pair{} of rules where the order decides and neither is a special case of the other\n",
             r.order.size(), r.order.size() == 1 ? "" : "s");
  if (all)
    for (const lint_report::correlated& c : r.order)
      fmt::print("  {} before {} in {}, {}: both match e.g. {}\n", c.first->id, c.second->id, c.list,
                 state_name(p, c.state), c.values);
  fmt::print("{} pairs whose later rule takes what the earlier leaves\n", r.generalizing);
  const std::size_t never = certain(r), unsure = r.never.size() - never;
  fmt::print("tcpmc {}: lint of {}: {} rules, {} never match{}{}\n", version, p.name, p.rules.size(), never,
             never == 1 ? "es" : "", unsure == 0 ? "" : fmt::format(", {} not seen to match", unsure));
}

json document(const protocol& p, const lint_report& r) {
  json never = json::array(), order = json::array(), ignored = json::array();
  for (const lint_report::unmatched& u : r.never)
    never.push_back({{"rule", u.of->id}, {"cite", u.of->cite}, {"certain", u.certain}});
  for (const lint_report::correlated& c : r.order)
    order.push_back({{"first", c.first->id},
                     {"second", c.second->id},
                     {"list", c.list},
                     {"state", state_name(p, c.state)},
                     {"values", c.values}});
  for (const lint_report::unhandled& u : r.ignored)
    ignored.push_back(
        {{"event", u.event}, {"state", state_name(p, u.state)}, {"always", u.always}, {"values", u.values}});
  return {{"tcpmc", version},      {"protocol", p.name},     {"rules", p.rules.size()},
          {"never_match", never},  {"order_matters", order}, {"later_takes_the_rest", r.generalizing},
          {"no_rule_for", ignored}};
}

int lint(const lint_options& o) {
  language::library files;
  language::source_store sources;
  language::diagnostics errors;
  language::compile_options settings;
  for (const std::string& s : o.settings)
    if (auto parsed = parse_setting(s, sources, errors)) settings.settings.push_back(std::move(*parsed));
  const auto source = language::load_protocol(o.reference, files, {}, errors);
  const auto p = source ? language::compile(*source, settings, errors) : std::nullopt;
  if (!p) {
    fmt::print(stderr, "{}", errors.text());
    return exit_bad_input;
  }
  const lint_report report = language::lint(*p);
  if (o.format == "json")
    fmt::print("{}\n", document(*p, report).dump(2));
  else
    tell(*p, report, o.all);
  return o.werror && certain(report) > 0 ? exit_violated : exit_fine;
}

}  // namespace

void add_lint_command(CLI::App& app, int& code) {
  auto o = std::make_shared<lint_options>();
  CLI::App* c = app.add_subcommand("lint", "what is odd about a protocol's rules, without exploring it");
  c->add_option("PROTOCOL", o->reference, "protocol or variant, by name or path")->required();
  c->add_option("--set", o->settings, "parameter=value")->take_all();
  c->add_flag("--all", o->all, "list every pair of rules and every event, with values");
  c->add_flag("--werror", o->werror, "exit with 1 if a rule never matches, for certain");
  c->add_option("--format", o->format, "text or json")->check(CLI::IsMember({"text", "json"}));
  c->footer(
      "Values are those of the variables and of the segment, reachable or not: 'tcpmc check --rules' tells "
      "which\n"
      "rules fire where. What is listed with values is certain; 'not proven' is said where it is not.\n"
      "examples:\n  tcpmc lint rfc9293\n  tcpmc lint ./my-variant.json --all");
  c->callback([o, &code] { code = lint(*o); });
}

}  // namespace tcpmc::cli
