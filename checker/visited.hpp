// The visited set: exact, every state in full.
#pragma once

#include <tsl/robin_set.h>
#include <xxhash.h>

#include <type_traits>

namespace tcpmc::checker {

template <typename State>
class visited_set {
  static_assert(std::has_unique_object_representations_v<State>, "states are compared and hashed as bytes");

 public:
  // Whether `s` was not there yet; it is now.
  bool insert(const State& s) { return set_.insert(s).second; }
  std::size_t size() const { return set_.size(); }

 private:
  struct hash {
    std::size_t operator()(const State& s) const { return XXH3_64bits(&s, sizeof s); }
  };
  tsl::robin_set<State, hash> set_;
};

}  // namespace tcpmc::checker
