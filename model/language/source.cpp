#include "model/language/source.hpp"

#include <algorithm>

namespace tcpmc::language {

line_column place::position() const {
  if (file == nullptr) return {1, 1};
  const std::string_view before = std::string_view(file->text).substr(0, offset);
  const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
  return {line + 1, column + 1};
}

}  // namespace tcpmc::language
