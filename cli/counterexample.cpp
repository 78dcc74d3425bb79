#include "cli/counterexample.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "cli/reporting.hpp"
#include "properties/monitored.hpp"
#include "traces/trace.hpp"

namespace tcpmc::cli {

using language::composition;
using properties::marks;
using properties::property_set;
using system::step;

namespace {

bool is_stuck(const composition& c, const property_set& p, const system::plain_state& s) {
  const system::plain_system on(c, p.observers);
  std::uint32_t met = 0;
  for (const system::plain_successor& next : on.successors(s, met))
    if (next.by.kind != system::step_kind::tick && next.state.endpoints != s.endpoints) return false;
  for (int side = 0; side < 2; ++side)
    if (on.machine(side).any_timer_runs(s.endpoints[static_cast<std::size_t>(side)])) return false;
  if (!s.channels[0].empty() || !s.channels[1].empty()) return false;
  language::scene view;
  view[language::row::self] = s.endpoints[0].data();
  view[language::row::peer] = s.endpoints[1].data();
  view.modulus = c.protocols[0].modulus;
  return met == 0 && c.scenario.final && !language::holds(*c.scenario.final, view);
}

}  // namespace

void counterexample::count_faults() {
  losses = duplicates = 0;
  const auto count = [&](const step& by) {
    losses += by.kind == system::step_kind::lose;
    duplicates += by.kind == system::step_kind::duplicate;
  };
  for (const system::plain_successor& s : run.steps) count(s.by);
  if (!ports) return;
  for (const system::ports_successor& s : ports->steps)
    if (s.moved) count(s.moved->by);
}

bool violates(const composition& c, const property_set& p, std::size_t property, const traces::run& r) {
  if (p.all[property].stuck) return is_stuck(c, p, r.end());
  const properties::judge judge(c, p);
  const marks wanted = properties::violated(property);
  if ((judge.state(&r.end().endpoints[0], &r.end().endpoints[1]).certain & wanted) != 0) return true;
  if (r.steps.empty() || !r.steps.back().did) return false;
  const system::plain_successor& last = r.steps.back();
  const auto side = static_cast<std::size_t>(last.by.side);
  const system::plain_state& before = r.steps.size() > 1 ? r.steps[r.steps.size() - 2].state : r.start;
  std::array<std::vector<const int*>, 2> flight;
  for (std::size_t s = 0; s < 2; ++s)
    for (const system::flight& f : last.state.channels[s]) flight[s].push_back(f.segment.data());
  const system::values* segment = system::arrives(last.by.kind) ? &last.by.segment : nullptr;
  const properties::step_view view{last.by.side, &before.endpoints[side], &last.did->after,
                                   segment,      last.did->label.data(),  system::pointers(last.did->sent)};
  return (judge.step(view, &before.endpoints[1 - side], &flight[side], &flight[1 - side]).certain & wanted) !=
         0;
}

bool violates(const composition& c, const property_set& p, std::size_t property, const traces::ports_run& r) {
  using system::ports_event;
  const marks wanted = properties::violated(property);
  if (p.all[property].unserved) return !r.steps.empty() && r.steps.back().by.event == ports_event::unserved;
  std::vector<std::array<const int*, 2>> rows;
  for (const system::plain_state& port : r.end().ports) {
    rows.push_back({port.endpoints[0].data(), port.endpoints[1].data()});
    if (violates(c, p, property, traces::run{port, {}})) return true;
  }
  if ((properties::judge(c, p).ports(rows) & wanted) != 0) return true;
  if (r.steps.empty() || !r.steps.back().moved) return false;
  const auto port = static_cast<std::size_t>(r.steps.back().by.port);
  return violates(c, p, property,
                  traces::run{traces::before(r, r.steps.size() - 1).ports[port], {*r.steps.back().moved}});
}

checker::keep_going time_left(const checker::options& limits) {
  return [&limits] { return caught_signal() == 0 && std::chrono::steady_clock::now() < limits.deadline; };
}

std::shared_ptr<composition> with_duplicates(const composition& c, int most) {
  auto bounded = std::make_shared<composition>(c);
  language::network& n = bounded->scenario.network;
  n.duplication = {false, most};
  // What is never delivered may stay in flight; only where segments age do they have to be let go.
  n.loss = {n.lifetime > 0, 0};
  n.capacity = 1000;
  return bounded;
}

counterexample minimised(const std::shared_ptr<const composition>& on, const property_set& p,
                         std::size_t property, std::vector<step> steps, const checker::keep_going& go_on) {
  counterexample c;
  c.on = on;
  const system::plain_system plain(*on, p.observers);
  steps = traces::minimise(
      plain, std::move(steps), [&](const traces::run& r) { return violates(*on, p, property, r); }, go_on);
  auto run = traces::replay(plain, steps);
  if (on->scenario.network.is_set()) {
    std::vector<step> copied = traces::with_copies(plain, steps);
    constexpr int plenty = 1000;
    const auto roomy = with_duplicates(*on, plenty);
    const system::plain_system bounded(*roomy, p.observers);
    run = traces::replay(bounded, copied);
    if (run && !violates(*roomy, p, property, *run)) {
      // What the property sees in flight was delivered before: keep a copy of everything, then what is
      // needed.
      const auto bad = [&](const traces::run& r) { return violates(*roomy, p, property, r); };
      copied = traces::minimise(bounded, traces::with_copies(plain, steps, true), bad, go_on);
      run = traces::replay(bounded, copied);
    }
    if (!run) not_replayed(p.all[property].name);
    c.on = with_duplicates(*on, plenty - run->end().duplicates);
    run = traces::replay(system::plain_system(*c.on, p.observers), copied);
  }
  if (!run || !violates(*c.on, p, property, *run)) not_replayed(p.all[property].name);
  c.run = std::move(*run);
  c.minimality = go_on() ? "minimised: no single step can be left out; not proven shortest"
                         : "not minimised to the end: no time was left; not proven shortest";
  c.count_faults();
  return c;
}

void not_replayed(const std::string& what) {
  throw std::logic_error(
      fmt::format("the counterexample to '{}' could not be replayed by the interpreter", what));
}

}  // namespace tcpmc::cli
