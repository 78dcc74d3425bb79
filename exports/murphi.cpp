// The model for Murphi, as rumur takes it. Each step is a rule; what a guard cannot tell (a step that meets a
// bound, or an alternative that is not there) is taken back by "assume false", which makes rumur drop the
// rule's result without counting it. Channels are arrays with the number of segments in them; what is unused
// is clear, so that equal contents are equal states.
#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "exports/rules.hpp"

namespace tcpmc::exports {

using language::time_mode;

namespace {

constexpr int sends = 12;  // segments that one event may send; more stop the model with an error

std::string comment_text(std::string words) {
  std::replace_if(
      words.begin(), words.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return words;
}
std::string quoted(std::string words) {
  std::replace_if(
      words.begin(), words.end(), [](char c) { return c == '"' || c == '\\' || c == '\n' || c == '%'; }, ' ');
  return '"' + words + '"';
}

class murphi_dialect : public dialect {
 public:
  std::string truth(bool value) const override { return value ? "true" : "false"; }
  std::string equal(const std::string& a, const std::string& b) const override { return a + " = " + b; }
  std::string both(const std::string& a, const std::string& b) const override { return a + " & " + b; }
  std::string either(const std::string& a, const std::string& b) const override { return a + " | " + b; }
  std::string call(const std::string& f, const std::vector<std::string>& arguments, bool) const override {
    return fmt::format("{}({})", f, fmt::join(arguments, ", "));
  }
  std::string endpoint(int side) const override { return side == 0 ? "A" : "B"; }
  std::string channel(int side) const override { return side == 0 ? "from_A" : "from_B"; }
  std::string exists(const std::string& in,
                     const std::function<std::string(const std::string&)>& body) override {
    return fmt::format("(exists i: 0..CAPACITY - 1 do i < {}.n & ({}) end)", in, body(in + ".s[i]"));
  }
  std::string exists_sent(
      const std::function<std::string(const std::string&, const std::string&)>& body) override {
    return fmt::format("(exists i: 0..SENDS - 1 do i < w.sents & ({}) end)", body("w.sent.", "[i]"));
  }

  void open_if(text& out, const std::string& condition) const override {
    out.line("if " + condition + " then");
  }
  void else_if(text& out, const std::string& condition) const override {
    out.line("elsif " + condition + " then");
  }
  void close_if(text& out) const override { out.line("end;"); }
  void open_while(text& out, const std::string& condition) const override {
    out.line("while " + condition + " do");
  }
  void close_while(text& out) const override { out.line("end;"); }
  void assign(text& out, const std::string& target, const std::string& value) const override {
    out.line(fmt::format("{} := {};", target, value));
  }
  void copy(text& out, const std::string& target, const std::string& source, const layout& l) const override {
    for (const field& f : l.endpoint) assign(out, target + "." + f.name, source + "." + f.name);
  }
  void perform(text& out, const std::string& procedure,
               const std::vector<std::string>& arguments) const override {
    out.line(call(procedure, arguments, true) + ";");
  }
  void leave(text& out) const override { out.line("return;"); }
  void give(text& out, const std::string& value) const override {
    out.line(fmt::format("return {};", value));
  }
  void fail(text& out, const std::string& message) const override {
    out.line(fmt::format("error {};", quoted(message)));
  }
  void comment(text& out, const std::string& words) const override { out.line("-- " + comment_text(words)); }
  void open_procedure(text& out, const std::string& name) const override {
    out.line(fmt::format("procedure {}();", name));
    out.line("begin");
  }
  void open_function(text& out, const std::string& name, bool) const override {
    out.line(fmt::format("function {}(): boolean;", name));
    out.line("begin");
  }
  void close_routine(text& out) const override { out.line("end;"); }
};

std::string replaced(std::string in, const std::vector<std::pair<std::string, std::string>>& words) {
  for (const auto& [from, to] : words)
    for (std::size_t i = in.find(from); i != std::string::npos; i = in.find(from, i + to.size()))
      in.replace(i, from.size(), to);
  return in;
}

// The endpoints and the record of a step as plain variables: A.una becomes A_una, w.seg.ack becomes
// w_seg_ack.
std::string flat(const std::string& model) {
  static const std::regex inner(R"(\bw\.(before|old|after|seg|out|sent)\.)"),
      outer(R"(\b(w|A|B)\.(?=[A-Za-z_]))");
  std::string result;
  for (std::size_t at = 0; at < model.size();) {
    const std::size_t end = std::min(model.find('\n', at), model.size());
    const std::string line = model.substr(at, end - at);
    const std::size_t code = std::min(line.find("--"), line.size());  // a comment stays as it is
    result += std::regex_replace(std::regex_replace(line.substr(0, code), inner, "w_$1_"), outer, "$1_");
    result += line.substr(code) + "\n";
    at = end + 1;
  }
  return result;
}

constexpr const char* arithmetic = R"(
-- Sequence numbers, RFC 9293 3.4: the distance of a from b is the one nearest to zero.
function seq_distance(a: num; b: num): num;
var d: num;
begin
  d := (a - b) % MODULUS;
  if d < 0 then d := d + MODULUS; end;
  if 2 * d >= MODULUS then return d - MODULUS; end;
  return d;
end;
function seq_less(a: num; b: num): boolean;
begin
  return seq_distance(b, a) > 0;
end;
function seq_at_most(a: num; b: num): boolean;
begin
  return a = b | seq_distance(b, a) > 0;
end;
function seq_add(a: num; b: num): num;
begin
  return ((a + b) % MODULUS + MODULUS) % MODULUS;
end;
function seq_subtract(a: num; b: num): num;
begin
  return ((a - b) % MODULUS + MODULUS) % MODULUS;
end;

function within(value: num; low: num; high: num): num;
begin
  if value < low | value > high then error "a value leaves its range"; end;
  return value;
end;
function no_wrap(value: num): num;
begin
  if 2 * value >= MODULUS then error "a sequence number would wrap"; end;
  return value;
end;

-- One of several values: which, the record's choice tells, digit by digit.
procedure choose(low: num; high: num);
var values: num;
begin
  values := high - low + 1;
  if values < 1 | values > 1001 then error "a choice among no values, or too many"; end;
  w.ways := w.ways * values;
  if w.ways > CHOICES then error "one event goes more ways than the model looks at: raise --choices"; end;
  w.value := low + w.choice % values;
  w.choice := w.choice / values;
end;
procedure choose_sequence(low: num; high: num);
var width: num;
begin
  width := high - low;
  if width < 0 then width := width + MODULUS; end;
  choose(0, width);
  w.value := (low + w.value) % MODULUS;
end;

procedure tag_own(incarnation: num; peer_incarnation: num; isn: num);
begin
  w.out.@incarnation@ := incarnation;
  w.out.@peer_incarnation@ := peer_incarnation;
  w.out.@isn@ := isn;
  w.out.@answer@ := false;
@own forged@end;
procedure tag_answer();
begin
  w.out.@incarnation@ := w.seg.@incarnation@;
  w.out.@peer_incarnation@ := w.seg.@peer_incarnation@;
  w.out.@isn@ := w.seg.@isn@;
  w.out.@answer@ := true;
@answer forged@end;
)";

constexpr const char* channels = R"(
-- Of equal neighbours only the first makes a difference.
function distinct(c: channel; i: num): boolean;
begin
  if i >= c.n then return false; end;
  if i = 0 then return true; end;
  return !same(c.s[i], c.s[i - 1]);
end;
procedure take_out(var c: channel; i: num);
var k: num;
begin
  k := i;
  while k + 1 < c.n do
    c.s[k] := c.s[k + 1];
    k := k + 1;
  end;
  c.n := c.n - 1;
  clear c.s[c.n];
end;
procedure put_in(var c: channel; i: num; s: segment);
var k: num;
begin
  k := c.n;
  while k > i do
    c.s[k] := c.s[k - 1];
    k := k - 1;
  end;
  c.s[i] := s;
  c.n := c.n + 1;
end;
-- Where order does not matter a channel is sorted.
function place_of(c: channel; s: segment): num;
var i: num;
begin
  i := 0;
  while i < c.n & !less(s, c.s[i]) do i := i + 1; end;
  return i;
end;
)";

// A step's segments wait in w_sent until its rules have run: rumur copies a procedure into every call of it,
// so what rules call has to be small.
constexpr const char* sending = R"(
procedure send_@X@();
begin
  if w.sents = SENDS then error "one event sends more segments than the model holds"; end;
@push@  w.sents := w.sents + 1;
end;
procedure put_@X@(i: num);
var twin: boolean;
    sent: segment;
    other: segment;
begin
@copy@  sent.@age@ := 0;
@put@end;
procedure put_all_@X@();
var k: num;
begin
  k := 0;
  while k < w.sents & !w.cut do
    put_@X@(k);
    k := k + 1;
  end;
end;
)";
// Each segment once, with its least age.
constexpr const char* put_into_set = R"(  for k: 0..CAPACITY - 1 do
    if k < from_@X@.n then
      other := from_@X@.s[k];
      other.@age@ := 0;
      if same(other, sent) then
        from_@X@.s[k].@age@ := 0;
        return;
      end;
    end;
  end;
  if from_@X@.n = CAPACITY then error "more segments in flight than the array holds: raise --room"; end;
  put_in(from_@X@, place_of(from_@X@, sent), sent);
)";
constexpr const char* put_into_bag = R"(  if @charged@ & w.event = EVENT_TIME_OUT then
    twin := exists k: 0..CAPACITY - 1 do k < from_@X@.n & same_wire(from_@X@.s[k], sent) end;
    if twin & duplicates = 0 then
      w.cut := true;
      return;
    end;
    if twin then duplicates := duplicates - 1; end;
  end;
  if from_@X@.n = CAPACITY then
    w.cut := true;
    return;
  end;
  put_in(from_@X@, @place@, sent);
)";

class murphi_writer {
 public:
  murphi_writer(const layout& l, const options& o) : l_(l), o_(o) {}

  std::string write() {
    heading();
    constants();
    records();
    out_.raw(filled(arithmetic));
    comparisons();
    out_.raw(channels);
    // A retransmission beside an identical segment is a duplicate, where time does not say when it is due.
    const bool charges = l_.composition.scenario.time != time_mode::timed && !network().duplication.unlimited;
    const std::string charged = charges ? "true" : "false";
    std::string push, copy;
    for (const field& f : l_.segment) {
      push += fmt::format("  w.sent.{0}[w.sents] := w.out.{0};\n", f.name);
      copy += fmt::format("  sent.{0} := w.sent.{0}[i];\n", f.name);
    }
    const char* put = l_.is_set ? put_into_set : put_into_bag;
    for (const char* x : {"A", "B"})
      out_.raw(filled(replaced(sending, {{"@put@", put},
                                         {"@copy@", copy},
                                         {"@push@", push},
                                         {"@charged@", charged},
                                         {"@place@", l_.fifo ? "from_@X@.n" : "place_of(from_@X@, sent)"},
                                         {"@X@", x}})));
    out_.blank();
    out_.raw(routines(l_, m_));
    for (int side = 0; side < 2; ++side) frame(side);
    start();
    for (int side = 0; side < 2; ++side) calls(side);
    for (int side = 0; side < 2; ++side) forgeries(side);
    for (int side = 0; side < 2; ++side) deliveries(side);
    for (int side = 0; side < 2; ++side) time_outs(side);
    if (!l_.is_set) faults();
    clock();
    on_states();
    return flat(out_.take());
  }

 private:
  static std::string letter(int side) { return side == 0 ? "A" : "B"; }
  const language::network& network() const { return l_.composition.scenario.network; }
  const language::side_of_scenario& user(int side) const {
    return l_.composition.scenario.sides[static_cast<std::size_t>(side)];
  }

  // What a step remembers of its endpoint: nobody but observers looks at the last two.
  std::vector<std::string> endpoint_rows() const {
    return l_.observed ? std::vector<std::string>{"before", "old", "after"}
                       : std::vector<std::string>{"before"};
  }

  std::string filled(const std::string& lines) const {
    const auto ghosts = ghost_words(l_);
    std::string own, answer;
    if (l_.attacked) {
      own = "  w.out.@forged@ := false;\n";
      answer = "  w.out.@forged@ := w.seg.@forged@;\n";
    }
    return replaced(replaced(lines, {{"@own forged@", own}, {"@answer forged@", answer}}), ghosts);
  }

  void heading() {
    std::string line;
    for (const char c : o_.heading + "\n") {
      if (c != '\n') {
        line += c;
        continue;
      }
      out_.line("-- " + line);
      line.clear();
    }
    out_.line(
        "-- Counting: every state is explored; \"cover\" tells which properties are violated and which "
        "witnesses reached.");
    out_.line("--   rumur --deadlock-detection off --symmetry-reduction off --output MODEL.c MODEL.m");
    out_.line("--   cc -O1 -w -mcx16 -o model MODEL.c -lpthread -latomic && ./model");
    out_.line("-- \"states\" are the reachable states, \"rules fired\" the steps.");
    out_.line(
        "-- \"No error found\" is no verdict here, and what is not hit counts as an error: the lines cover "
        "have the verdicts.");
    out_.line(
        "-- Judging: with CHECK = N, the search ends at a violation of property N; that run does not count "
        "all states.");
    for (std::size_t i = 0; i < l_.properties.all.size(); ++i)
      out_.line("--   " + comment_text(about(i, l_.properties.all[i])));
    out_.blank();
  }

  void constants() {
    out_.line("const");
    out_.deeper();
    const auto define = [&](const std::string& name, std::size_t value) {
      out_.line(fmt::format("{}: {};", name, value));
    };
    define("CHECK", 0);
    for (std::size_t i = 0; i < l_.states.size(); ++i) define(l_.states[i], i);
    for (std::size_t i = 0; i < l_.signals.size(); ++i) define(l_.signals[i], i);
    define("EVENT_CALL", 0);
    define("EVENT_DELIVER", 1);
    define("EVENT_TIME_OUT", 2);
    define("MODULUS", static_cast<std::size_t>(l_.modulus));
    define("CAPACITY", static_cast<std::size_t>(l_.capacity));
    define("SENDS", sends);
    define("CHOICES", static_cast<std::size_t>(l_.choices));
    out_.back();
    out_.blank();
  }

  std::string declared(const field& f, const std::string& name) const {
    const std::string of = f.boolean ? "boolean" : fmt::format("{}..{}", f.low, f.high);
    return fmt::format("{}: {}{};", name, f.length > 0 ? fmt::format("array [0..{}] of ", f.length - 1) : "",
                       of);
  }

  void records() {
    out_.line("type");
    out_.deeper();
    out_.line("num: -1000000000..1000000000;");
    out_.line("segment: record");
    for (const field& f : l_.segment)
      out_.line("  " + declared(f, f.name) + (f.says.empty() ? "" : "  -- " + comment_text(f.says)));
    out_.line("end;");
    out_.line("channel: record");
    out_.line("  n: 0..CAPACITY;");
    out_.line("  s: array [0..CAPACITY - 1] of segment;");
    out_.line("end;");
    out_.back();
    out_.blank();
    out_.line(
        "-- The state. Endpoints are plain variables, not records: rumur copies the type with every use of a "
        "record.");
    out_.line("var");
    out_.deeper();
    for (const char* x : {"A", "B"})
      for (const field& f : l_.endpoint)
        out_.line(declared(f, fmt::format("{}.{}", x, f.name)) +
                  (f.says.empty() ? "" : "  -- " + comment_text(f.says)));
    out_.line("from_A: channel;");
    out_.line("from_B: channel;");
    out_.line(fmt::format("losses: 0..{};  -- that are left", std::max(1, network().loss.count)));
    out_.line(fmt::format("duplicates: 0..{};", std::max(1, network().duplication.count)));
    out_.blank();
    out_.line(
        "-- What a step works with. Between steps all of it is cleared, so it tells no two states apart.");
    for (const std::string& row : endpoint_rows())
      for (const field& f : l_.endpoint) out_.line(declared(f, fmt::format("w.{}.{}", row, f.name)));
    for (const char* row : {"seg", "out"})
      for (const field& f : l_.segment) out_.line(declared(f, fmt::format("w.{}.{}", row, f.name)));
    for (const field& f : l_.segment) {
      field queue = f;
      queue.length = sends;
      out_.line(declared(queue, "w.sent." + f.name));
    }
    out_.line(fmt::format("w.passed: array [0..{}] of boolean;", l_.states.size() - 1));
    out_.line(
        fmt::format("w.signals: array [0..{}] of boolean;", std::max<std::size_t>(1, l_.signals.size()) - 1));
    for (const char* flag : {"has_seg", "began", "cut", "dropped", "cleared", "fired"})
      out_.line(fmt::format("w.{}: boolean;", flag));
    for (const char* number : {"event", "which", "choice", "ways", "stage", "rounds", "value", "sents"})
      out_.line(fmt::format("w.{}: num;", number));
    out_.back();
    out_.line("procedure wipe();");
    out_.line("begin");
    for (const std::string& row : endpoint_rows())
      for (const field& f : l_.endpoint) out_.line(fmt::format("  clear w.{}.{};", row, f.name));
    for (const char* row : {"seg", "out"})
      for (const field& f : l_.segment)
        out_.line(fmt::format("  w.{}.{} := {};", row, f.name, f.boolean ? "false" : "0"));
    for (const field& f : l_.segment) out_.line("  clear w.sent." + f.name + ";");
    out_.line("  clear w.passed;");
    out_.line("  clear w.signals;");
    for (const char* flag : {"has_seg", "began", "cut", "dropped", "cleared", "fired"})
      out_.line(fmt::format("  w.{} := false;", flag));
    for (const char* number : {"event", "which", "choice", "ways", "stage", "rounds", "value", "sents"})
      out_.line(fmt::format("  w.{} := 0;", number));
    out_.line("end;");
  }

  void comparisons() {
    out_.line("function less(a: segment; b: segment): boolean;");
    out_.line("begin");
    for (const field& f : l_.segment)
      out_.line(fmt::format("  if a.{0} != b.{0} then return {1}b.{0}; end;", f.name,
                            f.boolean ? "" : fmt::format("a.{} < ", f.name)));
    out_.line("  return false;");
    out_.line("end;");
    const auto same = [&](const std::string& name, std::size_t fields) {
      out_.line(fmt::format("function {}(a: segment; b: segment): boolean;", name));
      out_.line("begin");
      for (std::size_t i = 0; i < fields; ++i)
        out_.line(fmt::format("  if a.{0} != b.{0} then return false; end;", l_.segment[i].name));
      out_.line("  return true;");
      out_.line("end;");
    };
    same("same", l_.segment.size());
    same("same_wire", static_cast<std::size_t>(l_.wire));
  }

  // What comes before and after the rules of a step.
  void frame(int side) {
    const std::string x = letter(side);
    out_.line(fmt::format("procedure begin_{}(event: num; which: num; choice: num);", x));
    out_.line("begin");
    m_.copy(out_, "  w.before", x, l_);
    if (l_.observed) m_.copy(out_, "  w.old", x, l_);
    for (const char* argument : {"event", "which", "choice"})
      out_.line(fmt::format("  w.{0} := {0};", argument));
    out_.line("  w.ways := 1;");
    out_.line("end;");
    out_.line(fmt::format("procedure end_{}();", x));
    out_.line("begin");
    out_.line("  if !w.cut & w.choice = 0 then");
    out_.line(fmt::format("    put_all_{}();", x));
    out_.line("  end;");
    out_.line("  assume !w.cut & w.choice = 0;");
    out_.line(fmt::format("  {}_observe();", x));
    for (std::size_t i = 0; i < l_.properties.all.size(); ++i) {
      const properties::property& p = l_.properties.all[i];
      if (p.never && p.never->on_step) {
        const std::string never = fmt::format("{}_never_{}()", x, i);
        out_.line(fmt::format("  if CHECK = 0 then cover {} {}; end;", quoted("violated: " + p.name), never));
        out_.line(fmt::format("  if CHECK = {} then assert {} !{}; end;", i + 1, quoted(p.name), never));
      }
      if (p.witness && p.witness->on_step)
        out_.line(fmt::format("  if CHECK = 0 then cover {} {}_witness_{}(); end;",
                              quoted("witness: " + p.name), x, i));
    }
    out_.line("  wipe();");
    out_.line("end;");
    out_.blank();
  }

  void start() {
    out_.line("startstate");
    out_.line("begin");
    out_.line("  wipe();");
    out_.line("  clear from_A;");
    out_.line("  clear from_B;");
    for (int side = 0; side < 2; ++side)
      for (const field& f : l_.endpoint)
        for (int i = 0; i < std::max(1, f.length); ++i) {
          const int value = f.initial[static_cast<std::size_t>(side)];
          out_.line(fmt::format("  {}.{}{} := {};", letter(side), f.name,
                                f.length > 0 ? fmt::format("[{}]", i) : "",
                                f.boolean ? (value != 0 ? "true" : "false") : std::to_string(value)));
        }
    out_.line(fmt::format("  losses := {};", network().loss.count));
    out_.line(fmt::format("  duplicates := {};", network().duplication.count));
    out_.line("end;");
    out_.blank();
  }

  // What may happen to an endpoint: `body` are the statements between begin_X and end_X.
  struct occurrence {
    std::string name, guard, which;
    std::vector<std::string> body;
  };

  // One rule for all of them: a translator may copy a procedure, and all that it calls, wherever it is called
  // (rumur does), and end_X is most of a model.
  void rule(int side, const std::string& name, const std::string& event, const std::vector<occurrence>& all,
            const std::string& over = "") {
    if (all.empty()) return;
    const bool several = all.size() > 1;
    if (!over.empty()) out_.line(fmt::format("ruleset {} do", over));
    if (several) out_.line(fmt::format("ruleset n: 0..{} do", all.size() - 1));
    if (l_.choices > 1) out_.line("ruleset c: 0..CHOICES - 1 do");
    out_.line(fmt::format("rule {}", quoted(name)));
    for (std::size_t i = 0; i < all.size(); ++i)
      out_.line(several
                    ? fmt::format("  {} n = {} & {}  -- {}", i == 0 ? " " : "|", i, all[i].guard, all[i].name)
                    : "  " + all[i].guard);
    out_.line("==>");
    out_.line("begin");
    for (std::size_t i = 0; i < all.size(); ++i) {
      const char* indent = several ? "    " : "  ";
      if (several) out_.line(fmt::format("  {} n = {} then", i == 0 ? "if" : "elsif", i));
      out_.line(fmt::format("{}begin_{}({}, {}, {});", indent, letter(side), event, all[i].which,
                            l_.choices > 1 ? "c" : "0"));
      for (const std::string& line : all[i].body) out_.line(indent + line);
    }
    if (several) out_.line("  end;");
    out_.line(fmt::format("  end_{}();", letter(side)));
    out_.line("end;");
    if (l_.choices > 1) out_.line("end;");
    if (several) out_.line("end;");
    if (!over.empty()) out_.line("end;");
    out_.blank();
  }

  void calls(int side) {
    const std::string x = letter(side);
    const language::endpoint_layout at(l_.composition.protocols[static_cast<std::size_t>(side)], user(side));
    std::vector<occurrence> all;
    for (std::size_t i = 0; i < user(side).application.size(); ++i) {
      const std::string may =
          l_.slots[static_cast<std::size_t>(side)][static_cast<std::size_t>(at.application) + i];
      const std::string left = x + "." + may;
      std::vector<std::string> body;
      if (!user(side).application[i].unlimited) {
        body.push_back(fmt::format("{0} := {0} - 1;", left));
        if (l_.observed) body.push_back(fmt::format("w.old.{} := {};", may, left));
      }
      body.push_back(fmt::format("{}_call_{}();", x, i));
      all.push_back({user(side).application[i].call_name, fmt::format("{}_can_call_{}()", x, i),
                     std::to_string(user(side).application[i].call), body});
    }
    rule(side, x + ": a call of its user", "EVENT_CALL", all);
  }

  void forgeries(int side) {
    const auto& attacker = user(side).attacker;
    if (!attacker) return;
    const std::string x = letter(side), left = x + "." + l_.forgeries_left;
    std::string guard = x + "_may_forge()";
    std::vector<std::string> body;
    if (attacker->limited) {
      guard += fmt::format(" & {} > 0", left);
      body.push_back(fmt::format("{0} := {0} - 1;", left));
      if (l_.observed) body.push_back(fmt::format("w.old.{} := {};", l_.forgeries_left, left));
    }
    if (attacker->listed) guard += fmt::format(" & f = {} - {}", attacker->segments, left);
    body.push_back("w.value := f;");
    body.push_back(x + "_forge();");
    rule(side, "forge a segment for " + x, "EVENT_DELIVER", {{"", guard, "0", body}},
         fmt::format("f: 0..{}", attacker->forgeries.size() - 1));
  }

  void deliveries(int side) {
    const std::string x = letter(side), y = letter(1 - side);
    std::vector<std::string> body = {"w.has_seg := true;"};
    for (const field& f : l_.segment)
      body.push_back(fmt::format("w.seg.{0} := from_{1}.s[i].{0};", f.name, y));
    if (!l_.is_set) body.push_back(fmt::format("take_out(from_{}, i);", y));
    body.push_back(fmt::format("{}_arrive();", x));
    rule(side, "deliver to " + x, "EVENT_DELIVER", {{"", fmt::format("distinct(from_{}, i)", y), "0", body}},
         l_.fifo ? "i: 0..0" : "i: 0..CAPACITY - 1");
  }

  void time_outs(int side) {
    const std::string x = letter(side);
    std::vector<occurrence> all;
    for (std::size_t t = 0; t < l_.timers.size(); ++t) {
      const std::string timer = fmt::format("{}.{}", x, l_.timers[t]);
      std::vector<std::string> body = {timer + " := -1;"};
      if (l_.observed) body.push_back(fmt::format("w.old.{} := -1;", l_.timers[t]));
      body.push_back(fmt::format("{}_time_out_{}();", x, t));
      all.push_back({l_.composition.protocols[0].timers[t].name, timer + " = 0", std::to_string(t), body});
    }
    rule(side, x + ": a time-out", "EVENT_TIME_OUT", all);
  }

  void faults() {
    for (int side = 0; side < 2; ++side) {
      const std::string x = letter(side);
      const auto fault = [&](const std::string& what, const std::string& budget, const language::budget& b,
                             const std::string& more, const std::vector<std::string>& body) {
        if (!b.unlimited && b.count == 0) return;
        out_.line("ruleset i: 0..CAPACITY - 1 do");
        out_.line(fmt::format("rule \"{} from {}\"", what, x));
        out_.line(fmt::format("  distinct(from_{}, i){}{}", x, more,
                              b.unlimited ? "" : fmt::format(" & {} > 0", budget)));
        out_.line("==>");
        out_.line("var s: segment;");
        out_.line("begin");
        for (const std::string& line : body) out_.line("  " + line);
        if (!b.unlimited) out_.line(fmt::format("  {0} := {0} - 1;", budget));
        out_.line("end;");
        out_.line("end;");
        out_.blank();
      };
      fault("lose", "losses", network().loss, "", {fmt::format("take_out(from_{}, i);", x)});
      fault("duplicate", "duplicates", network().duplication, fmt::format(" & from_{}.n < CAPACITY", x),
            {fmt::format("s := from_{}.s[i];", x), fmt::format("put_in(from_{}, i, s);", x)});
    }
  }

  // A tick has to change something: a timer that runs, or the age of a segment.
  void clock() {
    if (l_.composition.scenario.time == time_mode::untimed) return;
    std::vector<std::string> none_due, some_run, body;
    for (int side = 0; side < 2; ++side)
      for (std::size_t t = 0; t < l_.timers.size(); ++t) {
        if (!l_.counts(side, static_cast<int>(t))) continue;
        const std::string timer = fmt::format("{}.{}", letter(side), l_.timers[t]);
        none_due.push_back(timer + " != 0");
        some_run.push_back(timer + " > 0");
        body.push_back(fmt::format("if {0} > 0 then {0} := {0} - 1; end;", timer));
      }
    for (int side = 0; side < 2; ++side)
      for (std::size_t i = 0; i < user(side).application.size(); ++i)
        if (user(side).application[i].prompt)
          none_due.push_back(fmt::format("!{}_can_call_{}()", letter(side), i));
    const int lifetime = network().lifetime;
    const std::string age = l_.segment_slots.back();
    for (const char* x : {"A", "B"}) {
      if (lifetime == 0) continue;
      some_run.push_back(fmt::format("from_{}.n > 0", x));
      if (!network().loss.unlimited)  // the last moment at which it may arrive
        none_due.push_back(
            fmt::format("!(exists i: 0..CAPACITY - 1 do i < from_{0}.n & from_{0}.s[i].{1} = {2} end)", x,
                        age, lifetime - 1));
      body.push_back("k := 0;");
      body.push_back(fmt::format("while k < from_{}.n do", x));
      body.push_back(fmt::format(
          "  if from_{0}.s[k].{1} + 1 < {2} then from_{0}.s[k].{1} := from_{0}.s[k].{1} + 1; k := k + 1;", x,
          age, lifetime));
      body.push_back(fmt::format("  else take_out(from_{}, k); end;", x));
      body.push_back("end;");
    }
    if (some_run.empty()) return;
    out_.line("rule \"tick\"");
    out_.line(fmt::format("  ({}){}{}", fmt::join(some_run, " | "), none_due.empty() ? "" : " & ",
                          fmt::join(none_due, " & ")));
    out_.line("==>");
    out_.line("var k: num;");
    out_.line("begin");
    for (const std::string& line : body) out_.line("  " + line);
    out_.line("end;");
    out_.blank();
  }

  std::string stuck() const {
    std::string result = "from_A.n = 0 & from_B.n = 0";
    for (int side = 0; side < 2; ++side) {
      for (const std::string& t : l_.timers) result += fmt::format(" & {}.{} = -1", letter(side), t);
      for (std::size_t i = 0; i < user(side).application.size(); ++i)
        result += fmt::format(" & !{}_can_call_{}()", letter(side), i);
    }
    return result + (l_.composition.scenario.final ? " & !is_final()" : " & false");
  }

  void on_states() {
    for (std::size_t i = 0; i < l_.properties.all.size(); ++i) {
      const properties::property& p = l_.properties.all[i];
      const auto either = [&](const char* what) {
        return fmt::format("(A_{0}_{1}() | B_{0}_{1}())", what, i);
      };
      const bool never = p.never && !p.never->on_step;
      if (never || p.stuck) {
        const std::string bad = p.stuck ? "(" + stuck() + ")" : either("never");
        out_.line(fmt::format("cover {} {};", quoted("violated: " + p.name), bad));
        out_.line(fmt::format("invariant {} CHECK != {} | !{};", quoted(p.name), i + 1, bad));
      }
      if (p.witness && !p.witness->on_step)
        out_.line(fmt::format("cover {} {};", quoted("witness: " + p.name), either("witness")));
    }
  }

  const layout& l_;
  const options& o_;
  murphi_dialect m_;
  text out_;
};

}  // namespace

std::string murphi(const language::composition& c, const properties::property_set& p, const options& o) {
  const layout l(c, p, o);
  return murphi_writer(l, o).write();
}

}  // namespace tcpmc::exports
