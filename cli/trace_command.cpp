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
  // The network that the run was found on may be a part of the scenario's.
  auto on = std::make_shared<language::composition>(*input->composition);
  const language::network& whole = input->composition->scenario.network;
  if (recorded->network != whole) {
    *on = *with_duplicates(*input->composition, recorded->network.duplication.count);
    if (!whole.is_set() || recorded->network != on->scenario.network) {
      errors.add(recorded->document.find("network")->at, "the scenario's network is another one",
                 "the trace was changed, or made by a version of tcpmc that means something else by it");
      return std::nullopt;
    }
  }
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
  answer a;
  a.property = p->all[0].name;
  a.trace.emplace();
  a.trace->shortest = recorded->shortest;
  a.trace->minimality = recorded->minimality;
  a.trace->on = on;
  if (run) a.trace->run = std::move(*run);
  a.trace->ports = std::move(ports);
  const traces::trace t = trace_of(q, *input, a);
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
      fmt::print("{}replayed: {} steps; the run violates {}{}\n", show ? "\n" : "", t->length(), t->property,
                 t->shortest ? "; that none is shorter is what the file says" : "");
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
