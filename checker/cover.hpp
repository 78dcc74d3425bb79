// The covering search, for systems where more is never less: a state is a control part and a content, and
// whatever can happen with some content can happen with a larger one.
//
// Then only the largest contents need be kept (well-structured transition systems: Abdulla, Cerans, Jonsson
// and Tsay 1996; Finkel and Schnoebelen 2001). A content gives each item its remaining lifetime, 0 for
// absent; it is covered by another that is nowhere smaller. Exact for every mark that a larger content cannot
// make vanish. Paths are real runs of the system, but not shortest ones.
//
// The control part is a pair of local states, and a reaction belongs to one side: from its local state it
// reads at most one item and leaves the other side alone. So reactions are worked out once for a local state
// and an item, and put together by what they do: the items that a side adds while it stays where it is, and
// its edges to other local states, each with the set of items that bring it about. A content is a set of
// bits, its lifetimes in unary: one plane of bits for each unit. So covering is inclusion, adding is union,
// growing older moves every plane down by one, and expanding a node is a few word operations an edge.
//
// Every content is saturated where it arrives: all that can be added without changing the control part is
// added, until nothing more comes. A place is a control part with its maximal contents (antichain.hpp).
// Places are taken in a topological order of the local states' graphs (their strong components; Tarjan 1972),
// so that what leads to a place is done before it, as far as it is known; then almost nothing is expanded in
// vain.
//
// The search goes in rounds: first all that follows from some places is gathered, then it is brought to the
// places where it belongs. Either part can be shared among threads, the second by owner of the place, and
// neither works out anything new; what meets an unknown reaction waits for the end of the round. So the
// result and all paths are the same for every number of threads.
#pragma once

#include <tsl/robin_map.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "checker/antichain.hpp"
#include "checker/crew.hpp"
#include "checker/report.hpp"

namespace tcpmc::checker {

using item = std::uint32_t;
using local_state = std::uint32_t;
using control = std::array<local_state, 2>;
using content = std::vector<std::uint8_t>;  // remaining lifetime by item; missing at the end: 0
inline constexpr item no_item = ~item{0};

// What one side can do. Added items come with the full lifetime.
template <typename Step>
struct reaction {
  Step by{};
  local_state to = 0;
  std::span<const item> added;
  marks certain = 0, open = 0;  // open: to be judged with the rest of the state
};

// `lifetime` is what an added item starts with, 0 for one that never runs out. `reactions` calls emit for
// everything that a side can do in a local state when it reads the item (no_item: when it reads nothing), and
// returns marks of every state with that local state and item. `judge` tells the marks of a reaction with the
// other side's local state and the content before it; without a content, nothing if that matters; it may be
// called by several threads at once. `passed` is the control part one unit of time later, if it may pass.
template <typename System>
concept CoveringSystem = requires(System system, const System& fixed, const control& c, int side,
                                  local_state l, const typename System::step& s) {
  { system.initial() } -> std::same_as<control>;
  { system.lifetime() } -> std::same_as<std::uint8_t>;
  {
    system.reactions(side, l, item{}, [](const reaction<typename System::step>&) {})
    } -> std::same_as<marks>;
  { fixed.judge(s, l, static_cast<const content*>(nullptr)) } -> std::same_as<std::optional<marks>>;
  { system.passed(c) } -> std::same_as<std::optional<control>>;
  { system.passing() } -> std::same_as<typename System::step>;
  { system.look(c) } -> std::same_as<marks>;
};

// Numbers of contents. The result is the same for all of them.
struct covering_sizes {
  std::size_t many = 64;         // from which on a place has inverted lists
  std::size_t round = 16384;     // that are expanded in a round, about
  std::size_t worthwhile = 512;  // of them from which on threads pay
};

template <CoveringSystem System>
class covering_search {
 public:
  using step = typename System::step;

  explicit covering_search(System& system, const covering_sizes& sizes = {})
      : system_(system),
        sizes_(sizes),
        ages_(system.lifetime() != 0),
        planes_(ages_ ? system.lifetime() : 1u) {}

  statistics run(const options& wanted, const reporter& report) {
    limit_watch limits(wanted, report);
    crew threads(wanted.threads);
    parts_.resize(threads.size());
    bring_first();
    while (gather_round(limits)) {
      share(threads, [this](unsigned n) { follow_share(n); });
      share(threads, [this](unsigned n) { settle_part(n); });
      finish_round();
      if (wanted.reached(result_.seen)) {
        result_.ended = outcome::goal_reached;
        break;
      }
    }
    return result_;
  }

  // A run to the first occurrence of a mark. Requires that it was seen.
  std::vector<step> path_to(marks mark) {
    const occurrence& o = first_[static_cast<std::size_t>(std::countr_zero(mark))];
    return needed_of(replay(o.at), o);
  }

  // Calls visit(control, content) for every maximal state.
  template <typename Visit>
  void for_each_maximal(Visit&& visit) const {
    for (const part& own : parts_)
      for (const place& p : own.places)
        for (std::size_t i = 0; i < p.kept.size(); ++i) visit(p.at, readable(p.kept.row(i)));
  }

 private:
  using word = bit_word;
  using words = bit_set;
  static constexpr std::size_t bits = 64;

  // Where a content came from: a node, and what brought it to the place. Nodes and places are numbered by
  // part: n-th of part k is n * parts + k.
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0}, time = nowhere - 1;
  struct origin {
    std::uint32_t parent = nowhere;  // node
    std::uint32_t place = nowhere;
    std::uint32_t via = nowhere;  // 2 * edge + side; time: it passed
  };
  struct reply {  // an item that is added while the side stays
    item added = 0;
    words triggers;
    bool always = false;  // also without reading anything
  };
  struct edge {
    local_state to = 0;
    std::vector<item> added;  // ascending
    words triggers;
    bool always = false;
  };
  struct target {
    local_state to = 0;
    std::vector<std::uint32_t> edges;
  };
  struct open_reaction {
    item trigger = no_item;
    step by{};
    marks open = 0;
  };
  // What is known of a side in a local state.
  struct local {
    words known;  // items whose reactions are worked out
    bool idle_known = false;
    std::vector<reply> replies;
    std::vector<edge> edges;
    std::vector<target> targets;  // the edges by where they lead
    std::vector<open_reaction> open;
    std::vector<local_state> next;  // in the graph for the order: targets, and where time leads
    std::uint32_t rank = 0;
  };
  struct kept_content {
    std::uint32_t node = 0;
    bool expanded = false;
  };
  struct place {
    control at{};
    bool waits = false, looked_at = false;
    antichain<kept_content> kept;
  };
  struct occurrence {
    origin at;
    item trigger = no_item;
    bool all = false;  // everything that may be there is needed
    std::optional<step> by;
  };
  struct control_hash {
    std::size_t operator()(const control& c) const { return XXH3_64bits(&c, sizeof c); }
  };

  // Of a round: a place with the contents that it expands, and what arrives somewhere.
  struct turn {
    std::uint32_t place = 0;
    std::vector<std::uint32_t> rows;
    std::optional<control> later;
  };
  struct arrival {
    control to{};
    origin from;
    std::array<std::size_t, 2> order{};  // the turn, and the number among what follows from it
    std::size_t begin = 0, end = 0;      // of its content, in `contents`
  };
  struct arrivals {
    std::vector<arrival> all;
    words contents;
    void clear() {
      all.clear();
      contents.clear();
    }
  };
  struct marked {
    marks m = 0;
    occurrence where;
  };
  struct judgement {  // of an open reaction, at one place
    bool done = false;
    bool whole = false;  // the content matters
  };
  // What one thread owns, in either phase of a round.
  struct part {
    tsl::robin_map<control, std::uint32_t, control_hash> index;
    std::deque<place> places;
    std::vector<origin> nodes;
    // Filled in following: what arrives, by owner; marks that were judged.
    std::vector<arrivals> out;
    std::vector<marked> found;
    // Filled in settling: what met an unknown reaction, places where something came to wait.
    arrivals unknown;
    std::vector<std::uint32_t> touched;
    std::uint64_t added = 0, dropped = 0, dropped_waiting = 0, tried = 0;
    // Scratch.
    words next, which;
    std::vector<item> news;
    std::vector<std::pair<std::uint32_t, std::vector<item>>> best;
    std::array<std::vector<judgement>, 2> judged;
  };

  // ---- Contents ----

  // Where an item's planes begin: those of 64 items stand together.
  std::size_t group(item i) const { return i / bits * planes_; }
  static word bit(item i) { return word{1} << i % bits; }
  bool present(std::span<const word> c, item i) const {
    return group(i) < c.size() && (c[group(i)] & bit(i)) != 0;
  }
  bool fresh(std::span<const word> c, item i) const {  // has the full lifetime
    return group(i) < c.size() && (c[group(i) + planes_ - 1] & bit(i)) != 0;
  }
  void put(words& c, item i, std::size_t begin = 0) const {  // into the content that begins there
    const std::size_t first = begin + group(i);
    if (first >= c.size()) c.resize(first + planes_, 0);
    for (std::size_t plane = 0; plane < planes_; ++plane) c[first + plane] |= bit(i);
  }
  static void insert(words& s, item i) {
    if (i / bits >= s.size()) s.resize(i / bits + 1, 0);
    s[i / bits] |= bit(i);
  }
  bool meets(const words& triggers, std::span<const word> c) const {
    const std::size_t n = std::min(triggers.size(), c.size() / planes_);
    word common = 0;
    for (std::size_t i = 0; i < n; ++i) common |= triggers[i] & c[i * planes_];
    return common != 0;
  }
  item first_of(const words& triggers, std::span<const word> c) const {
    for (std::size_t i = 0; i < triggers.size() && i * planes_ < c.size(); ++i)
      if (const word common = triggers[i] & c[i * planes_]; common != 0)
        return static_cast<item>(i * bits + static_cast<std::size_t>(std::countr_zero(common)));
    return no_item;
  }
  void grow_older(std::span<word> c) const {
    if (!ages_) return;
    for (std::size_t g = 0; g < c.size(); g += planes_) {
      for (std::size_t plane = 0; plane + 1 < planes_; ++plane) c[g + plane] = c[g + plane + 1];
      c[g + planes_ - 1] = 0;
    }
  }
  content readable(std::span<const word> c) const {
    content has(c.size() / planes_ * bits, 0);
    for (item i = 0; i < has.size(); ++i)
      for (std::size_t plane = 0; plane < planes_; ++plane)
        has[i] = static_cast<std::uint8_t>(has[i] + (c[group(i) + plane] >> i % bits & 1));
    return has;
  }

  // ---- Reactions ----

  local& local_of(std::size_t side, local_state l) {
    std::deque<local>& all = locals_[side];
    if (l >= all.size()) all.resize(l + 1);
    return all[l];
  }

  // The first item in `has` from `i` on whose reaction is not known; no_item: there is none.
  item unknown_in(const words& known, const words& has, std::size_t i = 0) const {
    for (; i * planes_ < has.size(); ++i)
      if (const word unknown = has[i * planes_] & ~(i < known.size() ? known[i] : 0); unknown != 0)
        return static_cast<item>(i * bits + static_cast<std::size_t>(std::countr_zero(unknown)));
    return no_item;
  }

  bool is_known(std::size_t side, local_state l, const words& has) const {
    const std::deque<local>& all = locals_[side];
    return l < all.size() && all[l].idle_known && unknown_in(all[l].known, has) == no_item;
  }

  // Works out what a side does in its local state with everything in `has`.
  void learn(std::size_t side, local_state l, const words& has, const origin& where) {
    local& in = local_of(side, l);
    if (!in.idle_known) learn(side, l, no_item, where);
    in.idle_known = true;
    for (item i = unknown_in(in.known, has); i != no_item; i = unknown_in(in.known, has, i / bits)) {
      learn(side, l, i, where);
      insert(in.known, i);
    }
  }

  void learn(std::size_t side, local_state l, item trigger, const origin& where) {
    local& in = local_of(side, l);
    const auto add_trigger = [&](auto& to) {
      if (trigger == no_item)
        to.always = true;
      else
        insert(to.triggers, trigger);
    };
    const marks own = system_.reactions(static_cast<int>(side), l, trigger, [&](const reaction<step>& r) {
      note(r.certain, {where, trigger, false, r.by});
      if (r.open != 0) in.open.push_back({trigger, r.by, r.open});
      if (r.to == l) {
        for (const item i : r.added) {
          auto at = std::find_if(in.replies.begin(), in.replies.end(),
                                 [&](const reply& x) { return x.added == i; });
          if (at == in.replies.end()) at = in.replies.insert(at, {i, {}, false});
          add_trigger(*at);
        }
        return;
      }
      const std::vector<item> added = ascending(r.added);
      auto at = std::find_if(in.edges.begin(), in.edges.end(),
                             [&](const edge& e) { return e.to == r.to && e.added == added; });
      if (at == in.edges.end()) {
        at = in.edges.insert(at, {r.to, added, {}, false});
        auto towards =
            std::find_if(in.targets.begin(), in.targets.end(), [&](const target& t) { return t.to == r.to; });
        if (towards == in.targets.end()) towards = in.targets.insert(towards, {r.to, {}});
        towards->edges.push_back(static_cast<std::uint32_t>(in.edges.size() - 1));
        lead(side, l, r.to);
      }
      add_trigger(*at);
    });
    note(own, {where, trigger, false, std::nullopt});
  }

  static std::vector<item> ascending(std::span<const item> items) {
    std::vector<item> result(items.begin(), items.end());
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
  }

  // Adds all that is added without changing the control part. `know(side, local state)` is asked before a
  // side's reactions to `has` are used; if it is false, so is the result, and something is missing. Calls
  // adds(side, reply) before each that is put in.
  template <typename Know, typename Adds>
  bool saturate(const control& at, words& has, Know&& know, Adds&& adds) const {
    for (std::array<bool, 2> settled{}; !settled[0] || !settled[1];)
      for (std::size_t side = 0; side < 2; ++side) {
        settled[side] = true;
        if (!know(side, at[side])) return false;
        for (const reply& r : locals_[side][at[side]].replies) {
          if (fresh(has, r.added) || !(r.always || meets(r.triggers, has))) continue;
          adds(side, r);
          put(has, r.added);
          settled = {};
        }
      }
    return true;
  }

  // ---- The order of work ----

  // Notes that a side can go from one local state to another.
  void lead(std::size_t side, local_state from, local_state to) {
    local_of(side, std::max(from, to));
    local& source = locals_[side][from];
    if (std::find(source.next.begin(), source.next.end(), to) != source.next.end()) return;
    source.next.push_back(to);
    ++leads_;
    if (local& sink = locals_[side][to]; sink.rank <= source.rank) {
      sink.rank = source.rank + 1;
      disordered_ = true;
    }
  }

  std::uint64_t rank_of(const control& at) {
    return std::uint64_t{local_of(0, at[0]).rank} + local_of(1, at[1]).rank;
  }

  // Ranks the local states anew: by the longest way to them, where those of a strong component count as one.
  // Not each time that the order is broken, so that it costs no more than the rest.
  void order_anew_if_worthwhile() {
    if (!disordered_ || result_.transitions < order_again_at_) return;
    disordered_ = false;
    for (std::deque<local>& all : locals_) {
      boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS> graph(all.size());
      for (std::size_t l = 0; l < all.size(); ++l)
        for (const local_state to : all[l].next) boost::add_edge(l, to, graph);
      std::vector<std::size_t> component(all.size());
      const std::size_t count = boost::strong_components(
          graph,
          boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph)));
      // What is reached from a component has a smaller number.
      std::vector<std::vector<std::size_t>> members(count);
      for (std::size_t l = 0; l < all.size(); ++l) members[component[l]].push_back(l);
      std::vector<std::uint32_t> rank(count, 0);
      for (std::size_t c = count; c-- > 0;)
        for (const std::size_t l : members[c]) {
          all[l].rank = rank[c];
          for (const local_state to : all[l].next)
            if (component[to] != c) rank[component[to]] = std::max(rank[component[to]], rank[c] + 1);
        }
    }
    waiting waits;
    for (; !waiting_.empty(); waiting_.pop()) {
      const auto& [rank, at, number] = waiting_.top();
      waits.emplace(rank_of(at), at, number);
    }
    waiting_ = std::move(waits);
    order_again_at_ = result_.transitions + 2 * (leads_ + waiting_.size());
  }

  // ---- Places ----

  std::size_t owner_of(const control& at) const { return (control_hash{}(at) >> 32) % parts_.size(); }
  place& place_at(std::uint32_t number) {
    return parts_[number % parts_.size()].places[number / parts_.size()];
  }
  const origin& node_at(std::uint32_t number) const {
    return parts_[number % parts_.size()].nodes[number / parts_.size()];
  }
  std::uint32_t number_in(const part& own, std::size_t n) const {
    const std::size_t number = n * parts_.size() + static_cast<std::size_t>(&own - parts_.data());
    if (number >= time) throw std::length_error("more nodes than the covering search can number");
    return static_cast<std::uint32_t>(number);
  }

  std::uint32_t place_of(part& own, const control& at) const {
    const auto [known, is_new] = own.index.try_emplace(at, number_in(own, own.places.size()));
    if (is_new) {
      own.places.emplace_back();
      own.places.back().at = at;
    }
    return known->second;
  }

  // ---- A round ----

  void bring_first() {
    const control at = system_.initial();
    parts_[owner_of(at)].unknown.all.push_back({at, {}, {}, 0, 0});
    finish_round();
  }

  // Chooses the places whose turn it is, all of one rank; false: nothing waits, or a limit was reached.
  bool gather_round(limit_watch& limits) {
    order_anew_if_worthwhile();
    turns_.clear();
    in_round_ = 0;
    std::uint64_t first_rank = 0;
    while (!waiting_.empty() && in_round_ < sizes_.round) {
      const auto [rank, at, number] = waiting_.top();
      if (in_round_ == 0) first_rank = rank;
      if (rank != first_rank) break;
      waiting_.pop();
      place& p = place_at(number);
      p.waits = false;
      turn t{number, {}, system_.passed(at)};
      for (std::uint32_t i = 0; i < p.kept.size(); ++i)
        if (!p.kept.known(i).expanded) t.rows.push_back(i);
      // Largest first.
      std::sort(t.rows.begin(), t.rows.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::pair(p.kept.size_of_row(b), a) < std::pair(p.kept.size_of_row(a), b);
      });
      for (const std::uint32_t i : t.rows) {
        if (!limits.go_on({result_.states, result_.transitions, 0, unexpanded_, ""}, result_.ended))
          return false;
        p.kept.known(i).expanded = true;
        --unexpanded_;
      }
      if (t.later == at) t.later.reset();
      if (t.later)
        for (std::size_t side = 0; side < 2; ++side)
          if ((*t.later)[side] != at[side]) lead(side, at[side], (*t.later)[side]);
      in_round_ += t.rows.size();
      turns_.push_back(std::move(t));
    }
    return in_round_ > 0;
  }

  void share(crew& threads, const std::function<void(unsigned)>& work) {
    if (in_round_ >= sizes_.worthwhile) return threads.run(work);
    for (unsigned n = 0; n < threads.size(); ++n) work(n);
  }

  // Follows the n-th share of what is expanded in this round.
  void follow_share(std::size_t n) {
    part& own = parts_[n];
    own.out.resize(parts_.size());
    const std::size_t begin = in_round_ * n / parts_.size(), end = in_round_ * (n + 1) / parts_.size();
    std::size_t number = 0;
    for (const turn& t : turns_) {
      const place& p = place_at(t.place);
      for (auto& j : own.judged) j.clear();
      for (const std::uint32_t i : t.rows) {
        if (number >= begin && number < end) follow(own, p, i, t, number);
        ++number;
      }
    }
  }

  void follow(part& own, const place& p, std::uint32_t i, const turn& t, std::size_t number) {
    const std::span<const word> has = p.kept.row(i);
    const std::uint32_t node = p.kept.known(i).node;
    judge_open(own, p, has, node);
    std::size_t order = 0;
    for (std::uint32_t side = 0; side < 2; ++side) {
      const local& in = locals_[side][p.at[side]];
      for (const target& towards : in.targets) {
        control to = p.at;
        to[side] = towards.to;
        choose_edges(own, in, towards, has);
        for (const auto& [e, news] : own.best) {
          words& c = start(own, {to, {node, nowhere, 2 * e + side}, {number, order++}}, has);
          arrivals& out = own.out[owner_of(to)];
          for (const item added : news) put(c, added, out.all.back().begin);
          out.all.back().end = c.size();
        }
      }
    }
    if (t.later) {
      words& c = start(own, {*t.later, {node, nowhere, time}, {number, order}}, has);
      arrival& last = own.out[owner_of(*t.later)].all.back();
      last.end = c.size();
      grow_older(std::span(c).subspan(last.begin));
    }
  }

  // Begins an arrival with a copy of the content.
  words& start(part& own, arrival a, std::span<const word> has) const {
    arrivals& out = own.out[owner_of(a.to)];
    a.begin = out.contents.size();
    out.contents.insert(out.contents.end(), has.begin(), has.end());
    out.all.push_back(a);
    return out.contents;
  }

  // Of the edges to one target that the content allows, those that add most, with what they add.
  void choose_edges(part& own, const local& in, const target& towards, std::span<const word> has) const {
    auto& best = own.best;
    auto& news = own.news;
    best.clear();
    const auto subset = [](const std::vector<item>& small, const std::vector<item>& large) {
      return std::includes(large.begin(), large.end(), small.begin(), small.end());
    };
    for (const std::uint32_t number : towards.edges) {
      const edge& e = in.edges[number];
      if (!e.always && !meets(e.triggers, has)) continue;
      news.clear();
      for (const item i : e.added)
        if (!fresh(has, i)) news.push_back(i);
      if (std::any_of(best.begin(), best.end(), [&](const auto& b) { return subset(news, b.second); }))
        continue;
      std::erase_if(best, [&](const auto& b) { return subset(b.second, news); });
      best.emplace_back(number, news);
    }
  }

  // Judges what the reactions alone left open. If the content does not matter, one content with the trigger
  // is enough.
  void judge_open(part& own, const place& p, std::span<const word> has, std::uint32_t node) const {
    std::optional<content> all;
    for (std::size_t side = 0; side < 2; ++side) {
      const std::vector<open_reaction>& open = locals_[side][p.at[side]].open;
      own.judged[side].resize(open.size());
      for (std::size_t i = 0; i < open.size(); ++i) {
        const open_reaction& r = open[i];
        judgement& j = own.judged[side][i];
        if ((j.done && !j.whole) || (r.open & ~result_.seen) == 0) continue;
        if (r.trigger != no_item && !present(has, r.trigger)) continue;
        std::optional<marks> m;
        if (!j.done) {
          j.done = true;
          m = std::as_const(system_).judge(r.by, p.at[1 - side], nullptr);
          j.whole = !m;
        }
        if (j.whole) {
          if (!all) all = readable(has);
          m = std::as_const(system_).judge(r.by, p.at[1 - side], &*all);
        }
        if (m && *m != 0) own.found.push_back({*m, {node_at(node), r.trigger, j.whole, r.by}});
      }
    }
  }

  // Brings what follows to the n-th part's places.
  void settle_part(std::size_t n) {
    part& own = parts_[n];
    for (const part& share : parts_) {
      const arrivals& in = share.out[n];
      for (const arrival& a : in.all) {
        const std::span<const word> c = std::span(in.contents).subspan(a.begin, a.end - a.begin);
        const bool done =
            settle(own, a, c, [&](std::size_t side, local_state l) { return is_known(side, l, own.next); });
        if (done) continue;
        own.unknown.all.push_back(a);
        own.unknown.all.back().begin = own.unknown.contents.size();
        own.unknown.contents.insert(own.unknown.contents.end(), c.begin(), c.end());
        own.unknown.all.back().end = own.unknown.contents.size();
      }
    }
  }

  // Enters what arrives, saturated, unless it is covered; drops what it covers. False: not all reactions to
  // it are known, nothing was done.
  template <typename Know>
  bool settle(part& own, const arrival& a, std::span<const word> c, Know&& know) const {
    const std::uint32_t number = place_of(own, a.to);
    place& p = own.places[number / parts_.size()];
    // What is kept is saturated, so it covers a content if and only if it covers the content's saturation.
    if (p.kept.covers(c, own.which)) {
      ++own.tried;
      return true;
    }
    own.next.assign(c.begin(), c.end());
    if (!saturate(a.to, own.next, know, [](std::size_t, const reply&) {})) return false;
    ++own.tried;
    p.kept.add(own.next, {number_in(own, own.nodes.size()), false}, sizes_.many, own.which,
               [&](const kept_content& k) {
                 ++own.dropped;
                 if (!k.expanded) ++own.dropped_waiting;
               });
    own.nodes.push_back({a.from.parent, number, a.from.via});
    ++own.added;
    if (!p.waits) own.touched.push_back(number);
    p.waits = true;
    return true;
  }

  // Works out what was unknown, in the order in which it would have come one after the other.
  void finish_round() {
    std::vector<std::pair<const arrivals*, const arrival*>> unknown;
    std::vector<std::uint32_t> touched;
    for (part& own : parts_) {
      for (const marked& f : own.found) note(f.m, f.where);
      own.found.clear();
      for (const arrival& a : own.unknown.all) unknown.emplace_back(&own.unknown, &a);
    }
    std::sort(unknown.begin(), unknown.end(),
              [](const auto& a, const auto& b) { return a.second->order < b.second->order; });
    for (const auto& [in, a] : unknown) {
      part& own = parts_[owner_of(a->to)];
      const origin where{a->from.parent, place_of(own, a->to), a->from.via};
      settle(own, *a, std::span(in->contents).subspan(a->begin, a->end - a->begin),
             [&](std::size_t side, local_state l) {
               learn(side, l, own.next, where);
               return true;
             });
    }
    for (part& own : parts_) {
      result_.transitions += own.tried;
      result_.states += own.added - own.dropped;
      unexpanded_ += own.added - own.dropped_waiting;
      own.tried = own.added = own.dropped = own.dropped_waiting = 0;
      touched.insert(touched.end(), own.touched.begin(), own.touched.end());
      own.touched.clear();
      own.unknown.clear();
      for (arrivals& out : own.out) out.clear();
    }
    std::sort(touched.begin(), touched.end(),
              [&](std::uint32_t a, std::uint32_t b) { return place_at(a).at < place_at(b).at; });
    for (const std::uint32_t number : touched) {
      place& p = place_at(number);
      if (!p.looked_at)
        note(system_.look(p.at), {node_at(p.kept.known(0).node), no_item, false, std::nullopt});
      p.looked_at = true;
      waiting_.emplace(rank_of(p.at), p.at, number);
    }
    // Little comes to a place after its turn.
    for (const turn& t : turns_)
      if (place& p = place_at(t.place); !p.waits) p.kept.forget_columns();
  }

  void note(marks m, const occurrence& where) {
    for (marks news = m & ~result_.seen; news != 0; news &= news - 1)
      first_[static_cast<std::size_t>(std::countr_zero(news))] = where;
    result_.seen |= m;
  }

  // ---- Paths ----

  struct taken {
    step by{};
    item trigger = no_item;
    std::vector<item> added;  // that were not there, or older
    bool moves = false;       // the control part, or time
  };

  // Everything on the way to `end`, with all that saturates there.
  std::vector<taken> replay(const origin& end) {
    std::vector<origin> way{end};
    while (way.back().parent != nowhere) way.push_back(node_at(way.back().parent));
    std::reverse(way.begin(), way.end());
    std::vector<taken> all;
    words has;
    for (std::size_t i = 0; i < way.size(); ++i) {
      const origin& at = way[i];
      if (at.via == time) {
        grow_older(has);
        all.push_back({system_.passing(), no_item, {}, true});
      } else if (at.via != nowhere) {
        const std::size_t side = at.via & 1;
        const local_state from = place_at(way[i - 1].place).at[side];
        const edge& e = local_of(side, from).edges[at.via >> 1];
        take(side, from, e.always ? no_item : first_of(e.triggers, has), has, all,
             [&](const reaction<step>& r) { return r.to == e.to && ascending(r.added) == e.added; });
      }
      const control c = place_at(at.place).at;
      const auto know = [&](std::size_t side, local_state l) {
        learn(side, l, has, at);
        return true;
      };
      saturate(c, has, know, [&](std::size_t side, const reply& r) {
        words after = has;
        take(side, c[side], r.always ? no_item : first_of(r.triggers, has), after, all,
             [&](const reaction<step>& x) {
               return x.to == c[side] && std::find(x.added.begin(), x.added.end(), r.added) != x.added.end();
             });
      });
    }
    return all;
  }

  // Takes the first reaction that fits.
  template <typename Fits>
  void take(std::size_t side, local_state l, item trigger, words& has, std::vector<taken>& all, Fits&& fits) {
    bool found = false;
    system_.reactions(static_cast<int>(side), l, trigger, [&](const reaction<step>& r) {
      if (found || !fits(r)) return;
      found = true;
      taken t{r.by, trigger, {}, r.to != l};
      for (const item i : r.added)
        if (!fresh(has, i)) {
          t.added.push_back(i);
          put(has, i);
        }
      all.push_back(std::move(t));
    });
  }

  // Of a run with all that saturates, what the occurrence needs: from its end backwards, the last step that
  // added a needed item is taken, and needs in turn what it reads.
  static std::vector<step> needed_of(const std::vector<taken>& all, const occurrence& o) {
    std::vector<item> needed;
    if (o.trigger != no_item) needed.push_back(o.trigger);
    std::vector<step> path;
    if (o.by) path.push_back(*o.by);
    for (std::size_t n = all.size(); n-- > 0;) {
      const taken& t = all[n];
      const auto is_needed = [&](item i) {
        return o.all || std::find(needed.begin(), needed.end(), i) != needed.end();
      };
      if (!t.moves && std::none_of(t.added.begin(), t.added.end(), is_needed)) continue;
      std::erase_if(needed,
                    [&](item i) { return std::find(t.added.begin(), t.added.end(), i) != t.added.end(); });
      if (t.trigger != no_item) needed.push_back(t.trigger);
      path.push_back(t.by);
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

  using turn_of_place = std::tuple<std::uint64_t, control, std::uint32_t>;  // rank, control part, place
  using waiting = std::priority_queue<turn_of_place, std::vector<turn_of_place>, std::greater<>>;

  System& system_;
  const covering_sizes sizes_;
  const bool ages_;
  const std::size_t planes_;  // words for 64 items of a content
  std::array<std::deque<local>, 2> locals_;
  std::vector<part> parts_;
  waiting waiting_;
  std::vector<turn> turns_;   // of this round
  std::size_t in_round_ = 0;  // contents that are expanded in it
  std::uint64_t unexpanded_ = 0;
  bool disordered_ = false;
  std::size_t leads_ = 0;
  std::uint64_t order_again_at_ = 0;
  std::array<occurrence, 64> first_;
  statistics result_;
};

}  // namespace tcpmc::checker
