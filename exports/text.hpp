// Lines of an indented text.
#pragma once

#include <string>
#include <utility>

namespace tcpmc::exports {

class text {
 public:
  void line(const std::string& words) {
    if (!words.empty()) all_ += std::string(2 * static_cast<std::size_t>(depth_), ' ') + words;
    all_ += '\n';
  }
  void blank() { all_ += '\n'; }
  void deeper() { ++depth_; }
  void back() { --depth_; }
  void raw(const std::string& lines) { all_ += lines; }
  std::string take() { return std::exchange(all_, {}); }

 private:
  std::string all_;
  int depth_ = 0;
};

}  // namespace tcpmc::exports
