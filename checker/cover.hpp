// The covering search, for systems where more is never less: a state is a control part and a content, and
// whatever can happen with some content can happen with a larger one.
//
// Then only the largest contents need be kept (well-structured transition systems: Abdulla, Cerans, Jonsson
// and Tsay 1996; Finkel and Schnoebelen 2001). A content gives each item its remaining lifetime, 0 for
// absent; it is covered by another that is nowhere smaller. Exact for every mark that a larger content cannot
// make vanish. Paths are real runs of the system, but not shortest ones.
//
// The control part is a pair of local states, and a reaction belongs to one side: from its local state it
// reads at most one item and leaves the other side alone. So what can be done is known once it is known for
// each local state (reactions.hpp). A content is a set of bits (contents.hpp), and expanding a node is a few
// word operations an edge.
//
// Every content is saturated where it arrives: all that can be added without changing the control part is
// added, until nothing more comes. A place is a control part with its maximal contents (antichain.hpp).
// Places are taken in a topological order of the local states' graphs, so that what leads to a place is done
// before it, as far as it is known; then almost nothing is expanded in vain.
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
#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <new>
#include <optional>
#include <queue>
#include <span>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "checker/antichain.hpp"
#include "checker/contents.hpp"
#include "checker/crew.hpp"
#include "checker/reactions.hpp"
#include "checker/report.hpp"

namespace tcpmc::checker {

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
      : system_(system), sizes_(sizes), contents_(system.lifetime()), reactions_(system, contents_) {}

  statistics run(const options& wanted, const reporter& report) {
    limit_watch limits(wanted, report);
    crew threads(wanted.threads);
    parts_.resize(threads.size());
    try {
      bool go_on = bring_first(limits);
      while (go_on && gather_round(limits)) {
        share(threads, [this](unsigned n) { follow_share(n); });
        share(threads, [this](unsigned n) { settle_part(n); });
        go_on = finish_round(limits);
        if (wanted.reached(result_.seen)) {
          result_.ended = outcome::goal_reached;
          break;
        }
      }
    } catch (const std::bad_alloc&) {
      result_.ended = outcome::memory_limit;
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
        for (std::size_t i = 0; i < p.kept.size(); ++i) visit(p.at, contents_.readable(p.kept.row(i)));
  }

 private:
  using word = bit_word;
  using words = bit_set;
  using reactions = known_reactions<System>;

  // Where a content came from: a node, and what brought it to the place. Nodes and places are numbered by
  // part: n-th of part k is n * parts + k.
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0}, time = nowhere - 1;
  struct origin {
    std::uint32_t parent = nowhere;  // node
    std::uint32_t place = nowhere;
    std::uint32_t via = nowhere;  // 2 * edge + side; time: it passed
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

  bool learn(std::size_t side, local_state l, const words& has, const origin& where,
             const keep_going& go_on) {
    return reactions_.learn(
        side, l, has,
        [&](marks m, item trigger, const std::optional<step>& by) {
          note(m, {where, trigger, false, by});
        },
        go_on);
  }

  // Not each time that the order is broken, so that it costs no more than the rest.
  void order_anew_if_worthwhile() {
    if (!reactions_.disordered() || result_.transitions < order_again_at_) return;
    reactions_.rank();
    waiting waits;
    for (; !waiting_.empty(); waiting_.pop()) {
      const auto& [rank, at, number] = waiting_.top();
      waits.emplace(reactions_.rank_of(at), at, number);
    }
    waiting_ = std::move(waits);
    order_again_at_ = result_.transitions + 2 * (reactions_.leads() + waiting_.size());
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

  bool bring_first(limit_watch& limits) {
    const control at = system_.initial();
    parts_[owner_of(at)].unknown.all.push_back({at, {}, {}, 0, 0});
    return finish_round(limits);
  }
  progress so_far() const { return {result_.states, result_.transitions, 0, unexpanded_, ""}; }

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
        if (!limits.go_on(so_far(), result_.ended)) return false;
        p.kept.known(i).expanded = true;
        --unexpanded_;
      }
      if (t.later == at) t.later.reset();
      if (t.later)
        for (std::size_t side = 0; side < 2; ++side)
          if ((*t.later)[side] != at[side]) reactions_.lead(side, at[side], (*t.later)[side]);
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
      const auto& in = reactions_.at(side, p.at[side]);
      for (const auto& towards : in.targets) {
        control to = p.at;
        to[side] = towards.to;
        reactions_.choose_edges(in, towards, has, own.best, own.news);
        for (const auto& [e, news] : own.best) {
          words& c = start(own, {to, {node, nowhere, 2 * e + side}, {number, order++}}, has);
          arrivals& out = own.out[owner_of(to)];
          for (const item added : news) contents_.put(c, added, out.all.back().begin);
          out.all.back().end = c.size();
        }
      }
    }
    if (t.later) {
      words& c = start(own, {*t.later, {node, nowhere, time}, {number, order}}, has);
      arrival& last = own.out[owner_of(*t.later)].all.back();
      last.end = c.size();
      contents_.grow_older(std::span(c).subspan(last.begin));
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

  // Judges what the reactions alone left open. If the content does not matter, one content with the trigger
  // is enough.
  void judge_open(part& own, const place& p, std::span<const word> has, std::uint32_t node) const {
    std::optional<content> all;
    for (std::size_t side = 0; side < 2; ++side) {
      const auto& open = reactions_.at(side, p.at[side]).open;
      own.judged[side].resize(open.size());
      for (std::size_t i = 0; i < open.size(); ++i) {
        const auto& r = open[i];
        judgement& j = own.judged[side][i];
        if ((j.done && !j.whole) || (r.open & ~result_.seen) == 0) continue;
        if (r.trigger != no_item && !contents_.present(has, r.trigger)) continue;
        std::optional<marks> m;
        if (!j.done) {
          j.done = true;
          m = std::as_const(system_).judge(r.by, p.at[1 - side], nullptr);
          j.whole = !m;
        }
        if (j.whole) {
          if (!all) all = contents_.readable(has);
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
        const bool done = settle(own, a, c, [&](std::size_t side, local_state l) {
          return reactions_.is_known(side, l, own.next);
        });
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
    if (!reactions_.saturate(a.to, own.next, know, [](std::size_t, const typename reactions::reply&) {}))
      return false;
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

  // Works out what was unknown, in the order in which it would have come one after the other. False: a limit
  // was reached before all of it was.
  bool finish_round(limit_watch& limits) {
    bool all = true;
    const keep_going go_on = [&] {
      all = all && limits.in_time(so_far(), result_.ended);
      return all;
    };
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
      if (!go_on()) break;
      part& own = parts_[owner_of(a->to)];
      const origin where{a->from.parent, place_of(own, a->to), a->from.via};
      settle(own, *a, std::span(in->contents).subspan(a->begin, a->end - a->begin),
             [&](std::size_t side, local_state l) { return learn(side, l, own.next, where, go_on); });
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
      waiting_.emplace(reactions_.rank_of(p.at), p.at, number);
    }
    // Little comes to a place after its turn.
    for (const turn& t : turns_)
      if (place& p = place_at(t.place); !p.waits) p.kept.forget_columns();
    return all;
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
        contents_.grow_older(has);
        all.push_back({system_.passing(), no_item, {}, true});
      } else if (at.via != nowhere) {
        const std::size_t side = at.via & 1;
        const local_state from = place_at(way[i - 1].place).at[side];
        const auto& e = reactions_.at(side, from).edges[at.via >> 1];
        take(side, from, e.always ? no_item : contents_.first_of(e.triggers, has), has, all,
             [&](const reaction<step>& r) {
               return r.to == e.to && reactions::ascending(r.added) == e.added;
             });
      }
      const control c = place_at(at.place).at;
      const auto know = [&](std::size_t side, local_state l) {
        return learn(side, l, has, at, [] { return true; });
      };
      reactions_.saturate(c, has, know, [&](std::size_t side, const typename reactions::reply& r) {
        words after = has;
        take(side, c[side], r.always ? no_item : contents_.first_of(r.triggers, has), after, all,
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
        if (!contents_.fresh(has, i)) {
          t.added.push_back(i);
          contents_.put(has, i);
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
  const content_layout contents_;
  reactions reactions_;
  std::vector<part> parts_;
  waiting waiting_;
  std::vector<turn> turns_;   // of this round
  std::size_t in_round_ = 0;  // contents that are expanded in it
  std::uint64_t unexpanded_ = 0;
  std::uint64_t order_again_at_ = 0;
  std::array<occurrence, 64> first_;
  statistics result_;
};

}  // namespace tcpmc::checker
