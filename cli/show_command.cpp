// tcpmc show: a protocol's rules with their citations, its states, or a variant as a difference.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/check.hpp"
#include "cli/commands.hpp"
#include "cli/reporting.hpp"

namespace tcpmc::cli {
namespace {

using language::protocol;
using language::protocol_source;
using language::rule;

void print_rule(const rule& r, const char* indent) {
  fmt::print("{}{}  [{}]\n", indent, r.id, r.cite);
  if (!r.in_text.empty()) fmt::print("{}    in    {}\n", indent, r.in_text);
  if (!r.when_text.empty()) fmt::print("{}    when  {}\n", indent, r.when_text);
  for (std::size_t i = 0; i < r.do_text.size(); ++i)
    fmt::print("{}    {}{}\n", indent, i == 0 ? "do    " : "      ", r.do_text[i]);
  if (!r.says.empty()) fmt::print("{}    note  {}\n", indent, r.says);
}

void print_rules(const protocol& p) {
  fmt::print("{}: {}\n  made from: {}\n\nparameters\n", p.name, p.says, fmt::join(p.chain, " <- "));
  for (const language::parameter& x : p.parameters)
    fmt::print("  {:<12} = {:<10} {}\n", x.name, x.of.show(x.value), x.says);
  const auto list = [&](const std::string& title, const std::vector<int>& rules) {
    fmt::print("\n{}\n", title);
    for (const int r : rules) print_rule(p.rules[static_cast<std::size_t>(r)], "  ");
  };
  for (std::size_t i = 0; i < p.calls->size(); ++i) list("user call " + (*p.calls)[i], p.call_rules[i]);
  for (const language::stage& s : p.stages)
    list(fmt::format("segment arrives, stage {} [{}]", s.name, s.cite), s.rules);
  for (std::size_t i = 0; i < p.timers.size(); ++i)
    list("time-out of " + p.timers[i].name, p.time_out_rules[i]);
  list("output, after every event", p.output_rules);
}

// What a variant changes in what it is made from.
void print_difference(const protocol_source& variant, const protocol& p) {
  fmt::print("{}: {} [{}]\n  made from: {}\n\n", p.name, p.says, p.cite, fmt::join(p.chain, " <- "));
  const auto find = [&](const std::string& id) {
    return std::find_if(p.rules.begin(), p.rules.end(), [&](const rule& r) { return r.id == id; });
  };
  for (const language::change& c : variant.changes) {
    if (c.what == "set") {
      const auto x = std::find_if(p.parameters.begin(), p.parameters.end(),
                                  [&](const auto& y) { return y.name == c.target; });
      fmt::print("set {} = {}\n", c.target, x != p.parameters.end() ? x->of.show(x->value) : "?");
    } else {
      fmt::print("{} {}\n", c.what, c.target);
    }
    for (const std::string& id : c.detail)
      if (const auto r = find(id); r != p.rules.end()) print_rule(*r, "  + ");
  }
}

// Which states each end is found in when one opens actively and the other listens: explored, not looked
// up, on the unlimited network.
int print_states(const std::string& reference) {
  language::diagnostics errors;
  question q;
  q.protocol = reference;
  q.scenario = "client-and-server";
  const auto input = load(q, std::make_shared<language::library>(), errors);
  const auto none = input ? properties::load_properties({}, *input->composition, errors) : std::nullopt;
  if (!none) {
    fmt::print(stderr, "{}", errors.text());
    return exit_bad_input;
  }
  const language::composition& c = *input->composition;
  std::array<std::set<int>, 2> found;
  try {
    found = states_found(c, *none);
  } catch (const language::model_error& error) {
    fmt::print(stderr, "{}", error.mistake.text());
    return exit_bad_input;
  }
  const protocol& p = c.protocols[0];
  fmt::print(
      "{}: states, and who is found in them on the unlimited network when A opens actively (client),\n"
      "B listens (server), and either may send an octet and close\n\n",
      p.name);
  for (int s = 0; s < static_cast<int>(p.states->size()); ++s) {
    const bool client = found[0].count(s) != 0, server = found[1].count(s) != 0;
    const auto rules = std::count_if(p.rules.begin(), p.rules.end(),
                                     [&](const rule& r) { return (r.states >> s & 1) != 0; });
    fmt::print("  {:<14} {:<18} {} rules\n", (*p.states)[static_cast<std::size_t>(s)],
               client && server ? "client and server"
               : client         ? "client"
               : server         ? "server"
                                : "neither",
               rules);
  }
  return exit_fine;
}

int show(const std::string& reference, bool rules, bool states) {
  if (states) return print_states(reference);
  language::library files;
  language::diagnostics errors;
  const auto source = language::load_protocol(reference, files, {}, errors);
  const auto p = source ? language::compile(*source, {}, errors) : std::nullopt;
  if (!p) {
    fmt::print(stderr, "{}", errors.text());
    return exit_bad_input;
  }
  if (source->chain.size() > 1 && !rules)
    print_difference(*source, *p);
  else
    print_rules(*p);
  return exit_fine;
}

}  // namespace

void add_show_command(CLI::App& app, int& code) {
  struct options {
    std::string reference;
    bool rules = false, states = false;
  };
  auto o = std::make_shared<options>();
  CLI::App* c = app.add_subcommand("show", "a protocol's rules with citations, or a variant as a difference");
  c->add_option("PROTOCOL", o->reference, "protocol or variant, by name or path")->required();
  c->add_flag("--rules", o->rules, "all rules, also of a variant");
  c->add_flag("--states", o->states, "the states, and whether a client, a server or both are found in them");
  c->footer("examples:\n  tcpmc show rfc9293\n  tcpmc show rfc1337\n  tcpmc show rfc9293 --states");
  c->callback([o, &code] { code = show(o->reference, o->rules, o->states); });
}

}  // namespace tcpmc::cli
