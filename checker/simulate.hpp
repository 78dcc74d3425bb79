// Random walks, for what is too large to be explored.
//
// A walk begins in the initial state and takes steps at random until it is as deep as it may be, or no step
// leads elsewhere. The next step is chosen among those that lead to another state: first a kind of step, each
// kind that there is with the same probability, then a step of this kind, each with the same probability.
//
// In every state that a walk visits *all* steps are judged, not only the one that it takes, so that a
// violation that is one step away is not missed. What is found is a true run; that nothing is found proves
// nothing.
//
// Walk k draws from a generator of its own, seeded with the k-th number of a generator that the seed of the
// whole starts. So a seed stands for the same walks on every machine, of which a longer simulation makes
// more.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <functional>
#include <map>
#include <new>
#include <optional>
#include <vector>

#include "checker/random.hpp"
#include "checker/report.hpp"

namespace tcpmc::checker {

struct walk_options {
  std::uint64_t seed = 0;
  std::uint64_t walks = 1;
  // goal: also the marks that a run is kept for; max_depth: steps of a walk; max_states: not used.
  options limits;
};

struct walk_statistics {
  outcome ended = outcome::complete;  // complete: all the walks were made
  std::uint64_t walks = 0;            // that came to an end
  std::uint64_t steps = 0;            // that were taken
  std::uint64_t judged = 0;           // steps that were judged, whether taken or not
  std::uint64_t deepest = 0;          // steps of the longest walk
  marks seen = 0;                     // all marks that occurred
};

// Called now and then while walks are made; returning false interrupts them.
using walk_reporter = std::function<bool(const walk_statistics&)>;

// All that a system has to offer. `successors` calls emit(next, step, marks) for every step from a state, in
// a fixed order, and returns marks that the state has by its steps; `look` gives those that it has by itself.
template <typename System>
concept WalkableSystem = std::totally_ordered<typename System::state> &&
    requires(System system, const typename System::state& s) {
  { system.initial() } -> std::same_as<typename System::state>;
  {
    system.successors(s, [](const typename System::state&, const typename System::step&, marks) {})
    } -> std::same_as<marks>;
  { system.look(s) } -> std::same_as<marks>;
};

template <WalkableSystem System>
class random_walks {
 public:
  using state = typename System::state;
  using step = typename System::step;

  struct path_step {
    step by;
    state from, to;
  };

  // The first occurrence of a mark.
  struct finding {
    std::uint64_t walk = 0;       // from 1
    std::uint64_t steps = 0;      // of that walk, by then
    std::vector<path_step> path;  // the same run without what only led back to where it was
  };

  explicit random_walks(System& system) : system_(system) {}

  // `kind_of(step)` gives the kind of a step, which only has to be comparable; `judged(step)` is called for
  // every step that is judged.
  template <typename KindOf, typename Judged>
  walk_statistics run(const walk_options& wanted, const walk_reporter& report, KindOf&& kind_of,
                      Judged&& judged) {
    const reporter between = [&](const progress&) { return !report || report(result_); };
    limit_watch limits(wanted.limits, between);
    splitmix64 seeds(wanted.seed);
    try {
      bool go_on = true;
      while (go_on && result_.walks < wanted.walks)
        go_on = walk(splitmix64(seeds()), wanted.limits, limits, kind_of, judged);
    } catch (const std::bad_alloc&) {
      result_.ended = outcome::memory_limit;
    }
    return result_;
  }

  // Requires that the mark is one of the goal and was seen.
  const finding& found(marks mark) const { return *first_[static_cast<std::size_t>(std::countr_zero(mark))]; }

 private:
  // Whether to go on with another walk; if not, result_.ended says why.
  template <typename KindOf, typename Judged>
  bool walk(splitmix64 random, const options& wanted, limit_watch& limits, KindOf& kind_of, Judged& judged) {
    state s = system_.initial();
    path_.clear();
    note(system_.look(s), wanted.goal, std::nullopt);
    // A state may have so many steps that time is looked at between them as well.
    for (bool go_on = true;;) {
      if (!limits.go_on({}, result_.ended)) return false;
      std::size_t steps = 0;
      const bool deep_enough = path_.size() >= wanted.max_depth;  // then only the state itself is judged
      choices_.clear();
      const marks own = system_.successors(s, [&](const state& next, const step& by, marks m) {
        go_on = go_on && (++steps % 64 != 0 || limits.go_on({}, result_.ended));
        if (deep_enough || !go_on) return;
        ++result_.judged;
        judged(by);
        const path_step taken{by, s, next};
        note(m | system_.look(next), wanted.goal, taken);
        if (next != s) choices_.push_back(taken);
      });
      note(own, wanted.goal, std::nullopt);
      if (!go_on) return false;
      if (wanted.goal != 0 && (result_.seen & wanted.goal) == wanted.goal)
        result_.ended = outcome::goal_reached;
      if (choices_.empty() || result_.ended == outcome::goal_reached) break;
      path_.push_back(choose(random, kind_of));
      s = path_.back().to;
      ++result_.steps;
      result_.deepest = std::max<std::uint64_t>(result_.deepest, path_.size());
    }
    ++result_.walks;
    return result_.ended != outcome::goal_reached;
  }

  // Requires that there is a choice.
  template <typename KindOf>
  const path_step& choose(splitmix64& random, KindOf& kind_of) {
    using kind = std::decay_t<decltype(kind_of(choices_[0].by))>;
    std::vector<kind> kinds;  // that there are, in the order in which they first come
    for (const path_step& c : choices_)
      if (std::find(kinds.begin(), kinds.end(), kind_of(c.by)) == kinds.end()) kinds.push_back(kind_of(c.by));
    const kind chosen = kinds[random.below(kinds.size())];
    const auto is_chosen = [&](const path_step& c) { return kind_of(c.by) == chosen; };
    auto left =
        random.below(static_cast<std::uint64_t>(std::count_if(choices_.begin(), choices_.end(), is_chosen)));
    return *std::find_if(choices_.begin(), choices_.end(),
                         [&](const path_step& c) { return is_chosen(c) && left-- == 0; });
  }

  // Keeps the run to the first occurrence of each mark of the goal: the walk so far, and then `last`.
  void note(marks m, marks goal, const std::optional<path_step>& last) {
    const marks fresh = m & ~result_.seen & goal;
    result_.seen |= m;
    if (fresh == 0) return;
    std::vector<path_step> path = path_;
    if (last) path.push_back(*last);
    const finding f{result_.walks + 1, path.size(), without_loops(path)};
    for (marks rest = fresh; rest != 0; rest &= rest - 1)
      first_[static_cast<std::size_t>(std::countr_zero(rest))] = f;
  }

  // Leaves out what lies between two visits of a state. The last step stays: the mark may be its own.
  static std::vector<path_step> without_loops(const std::vector<path_step>& path) {
    std::map<state, std::size_t> left_by;  // the last step that is taken from a state
    for (std::size_t i = 0; i < path.size(); ++i) left_by[path[i].from] = i;
    std::vector<path_step> result;
    for (std::size_t i = 0; i < path.size(); ++i) {
      i = left_by[path[i].from];
      result.push_back(path[i]);
    }
    return result;
  }

  System& system_;
  std::vector<path_step> path_, choices_;
  std::array<std::optional<finding>, 64> first_;
  walk_statistics result_;
};

}  // namespace tcpmc::checker
