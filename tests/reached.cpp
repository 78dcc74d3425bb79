#include "tests/reached.hpp"

#include "checker/enumerate.hpp"

namespace tcpmc::reached {

template <typename Word>
things by_search(const language::composition& c, const properties::property_set& p,
                 const properties::reductions& by, const checker::options& wanted) {
  const language::composition composed = by.symmetry ? properties::with_symmetric_final(c) : c;
  properties::monitored_system monitored(composed, p);
  properties::reduced_system<Word> system(monitored, by);
  checker::enumerating_search search(system);
  things result;
  result.statistics = search.run(wanted, nullptr);
  const system::tables& tables = monitored.tables();
  search.for_each_state([&](Word w) {
    const system::state s = system.unpack(w);
    const naive::endpoint_pair at{tables.endpoint_row(0, s[0]), tables.endpoint_row(1, s[1])};
    const naive::endpoint_pair image{at[1], at[0]};
    result.pairs.insert(at);
    if (by.symmetry) result.pairs.insert(image);
    for (int sender = 0; sender < 2; ++sender)
      for (const int* segment : tables.in_flight(sender, s)) {
        const auto slots = static_cast<std::size_t>(tables.machine(sender).segment().slots);
        const system::values is(segment, segment + slots);
        result.deliverables.insert({at, sender, is});
        if (by.symmetry) result.deliverables.insert({image, 1 - sender, is});
      }
  });
  return result;
}

template things by_search<std::uint64_t>(const language::composition&, const properties::property_set&,
                                         const properties::reductions&, const checker::options&);
template things by_search<checker::wide>(const language::composition&, const properties::property_set&,
                                         const properties::reductions&, const checker::options&);

}  // namespace tcpmc::reached
