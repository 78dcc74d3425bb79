#include "cli/enumeration.hpp"

#include <filesystem>
#include <system_error>

#include "checker/enumerate.hpp"
#include "cli/growth.hpp"
#include "properties/monitored.hpp"

namespace tcpmc::cli {

using language::composition;
using properties::marks;
using properties::property_set;

struct enumeration::any_search {
  virtual ~any_search() = default;
  virtual checker::statistics run(const checker::options& limits, const checker::reporter& report) = 0;
  virtual std::optional<found_path> path_to(marks mark, const checker::keep_going& go_on) = 0;
  virtual const system::tables& tables() const = 0;
};

// `System` is what is between the monitored system and the search.
template <typename System>
struct enumeration::search_of final : any_search {
  properties::monitored_system monitored;
  System system;
  checker::enumerating_search<System> search{system};

  template <typename... More>
  search_of(const composition& c, const property_set& p, More... more)
      : monitored(c, p), system(monitored, more...) {}
  checker::statistics run(const checker::options& limits, const checker::reporter& report) override {
    return search.run(limits, with_growth(report, monitored.tables()));
  }
  const system::tables& tables() const override { return monitored.tables(); }
  std::optional<found_path> path_to(marks mark, const checker::keep_going& go_on) override {
    const auto found = search.path_to(mark, go_on);
    if (!found) return std::nullopt;
    std::vector<system::state> froms;
    std::vector<typename System::step> path;
    for (const auto& s : *found) {
      froms.push_back(system.unpack(s.from));
      path.push_back(s.by);
    }
    found_path result{properties::told(monitored.tables(), froms, path), false};
    result.copies = result.steps.size() > path.size();
    return result;
  }
};

template <typename Word>
enumeration::any_search& enumeration::begin() {
  search_.reset();
  if (by_.any())
    search_ = std::make_unique<search_of<properties::reduced_system<Word>>>(composition_, properties_, by_);
  else
    search_ = std::make_unique<search_of<properties::packed_system<Word>>>(composition_, properties_);
  return *search_;
}

enumeration::enumeration(const composition& c, const property_set& p, const properties::reductions& by)
    : composition_(by.symmetry ? properties::with_symmetric_final(c) : c), properties_(p), by_(by) {}

enumeration::~enumeration() = default;

checker::statistics enumeration::run(const checker::options& limits, const checker::reporter& report) {
  checker::options wide = limits;
  if (!wide.checkpoint.empty()) wide.checkpoint += "-wide";  // what is in the other one are narrow words
  std::error_code none;
  const auto kept = std::filesystem::file_size(wide.checkpoint, none);
  const bool were_too_few = !none && kept > 0;  // narrow words, in the run that is resumed
  if (!were_too_few) {
    try {
      return begin<std::uint64_t>().run(limits, report);
    } catch (const properties::word_overflow&) {
    }
  }
  return begin<checker::wide>().run(wide, report);
}

std::optional<found_path> enumeration::path_to(marks mark, const checker::keep_going& go_on) {
  return search_->path_to(mark, go_on);
}
const system::tables& enumeration::tables() const { return search_->tables(); }

}  // namespace tcpmc::cli
