// Ghost tags change nothing that a protocol does.
//
// The erasure of a state sets all tags to 0: incarnation and peer_incarnation of both endpoints, and
// incarnation, peer_incarnation, isn and answer of every segment. For every reachable state of every shipped
// protocol and variant, in small scenarios, it is shown that the state and its erasure have the same moves.
// So the reachable states, with their tags erased, are exactly the states that are reachable without tags,
// and each has the same steps: erasure is a bisimulation.
//
// A move is a step with all that shows of it but tags: what happened to whom, the flags and fields of the
// segment that it is about, its age, the rules that fired, what was sent, the label, and the successor's
// erasure. Moves are compared as sets: two segments that differ in tags only are two steps, and without
// tags one. Observers are ghosts too, and are left out from the beginning.
//
// The scenario's bounds are not tags, and have to mean the same with and without. The incarnations that an
// endpoint has begun are counted by "attempts", which is the scenario's budget and stays (the tag is a copy
// of it). Capacity counts copies, whatever their tags. A retransmission is charged by flags and fields. The
// bounds that are met in a state are compared as well. On the unlimited network, where a channel is a set,
// of segments that differ in tags only the youngest stays in the erasure, as if there had been one; there the
// age at which a segment is delivered shows in nothing, and is left out of a move.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/language/library.hpp"
#include "model/language/protocol_source.hpp"
#include "model/system/plain.hpp"

namespace tcpmc {
namespace {

using language::code;
using language::composition;
using system::flight;
using system::plain_state;
using system::plain_successor;
using system::plain_system;
using system::step_kind;
using system::values;

struct move {
  step_kind kind;
  int side, which, choice;
  values segment;
  int age;
  std::vector<int> rules;
  std::vector<values> sent;
  values label;
  plain_state after;

  auto operator<=>(const move&) const = default;
};

struct moves {
  std::set<move> all;
  std::uint32_t bounds = 0;  // that were met

  bool operator==(const moves&) const = default;
};

class erasing {
 public:
  explicit erasing(const plain_system& on) : on_(on), network_(on.made_of().scenario.network) {}

  plain_state erased(plain_state s) const {
    for (int side = 0; side < 2; ++side) {
      const language::endpoint_layout& l = on_.machine(side).layout();
      values& row = s.endpoints[static_cast<std::size_t>(side)];
      for (const int ghost : {l.incarnation, l.peer_incarnation}) row[static_cast<std::size_t>(ghost)] = 0;
      std::vector<flight>& channel = s.channels[static_cast<std::size_t>(side)];
      for (flight& f : channel) {
        f.segment = wire(std::move(f.segment));
        f.segment.resize(static_cast<std::size_t>(on_.machine(side).segment().slots), 0);
      }
      if (network_.order == language::delivery_order::fifo) continue;
      std::sort(channel.begin(), channel.end());
      if (!network_.is_set()) continue;
      const auto same = [](const flight& a, const flight& b) { return a.segment == b.segment; };
      channel.erase(std::unique(channel.begin(), channel.end(), same), channel.end());  // the youngest first
    }
    return s;
  }

  moves from(const plain_state& s) const {
    moves result;
    for (plain_successor& next : on_.successors(s, result.bounds)) {
      const system::step& by = next.by;
      const bool by_network = by.kind == step_kind::lose || by.kind == step_kind::duplicate;
      move m{by.kind,
             by.side,
             by_network ? 0 : by.which,
             by.choice,
             wire(by.segment),
             network_.is_set() ? 0 : by.age,
             {},
             {},
             {},
             erased(std::move(next.state))};
      if (next.did) {
        m.rules = next.did->rules;
        for (const values& segment : next.did->sent) m.sent.push_back(wire(segment));
        m.label.assign(next.did->label.begin(), next.did->label.end());
      }
      result.all.insert(std::move(m));
    }
    return result;
  }

 private:
  values wire(values segment) const {
    const auto flags_and_fields = static_cast<std::size_t>(on_.machine(0).protocol().segment_slots());
    if (segment.size() > flags_and_fields) segment.resize(flags_and_fields);
    return segment;
  }

  const plain_system& on_;
  const language::network& network_;
};

struct exploration {
  std::size_t states = 0, erasures = 0;
  std::set<int> arrivals;  // the rules that fired when a segment arrived
  bool differs = false;    // some state and its erasure have not the same moves; then it was the last one
};

constexpr std::size_t most_states = 30'000;

exploration explore(const composition& c) {
  const std::array<system::observers, 2> none;
  const plain_system on(c, none);
  const erasing e(on);
  std::set<plain_state> reachable;
  std::vector<const plain_state*> queue;
  std::map<plain_state, moves> without_tags;  // by erasure
  const auto discover = [&](plain_state s) {
    const auto [at, fresh] = reachable.insert(std::move(s));
    if (fresh) queue.push_back(&*at);
  };
  exploration result;
  discover(on.initial());
  for (std::size_t next = 0; next < queue.size() && !result.differs; ++next) {
    if (queue.size() > most_states) throw std::runtime_error("too many states for a test");
    const plain_state erased = e.erased(*queue[next]);
    const auto [known, fresh] = without_tags.try_emplace(erased);
    if (fresh) known->second = e.from(erased);
    result.differs = !(e.from(*queue[next]) == known->second);
    std::uint32_t met = 0;
    for (plain_successor& s : on.successors(*queue[next], met)) {
      if (s.by.kind == step_kind::deliver) result.arrivals.insert(s.did->rules.begin(), s.did->rules.end());
      discover(std::move(s.state));
    }
  }
  result.states = reachable.size();
  result.erasures = without_tags.size();
  return result;
}

// ---- Scenarios ----

// Small ones in which an endpoint meets segments of more than one incarnation.
const std::map<std::string, std::string> scenarios = {
    {"give up and reopen, any order, one copy", R"("A": { "application": [
       { "call": "OPEN active", "times": 2 }, { "call": "CLOSE", "when": "state == SYN-SENT" } ] },
     "B": { "start": "LISTEN" }, "incarnations": 2, "time": "untimed", "set": { "isn_spread": 1 },
     "network": { "order": "any", "loss": 0, "duplication": 1, "capacity": 2 })"},
    {"abort and reopen, in order, one loss", R"("A": { "application": [
       { "call": "OPEN active", "times": 2 }, { "call": "ABORT", "when": "state in synchronized" } ] },
     "B": { "start": "LISTEN", "application": [ { "call": "OPEN passive" } ] }, "incarnations": 2, "time": "untimed", "set": { "isn_spread": 1 },
     "network": { "order": "fifo", "loss": 1, "duplication": 0, "capacity": 2 })"},
    {"give up and reopen, unlimited network", R"("A": { "application": [
       { "call": "OPEN active", "times": 2 }, { "call": "CLOSE", "when": "state == SYN-SENT" } ] },
     "B": { "start": "LISTEN" }, "incarnations": 2, "time": "untimed", "set": { "isn_spread": 1 },
     "network": { "order": "any", "loss": "unlimited", "duplication": "unlimited" })"},
    {"close and reopen, exact time", R"("A": { "application": [
       { "call": "OPEN active", "times": 2 }, { "call": "CLOSE", "when": "state == ESTABLISHED" } ] },
     "B": { "start": "LISTEN", "application": [
       { "call": "OPEN passive" }, { "call": "CLOSE", "when": "state == CLOSE-WAIT" } ] },
     "incarnations": 2, "time": "timed", "set": { "msl": 1, "rto": 2, "r2": 1, "isn_spread": 1 },
     "network": { "order": "any", "loss": 1, "duplication": 0, "lifetime": 1, "capacity": 3 })"},
    {"give up and reopen, unlimited network, ageing", R"("A": { "application": [
       { "call": "OPEN active", "times": 2 }, { "call": "CLOSE", "when": "state == SYN-SENT" } ] },
     "B": { "start": "LISTEN" }, "incarnations": { "A": 2, "B": 1 }, "time": "lazy", "set": { "msl": 2, "isn_spread": 1 },
     "network": { "order": "any", "loss": "unlimited", "duplication": "unlimited", "lifetime": 2 })"},
    {"give up and reopen, a loss, attacked", R"("A": { "application": [
       { "call": "OPEN active", "times": 2 }, { "call": "CLOSE", "when": "state == SYN-SENT" } ] },
     "B": { "start": "LISTEN" }, "incarnations": { "A": 2, "B": 1 }, "time": "untimed", "set": { "isn_spread": 1 },
     "attacker": { "against": "B", "knows": ["rnx"], "segments": 1, "forges": [
       { "segment": "RST seq=rnx" }, { "segment": "SYN seq=100" }, { "segment": "ACK seq=101 ack=301" } ] },
     "network": { "order": "any", "loss": 1, "duplication": 0, "capacity": 2 })"}};

// Where the clocks of timestamps come to rest.
const std::map<std::string, std::string> prompt_scenarios = {
    {"give up and reopen at once, sequence numbers come again", R"("A": { "application": [
       { "call": "OPEN active", "times": 2, "prompt": true }, { "call": "CLOSE", "when": "state == SYN-SENT", "prompt": true },
       { "call": "ABORT", "when": "state == ESTABLISHED", "prompt": true } ] },
     "B": { "start": "LISTEN" },
     "incarnations": { "A": 2, "B": 1 }, "time": "timed", "set": { "msl": 1, "rto": 2, "isn": "constant" },
     "network": { "order": "any", "loss": 0, "duplication": 0, "lifetime": 1, "capacity": 2 })"}};

struct loaded {
  std::unique_ptr<language::library> files;  // owns what the composition points into
  std::unique_ptr<composition> composed;     // none: refused
  std::string errors;
};

// `protocol` is a name, or the text of a variant.
loaded load(const std::string& protocol, const std::string& scenario) {
  loaded l;
  l.files = std::make_unique<language::library>();
  const bool text = protocol[0] == '{';
  if (text) l.files->preload("./variant.json", protocol);
  l.files->preload("./s.json", R"({ "scenario": "s", "says": "made by a test", )" + scenario + " }");
  language::diagnostics errors;
  language::source_store sources;
  const auto source = language::load_protocol(text ? "./variant.json" : protocol, *l.files, {}, errors);
  const auto* s = l.files->find("./s.json", language::file_kind::scenario, {}, errors);
  if (source && s != nullptr)
    if (auto composed = language::compose(*source, *s, {}, errors))
      l.composed = std::make_unique<composition>(std::move(*composed));
  l.errors = errors.text();
  return l;
}

class erasure : public testing::TestWithParam<std::string> {};

TEST_P(erasure, is_a_bisimulation) {
  std::size_t states = 0, erasures = 0;
  for (const auto& [name, scenario] : GetParam() == "rfc1337-f2" ? prompt_scenarios : scenarios) {
    SCOPED_TRACE(name);
    const loaded l = load(GetParam(), scenario);
    ASSERT_TRUE(l.composed) << l.errors;
    const exploration found = explore(*l.composed);
    EXPECT_FALSE(found.differs);
    states += found.states;
    erasures += found.erasures;
  }
  EXPECT_GT(states, erasures) << "the tags told no two states apart, so little was shown";
}

std::vector<std::string> protocols() {
  std::vector<std::string> names;
  for (const language::builtin_file& f : language::builtin_files())
    if (f.kind == language::file_kind::protocol || f.kind == language::file_kind::variant)
      names.emplace_back(f.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(shipped, erasure, testing::ValuesIn(protocols()), [](const auto& one) {
  std::string name = one.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

// ---- It would be noticed ----

code leaf(language::operation is, language::type of, language::row where, int value) {
  code c;
  c.is = is;
  c.of = std::move(of);
  c.where = where;
  c.value = value;
  return c;
}
code tag(language::row where, int slot) {
  return leaf(language::operation::slot, language::type::integer(0, 7), where, slot);
}
code joined(language::operation is, code a, code b) {
  code c = leaf(is, language::type::boolean(), language::row::self, 0);
  c.args = {std::move(a), std::move(b)};
  return c;
}
code is_zero(code c) {
  return joined(language::operation::equal, std::move(c),
                leaf(language::operation::constant, language::type::integer(), language::row::self, 0));
}

// rfc9293 with one thing changed behind the loader's back, at both ends.
bool noticed(const std::string& scenario,
             const std::function<void(language::protocol&, language::side_of_scenario&,
                                      const language::endpoint_layout&)>& change) {
  const loaded l = load("rfc9293", scenario);
  for (std::size_t side = 0; side < 2; ++side) {
    language::protocol& p = l.composed->protocols[side];
    language::side_of_scenario& user = l.composed->scenario.sides[side];
    change(p, user, language::endpoint_layout(p, user));
  }
  return explore(*l.composed).differs;
}

// Each rule of segment arrival that fires at all would be noticed if it asked for a tag of the segment.
TEST(erasure, notices_every_rule_that_reads_a_tag) {
  const std::string& scenario = scenarios.at("abort and reopen, in order, one loss");
  const loaded l = load("rfc9293", scenario);
  const exploration right = explore(*l.composed);
  ASSERT_FALSE(right.differs);
  EXPECT_FALSE(noticed(scenario, [](auto&, auto&, const auto&) {}));
  int asked = 0;
  for (const language::stage& stage : l.composed->protocols[0].stages)
    for (const int r : stage.rules) {
      if (right.arrivals.count(r) == 0) continue;
      ++asked;
      EXPECT_TRUE(noticed(scenario, [&](language::protocol& p, auto&, const auto&) {
        language::rule& rule = p.rules[static_cast<std::size_t>(r)];
        code reads = is_zero(tag(language::row::segment, language::segment_layout(p).incarnation));
        rule.when = rule.when ? joined(language::operation::conjunction, *rule.when, reads) : reads;
      })) << l.composed->protocols[0].rules[static_cast<std::size_t>(r)].id;
    }
  EXPECT_GE(asked, 10);
}

// And every other way from a tag into the protocol: what is stored, what is sent, what the user waits for.
TEST(erasure, notices_tags_that_are_stored_or_sent_or_waited_for) {
  const std::string& scenario = scenarios.at("give up and reopen, any order, one copy");
  const auto first = [](language::protocol& p, language::verb is) -> language::instruction& {
    for (language::rule& rule : p.rules)
      for (language::instruction& i : rule.body)
        if (rule.id == "listen-syn" && i.is == is) return i;
    throw std::logic_error("listen-syn does not do that");
  };
  const auto tag_of_segment = [](const language::protocol& p) {
    return tag(language::row::segment, language::segment_layout(p).incarnation);
  };
  EXPECT_TRUE(noticed(scenario, [&](language::protocol& p, auto&, const auto&) {
    first(p, language::verb::assign).args[0] = tag_of_segment(p);
  }));
  EXPECT_TRUE(noticed(scenario, [&](language::protocol& p, auto&, const auto&) {
    first(p, language::verb::send).segment[p.flags.size()] = tag_of_segment(p);
  }));
  EXPECT_TRUE(
      noticed(scenario, [&](auto&, language::side_of_scenario& user, const language::endpoint_layout& at) {
        for (language::intention& i : user.application)
          if (i.when) i.when = is_zero(tag(language::row::self, at.incarnation));
      }));
}

// The loader refuses all of that.
TEST(erasure, is_what_the_loader_sees_to) {
  const auto& scenario = scenarios.at("give up and reopen, any order, one copy");
  const auto variant = [](const std::string& rule) {
    return R"({ "variant": "v", "of": "rfc9293", "cite": "none", "says": "reads a tag",
      "changes": [ { "before": "syn-acknowledged", "add": )" +
           rule + " } ] }";
  };
  for (const char* ghost :
       {"seg.incarnation", "seg.peer_incarnation", "incarnation", "peer_incarnation", "attempts"})
    for (const char* rule : {R"({{ "id": "r", "when": "{} == 1", "do": ["drop"] }})",
                             R"({{ "id": "r", "when": "seg.SYN", "do": ["queued := {}"] }})",
                             R"({{ "id": "r", "when": "seg.SYN", "do": ["send ACK seq=nxt data={}"] }})"}) {
      const loaded l = load(variant(fmt::format(fmt::runtime(rule), ghost)), scenario);
      EXPECT_FALSE(l.composed);
      EXPECT_NE(l.errors.find("ghost tag"), std::string::npos) << l.errors;
    }
  const std::string asks =
      R"("A": { "application": [ { "call": "OPEN active", "when": "incarnation == 0" } ] }, "B": {},
     "incarnations": 1, "time": "untimed", "network": { "order": "any", "loss": 0, "duplication": 0 })";
  EXPECT_NE(load("rfc9293", asks).errors.find("ghost tag"), std::string::npos);
}

}  // namespace
}  // namespace tcpmc
