// A pool of ports as the enumerating search sees it.
//
// The state of a connection is small, and what it can do does not depend on the other connections. So
// connections get ids, and all steps of one are worked out once, on its own tables (monitored.hpp), and
// remembered. A state of the pool is a multiset of connection ids and the ticks until the next demand: which
// port has which number makes no difference to anything (all have the same endpoints, network and
// application), so states that differ in it only are one. Clarke, Enders, Filkorn and Jha 1996 call this full
// symmetry; the sorted ids are its canonical form, and counting is exact. model/system/ports.hpp is the
// definition.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/system/ports.hpp"
#include "properties/monitored.hpp"

namespace tcpmc::properties {

// A step of a pool, as words tell it.
struct pool_step {
  system::ports_event event = system::ports_event::tick;
  system::id connection = 0;  // at_port: the connection that moves
  std::uint32_t number = 0;   // at_port: which of its steps
};

// The connections of a pool, by id.
class connections {
 public:
  // `m` has to outlive this; its scenario has ports.
  explicit connections(monitored_system& m);

  struct move {
    system::id to = 0;
    std::int32_t demand =
        -1;  // number of the intention that serves a demand, the preferred one first; -1: none
    marks seen = 0;
    monitored_system::step by;
  };
  struct connection {
    std::size_t first = 0;  // of its moves
    std::uint32_t count = 0;
    std::uint32_t served = 0;          // bits: intentions that could serve a demand
    system::id ticked = system::none;  // none: something has to happen first
    marks itself = 0, by_steps = 0;    // of the state: as it is, and by what it may do
    bool known = false;
  };

  static constexpr system::id start = 0;

  std::size_t size() const { return states_.size(); }
  const connection& operator[](system::id c) const { return known_[c]; }
  std::span<const move> moves(const connection& c) const { return {moves_.data() + c.first, c.count}; }
  bool known(system::id c) const { return c < known_.size() && known_[c].known; }

  // Works out connection `c`; false: it was there.
  bool learn(system::id c);

  system::step describe(system::id c, std::uint32_t number) const;
  // What formulas that count ports say of connections together.
  marks together(std::span<const system::id> all) const;
  marks unserved() const { return unserved_; }
  const language::port_pool& pool() const { return pool_; }

 private:
  system::id of(const system::state& s);

  monitored_system& monitored_;
  const language::port_pool& pool_;
  judge judge_;
  system::state start_;
  system::port_renewal renewal_;
  marks unserved_ = 0;
  bool counts_ = false;  // some formula counts ports
  tsl::robin_map<system::state, system::id, system::bytes_hash> ids_;
  std::vector<system::state> states_;
  std::vector<connection> known_;
  std::vector<move> moves_;
};

template <typename Word>
class pool_system {
 public:
  using word = Word;
  using step = pool_step;
  struct missing {
    std::vector<system::id> connections;
    bool empty() const { return connections.empty(); }
    void add(missing&& other) {
      connections.insert(connections.end(), other.connections.begin(), other.connections.end());
      other = {};
    }
  };
  using expansion = monitored_system::expansion;
  // Ports from the most significant bits on, the least id first; then the ticks until the next demand, and
  // the demands to come.
  struct layout {
    unsigned number = 0, bits = 0, wait_bits = 0, left_bits = 0;
    unsigned width() const { return number * bits + wait_bits + left_bits; }
    bool operator==(const layout&) const = default;
  };

  explicit pool_system(monitored_system& m) : connections_(m) {
    layout_.number = static_cast<unsigned>(connections_.pool().number);
    layout_.wait_bits =
        static_cast<unsigned>(std::bit_width(static_cast<unsigned>(connections_.pool().every)));
    layout_.left_bits =
        static_cast<unsigned>(std::bit_width(static_cast<unsigned>(connections_.pool().demands)));
    fit();
  }

  const layout& words() const { return layout_; }
  word initial() const { return pack({{}, {0, connections_.pool().demands}}, layout_); }
  word repack(word w, const layout& from) const { return pack(unpack(w, from), layout_); }

  template <typename Emit>
  expansion expand(word w, missing& what, Emit&& emit) const {
    const pool s = unpack(w, layout_);
    expansion result = looked(s, what);
    if (!result.known) return result;
    const language::port_pool& wants = connections_.pool();
    const bool due = s.demands.due(wants);
    std::uint32_t served = 0;
    for (unsigned p = 0; p < layout_.number; ++p) {
      result.of_state |= connections_[s.ports[p]].by_steps;
      if (due) served |= connections_[s.ports[p]].served;
    }
    const int wanted = served == 0 ? -1 : std::countr_zero(served);
    for (unsigned p = 0; p < layout_.number; ++p) {
      const system::id c = s.ports[p];
      if (p > 0 && s.ports[p - 1] == c) continue;
      std::uint32_t number = 0;
      for (const connections::move& m : connections_.moves(connections_[c])) {
        const std::uint32_t n = number++;
        if (m.demand >= 0 && m.demand != wanted) continue;
        pool next = s;
        if (m.demand >= 0) next.demands = s.demands.met(wants);
        // Sorted again.
        unsigned at = p;
        for (; at > 0 && next.ports[at - 1] > m.to; --at) next.ports[at] = next.ports[at - 1];
        for (; at + 1 < layout_.number && next.ports[at + 1] < m.to; ++at)
          next.ports[at] = next.ports[at + 1];
        next.ports[at] = m.to;
        emit(pack(next, layout_), step{system::ports_event::at_port, c, n}, m.seen);
      }
    }
    if (due) {
      if (served != 0) return result;
      pool next = s;
      next.demands = s.demands.met(wants);
      emit(pack(next, layout_), step{system::ports_event::unserved, 0, 0}, connections_.unserved());
      return result;
    }
    pool next = s;
    next.demands = s.demands.ticked();
    for (unsigned p = 0; p < layout_.number; ++p) {
      next.ports[p] = connections_[s.ports[p]].ticked;
      if (next.ports[p] == system::none) return result;
    }
    std::sort(next.ports.begin(), next.ports.begin() + layout_.number);
    if (const word to = pack(next, layout_); to != w) emit(to, step{}, marks{0});
    return result;
  }
  expansion look(word w, missing& what) const { return looked(unpack(w, layout_), what); }

  bool learn(missing& what, const std::function<bool()>& go_on) {
    std::sort(what.connections.begin(), what.connections.end());
    bool all = true;
    for (const system::id c : std::exchange(what.connections, {})) {
      all = go_on();
      if (!all) break;
      if (connections_.learn(c)) what.connections.push_back(c);
    }
    fit();
    return all;
  }
  static std::vector<std::byte> encode(const missing& learned) {
    const auto bytes = std::as_bytes(std::span(learned.connections));
    return {bytes.begin(), bytes.end()};
  }
  static missing decode(std::span<const std::byte> bytes) {
    missing result;
    result.connections.resize(bytes.size() / sizeof(system::id));
    if (!result.connections.empty())
      std::memcpy(result.connections.data(), bytes.data(), result.connections.size() * sizeof(system::id));
    return result;
  }

  const properties::connections& all() const { return connections_; }

 private:
  static constexpr std::size_t most_ports = 16;
  struct pool {
    std::array<system::id, most_ports> ports{};  // ascending, as many as the layout says
    system::demand_clock demands;
  };

  expansion looked(const pool& s, missing& what) const {
    expansion result;
    for (unsigned p = 0; p < layout_.number; ++p) {
      if (!connections_.known(s.ports[p])) {
        what.connections.push_back(s.ports[p]);
        result.known = false;
      } else {
        result.of_state |= connections_[s.ports[p]].itself;
      }
    }
    if (result.known) result.of_state |= connections_.together(std::span(s.ports).first(layout_.number));
    return result;
  }
  static pool unpack(word w, const layout& l) {
    pool s;
    s.demands.left = static_cast<int>(w & ((word{1} << l.left_bits) - 1));
    w >>= l.left_bits;
    s.demands.wait = static_cast<int>(w & ((word{1} << l.wait_bits) - 1));
    w >>= l.wait_bits;
    for (unsigned p = l.number; p-- > 0; w >>= l.bits)
      s.ports[p] = static_cast<system::id>(w & ((word{1} << l.bits) - 1));
    return s;
  }
  static word pack(const pool& s, const layout& l) {
    word w = 0;
    for (unsigned p = 0; p < l.number; ++p) w = w << l.bits | s.ports[p];
    w = w << l.wait_bits | static_cast<unsigned>(s.demands.wait);
    return w << l.left_bits | static_cast<unsigned>(s.demands.left);
  }
  void fit() {
    const std::size_t count = connections_.size();
    if (static_cast<unsigned>(std::bit_width(count - 1)) > layout_.bits)
      layout_.bits = static_cast<unsigned>(std::bit_width(count + count / 2));
    if (layout_.width() > 8 * sizeof(word)) throw word_overflow();
  }

  properties::connections connections_;
  layout layout_;
};

}  // namespace tcpmc::properties
