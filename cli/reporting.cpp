#include "cli/reporting.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "properties/property.hpp"

namespace tcpmc::cli {
namespace {

volatile std::sig_atomic_t signal_number = 0;
void remember_signal(int number) { signal_number = number; }

constexpr std::size_t text_width = 100;

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = remember_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // a second one ends the process at once
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int caught_signal() { return signal_number; }

progress_line::progress_line(progress_style style)
    : style_(style), terminal_(style == progress_style::automatic && isatty(STDERR_FILENO) != 0) {
  about("");
}

void progress_line::about(std::string what) {
  what_ = std::move(what);
  start_ = clock::now();
  next_ = start_ + std::chrono::milliseconds(terminal_                        ? 250
                                             : style_ == progress_style::json ? 1'000
                                                                              : 10'000);
}

bool progress_line::operator()(const checker::progress& p) {
  return tell([&](double seconds, bool as_json) {
    const std::uint64_t memory = checker::resident_memory();
    if (as_json)
      return nlohmann::ordered_json{
          {"search", what_},
          {"states", p.states},
          {"transitions", p.transitions},
          {"depth", p.depth},
          {"frontier", p.frontier},
          {"seconds", seconds},
          {"states_per_second", static_cast<std::uint64_t>(static_cast<double>(p.states) / seconds)},
          {"memory", memory},
          {"note", p.note}}
          .dump();
    return fmt::format("{} states, depth {}, frontier {}, {:.2f} million states/s, {} MB, {}{}{}",
                       with_commas(p.states), p.depth, with_commas(p.frontier),
                       static_cast<double>(p.states) / seconds / 1e6, memory >> 20, duration_text(seconds),
                       p.note.empty() ? "" : "; ", p.note);
  });
}

bool progress_line::tell(const std::function<std::string(double, bool)>& text) {
  if (signal_number != 0) return false;
  const clock::time_point now = clock::now();
  if (style_ == progress_style::none || now < next_) return true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const bool as_json = style_ == progress_style::json;
  const std::string line = (what_.empty() || as_json ? "" : what_ + ": ") + text(seconds, as_json);
  if (terminal_)
    fmt::print(stderr, "\r\x1b[K{}", line.substr(0, 118));
  else
    fmt::print(stderr, "{}\n", line);
  std::fflush(stderr);
  shown_ = true;
  next_ = now + std::chrono::milliseconds(terminal_                        ? 250
                                          : style_ == progress_style::json ? 1'000
                                          : seconds < 60                   ? 10'000
                                                                           : 60'000);
  return true;
}

void progress_line::clear() {
  if (terminal_ && shown_) fmt::print(stderr, "\r\x1b[K");
  shown_ = false;
}

std::string counted(std::uint64_t n, const char* singular, const char* plural) {
  return fmt::format("{} {}", with_commas(n), n == 1 ? singular : plural);
}

std::string with_commas(std::uint64_t n) {
  std::string text = std::to_string(n);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, ",");
  return text;
}

std::string duration_text(double seconds) {
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  const auto whole = static_cast<std::uint64_t>(seconds);
  return fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::string folded(const std::string& head, const std::vector<std::string>& parts) {
  std::string text = head, line = head;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part = parts[i] + (i + 1 < parts.size() ? "; " : "");
    if (line.size() + part.size() > text_width && line.size() > head.size()) {
      text.erase(text.find_last_not_of(' ') + 1);
      text += "\n" + std::string(head.size(), ' ');
      line = std::string(head.size(), ' ');
    }
    text += part;
    line += part;
  }
  return text + "\n";
}

std::string coverage_text(const check_result& r) {
  return folded("covers: ", r.covers) + folded("does not cover: ", r.does_not_cover);
}

std::string coverage_summary(const language::composition& c) {
  const language::scenario& s = c.scenario;
  const language::network& n = s.network;
  const auto amount = [](const language::budget& b, const char* what) {
    return b.unlimited ? fmt::format("any {}", what) : fmt::format("{} {}", b.count, what);
  };
  std::string text = n.is_set()
                         ? "any loss, copies, order"
                         : fmt::format("{}, {}{}", amount(n.loss, n.loss.count == 1 ? "loss" : "losses"),
                                       amount(n.duplication, n.duplication.count == 1 ? "copy" : "copies"),
                                       n.order == language::delivery_order::fifo ? ", fifo" : "");
  constexpr std::array<const char*, 3> times = {"untimed", "lazy", "timed"};
  text += fmt::format("; {}", times[static_cast<std::size_t>(s.time)]);
  if (n.lifetime > 0) text += fmt::format(", MSL {}", n.lifetime);
  text += fmt::format("; {} inc.", std::max(s.sides[0].incarnations, s.sides[1].incarnations));
  return text;
}

std::string limit_name(checker::outcome ended) {
  switch (ended) {
    case checker::outcome::complete:
    case checker::outcome::goal_reached:
      return "";
    case checker::outcome::state_limit:
      return "the limit of states";
    case checker::outcome::depth_limit:
      return "the limit of depth";
    case checker::outcome::time_limit:
      return "the limit of time";
    case checker::outcome::memory_limit:
      return "the limit of memory";
    case checker::outcome::interrupted:
      return "an interruption";
  }
  return "";
}

std::string limit_text(const check_result& r) {
  const checker::statistics& s = r.statistics;
  const std::string what = limit_name(s.ended);
  if (what.empty()) return "";
  std::string text = fmt::format("ended by {} after {} and {}", what, counted(s.states, "state", "states"),
                                 counted(s.transitions, "step", "steps"));
  if (s.depth > 0 && r.reduced.empty())
    text +=
        fmt::format("; every state within {} of the start was reached", counted(s.depth, "step", "steps"));
  else if (s.depth > 0)
    text += fmt::format("; every run of at most {} was covered", counted(s.depth, "step", "steps"));
  return text;
}

std::string reductions_text(const check_result& r) {
  std::string text;
  if (!r.reduced.empty())
    text += folded("reduced: ", {fmt::format("{}", fmt::join(r.reduced, ", ")),
                                 "the verdicts are those of all states, the number of states is not"});
  for (const std::string& why : r.not_reduced) text += fmt::format("not reduced by {}\n", why);
  return text;
}

traces::trace trace_of(const question& q, const check_input& input, const answer& a) {
  traces::trace t;
  t.property = a.property;
  const auto reference = [](const language::source& s) {
    constexpr std::string_view builtin = "builtin:";
    return s.name.starts_with(builtin) ? s.name.substr(builtin.size()) : s.name;
  };
  for (const language::document* d : input.properties) {
    if (d->name != a.property) continue;
    if (const language::json_node* says = d->root.find("says")) t.says = says->string;
    if (const language::json_node* cite = d->root.find("cite")) t.cite = cite->string;
    t.origin.property = reference(*d->file);
  }
  t.shortest = a.trace->shortest;
  t.minimality = a.trace->minimality;
  t.on = a.trace->on;
  t.run = a.trace->run;
  t.ports = a.trace->ports;
  t.origin.protocol = reference(*input.protocol_file);
  t.origin.scenario = reference(*input.scenario_file);
  for (const language::setting& s : q.settings) t.origin.settings.emplace_back(s.name, value_text(s));
  for (const auto& d : input.files->used())
    if (d->kind != language::file_kind::property || d->name == a.property) t.origin.files.push_back(d->file);
  return t;
}

std::string heading_of(const traces::trace& t) {
  return fmt::format("{} is violated by {} in {}: not true that \"{}\" [{}]\n{} steps; {}{}\n", t.property,
                     t.on->protocols[0].name, t.on->scenario.name, t.says, t.cite, t.length(),
                     t.shortest ? "shortest: " : "", t.minimality);
}

std::string minimal_text(const answer& a) {
  if (!a.trace) return a.says == verdict::violated ? "no run: no time was left to find its steps" : "";
  const std::size_t steps = a.trace->length();
  return fmt::format("{} step{}{}", steps, steps == 1 ? "" : "s",
                     a.trace->shortest ? "" : " (not proven shortest)");
}

progress_style style_named(const std::string& name) {
  return name == "none"    ? progress_style::none
         : name == "plain" ? progress_style::plain
         : name == "json"  ? progress_style::json
                           : progress_style::automatic;
}

bool colour_wanted() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

std::string coloured(const std::string& text, int code, bool colour) {
  if (!colour) return text;
  const int number = code == exit_fine ? 32 : code == exit_inconclusive ? 33 : 31;
  return fmt::format("\x1b[{}m{}\x1b[0m", number, text);
}

}  // namespace tcpmc::cli
