#include "cli/trace_files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "cli/reporting.hpp"
#include "cli/version.hpp"
#include "traces/json.hpp"

namespace tcpmc::cli {

std::string make_folder(const char* option, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return "";
  return fmt::format("{}: cannot make the folder '{}': {}\n", option, folder, error.message());
}

std::string write_trace(const std::string& folder, const question& q, const check_input& input,
                        const answer& a) {
  std::string name = fmt::format("{}.{}.{}", input.composition->protocols[0].name,
                                 input.composition->scenario.name, a.property);
  for (const language::setting& s : q.settings) name += fmt::format(".{}={}", s.name, value_text(s));
  std::string file;  // as in an address, so that no two names become one
  for (const char c : name)
    file += c == ' ' ? "+" : c == '/' || c == '+' || c == '%' ? fmt::format("%{:02X}", c) : std::string(1, c);
  const std::string path = (std::filesystem::path(folder) / (file + ".json")).string();
  std::ofstream out(path, std::ios::binary);
  out << traces::to_json(trace_of(q, input, a), version);
  out.close();
  return out ? ""
             : fmt::format("--traces: cannot write '{}': {}\n", path, std::generic_category().message(errno));
}

}  // namespace tcpmc::cli
