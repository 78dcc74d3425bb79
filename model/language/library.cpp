#include "model/language/library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace tcpmc::language {
namespace {

bool is_path(const std::string& reference) {
  return reference.find('/') != std::string::npos || reference.ends_with(".json");
}

bool fits(file_kind wanted, file_kind found) {
  const bool both_protocols = (wanted == file_kind::protocol || wanted == file_kind::variant) &&
                              (found == file_kind::protocol || found == file_kind::variant);
  return wanted == found || both_protocols;
}

}  // namespace

const char* key_of(file_kind kind) {
  switch (kind) {
    case file_kind::protocol:
      return "protocol";
    case file_kind::variant:
      return "variant";
    case file_kind::scenario:
      return "scenario";
    case file_kind::property:
      return "property";
    case file_kind::suite:
      return "suite";
  }
  return "?";
}

void library::preload(const std::string& path, std::string text) {
  preloaded_.push_back(&sources_.add(path, std::move(text)));
}

const document* library::find(const std::string& reference, file_kind kind, place from, diagnostics& errors) {
  std::string name = reference;
  const bool path = is_path(reference);
  if (path && from.file != nullptr && !reference.starts_with('/')) {
    const auto folder = std::filesystem::path(from.file->name).parent_path();
    if (!folder.empty()) name = (folder / reference).lexically_normal().string();
  }
  // "./v.json" and "v.json" are one file, whoever refers to it.
  const auto normal = [](const std::string& spelling) {
    return std::filesystem::path(spelling).lexically_normal();
  };
  for (const auto& d : documents_)
    if (fits(kind, d->kind) &&
        (path ? normal(d->file->name) == normal(name) : d->file->name == "builtin:" + name))
      return d.get();
  for (const source* s : preloaded_)
    if (s->name == name || s->name == "builtin:" + name) return open(s->name, s->text, kind, errors);
  if (path) {
    const source* file = read_file(name, sources_, errors);
    return file == nullptr ? nullptr : open(name, file->text, kind, errors);
  }
  std::vector<std::string> known;
  for (const builtin_file& b : builtin_files()) {
    if (!fits(kind, b.kind)) continue;
    if (b.name == name) return open("builtin:" + name, b.text, kind, errors);
    known.emplace_back(b.name);
  }
  std::string hint = suggestion(name, known);
  if (hint.empty()) hint = "a file of your own is named by its path, e.g. ./" + name + ".json";
  errors.add(from, fmt::format("there is no built-in {} '{}'", key_of(kind), name), hint);
  return nullptr;
}

const document* library::open(const std::string& path, std::string_view text, file_kind kind,
                              diagnostics& errors) {
  const source& file = sources_.add(path, std::string(text));
  auto root = parse_json(file, errors);
  if (!root) return nullptr;
  if (root->is != json_node::kind::object) {
    errors.add(root->at, fmt::format("a {} file is an object, not {}", key_of(kind), root->kind_name()));
    return nullptr;
  }
  auto result = std::make_unique<document>();
  for (const file_kind k : {file_kind::protocol, file_kind::variant, file_kind::scenario, file_kind::property,
                            file_kind::suite}) {
    const json_node* name = root->find(key_of(k));
    // A suite's or trace's rows also use these words, but only a file's own kind stands first.
    if (name == nullptr || name->is != json_node::kind::string || root->members.empty()) continue;
    const std::size_t first = root->members[0].key == "$schema" && root->members.size() > 1 ? 1 : 0;
    if (root->members[first].key != key_of(k)) continue;
    if (!fits(kind, k)) {
      errors.add(root->members[first].at,
                 fmt::format("this file is a {}, but a {} is needed here", key_of(k), key_of(kind)));
      return nullptr;
    }
    result->kind = k;
    result->name = name->string;
  }
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(result->name.begin(), result->name.end(), control)) {
    errors.add(root->find(key_of(result->kind))->at, "a name has no line ends or other control characters");
    return nullptr;
  }
  if (result->name.empty()) {
    errors.add(root->at, fmt::format("this is not a {} file", key_of(kind)),
               fmt::format("its first key has to be \"{}\": a name", key_of(kind)));
    return nullptr;
  }
  result->file = &file;
  result->root = std::move(*root);
  documents_.push_back(std::move(result));
  return documents_.back().get();
}

}  // namespace tcpmc::language
