// tcpmc sweep: one question over ranges of parameters and budgets.
#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "checker/log.hpp"
#include "cli/commands.hpp"
#include "cli/heat_map.hpp"
#include "cli/limits.hpp"
#include "cli/reporting.hpp"
#include "cli/sweep_tables.hpp"
#include "cli/version.hpp"

namespace tcpmc::cli {
namespace {

using clock = std::chrono::steady_clock;

struct sweep_options {
  std::string protocol, scenario;
  std::vector<std::string> properties, settings, axes, laws;
  std::string csv, json, svg;  // files; "-": standard output
  std::string progress = "auto";
  limit_options limits;
};

class sweeping_command {
 public:
  explicit sweeping_command(const sweep_options& o) : options_(o), progress_(style_named(o.progress)) {}

  int run() {
    catch_signals();
    language::diagnostics errors;
    if (!read_grid(errors)) return exit_bad_input;
    for (const std::string* path : {&options_.csv, &options_.json, &options_.svg})
      if (!path->empty() && *path != "-" && !std::ofstream(*path, std::ios::binary | std::ios::app))
        return cannot_write(*path);
    std::optional<sweep_result> result;
    progress_.about("sweep");
    try {
      result = sweep(
          grid_, limits_of(options_.limits, start_), threads_of(options_.limits.threads),
          [this](const sweep_progress& p) { return tell(p); }, errors);
    } catch (const checker::storage_error& error) {
      progress_.clear();
      return fail(fmt::format("tcpmc: {}\n  hint: --temp-dir chooses another directory\n", error.what()));
    }
    progress_.clear();
    if (!result) return fail(errors.text());
    const bool to_stdout = options_.csv == "-" || options_.json == "-" || options_.svg == "-";
    if (!to_stdout)
      fmt::print("{}{}{}\n", tables(grid_, *result), disagreements(grid_, *result), summary(*result));
    for (const auto& [path, text] : {std::pair(options_.csv, &to_csv), std::pair(options_.json, &to_json),
                                     std::pair(options_.svg, &heat_map)})
      if (!path.empty() && !write(path, text(grid_, *result))) return cannot_write(path);
    return caught_signal() != 0 ? 128 + caught_signal() : code_of(*result);
  }

 private:
  static int fail(const std::string& message) {
    fmt::print(stderr, "{}", message);
    return exit_bad_input;
  }

  static int cannot_write(const std::string& path) {
    return fail(fmt::format("tcpmc: cannot write '{}': {}\n", path, std::generic_category().message(errno)));
  }

  // Reports what is wrong on stderr.
  bool read_grid(language::diagnostics& errors) {
    grid_.base.protocol = options_.protocol;
    grid_.base.scenario = options_.scenario;
    grid_.base.properties = options_.properties;
    for (const std::string& s : options_.settings)
      if (auto parsed = parse_setting(s, sources_, errors)) grid_.base.settings.push_back(std::move(*parsed));
    for (const std::string& s : options_.axes)
      if (auto parsed = parse_axis(s, sources_, errors)) grid_.axes.push_back(std::move(*parsed));
    for (const std::string& s : options_.laws)
      grid_.laws.push_back(parse_law(s, options_.properties, sources_));
    const auto twice = [&](const axis& x) {
      return std::count_if(grid_.axes.begin(), grid_.axes.end(),
                           [&](const axis& y) { return x.name == y.name; }) > 1;
    };
    const auto set_too = [&](const axis& x) {
      return std::any_of(grid_.base.settings.begin(), grid_.base.settings.end(),
                         [&](const language::setting& s) { return s.name == x.name; });
    };
    const auto two_laws = [&](const law& l) {
      return std::count_if(grid_.laws.begin(), grid_.laws.end(), [&](const law& other) {
               return l.property == other.property || l.property.empty() || other.property.empty();
             }) > 1;
    };
    std::string wrong;
    if (const int n = (options_.csv == "-") + (options_.json == "-") + (options_.svg == "-"); n > 1)
      wrong = "standard output takes one of --csv, --json and --svg\n";
    else if (const auto l = std::find_if(grid_.laws.begin(), grid_.laws.end(), two_laws);
             l != grid_.laws.end())
      wrong = fmt::format("'{}' is not the only law{}\n  hint: '&&' joins two\n", l->formula,
                          l->property.empty() ? "" : " of " + l->property);
    else if (grid_.axes.empty() && errors.empty())
      wrong = "a sweep needs --over name=values, e.g. --over rto=1..4\n";
    else if (const auto x = std::find_if(grid_.axes.begin(), grid_.axes.end(), twice); x != grid_.axes.end())
      wrong = fmt::format("'{}' is swept twice\n  hint: --over {}=1..3,5 joins values\n", x->name, x->name);
    else if (const auto both = std::find_if(grid_.axes.begin(), grid_.axes.end(), set_too);
             both != grid_.axes.end())
      wrong = fmt::format("'{}' is swept and set\n  hint: leave out --set {}=..., or --over\n", both->name,
                          both->name);
    else if (!given(grid_.base.protocol, "protocol") || !given(grid_.base.scenario, "scenario"))
      wrong =
          "a sweep needs --protocol and --scenario, each once: --over protocol=one,other stands for "
          "--protocol\n  hint: see 'tcpmc list'\n";
    else if (grid_.base.properties.empty())
      wrong = "a sweep needs a --property\n  hint: see 'tcpmc list'\n";
    else if (const double points = size(); points > static_cast<double>(most_points))
      wrong = fmt::format("that makes {:.0f} points; at most {} are possible\n", points, most_points);
    if (!errors.empty()) fmt::print(stderr, "{}", errors.text());
    if (!wrong.empty()) fmt::print(stderr, "tcpmc: {}", wrong);
    return wrong.empty() && errors.empty();
  }

  // Whether it is given exactly once, as an option or as an axis.
  bool given(const std::string& option, const char* name) const {
    return option.empty() ==
           std::any_of(grid_.axes.begin(), grid_.axes.end(), [&](const axis& x) { return x.name == name; });
  }

  double size() const {
    double n = 1;
    for (const axis& x : grid_.axes) n *= static_cast<double>(x.values.size());
    return n;
  }

  bool tell(const sweep_progress& p) {
    return progress_.tell([&](double seconds, bool as_json) {
      if (as_json)
        return nlohmann::ordered_json{{"sweep", grid_.base.protocol},
                                      {"done", p.done},
                                      {"points", p.points},
                                      {"states", p.states},
                                      {"seconds", seconds}}
            .dump();
      return fmt::format("{} of {} points, {} states, {}", p.done, p.points, with_commas(p.states),
                         duration_text(seconds));
    });
  }

  std::string summary(const sweep_result& r) const {
    const sweep_counts n = count(r);
    std::string text = fmt::format("tcpmc {}: {} point{}: {} held, {} violated", version, r.cells.size(),
                                   r.cells.size() == 1 ? "" : "s", n.holds + n.vacuous, n.violated);
    if (n.vacuous > 0) text += fmt::format(", {} of the held vacuously", n.vacuous);
    if (n.inconclusive > 0) text += fmt::format(", {} inconclusive", n.inconclusive);
    if (n.unfit > 0) text += fmt::format(", {} not valid", n.unfit);
    if (!grid_.laws.empty()) {
      text += fmt::format("; {} by the law", n.lawful);
      if (n.unlawful > 0) text += fmt::format(", {} not", n.unlawful);
      if (n.unknown > 0) text += fmt::format(", {} open", n.unknown);
    }
    return text + fmt::format("; {} states, {}, input {}", with_commas(n.states),
                              duration_text(std::chrono::duration<double>(clock::now() - start_).count()),
                              r.hash);
  }

  int code_of(const sweep_result& r) const {
    const sweep_counts n = count(r);
    if (n.holds + n.vacuous + n.violated + n.inconclusive == 0) return exit_bad_input;  // nothing was asked
    if (grid_.laws.empty() ? n.violated > 0 : n.unlawful > 0) return exit_violated;
    return n.inconclusive > 0 ? exit_inconclusive : exit_fine;
  }

  static bool write(const std::string& path, const std::string& text) {
    if (path == "-") return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    return static_cast<bool>(out);
  }

  const sweep_options& options_;
  progress_line progress_;
  clock::time_point start_ = clock::now();
  language::source_store sources_;
  grid grid_;
};

}  // namespace

void add_sweep_command(CLI::App& app, int& code) {
  auto o = std::make_shared<sweep_options>();
  CLI::App* c =
      app.add_subcommand("sweep", "one question over ranges of parameters and budgets: a table, a heat map");
  c->add_option("--protocol", o->protocol, "protocol or variant, by name or path");
  c->add_option("--scenario", o->scenario, "scenario, by name or path");
  c->add_option("--property", o->properties, "property, by name or path; may be given several times")
      ->take_all();
  c->add_option("--over", o->axes,
                "name=1..4,8 or name=word,word: a parameter, A.parameter, or a budget of the scenario (loss, "
                "duplication, lifetime, capacity, incarnations, A.CALL); protocol or scenario; may be given "
                "several times: the last one is across, the last but one down")
      ->take_all();
  c->add_option("--set", o->settings, "name=value: a parameter or budget that is the same at every point")
      ->take_all();
  c->add_option(
       "--law", o->laws,
       "a formula over parameters and budgets, or property: formula; the property should hold exactly "
       "where it is true")
      ->take_all();
  c->add_option("--csv", o->csv, "write a line a point and property to this file; -: to standard output");
  c->add_option("--json", o->json, "write points and thresholds to this file");
  c->add_option("--svg", o->svg, "write a heat map to this file");
  add_threads_option(*c, o->limits.threads,
                     "points checked at once: a number, or auto; the table is the same");
  c->add_option("--progress", o->progress, "auto, plain, json (lines) or none; on stderr")
      ->check(CLI::IsMember({"auto", "plain", "json", "none"}));
  add_limit_options(*c, o->limits);
  c->footer(
      "Every point is checked; 'tcpmc check' with the same --set answers one of them and shows its trace.\n"
      "examples:\n"
      "  tcpmc sweep --protocol rfc9293 --scenario close-one-loss --property reliable-close \\\n"
      "    --over loss=0..1 --over rto=2..4 --over time_wait=1..8 --svg time-wait.svg\n"
      "  tcpmc sweep --protocol rfc9293 --scenario close-one-loss --property reliable-close --set r2=0 \\\n"
      "    --over rto=2..4 --over time_wait=1..8 --law 'time_wait >= msl + loss * rto'\n"
      "  tcpmc sweep --scenario two-connections --property no-stale-revival --property no-stale-data \\\n"
      "    --over protocol=rfc9293,two-way-handshake --over isn=fresh,constant\n"
      "exit codes: 0 everything holds, or is as the laws say; 1 something is violated, or not as they say;\n"
      "2 bad input, or no values fit together; 3 something is inconclusive");
  c->callback([o, &code] { code = sweeping_command(*o).run(); });
}

}  // namespace tcpmc::cli
