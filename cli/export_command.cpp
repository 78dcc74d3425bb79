// tcpmc export: a model for SPIN or Murphi, or a diagram.
#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/limits.hpp"
#include "cli/reporting.hpp"
#include "cli/version.hpp"
#include "exports/exports.hpp"

namespace tcpmc::cli {
namespace {

struct export_options {
  std::string to, output;
  question asked;
  std::vector<std::string> settings;
  exports::options details;
  std::size_t max_states = 2000;
  bool graph = false;
};

int fail(const std::string& message) {
  fmt::print(stderr, "{}", message);
  return exit_bad_input;
}

std::string heading(const question& q, const check_input& input) {
  std::string set;
  for (const language::setting& s : q.settings) set += fmt::format("\nset {} = {}", s.name, value_text(s));
  const language::composition& c = *input.composition;
  return fmt::format(
      "{} in the scenario {}: {}{}\nWritten by tcpmc {} export, input {}. The meaning is in "
      "docs/semantics.md.\n",
      fmt::join(c.protocols[0].chain, " <- "), c.scenario.name, c.scenario.says, set, version,
      hash_of(q, input));
}

int write(const export_options& o, const std::string& text) {
  if (o.output.empty()) {
    fmt::print("{}", text);
    return exit_fine;
  }
  std::ofstream out(o.output, std::ios::binary);
  out << text;
  out.close();
  if (!out)
    return fail(
        fmt::format("--output: cannot write '{}': {}\n", o.output, std::generic_category().message(errno)));
  return exit_fine;
}

int export_states(const export_options& o) {
  language::library files;
  language::diagnostics errors;
  const auto source = language::load_protocol(o.asked.protocol, files, {}, errors);
  const auto p = source ? language::compile(*source, {}, errors) : std::nullopt;
  return p ? write(o, exports::state_diagram(*p)) : fail(errors.text());
}

int export_model(export_options o) {
  const bool of_scenario = !o.asked.scenario.empty() || !o.asked.properties.empty() || !o.settings.empty();
  if (o.graph && o.to != "dot") return fail("tcpmc: --graph is for --to dot\n");
  if (o.to == "dot" && !o.graph)
    return of_scenario
               ? fail(
                     "tcpmc: --scenario, --property and --set are for --to dot --graph\n  hint: without "
                     "--graph the diagram is of the protocol's states and rules\n")
               : export_states(o);
  if (o.asked.scenario.empty())
    return fail("tcpmc: a model needs a --scenario\n  hint: see 'tcpmc list scenarios'\n");
  language::diagnostics errors;
  language::source_store sources;
  for (const std::string& s : o.settings)
    if (auto parsed = parse_setting(s, sources, errors)) o.asked.settings.push_back(std::move(*parsed));
  const auto input = load(o.asked, std::make_shared<language::library>(), errors);
  const auto properties =
      input ? properties::load_properties(input->properties, *input->composition, errors) : std::nullopt;
  if (!properties || !errors.empty()) return fail(errors.text());
  const language::composition& c = *input->composition;
  if (c.scenario.ports.number > 0) {
    errors.add({input->scenario_file, 0},
               "a model is exported of one connection, and this scenario has \"ports\"",
               "without \"ports\" it can be exported");
    return fail(errors.text());
  }
  o.details.heading = heading(o.asked, *input);
  if (o.to == "promela") return write(o, exports::promela(c, *properties, o.details));
  if (o.to == "murphi") return write(o, exports::murphi(c, *properties, o.details));
  try {
    const auto graph = exports::reachable_graph(c, *properties, o.max_states);
    if (graph) return write(o, *graph);
  } catch (const language::model_error& error) {
    return fail(error.mistake.text());
  }
  return fail(
      fmt::format("tcpmc: more than {} states are reachable: no graph to look at\n  hint: raise "
                  "--max-states, or ask a smaller scenario\n",
                  o.max_states));
}

}  // namespace

void add_export_command(CLI::App& app, int& code) {
  auto o = std::make_shared<export_options>();
  CLI::App* c =
      app.add_subcommand("export", "the same model for another checker (SPIN, Murphi), or a diagram (DOT)");
  c->add_option("--to", o->to, "promela, murphi or dot")
      ->required()
      ->check(CLI::IsMember({"promela", "murphi", "dot"}));
  c->add_option("--protocol", o->asked.protocol, "protocol or variant, by name or path")->required();
  c->add_option("--scenario", o->asked.scenario, "scenario, by name or path");
  c->add_option("--property", o->asked.properties, "property, by name or path; may be given several times")
      ->take_all();
  c->add_option("--set", o->settings, "parameter=value; A.parameter=value sets it for one endpoint")
      ->take_all();
  c->add_option("--output", o->output, "write into this file (default: standard output)");
  c->add_option("--room", o->details.room, "unlimited network: the most distinct segments in flight one way")
      ->check(CLI::Range(1, 1000));
  c->add_option("--choices", o->details.choices,
                "the most ways that one event may go (default: found in the rules)")
      ->check(CLI::Range(1, 1001));
  c->add_flag("--graph", o->graph,
              "dot: the reachable states of the scenario, not the states of the protocol");
  c->add_option("--max-states", o->max_states, "dot --graph: give up beyond so many states")
      ->check(whole_number(1));
  c->footer(
      "examples:\n"
      "  tcpmc export --to promela --protocol rfc9293 --scenario close-one-loss --property reliable-close "
      "--output model.pml\n"
      "  tcpmc export --to murphi --protocol rfc9293 --scenario close-one-loss --property reliable-close "
      "--output model.m\n"
      "  tcpmc export --to dot --protocol rfc1337 | dot -Tsvg -o rfc1337.svg");
  c->callback([o, &code] { code = export_model(*o); });
}

}  // namespace tcpmc::cli
