// What the parts of the enumerating search cost by themselves: inserting into the set of words as the search
// does, partition by partition; looking up in matrices; working out the successors of typical states; looking
// at properties. The states are those of a scenario of bench/scenarios, evenly taken from the whole search.
// Each benchmark counts items: words inserted, steps, states looked at.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "checker/enumerate.hpp"
#include "cli/question.hpp"
#include "properties/monitored.hpp"

namespace {

using namespace tcpmc;  // NOLINT: a program of one file
using word = std::uint64_t;
using visited = checker::visited_set<word>;

// ---- The visited set ----

// Distinct words, no two of which have anything to do with each other, as buffers of one partition each. A
// search fills its buffers to a word for so many states (checker/enumerate.hpp); what one has at a time is a
// round.
struct rounds {
  rounds(const visited& set, std::uint64_t count, unsigned width) {
    const std::uint64_t a_round = std::max<std::uint64_t>(64 * visited::partitions, count / 8);
    const checker::invertible_mix<word> scatter(width);
    for (std::uint64_t from = 0; from < count; from += a_round) {
      std::vector<std::vector<word>> buffers(visited::partitions);
      for (std::uint64_t i = from; i < std::min(count, from + a_round); ++i) {
        const word mixed = set.mix(scatter(i * 2654435761u & ((word{1} << width) - 1)));
        buffers[set.partition_of(mixed)].push_back(set.rest_of(mixed));
      }
      all.push_back(std::move(buffers));
    }
  }
  std::uint64_t into(visited& set) const {
    std::uint64_t fresh = 0;
    for (const auto& buffers : all)
      for (std::size_t p = 0; p < buffers.size(); ++p)
        set.insert(p, std::span<const word>(buffers[p]), [&](word) { ++fresh; });
    return fresh;
  }
  std::vector<std::vector<std::vector<word>>> all;
};

constexpr unsigned width = 40;

// Words that are new, into a set that grows from nothing.
void insert_new(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  const rounds words(visited(width), count, width);
  for (auto _ : state) {
    visited set(width);
    if (words.into(set) != count) std::abort();
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(insert_new)->Arg(100'000)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);

// Words that are all there.
void insert_known(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  visited set(width);
  const rounds words(set, count, width);
  words.into(set);
  for (auto _ : state)
    if (words.into(set) != 0) std::abort();
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(insert_known)->Arg(100'000)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond);

// ---- The system ----

// A scenario that was explored, so that its tables are filled, and some of its states.
struct explored {
  explicit explored(const std::vector<std::string>& properties_asked) {
    cli::question q;
    q.protocol = "rfc9293";
    q.scenario = TCPMC_SOURCE_DIR "/bench/scenarios/connection-1e6.json";
    q.properties = properties_asked;
    language::diagnostics errors;
    input = cli::load(q, std::make_shared<language::library>(), errors);
    if (input) asked = properties::load_properties(input->properties, *input->composition, errors);
    if (!asked) {
      fmt::print(stderr, "{}", errors.text());
      std::exit(2);
    }
    monitored = std::make_unique<properties::monitored_system>(*input->composition, *asked);
    packed = std::make_unique<properties::packed_system<word>>(*monitored);
    checker::enumerating_search search(*packed);
    search.run({}, {});
    std::size_t number = 0;
    search.for_each_state([&](word w) {
      if (number++ % 61 == 0) states.push_back(w);
    });
  }

  std::optional<cli::check_input> input;
  std::optional<properties::property_set> asked;
  std::unique_ptr<properties::monitored_system> monitored;
  std::unique_ptr<properties::packed_system<word>> packed;
  std::vector<word> states;
};

void successors_of(benchmark::State& state, const explored& of) {
  properties::packed_system<word>::missing missing;
  std::int64_t steps = 0;
  for (auto _ : state) {
    word sum = 0;
    for (const word w : of.states)
      of.packed->expand(w, missing, [&](word next, const auto&, properties::marks) {
        sum += next;
        ++steps;
      });
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(steps);
}

void successors(benchmark::State& state) {
  static const explored plain({});
  successors_of(state, plain);
}
BENCHMARK(successors)->Unit(benchmark::kMillisecond);

const explored& judged() {
  static const explored all({"agreement", "in-order-exactly-once", "no-stale-data"});
  return all;
}

// States that are there, in the order of words.
void look_up_in_matrices(benchmark::State& state) {
  static const explored plain({});
  const auto [left, right, column] = plain.packed->split();
  checker::matrix_set matrices({left, right, column});
  checker::matrix_set::freshness mine;
  std::vector<word> words = plain.states;
  std::sort(words.begin(), words.end());
  for (const word w : words) {
    const checker::matrix_set::half number = matrices.number_right(w);
    const std::uint32_t its_column = matrices.column(number);
    matrices.make_room(matrices.number_left(w), matrices.coarse(number), {&its_column, 1}, mine);
  }
  std::uint64_t fresh = 0;
  const auto insert = [&] {
    for (const word w : words)
      fresh += matrices.insert<false>(w, mine) == checker::matrix_set::outcome::fresh;
  };
  insert();
  for (auto _ : state) insert();
  if (fresh != words.size()) std::abort();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(words.size()));
}
BENCHMARK(look_up_in_matrices)->Unit(benchmark::kMicrosecond);

// The same with properties, which are judged with every step.
void successors_with_properties(benchmark::State& state) { successors_of(state, judged()); }
BENCHMARK(successors_with_properties)->Unit(benchmark::kMillisecond);

// The properties of a state by itself.
void look(benchmark::State& state) {
  properties::packed_system<word>::missing missing;
  for (auto _ : state) {
    properties::marks seen = 0;
    for (const word w : judged().states) seen |= judged().packed->look(w, missing).of_state;
    benchmark::DoNotOptimize(seen);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(judged().states.size()));
}
BENCHMARK(look)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
