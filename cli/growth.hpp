// Whether a search is about to end or to explode, and what makes it grow: told with its progress.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "checker/report.hpp"
#include "model/system/tables.hpp"

namespace tcpmc::cli {

// A reporter for one search that adds the note and passes it on. Keeps both by reference.
checker::reporter with_growth(const checker::reporter& report, const system::tables& tables);

class growth {
 public:
  // To be asked with the figures of one search, in their order. "" while there is nothing to say.
  std::string note(const checker::progress& now, const system::tables& tables);

 private:
  static constexpr std::size_t components = 4;

  std::uint64_t states_ = 50'000;  // when it was looked at last; what is smaller grows anyhow
  std::uint64_t largest_ = 0;      // frontier so far
  std::array<std::size_t, components> ids_{};
  std::string note_;
};

}  // namespace tcpmc::cli
