#include "model/language/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <tuple>
#include <utility>

namespace tcpmc::language {
namespace {

constexpr std::size_t most_kept = 200;  // nobody reads more, and a hostile file could make millions
constexpr std::size_t longest_kept = 1000;

// What a file says is quoted in messages: without control characters, and not endlessly.
std::string presentable(std::string text) {
  if (text.size() > longest_kept) {
    text.resize(longest_kept);
    while (!text.empty() && (text.back() & 0x80) != 0) text.pop_back();  // no half of a UTF-8 character
    text += "...";
  }
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  return text;
}

// Insertions, deletions, replacements and swaps of neighbours that lead from a to b; case does not count.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  };
  std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
      if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

diagnostic::diagnostic(place where, std::string what, std::string advice)
    : file(where.file != nullptr ? where.file->name : ""),
      at(where.position()),
      message(presentable(std::move(what))),
      hint(presentable(std::move(advice))) {}

std::string diagnostic::text() const {
  std::string result =
      file.empty() ? message : fmt::format("{}:{}:{}: {}", file, at.line, at.column, message);
  result += '\n';
  if (!hint.empty()) result += fmt::format("  hint: {}\n", hint);
  return result;
}

void diagnostics::add(place where, std::string message, std::string hint) {
  if (all_.size() < most_kept) {
    add(diagnostic(where, std::move(message), std::move(hint)));
  } else {  // without looking for its line, which takes time
    ++reports_;
    ++not_kept_;
  }
}

void diagnostics::add(const diagnostic& d) {
  ++reports_;
  const auto same = [&](const diagnostic& known) {
    return known.file == d.file && known.at == d.at && known.message == d.message;
  };
  if (std::any_of(all_.begin(), all_.end(), same)) return;
  if (all_.size() < most_kept)
    all_.push_back(d);
  else
    ++not_kept_;
}

std::string diagnostics::text() const {
  std::vector<diagnostic> sorted = all_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const diagnostic& a, const diagnostic& b) {
    return std::tie(a.file, a.at.line, a.at.column) < std::tie(b.file, b.at.line, b.at.column);
  });
  std::string result;
  for (const diagnostic& d : sorted) result += d.text();
  if (not_kept_ > 0) result += fmt::format("and {} more\n", not_kept_);
  return result;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 64) return {};  // nobody meant that, and the distance would be slow
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() >= word.size() + best_distance) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  if (const std::string best = nearest(word, candidates); !best.empty())
    return fmt::format("did you mean '{}'?", best);
  if (candidates.empty() || candidates.size() > 24) return {};
  return fmt::format("known here: {}", fmt::join(candidates, ", "));
}

}  // namespace tcpmc::language
