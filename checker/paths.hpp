// Paths to states, from the levels of a search that is over.
//
// Nothing tells how a state was reached but that it is in its level. A path is rebuilt backwards: among the
// words one level before that have the wanted one as successor the least is taken, with its first such step.
// So a path is a shortest one, and of the shortest the least one, compared from its end.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "checker/crew.hpp"
#include "checker/levels.hpp"
#include "checker/report.hpp"
#include "checker/system.hpp"

namespace tcpmc::checker {

template <TransitionSystem System>
class path_finder {
 public:
  using word = typename System::word;
  using step = typename System::step;

  struct path_step {
    step by;
    word from, to;  // in the system's layout
  };
  // Replaces `into` by the words of a chunk, in the system's layout. By any thread.
  using reader = std::function<void(std::size_t level, std::size_t chunk, std::vector<word>& into)>;

  path_finder(System& system, const level_store<word>& levels, reader read, crew& threads)
      : system_(system), levels_(levels), read_(std::move(read)), crew_(threads), workers_(threads.size()) {}

  // The path to a word of a level, and then its step of this number, if there is one; nothing, if `go_on`
  // says no before. What a resumed run does not know any more of the states on the way is learned again.
  std::optional<std::vector<path_step>> path_to(std::size_t level, word at, std::optional<std::uint32_t> by,
                                                const keep_going& go_on) {
    std::vector<path_step> path;
    if (by) {
      std::uint32_t number = 0;
      expand_known(at, [&](word next, const step& s, marks) {
        if (number++ == *by) path.push_back({s, at, next});
      });
      if (path.empty()) throw std::logic_error("a state has fewer steps than when a mark was seen on one");
    }
    for (; level > 0; --level) {
      const std::optional<path_step> step_to = predecessor(level - 1, at, go_on);
      if (!step_to) return std::nullopt;
      path.push_back(*step_to);
      at = step_to->from;
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

 private:
  // What one thread has for itself.
  struct worker {
    std::optional<path_step> best;
    std::vector<word> later;  // something was missing
    typename System::missing missing;
  };

  // The least word of a level that has `wanted` among its successors, with its first such step; nothing, if
  // there is no time for that.
  std::optional<path_step> predecessor(std::size_t level, word wanted, const keep_going& go_on) {
    for (worker& w : workers_) w.best.reset();
    std::atomic<bool> goes_on = true;  // asked by one thread
    std::atomic<std::size_t> next_chunk = 0;
    const std::size_t chunks = levels_.chunks(level);
    const auto look = [&](worker& w) {
      std::vector<word> words;
      for (std::size_t c; w.later.empty() && goes_on && (c = next_chunk++) < chunks;) {
        if (&w == workers_.data()) goes_on = go_on();
        read_(level, c, words);
        for (const word at : words)
          if (may_be_better(w, at, wanted) && !keep_step(w, at, wanted))
            w.later.push_back(at);  // there may be steps that it does not tell yet
      }
    };
    while (next_chunk < chunks) {
      if (chunks > 1)
        crew_.run([&](unsigned i) { look(workers_[i]); });
      else
        look(workers_[0]);
      if (!goes_on) return std::nullopt;
      typename System::missing missing;
      for (worker& w : workers_) missing.add(std::exchange(w.missing, {}));
      if (!missing.empty()) learn_again(std::move(missing));
      for (worker& w : workers_)
        for (const word at : std::exchange(w.later, {}))
          if (may_be_better(w, at, wanted))
            while (!keep_step(w, at, wanted)) learn_again(std::exchange(w.missing, {}));
    }
    std::optional<path_step> least;
    for (const worker& w : workers_)
      if (w.best && (!least || w.best->from < least->from)) least = w.best;
    if (!least) throw std::logic_error("a state has no predecessor in the level before it");
    return least;
  }
  bool may_be_better(const worker& w, word at, word wanted) const {
    if (w.best && w.best->from <= at) return false;
    if constexpr (DirectedSystem<System>)
      return system_.may_lead(at, wanted);
    else
      return true;
  }
  // Keeps the first step from one word to the other, if there is one. False: not all steps are known.
  bool keep_step(worker& w, word at, word wanted) const {
    std::optional<path_step> first;
    const auto keep = [&](word next, const step& by, marks) {
      if (next == wanted && !first) first = path_step{by, at, next};
    };
    if (!system_.expand(at, w.missing, keep).known) return false;
    if (first) w.best = first;
    return true;
  }

  // The steps of a word of a level that was complete: what is missing is learned.
  template <typename Emit>
  void expand_known(word at, Emit&& emit) {
    for (typename System::missing what;; learn_again(std::exchange(what, {})))
      if (system_.expand(at, what, [](word, const step&, marks) {}).known) break;
    typename System::missing nothing;
    system_.expand(at, nothing, emit);
  }
  // What a search learned once gives no new ids when it is learned again, and so no other words.
  void learn_again(typename System::missing what) {
    if (what.empty()) throw std::logic_error("a state's steps are not known, though nothing is missing");
    const typename System::layout before = system_.words();
    system_.learn(what, [] { return true; });
    if (system_.words() != before) throw std::logic_error("learning something again changed the words");
  }

  System& system_;
  const level_store<word>& levels_;
  reader read_;
  crew& crew_;
  std::vector<worker> workers_;
};

}  // namespace tcpmc::checker
