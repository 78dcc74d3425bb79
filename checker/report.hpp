// What a search is asked, what it says while it runs, and what it answers.
//
// The checker explores states and reports marks: bits that the system sets on states and steps, whose
// meaning it does not know. The first occurrence of each mark is kept, and since the enumerating search
// goes breadth-first, it is at the end of a shortest path.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

namespace tcpmc::checker {

using marks = std::uint64_t;

enum class outcome {
  complete,      // everything reachable was explored
  goal_reached,  // every mark of the goal has occurred
  state_limit,
  depth_limit,
  time_limit,
  memory_limit,
  interrupted,
};

struct options {
  marks goal = 0;             // stop when all of these have occurred; 0: never
  bool one_suffices = false;  // stop when one of them has
  std::uint64_t max_states = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t max_depth = std::numeric_limits<std::uint64_t>::max();  // steps
  // Steps that are generated. Where one thread searches, what this ends does not depend on the machine.
  std::uint64_t max_transitions = std::numeric_limits<std::uint64_t>::max();
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::uint64_t max_memory = std::numeric_limits<std::uint64_t>::max();  // bytes, of the whole process
  unsigned threads = 1;
  // A file that an enumerating search keeps up to date with each level that is complete, and resumes from;
  // what it is a search of, so that no other one resumes from it.
  std::string checkpoint, identity;
  std::function<void(std::uint64_t level)> resumed;  // called when it goes on with that level
  std::string directory = "/var/tmp";                // for levels that do not stay in memory
  std::uint64_t level_memory =
      4 * 1024 * 1024;  // bytes; a part of a byte a state comes on top unless it is 0
  // Words of a level from which on it pays to work out what halves of states do (checker/halves.hpp).
  std::uint64_t fewest_in_rows = 4096;

  bool reached(marks seen) const {
    return one_suffices ? (seen & goal) != 0 : goal != 0 && (seen & goal) == goal;
  }
};

struct progress {
  std::uint64_t states = 0, transitions = 0, depth = 0, frontier = 0;
  std::string note;  // for the one who reads it; a search leaves it empty
};

// Asked between things that may take long; false: no more of them.
using keep_going = std::function<bool()>;

// Called now and then while a search runs; returning false interrupts it.
using reporter = std::function<bool(const progress&)>;

// Where the limit of states ended an enumerating search, these are of the levels up to `depth`, all of whose
// states were found, and marks of the levels before: so they are the same for every number of threads.
struct statistics {
  outcome ended = outcome::complete;
  std::uint64_t states = 0;       // enumerating: distinct states; covering: states that were kept
  std::uint64_t transitions = 0;  // steps that were generated
  std::uint64_t depth = 0;  // enumerating: all states so far from the start were found, and none is further
  marks seen = 0;           // all marks that occurred
};

// Resident memory of this process in bytes; 0 where the system does not tell.
std::uint64_t resident_memory();

// Memory that this process could still have, in bytes: what the machine has free or can free, and what the
// process's control group and its limit of addresses allow. Very large where the system does not tell.
std::uint64_t free_memory();

// Checks the limits.
class limit_watch {
 public:
  // Keeps both by reference.
  limit_watch(const options& o, const reporter& r) : options_(o), reporter_(r) {}

  // Ends that much earlier, so that this time is left for what comes after the search.
  void leave(std::chrono::steady_clock::duration time) {
    if (deadline_ != std::chrono::steady_clock::time_point::max()) deadline_ -= time;
  }

  // Whether to go on; if not, `ended` says why. For every state: what costs something is asked at every
  // 1024th call, and at intervals of time where a call may take long.
  bool go_on(const progress& p, outcome& ended) {
    if (p.states >= options_.max_states) return stop(outcome::state_limit, ended);
    return ++calls_ % 1024 == 0 ? check(p, ended) : in_time(p, ended);
  }
  // Time, memory and signals only, at intervals; the first time at once.
  bool in_time(const progress& p, outcome& ended) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return true;
    next_ = now + interval;
    return check_moment(p, ended);
  }
  // The same as go_on, at once.
  bool check(const progress& p, outcome& ended) const {
    if (p.states >= options_.max_states) return stop(outcome::state_limit, ended);
    if (p.transitions >= options_.max_transitions) return stop(outcome::interrupted, ended);
    return check_moment(p, ended);
  }

 private:
  static constexpr std::chrono::milliseconds interval{20};
  bool check_moment(const progress& p, outcome& ended) const {
    if (std::chrono::steady_clock::now() >= deadline_) return stop(outcome::time_limit, ended);
    if (options_.max_memory != std::numeric_limits<std::uint64_t>::max() &&
        resident_memory() >= options_.max_memory)
      return stop(outcome::memory_limit, ended);
    if (reporter_ && !reporter_(p)) return stop(outcome::interrupted, ended);
    return true;
  }
  static bool stop(outcome why, outcome& ended) {
    ended = why;
    return false;
  }
  const options& options_;
  const reporter& reporter_;
  std::chrono::steady_clock::time_point deadline_ = options_.deadline;
  std::uint64_t calls_ = 0;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace tcpmc::checker
