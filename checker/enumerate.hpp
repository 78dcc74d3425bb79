// The enumerating search: every reachable state once, breadth-first, with any number of threads.
//
// A level is expanded in rounds, in which every thread takes words of the level, or rows of words. What is
// new of their successors is the next level. If the system can tell how words are pairs, what was visited is
// in matrices of bits (matrices.hpp). Then each thread sets the bits of its successors at once, row by row
// (halves.hpp), but those that have no place yet; one thread makes room for these when the round is over, and
// then they are set as well.
// Where that would take too much memory, what was visited is in a set (visited.hpp) of codes of pairs
// (pairs.hpp), and of words where they are no pairs: every thread sorts its successors by partition of the
// set into buffers of its own, and when these are full, every thread takes partitions and inserts what all
// have for it. In either case nobody waits for a lock, and memory is asked for before it is needed, for many
// words at a time.
//
// The system only looks up while threads run. A word for which something is missing is kept for later; when
// the level is through, the system learns what was missing and those words are expanded again, until none is
// left. What is missing in a level does not depend on the threads, and so nothing does: numbers, words,
// levels, verdicts and paths are the same for every number of threads.
//
// Only the levels are kept (levels.hpp), no parent pointers: paths are rebuilt from them (paths.hpp).
#pragma once

#include <malloc.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checker/crew.hpp"
#include "checker/halves.hpp"
#include "checker/levels.hpp"
#include "checker/matrices.hpp"
#include "checker/pairs.hpp"
#include "checker/paths.hpp"
#include "checker/report.hpp"
#include "checker/scatter.hpp"
#include "checker/system.hpp"
#include "checker/visited.hpp"

namespace tcpmc::checker {

template <TransitionSystem System>
class enumerating_search {
 public:
  using word = typename System::word;
  using step = typename System::step;

  using path_step = typename path_finder<System>::path_step;

  explicit enumerating_search(System& system) : system_(system) {}

  // Throws storage_error if levels cannot be written, or what is there cannot be resumed.
  statistics run(const options& wanted, const reporter& report) {
    start(wanted);
    limit_watch limits(wanted, report);
    std::size_t level = 0;
    try {
      if (resume(wanted, level, limits)) explore(wanted, level, limits);
    } catch (const std::bad_alloc&) {
      out_of_memory(level);
    }
    forget_visited();
    if (result_.ended == outcome::complete || result_.ended == outcome::goal_reached ||
        result_.ended == outcome::depth_limit)
      result_.depth = levels_->levels() - 1;
    result_.states = states_;
    return result_;
  }

  // The shortest path to the first occurrence of a mark; nothing, if `go_on` says no before. Requires that
  // the mark was seen.
  std::optional<std::vector<path_step>> path_to(marks mark, const keep_going& go_on) {
    const occurrence& o = first_[static_cast<std::size_t>(std::countr_zero(mark))];
    const auto reader = [this](std::size_t level, std::size_t c, std::vector<word>& into) {
      read(level, c, into);
    };
    path_finder<System> paths(system_, *levels_, reader, *crew_);
    const word at = system_.repack(o.at, layouts_[o.layout]);
    return paths.path_to(o.level, at, o.by == at_itself ? std::nullopt : std::optional(o.by), go_on);
  }

  // Calls visit(word) for every state found, in the system's layout.
  template <typename Visit>
  void for_each_state(Visit&& visit) const {
    std::vector<word> words;
    for (std::size_t level = 0; level < levels_->levels(); ++level)
      for (std::size_t c = 0; c < levels_->chunks(level); ++c) {
        const auto& from = layouts_[levels_->read(level, c, words)];
        for (const word w : words) visit(system_.repack(w, from));
      }
  }

 private:
  static constexpr std::uint32_t at_itself = 0xffffffff;
  static constexpr bool may_be_matrices = PairSystem<System> && sizeof(word) == sizeof(matrix_set::word);
  struct no_halves {
    struct scratch {};
  };
  // As of HalvesSystem.
  struct half_sink {
    void alone(std::uint32_t, word, std::uint32_t) {}
    void takes(std::uint32_t, std::uint32_t, word, std::uint32_t) {}
    void gives(std::uint32_t, word) {}
    void labels(std::uint32_t) {}
    void ticks(word) {}
    void loud() {}
    void loud(std::uint32_t) {}
  };
  static constexpr bool by_halves = may_be_matrices && HalvesSystem<System, half_sink>;
  using half_steps = std::conditional_t<by_halves, halves<System>, no_halves>;
  // What a set has of a state.
  using kept = std::conditional_t<PairSystem<System>, typename pair_codes<word>::code, word>;

  // Where a mark was first set: on a word, or on its `by`-th step. The least word counts, and of it the
  // first.
  struct occurrence {
    std::size_t level = 0;  // of the word
    word at = 0;
    std::uint32_t by = at_itself;
    std::uint32_t layout = 0;
  };
  struct found {
    marks what;
    std::uint32_t by;
  };

  // What one thread has for itself.
  struct worker {
    scatter<kept, visited_set<kept>::partitions> buffers;  // mixed successors
    std::vector<word> taken;                               // words of a chunk, from `next` on to be expanded
    std::size_t next = 0;
    std::vector<word> room;
    std::vector<word> fresh = std::vector<word>(level_store<word>::chunk_words);  // of the next level
    std::size_t n_fresh = 0;                                                      // of them
    std::vector<std::byte> packing;
    std::vector<word> successors = std::vector<word>(some_successors);  // not in the buffers yet
    std::size_t pending = 0;                                            // of `successors`
    std::vector<word> odd;                                              // that `expand` has to see
    std::vector<std::uint32_t> odd_columns;                             // the same, of a row
    typename half_steps::scratch room_of_halves;
    matrix_set::freshness new_in_matrices;
    std::vector<word> later;            // something was missing
    std::vector<word> homeless;         // that have no place or code yet
    matrix_set::row_columns placeless;  // the same, where halves have numbers
    std::uint64_t discovered = 0;       // new states, in this round
    typename System::missing missing;
    std::vector<found> marked;  // by the word that is being expanded
    std::array<occurrence, 64> first;
    marks here = 0;  // of `first`, in this level
    std::uint64_t transitions = 0;
    std::size_t in_round = 0;  // words that were taken
  };

  void explore(const options& wanted, std::size_t& level, limit_watch& limits) {
    const auto reached = [&] { return wanted.reached(result_.seen); };
    const auto begin = std::chrono::steady_clock::now();
    for (;; ++level) {
      if (reached()) result_.ended = outcome::goal_reached;
      if (reached() || level == levels_->levels()) break;
      const bool last = level >= wanted.max_depth;  // words at the limit are looked at, not expanded
      const marks before = result_.seen;
      if (!expand_level(level, last, limits)) break;
      // Rebuilding a path takes less than a quarter of the time in which it was found, mostly.
      limits.leave(std::popcount(result_.seen & ~before & wanted.goal) *
                   (std::chrono::steady_clock::now() - begin) / 4);
      if (last) result_.ended = reached() ? outcome::goal_reached : outcome::depth_limit;
      if (last) break;
      save(level);
    }
  }

  void start(const options& wanted) {
    checkpoints_ = !wanted.checkpoint.empty();
    log_.emplace(checkpoints_ ? record_log::named(wanted.checkpoint)
                              : record_log::nameless(wanted.directory));
    crew_ = std::make_unique<crew>(wanted.threads);
    workers_ = std::vector<worker>(crew_->size());
    levels_ = std::make_unique<level_store<word>>(*log_);
    if (checkpoints_) levels_->keep_in_memory(0);
    layouts_ = {system_.words()};
    sparse_ = false;
    forget_visited();
    level_memory_ = wanted.level_memory;
    fewest_in_rows_ = wanted.fewest_in_rows;
    result_ = {};
  }

  // ---- Checkpoints: the log says which run it is, then what was learned, chunks, and the end of every level
  // ----

  // Of all that a checkpoint holds, and of what systems encode: to be changed with any of it.
  static constexpr int format = 3;
  static constexpr std::uint32_t identity_record = 2, learned_record = 3, level_record = 4;

  // What the end of a level says.
  struct saved {
    std::uint64_t transitions = 0, seen = 0;
    std::array<occurrence, 64> first;
  };

  static std::string identity_of(const options& wanted) {
    return "format " + std::to_string(format) + ", " + wanted.identity;
  }
  void write(std::uint32_t kind, std::size_t level, std::span<const std::byte> what) {
    record head;
    head.kind = kind;
    head.level = static_cast<std::uint32_t>(level);
    log_->append(head, what);
  }
  void save(std::size_t level) {
    if (!checkpoints_) return;
    const saved all{result_.transitions, result_.seen, first_};
    write(level_record, level, std::as_bytes(std::span(&all, 1)));
  }

  // Brings back what a former run did to the end of a level, or begins. `level` is the one to go on with.
  // False: a limit was reached on the way; the log is as it was.
  bool resume(const options& wanted, std::size_t& level, limit_watch& limits) {
    std::uint64_t position = 0, good = 0;
    try {
      while (const auto r = log_->next(position))
        if (r->head.kind == level_record) good = position;
    } catch (const storage_error&) {
      // A record may be half written, and others behind it whole. But then no level ends there.
      if (good == 0 || log_->any_behind(position, level_record)) throw;
    }
    position = 0;
    if (const auto r = log_->next(position); r && position <= good) {
      const std::vector<std::byte> identity = log_->read(r->head, r->at);
      const std::string identity_now = identity_of(wanted);
      const auto wants = std::as_bytes(std::span(identity_now));
      if (r->head.kind != identity_record ||
          !std::equal(identity.begin(), identity.end(), wants.begin(), wants.end()))
        throw storage_error("'" + wanted.checkpoint +
                            "' is not a checkpoint of this question by this version");
    } else if (log_->size() != 0 && !(r && r->head.kind == identity_record)) {
      throw storage_error("'" + wanted.checkpoint + "' is not a checkpoint");
    }
    if (good == 0) {
      if (checkpoints_) {
        log_->cut(0);
        const std::string identity = identity_of(wanted);
        write(identity_record, 0, std::as_bytes(std::span(identity)));
      }
      const word first = system_.initial();
      levels_->add(0, {&first, 1}, 0, workers_[0].packing);
      begin_level(0);
      return rebuild_visited(0, limits) || stopped(0);
    }
    log_->cut(good);
    const auto go_on = [&] { return limits.in_time(so_far(level), result_.ended); };
    while (const auto r = log_->next(position)) {
      if (r->head.kind == learned_record) {
        typename System::missing again = System::decode(log_->read(r->head, r->at));
        if (!system_.learn(again, go_on)) return stopped(level);
        if (system_.words() != layouts_.back()) layouts_.push_back(system_.words());
      } else if (r->head.kind == level_record) {
        const std::vector<std::byte> end_of_level = log_->read(r->head, r->at);
        saved all;
        if (end_of_level.size() != sizeof all) throw storage_error("'" + wanted.checkpoint + "' is damaged");
        std::memcpy(&all, end_of_level.data(), sizeof all);
        result_.transitions = all.transitions;
        result_.seen = all.seen;
        first_ = all.first;
        level = r->head.level + 1;
        begin_level(level);
        if (!go_on()) return stopped(level);
      } else {
        levels_->add(*r);
      }
    }
    begin_level(level);
    if (!rebuild_visited(level, limits)) return stopped(level);
    if (wanted.resumed) wanted.resumed(level);
    return true;
  }
  // From here on the level before is complete.
  void begin_level(std::size_t level) {
    states_ = complete_.states = states_to(level);
    complete_.transitions = result_.transitions;
  }
  std::uint64_t states_to(std::size_t level) const {
    std::uint64_t sum = 0;
    for (std::size_t l = 0; l <= level; ++l) sum += levels_->words(l);
    return sum;
  }

  // Expands all words of a level. False: a limit was reached.
  bool expand_level(std::size_t level, bool only_look, limit_watch& limits) {
    next_level_ = level + 1;
    begin_level(level);
    std::vector<word> again;  // words for which something was missing, in the current layout
    const bool in_rows = by_halves && matrices_ && !only_look && levels_->words(level) >= fewest_in_rows_;
    if (!in_rows) rows_.clear();
    for (bool first_pass = true;; first_pass = false) {
      next_part_ = 0;
      const bool of_rows = first_pass && in_rows;
      if (of_rows) learn_halves();
      const std::size_t parts = of_rows      ? parts_of(rows_.size(), rows_at_once)
                                : first_pass ? levels_->chunks(level)
                                             : parts_of(again.size(), chunk);
      const auto take = [&](worker& w) {
        const std::size_t p = next_part_++;
        if (p >= parts) return false;
        w.next = 0;
        if (first_pass) {
          read(level, p, w.taken);
          w.in_round += w.taken.size();
        } else {
          const std::span<const word> some = part_of(again, p, chunk);
          w.taken.assign(some.begin(), some.end());
        }
        return true;
      };
      for (;;) {
        on_all(parts > 1, [&](worker& w) {
          if constexpr (by_halves)
            for (std::size_t p; of_rows && !full(w) && (p = next_part_++) < parts;)
              expand_rows(w, part_of(rows_, p, rows_at_once));
          while (!of_rows && !full(w) && (w.next < w.taken.size() || take(w))) expand_some(w, only_look);
        });
        if (!insert_all(level, limits) || !limits.check(so_far(level), result_.ended)) return stopped(level);
        if (next_part_ >= parts && nothing_taken()) break;
      }
      rows_.clear();
      flush();
      typename System::missing missing;
      again.clear();
      for (worker& w : workers_) {
        missing.add(std::move(w.missing));
        again.insert(again.end(), w.later.begin(), w.later.end());
        w.later.clear();
      }
      if (!missing.empty() && !learn(std::move(missing), again, level, limits)) return stopped(level);
      if (again.empty()) break;
    }
    take_fresh();
    for (worker& w : workers_) keep_first(level, w);
    // A state that is lost would be a wrong answer.
    if (states_ != states_to(next_level_)) throw std::logic_error("states were found that no level has");
    for (const worker& w : workers_)
      if (!w.homeless.empty() || w.placeless.size() != 0)
        throw std::logic_error("states were found that the visited set has no place for");
    return true;
  }

  // Each side by one thread.
  void learn_halves() {
    if constexpr (by_halves) {
      std::atomic<int> next_side = 0;
      on_all(true, [&](worker&) {
        for (int side; (side = next_side++) < 2;)
          if (side == 0)
            halves_.learn_lefts(system_, *matrices_, result_.seen);
          else
            halves_.learn_rights(system_, *matrices_, result_.seen);
      });
    }
  }

  static std::size_t parts_of(std::size_t size, std::size_t most) { return (size + most - 1) / most; }
  template <typename T>
  static std::span<const T> part_of(const std::vector<T>& all, std::size_t part, std::size_t most) {
    return std::span(all).subspan(part * most, std::min(most, all.size() - part * most));
  }

  // The words of a chunk, in the layout of now.
  void read(std::size_t level, std::size_t c, std::vector<word>& into) const {
    const auto& from = layouts_[levels_->read(level, c, into)];
    if (from != system_.words())
      for (word& x : into) x = system_.repack(x, from);
  }

  // Expands the words of a chunk, or some of them where the buffers get full.
  void expand_some(worker& w, bool only_look) {
    if (only_look) {
      for (; w.next < w.taken.size(); ++w.next)
        noted(w, w.taken[w.next], system_.look(w.taken[w.next], w.missing));
    } else {
      expand_words(w);
    }
    put_successors(w);
  }
  void expand_words(worker& w) {
    if constexpr (GroupSystem<System, to_buffers>)
      expand_in_groups(w);
    else
      while (w.next < w.taken.size() && !full(w)) expand(w, w.taken[w.next++]);
  }

  // Where groups' successors go.
  struct to_buffers {
    enumerating_search& search;
    worker& w;
    word* room(std::size_t n) {
      if (w.successors.size() - w.pending < n) search.put_successors(w);
      return w.successors.data() + w.pending;
    }
    void used(std::size_t n) {
      w.pending += n;
      w.transitions += n;
    }
  };
  // Takes back that those of one word were counted.
  struct uncounted {
    worker& w;
    word nowhere = 0;
    word* room(std::size_t) { return &nowhere; }
    void used(std::size_t n) { w.transitions -= n; }
  };

  void expand_in_groups(worker& w) {
    // The more words, the larger the groups. But they should not give many more successors than there is
    // room for.
    const std::size_t some = std::max(fewest_at_once, w.buffers.left(buffer_words_) / steps_at_most_mostly);
    const std::span<word> words = std::span(w.taken).subspan(w.next, std::min(some, w.taken.size() - w.next));
    w.next += words.size();
    w.odd.clear();
    static_assert(System::most_in_group <= some_successors);
    to_buffers into{*this, w};
    const auto sort = [&](int by) {
      sort_by(words, w.room, system_.key_bits(by), [&](word x) { return system_.key(by, x); });
    };
    for (int pass = 0; pass < 2; ++pass) {
      const auto key = [&](word x) { return system_.key(pass, x); };
      sort(pass);
      for (std::size_t from = 0, to = 0; from < words.size(); from = to) {
        const word common = key(words[from]);
        while (to < words.size() && to - from < System::most_in_group && key(words[to]) == common) ++to;
        system_.group_successors(pass, std::span<const word>(words.subspan(from, to - from)), result_.seen,
                                 into, [&](word odd) { w.odd.push_back(odd); });
      }
    }
    std::sort(w.odd.begin(), w.odd.end());
    w.odd.erase(std::unique(w.odd.begin(), w.odd.end()), w.odd.end());
    uncounted again{w};
    for (const word& odd : w.odd) {
      for (int pass = 0; pass < 2; ++pass)
        system_.group_successors(pass, std::span(&odd, 1), result_.seen, again, [](word) {});
      expand(w, odd);
    }
  }

  void expand_rows(worker& w, std::span<const matrix_set::fresh_row> rows) {
    if (workers_.size() > 1)
      expand_rows<true>(w, rows);
    else
      expand_rows<false>(w, rows);
  }
  template <bool shared>
  void expand_rows(worker& w, std::span<const matrix_set::fresh_row> rows) {
    using row = matrix_set::row;
    using part = matrix_set::part;
    struct {
      void columns(row& to, matrix_set::half left, std::uint32_t coarse,
                   std::span<const std::uint32_t> reached) const {
        w.transitions += reached.size();
        std::uint64_t fresh = 0;
        set.template insert<shared>(
            to, reached, w.new_in_matrices, [&] { ++fresh; },
            [&](std::uint32_t column) { w.placeless.add(left, coarse, column); });
        w.discovered += fresh;
      }
      void parts(row& to, matrix_set::half left, std::uint32_t coarse, std::span<const part> parts,
                 std::size_t n) const {
        w.transitions += n;
        for (part p : parts)
          if (const matrix_set::outcome o = set.template insert<shared>(to, p, w.new_in_matrices);
              o == matrix_set::outcome::fresh)
            w.discovered += static_cast<std::uint64_t>(std::popcount(p.bits));
          else if (o == matrix_set::outcome::homeless)
            p.for_each([&](std::uint32_t column) { w.placeless.add(left, coarse, column); });
      }
      void nameless(word x) const {
        ++w.transitions;
        w.homeless.push_back(x);
      }
      matrix_set& set;
      worker& w;
    } take{*matrices_, w};
    struct {
      void columns(row&, matrix_set::half, std::uint32_t, std::span<const std::uint32_t> reached) const {
        w.transitions -= reached.size();
      }
      void parts(row&, matrix_set::half, std::uint32_t, std::span<const part>, std::size_t n) const {
        w.transitions -= n;
      }
      void nameless(word) const { --w.transitions; }
      worker& w;
    } take_back{w};
    const auto steps = [&](const matrix_set::fresh_row& r, std::span<const part> parts, auto& into,
                           auto&& left_out, auto&& odd) {
      halves_.steps(system_, *matrices_, r.left, r.coarse_right, parts, result_.seen, w.room_of_halves, into,
                    left_out, odd);
    };
    std::array<part, half_steps::most_at_once> parts;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const matrix_set::fresh_row& r = rows[i];
      if (i + 1 < rows.size()) halves_.prefetch(rows[i + 1].left);
      if (i + 4 < rows.size()) __builtin_prefetch(rows[i + 4].bits);
      w.odd_columns.clear();
      std::size_t n = 0;
      const auto expand_those = [&] {
        steps(
            r, std::span<const part>(parts).first(std::exchange(n, 0)), take,
            [&](std::uint32_t column) { expand(w, matrices_->word_at(r, column)); },
            [&](std::uint32_t column) { w.odd_columns.push_back(column); });
      };
      for (std::uint32_t k = 0; k < r.size; ++k) {
        if (r.bits[k] == 0) continue;
        parts[n++] = r.at(k);
        if (n == parts.size()) expand_those();
      }
      if (n > 0) expand_those();
      if (w.odd_columns.empty()) continue;
      std::sort(w.odd_columns.begin(), w.odd_columns.end());
      w.odd_columns.erase(std::unique(w.odd_columns.begin(), w.odd_columns.end()), w.odd_columns.end());
      for (const std::uint32_t& odd :
           w.odd_columns) {  // its steps are taken again, and should not count twice
        const auto nothing = [](std::uint32_t) {};
        const part one{odd / 64, word{1} << odd % 64};
        steps(r, std::span(&one, 1), take_back, nothing, nothing);
        expand(w, matrices_->word_at(r, odd));
      }
    }
    put_successors(w);
  }

  void expand(worker& w, word at) {
    std::size_t steps = 0;
    const std::size_t before = w.pending;
    const auto e = system_.expand(at, w.missing, [&](word next, const step&, marks m) {
      if ((m & ~result_.seen) != 0) [[unlikely]]
        w.marked.push_back({m, static_cast<std::uint32_t>(steps)});
      ++steps;
      if (w.pending == w.successors.size()) put_successors(w);
      w.successors[w.pending++] = next;
    });
    if (noted(w, at, e))
      w.transitions += steps;
    else
      w.pending = std::min(w.pending, before);  // they will be found again
  }
  void put_successors(worker& w) { put(w, std::span(w.successors).first(std::exchange(w.pending, 0))); }
  // Inserts words, or keeps them until insert_all().
  void put(worker& w, std::span<const word> words) {
    const auto homeless = [&](word x) { w.homeless.push_back(x); };
    if constexpr (may_be_matrices)
      if (matrices_) {
        for (std::size_t i = 0; i < words.size(); ++i) {
          if (i + 8 < words.size()) matrices_->prefetch(words[i + 8]);
          const word x = words[i];
          const matrix_set::outcome o = workers_.size() > 1 ? matrices_->insert<true>(x, w.new_in_matrices)
                                                            : matrices_->insert<false>(x, w.new_in_matrices);
          if (o == matrix_set::outcome::fresh) ++w.discovered;
          if (o == matrix_set::outcome::homeless) homeless(x);
        }
        return;
      }
    const auto buffer = [&](kept x) {
      const kept mixed = visited_->mix(x);
      w.buffers.put(visited_->partition_of(mixed), visited_->rest_of(mixed));
    };
    if constexpr (PairSystem<System>)
      codes_->code_all(words, buffer, homeless);
    else
      std::for_each(words.begin(), words.end(), buffer);
    w.buffers.count(words.size());
  }
  // Keeps what a word and its steps are marked with; if something was missing, keeps the word for later.
  bool noted(worker& w, word at, const typename System::expansion& e) const {
    if (!e.known) {
      w.later.push_back(at);
      w.marked.clear();
      return false;
    }
    if ((e.of_state & ~result_.seen) != 0) w.marked.push_back({e.of_state, at_itself});
    if (!w.marked.empty()) note(w, at);
    return true;
  }

  void note(worker& w, word at) const {
    for (const found& f : w.marked)
      for (marks fresh = f.what & ~result_.seen; fresh != 0; fresh &= fresh - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(fresh));
        occurrence& o = w.first[bit];
        // A mark of the state itself ends a path one step earlier than one of its steps.
        if ((w.here & marks{1} << bit) != 0 && !earlier(f.by, at, o)) continue;
        o = {0, at, f.by, static_cast<std::uint32_t>(layouts_.size() - 1)};
        w.here |= marks{1} << bit;
      }
    w.marked.clear();
  }
  bool earlier(std::uint32_t by, word at, const occurrence& o) const {
    const word other = system_.repack(o.at, layouts_[o.layout]);
    if ((by == at_itself) != (o.by == at_itself)) return by == at_itself;
    return at != other ? at < other : by < o.by;
  }
  void keep_first(std::size_t level, worker& w) {
    for (marks m = w.here; m != 0; m &= m - 1) {
      const auto bit = static_cast<std::size_t>(std::countr_zero(m));
      occurrence& o = first_[bit];
      occurrence& here = w.first[bit];
      const word at = system_.repack(here.at, layouts_[here.layout]);
      if ((result_.seen & marks{1} << bit) != 0 && (o.level != level || !earlier(here.by, at, o))) continue;
      o = here;
      o.level = level;
      result_.seen |= marks{1} << bit;
    }
    w.here = 0;
  }

  // Inserts all that is kept. False: a limit was reached.
  bool insert_all(std::size_t level, limit_watch& limits) {
    insert_kept([&](worker& w, word fresh) { discover(w, fresh); });
    for (worker& w : workers_) {
      result_.transitions += std::exchange(w.transitions, 0);
      w.in_round = 0;
    }
    size_buffers();
    levels_->keep_in_memory(level_memory_ + (level_memory_ != 0 ? states_ / 8 : 0));
    if (!outgrown()) return true;
    std::vector<word> waiting;
    for (worker& w : workers_) {
      waiting.insert(waiting.end(), w.homeless.begin(), w.homeless.end());
      w.homeless.clear();
      w.placeless.for_each([&](matrix_set::half left, std::uint32_t coarse, auto columns) {
        for (const std::uint32_t c : columns)
          waiting.push_back(matrices_->left_word(left) | matrices_->right_word(coarse, c));
      });
      w.placeless.clear();
    }
    leave_rows();
    take_fresh();
    if (!rebuild_visited(level, limits)) return false;
    const auto fresh = [&](worker& w, word was_new) { discover(w, was_new); };
    put(workers_[0], waiting);
    insert_kept(fresh);
    return true;
  }
  // All buffers together take about a sixth of a byte a state, if rests have at most 32 bits.
  void size_buffers() {
    buffer_words_ =
        std::max<std::size_t>(64, states_ / 32 / (visited_set<word>::partitions * workers_.size()));
  }
  bool too_sparse() const {
    if (!matrices_) return false;
    std::size_t more = 0;
    if constexpr (by_halves) more = halves_.bytes();
    return no_room_ || too_sparse(more);
  }
  bool too_sparse(std::size_t more) const {
    return matrices_->bytes() + more > most_of_sparse_matrices + states_ * bytes_of_a_code;
  }

  // The visited set has to be made anew.
  bool outgrown() const { return too_sparse() || (codes_ && codes_->outgrown()); }

  // Calls fresh(worker, word) for each word that was kept and is new. If the set is outgrown then, those are
  // left that have no home there.
  template <typename Fresh>
  void insert_kept(Fresh&& fresh) {
    if (!matrices_) insert_buffers(fresh);
    if constexpr (may_be_matrices) find_places();
    if constexpr (PairSystem<System>) number_halves(fresh);
    for (worker& w : workers_) states_ += std::exchange(w.discovered, 0);
  }
  template <typename Fresh>
  void insert_buffers(Fresh&& fresh) {
    const auto insert = [&](worker& w, std::size_t partition, auto rests) {
      visited_->insert(partition, rests, [&](kept was_new) {
        if constexpr (PairSystem<System>)
          fresh(w, codes_->word_of(was_new));
        else
          fresh(w, was_new);
      });
    };
    std::atomic<std::size_t> next_partition = 0;
    on_all(states_ > small, [&](worker& w) {
      for (std::size_t p; (p = next_partition++) < visited_set<kept>::partitions;)
        for (worker& from : workers_) from.buffers.take(p, [&](auto rests) { insert(w, p, rests); });
    });
    begin_buffers();
  }
  void find_places() {
    if (!matrices_) return;
    matrix_set& set = *matrices_;
    for (worker& w : workers_) {
      for (const word x : w.homeless) {
        const matrix_set::half right = set.number_right(x);
        w.placeless.add(set.number_left(x), set.coarse(right), set.column(right));
      }
      w.homeless.clear();
      w.placeless.for_each([&](matrix_set::half left, std::uint32_t coarse, auto columns) {
        no_room_ = no_room_ || too_sparse(0);  // asked here, as a round may have any number of them
        if (!no_room_) set.make_room(left, coarse, columns, w.new_in_matrices);
      });
    }
    if (no_room_) return;
    each_of_all(states_ > small, [&](worker& w) {
      w.placeless.for_each([&](matrix_set::half left, std::uint32_t coarse, auto columns) {
        set.template insert<true>(
            set.row_at(left, coarse), columns, w.new_in_matrices, [&] { ++w.discovered; },
            [](std::uint32_t) { throw std::logic_error("a state has no place where room was made for it"); });
      });
      w.placeless.clear();
    });
  }
  template <typename Fresh>
  void number_halves(Fresh&& fresh) {
    if (!codes_) return;
    bool any = false;
    for (worker& w : workers_) {
      for (const word x : w.homeless) codes_->number(x);
      any = any || !w.homeless.empty();
    }
    if (!any || codes_->outgrown()) return;
    for (worker& w : workers_) put(w, std::exchange(w.homeless, {}));
    insert_buffers(fresh);
  }

  void begin_visited(std::uint64_t states) {
    visited_.reset();
    matrices_.reset();
    no_room_ = false;
    if constexpr (by_halves) halves_ = {};
    for (worker& w : workers_) w.new_in_matrices = {};
    rows_.clear();
    states_ = 0;
    unsigned width = system_.words().width();
    if constexpr (PairSystem<System>) {
      if constexpr (may_be_matrices)
        if (const matrix_set::split by = split(); !sparse_ && matrix_set::fits(by)) {
          matrices_.emplace(by);
          return;
        }
      if (!codes_) codes_.emplace(sides()[0], sides()[1]);
      codes_->fit();
      width = codes_->width();
    }
    visited_ = std::make_unique<visited_set<kept>>(width, states);
    begin_buffers();
  }
  void begin_buffers() {
    for (worker& w : workers_) w.buffers.begin(buffer_words_, visited_->rest_bits());
  }

  void discover(worker& w, word fresh) {
    ++w.discovered;
    to_level(w, fresh);
  }
  void to_level(worker& w, word fresh) {
    w.fresh[w.n_fresh++] = fresh;
    if (w.n_fresh == w.fresh.size()) flush(w);
  }
  void flush(worker& w) {
    levels_->add(next_level_, std::span(w.fresh).first(std::exchange(w.n_fresh, 0)),
                 static_cast<std::uint32_t>(layouts_.size() - 1), w.packing);
  }
  void flush() {
    each_of_all(states_ > small, [&](worker& w) { flush(w); });
  }

  // What is new is the next level's; of matrices, its rows as well.
  void take_fresh() {
    take_rows([&](worker& w, matrix_set::word left, std::span<const matrix_set::word> rights,
                  const matrix_set::part& p) {
      if (w.n_fresh + 64 > w.fresh.size()) flush(w);
      word* to = w.fresh.data() + w.n_fresh;
      p.for_each([&](std::uint32_t column) { *to++ = left | rights[column]; });
      w.n_fresh = static_cast<std::size_t>(to - w.fresh.data());
    });
    flush();
  }
  template <typename Visit>
  void take_rows(Visit&& visit) {
    rows_.clear();
    if (!matrices_) return;
    std::vector<std::uint64_t> rows;
    for (worker& w : workers_) matrices_->take_rows(w.new_in_matrices, rows);
    matrices_->order(rows);
    rows_.resize(rows.size());
    std::atomic<std::size_t> next = 0;
    on_all(states_ > small, [&](worker& w) {
      for (std::size_t from; (from = next.fetch_add(rows_at_once)) < rows.size();)
        for (std::size_t r = from; r < std::min(rows.size(), from + rows_at_once); ++r) {
          if (r + 8 < rows.size()) matrices_->prefetch_row(rows[r + 8]);
          if (r + 4 < rows.size()) matrices_->prefetch_fresh(rows[r + 4]);
          rows_[r] = matrices_->take_fresh(rows[r], [&](auto... part) { visit(w, part...); });
        }
    });
    for (worker& w : workers_) w.new_in_matrices.turn();
  }
  // Those of the level that were not expanded yet will be, as words.
  void leave_rows() {
    if (rows_.empty()) return;
    const std::size_t from = std::min(next_part_ * rows_at_once, rows_.size());
    next_part_ = parts_of(rows_.size(), rows_at_once);
    for (const matrix_set::fresh_row& r : std::span(rows_).subspan(from))
      r.for_each([&](std::uint32_t column) { workers_[0].later.push_back(matrices_->word_at(r, column)); });
    rows_.clear();
  }

  // Has the system learn, and brings everything into the layout that it has then. False: a limit was reached,
  // and some of it was not learned; the log does not tell of it.
  bool learn(typename System::missing missing, std::vector<word>& again, std::size_t level,
             limit_watch& limits) {
    const typename System::layout before = system_.words();
    const auto go_on = [&] { return limits.in_time(so_far(level), result_.ended); };
    if (!system_.learn(missing, go_on)) return false;
    if (checkpoints_) write(learned_record, 0, System::encode(missing));
    missing = {};
    // Vectors that grow leave holes, a sixth of all memory.
    if (states_ > small) malloc_trim(0);
    if (system_.words() == before) return true;
    if constexpr (may_be_matrices)
      if (matrices_ && !matrix_set::fits(split())) take_fresh();  // in the layout of before
    layouts_.push_back(system_.words());
    for (word& w : again) w = system_.repack(w, before);
    if constexpr (may_be_matrices)
      if (matrices_ && matrix_set::fits(split())) {
        matrices_->change_words(split(), [&](word half) { return system_.repack(half, before); });
        return true;
      }
    if constexpr (PairSystem<System>)
      if (codes_) {
        codes_->change_words(sides()[0], sides()[1], [&](word half) { return system_.repack(half, before); });
        return true;
      }
    return rebuild_visited(level, limits);
  }
  matrix_set::split split() const {
    const auto [left, right, column] = system_.split();
    return {left, right, column};
  }
  std::array<word, 2> sides() const {
    const auto [left, right, column] = system_.split();
    return {left, right | column};
  }

  // From the levels, so that there are never two sets. False: a limit was reached, and it is not whole.
  bool rebuild_visited(std::size_t level, limit_watch& limits) {
    const progress before = so_far(level);
    size_buffers();
    bool whole = true;
    do {
      sparse_ = sparse_ || too_sparse();
      whole = rebuild_once(before, limits);
    } while (whole && outgrown());
    if (!whole)
      states_ = before.states;
    else if (states_ != before.states)
      throw std::logic_error("a visited set that was made anew has not the states that the levels have");
    return whole;
  }
  // Ends early when matrices get too sparse. When there are more halves than there is room for, the others
  // are numbered only, so that there will be.
  bool rebuild_once(const progress& before, limit_watch& limits) {
    begin_visited(before.states);
    for (std::size_t level = 0; level < levels_->levels(); ++level) {
      std::atomic<std::size_t> next_chunk = 0;
      const std::size_t chunks = levels_->chunks(level);
      while (next_chunk < chunks) {
        on_all(chunks > 1, [&](worker& w) {
          std::vector<word> words;
          for (std::size_t c; !full(w) && (c = next_chunk++) < chunks;) {
            read(level, c, words);
            w.in_round += words.size();
            put(w, words);
          }
        });
        insert_kept([](worker& w, word) { ++w.discovered; });
        for (worker& w : workers_) {
          w.in_round = 0;
          w.homeless.clear();
          w.placeless.clear();
        }
        if (too_sparse()) return true;
        if (!limits.in_time(before, result_.ended)) return false;
      }
      take_rows([](worker&, auto...) {});  // they are in a level already
    }
    return true;
  }

  template <typename Work>
  void on_all(bool worth_it, Work&& work) {
    if (!worth_it || workers_.size() == 1)
      work(workers_[0]);
    else
      crew_->run([&](unsigned i) { work(workers_[i]); });
  }
  // Something to do for each worker, by any of them.
  template <typename Work>
  void each_of_all(bool worth_it, Work&& work) {
    std::atomic<std::size_t> next = 0;
    on_all(worth_it, [&](worker&) {
      for (std::size_t i; (i = next++) < workers_.size();) work(workers_[i]);
    });
  }
  // Whether what is kept has to be inserted, or it is time to look at the limits.
  bool full(const worker& w) const {
    if (w.in_round >= most_taken) return true;
    if (w.homeless.size() + w.placeless.size() >= most_homeless) return true;
    if (matrices_) return w.transitions >= most_in_round;
    return w.buffers.left(buffer_words_) == 0;
  }
  bool nothing_taken() const {
    return std::all_of(workers_.begin(), workers_.end(),
                       [](const worker& w) { return w.next == w.taken.size(); });
  }
  progress so_far(std::size_t level) const {
    return {states_, result_.transitions, level, levels_->words(level), ""};
  }
  // Ends inside a level: the part of the next one that was found is there for paths, but it is not complete.
  // How large that part is depends on the threads. So where the number of states ended it, what was seen in
  // this level does not count.
  bool stopped(std::size_t level) {
    result_.depth = level;
    if (result_.ended == outcome::state_limit) {
      only_complete_levels();
      return false;
    }
    take_fresh();
    for (worker& w : workers_) keep_first(level, w);
    return false;
  }
  void only_complete_levels() {
    states_ = complete_.states;
    result_.transitions = complete_.transitions;
    for (worker& w : workers_) w.here = 0;
  }
  // Memory ran out somewhere in a level.
  void out_of_memory(std::size_t level) {
    result_.ended = outcome::memory_limit;
    result_.depth = level;
    only_complete_levels();
  }

  // No path needs it.
  void forget_visited() {
    visited_.reset();
    matrices_.reset();
    if constexpr (by_halves) halves_ = {};
    codes_.reset();
    rows_.clear();
    for (worker& w : workers_) w = worker();
  }

  static constexpr std::size_t some_successors = 1024;
  // Words that are expanded in groups at once: at least so many, and no more than there is room for if each
  // has so many steps.
  static constexpr std::size_t fewest_at_once = 8192, steps_at_most_mostly = 16;
  static constexpr std::size_t most_homeless = 65536;
  static constexpr std::size_t most_taken = std::size_t{1} << 22;         // words in a round, by one thread
  static constexpr std::uint64_t most_in_round = std::uint64_t{1} << 22;  // steps, of one thread
  // Matrices may take so much, and so much for each state, before a set of codes is better.
  static constexpr std::size_t most_of_sparse_matrices = std::size_t{48} << 20, bytes_of_a_code = 5;
  static constexpr std::size_t rows_at_once = 64;  // that a thread takes
  static constexpr std::size_t small = 20'000;     // states that one thread inserts into alone
  static constexpr std::size_t chunk = 4096;  // words that are taken at a time when they are expanded again

  System& system_;
  bool checkpoints_ = false;
  std::optional<record_log> log_;
  std::unique_ptr<crew> crew_;
  std::vector<worker> workers_;
  std::unique_ptr<level_store<word>> levels_;
  // Matrices, or a set; with codes, a set of these.
  std::optional<matrix_set> matrices_;
  half_steps halves_;
  std::unique_ptr<visited_set<kept>> visited_;
  std::optional<pair_codes<word>> codes_;
  std::vector<matrix_set::fresh_row> rows_;  // of the level that is expanded next, or being expanded
  std::atomic<std::size_t> next_part_ = 0;   // of these, of chunks, or of words that are expanded again
  bool sparse_ = false;                      // matrices would take more memory
  bool no_room_ = false;                     // not all that is homeless got a place for that
  std::uint64_t states_ = 0;
  progress complete_;                             // the levels up to the one that is being expanded
  std::size_t next_level_ = 0;                    // what is new goes there
  std::vector<typename System::layout> layouts_;  // of all words so far, by the tag of their chunk
  std::uint64_t level_memory_ = 0, fewest_in_rows_ = 0;
  std::size_t buffer_words_ = 64;  // of one partition, one thread
  std::array<occurrence, 64> first_;
  statistics result_;
};

}  // namespace tcpmc::checker
