// A sweep: one question at every point of a grid of parameters and budgets.
//
// Every point is checked, whatever its neighbours say: that a property holds from a value on is what the
// table shows, not what is assumed to fill it. Points are independent, so several are checked at once; the
// table is the same for every number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/question.hpp"

namespace tcpmc::cli {

inline constexpr std::size_t most_points = 20'000;

// The values that one name takes, in the order of the table.
struct axis {
  std::string name;  // of a parameter or budget, as for --set; or "protocol", "scenario"
  std::vector<language::setting> values;
  bool numbers = false;  // whole numbers, ascending; others keep the order in which they were given
  std::string says;      // what it is, with its unit; may be empty

  std::string text(std::size_t value) const { return value_text(values[value]); }
};

// Reads "name=1..4,8" or "name=word,word": integers, ranges of them, and expressions of parameters. Reports
// mistakes.
std::optional<axis> parse_axis(const std::string& text, language::source_store& sources,
                               language::diagnostics& errors);

// What a property's verdict should be: "holds exactly where FORMULA is true", a formula over parameters and
// budgets.
struct law {
  std::string property;  // "": every property
  std::string formula;
  language::place at;
};
// Reads "formula" or "property: formula"; `properties` are those that are asked.
law parse_law(const std::string& text, const std::vector<std::string>& properties,
              language::source_store& sources);

struct grid {
  question base;
  std::vector<axis> axes;  // the last one is across, the last but one down
  std::vector<law> laws;

  std::size_t points() const;
  // The index of each axis's value at a point; the last axis runs fastest.
  std::vector<std::size_t> at(std::size_t point) const;
  question asked(std::size_t point) const;
  // "rto = 2, loss = 1": the values of axes `from` to `to`, without it.
  std::string named(std::size_t point, std::size_t from, std::size_t to) const;
};

struct cell_answer {
  verdict says = verdict::inconclusive;
  std::size_t steps = 0;       // violated: length of the counterexample
  bool shortest = false;       // and whether that is a shortest one
  std::optional<bool> lawful;  // what the law says: whether it holds; nothing without a law
};

struct cell {
  std::string unfit;  // not empty: why the values do not fit together; nothing else is set then
  std::vector<cell_answer> answers;  // one a property
  std::uint64_t states = 0, transitions = 0, depth = 0;
  std::vector<std::string> bounds;  // of the scenario's, which were met: "capacity", ...
  std::string limit;                // of the search: which one ended it, with the figures; or ""
  std::string hash;
};

struct sweep_result {
  std::string protocol, scenario;  // names; "" where they are an axis
  std::vector<std::string> properties;
  std::vector<cell> cells;  // one a point
  std::string hash;
  bool interrupted = false;
};

struct sweep_progress {
  std::size_t done = 0, points = 0;
  std::uint64_t states = 0;  // of the points that are done
};

// Checks every point, `threads` at a time. Mistakes of names and values are reported in `errors` before
// anything is explored, mistakes that show only while a protocol runs afterwards; then there is no result.
// Also fills the axes' `says`. `go_on` is called from all threads, one at a time; false ends the sweep: what
// is not decided then is inconclusive. Throws as check() does.
std::optional<sweep_result> sweep(grid& g, const checker::options& limits, unsigned threads,
                                  const std::function<bool(const sweep_progress&)>& go_on,
                                  language::diagnostics& errors);

// Where a property holds along a line of the table.
struct threshold {
  enum class kind {
    none,        // nowhere
    all,         // everywhere
    from,        // from values[first] on
    up_to,       // up to values[first]
    scattered,   // neither: not monotone
    undecided,   // what is inconclusive decides which of these it is
    not_ordered  // the axis is of words, or the line has no valid point
  };
  kind is = kind::not_ordered;
  std::size_t first = 0;
  std::string text;  // ">= 4", "<= 3", "all", "none", "only 3, 5..8", ">= 4 or >= 5"; "" if not ordered
};
// Along `along` (an index of an axis) through `point`. A verdict that holds vacuously holds.
threshold threshold_of(const grid& g, const sweep_result& r, std::size_t property, std::size_t point,
                       std::size_t along);

// How many points of all properties are what.
struct sweep_counts {
  std::size_t holds = 0, vacuous = 0, violated = 0, inconclusive = 0, unfit = 0;
  std::size_t lawful = 0, unlawful = 0, unknown = 0;  // of those with a law
  std::uint64_t states = 0;
};
sweep_counts count(const sweep_result& r);

}  // namespace tcpmc::cli
