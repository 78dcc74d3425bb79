// An enumerating search of a composition, behind one door: reduced or not, on words of 64 bits while these
// will do and of 128 then.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "checker/report.hpp"
#include "model/system/tables.hpp"
#include "properties/property.hpp"
#include "properties/reduced.hpp"

namespace tcpmc::cli {

// A path of an enumerating search, as steps of the scenario.
struct found_path {
  std::vector<system::step> steps;
  bool copies = false;  // a reduced search counts a copy and its delivery as one step
};

class enumeration {
 public:
  // Keeps `p` by reference.
  enumeration(const language::composition& c, const properties::property_set& p,
              const properties::reductions& by = {});
  ~enumeration();

  // Throws word_overflow if a state does not fit into 128 bits, storage_error as enumerating_search::run
  // does.
  checker::statistics run(const checker::options& limits, const checker::reporter& report);

  // After run(). The path requires that the mark was seen; nothing, if `go_on` says no before it is known.
  std::optional<found_path> path_to(properties::marks mark, const checker::keep_going& go_on);
  const system::tables& tables() const;

 private:
  struct any_search;
  template <typename System>
  struct search_of;
  template <typename Word>
  any_search& begin();

  language::composition composition_;
  const properties::property_set& properties_;
  properties::reductions by_;
  std::unique_ptr<any_search> search_;
};

}  // namespace tcpmc::cli
