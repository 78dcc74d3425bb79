// The monitored system with states and steps left out that no verdict needs: what the enumerating search sees
// in place of packed_system where that is asked for. docs/reductions.md has the arguments.
//
// Faults: a segment is lost only where it is in the way of something, and copied only when it is delivered:
// one step, "deliver and keep". Less is in flight apart from that, never more than in some state of the whole
// system. In the spirit of partial order reduction (Peled 1993; Valmari 1991) with the covering search's
// monotonicity in place of independence (Abdulla, Cerans, Jonsson and Tsay 1996).
//
// Symmetry: of a state and its mirror image only the lesser is kept (Ip and Dill 1996; Clarke, Enders,
// Filkorn and Jha 1996).
#pragma once

#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <string>
#include <vector>

#include "properties/monitored.hpp"

namespace tcpmc::properties {

struct reductions {
  bool faults = false, symmetry = false;
  bool any() const { return faults || symmetry; }
};

// Why a reduction cannot be made, in words that end a sentence; nothing if it can.
std::optional<std::string> why_not_faults(const composition& c, const property_set& p);
std::optional<std::string> why_not_symmetry(const composition& c, const property_set& p);

// The same with a final predicate that is true where it is true of the state and of its mirror image.
composition with_symmetric_final(const composition& c);

// One step of the reduced system.
struct reduced_step {
  system::table_step by;
  bool kept = false;      // deliver: a copy was made before
  bool mirrored = false;  // it leads to the mirror image of where `by` leads
};

// The steps of the whole system that a path stands for. `froms` are the states that its steps start from.
std::vector<system::step> told(const system::tables& tables, const std::vector<system::state>& froms,
                               const std::vector<reduced_step>& path);
// The same of a path of the whole system.
std::vector<system::step> told(const system::tables& tables, const std::vector<system::state>& froms,
                               const std::vector<system::table_step>& path);
// The same run with the two endpoints exchanged.
std::vector<system::step> mirrored(std::vector<system::step> steps);

template <typename Word>
class reduced_system {
 public:
  using word = Word;
  using step = reduced_step;
  using expansion = monitored_system::expansion;
  using layout = system::layout;

  // A component whose mirror image is not known.
  struct image {
    std::uint32_t content = 0;  // or an endpoint
    std::uint32_t side = 0;
    system::id of = 0;
    auto operator<=>(const image&) const = default;
  };
  struct missing {
    monitored_system::missing inner;
    std::vector<image> images;
    bool empty() const { return inner.empty() && images.empty(); }
    void add(missing&& other) {
      inner.add(std::move(other.inner));
      images.insert(images.end(), other.images.begin(), other.images.end());
      other.images.clear();
    }
  };

  // What is asked for has to be possible. With symmetry, the scenario's final predicate has to be symmetric.
  reduced_system(monitored_system& m, const reductions& wanted);

  const layout& words() const { return packed_.words(); }
  word initial() const { return packed_.initial(); }
  word repack(word w, const layout& from) const { return packed_.repack(w, from); }
  system::state unpack(word w) const { return packed_.unpack(w); }

  template <typename Emit>
  expansion expand(word w, missing& what, Emit&& emit) const;
  expansion look(word w, missing& what) const { return packed_.look(w, what.inner); }
  bool learn(missing& what, const std::function<bool()>& go_on);

  static std::vector<std::byte> encode(const missing& learned);
  static missing decode(std::span<const std::byte> bytes);

 private:
  using id = system::id;
  using packed_state = system::packed_state<word>;
  using content_facts = std::vector<system::tables::distinct_segment>;
  struct endpoint_facts {
    bool known = false;
    bool rests = false;         // no timer runs and no call changes it
    bool due = false;           // a timer has to expire before the next tick
    std::size_t most_sent = 0;  // segments, by a call or time-out
    system::id_range time_outs;
  };
  struct outcome_facts {
    id segment = system::none;  // that arrives
    bool nothing = false;       // changes and sends nothing
    bool open = false;          // its marks depend on the rest of the state
    bool repeats = false;       // a time-out that changes nothing and has no marks: it only sends
  };
  // What the network may do to one segment in flight.
  struct flying {
    int sender = 0;
    id segment = 0;
    int age = 0;
    bool head = false;  // the channel's oldest
  };
  // A state's facts.
  struct situation {
    std::array<const endpoint_facts*, 2> endpoints{};
    std::array<std::array<const content_facts*, system::most_slots>, 2> contents{};
    std::array<int, 2> sizes{};
    int losses = 0, duplicates = 0;      // left; any number where the budget is unlimited
    bool to_be_stuck = false;            // would be stuck were nothing in flight
    std::array<int, 2> waits{-1, -1};    // sender and number of the segment that a tick waits for first
    std::array<int, 2> remains{-1, -1};  // of the first segment in flight, where to_be_stuck
  };

  static std::size_t at(int side) { return static_cast<std::size_t>(side); }
  const system::tables& tables() const { return std::as_const(monitored_).tables(); }

  template <typename Emit>
  expansion fewer_faults(word w, missing& what, Emit&& emit) const;
  bool gather(const packed_state& s, situation& now) const;
  // Calls visit(flying, number) for what a side has in flight, as steps number it.
  template <typename Visit>
  void for_each(const situation& now, int sender, Visit&& visit) const;
  flying numbered(const situation& now, int sender, id number) const;
  bool pointless_to_lose(const packed_state& s, const flying& f) const;
  bool is_in_the_way(const packed_state& s, const situation& now, const flying& f, int number) const;
  bool lacks_room(const packed_state& s, const situation& now, int sender) const;
  bool worth_a_copy(const situation& now, const system::table_step& by, const outcome_facts& did) const;
  bool is_left_out(const situation& now, int side, id time_out) const;
  std::optional<word> least(word w, missing& what, bool& mirrored) const;
  void learn_facts(const system::missing_entry& e);
  void learn_image(const image& i);

  monitored_system& monitored_;
  packed_system<word> packed_;
  reductions wanted_;
  const language::network& network_;
  bool fifo_, ticks_, asks_stuck_ = false;
  bool repeating_costs_;                                  // as much as copying
  std::array<std::vector<endpoint_facts>, 2> endpoints_;  // by endpoint id
  std::vector<outcome_facts> outcomes_;
  struct known_content {
    bool known = false;
    content_facts facts;
    int size = 0;
  };
  std::array<std::vector<known_content>, 2> contents_;
  // By what (endpoint or content), side, id; none: not known.
  std::array<std::array<std::vector<id>, 2>, 2> images_;
};

template <typename Word>
reduced_system<Word>::reduced_system(monitored_system& m, const reductions& wanted)
    : monitored_(m),
      packed_(m),
      wanted_(wanted),
      network_(tables().made_of().scenario.network),
      fifo_(network_.order == language::delivery_order::fifo),
      ticks_(tables().made_of().scenario.time != language::time_mode::untimed),
      repeating_costs_(tables().charges_retransmissions() || network_.duplication.unlimited) {
  for (const property& p : m.properties().all) asks_stuck_ = asks_stuck_ || p.stuck;
}

template <typename Word>
template <typename Emit>
monitored_system::expansion reduced_system<Word>::expand(word w, missing& what, Emit&& emit) const {
  bool known = true;
  const auto pass_on = [&](word next, step by, marks m) {
    if (!wanted_.symmetry) return emit(next, by, m);
    const std::optional<word> kept = least(next, what, by.mirrored);
    known = known && kept;
    if (kept) emit(*kept, by, m);
  };
  expansion result;
  if (wanted_.faults)
    result = fewer_faults(w, what, pass_on);
  else
    result = packed_.expand(
        w, what.inner, [&](word next, const system::table_step& by, marks m) { pass_on(next, {by}, m); });
  result.known = result.known && known;
  return result;
}

// ---- Faults ----

// Until everything is known some steps may be missing, but there are none that will not be there then.
template <typename Word>
template <typename Emit>
monitored_system::expansion reduced_system<Word>::fewer_faults(word w, missing& what, Emit&& emit) const {
  using system::step_kind;
  const packed_state s(w, words());
  situation now;
  if (!gather(s, now)) {
    expansion asked = packed_.expand(w, what.inner, [](word, const system::table_step&, marks) {});
    asked.known = false;
    return asked;
  }
  bool known = true;
  std::vector<std::pair<word, system::table_step>> stay;  // what need not be lost
  expansion result = packed_.expand(w, what.inner, [&](word next, const system::table_step& by, marks m) {
    if (by.kind == step_kind::duplicate) return;
    if (by.kind == step_kind::lose) {
      if (is_in_the_way(s, now, numbered(now, by.side, by.what), static_cast<int>(by.what)))
        emit(next, step{by}, m);
      else
        stay.emplace_back(next, by);
      return;
    }
    if (by.kind == step_kind::time_out && is_left_out(now, by.side, by.what)) return;
    if (by.kind != step_kind::deliver) return emit(next, step{by}, m);
    const outcome_facts& did = outcomes_[by.what];
    // Where losses cost nothing, what does nothing when it arrives is as good as lost.
    if (!did.nothing || m != 0 || !network_.loss.unlimited) emit(next, step{by}, m);
    if ((did.nothing && !did.open) || !worth_a_copy(now, by, did)) return;
    const std::size_t channel =
        system::channel_component(1 - by.side, tables().slots() > 1 ? static_cast<int>(by.age) : 0);
    packed_state kept = packed_state(next, words()).without(channel).with(channel, s.get(channel));
    if (!network_.duplication.unlimited) {
      const id left = kept.get(system::budget_component) - 1;
      kept = kept.without(system::budget_component).with(system::budget_component, left);
    }
    if (did.open) {
      m = tables().outcome_of(by.what).certain;
      known = monitored_.judged(by.what, s.get(1u - by.side), kept, what.inner, m) && known;
    }
    emit(kept.word(), step{by, true, false}, m);
  });
  result.known = result.known && known;
  if (!result.known || stay.empty() || (result.of_state & bounds_met(system::bound_capacity)) == 0)
    return result;
  const std::array<bool, 2> full{lacks_room(s, now, 0), lacks_room(s, now, 1)};
  for (const auto& [next, by] : stay)
    if (full[by.side] && !pointless_to_lose(s, numbered(now, by.side, by.what))) emit(next, step{by}, 0);
  return result;
}

template <typename Word>
bool reduced_system<Word>::gather(const packed_state& s, situation& now) const {
  for (int side = 0; side < 2; ++side) {
    const id endpoint = s.get(at(side));
    if (endpoint >= endpoints_[at(side)].size() || !endpoints_[at(side)][endpoint].known) return false;
    now.endpoints[at(side)] = &endpoints_[at(side)][endpoint];
    for (int slot = 0; slot < tables().slots(); ++slot) {
      const id content = s.get(system::channel_component(side, slot));
      if (content >= contents_[at(side)].size() || !contents_[at(side)][content].known) return false;
      now.contents[at(side)][at(slot)] = &contents_[at(side)][content].facts;
      now.sizes[at(side)] += contents_[at(side)][content].size;
    }
  }
  const std::array<int, 2> left = tables().budget_left(s.get(system::budget_component));
  now.losses = network_.loss.unlimited ? INT_MAX : left[0];
  now.duplicates = network_.duplication.unlimited ? INT_MAX : left[1];
  if (now.losses == 0) return true;

  const bool tick_waits = ticks_ && network_.lifetime > 0 && !network_.loss.unlimited &&
                          !now.endpoints[0]->due && !now.endpoints[1]->due;
  now.to_be_stuck = asks_stuck_ && now.endpoints[0]->rests && now.endpoints[1]->rests &&
                    now.sizes[0] + now.sizes[1] > 0 && !monitored_.final(s.get(0), s.get(1));
  if (!tick_waits && !now.to_be_stuck) return true;
  int old = 0;
  bool known = true;
  for (int sender = 0; sender < 2; ++sender)
    for_each(now, sender, [&](const flying& f, int number) {
      known = known && ((fifo_ && !f.head) ||
                        tables().look_up_arrival(1 - sender, s.get(at(1 - sender)), f.segment).known);
      if (pointless_to_lose(s, f)) return;
      if (now.remains[0] < 0) now.remains = {sender, number};
      if (!tick_waits || f.age != network_.lifetime - 1) return;
      if (old == 0) now.waits = {sender, number};
      ++old;
    });
  if (!known || old > now.losses) now.waits = {-1, -1};
  if (!known) now.remains = {-1, -1};
  return true;
}

template <typename Word>
template <typename Visit>
void reduced_system<Word>::for_each(const situation& now, int sender, Visit&& visit) const {
  int number = 0;
  for (int slot = tables().slots(); slot-- > 0;)
    for (const auto& d : *now.contents[at(sender)][at(slot)]) {
      visit(flying{sender, d.segment, tables().slots() > 1 ? slot : d.age, number == 0}, number);
      ++number;
    }
}

template <typename Word>
auto reduced_system<Word>::numbered(const situation& now, int sender, id number) const -> flying {
  int left = static_cast<int>(number);
  for (int slot = tables().slots(); slot-- > 0;) {
    const content_facts& content = *now.contents[at(sender)][at(slot)];
    if (left < static_cast<int>(content.size())) {
      const auto& d = content[at(left)];
      return {sender, d.segment, tables().slots() > 1 ? slot : d.age, number == 0};
    }
    left -= static_cast<int>(content.size());
  }
  return {};
}

// Delivering it does the same and is free. Also where that is not known yet.
template <typename Word>
bool reduced_system<Word>::pointless_to_lose(const packed_state& s, const flying& f) const {
  if (network_.loss.unlimited || (fifo_ && !f.head)) return false;
  const int receiver = 1 - f.sender;
  const auto arrival = tables().look_up_arrival(receiver, s.get(at(receiver)), f.segment);
  return !arrival.known || arrival.does_nothing;
}

template <typename Word>
bool reduced_system<Word>::is_in_the_way(const packed_state& s, const situation& now, const flying& f,
                                         int number) const {
  if (pointless_to_lose(s, f)) return false;
  if (fifo_ && f.head && now.sizes[at(f.sender)] > 1) return true;  // of what is behind it
  const std::array<int, 2> me{f.sender, number};
  if (now.waits == me || (now.to_be_stuck && now.remains == me)) return true;
  if (!tables().charges_retransmissions()) return false;
  const id wire = tables().wire_of(f.sender, f.segment);
  for (const id o : now.endpoints[at(f.sender)]->time_outs) {
    if (is_left_out(now, f.sender, o)) continue;
    for (const id sent : tables().outcome_of(o).sent)
      if (tables().wire_of(f.sender, sent) == wire) return true;
  }
  return false;
}

// Whether it only sends again what is in flight, just as young: a copy, to be made when it is delivered. In
// order of sending, a copy lies beside what it is a copy of.
template <typename Word>
bool reduced_system<Word>::is_left_out(const situation& now, int side, id time_out) const {
  if (!repeating_costs_ || !outcomes_[time_out].repeats) return false;
  const content_facts& youngest = *now.contents[at(side)][0];
  const auto is = [](id segment, const auto& d) { return d.segment == segment && d.age == 0; };
  const std::vector<id>& sent = tables().outcome_of(time_out).sent;
  if (fifo_) return sent.size() == 1 && !youngest.empty() && is(sent[0], youngest.back());
  return std::all_of(sent.begin(), sent.end(), [&](id segment) {
    return std::any_of(youngest.begin(), youngest.end(), [&](const auto& d) { return is(segment, d); });
  });
}

// Whether the channel is too full for something that may be sent or copied.
template <typename Word>
bool reduced_system<Word>::lacks_room(const packed_state& s, const situation& now, int sender) const {
  const int size = now.sizes[at(sender)];
  std::size_t most = now.endpoints[at(sender)]->most_sent;
  for_each(now, 1 - sender, [&](const flying& f, int) {
    if (fifo_ && !f.head) return;
    most = std::max(most, tables().look_up_arrival(sender, s.get(at(sender)), f.segment).most_sent);
  });
  return size + static_cast<int>(most) > network_.capacity ||
         (now.duplicates > 0 && size >= network_.capacity);
}

// Whether a copy of what is delivered may be kept, and is not there already.
template <typename Word>
bool reduced_system<Word>::worth_a_copy(const situation& now, const system::table_step& by,
                                        const outcome_facts& did) const {
  const int sender = 1 - by.side;
  if (now.duplicates == 0 || now.sizes[at(sender)] >= network_.capacity) return false;
  const bool slotted = tables().slots() > 1;
  for (const auto& d : *now.contents[at(sender)][slotted ? by.age : 0])
    if (d.segment == did.segment && (slotted || d.age == static_cast<int>(by.age))) return d.copies == 1;
  return false;
}

template <typename Word>
void reduced_system<Word>::learn_facts(const system::missing_entry& e) {
  system::tables& t = monitored_.tables();
  const int side = e.side;
  if (e.of == system::missing_entry::table::local) {
    if (endpoints_[at(side)].size() <= e.a) endpoints_[at(side)].resize(e.a + 1);
    endpoint_facts& f = endpoints_[at(side)][e.a];
    if (f.known) return;
    const auto calls = t.calls(side, e.a), time_outs = t.time_outs(side, e.a);
    f.known = true;
    f.rests = !t.timer_runs(side, e.a) && calls.met == 0;
    for (const id o : calls.outcomes) f.rests = f.rests && t.outcome_of(o).before == t.outcome_of(o).after;
    f.due = t.ticked(side, e.a) == system::none;
    for (const id o : calls.outcomes) f.most_sent = std::max(f.most_sent, t.outcome_of(o).sent.size());
    for (const id o : time_outs.outcomes) f.most_sent = std::max(f.most_sent, t.outcome_of(o).sent.size());
    f.time_outs = time_outs.outcomes;
  } else if (e.of == system::missing_entry::table::content) {
    if (contents_[at(side)].size() <= e.a) contents_[at(side)].resize(e.a + 1);
    known_content& c = contents_[at(side)][e.a];
    if (c.known) return;
    c.known = true;
    c.facts = t.distinct_segments(side, e.a);
    for (const auto& d : c.facts) c.size += d.copies;
  }
}

// ---- Symmetry ----

// The lesser of a word and its mirror image; nothing if that is not known yet.
template <typename Word>
std::optional<Word> reduced_system<Word>::least(word w, missing& what, bool& mirrored) const {
  const packed_state s(w, words());
  packed_state image_of = s;
  bool known = true;
  const auto exchange = [&](std::uint32_t content, int slot) {
    for (int side = 0; side < 2; ++side) {
      const std::size_t from = content != 0 ? system::channel_component(side, slot) : at(side);
      const std::size_t to = content != 0 ? system::channel_component(1 - side, slot) : at(1 - side);
      const std::vector<id>& images = images_[content][at(side)];
      const id is = s.get(from);
      if (is >= images.size() || images[is] == system::none) {
        what.images.push_back({content, static_cast<std::uint32_t>(side), is});
        known = false;
      } else {
        image_of = image_of.without(to).with(to, images[is]);
      }
    }
  };
  exchange(0, 0);
  for (int slot = 0; slot < tables().slots(); ++slot) exchange(1, slot);
  if (!known) return std::nullopt;
  mirrored = image_of.word() < w;
  return mirrored ? image_of.word() : w;
}

template <typename Word>
void reduced_system<Word>::learn_image(const image& i) {
  const int side = static_cast<int>(i.side);
  system::tables& t = monitored_.tables();
  const id other = i.content != 0 ? t.mirrored_content(side, i.of) : t.mirrored_endpoint(side, i.of);
  const auto set = [&](std::size_t of_side, id from, id to) {
    std::vector<id>& images = images_[i.content][of_side];
    if (images.size() <= from) images.resize(from + 1, system::none);
    images[from] = to;
  };
  set(i.side, i.of, other);
  set(1 - i.side, other, i.of);
}

template <typename Word>
bool reduced_system<Word>::learn(missing& what, const std::function<bool()>& go_on) {
  std::sort(what.images.begin(), what.images.end());
  what.images.erase(std::unique(what.images.begin(), what.images.end()), what.images.end());
  for (const image& i : what.images) {
    if (!go_on()) {
      monitored_system::missing nothing;
      packed_.learn(nothing, go_on);  // so that there is a layout for the images so far
      return false;
    }
    learn_image(i);
  }
  const system::missing_entries entries = what.inner.entries;
  if (!packed_.learn(what.inner, go_on)) return false;  // finds a layout for the images as well
  if (!wanted_.faults) return true;
  for (const system::missing_entry& e : entries) learn_facts(e);
  for (std::size_t o = outcomes_.size(); o < tables().outcome_count(); ++o) {
    const system::outcome& is = tables().outcome_of(static_cast<id>(o));
    const bool same = is.before == is.after;
    outcomes_.push_back({is.segment, same && is.sent.empty(), is.open != 0,
                         same && is.certain == 0 && is.open == 0 && is.kind == system::step_kind::time_out});
  }
  return true;
}

template <typename Word>
std::vector<std::byte> reduced_system<Word>::encode(const missing& learned) {
  const std::uint64_t count = learned.images.size();
  std::vector<std::byte> bytes = packed_system<word>::encode(learned.inner);
  const auto append = [&](std::span<const std::byte> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  append(std::as_bytes(std::span(learned.images)));
  append(std::as_bytes(std::span(&count, 1)));
  return bytes;
}

template <typename Word>
auto reduced_system<Word>::decode(std::span<const std::byte> bytes) -> missing {
  missing result;
  std::uint64_t count = 0;
  std::memcpy(&count, bytes.data() + bytes.size() - sizeof count, sizeof count);
  const std::size_t entries = bytes.size() - sizeof count - count * sizeof(image);
  result.inner = packed_system<word>::decode(bytes.first(entries));
  result.images.resize(count);
  if (count > 0) std::memcpy(result.images.data(), bytes.data() + entries, count * sizeof(image));
  return result;
}

}  // namespace tcpmc::properties
