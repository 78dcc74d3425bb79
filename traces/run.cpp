#include "traces/run.hpp"

#include <algorithm>

namespace tcpmc::traces {

using system::step_kind;
using system::values;

std::optional<run> replay(const plain_system& on, const std::vector<step>& steps) {
  run r;
  r.start = on.initial();
  const bool ages_differ = on.made_of().scenario.network.is_set();
  for (const step& wanted : steps) {
    step exact = wanted;
    if (ages_differ && wanted.kind == step_kind::deliver) {
      const auto& channel = r.end().channels[static_cast<std::size_t>(1 - wanted.side)];
      const auto f = std::find_if(channel.begin(), channel.end(),
                                  [&](const system::flight& x) { return x.segment == wanted.segment; });
      if (f == channel.end()) return std::nullopt;
      exact.age = f->age;
    }
    auto next = on.apply(r.end(), exact);
    if (!next) return std::nullopt;
    r.steps.push_back(std::move(*next));
  }
  return r;
}

std::optional<ports_run> replay(const system::plain_ports& on, const std::vector<system::ports_step>& steps) {
  ports_run r;
  r.start = on.initial();
  for (const system::ports_step& by : steps) {
    auto next = on.apply(r.end(), by);
    if (!next) return std::nullopt;
    r.steps.push_back(std::move(*next));
  }
  return r;
}

std::vector<step> steps_of(const run& r) {
  std::vector<step> steps;
  for (const plain_successor& s : r.steps) steps.push_back(s.by);
  return steps;
}

std::vector<step> minimise(const plain_system& on, std::vector<step> steps,
                           const std::function<bool(const run&)>& bad, const std::function<bool()>& go_on) {
  const auto still_bad = [&](const std::vector<step>& candidate) {
    const auto r = replay(on, candidate);
    return r && bad(*r);
  };
  // Large pieces first, then single steps, until no single step can go (delta debugging, Zeller 1999).
  for (std::size_t piece = std::max<std::size_t>(1, steps.size() / 2);;) {
    bool shorter = false;
    for (std::size_t end = steps.size(); end > 0;) {
      if (!go_on()) return steps;
      const std::size_t begin = end > piece ? end - piece : 0;
      std::vector<step> candidate = steps;
      candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(begin),
                      candidate.begin() + static_cast<std::ptrdiff_t>(end));
      if (still_bad(candidate)) {
        steps = std::move(candidate);
        shorter = true;
      }
      end = std::min(begin, steps.size());
    }
    if (piece > 1)
      piece /= 2;
    else if (!shorter)
      return steps;
  }
}

std::vector<step> with_copies(const plain_system& on_set, const std::vector<step>& steps, bool keep_all) {
  const auto r = replay(on_set, steps);
  if (!r) return {};
  struct copies {
    values segment;
    int sender = 0;
    std::vector<int> ages;  // of the copies in flight, ascending
  };
  std::vector<copies> in_flight;
  const auto of = [&](int sender, const values& segment) -> copies& {
    for (copies& c : in_flight)
      if (c.sender == sender && c.segment == segment) return c;
    return in_flight.emplace_back(copies{segment, sender, {}});
  };
  const auto sends = [&](const plain_successor& s, int sender, const values& segment) {
    return s.did && s.by.side == sender &&
           std::find(s.did->sent.begin(), s.did->sent.end(), segment) != s.did->sent.end();
  };
  const int lifetime = on_set.made_of().scenario.network.lifetime;
  std::vector<step> result;
  for (std::size_t i = 0; i < r->steps.size(); ++i) {
    const plain_successor& s = r->steps[i];
    step by = s.by;
    if (by.kind == step_kind::deliver) {
      const int sender = 1 - by.side;
      copies& c = of(sender, by.segment);
      // Needed again before it is sent again?
      bool again = keep_all;
      for (std::size_t j = i; j < r->steps.size() && !again; ++j) {
        if (j > i && r->steps[j].by.kind == step_kind::deliver && r->steps[j].by.side == by.side &&
            r->steps[j].by.segment == by.segment)
          again = true;
        if (!again && sends(r->steps[j], sender, by.segment)) break;
      }
      if (again && c.ages.size() == 1) {
        result.push_back({step_kind::duplicate, sender, 0, 0, by.segment, c.ages[0]});
        c.ages.push_back(c.ages[0]);
      }
      by.age = c.ages.back();  // the oldest copy; the youngest lives longest
      c.ages.pop_back();
    }
    if (by.kind == step_kind::tick && lifetime > 0) {
      for (copies& c : in_flight) {
        for (int& age : c.ages) ++age;
        std::erase_if(c.ages, [&](int age) { return age >= lifetime; });
      }
    }
    if (s.did)
      for (const values& segment : s.did->sent) {
        copies& c = of(by.side, segment);
        c.ages.insert(c.ages.begin(), 0);
      }
    result.push_back(std::move(by));
  }
  return result;
}

}  // namespace tcpmc::traces
