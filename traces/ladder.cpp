#include "traces/ladder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tcpmc::traces {
namespace {

using system::step_kind;
using system::values;

constexpr std::size_t state_width = 13;   // SYN-RECEIVED and a space
constexpr std::size_t middle_width = 56;  // between the two state columns

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

class writer {
 public:
  explicit writer(const trace& t) : trace_(t), on_(*t.on) {}

  std::string write() {
    if (trace_.ports) {
      heading(trace_.ports->start.ports[0]);
      for (std::size_t i = 0; i < trace_.ports->steps.size(); ++i) one_of_ports(i);
    } else {
      heading(trace_.run.start);
      for (std::size_t i = 0; i < trace_.run.steps.size(); ++i)
        one(i, "", before(trace_.run, i), trace_.run.steps[i]);
    }
    return std::move(text_);
  }

 private:
  const std::string& state_of(int side, const plain_state& s) const {
    return (*on_.protocols[static_cast<std::size_t>(side)].states)[static_cast<std::size_t>(
        s.endpoints[static_cast<std::size_t>(side)][language::state_slot])];
  }

  void add(const std::string& line) {
    text_ += line.substr(0, line.find_last_not_of(' ') + 1);
    text_ += '\n';
  }

  void heading(const plain_state& start) {
    add(fmt::format("     {:<{}}{:<{}}{}", "A", state_width, "", middle_width, "B"));
    row(state_of(0, start), "", state_of(1, start));
  }

  void row(const std::string& a, const std::string& middle, const std::string& b) {
    add(fmt::format("     {:<{}}{:<{}}{}", a, state_width, middle, middle_width, b));
  }

  // The arrow of a segment between its two ends, e.g. "--> <SEQ=100><CTL=SYN>            ...".
  std::string arrow(const std::string& left, const std::string& segment, const std::string& right) const {
    return fmt::format("{} {:<{}} {} ", left, segment, middle_width - 9, right);
  }

  std::string marked(const plain_state& in, int sender, const values& segment) const {
    std::string text = segment_text(on_.protocols[static_cast<std::size_t>(sender)], segment);
    const language::segment_layout tags(on_.protocols[0]);
    if (segment[static_cast<std::size_t>(tags.forged)] == 1)
      text += segment[static_cast<std::size_t>(tags.answer)] == 1 ? " (answers a forged one)" : " (forged)";
    if (is_stale(on_, in, sender, segment)) text += " (stale)";
    return text;
  }

  std::string what(const plain_successor& s) const {
    const auto side = static_cast<std::size_t>(s.by.side);
    const char* name = side == 0 ? "A" : "B";
    switch (s.by.kind) {
      case step_kind::call:
        return fmt::format(
            "{} calls {}", name,
            on_.scenario.sides[side].application[static_cast<std::size_t>(s.by.which)].call_name);
      case step_kind::deliver:
        return fmt::format("a segment arrives at {}", name);
      case step_kind::time_out:
        return fmt::format("{}'s timer expires: {}", name,
                           on_.protocols[side].timers[static_cast<std::size_t>(s.by.which)].name);
      case step_kind::lose:
        return fmt::format("the network loses a segment of {}", name);
      case step_kind::duplicate:
        return fmt::format("the network copies a segment of {}", name);
      case step_kind::tick:
        return "one tick passes";
      case step_kind::forge:
        return fmt::format("the attacker forges a segment for {}", name);
    }
    return "?";
  }

  // A step of a pool of ports: of one of them, or what becomes of all.
  void one_of_ports(std::size_t i) {
    const system::ports_successor& s = trace_.ports->steps[i];
    const system::ports_state& was = before(*trace_.ports, i);
    if (s.by.event == system::ports_event::at_port) {
      const bool served = s.state.demands != was.demands;
      one(i, fmt::format("port {}: {}", s.by.port + 1, served ? "the client wants something; " : ""),
          was.ports[static_cast<std::size_t>(s.by.port)], *s.moved);
    } else {
      add(fmt::format("{:>3}. {}", i + 1,
                      s.by.event == system::ports_event::unserved
                          ? "the client wants something, and no port can serve it"
                      : s.state.demands.wait > 0
                          ? fmt::format("one tick passes; {} to the next demand", s.state.demands.wait)
                      : s.state.demands.due(on_.scenario.ports) ? "one tick passes; a demand is due"
                                                                : "one tick passes"));
      for (std::size_t p = 0; p < s.state.ports.size(); ++p) {
        add(fmt::format("       port {}  A  {}", p + 1, socket_text(on_, 0, s.state.ports[p].endpoints[0])));
        add(fmt::format("               B  {}", socket_text(on_, 1, s.state.ports[p].endpoints[1])));
      }
    }
    for (const int p : s.as_new)
      add(fmt::format("       nothing is left of the connection at port {}: the port is as new", p + 1));
  }

  void one(std::size_t i, const std::string& where, const plain_state& was, const plain_successor& s) {
    const std::string a = state_of(0, s.state), b = state_of(1, s.state);
    const auto side = static_cast<std::size_t>(s.by.side);
    add(fmt::format("{:>3}. {}{}", i + 1, where, what(s)));
    std::vector<std::string> arrows;
    switch (s.by.kind) {
      case step_kind::deliver: {
        const std::string segment = marked(was, 1 - s.by.side, s.by.segment);
        arrows.push_back(side == 1 ? arrow("...", segment, "-->") : arrow("<--", segment, "..."));
        break;
      }
      case step_kind::forge: {
        const std::string segment = marked(was, 1 - s.by.side, s.by.segment);
        arrows.push_back(side == 1 ? arrow("***", segment, "-->") : arrow("<--", segment, "***"));
        break;
      }
      case step_kind::lose:
        arrows.push_back(side == 0 ? arrow("-->", marked(was, 0, s.by.segment), "XXX")
                                   : arrow("XXX", marked(was, 1, s.by.segment), "<--"));
        break;
      case step_kind::duplicate:
        arrows.push_back(arrow("...", marked(was, s.by.side, s.by.segment), "x 2"));
        break;
      default:
        break;
    }
    if (s.did)
      for (const values& segment : s.did->sent) {
        const std::string text = segment_text(on_.protocols[side], segment);
        arrows.push_back(side == 0 ? arrow("-->", text, "...") : arrow("...", text, "<--"));
      }
    if (arrows.empty()) arrows.emplace_back();
    for (std::size_t k = 0; k < arrows.size(); ++k)
      row(k + 1 == arrows.size() ? a : "", arrows[k], k + 1 == arrows.size() ? b : "");
    if (s.did) rules(*s.did, on_.protocols[side]);
    add(fmt::format("       A  {}", socket_text(on_, 0, s.state.endpoints[0])));
    add(fmt::format("       B  {}", socket_text(on_, 1, s.state.endpoints[1])));
  }

  void rules(const system::reaction& did, const language::protocol& p) {
    for (const int r : did.rules) {
      const language::rule& rule = p.rules[static_cast<std::size_t>(r)];
      add(fmt::format("       rule {} [{}]", rule.id, rule.cite));
    }
    std::string told;
    for (std::size_t i = 0; i < p.signals->size(); ++i)
      if ((did.label[language::label_signals] >> i & 1) != 0)
        told += (told.empty() ? "" : ", ") + (*p.signals)[i];
    if (!told.empty()) add(fmt::format("       the user is told: {}", told));
  }

  const trace& trace_;
  const language::composition& on_;
  std::string text_;
};

}  // namespace

std::string segment_text(const language::protocol& p, const values& segment) {
  std::string text;
  for (std::size_t i = 0; i < p.fields.size(); ++i) {
    const int value = segment[p.flags.size() + i];
    if (i == 0 || value != 0)
      text += fmt::format("<{}={}>", upper(p.fields[i].first), p.fields[i].second.show(value));
  }
  std::string flags;
  for (std::size_t i = 0; i < p.flags.size(); ++i)
    if (segment[i] == 1) flags += (flags.empty() ? "" : ",") + p.flags[i];
  return text + fmt::format("<CTL={}>", flags);
}

std::string socket_text(const language::composition& on, int side, const values& row) {
  const language::protocol& p = on.protocols[static_cast<std::size_t>(side)];
  std::string text =
      fmt::format("{:<{}}", (*p.states)[static_cast<std::size_t>(row[language::state_slot])], state_width);
  for (const language::variable& v : p.variables) {
    if (v.lives != language::lifetime::tcb) continue;
    for (int i = 0; i < std::max(1, v.length); ++i) {
      const int slot = v.slot + i;
      const int value = row[static_cast<std::size_t>(slot)];
      if (value == v.initial) continue;
      text += v.length > 0 ? fmt::format(" {}[{}]={}", v.name, i, v.of.show(value))
                           : fmt::format(" {}={}", v.name, v.of.show(value));
    }
  }
  const bool counted = on.scenario.time != language::time_mode::untimed;
  for (std::size_t t = 0; t < p.timers.size(); ++t) {
    const int left = row[static_cast<std::size_t>(p.timer_slot(static_cast<int>(t)))];
    if (left < 0) continue;
    text += counted ? fmt::format(" {}-timer:{}", p.timers[t].name, left)
                    : fmt::format(" {}-timer", p.timers[t].name);
  }
  return text;
}

std::string ladder(const trace& t) { return writer(t).write(); }

}  // namespace tcpmc::traces
