// A file of records, each with a checksum: where the levels of a search go that do not stay in memory, and
// what an interrupted run resumes from.
//
// Records are only appended. A record that was not written to its end, and all behind it, does not exist: so
// a run may be killed at any moment, and what was complete by then is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace tcpmc::checker {

// A file or directory cannot be written or read, or holds something else: the message says which and why.
class storage_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct record {
  std::uint32_t kind = 0, level = 0, tag = 0, count = 0;  // for the one who writes it
  std::uint64_t bytes = 0;                                // of the content
  std::uint64_t check = 0;                                // of all that and the content
  std::uint64_t head_check = 0;                           // of all that
};

class record_log {
 public:
  // A file that has no name, in this directory; it is made when the first record is written.
  static record_log nameless(const std::string& directory) { return record_log(directory, false); }
  // The named file; it is made if there is none. Throws if another process has it.
  static record_log named(const std::string& file) { return record_log(file, true); }
  ~record_log();
  record_log(record_log&& other) noexcept;
  record_log(const record_log&) = delete;
  record_log& operator=(const record_log&) = delete;

  // By any thread; returns where the content is.
  // `head` gets its bytes and its check.
  std::uint64_t append(record& head, std::span<const std::byte> content);
  // By any thread. Throws if the content is not what was written.
  std::vector<std::byte> read(const record& head, std::uint64_t at) const;

  // The record at `position`, which is moved behind it; nothing where there is none or not a whole one.
  // Throws if its head is not what was written.
  struct found {
    record head;
    std::uint64_t at = 0;  // the content
  };
  std::optional<found> next(std::uint64_t& position) const;
  // Whether the head of a record of that kind is anywhere behind `position`, which may be no record's.
  bool any_behind(std::uint64_t position, std::uint32_t kind) const;
  void cut(std::uint64_t position);  // drops everything from there on
  std::uint64_t size() const { return end_; }

 private:
  record_log(std::string path, bool is_named);
  void open_nameless();
  [[noreturn]] void fail(const char* what, int error) const;

  std::string path_;
  int file_ = -1;
  std::mutex mutex_;
  std::uint64_t end_ = 0;
};

}  // namespace tcpmc::checker
