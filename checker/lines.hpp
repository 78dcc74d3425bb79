// Zeroed memory in whole cache lines. What is large comes from the system page by page and goes back to it,
// so that growing leaves no holes.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace tcpmc::checker {

class lines {
 public:
  lines() = default;
  explicit lines(std::size_t count) : count_(count) {
    if (count_ * line_size >= from_system) {
      void* got =
          mmap(nullptr, count_ * line_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (got == MAP_FAILED) throw std::bad_alloc();
      madvise(got, count_ * line_size, MADV_HUGEPAGE);  // a wish: nothing depends on it
      at_ = static_cast<std::byte*>(got);
    } else {
      at_ = static_cast<std::byte*>(std::aligned_alloc(line_size, count_ * line_size));
      if (at_ == nullptr) throw std::bad_alloc();
      std::memset(at_, 0, count_ * line_size);
    }
  }
  lines(lines&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  lines& operator=(lines&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(count_, other.count_);
    return *this;
  }
  lines(const lines&) = delete;
  lines& operator=(const lines&) = delete;
  ~lines() {
    if (at_ == nullptr) return;
    if (count_ * line_size >= from_system)
      munmap(at_, count_ * line_size);
    else
      std::free(at_);
  }

  std::byte* operator[](std::size_t i) const { return at_ + i * line_size; }
  std::size_t count() const { return count_; }

 private:
  static constexpr std::size_t line_size = 64, from_system = 32768;
  std::byte* at_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace tcpmc::checker
