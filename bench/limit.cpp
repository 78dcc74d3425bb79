// The machine's limit: how many random cache lines a second can be read and written, when many are asked for
// at a time. It does what no visited set can avoid, and nothing else: find the line of a random number, see
// whether the number is there, put it there. So a search that stores states at random places cannot do more a
// second, unless its order makes the places less random than these.
//
// Usage: bench_limit LINES [THREADS]: a table of so many lines of 64 bytes in all; each thread has its own
// part. Prints million lines/s of all threads together.
#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t words = 16, batch = 64;
constexpr std::uint64_t most_inserts = std::uint64_t{1} << 26;

struct table {
  explicit table(std::size_t count) : lines(count) {
    void* got = mmap(nullptr, lines * 64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    madvise(got, lines * 64, MADV_HUGEPAGE);
    at = static_cast<std::uint32_t*>(got);
    for (std::size_t i = 0; i < lines; ++i) at[i * words] = 1;  // have every page
  }
  std::uint32_t* line(std::uint64_t random) const {
    return at + static_cast<std::size_t>((random >> 32) * lines >> 32) * words;
  }

  std::size_t lines;
  std::uint32_t* at;
};

// Splitmix64 (Vigna 2015).
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

// Puts the number into the first free word of its line, or over the last one, if it is not there.
bool insert(std::uint32_t* line, std::uint32_t value) {
  std::uint32_t there = 0, used = 0;
  for (std::size_t i = 0; i < words; ++i) {
    there |= line[i] == value;
    used += line[i] != 0;
  }
  if (there != 0) return false;
  line[used < words ? used : words - 1] = value;
  return true;
}

std::uint64_t work(const table& t, std::uint64_t inserts, std::uint64_t seed) {
  std::uint64_t state = seed, fresh = 0;
  std::uint64_t numbers[2][batch];
  const auto ask = [&](std::uint64_t* of) {
    for (std::size_t i = 0; i < batch; ++i) {
      of[i] = next_random(state);
      __builtin_prefetch(t.line(of[i]), 1);
    }
  };
  ask(numbers[0]);
  for (std::uint64_t done = 0, b = 0; done < inserts; done += batch, b ^= 1) {
    ask(numbers[b ^ 1]);
    for (const std::uint64_t n : numbers[b]) fresh += insert(t.line(n), static_cast<std::uint32_t>(n) | 1u);
  }
  return fresh;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_limit LINES [THREADS]\n");
    return 2;
  }
  const std::size_t lines = std::strtoull(argv[1], nullptr, 10);
  const std::size_t threads = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (lines < threads || threads == 0) return 2;
  std::vector<table> tables;
  for (std::size_t i = 0; i < threads; ++i) tables.emplace_back(lines / threads);

  std::atomic<std::uint64_t> fresh = 0;
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i)
    running.emplace_back([&, i] { fresh += work(tables[i], most_inserts / threads, i + 1); });
  for (std::thread& t : running) t.join();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (fresh == 0) return 1;  // and so nothing is optimised away
  std::printf("%.1f\n", static_cast<double>(most_inserts) / seconds.count() / 1e6);
  return 0;
}
