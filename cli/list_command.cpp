// tcpmc list: what is built in.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/reporting.hpp"

namespace tcpmc::cli {

void add_list_command(CLI::App& app, int& code) {
  auto kind = std::make_shared<std::string>();
  CLI::App* c =
      app.add_subcommand("list", "the built-in protocols, variants, scenarios, properties and suites");
  c->add_option("KIND", *kind, "only one kind")
      ->check(CLI::IsMember({"protocols", "variants", "scenarios", "properties", "suites"}));
  c->footer("example:\n  tcpmc list properties");
  c->callback([kind, &code] {
    using language::file_kind;
    const std::vector<std::pair<file_kind, const char*>> kinds = {{file_kind::protocol, "protocols"},
                                                                  {file_kind::variant, "variants"},
                                                                  {file_kind::scenario, "scenarios"},
                                                                  {file_kind::property, "properties"},
                                                                  {file_kind::suite, "suites"}};
    for (const auto& [is, title] : kinds) {
      if (!kind->empty() && *kind != title) continue;
      fmt::print("{}\n", title);
      for (const language::builtin_file& b : language::builtin_files()) {
        if (b.kind != is) continue;
        language::library files;
        language::diagnostics errors;
        const language::document* d = files.find(std::string(b.name), is, {}, errors);
        fmt::print("  {:<26} {}\n", b.name,
                   d != nullptr ? language::text_of(d->root, "says", errors) : errors.text());
      }
    }
    code = exit_fine;
  });
}

}  // namespace tcpmc::cli
