// The enumerating search: every reachable state once, breadth-first.
//
// States are kept in the order in which they were found, level by level, and nothing else is kept about
// them: no parent pointers. A path is rebuilt backwards, by looking through the level before for the first
// state that has the wanted one among its successors. So a path is a shortest one, and of the shortest the
// least in the order in which the system generates steps.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <optional>
#include <vector>

#include "checker/report.hpp"
#include "checker/visited.hpp"

namespace tcpmc::checker {

// All that a system has to offer. `successors` calls emit(next, step, marks) for every step from a state,
// in a fixed order, and returns marks of the state itself; `look` gives the marks of a state as it is.
template <typename System>
concept TransitionSystem = requires(System system, const typename System::state& s) {
  { system.initial() } -> std::same_as<typename System::state>;
  {
    system.successors(s, [](const typename System::state&, const typename System::step&, marks) {})
    } -> std::same_as<marks>;
  { system.look(s) } -> std::same_as<marks>;
};

template <TransitionSystem System>
class enumerating_search {
 public:
  using state = typename System::state;
  using step = typename System::step;

  struct path_step {
    step by;
    state from, to;
  };

  explicit enumerating_search(System& system) : system_(system) {}

  statistics run(const options& wanted, const reporter& report) {
    limit_watch limits(wanted, report);
    const state start = system_.initial();
    discover(start);
    note(system_.look(start), 0, std::nullopt);
    while (frontier_begin() < order_.size()) {
      const std::size_t end = order_.size();
      for (std::size_t i = frontier_begin(); i < end; ++i) {
        if (!limits.go_on(so_far(), result_.ended)) return stopped_inside(end);
        const state s = order_[i];
        const marks own = system_.successors(s, [&](const state& next, const step& by, marks m) {
          ++result_.transitions;
          note(m, i, by);
          if (discover(next)) note(system_.look(next), order_.size() - 1, std::nullopt);
        });
        note(own, i, std::nullopt);
        if (wanted.goal != 0 && (result_.seen & wanted.goal) == wanted.goal) {
          result_.ended = outcome::goal_reached;
          return stopped_inside(end);
        }
      }
      if (order_.size() == end) break;  // no new level
      levels_.push_back(end);
      if (levels_.size() > wanted.max_depth) {
        // States at the limit are counted, not expanded.
        result_.ended = outcome::depth_limit;
        return finished();
      }
    }
    return finished();
  }

  // The shortest path to the first occurrence of a mark. Requires that it was seen.
  std::vector<path_step> path_to(marks mark) {
    const occurrence& o = first_[static_cast<std::size_t>(std::countr_zero(mark))];
    std::vector<path_step> path;
    if (o.by) {
      const state from = order_[o.at];
      system_.successors(from, [&](const state& next, const step& by, marks m) {
        if (path.empty() && (m & mark) != 0) path.push_back({by, from, next});
      });
    }
    for (std::size_t at = o.at; at != 0;) at = predecessor(at, path);
    std::reverse(path.begin(), path.end());
    return path;
  }

  const std::vector<state>& states() const { return order_; }

 private:
  struct occurrence {
    std::size_t at = 0;      // index of the state, or of the state before the step
    std::optional<step> by;  // the step, where the mark was set on one
  };

  std::size_t frontier_begin() const { return levels_.back(); }
  progress so_far() const {
    return {order_.size(), result_.transitions, levels_.size() - 1, order_.size() - frontier_begin()};
  }

  bool discover(const state& s) {
    if (!visited_.insert(s)) return false;
    order_.push_back(s);
    return true;
  }

  void note(marks m, std::size_t at, std::optional<step> by) {
    for (marks fresh = m & ~result_.seen; fresh != 0; fresh &= fresh - 1)
      first_[static_cast<std::size_t>(std::countr_zero(fresh))] = {at, by};
    result_.seen |= m;
  }

  // Prepends (the path is built in reverse) the first step that leads to state `at` from the level before.
  std::size_t predecessor(std::size_t at, std::vector<path_step>& path) {
    const state wanted = order_[at];
    const auto level = std::upper_bound(levels_.begin(), levels_.end(), at) - 1;
    std::optional<path_step> found;
    std::size_t i = *(level - 1);
    for (;; ++i) {
      system_.successors(order_[i], [&](const state& next, const step& by, marks) {
        if (!found && next == wanted) found = path_step{by, order_[i], next};
      });
      if (found) break;
    }
    path.push_back(*found);
    return i;
  }

  // A search that stops inside a level has found a part of the next one. That is a level too: paths may
  // end there.
  statistics stopped_inside(std::size_t end) {
    if (order_.size() > end) levels_.push_back(end);
    return finished();
  }

  statistics finished() {
    result_.states = order_.size();
    result_.depth = levels_.size() - 1;
    return result_;
  }

  System& system_;
  visited_set<state> visited_;
  std::vector<state> order_;            // every state, in the order of discovery
  std::vector<std::size_t> levels_{0};  // where each level begins in order_
  std::array<occurrence, 64> first_;
  statistics result_;
};

}  // namespace tcpmc::checker
