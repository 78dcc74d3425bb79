#include "cli/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

namespace tcpmc::cli {

CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](std::string& text) -> std::string {
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error == std::errc() && end == text.data() + text.size() && least <= n && n <= most) return "";
    return fmt::format("'{}' is not a number from {} to {}", text, least, most);
  };
  return {check, least > 0 ? "POSITIVE" : "", ""};
}

CLI::Validator seconds() {
  const auto check = [](std::string& text) -> std::string {
    char* end = nullptr;
    const double s = std::strtod(text.c_str(), &end);
    if (end == text.c_str() + text.size() && s > 0 && s <= 1e9) return "";
    return fmt::format("'{}' is not a number of seconds, more than 0 and at most 10^9", text);
  };
  return {check, "POSITIVE", ""};
}

void add_threads_option(CLI::App& to, std::string& threads, const std::string& says) {
  to.add_option("-j,--threads", threads, says)->check([](const std::string& n) {
    const bool fine = n == "auto" || (!n.empty() && n.size() < 4 &&
                                      n.find_first_not_of("0123456789") == n.npos && std::stoul(n) > 0);
    return fine ? "" : "a number of threads is 1 to 999, or auto";
  });
}

unsigned threads_of(const std::string& threads) {
  return threads == "auto" ? std::max(1u, std::thread::hardware_concurrency())
                           : static_cast<unsigned>(std::stoul(threads));
}

void add_resource_options(CLI::App& to, limit_options& o, const std::string& says) {
  to.add_option("--time-limit", o.time_limit, says)->check(seconds());
  to.add_option("--memory-limit", o.memory_limit,
                "end when the process holds so many megabytes (default: what is free)")
      ->check(whole_number(1, most_megabytes));
}

void add_limit_options(CLI::App& to, limit_options& o) {
  to.add_option("--temp-dir", o.temporary_folder,
                "for levels that do not fit into memory (default: /var/tmp)");
  to.add_option("--max-states", o.max_states, "end each search at so many states")->check(whole_number(1));
  to.add_option("--max-depth", o.max_depth,
                "look at runs of at most so many steps (a covering search: of any length)")
      ->check(whole_number(1));
  add_resource_options(to, o, "end after so many seconds in all, runs to what was found included");
}

checker::options limits_of(const limit_options& o, std::chrono::steady_clock::time_point start) {
  checker::options l;
  l.max_states = o.max_states;
  l.max_depth = o.max_depth;
  l.max_memory =
      o.memory_limit > 0 ? o.memory_limit << 20 : checker::resident_memory() + checker::free_memory();
  l.threads = threads_of(o.threads);
  l.directory = o.temporary_folder;
  if (o.time_limit > 0)
    l.deadline = start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                             std::chrono::duration<double>(o.time_limit));
  return l;
}

}  // namespace tcpmc::cli
