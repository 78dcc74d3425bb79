#include "checker/levels.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace tcpmc::checker {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& where, int error) {
  throw storage_error("cannot " + what + " '" + where + "': " + std::generic_category().message(error));
}

}  // namespace

chunk_file::~chunk_file() {
  if (file_ >= 0) close(file_);
}

std::uint64_t chunk_file::append(std::span<const std::byte> bytes) {
  std::uint64_t at = 0;
  {
    const std::lock_guard lock(mutex_);
    if (file_ < 0) {
      std::string name = directory_ + "/tcpmc-levels-XXXXXX";
      file_ = mkstemp(name.data());
      if (file_ < 0) fail("create a file in the directory", directory_, errno);
      unlink(name.c_str());
    }
    at = end_;
    end_ += bytes.size();
  }
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = pwrite(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("write levels to the directory", directory_, n < 0 ? errno : ENOSPC);
    done += static_cast<std::size_t>(n);
  }
  return at;
}

void chunk_file::read(std::uint64_t at, std::span<std::byte> into) const {
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t n = pread(file_, into.data() + done, into.size() - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("read levels back from the directory", directory_, n < 0 ? errno : EIO);
    done += static_cast<std::size_t>(n);
  }
}

std::vector<std::byte> compress(std::span<const std::byte> bytes) {
  std::vector<std::byte> out(ZSTD_compressBound(bytes.size()));
  const std::size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 1);
  if (ZSTD_isError(size) != 0) throw storage_error(std::string("compressing: ") + ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

std::vector<std::byte> decompress(std::span<const std::byte> bytes, std::size_t size) {
  std::vector<std::byte> out(size);
  const std::size_t got = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(got) != 0 || got != size) throw storage_error("levels read back are damaged");
  return out;
}

}  // namespace tcpmc::checker
