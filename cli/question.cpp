#include "cli/question.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include "cli/version.hpp"

namespace tcpmc::cli {

using namespace language;  // NOLINT: loading is made of the language's parts

std::optional<check_input> load(const question& q, std::shared_ptr<library> files, diagnostics& errors) {
  check_input result;
  const auto source = load_protocol(q.protocol, *files, q.at, errors);
  const document* scenario = files->find(q.scenario, file_kind::scenario, q.at, errors);
  for (const std::string& reference : q.properties)
    if (const document* d = files->find(reference, file_kind::property, q.at, errors))
      result.properties.push_back(d);
  if (!source || scenario == nullptr) return std::nullopt;
  auto c = compose(*source, *scenario, q.settings, errors);
  if (!c || result.properties.size() != q.properties.size()) return std::nullopt;
  result.composition = std::make_shared<const composition>(std::move(*c));
  result.protocol_file = source->at.file;
  result.scenario_file = scenario->file;
  result.files = std::move(files);
  return result;
}

std::optional<setting> parse_setting(const std::string& text, source_store& sources, diagnostics& errors) {
  const std::size_t equals = text.find('=');
  const place at{&sources.add(fmt::format("--set '{}'", text), text), 0};
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    errors.add(at, fmt::format("'{}' is not of the form name=value", text),
               "e.g. --set time_wait=3, or --set A.isn=constant for one endpoint");
    return std::nullopt;
  }
  json_node value;
  value.is = json_node::kind::string;
  value.string = text.substr(equals + 1);
  value.at = {at.file, equals + 1};
  return setting{text.substr(0, equals), at, std::move(value)};
}

std::string value_text(const setting& s) {
  if (s.value.is == json_node::kind::integer) return std::to_string(s.value.integer);
  if (s.value.is == json_node::kind::boolean) return s.value.boolean ? "true" : "false";
  return s.value.string;
}

std::string hash_of(const question& q, const check_input& input) {
  std::string all = version;
  const auto add = [&](const std::string& part) {
    all += '\0';
    all += part;
  };
  for (const std::string& name : input.composition->protocols[0].chain) add(name);
  add(input.composition->scenario.name);
  for (const setting& s : q.settings) add(s.name + "=" + value_text(s));
  for (const auto& d : input.files->used()) add(d->file->text);
  return fmt::format("{:016x}", XXH3_64bits(all.data(), all.size()));
}

std::string combined(const std::vector<std::string>& hashes) {
  if (hashes.size() == 1) return hashes[0];
  std::uint64_t all = 0;
  for (const std::string& h : hashes) all = all * 0x9E3779B97F4A7C15u + std::stoull(h, nullptr, 16);
  return fmt::format("{:016x}", all);
}

}  // namespace tcpmc::cli
