// The subcommands of tcpmc. Each adds itself to the application; `code` is set when it has run.
#pragma once

#include <CLI/CLI.hpp>

namespace tcpmc::cli {

void add_check_command(CLI::App& app, int& code);
void add_export_command(CLI::App& app, int& code);
void add_lint_command(CLI::App& app, int& code);
void add_list_command(CLI::App& app, int& code);
void add_show_command(CLI::App& app, int& code);
void add_simulate_command(CLI::App& app, int& code);
void add_sweep_command(CLI::App& app, int& code);
void add_trace_command(CLI::App& app, int& code);
void add_why_command(CLI::App& app, int& code);

}  // namespace tcpmc::cli
