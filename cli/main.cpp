// The tcpmc command.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <new>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/reporting.hpp"
#include "cli/version.hpp"
#include "model/language/diagnostic.hpp"

namespace {

// CLI11's message, with the nearest option or subcommand where something is unknown.
int report(CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& arguments) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  const CLI::App* where = &app;
  for (const CLI::App* sub : app.get_subcommands())
    where = sub->get_subcommands().empty() ? sub : sub->get_subcommands()[0];
  const bool unknown = where == &app && !arguments.empty() && !arguments[0].starts_with('-');
  fmt::print(stderr, "tcpmc: {}\n",
             unknown ? fmt::format("there is no command '{}'", arguments[0]) : error.what());
  std::vector<std::string> known;
  for (const CLI::Option* o : where->get_options())
    for (const std::string& name : o->get_lnames()) known.push_back("--" + name);
  for (const CLI::App* sub : where->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(sub->get_name());
  for (const std::string& word : arguments) {
    const std::string option = word.substr(0, word.find('='));
    if (std::find(known.begin(), known.end(), option) != known.end()) continue;
    if (const std::string best = tcpmc::language::nearest(option, known); !best.empty()) {
      fmt::print(stderr, "  hint: did you mean '{}'?\n", best);
      break;
    }
  }
  std::string command;
  for (; where != &app; where = where->get_parent()) command = where->get_name() + " " + command;
  fmt::print(stderr, "  see: tcpmc {}--help\n", command);
  return tcpmc::cli::exit_bad_input;
}

int run(int argc, char** argv) {
  CLI::App app("tcpmc: a model checker for the life of a TCP connection", "tcpmc");
  app.set_version_flag("--version", fmt::format("tcpmc {}", tcpmc::cli::version));
  app.require_subcommand(1);
  app.footer(
      "examples:\n"
      "  tcpmc check                                   the built-in questions, with evidence\n"
      "  tcpmc check --protocol two-way-handshake --scenario open-stale-syn --property no-stale-revival\n"
      "  tcpmc check --protocol ./my-variant.json --scenario close-one-loss --property reliable-close\n"
      "  tcpmc simulate --protocol rfc9293 --scenario reuse-with-data --property no-stale-data\n"
      "  tcpmc sweep --protocol rfc9293 --scenario close-one-loss --property reliable-close --over rto=1..3 "
      "--over "
      "time_wait=1..6\n"
      "  tcpmc list                                    what is built in\n"
      "  tcpmc show rfc9293                            its rules, each with its citation\n"
      "exit codes: 0 as expected; 1 violated; 2 bad input, or output that cannot be written; 3 inconclusive; "
      "4 internal error; 128+n signal n");
  int code = tcpmc::cli::exit_fine;
  tcpmc::cli::add_check_command(app, code);
  tcpmc::cli::add_export_command(app, code);
  tcpmc::cli::add_lint_command(app, code);
  tcpmc::cli::add_list_command(app, code);
  tcpmc::cli::add_show_command(app, code);
  tcpmc::cli::add_simulate_command(app, code);
  tcpmc::cli::add_sweep_command(app, code);
  tcpmc::cli::add_trace_command(app, code);
  tcpmc::cli::add_why_command(app, code);
  // An empty value is a variable that is not set, most likely: nothing is written then, silently.
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; }))
    for (CLI::Option* o : command->get_options())
      if (o->get_expected_max() > 0)
        o->check(
            CLI::Validator([](std::string& value) { return value.empty() ? "an empty value" : ""; }, ""));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return report(app, error, {argv + 1, argv + argc});
  } catch (const std::bad_alloc&) {  // outside a search, which has more to tell then
    fmt::print(stderr, "tcpmc: there is not enough memory\n");
    return tcpmc::cli::exit_inconclusive;
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0) return code;  // main says why
    if (std::ferror(stderr) != 0) return tcpmc::cli::exit_bad_input;
    fmt::print(stderr, "tcpmc: internal error: {}\n", error.what());
    return tcpmc::cli::exit_internal;
  }
  return code;
}

// A standard stream that was closed by whoever started this: nothing else may get its number, or a file of
// levels would be written to by every message. Writing to it fails, as it did.
void keep_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (fcntl(stream, F_GETFD) == -1) open("/dev/null", O_RDONLY);
}

// What was asked for and could not be written is an error, whatever the answer was.
int whole(int argc, char** argv) {
  const int code = run(argc, argv);
  std::cout.flush();  // --help and --version
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) return code;
  fmt::print(stderr, "tcpmc: cannot write to standard output: {}\n", std::generic_category().message(errno));
  return tcpmc::cli::exit_bad_input;
}

}  // namespace

int main(int argc, char** argv) {
  keep_standard_streams();
  std::signal(SIGXFSZ, SIG_IGN);  // a file that gets too large is told like a full disk
  try {
    return whole(argc, argv);
  } catch (const std::exception&) {  // stderr cannot be written to
    return tcpmc::cli::exit_bad_input;
  }
}
