// Properties as data: formulas over both endpoints, the channels and what a step did.
//
// A property says what must never be true of a state ("never") or of a step ("never step"), and has a
// witness: a situation in which it matters. If that cannot be reached, the property holds vacuously and
// is reported so. A property that needs history declares observers: ghost variables of each endpoint that
// follow the steps (semantics.md, "Ghost tags and observers").
//
// Formulas see the endpoint that is looked at as itself (`state`, `una`, ...), what it was before the step
// as `old.`, the other endpoint as `peer.`, and the segment that arrived as `seg.` (all zero if none did).
// They are evaluated for both endpoints in turn.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/language/library.hpp"
#include "model/system/plain.hpp"

namespace tcpmc::properties {

using language::composition;
using language::diagnostics;
using system::values;

// A formula bound for each endpoint.
struct formula {
  std::array<language::code, 2> at;  // A, B
  bool on_step = false;              // judged on steps, not on states
  bool on_ports = false;             // judged on all ports together
  std::string text;
};

struct property {
  std::string name, cite, says;
  std::optional<formula> never;  // absent where `stuck` or `unserved` says what must not happen
  std::optional<formula> witness;
  bool stuck = false;       // violated by a state where nothing goes on and the scenario is not final
  bool unserved = false;    // violated by a demand that no port can serve
  bool needs_time = false;  // says nothing in the untimed mode
};

struct property_set {
  std::vector<property> all;
  std::array<system::observers, 2> observers;
};

// Marks are bits: that a property is violated, that its witness was seen, that a bound was met.
using marks = std::uint64_t;
inline constexpr int most_properties = 28;
inline constexpr std::size_t most_questions = 64;  // of one channel: see judge
static_assert(2 * most_properties + system::bound_count <= 64);
constexpr marks violated(std::size_t property) { return marks{1} << property; }
constexpr marks witnessed(std::size_t property) { return marks{1} << (most_properties + property); }
constexpr marks bounds_met(std::uint32_t bounds) { return marks{bounds} << (2 * most_properties); }
constexpr std::uint32_t bounds_of(marks m) { return static_cast<std::uint32_t>(m >> (2 * most_properties)); }

// Loads and binds properties for a composition. Reports every mistake; returns nothing if there is one.
// Refuses a property that the scenario's time mode or network cannot decide, with the reason.
std::optional<property_set> load_properties(const std::vector<const language::document*>& files,
                                            const composition& c, diagnostics& errors);

// What is certain of a state or step, and what is still open because something was not given.
struct judgement {
  marks certain = 0;
  marks open = 0;
};

// One endpoint's part of a step.
struct step_view {
  int side = 0;
  const values* before = nullptr;
  const values* after = nullptr;
  const values* segment = nullptr;  // that arrived, or null
  const int* label = nullptr;
  std::vector<const int*> sent;  // segments
};

// Which of the questions that formulas ask of one channel, outgoing(...) or incoming(...), have the answer
// yes.
using answers = std::uint64_t;

class judge {
 public:
  judge(const composition& c, const property_set& properties);

  // Rows that are null are unknown; what depends on them stays open.
  judgement state(const values* a, const values* b) const;
  // `outgoing` is what the moving side has in flight after the step, `incoming` what is under way to it.
  judgement step(const step_view& s, const values* peer, const std::vector<const int*>* outgoing,
                 const std::vector<const int*>* incoming) const;
  // What formulas ask of a step's channels: of what the moving side has in flight, or of what is under way to
  // it. Beside the answers, a judgement does not depend on a channel. The answers of two parts of a channel
  // together are those of either.
  enum class channel { outgoing, incoming };
  bool asks(channel of, int side) const { return !questions_[at(of)][at(side)].empty(); }
  answers ask(channel of, const step_view& s, const values& peer,
              const std::vector<const int*>& segments) const;
  // What formulas that count ports say; `rows` are those of A and B, port by port.
  marks ports(const std::vector<std::array<const int*, 2>>& rows) const;

 private:
  template <typename Number>
  static std::size_t at(Number n) {
    return static_cast<std::size_t>(n);
  }
  language::scene scene_of(const step_view& s, const values* peer) const;

  const composition& composition_;
  const property_set& properties_;
  std::array<std::array<std::vector<const language::code*>, 2>, 2> questions_;  // by channel, side
};

}  // namespace tcpmc::properties
