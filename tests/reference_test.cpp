// Every search against the naive explorer (naive.hpp), on many small compositions.
//
// A comparison answers with a list of differences in words, so that it can also be asked to find some: the
// last tests break a model or a search on purpose and expect to be told. Scenarios are made here, from small
// texts, so that every dimension of the network, the clock and the users is varied; one group runs every
// built-in variant, another draws scenarios from a fixed seed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checker/cover.hpp"
#include "cli/check.hpp"
#include "model/language/protocol_source.hpp"
#include "properties/covering.hpp"
#include "properties/monitored.hpp"
#include "tests/drawing.hpp"
#include "tests/enumerated.hpp"
#include "tests/naive.hpp"
#include "tests/reached.hpp"
#include "traces/run.hpp"

namespace tcpmc {
namespace {

using language::composition;
using language::time_mode;
using properties::property_set;
using properties::violated;
using properties::witnessed;

// ---- Scenarios, as texts ----

constexpr int unlimited = -1;

struct intention {
  std::string call, when;
  int times = 1;
};

struct user {
  std::string start;
  std::vector<intention> wants;
};

struct setup {
  std::string protocol = "rfc9293";
  user a, b;
  int incarnations = 1;
  std::string order = "any";
  int loss = 0, duplication = 0;  // or unlimited
  int lifetime = 0;               // 0: without limit
  int capacity = 2;
  std::string time = "untimed";
  std::vector<std::pair<std::string, std::string>> set = {};  // parameters and their values, as JSON
  std::string final = "state in {CLOSED, LISTEN} && peer.state in {CLOSED, LISTEN}";
  std::string attacker = {};  // its keys; none if empty

  bool is_set() const { return order == "any" && loss == unlimited && duplication == unlimited; }

  std::string text() const {
    const auto amount = [](int n) {
      return n == unlimited ? std::string("\"unlimited\"") : std::to_string(n);
    };
    const auto side = [](const user& u) {
      std::vector<std::string> lines;
      for (const intention& i : u.wants)
        lines.push_back(fmt::format(R"({{ "call": "{}", "times": {}{} }})", i.call, i.times,
                                    i.when.empty() ? "" : fmt::format(R"(, "when": "{}")", i.when)));
      return fmt::format(R"({{ "start": "{}", "application": [ {} ] }})", u.start, fmt::join(lines, ", "));
    };
    std::string network = fmt::format(R"("order": "{}", "loss": {}, "duplication": {})", order, amount(loss),
                                      amount(duplication));
    if (lifetime > 0) network += fmt::format(R"(, "lifetime": {})", lifetime);
    if (!is_set()) network += fmt::format(R"(, "capacity": {})", capacity);
    std::vector<std::string> settings;
    for (const auto& [name, value] : set) settings.push_back(fmt::format(R"("{}": {})", name, value));
    return fmt::format(
        R"({{ "scenario": "s", "says": "made by a test", "A": {}, "B": {}, "incarnations": {},
  "network": {{ {} }}, "time": "{}", "set": {{ {} }}, "final": "{}"{} }})",
        side(a), side(b), incarnations, network, time, fmt::join(settings, ", "), final,
        attacker.empty() ? "" : fmt::format(R"(, "attacker": {{ {} }})", attacker));
  }
};

struct example {
  std::string name;
  setup with;
};
void PrintTo(const example& e, std::ostream* out) { *out << e.with.protocol << " in " << e.with.text(); }
template <typename Example>
std::string name_of(const testing::TestParamInfo<Example>& info) {
  std::string name = info.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

// ---- What is compared: a composition and the properties that can be decided in it ----

// Properties that no built-in one stands for: marks at the first step, formulas over both channels.
const std::vector<std::pair<std::string, std::string>> probes = {
    {"./first-step.json",
     R"json({ "property": "first-step", "says": "violated by the very first call or later",
        "never": "state == SYN-SENT", "witness": "peer.state == SYN-SENT" })json"},
    {"./channels.json", R"json({ "property": "channels", "says": "looks at both channels after a step",
        "never step": "!delivered() && outgoing(seg.SYN) && incoming(seg.ACK && seg.seq == peer.iss)",
        "witness step": "delivered() && outgoing(seg.ACK) && incoming(seg.SYN || seg.ack == old.nxt)" })json"},
    {"./absence.json",
     R"json({ "property": "absence", "says": "asks what is not in flight; not for the unlimited network",
        "never step": "delivered() && !outgoing(seg.ACK) && !incoming(true) && state == ESTABLISHED",
        "witness step": "!delivered() && !incoming(true) && state == old.state" })json"}};

// What single steps have to do: there is a most to properties in one run, and observers multiply states, so
// each setup asks for a third of them.
const std::vector<std::string> of_single_steps = {"close-is-kept",
                                                  "fresh-isns",
                                                  "no-needless-retransmission",
                                                  "nothing-kept-in-closed",
                                                  "patience",
                                                  "quiet-time-is-kept",
                                                  "timers-fit-the-state",
                                                  "user-is-told",
                                                  "what-is-not-answered",
                                                  "what-moves-a-connection",
                                                  "what-must-be-answered",
                                                  "well-formed-segments"};

bool asks_for(const setup& s, std::string_view property) {
  const auto at = std::find(of_single_steps.begin(), of_single_steps.end(), property);
  const std::string text = s.protocol + s.text();
  return at == of_single_steps.end() ||
         (at - of_single_steps.begin()) % 3 == std::accumulate(text.begin(), text.end(), 0) % 3;
}

struct model {
  std::unique_ptr<language::library> files;  // owns what everything else points into
  std::shared_ptr<const composition> composed;
  std::vector<const language::document*> offered;    // the built-in properties and the probes
  std::vector<const language::document*> documents;  // of them those that the scenario can decide
  property_set properties;

  bool is_set() const { return composed->scenario.network.is_set(); }
};

// `extra` are texts by path that the library shall know, e.g. the protocol.
model load(const setup& s, const std::vector<std::pair<std::string, std::string>>& extra = {}) {
  model m;
  m.files = std::make_unique<language::library>();
  for (const auto& [path, text] : extra) m.files->preload(path, text);
  for (const auto& [path, text] : probes) m.files->preload(path, text);
  m.files->preload("./s.json", s.text());
  language::diagnostics errors;
  const auto source = language::load_protocol(s.protocol, *m.files, {}, errors);
  const language::document* scenario = m.files->find("./s.json", language::file_kind::scenario, {}, errors);
  std::optional<composition> composed;
  if (source && scenario != nullptr) composed = language::compose(*source, *scenario, {}, errors);
  if (!composed) throw std::runtime_error(errors.text() + s.text());
  m.composed = std::make_shared<composition>(std::move(*composed));

  std::vector<std::string> names;
  for (const language::builtin_file& f : language::builtin_files())
    if (f.kind == language::file_kind::property && asks_for(s, f.name)) names.emplace_back(f.name);
  for (const auto& probe : probes) names.push_back(probe.first);
  for (const std::string& name : names) {
    const language::document* d = m.files->find(name, language::file_kind::property, {}, errors);
    if (d == nullptr) throw std::runtime_error(errors.text());
    m.offered.push_back(d);
    language::diagnostics refused;
    if (properties::load_properties({d}, *m.composed, refused)) m.documents.push_back(d);
  }
  auto p = properties::load_properties(m.documents, *m.composed, errors);
  if (!p) throw std::runtime_error(errors.text());
  m.properties = std::move(*p);
  return m;
}

bool has_property(const model& m, const std::string& name) {
  return std::any_of(m.properties.all.begin(), m.properties.all.end(),
                     [&](const auto& p) { return p.name == name; });
}

naive::exploration naively(const model& m, std::uint64_t most) {
  return naive::explore(system::plain_system(*m.composed, m.properties.observers), m.properties, most,
                        m.is_set());
}

// ---- The comparisons ----

constexpr std::uint64_t most_states = 30'000;  // of an example; the naive explorer is slow

class differences {
 public:
  void add(std::string what) {
    if (all_.size() < 20) all_.push_back(std::move(what));
  }
  template <typename T>
  void unless_same(const std::string& what, const T& reference, const T& found) {
    if (!(reference == found)) add(fmt::format("{}: naively {}, here {}", what, reference, found));
  }
  bool empty() const { return all_.empty(); }
  std::string text() const { return fmt::format("{}\n", fmt::join(all_, "\n")); }

 private:
  std::vector<std::string> all_;
};

void compare_marks(const naive::exploration& reference, const property_set& p, properties::marks seen,
                   differences& d) {
  for (std::size_t i = 0; i < p.all.size(); ++i) {
    d.unless_same(p.all[i].name + " violated", reference.violated[i].has_value(), (seen & violated(i)) != 0);
    d.unless_same<bool>(p.all[i].name + " witnessed", reference.witnessed[i], (seen & witnessed(i)) != 0);
  }
  d.unless_same("bounds", reference.bounds, properties::bounds_of(seen));
}

// The enumerating search: the same states, transitions and depth, the same marks, paths as short; and all of
// it the same for any number of threads, however states are kept, with the levels in a file, and if it is
// stopped half-way and resumed.
differences compare_enumerating(const naive::exploration& reference, const model& m) {
  differences d;
  const auto with = [&](kept states, const checker::options& how) {
    return enumerate(*m.composed, m.properties, how, states);
  };
  const enumerated found = with(kept::in_matrices, {});
  const checker::statistics& numbers = found.statistics;
  if (numbers.ended != checker::outcome::complete) d.add("the search did not end by itself");
  d.unless_same("states", reference.states, numbers.states);
  d.unless_same("states in the levels", reference.states, std::uint64_t{found.states.size()});
  d.unless_same("transitions", reference.transitions, numbers.transitions);
  d.unless_same("depth", reference.depth, numbers.depth);
  compare_marks(reference, m.properties, numbers.seen, d);
  for (std::size_t i = 0; i < m.properties.all.size(); ++i)
    if (reference.violated[i] && (numbers.seen & violated(i)) != 0)
      d.unless_same("length of the path to " + m.properties.all[i].name, *reference.violated[i],
                    std::uint64_t{found.paths[i].size()});
  if (!d.empty()) return d;  // the others are compared with this one
  // Any two of them together: how states are kept, where levels are, how many threads there are.
  checker::options threads, in_file, both;
  threads.threads = both.threads = 3;
  in_file.level_memory = both.level_memory = 0;
  const auto same = [&](const char* what, const enumerated& other) {
    if (!(other == found)) d.add(fmt::format("{}: not what the plain run found", what));
  };
  same("matrices, levels in a file, 3 threads", with(kept::in_matrices, both));
  same("matrices by groups, 3 threads", with(kept::in_matrices_by_groups, threads));
  same("a set, levels in a file, 3 threads", with(kept::in_a_set, both));
  same("codes of wide words, 3 threads", with(kept::as_codes_of_wide_words, threads));
  same("codes, levels in a file", with(kept::as_codes, in_file));
  same("a set of wide words, 3 threads", with(kept::in_a_set_of_wide_words, threads));
  // Stopped half-way, by a limit of depth, and resumed.
  const auto resumed = [&](kept states, checker::options first, checker::options then) {
    const std::filesystem::path file =
        std::filesystem::path(testing::TempDir()) / fmt::format("reference_test.{}.levels", getpid());
    std::filesystem::remove(file);
    first.checkpoint = then.checkpoint = file.string();
    first.max_depth = reference.depth / 2;
    with(states, first);
    enumerated whole = with(states, then);
    std::filesystem::remove(file);
    return whole;
  };
  same("matrices, resumed with 3 threads", resumed(kept::in_matrices, {}, threads));
  same("codes of wide words, resumed with one", resumed(kept::as_codes_of_wide_words, threads, {}));
  return d;
}

// State by state and step by step: described in words, the steps from a state are those of its plain partner,
// with the same marks, and partners correspond one to one.
differences compare_steps(const model& reference, const model& m) {
  differences d;
  const system::plain_system plain(*reference.composed, reference.properties.observers);
  const properties::judge judge(*reference.composed, reference.properties);
  properties::monitored_system monitored(*m.composed, m.properties);
  std::map<system::state, system::plain_state> partner;
  std::set<system::plain_state> taken;
  std::vector<system::state> queue;
  const auto discover = [&](const system::state& s, const system::plain_state& is) {
    const auto [at, fresh] = partner.emplace(s, is);
    if (!fresh) {
      if (at->second != is) d.add("one state of the tables is two plain states");
      return;
    }
    if (!taken.insert(is).second) d.add("two states of the tables are one plain state");
    queue.push_back(s);
  };
  discover(monitored.initial(), plain.initial());
  for (std::size_t next = 0; next < queue.size() && d.empty(); ++next) {
    const system::state s = queue[next];
    std::uint32_t met = 0;
    const std::vector<system::plain_successor> steps = plain.successors(partner.at(s), met);
    std::vector<bool> matched(steps.size());
    const properties::marks of_state = monitored.successors(
        s, [&](const system::state& to, const system::table_step& by, properties::marks found) {
          const system::step in_words = monitored.tables().describe(s, by);
          for (std::size_t i = 0; i < steps.size(); ++i) {
            if (matched[i] || steps[i].by != in_words) continue;
            matched[i] = true;
            if (found != naive::judge_step(judge, partner.at(s), steps[i]))
              d.add("a step is judged otherwise than the plain system's");
            discover(to, steps[i].state);
            return;
          }
          d.add("the tables take a step that the plain system does not take");
        });
    if (std::find(matched.begin(), matched.end(), false) != matched.end())
      d.add("the tables leave out a step of the plain system");
    d.unless_same("bounds met in one state", met, properties::bounds_of(of_state));
  }
  return d;
}

// The covering search, on a network that is a set: the same marks, the same reachable pairs of endpoints, the
// same segments that may arrive at each, and the same maximal contents of the channels, with the age of every
// segment. `Covering` is the system that the search sees.
template <typename Covering = properties::covering_system>
differences compare_covering(const naive::exploration& reference, const model& m,
                             const checker::covering_sizes& sizes = {}, unsigned threads = 1) {
  differences d;
  properties::monitored_system monitored(*m.composed, m.properties);
  Covering covering(monitored);
  checker::covering_search<Covering> search(covering, sizes);
  checker::options options;
  options.threads = threads;
  const checker::statistics found = search.run(options, nullptr);
  if (found.ended != checker::outcome::complete) d.add("the search did not end by itself");
  compare_marks(reference, m.properties, found.seen, d);
  std::set<naive::endpoint_pair> pairs;
  std::set<naive::deliverable> deliverables;
  std::map<naive::endpoint_pair, std::set<naive::in_flight>> largest;
  const int lifetime = m.composed->scenario.network.lifetime;
  system::tables& tables = monitored.tables();
  search.for_each_maximal([&](const auto& control, const checker::content& has) {
    const naive::endpoint_pair at{tables.endpoint_row(0, control[0]), tables.endpoint_row(1, control[1])};
    pairs.insert(at);
    naive::in_flight together;
    for (checker::item i = 0; i < has.size(); ++i) {
      if (has[i] == 0) continue;
      const int sender = Covering::sender_of(i);
      const system::values segment = tables.segment_row(sender, Covering::segment_of(i));
      deliverables.insert({at, sender, segment});
      together[static_cast<std::size_t>(sender)].push_back({segment, lifetime > 0 ? lifetime - has[i] : 0});
    }
    for (auto& channel : together) std::sort(channel.begin(), channel.end());
    largest[at].insert(together);
  });
  const auto compare_sets = [&](const std::string& what, const auto& expected, const auto& here) {
    const auto not_in = [](const auto& some, const auto& others) {
      return std::count_if(some.begin(), some.end(), [&](const auto& x) { return others.count(x) == 0; });
    };
    if (expected != here)
      d.add(fmt::format("{}: naively {}, here {}; missing {}, too many {}", what, expected.size(),
                        here.size(), not_in(expected, here), not_in(here, expected)));
  };
  compare_sets("pairs of endpoints", reference.pairs, pairs);
  compare_sets("segments that may arrive", reference.deliverables, deliverables);
  if (reference.largest != largest) d.add("what may be in flight together differs");
  std::size_t maximal = 0;
  for (const auto& [at, contents] : largest) maximal += contents.size();
  d.unless_same("states kept", std::uint64_t{maximal}, found.states);
  return d;
}

// A run to every mark that the covering search saw: it can be taken, and the mark is at its end.
void compare_path(const model& m, properties::marks mark, const std::vector<system::step>& steps,
                  differences& d) {
  const system::plain_system plain(*m.composed, m.properties.observers);
  const auto run = traces::replay(plain, steps);
  if (!run) return d.add(fmt::format("the path to the mark {:x} is not a run", mark));
  const properties::judge judge(*m.composed, m.properties);
  properties::marks there = naive::judge_state(plain, m.properties, judge, run->end());
  if (!run->steps.empty()) {
    const system::plain_state& before =
        run->steps.size() > 1 ? run->steps[run->steps.size() - 2].state : run->start;
    there |= naive::judge_step(judge, before, run->steps.back());
  }
  std::uint32_t met = 0;
  plain.successors(run->end(), met);
  there |= properties::bounds_met(met);
  if ((there & mark) == 0) d.add(fmt::format("the path to the mark {:x} does not lead there", mark));
}

// However the work is cut and shared: all paths are runs, and they do not depend on the number of threads.
differences compare_sharing(const naive::exploration& reference, const model& m) {
  differences d;
  const checker::covering_sizes one_by_one{2, 1, 1}, some{2, 7, 2};
  for (const checker::covering_sizes& sizes : {checker::covering_sizes{}, one_by_one, some}) {
    std::map<properties::marks, std::vector<system::step>> paths;
    std::optional<checker::statistics> alone;
    for (const unsigned threads : {1u, 2u, 3u}) {
      if (threads == 2 && sizes.many != some.many) continue;
      if (const differences other = compare_covering(reference, m, sizes, threads); !other.empty())
        d.add(fmt::format("{} threads, rounds of {}: {}", threads, sizes.round, other.text()));
      properties::monitored_system monitored(*m.composed, m.properties);
      properties::covering_system covering(monitored);
      checker::covering_search<properties::covering_system> search(covering, sizes);
      checker::options options;
      options.threads = threads;
      const checker::statistics found = search.run(options, nullptr);
      if (!alone) alone = found;
      d.unless_same("transitions, however many threads", alone->transitions, found.transitions);
      for (properties::marks rest = found.seen; rest != 0; rest &= rest - 1) {
        const properties::marks mark = rest & -rest;
        std::vector<system::step> steps;
        for (const auto& s : search.path_to(mark)) steps.push_back(covering.describe(s));
        if (threads == 1) compare_path(m, mark, steps, d);
        if (paths.emplace(mark, steps).first->second != steps)
          d.add(fmt::format("{} threads find another path to the mark {:x}", threads, mark));
      }
    }
  }
  return d;
}

// A counterexample on a system of its own: every step can be taken and leads where it says, and the last one
// violates the property. Of a shortest one no beginning does.
void compare_trace(const cli::answer& a, std::size_t index, const property_set& p, differences& d) {
  const cli::counterexample& c = *a.trace;
  const system::plain_system fresh(*c.on, p.observers);
  const auto bad = [&](properties::marks found) { return (found & violated(index)) != 0; };
  system::plain_state at = fresh.initial();
  const properties::judge judge(fresh.made_of(), p);
  bool violates = bad(naive::judge_state(fresh, p, judge, at));
  for (const system::plain_successor& said : c.run.steps) {
    if (violates && c.shortest)
      return d.add(a.property + ": a beginning of the shortest run violates it already");
    const auto step = fresh.apply(at, said.by);
    if (!step) return d.add(a.property + ": a step of the run is not possible");
    if (step->state != said.state) d.add(a.property + ": a step of the run leads elsewhere");
    violates =
        bad(naive::judge_step(judge, at, *step)) || bad(naive::judge_state(fresh, p, judge, step->state));
    at = step->state;
  }
  if (!violates) d.add(a.property + ": the end of its run does not violate it");
}

// The run of a covering search is shown on a network with a budget of copies. If it is said to be a shortest
// one there, it has to be: so far as the naive explorer gets in a short time.
void compare_minimality(const cli::answer& a, std::size_t index, const property_set& p, differences& d) {
  if (!a.trace->shortest) return;
  const system::plain_system fresh(*a.trace->on, p.observers);
  const auto least = naive::explore(fresh, p, 2'000, false).violated[index];
  if (least)
    d.unless_same("least length of a run for " + a.property, *least,
                  std::uint64_t{a.trace->run.steps.size()});
}

// The whole check, as the command makes it: verdicts, and a run for every violation.
void compare_answers(const naive::exploration& reference, const model& m, const cli::check_result& result,
                     const std::vector<std::size_t>& asked, const property_set& p, differences& d) {
  d.unless_same("covering search", m.is_set(), result.covering);
  d.unless_same("answers", asked.size(), result.answers.size());
  if (!d.empty()) return;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const cli::answer& a = result.answers[i];
    const auto least = reference.violated[asked[i]];
    const auto expected = least                                                ? cli::verdict::violated
                          : p.all[i].witness && !reference.witnessed[asked[i]] ? cli::verdict::holds_vacuously
                                                                               : cli::verdict::holds;
    d.unless_same("verdict on " + a.property, std::string(name_of(expected)), std::string(name_of(a.says)));
    d.unless_same("a run for " + a.property, least.has_value(), a.trace.has_value());
    if (!least || !a.trace) continue;
    compare_trace(a, i, p, d);
    if (result.covering) {
      compare_minimality(a, i, p, d);
      continue;
    }
    d.unless_same("said to be shortest", true, a.trace->shortest);
    d.unless_same("length of the run for " + a.property, *least,
                  static_cast<std::uint64_t>(a.trace->run.steps.size()));
  }
  if (result.statistics.ended == checker::outcome::complete)
    d.unless_same("bounds", reference.bounds, result.bounds_met);
}

// Asks for all properties at once, then for each violated one alone: a search that may stop at its goal.
differences compare_check(const naive::exploration& reference, const model& m) {
  differences d;
  const auto ask = [&](const std::vector<std::size_t>& asked) {
    cli::check_input input;
    input.composition = m.composed;
    for (const std::size_t i : asked) input.properties.push_back(m.documents[i]);
    language::diagnostics errors;
    const auto p = properties::load_properties(input.properties, *m.composed, errors);
    try {
      checker::options limits;
      limits.max_states = 20'000;  // ends in time the search for a shortest run beside a covering search
      if (!m.is_set()) limits.max_states = 2 * most_states;
      const auto result = cli::check(input, limits, nullptr, errors);
      if (result)
        compare_answers(reference, m, *result, asked, *p, d);
      else
        d.add(errors.text());
    } catch (const std::logic_error& broken) {
      d.add(broken.what());
    }
  };
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < m.documents.size(); ++i) all.push_back(i);
  ask(all);
  for (const std::size_t i : all)
    if (reference.violated[i]) ask({i});
  return d;
}

// The reduced searches: the verdicts of the whole one, on what they can decide; runs that can be taken, and
// that are as short where that is said; no bound met that the whole one does not meet.
differences compare_reduced(const naive::exploration& reference, const model& m) {
  differences d;
  if (m.is_set()) return d;
  std::vector<const language::document*> monotone;
  language::diagnostics ignored;
  for (const language::document* one : m.documents)
    if (!properties::why_not_faults(*m.composed, *properties::load_properties({one}, *m.composed, ignored)))
      monotone.push_back(one);
  const auto decidable = properties::load_properties(monotone, *m.composed, ignored);
  const reached::things whole = reached::by_search(*m.composed, *decidable, {});
  for (const properties::reductions& by : reached::possible(*m.composed, *decidable)) {
    const auto add = [&](const std::string& wrong) {
      d.add(fmt::format("reduced by {}{}: {}", by.faults ? "faults " : "", by.symmetry ? "symmetry" : "",
                        wrong));
    };
    const reached::things reduced = reached::by_search(*m.composed, *decidable, by);
    if (const std::string wrong = reached::differences(whole, reduced); !wrong.empty()) add(wrong);
    checker::options otherwise;
    otherwise.threads = 3;
    otherwise.level_memory = 0;
    if (!(reached::by_search(*m.composed, *decidable, by, otherwise) == reduced))
      add("3 threads with levels in a file find something else");
    if (!(reached::by_search<checker::wide>(*m.composed, *decidable, by) == reduced))
      add("wide words find something else");
  }
  for (const cli::reduce how : {cli::reduce::faults, cli::reduce::symmetry, cli::reduce::all}) {
    cli::check_input input;
    input.composition = m.composed;
    input.reduce = how;
    language::diagnostics errors;
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < m.documents.size(); ++i) {
      const auto alone = properties::load_properties({m.documents[i]}, *m.composed, errors);
      if (how != cli::reduce::symmetry && properties::why_not_faults(*m.composed, *alone)) continue;
      asked.push_back(i);
      input.properties.push_back(m.documents[i]);
    }
    const auto p = properties::load_properties(input.properties, *m.composed, errors);
    const bool symmetric = !properties::why_not_symmetry(*m.composed, *p);
    std::optional<cli::check_result> result;
    try {
      result = cli::check(input, {}, nullptr, errors);
    } catch (const std::logic_error& broken) {
      d.add(broken.what());
      continue;
    }
    if (how == cli::reduce::symmetry && !symmetric) {
      if (result || errors.text().find("--reduce symmetry is not possible") == std::string::npos)
        d.add("a scenario that is not symmetric was reduced by symmetry");
      continue;
    }
    if (!result) {
      d.add(errors.text());
      continue;
    }
    const std::size_t reductions = (how != cli::reduce::symmetry) + (how != cli::reduce::faults && symmetric);
    d.unless_same("reductions made", reductions, result->reduced.size());
    if (result->statistics.states > reference.states) d.add("more states than without a reduction");
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const cli::answer& a = result->answers[i];
      const auto least = reference.violated[asked[i]];
      const auto expected = least ? cli::verdict::violated
                            : p->all[i].witness && !reference.witnessed[asked[i]]
                                ? cli::verdict::holds_vacuously
                                : cli::verdict::holds;
      d.unless_same("reduced: verdict on " + a.property, std::string(name_of(expected)),
                    std::string(name_of(a.says)));
      d.unless_same("reduced: a run for " + a.property, least.has_value(), a.trace.has_value());
      if (!least || !a.trace) continue;
      compare_trace(a, i, *p, d);
      const std::size_t length = a.trace->run.steps.size(),
                        copies = static_cast<std::size_t>(a.trace->duplicates);
      if (a.trace->shortest)
        d.unless_same("reduced: length of the run for " + a.property, *least, std::uint64_t{length});
      else if (copies == 0 || length < *least || length - copies > *least)
        d.add(fmt::format("reduced: a run of {} steps with {} copies for {}, naively {}", length, copies,
                          a.property, *least));
    }
    if (result->statistics.ended != checker::outcome::complete) continue;
    if ((result->bounds_met & ~reference.bounds) != 0) d.add("a bound is met in the reduced search only");
    d.unless_same("reduced: incarnations", reference.bounds & system::bound_incarnations,
                  result->bounds_met & system::bound_incarnations);
  }
  return d;
}

// ---- The examples ----

void compare_all(const model& m) {
  const naive::exploration reference = naively(m, most_states);
  testing::Test::RecordProperty("states", static_cast<int>(reference.states));
  ASSERT_TRUE(reference.complete) << "more than " << most_states << " states";
  const auto agree = [](const differences& d) { EXPECT_TRUE(d.empty()) << d.text(); };
  agree(compare_enumerating(reference, m));
  agree(compare_steps(m, m));
  if (m.is_set()) agree(compare_sharing(reference, m));
  agree(compare_check(reference, m));
  agree(compare_reduced(reference, m));
}

class reference : public testing::TestWithParam<example> {};

TEST_P(reference, agrees) {
  const model m = load(GetParam().with);
  // What a scenario cannot decide is left out, but nothing else.
  const bool untimed = m.composed->scenario.time == time_mode::untimed;
  const auto says = [](const language::document& d, const char* key) {
    const language::json_node* node = d.root.find(key);
    return node != nullptr && node->is == language::json_node::kind::boolean && node->boolean;
  };
  for (const language::document* d : m.offered) {
    const bool undecidable = (untimed && says(*d, "needs time")) ||
                             (m.is_set() && (says(*d, "never stuck") || d->name == "absence")) ||
                             says(*d, "never unserved") || d->name == "time-wait-accumulation";  // of ports
    EXPECT_EQ(has_property(m, d->name), !undecidable) << d->name;
  }
  compare_all(m);
}

const intention open_actively{"OPEN active", ""}, open_passively{"OPEN passive", ""};
const intention close_established{"CLOSE", "state == ESTABLISHED"},
    close_wait{"CLOSE", "state == CLOSE-WAIT"};
const intention close_opened{"CLOSE", "state in {ESTABLISHED, CLOSE-WAIT}"};
const intention close_early{"CLOSE", "state in {SYN-SENT, ESTABLISHED}"};
const intention send_established{"SEND", "state == ESTABLISHED"}, send_listening{"SEND", "state == LISTEN"};
const intention abort_any{"ABORT", ""}, abort_synchronized{"ABORT", "state in synchronized"};

intention twice(intention i) {
  i.times = 2;
  return i;
}

// What the two users want, by name.
setup plan(const std::string& name) {
  struct row {
    user a, b;
    int incarnations = 1;
  };
  static const std::map<std::string, row> rows = {
      {"open", {{"CLOSED", {open_actively}}, {"LISTEN", {}}}},
      {"both open", {{"CLOSED", {open_actively}}, {"CLOSED", {open_actively}}}},
      {"send", {{"CLOSED", {open_actively, send_established}}, {"LISTEN", {}}}},
      {"listener sends", {{"CLOSED", {open_actively}}, {"LISTEN", {send_listening}}}},
      {"abort", {{"CLOSED", {open_actively, abort_any}}, {"LISTEN", {}}}},
      {"close", {{"CLOSED", {open_actively, close_established}}, {"LISTEN", {close_wait}}}},
      {"send and close", {{"CLOSED", {open_actively, send_established, close_established}}, {"LISTEN", {}}}},
      {"both close", {{"CLOSED", {open_actively, close_opened}}, {"LISTEN", {close_opened}}}},
      {"give up and reopen", {{"CLOSED", {twice(open_actively), close_early}}, {"LISTEN", {}}, 2}},
      {"abort and reopen",
       {{"CLOSED", {twice(open_actively), abort_synchronized}}, {"LISTEN", {open_passively}}, 2}},
      {"close and reopen",
       {{"CLOSED", {twice(open_actively), close_established}}, {"LISTEN", {close_wait}}, 2}},
  };
  const row& r = rows.at(name);
  setup s;
  s.a = r.a;
  s.b = r.b;
  s.incarnations = r.incarnations;
  return s;
}

setup in_time(setup s, const std::string& time, int lifetime) {
  s.time = time;
  s.lifetime = lifetime;
  return s;
}
setup on_network(setup s, const std::string& order, int loss, int duplication, int capacity = 2) {
  s.order = order;
  s.loss = loss;
  s.duplication = duplication;
  s.capacity = capacity;
  return s;
}
setup on_set(setup s) { return on_network(std::move(s), "any", unlimited, unlimited); }
setup with(setup s, const std::vector<std::pair<std::string, std::string>>& set) {
  s.set.insert(s.set.end(), set.begin(), set.end());
  return s;
}

std::string amount(int n) { return n == unlimited ? "unlimited" : std::to_string(n); }

// Every network on which something small happens.
std::vector<example> networks() {
  std::vector<example> all;
  for (const std::string order : {"any", "fifo"})
    for (const int loss : {0, 1, unlimited})
      for (const int duplication : {0, 1, unlimited})
        for (const int capacity : {1, 2, 3, 4}) {
          const setup s = on_network(plan("open"), order, loss, duplication, capacity);
          if (s.is_set() && capacity > 1) continue;
          all.push_back({fmt::format("{} loss {} duplication {} capacity {}", order, amount(loss),
                                     amount(duplication), capacity),
                         s});
        }
  return all;
}
INSTANTIATE_TEST_SUITE_P(network, reference, testing::ValuesIn(networks()), name_of<example>);

// Lifetimes in exact and in lazy time, with and without what makes segments vanish.
std::vector<example> lifetimes() {
  std::vector<example> all;
  for (const std::string time : {"lazy", "timed"})
    for (const int lifetime : {0, 1, 2, 3})
      for (const int loss : {0, 1, unlimited})
        for (const int duplication : {0, 1, unlimited})
          for (const std::string order : {"any", "fifo"}) {
            if (order == "fifo" && loss != duplication) continue;
            all.push_back({fmt::format("{} lifetime {} loss {} duplication {} {}", time, lifetime,
                                       amount(loss), amount(duplication), order),
                           with(on_network(in_time(plan("open"), time, lifetime), order, loss, duplication),
                                {{"rto", "2"}, {"r2", "1"}})});
          }
  return all;
}
INSTANTIATE_TEST_SUITE_P(lifetime, reference, testing::ValuesIn(lifetimes()), name_of<example>);

// What users may do, in every time mode, on bounded networks and on the unlimited one. Not all of it
// everywhere: closing takes long, so it is looked at with short lifetimes.
std::vector<example> lives() {
  struct row {
    const char* plan;
    int lazy, lazy_set, timed, timed_set;  // the longest lifetimes
    bool retransmits;                      // with a count of retransmissions on the unlimited network too
  };
  const std::vector<row> rows = {{"both open", 2, 2, 2, 2, true},
                                 {"send", 2, 3, 3, 3, true},
                                 {"listener sends", 2, 1, 2, 2, true},
                                 {"abort", 3, 3, 3, 3, true},
                                 {"close", 1, 1, 2, 1, true},
                                 {"send and close", 1, 1, 2, 2, true},
                                 {"both close", 1, 1, 1, 1, false},
                                 {"give up and reopen", 1, 2, 2, 2, false},
                                 {"abort and reopen", 1, 1, 1, 1, false},
                                 {"close and reopen", 1, 1, 1, 1, false}};
  std::vector<example> all;
  for (const row& r : rows)
    for (const std::string time : {"untimed", "lazy", "timed"})
      for (const int lifetime : {0, 1, 2, 3}) {
        if ((time == "untimed") != (lifetime == 0)) continue;
        const setup s =
            with(in_time(plan(r.plan), time, lifetime),
                 {{"msl", std::to_string(std::max(lifetime, 1))}, {"rto", "2"}, {"time_wait", "1"}});
        const auto add = [&](const std::string& network, const setup& on) {
          all.push_back({fmt::format("{} {} {} {}", r.plan, time, lifetime, network), on});
        };
        const bool lazy = time == "lazy";
        if (lifetime <= (lazy ? r.lazy : r.timed)) {
          add("lossy", on_network(s, "any", 1, 0));
          add("copying", on_network(s, "any", 0, 1));
          add("fifo", on_network(s, "fifo", 1, 1));
        }
        if (lifetime <= (lazy ? r.lazy_set : r.timed_set)) add("set", on_set(s));
        if (r.retransmits && lifetime <= 1) add("set r2", on_set(with(s, {{"r2", "2"}})));
      }
  return all;
}
INSTANTIATE_TEST_SUITE_P(life, reference, testing::ValuesIn(lives()), name_of<example>);

// Every built-in protocol and variant, where its differences show: opening with stale segments about, and
// closing in exact time. rfc9293 in all of these scenarios, each variant in two of them in turn.
std::vector<example> variants() {
  std::vector<example> all;
  std::size_t variant = 0;
  for (const language::builtin_file& f : language::builtin_files()) {
    if (f.kind != language::file_kind::protocol && f.kind != language::file_kind::variant) continue;
    std::size_t scenario = variant++;
    const auto add = [&](const std::string& where, setup s) {
      if (f.kind == language::file_kind::variant && scenario++ % 3 != 0) return;
      s.protocol = f.name;
      if (f.name == "rfc1337-f2") {  // its clocks come to rest only where users are prompt: here they stop
        if (where == "lazy set") return;  // too large for a naive explorer
        s.protocol = TCPMC_SOURCE_DIR "/tests/cross_check/rfc1337-f2-stopping.json";
      }
      all.push_back({fmt::format("{} {}", f.name, where), with(std::move(s), {{"isn_spread", "1"}})});
    };
    add("opening on a set", on_set(plan("give up and reopen")));
    add("opening both ways, fifo", on_network(plan("both open"), "fifo", 1, 1));
    add("reopening, fifo, copies", on_network(plan("abort and reopen"), "fifo", 0, 1));
    add("lazy set", on_set(in_time(plan("close"), "lazy", 1)));
    add("timed set", with(on_set(in_time(plan("close"), "timed", 1)), {{"msl", "1"}, {"rto", "2"}}));
    add("timed closing, losses",
        with(on_network(in_time(plan("close"), "timed", 2), "any", 1, 0), {{"r2", "2"}}));
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(variant, reference, testing::ValuesIn(variants()), name_of<example>);

// The protocol's parameters.
std::vector<example> parameters() {
  std::vector<example> all;
  for (const int r2 : {0, 1, 2})
    for (const int window : {1, 2})
      for (const std::string isn : {"fresh", "constant", "arbitrary"})
        for (const bool set : {false, true}) {
          setup s = plan("send");
          s.a.wants[1] = twice(s.a.wants[1]);
          s = set ? on_set(s) : on_network(s, "fifo", 1, 0);
          s.set = {{"r2", std::to_string(r2)},
                   {"window", std::to_string(window)},
                   {"isn", '"' + isn + '"'},
                   {"isn_spread", "1"}};
          all.push_back(
              {fmt::format("r2 {} window {} isn {} {}", r2, window, isn, set ? "set" : "bounded"), s});
        }
  return all;
}
INSTANTIATE_TEST_SUITE_P(parameter, reference, testing::ValuesIn(parameters()), name_of<example>);

// What is off by default: crashes, the quiet time, RECEIVE, keep-alives and the time-out of FIN-WAIT-2.
std::vector<example> features() {
  const intention crash{"CRASH", "state != LISTEN"}, receive{"RECEIVE", ""}, status{"STATUS", ""};
  std::vector<example> all;
  for (const std::string time : {"untimed", "lazy", "timed"})
    for (const std::string network : {"fifo", "set"}) {
      const auto add = [&](const std::string& name, const user& a, const user& b, int incarnations,
                           const std::vector<std::pair<std::string, std::string>>& set) {
        setup s = in_time({}, time, time == "untimed" ? 0 : 1);
        s.a = a;
        s.b = b;
        s.incarnations = incarnations;
        s = network == "set" ? on_set(std::move(s)) : on_network(std::move(s), "fifo", 1, 0);
        s = with(std::move(s), {{"msl", "1"}, {"rto", "2"}, {"time_wait", "1"}, {"octets", "1"}});
        all.push_back({fmt::format("{} {} {}", name, time, network), with(std::move(s), set)});
      };
      const user listener{"LISTEN", {}};
      for (const std::string survives : {"true", "false"})
        add(fmt::format("crash, numbers survive {}", survives), {"CLOSED", {twice(open_actively), crash}},
            listener, 2, {{"isn_survives", survives}, {"quiet_time", "2"}});
      add("crash of the listener", {"CLOSED", {open_actively}}, {"LISTEN", {crash, open_passively}}, 1, {});
      add("receive", {"CLOSED", {open_actively, send_established, close_established}},
          {"LISTEN", {receive, status}}, 1, {{"buffer", "1"}});
      add("keep-alive", {"CLOSED", {open_actively, crash}}, listener, 1,
          {{"keep_alive", "2"}, {"keep_alive_probes", "1"}});
      add("fin-wait-2", {"CLOSED", {open_actively, close_established}}, listener, 1, {{"fin_wait_2", "2"}});
    }
  return all;
}
INSTANTIATE_TEST_SUITE_P(feature, reference, testing::ValuesIn(features()), name_of<example>);

// Two users who want the same, from the same initial sequence number: what symmetry is for.
setup alike(setup s) {
  s.b = s.a;
  return with(std::move(s), {{"first_isn", "100"}});
}
std::vector<example> symmetric() {
  std::vector<example> all;
  const auto add = [&](const std::string& name, const std::string& of, auto change) {
    for (const std::string order : {"any", "fifo"})
      for (const auto& [loss, duplication] :
           {std::pair(0, 0), std::pair(1, 0), std::pair(1, 1), std::pair(unlimited, 1)}) {
        setup s = on_network(alike(plan(of)), order, loss, duplication);
        change(s);
        all.push_back(
            {fmt::format("{} {} loss {} duplication {}", name, order, amount(loss), amount(duplication)), s});
      }
  };
  add("opening", "both open", [](setup&) {});
  add("stuck for one", "both open", [](setup& s) {
    s.final = "state == ESTABLISHED";
    s.a.wants.push_back(abort_any);
    s.b = s.a;
  });
  add("lazy", "both open", [](setup& s) { s = with(in_time(s, "lazy", 2), {{"msl", "2"}}); });
  add("timed", "both open", [](setup& s) {
    s = with(in_time(s, "timed", 2), {{"msl", "2"}, {"rto", "2"}, {"r2", "1"}});
  });
  add("giving up", "both open", [](setup& s) {
    s.a.wants.push_back({"CLOSE", "state == SYN-SENT"});
    s.b = s.a;
    s.capacity = 1;
  });
  return all;
}
INSTANTIATE_TEST_SUITE_P(symmetric, reference, testing::ValuesIn(symmetric()), name_of<example>);

// ---- Drawn scenarios ----

std::string drawn_attacker(drawing& d) {
  const std::vector<std::string> known = {
      R"({ "segment": "RST seq=rnx + i", "for": { "i": "0..1" } })",
      R"({ "segment": "SYN seq=rnx" })",
      R"({ "segment": "ACK seq=rnx ack=nxt data=1" })",
      R"({ "segment": "FIN ACK seq=rnx ack=nxt" })",
      R"({ "segment": "RST ACK seq=0 ack=nxt" })",
      R"({ "segment": "SYN ACK seq=300 + i ack=101", "for": { "i": "0..1" } })",
      R"({ "segment": "ACK seq=100 ack=301" })",
      R"({ "segment": "SYN seq=100" })"};
  std::vector<std::string> list;
  for (int n = d.number(1, 3); n > 0; --n)
    list.push_back(known[static_cast<std::size_t>(d.number(0, static_cast<int>(known.size()) - 1))]);
  std::string result = fmt::format(R"("against": "{}", "knows": ["rnx", "nxt"], "forges": [ {} ])",
                                   d.chance(50) ? "A" : "B", fmt::join(list, ", "));
  if (d.chance(50))
    result += fmt::format(R"(, "when": "{}")",
                          d.one_of<const char*>({"state in synchronized", "state != CLOSED", "rnx != 0"}));
  if (d.chance(30))
    result += R"(, "order": "listed")";
  else if (d.chance(60))
    result += fmt::format(R"(, "segments": {})", d.number(0, 2));
  return result;
}

setup draw(drawing& d) {
  std::vector<std::string> protocols;
  for (const language::builtin_file& f : language::builtin_files())
    if ((f.kind == language::file_kind::protocol || f.kind == language::file_kind::variant) &&
        f.name != "rfc1337-f2")
      protocols.emplace_back(f.name);
  setup s;
  s.protocol = d.chance(40)
                   ? "rfc9293"
                   : protocols[static_cast<std::size_t>(d.number(0, static_cast<int>(protocols.size()) - 1))];
  s.incarnations = d.number(1, 2);
  const auto more = [&](user& u) {
    const std::vector<intention> wishes = {close_established, close_wait,         close_opened,
                                           close_early,       send_established,   {"SEND", ""},
                                           abort_any,         abort_synchronized, {"CLOSE", ""}};
    for (int n = d.number(0, 2); n > 0; --n) {
      intention wish = wishes[static_cast<std::size_t>(d.number(0, static_cast<int>(wishes.size()) - 1))];
      wish.times = d.number(1, 2);
      u.wants.push_back(wish);
    }
  };
  s.a = {"CLOSED", {open_actively}};
  s.a.wants[0].times = d.number(1, s.incarnations);
  more(s.a);
  s.b.start = d.chance(70) ? "LISTEN" : "CLOSED";
  if (s.b.start == "CLOSED") s.b.wants = {d.chance(60) ? open_actively : open_passively};
  if (s.b.start == "LISTEN" && d.chance(30)) s.b.wants = {open_passively};
  more(s.b);
  s.order = d.chance(70) ? "any" : "fifo";
  s.loss = d.one_of({0, 1, 1, 2, unlimited});
  s.duplication = d.one_of({0, 1, 1, 2, unlimited});
  if (d.chance(30)) s = on_set(s);
  s.capacity = d.number(1, 4);
  s.time = d.one_of<const char*>({"untimed", "lazy", "timed"});
  if (s.time != "untimed") s.lifetime = d.number(d.chance(10) ? 0 : 1, 3);
  s.set = {{"r2", std::to_string(d.number(0, 2))},        {"rto", std::to_string(d.number(1, 3))},
           {"time_wait", std::to_string(d.number(0, 2))}, {"window", std::to_string(d.number(1, 2))},
           {"octets", std::to_string(d.number(1, 2))},    {"isn_spread", "1"}};
  if (d.chance(50))
    s.set.emplace_back("isn", d.one_of<const char*>({"\"fresh\"", "\"constant\"", "\"arbitrary\""}));
  s.final =
      d.one_of<const char*>({"state in {CLOSED, LISTEN} && peer.state in {CLOSED, LISTEN}",
                             "state == ESTABLISHED && peer.state == ESTABLISHED", "peer.state == LISTEN"});
  if (d.chance(30)) s.attacker = drawn_attacker(d);
  return s;
}

class drawn : public testing::TestWithParam<unsigned> {};

TEST_P(drawn, agrees) {
  drawing d(GetParam());
  const bool symmetric = GetParam() % 3 == 0;
  // The first scenario that is small enough and not trivial; the enumerating search says so in no time.
  for (int attempt = 0; attempt < 100; ++attempt) {
    const setup s = symmetric ? alike(draw(d)) : draw(d);
    if (symmetric && s.is_set()) continue;
    const model m = load(s);
    checker::options limits;
    limits.max_states = 4'000;
    const checker::statistics found = enumerate(*m.composed, m.properties, limits).statistics;
    if (found.ended != checker::outcome::complete || found.states < 20) continue;
    SCOPED_TRACE(s.protocol + " in " + s.text());
    compare_all(m);
    return;
  }
  FAIL() << "no small scenario was drawn";
}
INSTANTIATE_TEST_SUITE_P(seed, drawn, testing::Range(0u, 20u));

// ---- The comparison itself ----

// Found by drawing: A is ESTABLISHED and B has given up, with a SYN,ACK of B's still in flight. It changes
// nothing at A when it arrives, but A's answer draws the reset that ends A. So nobody is stuck.
TEST(found, a_stray_segment_can_still_end_a_connection) {
  setup s = with(on_network(plan("open"), "any", 0, 0, 3), {{"r2", "1"}});
  s.b.wants = {abort_synchronized};
  const model m = load(s);
  const naive::exploration reference = naively(m, most_states);
  for (std::size_t i = 0; i < m.properties.all.size(); ++i) {
    const bool stuck = m.properties.all[i].stuck && reference.violated[i];
    EXPECT_FALSE(stuck);
  }
  compare_all(m);
}

// A mistake of the protocol that shows only while it runs: everybody stops, nobody answers.
TEST(mistake, stops_every_search) {
  const std::string careless =
      R"({ "variant": "careless", "of": "rfc9293", "says": "forgets that a queue may be full",
    "changes": [ { "remove": "send-full" } ] })";
  setup s = plan("send");
  s.protocol = "./careless.json";
  s.a.wants[1] = {"SEND", "state == SYN-SENT", 2};
  s.set = {{"octets", "1"}};
  for (const setup& on : {on_network(s, "any", 0, 0), on_set(s)}) {
    const model m = load(on, {{"./careless.json", careless}});
    EXPECT_THROW(naively(m, most_states), language::model_error);
    EXPECT_THROW(enumerate(*m.composed, m.properties, {}), language::model_error);
    cli::check_input input;
    input.composition = m.composed;
    input.properties = m.documents;
    language::diagnostics errors;
    EXPECT_FALSE(cli::check(input, {}, nullptr, errors));
    EXPECT_NE(errors.text().find("'queued' would become 2"), std::string::npos) << errors.text();
  }
}

// What the naive explorer finds in one model is compared with what the engine finds in another that differs
// in one thing only. The comparison has to notice.
struct slip {
  std::string name;
  setup right, wrong;
};
void PrintTo(const slip& s, std::ostream* out) { *out << s.right.text() << " against " << s.wrong.text(); }

const std::vector<std::pair<std::string, std::string>> slips_of_rules = {
    {"./no-challenge.json", R"({ "variant": "no-challenge", "of": "rfc9293", "says": "drops one rule",
        "changes": [ { "remove": "unacceptable" } ] })"},
    {"./forgets-timer.json",
     R"({ "variant": "forgets-timer", "of": "rfc9293", "says": "a timer is not stopped",
        "declare": { "procedures": { "acknowledged": ["una := seg.ack", "retransmissions := 0"] } } })"}};

std::vector<slip> slips() {
  const setup base = on_network(plan("close"), "any", 1, 1);
  const auto changed = [](setup s, auto change) {
    change(s);
    return s;
  };
  const setup lazy = in_time(base, "lazy", 1), timed = with(in_time(plan("open"), "timed", 2), {{"r2", "1"}});
  const setup set = on_set(plan("give up and reopen")),
              lazy_set = with(on_set(in_time(plan("close"), "lazy", 1)), {{"time_wait", "1"}});
  const setup timed_set = with(on_set(in_time(plan("both open"), "timed", 2)), {{"r2", "1"}});
  return {
      {"capacity", base, changed(base, [](setup& s) { s.capacity = 1; })},
      {"order", base, changed(base, [](setup& s) { s.order = "fifo"; })},
      {"losses", base, changed(base, [](setup& s) { s.loss = 2; })},
      {"duplicates", base, changed(base, [](setup& s) { s.duplication = 0; })},
      {"rule", base, changed(base, [](setup& s) { s.protocol = "./no-challenge.json"; })},
      {"timer", base, changed(base, [](setup& s) { s.protocol = "./forgets-timer.json"; })},
      {"lifetime", lazy, changed(lazy, [](setup& s) { s.lifetime = 2; })},
      {"time", lazy, changed(lazy, [](setup& s) { s.time = "timed"; })},
      {"round trip", timed, with(timed, {{"rto", "3"}})},
      {"incarnations", set, changed(set, [](setup& s) { s.incarnations = 1; })},
      {"rule on a set", set, changed(set, [](setup& s) { s.protocol = "./no-challenge.json"; })},
      {"lifetime on a set", lazy_set, changed(lazy_set, [](setup& s) { s.lifetime = 2; })},
      {"shorter lifetime on a set", timed_set, changed(timed_set, [](setup& s) { s.lifetime = 1; })},
      {"round trip on a set", timed_set, with(timed_set, {{"rto", "1"}})},
  };
}

class noticing : public testing::TestWithParam<slip> {};

TEST_P(noticing, works) {
  const model right = load(GetParam().right), wrong = load(GetParam().wrong, slips_of_rules);
  const naive::exploration reference = naively(right, most_states);
  ASSERT_TRUE(reference.complete);
  EXPECT_TRUE(compare_enumerating(reference, right).empty());
  EXPECT_FALSE(compare_enumerating(reference, wrong).empty());
  EXPECT_FALSE(compare_steps(right, wrong).empty());
  if (!right.is_set()) return;
  EXPECT_TRUE(compare_covering(reference, right).empty());
  EXPECT_FALSE(compare_covering(reference, wrong).empty());
}
INSTANTIATE_TEST_SUITE_P(slip, noticing, testing::ValuesIn(slips()), name_of<slip>);

// Covering systems that are wrong in how time passes.
struct too_long : properties::covering_system {
  using covering_system::covering_system;
  std::uint8_t lifetime() const { return static_cast<std::uint8_t>(covering_system::lifetime() + 1); }
};
struct too_short : properties::covering_system {
  using covering_system::covering_system;
  std::uint8_t lifetime() const { return static_cast<std::uint8_t>(covering_system::lifetime() - 1); }
};
struct standing_still : properties::covering_system {
  using covering_system::covering_system;
  std::optional<control> passed(const control&) { return std::nullopt; }
};

TEST(comparison, notices_how_segments_age) {
  const model m = load(with(on_set(in_time(plan("both open"), "timed", 2)), {{"rto", "2"}}));
  const naive::exploration reference = naively(m, most_states);
  ASSERT_TRUE(reference.complete);
  EXPECT_TRUE(compare_covering(reference, m).empty());
  EXPECT_FALSE(compare_covering<too_long>(reference, m).empty());
  EXPECT_FALSE(compare_covering<too_short>(reference, m).empty());
  EXPECT_FALSE(compare_covering<standing_still>(reference, m).empty());
}

// Answers that do not fit: a verdict, a length, a run that does not violate.
TEST(comparison, notices_wrong_answers) {
  const model m = load(on_network(plan("open"), "any", 1, 0));
  const naive::exploration reference = naively(m, most_states);
  EXPECT_TRUE(compare_check(reference, m).empty());
  const auto index = [&](const std::string& name) {
    const auto& all = m.properties.all;
    return static_cast<std::size_t>(
        std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.name == name; }) - all.begin());
  };
  const std::size_t first = index("first-step");
  ASSERT_TRUE(reference.violated[first]);
  naive::exploration other = reference;
  other.violated[first] = 2;
  EXPECT_FALSE(compare_check(other, m).empty());
  other = reference;
  other.violated[index("agreement")] = 3;
  EXPECT_FALSE(compare_check(other, m).empty());
  other = reference;
  other.witnessed[index("agreement")] = false;
  EXPECT_FALSE(compare_check(other, m).empty());

  cli::check_input input;
  input.composition = m.composed;
  input.properties = m.documents;
  language::diagnostics errors;
  const auto result = cli::check(input, {}, nullptr, errors);
  ASSERT_TRUE(result);
  const auto noticed = [&](const std::string& property, auto change) {
    cli::answer a = result->answers[index(property)];
    EXPECT_TRUE(a.trace) << property;
    if (!a.trace) return false;
    change(a.trace->run.steps);
    differences d;
    compare_trace(a, index(property), m.properties, d);
    return !d.empty();
  };
  using steps = std::vector<system::plain_successor>;
  for (const std::string property : {"stuck", "absence"}) {
    EXPECT_FALSE(noticed(property, [](steps&) {}));
    EXPECT_TRUE(noticed(property, [](steps& s) { s.pop_back(); }));
    EXPECT_TRUE(noticed(property, [](steps& s) { s.erase(s.begin()); }));
    EXPECT_TRUE(noticed(property, [](steps& s) { ++s.back().state.losses; }));
  }
}

}  // namespace
}  // namespace tcpmc
