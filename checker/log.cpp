#include "checker/log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace tcpmc::checker {
namespace {

std::uint64_t checksum(record head, std::span<const std::byte> content) {
  head.check = head.head_check = 0;
  return XXH3_64bits_withSeed(content.data(), content.size(), XXH3_64bits(&head, sizeof head));
}
std::uint64_t checksum(record head) {
  head.head_check = 0;
  return XXH3_64bits(&head, sizeof head);
}

}  // namespace

record_log::record_log(std::string path, bool is_named) : path_(std::move(path)) {
  if (!is_named) return;
  file_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  struct stat is {};
  if (file_ < 0 || fstat(file_, &is) != 0) fail("open", errno);
  if (flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw storage_error("'" + path_ + "' is in use: another process searches with it");
  end_ = static_cast<std::uint64_t>(is.st_size);
}

record_log::record_log(record_log&& other) noexcept
    : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)), end_(other.end_) {}

record_log::~record_log() {
  if (file_ >= 0) close(file_);
}

void record_log::fail(const char* what, int error) const {
  throw storage_error(std::string("cannot ") + what + " '" + path_ +
                      "': " + std::generic_category().message(error));
}

void record_log::open_nameless() {
  std::string name = path_ + "/tcpmc-levels-XXXXXX";
  file_ = mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) fail("make a file for levels in", errno);
  unlink(name.c_str());
}

std::uint64_t record_log::append(record& head, std::span<const std::byte> content) {
  head.bytes = content.size();
  head.check = checksum(head, content);
  head.head_check = checksum(head);
  std::vector<std::byte> all(sizeof head + content.size());
  std::memcpy(all.data(), &head, sizeof head);
  if (!content.empty()) std::memcpy(all.data() + sizeof head, content.data(), content.size());
  std::uint64_t at = 0;
  {
    const std::lock_guard lock(mutex_);
    if (file_ < 0) open_nameless();
    at = end_;
    end_ += all.size();
  }
  for (std::size_t done = 0; done < all.size();) {
    const ssize_t n = pwrite(file_, all.data() + done, all.size() - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("write to", n < 0 ? errno : ENOSPC);
    done += static_cast<std::size_t>(n);
  }
  return at + sizeof head;
}

std::vector<std::byte> record_log::read(const record& head, std::uint64_t at) const {
  std::vector<std::byte> content(head.bytes);
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t n =
        pread(file_, content.data() + done, content.size() - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read", errno);
    if (n == 0) throw storage_error("'" + path_ + "' is shorter than it was");
    done += static_cast<std::size_t>(n);
  }
  if (checksum(head, content) != head.check) throw storage_error("'" + path_ + "' is damaged");
  return content;
}

std::optional<record_log::found> record_log::next(std::uint64_t& position) const {
  found f;
  if (end_ - position < sizeof f.head) return std::nullopt;
  const ssize_t n = pread(file_, &f.head, sizeof f.head, static_cast<off_t>(position));
  if (n < 0) fail("read", errno);
  f.at = position + sizeof f.head;
  const record nothing;  // where a record had its place and was not written any more
  if (static_cast<std::size_t>(n) != sizeof f.head || std::memcmp(&f.head, &nothing, sizeof nothing) == 0)
    return std::nullopt;
  if (checksum(f.head) != f.head.head_check) throw storage_error("'" + path_ + "' is damaged");
  if (f.head.bytes > end_ - f.at) return std::nullopt;
  position = f.at + f.head.bytes;
  return f;
}

bool record_log::any_behind(std::uint64_t position, std::uint32_t kind) const {
  std::vector<std::byte> part(std::size_t{1} << 20);
  for (; position < end_; position += part.size() - sizeof(record) + 1) {
    const ssize_t n = pread(file_, part.data(), part.size(), static_cast<off_t>(position));
    if (n < 0) fail("read", errno);
    for (std::size_t i = 0; i + sizeof(record) <= static_cast<std::size_t>(n); ++i) {
      record head;
      std::memcpy(&head, part.data() + i, sizeof head);
      if (head.kind == kind && checksum(head) == head.head_check) return true;
    }
  }
  return false;
}

void record_log::cut(std::uint64_t position) {
  if (ftruncate(file_, static_cast<off_t>(position)) != 0) fail("shorten", errno);
  end_ = position;
}

}  // namespace tcpmc::checker
