// Where a text came from, and how its offsets become line and column.
//
// Every value that the loader reads remembers its place (a file and a byte offset), so that any later
// mistake, however late it is noticed, can be reported as file:line:column.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

namespace tcpmc::language {

// One text that was read: a file, or something given on the command line.
struct source {
  std::string name;  // as the user wrote it, or "builtin:NAME" for embedded data
  std::string text;
};

struct line_column {
  std::size_t line;    // from 1
  std::size_t column;  // from 1, in bytes

  bool operator==(const line_column&) const = default;
};

// A byte in a source. `file` outlives every place in it (see source_store).
struct place {
  const source* file = nullptr;
  std::size_t offset = 0;

  line_column position() const;
  bool operator==(const place&) const = default;
};

// Owns the sources of a run; addresses stay valid as long as the store lives.
class source_store {
 public:
  const source& add(std::string name, std::string text) {
    return sources_.emplace_back(source{std::move(name), std::move(text)});
  }

 private:
  std::deque<source> sources_;
};

}  // namespace tcpmc::language
