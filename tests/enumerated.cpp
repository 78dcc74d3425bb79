#include "tests/enumerated.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>

#include "checker/enumerate.hpp"
#include "properties/monitored.hpp"

namespace tcpmc {
namespace {

template <typename Word>
struct unpaired_system : properties::packed_system<Word> {
  using properties::packed_system<Word>::packed_system;
  void split() = delete;
};

struct scattered_system : properties::packed_system<std::uint64_t> {
  using packed_system::packed_system;
  std::array<word, 3> split() const {
    const auto [left, right, column] = packed_system::split();
    return {left | column, right, 0};
  }
  void half_steps() = delete;
};

template <typename System>
enumerated enumerate_as(const language::composition& c, const properties::property_set& p,
                        const checker::options& wanted) {
  properties::monitored_system monitored(c, p);
  System packed(monitored);
  checker::enumerating_search search(packed);
  enumerated result;
  result.statistics = search.run(wanted, nullptr);
  for (std::size_t i = 0; i < p.all.size(); ++i) {
    auto& path = result.paths.emplace_back();
    if ((result.statistics.seen & properties::violated(i)) == 0) continue;
    const auto steps = search.path_to(properties::violated(i), [] { return true; });
    for (const auto& s : *steps) path.push_back(monitored.tables().describe(packed.unpack(s.from), s.by));
  }
  search.for_each_state([&](auto w) { result.states.insert(packed.unpack(w)); });
  return result;
}

}  // namespace

enumerated enumerate(const language::composition& c, const properties::property_set& p,
                     const checker::options& asked, kept how) {
  using checker::wide;
  checker::options wanted = asked;
  wanted.fewest_in_rows = how == kept::in_matrices ? 0 : std::numeric_limits<std::uint64_t>::max();
  switch (how) {
    case kept::in_matrices:
    case kept::in_matrices_by_groups:
      return enumerate_as<properties::packed_system<std::uint64_t>>(c, p, wanted);
    case kept::in_a_set:
      return enumerate_as<unpaired_system<std::uint64_t>>(c, p, wanted);
    case kept::as_codes:
      return enumerate_as<scattered_system>(c, p, wanted);
    case kept::as_codes_of_wide_words:
      return enumerate_as<properties::packed_system<wide>>(c, p, wanted);
    case kept::in_a_set_of_wide_words:
      return enumerate_as<unpaired_system<wide>>(c, p, wanted);
  }
  throw std::logic_error("states are kept in no way");
}

}  // namespace tcpmc
