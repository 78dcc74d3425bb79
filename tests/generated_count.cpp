// Members of a family of drawn protocols (generated.hpp), all breeds of each, as one Murphi model; and what
// tcpmc and the naive explorer find in each.
//
// The model has a start state a breed. Statements "cover", which rumur counts, tell the breeds' states apart,
// so that two wrong numbers cannot make up for each other.
//
// Usage: generated_count SEED MEMBERS MODEL
// Writes the model, and prints {"too large": members that were left out, "breeds": [{"states", "steps",
// "violations", "witnesses"}], ...}: the breeds of the first member, then those of the second, and so on.
// Exit codes: 0 done; 1 the searches and the naive explorer differ.
#include <fstream>
#include <nlohmann/json.hpp>

#include "exports/exports.hpp"
#include "tests/generated.hpp"

using namespace tcpmc;  // NOLINT: a program of one function

namespace {

constexpr std::uint64_t most_states =
    1'000;  // of a breed; rumur's programs are slow when compiled in no time

void replace(std::string& in, const std::string& old, const std::string& by) {
  const std::size_t at = in.find(old);
  if (at == std::string::npos) throw std::logic_error("the exported model does not look as expected: " + old);
  in.replace(at, old.size(), by);
}

// The exported model of the first member's first breed, given the start states of all others.
std::string model_of(const generated::texts& t, int members) {
  const generated::model m = generated::load(t);
  exports::options o;
  o.heading = "a family of drawn protocols";
  o.room = 40;
  std::string text = exports::murphi(*m.composed, m.properties, o);
  const std::size_t from = text.find("\nstartstate\n") + 1, end = text.find("\nend;\n", from) + 6;
  std::string start = text.substr(from, end - from);
  for (const char* x : {"A", "B"}) {
    replace(start, fmt::format(" {}_drawn := 0;", x),
            fmt::format(" {}_drawn := k / {};", x, generated::breeds));
    for (int g = 0; g < 4; ++g)
      replace(start, fmt::format(" {}_g{} := false;", x, g),
              fmt::format(" {}_g{} := k / {} % 2 = 1;", x, g, 1 << g));
  }
  text.replace(from, end - from,
               fmt::format("ruleset k: 0..{} do\n{}end;\n", members * generated::breeds - 1, start));
  for (int i = 0; i < members; ++i)
    for (int b = 0; b < generated::breeds; ++b) {
      text += fmt::format("cover \"states: {}\" A_drawn = {}", i * generated::breeds + b, i);
      for (int g = 0; g < 4; ++g) text += fmt::format(" & {}A_g{}", (b >> g & 1) != 0 ? "" : "!", g);
      text += ";\n";
    }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto seed = static_cast<unsigned>(std::stoul(argv[1]));
  const int wanted = std::stoi(argv[2]);
  const generated::family family(seed);
  std::vector<int> members;
  nlohmann::ordered_json breeds = nlohmann::json::array();
  int too_large = 0;
  for (int next = 0; static_cast<int>(members.size()) < wanted; ++next) {
    nlohmann::ordered_json told = nlohmann::json::array();
    for (int b = 0; b < generated::breeds; ++b) {
      const auto found = generated::explore(generated::load(family.write({next}, b)), most_states);
      if (!found) break;
      if (!found->differences.empty()) {
        fmt::print(stderr, "family {} member {} breed {}:\n{}", seed, next, b, found->differences);
        return 1;
      }
      told.push_back({{"states", found->states},
                      {"steps", found->steps},
                      {"violations", found->violations},
                      {"witnesses", found->witnesses}});
    }
    if (told.size() < generated::breeds) {
      ++too_large;
      continue;
    }
    members.push_back(next);
    breeds.insert(breeds.end(), told.begin(), told.end());
  }
  std::ofstream(argv[3]) << model_of(family.write(members, 0), wanted);
  fmt::print(
      "{}\n",
      nlohmann::ordered_json{{"too large", too_large}, {"members", members}, {"breeds", breeds}}.dump());
  return 0;
}
