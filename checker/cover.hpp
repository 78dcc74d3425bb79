// The covering search, for systems where more is never less: a state is a control part and a content, and
// whatever can happen with some content can happen with a larger one.
//
// Then only the largest contents need be kept (well-structured transition systems: Abdulla, Cerans,
// Jonsson and Tsay 1996; Finkel and Schnoebelen 2001). A content gives each item its remaining lifetime, 0
// for absent; it is covered by another that is nowhere smaller. Every node is saturated first: all that can
// be added without changing the control part is added. Per control part only maximal contents are kept, and
// the largest waiting one is taken first. Exact for every mark that a larger content cannot make vanish.
// Paths are real runs of the system, but not shortest ones.
#pragma once

#include <tsl/robin_map.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <vector>

#include "checker/report.hpp"

namespace tcpmc::checker {

using item = std::uint32_t;
using content = std::vector<std::uint8_t>;  // remaining lifetime by item; missing at the end: 0

// `lifetime` is what an added item starts with, 0 for one that never runs out. `moves` calls emit(step,
// control, added items, marks) for every step but the passing of time; added items come with the full
// lifetime. `passed` is the control part one unit of time later, if it may pass.
template <typename System>
concept CoveringSystem = requires(System system, const typename System::control& c, const content& has) {
  { system.initial() } -> std::same_as<typename System::control>;
  { system.lifetime() } -> std::same_as<std::uint8_t>;
  {
    system.moves(
        c, has,
        [](const typename System::step&, const typename System::control&, std::span<const item>, marks) {})
    } -> std::same_as<marks>;
  { system.passed(c) } -> std::same_as<std::optional<typename System::control>>;
  { system.passing() } -> std::same_as<typename System::step>;
  { system.look(c) } -> std::same_as<marks>;
};

template <CoveringSystem System>
class covering_search {
 public:
  using control = typename System::control;
  using step = typename System::step;

  explicit covering_search(System& system) : system_(system) {}

  statistics run(const options& wanted, const reporter& report) {
    limit_watch limits(wanted, report);
    add(system_.initial(), {}, no_parent, {});
    while (!waiting_.empty()) {
      const std::size_t n = waiting_.top().second;
      waiting_.pop();
      if (nodes_[n].covered) continue;
      if (!limits.go_on({kept_, result_.transitions, 0, waiting_.size()}, result_.ended)) break;
      expand(n);
      if (wanted.goal != 0 && (result_.seen & wanted.goal) == wanted.goal) {
        result_.ended = outcome::goal_reached;
        break;
      }
    }
    result_.states = kept_;
    return result_;
  }

  // A run to the first occurrence of a mark. Requires that it was seen.
  std::vector<step> path_to(marks mark) const {
    const occurrence& o = first_[static_cast<std::size_t>(std::countr_zero(mark))];
    std::vector<step> path;
    if (o.by) path.push_back(*o.by);
    std::size_t saturating = o.saturating;
    for (std::size_t n = o.node; n != no_parent; n = nodes_[n].parent) {
      const node& at = nodes_[n];
      for (std::size_t i = saturating; i-- > 0;) path.push_back(at.saturating[i]);
      if (at.parent == no_parent) break;
      path.push_back(at.by);
      saturating = nodes_[at.parent].saturating.size();
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

  // Calls visit(control, content) for every maximal state.
  template <typename Visit>
  void for_each_maximal(Visit&& visit) const {
    for (const node& n : nodes_)
      if (!n.covered) visit(n.at, n.has);
  }

 private:
  static constexpr std::size_t no_parent = static_cast<std::size_t>(-1);

  struct node {
    control at;
    content has;
    std::size_t parent = no_parent;
    step by{};                     // from the parent, after all its saturating steps
    std::vector<step> saturating;  // that were taken here, in order
    bool covered = false;          // by another node: nothing of it is needed any more but its path
  };
  struct occurrence {
    std::size_t node = 0, saturating = 0;
    std::optional<step> by;
  };
  struct control_hash {
    std::size_t operator()(const control& c) const { return XXH3_64bits(&c, sizeof c); }
  };
  struct move {
    step by;
    control to;
    std::vector<item> added;
  };

  static bool covers(const content& large, const content& small) {
    for (std::size_t i = 0; i < small.size(); ++i)
      if (small[i] > (i < large.size() ? large[i] : 0)) return false;
    return true;
  }
  static std::size_t size_of(const content& c) {
    std::size_t sum = 0;
    for (const std::uint8_t left : c) sum += left;
    return sum;
  }
  // Whether adding changed anything.
  static bool put(content& c, item i, std::uint8_t lifetime) {
    if (i >= c.size()) c.resize(i + 1, 0);
    if (c[i] >= lifetime) return false;
    c[i] = lifetime;
    return true;
  }

  // Enters a node unless it is covered; drops those that it covers.
  void add(const control& at, content has, std::size_t parent, const step& by) {
    std::vector<std::size_t>& rivals = maximal_[at];
    if (std::any_of(rivals.begin(), rivals.end(), [&](std::size_t r) { return covers(nodes_[r].has, has); }))
      return;
    drop_covered(rivals, has);
    rivals.push_back(nodes_.size());
    waiting_.emplace(size_of(has), nodes_.size());
    ++kept_;
    nodes_.push_back({at, std::move(has), parent, by, {}, false});
    note(system_.look(at), {nodes_.size() - 1, 0, std::nullopt});
  }

  void drop_covered(std::vector<std::size_t>& rivals, const content& by) {
    std::erase_if(rivals, [&](std::size_t r) {
      if (!covers(by, nodes_[r].has)) return false;
      nodes_[r].covered = true;
      --kept_;
      return true;
    });
  }

  void expand(std::size_t n) {
    const control at = nodes_[n].at;
    content has = nodes_[n].has;
    const bool ages = system_.lifetime() != 0;
    const std::uint8_t lifetime = ages ? system_.lifetime() : std::uint8_t{1};
    std::vector<move> onwards;
    for (bool saturated = false; !saturated;) {
      saturated = true;
      onwards.clear();
      content more = has;
      const marks own = system_.moves(
          at, has, [&](const step& by, const control& to, std::span<const item> added, marks m) {
            ++result_.transitions;
            note(m, {n, nodes_[n].saturating.size(), by});
            if (to != at) {
              onwards.push_back({by, to, {added.begin(), added.end()}});
              return;
            }
            bool grows = false;
            for (const item i : added) grows = put(more, i, lifetime) || grows;
            if (!grows) return;
            nodes_[n].saturating.push_back(by);
            saturated = false;
          });
      note(own, {n, nodes_[n].saturating.size(), std::nullopt});
      has = std::move(more);
    }
    if (has != nodes_[n].has) {
      std::vector<std::size_t>& rivals = maximal_[at];
      std::erase(rivals, n);
      if (std::any_of(rivals.begin(), rivals.end(),
                      [&](std::size_t r) { return covers(nodes_[r].has, has); })) {
        nodes_[n].covered = true;
        --kept_;
        return;
      }
      drop_covered(rivals, has);
      rivals.push_back(n);
      nodes_[n].has = has;
    }
    for (move& m : onwards) {
      content next = has;
      for (const item i : m.added) put(next, i, lifetime);
      add(m.to, std::move(next), n, m.by);
    }
    if (const auto later = system_.passed(at)) {
      ++result_.transitions;
      content older = has;
      if (ages)
        for (std::uint8_t& left : older)
          left = left > 0 ? static_cast<std::uint8_t>(left - 1) : std::uint8_t{0};
      add(*later, std::move(older), n, system_.passing());
    }
  }

  void note(marks m, const occurrence& where) {
    for (marks fresh = m & ~result_.seen; fresh != 0; fresh &= fresh - 1)
      first_[static_cast<std::size_t>(std::countr_zero(fresh))] = where;
    result_.seen |= m;
  }

  System& system_;
  std::vector<node> nodes_;
  tsl::robin_map<control, std::vector<std::size_t>, control_hash> maximal_;  // the nodes not covered
  std::priority_queue<std::pair<std::size_t, std::size_t>> waiting_;         // size and node
  std::array<occurrence, 64> first_;
  std::uint64_t kept_ = 0;
  statistics result_;
};

}  // namespace tcpmc::checker
