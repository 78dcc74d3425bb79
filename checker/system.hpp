// What the enumerating search asks of a system: states as words, and the steps from them.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

#include "checker/report.hpp"

namespace tcpmc::checker {

// All that a system has to offer. Words are below 2^words().width(). `expand` calls emit(next, step, marks)
// for every step from a word, in a fixed order, and tells the marks of the state itself; `look` tells those
// of them that do not depend on its steps. Both only look up, by any number of threads, and say what is
// missing; then `learn` is called, after which words may have to be repacked from the layout that they had;
// it leaves in `what` only what was new. Learning the same again, in the same order, gives the same words. It
// asks whether to go on before whatever takes time, and returns false as soon as it should not; what was
// known before stays as it was.
template <typename System>
concept TransitionSystem = requires(System system, const System constant, typename System::word w,
                                    typename System::missing what, typename System::layout from) {
  { constant.words().width() } -> std::convertible_to<unsigned>;
  { constant.initial() } -> std::same_as<typename System::word>;
  { constant.repack(w, from) } -> std::same_as<typename System::word>;
  {
    constant.expand(w, what, [](typename System::word, const typename System::step&, marks) {})
    } -> std::same_as<typename System::expansion>;
  { constant.look(w, what) } -> std::same_as<typename System::expansion>;
  { system.learn(what, keep_going()) } -> std::same_as<bool>;
  { System::encode(what) } -> std::same_as<std::vector<std::byte>>;
  { System::decode(std::span<const std::byte>()) } -> std::same_as<typename System::missing>;
};

// What it may offer as well: successors of many words at once, as words only. Two passes, each over groups of
// words, at most most_in_group, that have the same key(), a number below 2^key_bits(); they write to `into`
// what `expand` would emit, together, in any order. What has marks outside `known`, or misses something, is
// called odd in a pass at least: `expand` has to be asked as well. What a pass writes for a word does not
// depend on its group.
template <typename System, typename Sink>
concept GroupSystem = requires(const System constant, int pass, typename System::word w, marks known,
                               std::span<const typename System::word> group, Sink& into) {
  { constant.key(pass, w) } -> std::same_as<typename System::word>;
  { constant.key_bits(pass) } -> std::same_as<unsigned>;
  constant.group_successors(pass, group, known, into, [](typename System::word) {});
  { System::most_in_group } -> std::convertible_to<std::size_t>;
};

// What it may offer as well: which bits of a word are its left half, its coarse right and its column, for
// matrices.hpp. For pairs.hpp the last two are one half. Repacking a half gives the half of the repacked
// word.
template <typename System>
concept PairSystem = requires(const System constant) {
  { constant.split() } -> std::same_as<std::array<typename System::word, 3>>;
};

// What it may offer as well: false, if no step leads from one word to the other. It is asked of all words of
// a level when a path is rebuilt, and so has to be quick.
template <typename System>
concept DirectedSystem = requires(const System constant, typename System::word w) {
  { constant.may_lead(w, w) } -> std::same_as<bool>;
};

}  // namespace tcpmc::checker
