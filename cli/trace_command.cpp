// tcpmc trace: showing and replaying trace files.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/reporting.hpp"
#include "traces/json.hpp"
#include "traces/ladder.hpp"

namespace tcpmc::cli {
namespace {

// Reads a trace file, replays it through the rule interpreter, and compares every step.
std::optional<traces::trace> replayed(const std::string& path, language::source_store& store,
                                      language::diagnostics& errors) {
  const language::source* file = language::read_file(path, store, errors);
  const auto recorded = file != nullptr ? traces::read_trace(*file, errors) : std::nullopt;
  if (!recorded) return std::nullopt;
  auto files = std::make_shared<language::library>();
  for (const auto& [name, text] : recorded->files) files->preload(name, text);
  question q;
  q.protocol = recorded->protocol;
  q.scenario = recorded->scenario;
  q.properties = {recorded->property_reference};
  for (const auto& [name, value] : recorded->settings)
    if (auto s = parse_setting(fmt::format("{}={}", name, value), store, errors))
      q.settings.push_back(std::move(*s));
  const auto input = load(q, files, errors);
  if (!input) return std::nullopt;
  // The network that the run was found on may be narrower than the scenario's (see with_duplicates).
  auto on = std::make_shared<language::composition>(*input->composition);
  on->scenario.network = recorded->network;
  const auto p = properties::load_properties(input->properties, *on, errors);
  if (!p) return std::nullopt;
  std::optional<traces::run> run;
  std::optional<traces::ports_run> ports;
  if (on->scenario.ports.number > 0) {
    const auto steps = recorded_ports_steps(*recorded, *on, errors);
    if (!steps) return std::nullopt;
    ports = traces::replay(system::plain_ports(*on, p->observers), *steps);
  } else {
    const auto steps = recorded_steps(*recorded, *on, errors);
    if (!steps) return std::nullopt;
    run = traces::replay(system::plain_system(*on, p->observers), *steps);
  }
  if (!run && !ports) {
    errors.add({file, 0}, "the trace cannot be replayed: one of its steps is not possible where it stands",
               "the trace was changed, or made by a version of tcpmc that means something else by it");
    return std::nullopt;
  }
  if (ports ? !violates(*on, *p, 0, *ports) : !violates(*on, *p, 0, *run)) {
    errors.add({file, 0}, fmt::format("the replayed run does not violate '{}'", recorded->property));
    return std::nullopt;
  }
  traces::trace t;
  t.property = recorded->property;
  t.says = recorded->says;
  t.cite = recorded->cite;
  t.shortest = recorded->shortest;
  t.minimality = recorded->minimality;
  t.on = on;
  if (run) t.run = std::move(*run);
  t.ports = std::move(ports);
  if (!traces::matches(*recorded, t, errors)) return std::nullopt;
  return t;
}

int trace_command(const std::string& path, bool show) {
  language::source_store store;
  language::diagnostics errors;
  try {
    const auto t = replayed(path, store, errors);
    if (t) {
      if (show) fmt::print("{}\n{}", heading_of(*t), traces::ladder(*t));
      fmt::print("{}replayed: {} steps; the run violates {}\n", show ? "\n" : "", t->length(), t->property);
      return exit_fine;
    }
  } catch (const language::model_error& error) {
    errors.add(error.mistake);
  }
  fmt::print(stderr, "{}", errors.text());
  return exit_bad_input;
}

}  // namespace

void add_trace_command(CLI::App& app, int& code) {
  auto path = std::make_shared<std::string>();
  CLI::App* c = app.add_subcommand("trace", "show or replay a trace file");
  c->require_subcommand(1);
  CLI::App* show = c->add_subcommand("show", "replay a trace and print it as a ladder");
  CLI::App* replay =
      c->add_subcommand("replay", "replay a trace through the rule interpreter and compare every step");
  for (CLI::App* sub : {show, replay})
    sub->add_option("FILE", *path, "a trace, as written by check --traces")->required();
  c->footer(
      "examples:\n  tcpmc check --traces traces\n  tcpmc trace show "
      "traces/two-way-handshake.open-stale-syn.no-stale-revival.json");
  show->callback([path, &code] { code = trace_command(*path, true); });
  replay->callback([path, &code] { code = trace_command(*path, false); });
}

}  // namespace tcpmc::cli
