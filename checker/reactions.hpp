// What each of two sides can do in each of its local states, for the covering search (cover.hpp).
//
// Reactions are worked out once for a local state and an item, and put together by what they do: the items
// that a side adds while it stays where it is, and its edges to other local states, each with the set of
// items that bring it about. So expanding a content is a few word operations an edge.
//
// The edges give the order in which places are best expanded: a topological one of the local states' graphs
// (their strong components; Tarjan 1972).
#pragma once

#include <algorithm>
#include <array>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "checker/contents.hpp"
#include "checker/report.hpp"

namespace tcpmc::checker {

using local_state = std::uint32_t;
using control = std::array<local_state, 2>;

// What one side can do. Added items come with the full lifetime.
template <typename Step>
struct reaction {
  Step by{};
  local_state to = 0;
  std::span<const item> added;
  marks certain = 0, open = 0;  // open: to be judged with the rest of the state
};

// The reactions of a system that has `reactions` as a CoveringSystem has. What is const may be called by
// several threads at once.
template <typename System>
class known_reactions {
 public:
  using step = typename System::step;
  using words = bit_set;

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

  known_reactions(System& system, const content_layout& contents) : system_(system), contents_(contents) {}

  // Requires that something was learned of it.
  const local& at(std::size_t side, local_state l) const { return locals_[side][l]; }

  bool is_known(std::size_t side, local_state l, const words& has) const {
    const std::deque<local>& all = locals_[side];
    return l < all.size() && all[l].idle_known && contents_.first_outside(all[l].known, has) == no_item;
  }

  // Works out what a side does in its local state with everything in `has`. Calls note(marks, item that is
  // read or no_item, step or nothing) for what is certain of each reaction, and of all states with such an
  // item. False: go_on() was, which is asked before each item, and some is not known.
  template <typename Note>
  bool learn(std::size_t side, local_state l, const words& has, Note&& note, const keep_going& go_on) {
    local& in = local_of(side, l);
    if (!in.idle_known) {
      if (!go_on()) return false;
      learn_one(side, l, no_item, note);
    }
    in.idle_known = true;
    for (item i = contents_.first_outside(in.known, has); i != no_item;
         i = contents_.first_outside(in.known, has, i / content_layout::bits)) {
      if (!go_on()) return false;
      learn_one(side, l, i, note);
      content_layout::insert(in.known, i);
    }
    return true;
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
          if (contents_.fresh(has, r.added) || !(r.always || contents_.meets(r.triggers, has))) continue;
          adds(side, r);
          contents_.put(has, r.added);
          settled = {};
        }
      }
    return true;
  }

  // Of the edges to one target that the content allows, those that add most: their numbers, with what they
  // add that is not fresh. `news` is overwritten.
  void choose_edges(const local& in, const target& towards, std::span<const bit_word> has,
                    std::vector<std::pair<std::uint32_t, std::vector<item>>>& best,
                    std::vector<item>& news) const {
    best.clear();
    const auto subset = [](const std::vector<item>& small, const std::vector<item>& large) {
      return std::includes(large.begin(), large.end(), small.begin(), small.end());
    };
    for (const std::uint32_t number : towards.edges) {
      const edge& e = in.edges[number];
      if (!e.always && !contents_.meets(e.triggers, has)) continue;
      news.clear();
      for (const item i : e.added)
        if (!contents_.fresh(has, i)) news.push_back(i);
      if (std::any_of(best.begin(), best.end(), [&](const auto& b) { return subset(news, b.second); }))
        continue;
      std::erase_if(best, [&](const auto& b) { return subset(b.second, news); });
      best.emplace_back(number, news);
    }
  }

  static std::vector<item> ascending(std::span<const item> items) {
    std::vector<item> result(items.begin(), items.end());
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
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
  std::uint64_t leads() const { return leads_; }

  // What leads to a control part has a smaller rank, but in a circle, and while it is disordered.
  std::uint64_t rank_of(const control& at) {
    return std::uint64_t{local_of(0, at[0]).rank} + local_of(1, at[1]).rank;
  }
  bool disordered() const { return disordered_; }

  // Ranks the local states anew: by the longest way to them, where those of a strong component count as one.
  void rank() {
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
  }

 private:
  local& local_of(std::size_t side, local_state l) {
    std::deque<local>& all = locals_[side];
    if (l >= all.size()) all.resize(l + 1);
    return all[l];
  }

  template <typename Note>
  void learn_one(std::size_t side, local_state l, item trigger, Note& note) {
    local& in = local_of(side, l);
    const auto add_trigger = [&](auto& to) {
      if (trigger == no_item)
        to.always = true;
      else
        content_layout::insert(to.triggers, trigger);
    };
    const marks own = system_.reactions(static_cast<int>(side), l, trigger, [&](const reaction<step>& r) {
      note(r.certain, trigger, std::optional<step>(r.by));
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
    note(own, trigger, std::nullopt);
  }

  System& system_;
  const content_layout contents_;
  std::array<std::deque<local>, 2> locals_;
  bool disordered_ = false;
  std::uint64_t leads_ = 0;
};

}  // namespace tcpmc::checker
