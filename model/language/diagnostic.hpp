// A user's mistake is a value: where, what, and what to do about it. All mistakes of an input are
// collected and reported together.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/language/source.hpp"

namespace tcpmc::language {

struct diagnostic {
  std::string file;  // "" if the mistake is in no file
  line_column at{1, 1};
  std::string message;
  std::string hint;    // may be empty
  bool unfit = false;  // values that are fine each, but not together (a protocol's "require")

  diagnostic() = default;
  // Resolves the place at once: a mistake may outlive the files that it was found in.
  diagnostic(place where, std::string message, std::string hint);

  // "file:line:column: message", and the hint on a second line.
  std::string text() const;
};

class diagnostics {
 public:
  // Adds a mistake. One that is already there (same place, same message) is kept once, and of very many
  // only the first are kept.
  void add(place where, std::string message, std::string hint = {});
  void add(const diagnostic& d);

  bool empty() const { return reports_ == 0; }
  // How often add() was called: it grows with every mistake, whether that is kept or not.
  std::size_t size() const { return reports_; }
  const std::vector<diagnostic>& all() const { return all_; }

  // All mistakes in the order of file and line, each ending in a newline.
  std::string text() const;

 private:
  std::vector<diagnostic> all_;
  std::size_t reports_ = 0;
  std::size_t not_kept_ = 0;
};

// The candidate nearest to `word` by edit distance, or "" if none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

// "did you mean 'x'?" for the nearest candidate; else the list of candidates while it is short.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tcpmc::language
