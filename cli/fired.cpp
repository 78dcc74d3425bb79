#include "cli/fired.hpp"

namespace tcpmc::cli {

std::vector<rule_count> count_rules(const language::protocol& p, const system::tables& tables,
                                    const std::function<std::uint64_t(system::id)>& times) {
  std::vector<rule_count> all(p.rules.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i].rule = &p.rules[i];
  for (system::id id = 0; id < tables.outcome_count(); ++id) {
    const std::uint64_t n = times(id);
    const system::outcome& o = tables.outcome_of(id);
    for (const int rule : tables.rules_of(o)) {
      rule_count& r = all[static_cast<std::size_t>(rule)];
      r.tried = true;
      r.fired[static_cast<std::size_t>(o.side)] += n;
    }
  }
  std::erase_if(all, [](const rule_count& r) { return r.rule->refuses; });
  return all;
}

std::vector<std::string> never_fired(const std::vector<rule_count>& rules) {
  std::vector<std::string> ids;
  for (const rule_count& r : rules)
    if (r.never()) ids.push_back(r.rule->id);
  return ids;
}

}  // namespace tcpmc::cli
