// JSON with comments, where every value knows its place in the file.
//
// nlohmann/json does the parsing (its SAX interface); this file only builds a tree that keeps positions,
// refuses duplicate keys, and limits size, depth and number of values so that no input can exhaust the
// machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/language/diagnostic.hpp"
#include "model/language/source.hpp"

namespace tcpmc::language {

inline constexpr std::size_t largest_file = std::size_t{16} << 20;  // bytes; ours are below 100 kB
inline constexpr std::size_t deepest_nesting = 64;
inline constexpr std::size_t most_members = 1000;  // of one object
inline constexpr std::size_t most_values = 1'000'000;

struct json_member;

struct json_node {
  enum class kind { null, boolean, integer, real, string, array, object };

  kind is = kind::null;
  place at;                          // of its first character
  bool boolean = false;              // kind::boolean
  std::int64_t integer = 0;          // kind::integer
  std::string string;                // kind::string, unescaped
  std::vector<json_node> items;      // kind::array
  std::vector<json_member> members;  // kind::object, in the order of the file

  const json_node* find(std::string_view key) const;  // member by key, or nullptr
  const char* kind_name() const;                      // "an object", "a string", ... for messages
  // Place of character `offset` of a string value. Exact where the string has no escapes, else the start.
  place inside(std::size_t offset) const;
};

struct json_member {
  std::string key;
  place at;  // of the key
  json_node value;
};

// Parses the text of `file`. On a mistake: adds it to `errors` and returns nothing.
std::optional<json_node> parse_json(const source& file, diagnostics& errors);

// Reads a file into `store`. On a mistake (missing, a directory, too large, unreadable): adds it to
// `errors` and returns nullptr.
const source* read_file(const std::string& path, source_store& store, diagnostics& errors);

// Reports members of `object` whose key is not one of `known`; "$schema" is always accepted.
void refuse_unknown_keys(const json_node& object, const std::vector<std::string>& known, diagnostics& errors);

}  // namespace tcpmc::language
