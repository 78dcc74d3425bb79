// Where named things are found: files that the user names, and the data that is built in.
//
// A reference is a name ("rfc9293") or a path (anything that holds a '/' or ends in ".json"). A path in a
// file is relative to that file. Built-in data stands in model/tcp/ and properties/tcp/ and is embedded
// when tcpmc is built, so that the command works from anywhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/language/json.hpp"

namespace tcpmc::language {

enum class file_kind { protocol, variant, scenario, property, suite };
const char* key_of(file_kind kind);  // the key that names such a file: "protocol", "variant", ...

struct builtin_file {
  file_kind kind;
  std::string_view name;
  std::string_view path;  // in the source tree
  std::string_view text;
};
const std::vector<builtin_file>& builtin_files();  // generated at build time

// A parsed file and what it is.
struct document {
  const source* file = nullptr;
  json_node root;
  file_kind kind = file_kind::protocol;
  std::string name;  // the value of its naming key
};

class library {
 public:
  // Finds and parses what `reference` names; protocols and variants are found under either kind.
  // `from`: where the reference stands, for messages and for relative paths. Null on a mistake.
  const document* find(const std::string& reference, file_kind kind, place from, diagnostics& errors);

  // Registers a text under a path, so that references to the path find it (traces carry their files).
  void preload(const std::string& path, std::string text);

  // Every file that was used, in the order of first use.
  const std::vector<std::unique_ptr<document>>& used() const { return documents_; }
  source_store& sources() { return sources_; }

 private:
  const document* open(const std::string& path, std::string_view text, file_kind kind, diagnostics& errors);

  source_store sources_;
  std::vector<std::unique_ptr<document>> documents_;
  std::vector<const source*> preloaded_;
};

}  // namespace tcpmc::language
