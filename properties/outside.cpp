#include "properties/outside.hpp"

#include <tsl/robin_map.h>

#include <algorithm>
#include <stdexcept>

#include "model/system/tables.hpp"

namespace tcpmc::properties {
namespace {

using language::composition;
using system::id;
using system::step_kind;
using system::table_step;

// What is seen of a step, and its event alone, as ids that both protocols share.
struct sight {
  id event = 0, seen = 0;
  int age = 0;
  auto operator<=>(const sight&) const = default;
};

class one_protocol {
 public:
  struct move {
    sight as;
    table_step by;
    id to = 0;
    bool operator<(const move& other) const { return as < other.as; }
  };

  one_protocol(const composition& c, system::row_interner& sights)
      : tables_(c, none_, [](int, const auto&, const auto&, const auto*, system::outcome&) {}),
        sights_(sights) {}

  id initial() { return number(tables_.initial()); }

  // What can be done in a state, in an order that depends on what is seen.
  void moves(id from, std::vector<move>& into) {
    into.clear();
    const system::state s = state_of(from);
    for (system::missing_entries missing; !tables_.successors(system::plain_ids(s), missing, skip).known;
         missing.clear())
      tables_.learn(missing);
    system::missing_entries ignored;
    tables_.successors(system::plain_ids(s), ignored,
                       [&](const system::plain_ids& to, const table_step& by, const auto&) {
                         into.push_back({see(s, by), by, number(to.ids())});
                       });
    std::sort(into.begin(), into.end());
    // Segments that look alike, and lead to the same, are one.
    into.erase(std::unique(into.begin(), into.end(),
                           [](const move& a, const move& b) { return a.as == b.as && a.to == b.to; }),
               into.end());
  }

  seen_outside describe(id from, const table_step& by) {
    seen_outside result{tables_.describe(state_of(from), by), {}, 0};
    if (!has_outcome(by.kind)) return result;
    const system::outcome& o = tables_.outcome_of(by.what);
    for (const id segment : o.sent) result.sent.push_back(tables_.segment_row(o.side, segment));
    result.signals = o.label[language::label_signals];
    return result;
  }

 private:
  static constexpr auto skip = [](const system::plain_ids&, const table_step&, const auto&) {};

  static bool has_outcome(step_kind k) {
    return k == step_kind::call || k == step_kind::forge || k == step_kind::deliver ||
           k == step_kind::time_out;
  }

  id number(const system::state& s) {
    std::copy(s.begin(), s.end(), row_.begin());
    return states_(row_);
  }
  system::state state_of(id number) const {
    system::state s{};
    std::copy(states_[number].begin(), states_[number].end(), s.begin());
    return s;
  }

  sight see(const system::state& from, const table_step& by) {
    std::vector<int> row = {static_cast<int>(by.kind), by.side};
    if (by.kind == step_kind::tick) return {sights_(row), 0, 0};
    if (!has_outcome(by.kind)) {  // the network loses or copies a segment
      const system::step s = tables_.describe(from, by);
      row.push_back(s.which);
      row.insert(row.end(), s.segment.begin(), s.segment.end());
      return {sights_(row), 0, s.age};
    }
    while (by.what >= outcomes_.size())
      outcomes_.push_back(see(tables_.outcome_of(static_cast<id>(outcomes_.size()))));
    sight result = outcomes_[by.what];
    result.age = by.age;
    return result;
  }

  sight see(const system::outcome& o) {
    std::vector<int> row = {static_cast<int>(o.kind), o.side, o.which, o.choice};
    const auto add = [&](const system::values& segment) {
      row.insert(row.end(), segment.begin(), segment.end());
    };
    if (o.segment != system::none) add(tables_.segment_row(1 - o.side, o.segment));
    const id event = sights_(row);
    row = {-1, o.label[language::label_signals], static_cast<int>(o.sent.size())};
    for (const id segment : o.sent) add(tables_.segment_row(o.side, segment));
    return {event, sights_(row), 0};
  }

  const std::array<system::observers, 2> none_;
  system::tables tables_;
  system::row_interner& sights_;
  system::row_interner states_;
  std::array<int, std::tuple_size_v<system::state>> row_{};
  std::vector<sight> outcomes_;  // by outcome id
};

}  // namespace

outside_view compare_outside(const composition& first, const composition& second, std::size_t most_pairs) {
  if (first.scenario.network.is_set())
    throw std::logic_error("the unlimited network has too many plain states to compare two protocols there");
  system::row_interner sights;
  one_protocol left(first, sights), right(second, sights);
  struct pair {
    id left, right;
    std::size_t depth;
  };
  std::vector<pair> pairs = {{left.initial(), right.initial(), 0}};
  const auto key = [](id a, id b) { return std::uint64_t{a} << 32 | b; };
  tsl::robin_map<std::uint64_t, bool> visited = {{key(pairs[0].left, pairs[0].right), true}};
  std::vector<one_protocol::move> a, b;
  outside_view result;
  for (std::size_t next = 0; next < pairs.size(); ++next) {
    const pair at = pairs[next];
    left.moves(at.left, a);
    right.moves(at.right, b);
    std::size_t i = 0;
    while (i < a.size() && i < b.size() && a[i].as == b[i].as) ++i;
    if (i < a.size() || i < b.size()) {
      // The event that comes first in order is the one to show.
      result.is = look::different;
      told_apart& d = result.difference.emplace();
      d.steps = at.depth;
      const bool of_left = i < a.size() && (i == b.size() || a[i].as.event <= b[i].as.event);
      const bool of_right = i < b.size() && (i == a.size() || b[i].as.event <= a[i].as.event);
      if (of_left) d.first = left.describe(at.left, a[i].by);
      if (of_right) d.second = right.describe(at.right, b[i].by);
      break;
    }
    for (i = 0; i < a.size(); ++i)
      if (visited.insert({key(a[i].to, b[i].to), true}).second)
        pairs.push_back({a[i].to, b[i].to, at.depth + 1});
    if (pairs.size() > most_pairs) {
      result.is = look::too_large;
      break;
    }
  }
  result.pairs = pairs.size();
  return result;
}

}  // namespace tcpmc::properties
