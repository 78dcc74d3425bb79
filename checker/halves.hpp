// The steps of states that are pairs of halves, by what the halves do.
//
// A half makes steps alone, or gives something that the other one takes; then both step. What a half does
// depends on itself only, so it is worked out once for each half: of a left half as numbers of left halves,
// of right halves as columns by columns, one array for all steps that lead to the same rows. States of a row,
// which have the left half in common, are stepped together: rows are found once for all of them, and a step
// of a state is then a look into an array and at one bit (matrices.hpp). No state is put together or taken
// apart.
//
// This is the synchronous product of labelled transition systems (Arnold and Nivat 1982), explored row by
// row.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "checker/matrices.hpp"
#include "checker/report.hpp"

namespace tcpmc::checker {

// What a system has to offer for that. Sides: 0 left, 1 right. Halves are words without the bits of the other
// one. `half_steps` calls, for what a half does:
//   alone(price, half, open)         a step alone. What a right half does may have a price that `pays` takes
//                                    from the left one; 0: none. `open`: none, or what `quiet` has to be
//                                    asked about, with the next state
//   gives(label, half), takes(label, price, half, open)
//   labels(n)                        those below n were gone through: what is not said of them is not there
//   ticks(half)                      a step if the other half ticks as well, and either changes
//   loud(), loud(label)              `expand` has to be asked about states with this half, or about those
//                                    where it takes that label
// It returns false if it does not know the half.
template <typename System, typename Sink>
concept HalvesSystem = requires(const System constant, int side, matrix_set::word w, marks known,
                                Sink& into) {
  { constant.half_steps(side, w, known, into) } -> std::same_as<bool>;
  { constant.pays(w, 0u, known).to } -> std::convertible_to<matrix_set::word>;
  { constant.quiet(0u, w, known) } -> std::same_as<bool>;
  { constant.quiet(w, known) } -> std::same_as<bool>;
  { constant.all_states_quiet(known) } -> std::same_as<bool>;
};

template <typename System>
class halves {
 public:
  using word = matrix_set::word;
  using half = matrix_set::half;
  static constexpr std::size_t most_at_once = 8;  // words of a row

  // Works out what halves that have got a place do, and again what was missing when it was asked for. By one
  // thread for each side.
  void learn_lefts(const System& system, matrix_set& set, marks known) {
    const std::size_t lefts = set.lefts();
    lefts_.resize(lefts);
    for (half h = 0; h < lefts; ++h) {
      left_entry& e = lefts_[h];
      if (!set.is_met_left(h) || (e.at != nothing && e.lacking == 0)) continue;
      left_sink into{set};
      const bool is_known = system.half_steps(0, set.left_word(h), known, into) && !into.is_loud;
      into.begin_at_least(into.labels_);
      e.lacking = is_known ? 0 : 1;
      if (e.at != nothing) unused_ += program_of(h).words();
      e.at = is_known ? keep(into) : nothing;
    }
    if (unused_ > programs_.size() / 2) drop_unused();
    lefts_.resize(set.lefts());
  }
  void learn_rights(const System& system, matrix_set& set, marks known) {
    coarse_.resize(set.coarse_rights());
    const std::size_t rights = set.rights();
    for (half h = 0; h < rights; ++h) {  // more are numbered on the way
      coarse_program& c = coarse_[set.coarse(h)];
      const std::uint32_t column = set.column(h);
      c.widen(set.columns(set.coarse(h)));
      if (c.lacking[column] == 0 || !set.is_met(h)) continue;
      c.clear(column);
      right_sink into{set, c, column};
      const bool is_known = system.half_steps(1, set.right_word(h), known, into) && !into.is_odd;
      put_bit(c.known, column, is_known);
      c.lacking[column] = is_known ? 0 : 1;
    }
    coarse_.resize(set.coarse_rights());
    for (std::uint32_t c = 0; c < coarse_.size(); ++c) {
      coarse_[c].widen(set.columns(c));
      coarse_[c].find_odd();
    }
  }

  // What a thread needs.
  class scratch {
    friend halves;
    // Steps that lead to columns of one row: of `columns` from `from` on; none: to those of the states.
    struct way {
      matrix_set::row* to;
      half left;
      std::uint32_t coarse, from, n;
    };
    std::vector<way> ways;
    std::vector<std::uint32_t> columns;
    std::vector<std::uint32_t*> ends;                        // by label, of what is given with it
    std::array<matrix_set::part, most_at_once> parts;        // the states that are stepped
    std::array<std::uint32_t, 64 * most_at_once> of_states;  // their columns
  };

  std::size_t bytes() const {
    std::size_t sum = lefts_.capacity() * sizeof(left_entry) + programs_.capacity() * sizeof(std::uint32_t) +
                      coarse_.capacity() * sizeof(coarse_program);
    for (const coarse_program& c : coarse_) sum += c.bytes();
    return sum;
  }
  // A left half will be asked for soon.
  void prefetch(half left) const {
    if (left >= lefts_.size() || lefts_[left].at == nothing) return;
    const std::uint32_t* const at = programs_.data() + lefts_[left].at;
    for (std::size_t line = 0; line < 5; ++line) __builtin_prefetch(at + 16 * line);
  }

  // Takes the steps of states that have a left half and right ones of one coarse part, parts of a row:
  //   into.columns(row, left half, coarse right, columns)   steps to all these columns of a row
  //   into.parts(row, left half, coarse right, parts, n)    the same, n of them
  //   into.nameless(word)                                   a step to a word whose left half has no number
  // Calls left_out(column) for states of which nothing is taken, since something is not known; odd(column)
  // for those that `expand` has to be asked about as well. What is taken for a state does not depend on the
  // others.
  template <typename Into, typename LeftOut, typename Odd>
  void steps(const System& system, matrix_set& set, half left, std::uint32_t here,
             std::span<const matrix_set::part> all, marks known, scratch& room, Into& into,
             LeftOut&& left_out, Odd&& odd) {
    assert(all.size() <= most_at_once);
    const left_program own = program_of(left);
    coarse_program& theirs = coarse_[here];
    const bool takes_all = own.known() && theirs.takes_all(own.gives());
    std::size_t n = 0, n_parts = 0;
    for (matrix_set::part p : all) {
      const word known_ones = own.known() ? knows(own, theirs, p, takes_all) : 0;
      matrix_set::part{p.at, p.bits & ~known_ones}.for_each(left_out);
      p.bits = known_ones;
      p.for_each([&](std::uint32_t column) { room.of_states[n++] = column; });
      if (p.bits != 0) room.parts[n_parts++] = p;
    }
    if (n == 0) return;
    row_steps<Into, Odd> from{*this, system, set,  own, left, here, std::span(room.of_states).first(n),
                              known, room,   into, odd};
    from.find();
    // Rows are asked for when they are found, and looked at only now.
    for (const auto& [to, to_left, coarse, begin, count] : room.ways)
      if (count == 0)
        into.parts(*to, to_left, coarse, std::span<const matrix_set::part>(room.parts).first(n_parts), n);
      else
        into.columns(*to, to_left, coarse,
                     std::span<const std::uint32_t>(room.columns).subspan(begin, count));
  }

 private:
  // By any thread.
  static void lacks(std::uint8_t& lacking) { std::atomic_ref(lacking).store(1, std::memory_order_relaxed); }

  static std::size_t words_of(std::size_t columns) { return (columns + 63) / 64; }
  static void put_bit(std::vector<word>& bits, std::uint32_t column, bool to) {
    const word one = word{1} << column % 64;
    bits[column / 64] = to ? bits[column / 64] | one : bits[column / 64] & ~one;
  }
  static constexpr std::uint32_t none = matrix_set::no_half, nothing = none, no_column = matrix_set::no_half;

  struct move {
    half to;
    std::uint32_t open;
  };
  struct given {
    std::uint32_t label, to;
  };

  // ---- Left halves: programs, one after the other ----

  // How many give, how many steps alone, how many labels; ticks; the steps; where the steps that take each
  // label begin, with a bit for loud ones, and those steps.
  class left_program {
   public:
    explicit left_program(const std::uint32_t* at) : at_(at) {}
    bool known() const { return at_ != nullptr; }
    half ticks() const { return at_[3]; }
    std::span<const given> gives() const { return {reinterpret_cast<const given*>(at_ + header), at_[0]}; }
    std::span<const move> alone() const {
      return {reinterpret_cast<const move*>(at_ + header + 2 * at_[0]), at_[1]};
    }
    bool loud(std::uint32_t label) const { return label >= at_[2] || (begin()[label] & loud_bit) != 0; }
    std::span<const move> takes(std::uint32_t label) const {
      const std::uint32_t from = begin()[label] & ~loud_bit, to = begin()[label + 1] & ~loud_bit;
      return {reinterpret_cast<const move*>(begin() + at_[2] + 1) + from, to - from};
    }
    std::size_t words() const {
      return header + 2 * std::size_t{at_[0]} + 2 * std::size_t{at_[1]} + at_[2] + 1 +
             2 * std::size_t{begin()[at_[2]]};
    }
    static constexpr std::uint32_t header = 4, loud_bit = 1u << 31;

   private:
    const std::uint32_t* begin() const { return at_ + header + 2 * at_[0] + 2 * at_[1]; }
    const std::uint32_t* at_;
  };
  struct left_entry {
    std::uint32_t at = nothing;  // in programs_
    std::uint8_t lacking = 0;    // something was asked for that it does not have
  };
  struct left_sink {
    matrix_set& set;
    std::vector<given> gives_{};
    std::vector<move> alone_{}, takes_{};
    std::vector<std::uint32_t> begin_{};  // by label
    std::uint32_t labels_ = 0;
    half ticks_ = none;
    bool is_loud = false;

    void alone(std::uint32_t, word w, std::uint32_t open) { alone_.push_back({set.number_left(w), open}); }
    void gives(std::uint32_t label, word w) { gives_.push_back({label, set.number_left(w)}); }
    void takes(std::uint32_t label, std::uint32_t, word w, std::uint32_t open) {
      begin_at_least(label + 1);
      takes_.push_back({set.number_left(w), open});
    }
    void labels(std::uint32_t n) { labels_ = n; }
    void begin_at_least(std::uint32_t n) {
      while (begin_.size() < n) begin_.push_back(static_cast<std::uint32_t>(takes_.size()));
    }
    void ticks(word w) { ticks_ = set.number_left(w); }
    void loud() { is_loud = true; }
    void loud(std::uint32_t label) {
      begin_at_least(label + 1);
      begin_[label] |= left_program::loud_bit;
    }
  };
  std::uint32_t keep(const left_sink& s) {
    if (programs_.size() >= most_program_words) throw std::bad_alloc();
    const auto at = static_cast<std::uint32_t>(programs_.size());
    const auto put = [&](auto... values) { (programs_.push_back(static_cast<std::uint32_t>(values)), ...); };
    put(s.gives_.size(), s.alone_.size(), s.begin_.size(), s.ticks_);
    for (const given& g : s.gives_) put(g.label, g.to);
    for (const move& m : s.alone_) put(m.to, m.open);
    for (const std::uint32_t b : s.begin_) put(b);
    put(s.takes_.size());
    for (const move& m : s.takes_) put(m.to, m.open);
    return at;
  }
  void drop_unused() {
    std::vector<std::uint32_t> used;
    used.reserve(programs_.size() - unused_);
    for (left_entry& e : lefts_) {
      if (e.at == nothing) continue;
      const std::uint32_t* const from = programs_.data() + e.at;
      e.at = static_cast<std::uint32_t>(used.size());
      used.insert(used.end(), from, from + left_program(from).words());
    }
    programs_ = std::move(used);
    unused_ = 0;
  }
  left_program program_of(half h) const {
    return left_program(h < lefts_.size() && lefts_[h].at != nothing ? programs_.data() + lefts_[h].at
                                                                     : nullptr);
  }

  // ---- Right halves: of a coarse part, all together ----

  // Steps that lead to rows of one coarse part, at one price: for each column the columns that it leads to,
  // at most `most`, no_column for the others.
  struct relation {
    std::uint32_t price, coarse, open;
    std::size_t most = 0;
    std::vector<std::uint32_t> to{};

    bool has(std::uint32_t column) const {
      for (std::size_t k = 0; k < most; ++k)
        if (to[column * most + k] != no_column) return true;
      return false;
    }
    void clear(std::uint32_t column) {
      std::fill_n(to.begin() + static_cast<std::ptrdiff_t>(column * most), most, no_column);
    }
  };
  // Puts a value in a row of `most`, at a place that is `free`; rows get longer if there is none.
  template <typename T>
  static void put(std::vector<T>& rows, std::size_t& most, std::size_t columns, std::size_t row,
                  const T& value, const T& free, auto&& is_free) {
    for (std::size_t k = 0; k < most; ++k)
      if (is_free(rows[row * most + k])) {
        rows[row * most + k] = value;
        return;
      }
    std::vector<T> longer(columns * (most + 1), free);
    for (std::size_t c = 0; c < columns; ++c)
      std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(c * most), most,
                  longer.begin() + static_cast<std::ptrdiff_t>(c * (most + 1)));
    rows = std::move(longer);
    ++most;
    rows[row * most + most - 1] = value;
  }
  struct taken_label {
    std::vector<word> odd;  // a bit a column: not known, or loud
    std::vector<relation> by;
    bool is_odd = true;  // for some column that is known
  };
  struct tick {
    std::uint32_t coarse = 0, column = no_column;
  };
  struct coarse_program {
    std::vector<word> known;            // a bit a column
    std::vector<std::uint8_t> lacking;  // by column: whether something was missing
    std::vector<relation> alone;
    std::vector<taken_label> takes;  // by label
    std::vector<given> gives;        // by column, each `gives_most`: a label's number here, and a column
    std::size_t gives_most = 0;
    std::vector<std::uint32_t> labels;  // by number
    std::vector<tick> ticks;            // by column

    std::size_t bytes() const {
      std::size_t sum = known.size() * sizeof(word) + ticks.size() * (1 + sizeof(tick)) +
                        gives.capacity() * sizeof(given) + takes.capacity() * sizeof(taken_label) +
                        bytes_of(alone);
      for (const taken_label& t : takes) sum += t.odd.capacity() * sizeof(word) + bytes_of(t.by);
      return sum;
    }
    static std::size_t bytes_of(const std::vector<relation>& all) {
      std::size_t sum = all.capacity() * sizeof(relation);
      for (const relation& r : all) sum += r.to.capacity() * sizeof(std::uint32_t);
      return sum;
    }
    void widen(std::size_t columns) {
      if (columns == ticks.size()) return;
      known.resize(words_of(columns), 0);
      lacking.resize(columns, 1);
      ticks.resize(columns);
      gives.resize(columns * gives_most, given{static_cast<std::uint32_t>(labels.size()), no_column});
      for (relation& r : alone) r.to.resize(columns * r.most, no_column);
      for (taken_label& t : takes) {
        t.odd.resize(words_of(columns), ~word{0});
        for (relation& r : t.by) r.to.resize(columns * r.most, no_column);
      }
    }
    void clear(std::uint32_t column) {
      for (relation& r : alone) r.clear(column);
      for (taken_label& t : takes) {
        put_bit(t.odd, column, true);
        for (relation& r : t.by) r.clear(column);
      }
      std::fill_n(gives.begin() + static_cast<std::ptrdiff_t>(column * gives_most), gives_most,
                  given{static_cast<std::uint32_t>(labels.size()), no_column});
      ticks[column] = {};
    }
    void find_odd() {
      for (taken_label& t : takes) {
        word any = 0;
        for (std::size_t i = 0; i < known.size(); ++i) any |= known[i] & t.odd[i];
        t.is_odd = any != 0;
      }
    }
    // Whether each column that is known takes all that.
    bool takes_all(std::span<const given> all) const {
      return std::none_of(all.begin(), all.end(),
                          [&](const given& g) { return g.label >= takes.size() || takes[g.label].is_odd; });
    }
    std::uint32_t number_of(std::uint32_t label) {
      const auto at = std::find(labels.begin(), labels.end(), label);
      if (at != labels.end()) return static_cast<std::uint32_t>(at - labels.begin());
      for (given& g : gives)
        if (g.to == no_column) ++g.label;
      labels.push_back(label);
      return static_cast<std::uint32_t>(labels.size() - 1);
    }
  };
  struct right_sink {
    matrix_set& set;
    coarse_program& of;
    std::uint32_t column;
    bool is_odd = false;

    void put(std::vector<relation>& by, std::uint32_t price, word w, std::uint32_t open) {
      const half h = set.number_right(w);
      const std::uint32_t coarse = set.coarse(h), to = set.column(h);
      auto r = std::find_if(by.begin(), by.end(), [&](const relation& x) {
        return x.price == price && x.coarse == coarse && x.open == open;
      });
      if (r == by.end()) r = by.insert(by.end(), relation{price, coarse, open});
      halves::put(r->to, r->most, of.ticks.size(), column, to, no_column,
                  [](std::uint32_t x) { return x == no_column; });
    }
    void alone(std::uint32_t price, word w, std::uint32_t open) { put(of.alone, price, w, open); }
    void gives(std::uint32_t label, word w) {
      const std::uint32_t to = set.column(set.number_right(w));
      const std::uint32_t number = of.number_of(label);
      halves::put(of.gives, of.gives_most, of.ticks.size(), column, given{number, to},
                  given{static_cast<std::uint32_t>(of.labels.size()), no_column},
                  [](const given& g) { return g.to == no_column; });
    }
    void labels(std::uint32_t n) {
      while (of.takes.size() < n) of.takes.push_back({std::vector<word>(of.known.size(), ~word{0}), {}});
      for (std::uint32_t l = 0; l < n; ++l) put_bit(of.takes[l].odd, column, false);
    }
    void takes(std::uint32_t label, std::uint32_t price, word w, std::uint32_t open) {
      put(of.takes[label].by, price, w, open);
    }
    void ticks(word w) {
      const half h = set.number_right(w);
      of.ticks[column] = {set.coarse(h), set.column(h)};
    }
    void loud() { is_odd = true; }
    void loud(std::uint32_t label) { put_bit(of.takes[label].odd, column, true); }
  };

  // ---- The steps of states of a row ----

  // Which states have all that is needed to take their steps.
  word knows(const left_program& own, coarse_program& theirs, matrix_set::part p, bool takes_all) const {
    word known = p.bits & theirs.known[p.at];
    if (takes_all) [[likely]]
      return known;
    for (const given& g : own.gives()) {
      const word odd = known & (g.label < theirs.takes.size() ? theirs.takes[g.label].odd[p.at] : ~word{0});
      matrix_set::part{p.at, odd}.for_each([&](std::uint32_t column) { lacks(theirs.lacking[column]); });
      known &= ~odd;
    }
    return known;
  }

  // Finds the ways, and calls odd(column) for states.
  template <typename Into, typename Odd>
  struct row_steps {
    halves& all;
    const System& system;
    matrix_set& set;
    const left_program own;
    const half left;
    const std::uint32_t here;
    const std::span<const std::uint32_t> columns;
    const marks known;
    scratch& room;
    Into& into;
    Odd& odd;
    const coarse_program& theirs = all.coarse_[here];
    std::uint32_t used = 0;  // of room.columns

    void find() {
      room.ways.clear();
      for (const move& m : own.alone()) {
        go(m.to, here, 0, 0);
        ask(m, [](std::uint32_t c, auto&& reached) { reached(c); });
      }
      for (const relation& r : theirs.alone) relate(left, r);
      for (const given& g : own.gives())
        for (const relation& r : theirs.takes[g.label].by) relate(g.to, r);
      take();
      tick();
      if (system.all_states_quiet(known)) return;
      for (const std::uint32_t c : columns)
        if (!system.quiet(set.left_word(left) | set.right_word(here, c), known)) odd(c);
    }

   private:
    void go(half to, std::uint32_t coarse, std::uint32_t from, std::size_t n) {
      matrix_set::row& row = set.row_at(to, coarse);
      __builtin_prefetch(&row);
      __builtin_prefetch(reinterpret_cast<const std::byte*>(&row) + 64);
      room.ways.push_back({&row, to, coarse, from, static_cast<std::uint32_t>(n)});
    }
    std::uint32_t* more(std::size_t n) {
      if (room.columns.size() < used + n) room.columns.resize(2 * (used + n));
      return room.columns.data() + used;
    }
    // A move of the left one is open: asks about each state that it leads to.
    template <typename Columns>
    void ask(const move& m, Columns&& of) {
      if (m.open == none) return;
      for (const std::uint32_t from : columns)
        of(from, [&](std::uint32_t c) {
          if (!system.quiet(m.open, set.left_word(m.to) | set.right_word(here, c), known)) odd(from);
        });
    }

    // What right ones do while the left one becomes `to`: each relation leads to one row.
    void relate(half to, const relation& r) {
      std::uint32_t* const reached = more(columns.size() * r.most + 1);
      const std::uint32_t* const by = r.to.data();
      std::size_t n = 0;
      const auto reach = [&](std::uint32_t c) {
        reached[n] = c;
        n += c != no_column;
      };
      if (r.most == 1)
        for (const std::uint32_t c : columns) reach(by[c]);
      else
        for (std::size_t k = 0; k < r.most; ++k)
          for (const std::uint32_t c : columns) reach(by[c * r.most + k]);
      if (n == 0) return;
      word to_word = set.left_word(to);
      if (r.price != 0) {
        const auto paid = system.pays(to_word, r.price, known);
        for (std::size_t i = 0; paid.loud && i < columns.size(); ++i)
          if (r.has(columns[i])) odd(columns[i]);
        if (!paid.paid) return;
        to_word = paid.to;
        to = set.left_number(to_word);
      }
      if (to != none) {
        go(to, r.coarse, used, n);
        used += static_cast<std::uint32_t>(n);
      } else {
        for (std::size_t i = 0; i < n; ++i) into.nameless(to_word | set.right_word(r.coarse, reached[i]));
      }
      for (std::size_t i = 0; r.open != none && i < columns.size(); ++i)
        for (std::size_t k = 0; k < r.most; ++k)
          if (const std::uint32_t c = by[columns[i] * r.most + k];
              c != no_column && !system.quiet(r.open, to_word | set.right_word(r.coarse, c), known))
            odd(columns[i]);
    }

    // The right ones give: sorted by label.
    void take() {
      const std::size_t most = theirs.gives_most, labels = theirs.labels.size();
      const std::size_t in_label = columns.size() * most;
      const std::uint32_t begin = used;
      std::uint32_t* const reached = more((labels + 1) * in_label);
      used += static_cast<std::uint32_t>((labels + 1) * in_label);
      room.ends.resize(std::max(room.ends.size(), labels + 1));
      std::uint32_t** const ends = room.ends.data();
      for (std::size_t l = 0; l <= labels; ++l) ends[l] = reached + l * in_label;
      const given* const gives = theirs.gives.data();
      for (std::size_t k = 0; k < most; ++k)
        for (const std::uint32_t c : columns) {
          const given g = gives[c * most + k];  // of a label's number here; one more: none
          *ends[g.label]++ = g.to;
        }
      for (std::size_t l = 0; l < labels; ++l) {
        const auto n = static_cast<std::size_t>(ends[l] - (reached + l * in_label));
        if (n == 0) continue;
        const auto given_by = [&](std::uint32_t column, auto&& each) {
          for (std::size_t k = 0; k < most; ++k)
            if (const given g = theirs.gives[column * most + k]; g.label == l) each(g.to);
        };
        if (own.loud(theirs.labels[l])) [[unlikely]] {
          lacks(all.lefts_[left].lacking);
          for (const std::uint32_t c : columns) given_by(c, [&](std::uint32_t) { odd(c); });
          continue;
        }
        for (const move& m : own.takes(theirs.labels[l])) {
          go(m.to, here, begin + static_cast<std::uint32_t>(l * in_label), n);
          ask(m, given_by);
        }
      }
    }

    // Both tick.
    void tick() {
      const half to = own.ticks();
      for (std::size_t i = 0; to != none && i < columns.size(); ++i) {
        const auto& [coarse, column] = theirs.ticks[columns[i]];
        if (column == no_column || (to == left && coarse == here && column == columns[i])) continue;
        *more(1) = column;
        go(to, coarse, used++, 1);
      }
    }
  };

  std::vector<left_entry> lefts_;
  static constexpr std::size_t most_program_words = nothing;
  std::vector<std::uint32_t> programs_;
  std::size_t unused_ = 0;  // words of programs_
  std::vector<coarse_program> coarse_;
};

}  // namespace tcpmc::checker
