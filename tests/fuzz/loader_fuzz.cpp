// Any bytes, taken for a file of the user: they are refused with reasons, or they compile and run.
//
// The first byte says what the rest is: 'p' a protocol, 'v' a variant, 's' a scenario for rfc9293, 'x' a
// property of it, 'a' the actions of a rule, one a line, 'e' an expression; any other byte means one of
// these as well. What is accepted is bound and run for some
// steps on the plain system; there a model_error is a report, like a refusal, and everything else is a
// defect. Built as a libFuzzer target (TCPMC_FUZZERS), and with replay.cpp as a test that runs the corpus.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "properties/property.hpp"

namespace {

using namespace tcpmc;            // NOLINT
using namespace tcpmc::language;  // NOLINT

constexpr int most_steps = 200;

void require(bool that, const char* what) {
  if (that) return;
  std::fprintf(stderr, "loader_fuzz: %s\n", what);
  std::abort();
}

// Something is reported if, and only if, it is refused; and a report can be written.
void consistent(bool accepted, const diagnostics& errors) {
  require(accepted == errors.empty(), "accepted with mistakes, or refused without a reason");
  require(errors.empty() == errors.text().empty(), "a mistake without words");
}

// One way through the system: at every state all steps are worked out, and one of them is taken.
void run(const composition& c, const std::array<system::observers, 2>& extra) {
  try {
    const system::plain_system on(c, extra);
    system::plain_state s = on.initial();
    std::size_t turn = 0;
    for (int i = 0; i < most_steps; ++i) {
      std::uint32_t met = 0;
      std::vector<system::plain_successor> next = on.successors(s, met);
      if (next.empty()) return;
      turn = turn * 31 + 7;
      s = std::move(next[turn % next.size()].state);
    }
  } catch (const model_error& error) {
    require(!error.mistake.text().empty(), "a model_error without words");
  }
}

// A scenario in which both users make all calls of the protocol once.
std::string scenario_for(const protocol& p) {
  nlohmann::json application = nlohmann::json::array();
  for (const std::string& call : *p.calls)
    if (application.size() < 16) application.push_back({{"call", call}});
  const nlohmann::json side = {{"application", application}};
  const nlohmann::ordered_json scenario = {{"scenario", "all calls"},
                                           {"A", side},
                                           {"B", side},
                                           {"network", {{"loss", 1}, {"duplication", 1}, {"capacity", 3}}},
                                           {"time", "lazy"}};
  return scenario.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void try_protocol_or_variant(const std::string& text) {
  library files;
  files.preload("input.json", text);
  diagnostics errors;
  const auto source = load_protocol("input.json", files, {}, errors);
  if (!source) return consistent(false, errors);
  const auto p = compile(*source, {}, errors);
  consistent(p.has_value(), errors);
  if (!p) return;
  files.preload("scenario.json", scenario_for(*p));
  const document* scenario = files.find("scenario.json", file_kind::scenario, {}, errors);
  require(scenario != nullptr, "the scenario that is made here is refused");
  const auto composed = compose(*source, *scenario, {}, errors);
  consistent(composed.has_value(), errors);  // B's parameters may be wrong where A's are right
  if (composed) run(*composed, {});
}

const protocol_source& rfc9293() {
  static library files;
  static const protocol_source source = [] {
    diagnostics errors;
    auto result = load_protocol("rfc9293", files, {}, errors);
    require(result.has_value(), "rfc9293 does not load");
    return std::move(*result);
  }();
  return source;
}

void try_scenario(const std::string& text) {
  library files;
  files.preload("input.json", text);
  diagnostics errors;
  const document* file = files.find("input.json", file_kind::scenario, {}, errors);
  if (file == nullptr) return consistent(false, errors);
  const auto composed = compose(rfc9293(), *file, {}, errors);
  consistent(composed.has_value(), errors);
  if (composed) run(*composed, {});
}

const composition& built_in(const char* name, library& files) {
  diagnostics errors;
  const document* file = files.find(name, file_kind::scenario, {}, errors);
  static std::vector<std::unique_ptr<composition>> all;
  auto composed = file != nullptr ? compose(rfc9293(), *file, {}, errors) : std::nullopt;
  require(composed.has_value(), "a built-in scenario does not compose");
  all.push_back(std::make_unique<composition>(std::move(*composed)));
  return *all.back();
}

void try_property(const std::string& text) {
  static library scenarios;
  static const composition& unlimited = built_in("open-stale-syn", scenarios);
  static const composition& timed = built_in("close-one-loss", scenarios);
  for (const composition* c : {&unlimited, &timed}) {
    library files;
    files.preload("input.json", text);
    diagnostics errors;
    const document* file = files.find("input.json", file_kind::property, {}, errors);
    if (file == nullptr) return consistent(false, errors);
    const auto p = properties::load_properties({file}, *c, errors);
    consistent(p.has_value(), errors);
    if (!p) continue;
    const properties::judge judge(*c, *p);
    try {
      const system::plain_system on(*c, p->observers);
      judge.state(&on.initial().endpoints[0], nullptr);
    } catch (const model_error&) {
    }
    run(*c, p->observers);
  }
}

void try_actions(const std::string& text) {
  nlohmann::json actions = nlohmann::json::array();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    actions.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  const nlohmann::json rule = {{"id", "added"},
                               {"in", "LISTEN"},
                               {"cite", "c"},
                               {"do", actions},
                               {"when", "seg.SYN && seg.data == 0"}};
  const nlohmann::ordered_json variant = {
      {"variant", "v"}, {"of", "rfc9293"}, {"changes", {{{"before", "listen-rst"}, {"add", rule}}}}};
  try_protocol_or_variant(variant.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void try_expression(const std::string& text) {
  static library files;
  static const composition& on = built_in("close-one-loss", files);
  static const vocabulary property_words = property_vocabulary(on, 0);
  static const system::plain_system plain(on, {});
  static const system::plain_state start = plain.initial();
  json_node node;
  node.is = json_node::kind::string;
  node.string = text;
  for (const vocabulary* words : {&on.protocols[0].words, &property_words}) {
    diagnostics errors;
    const auto e = parse_expression(node, errors);
    const auto c = e ? binder(*words, errors).bind(*e) : std::nullopt;
    if (!e || !c || !errors.empty()) {
      require(!errors.empty(), "refused without a reason");
      continue;
    }
    const system::values segment(20, 1);
    const std::array<int, label_slots> label{};
    const std::vector<const int*> channel{segment.data()};
    scene s;
    s.modulus = words->modulus;
    const auto value = [&] {
      try {
        return evaluate(*c, s);
      } catch (const model_error&) {
        return unknown;
      }
    };
    value();
    s[row::self] = s[row::old] = start.endpoints[0].data();
    value();
    s[row::peer] = start.endpoints[1].data();
    s[row::segment] = segment.data();
    s[row::label] = label.data();
    s.outgoing = s.incoming = &channel;
    const int all_known = value();
    require(c->of.is != type::kind::boolean || all_known == 0 || all_known == 1 || all_known == unknown,
            "a boolean that is neither true nor false");
    needs_absence(*c);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'p':
    case 'v':
      try_protocol_or_variant(text);
      break;
    case 's':
      try_scenario(text);
      break;
    case 'x':
      try_property(text);
      break;
    case 'a':
      try_actions(text);
      break;
    case 'e':
      try_expression(text);
      break;
    default:
      if (data[0] % 5 == 0)
        try_protocol_or_variant(text);
      else if (data[0] % 5 == 1)
        try_scenario(text);
      else if (data[0] % 5 == 2)
        try_property(text);
      else if (data[0] % 5 == 3)
        try_actions(text);
      else
        try_expression(text);
  }
  return 0;
}
