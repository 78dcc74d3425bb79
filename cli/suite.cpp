#include "cli/suite.hpp"

#include <fmt/format.h>

namespace tcpmc::cli {

using namespace language;  // NOLINT: reading is made of the language's parts

std::optional<suite> load_suite(const std::string& reference, library& files, diagnostics& errors) {
  using kind = json_node::kind;
  const std::size_t before = errors.size();
  const document* file = files.find(reference, file_kind::suite, {}, errors);
  if (file == nullptr) return std::nullopt;
  suite result;
  result.name = file->name;
  result.says = text_of(file->root, "says", errors);
  refuse_unknown_keys(file->root, {"suite", "says", "rows"}, errors);
  const json_node* rows = file->root.find("rows");
  if (rows == nullptr || rows->is != kind::array || rows->items.empty()) {
    errors.add(rows != nullptr ? rows->at : file->root.at, "a suite needs \"rows\": an array of questions");
    return std::nullopt;
  }
  for (const json_node& node : rows->items) {
    if (node.is != kind::object) {
      errors.add(node.at, fmt::format("a row is an object, not {}", node.kind_name()));
      continue;
    }
    refuse_unknown_keys(node, {"question", "protocol", "scenario", "set", "expect", "says"}, errors);
    suite_row row;
    row.asked.at = node.at;
    row.asked.text = text_of(node, "question", errors, true);
    row.asked.protocol = text_of(node, "protocol", errors, true);
    row.asked.scenario = text_of(node, "scenario", errors, true);
    if (const json_node* set = node.find("set"); set != nullptr && set->is != kind::object)
      errors.add(set->at, "\"set\" is an object: {parameter: value}");
    else if (set != nullptr)
      for (const json_member& m : set->members) row.asked.settings.push_back({m.key, m.at, m.value});
    const json_node* expect = node.find("expect");
    if (expect == nullptr || expect->is != kind::object || expect->members.empty()) {
      errors.add(node.at, "a row needs \"expect\": {property: verdict}");
      continue;
    }
    for (const json_member& m : expect->members) {
      std::optional<verdict> wanted;
      for (const verdict v : {verdict::holds, verdict::holds_vacuously, verdict::violated})
        if (m.value.string == name_of(v)) wanted = v;
      if (!wanted) {
        errors.add(m.value.at, "this is not a verdict", "\"holds\", \"holds vacuously\" or \"violated\"");
        continue;
      }
      row.asked.properties.push_back(m.key);
      row.expected.emplace_back(m.key, *wanted);
    }
    result.rows.push_back(std::move(row));
  }
  if (errors.size() != before) return std::nullopt;
  return result;
}

}  // namespace tcpmc::cli
