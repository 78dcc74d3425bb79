// The model for SPIN. The logic is C, embedded (c_decl, c_state, c_code), because a step is one indivisible
// computation on records; Promela gives the choice among the steps. Each step is a d_step: its guard makes
// the next state in a variable that is not part of the state, its body takes it. So one stored state is one
// state of the model, and one transition is one step, but for SPIN's count of the initial state as a
// transition.
#include <fmt/format.h>

#include <algorithm>

#include "exports/rules.hpp"

namespace tcpmc::exports {

using language::time_mode;

namespace {

std::string comment_text(std::string words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if ((words[i] == '*' && words[i + 1] == '/') || (words[i] == '/' && words[i + 1] == '*'))
      words[i + 1] = ' ';
  for (char& c : words)
    if (c == '\\' || c == '\'' || c == '"' || c == '\n' || c == '\r')
      c = ' ';  // C's preprocessor reads comments first
  return words;
}

// C, as it stands in the Promela text.
class c_dialect : public dialect {
 public:
  std::string truth(bool value) const override { return value ? "1" : "0"; }
  std::string equal(const std::string& a, const std::string& b) const override { return a + " == " + b; }
  std::string both(const std::string& a, const std::string& b) const override { return a + " && " + b; }
  std::string either(const std::string& a, const std::string& b) const override { return a + " || " + b; }
  std::string call(const std::string& f, const std::vector<std::string>& arguments, bool) const override {
    return fmt::format("{}({})", f, fmt::join(arguments, ", "));
  }
  std::string endpoint(int side) const override { return side == 0 ? "next.A" : "next.B"; }
  std::string channel(int side) const override { return side == 0 ? "next.from_A" : "next.from_B"; }
  std::string exists(const std::string& in,
                     const std::function<std::string(const std::string&)>& body) override {
    const std::string name = fmt::format("some_{}", ++helper_count_);
    helpers_ += fmt::format(
        "static int {0}(void) {{\n  int i;\n  for (i = 0; i < {1}.n; i++)\n    if ({2}) return 1;\n  return "
        "0;\n}}\n",
        name, in, body(in + ".s[i]"));
    return name + "()";
  }
  std::string exists_sent(
      const std::function<std::string(const std::string&, const std::string&)>& body) override {
    return exists("w.sent", [&](const std::string& segment) { return body(segment + ".", ""); });
  }

  void open_if(text& out, const std::string& condition) const override {
    out.line("if (" + condition + ") {");
  }
  void else_if(text& out, const std::string& condition) const override {
    out.line("} else if (" + condition + ") {");
  }
  void close_if(text& out) const override { out.line("}"); }
  void open_while(text& out, const std::string& condition) const override {
    out.line("while (" + condition + ") {");
  }
  void close_while(text& out) const override { out.line("}"); }
  void assign(text& out, const std::string& target, const std::string& value) const override {
    out.line(fmt::format("{} = {};", target, value));
  }
  void copy(text& out, const std::string& target, const std::string& source, const layout&) const override {
    assign(out, target, source);
  }
  void perform(text& out, const std::string& procedure,
               const std::vector<std::string>& arguments) const override {
    out.line(fmt::format("{}({});", procedure, fmt::join(arguments, ", ")));
  }
  void leave(text& out) const override { out.line("return;"); }
  void give(text& out, const std::string& value) const override {
    out.line(fmt::format("return {};", value));
  }
  void fail(text& out, const std::string& message) const override {
    out.line(fmt::format("model_error(\"{}\");", message));
  }
  void comment(text& out, const std::string& words) const override {
    out.line("/* " + comment_text(words) + " */");
  }
  void open_procedure(text& out, const std::string& name) const override {
    out.line(fmt::format("static void {}(void) {{", name));
  }
  void open_function(text& out, const std::string& name, bool) const override {
    out.line(fmt::format("static int {}(void) {{", name));
  }
  void close_routine(text& out) const override { out.line("}"); }
  std::string take_helpers() override { return std::exchange(helpers_, {}); }

 private:
  std::string helpers_;
  int helper_count_ = 0;
};

std::string replaced(std::string in, const std::vector<std::pair<std::string, std::string>>& words) {
  for (const auto& [from, to] : words)
    for (std::size_t i = in.find(from); i != std::string::npos; i = in.find(from, i + to.size()))
      in.replace(i, from.size(), to);
  return in;
}

void record(text& out, const std::string& name, const std::vector<field>& fields) {
  out.line(fmt::format("struct {} {{", name));
  out.deeper();
  for (const field& f : fields)
    out.line(fmt::format("val {}{};{}", f.name, f.length > 0 ? fmt::format("[{}]", f.length) : "",
                         f.says.empty() ? "" : "  /* " + comment_text(f.says) + " */"));
  out.back();
  out.line("};");
}

int slots(const std::vector<field>& fields) {
  int result = 0;
  for (const field& f : fields) result += std::max(1, f.length);
  return result;
}

bool fits_short(const std::vector<field>& fields) {
  return std::all_of(fields.begin(), fields.end(),
                     [](const field& f) { return f.low >= -32768 && f.high <= 32767; });
}

// Arithmetic and the record of a step.
constexpr const char* common = R"(
static struct tcpmc_state next;  /* what a guard makes and its body takes; not part of the state */
static struct work w;

static void model_error(const char *what) {
  printf("MODEL ERROR: %s\n", what);
  printf("the model is not explored any further\n");
  exit(1);
}

/* Sequence numbers, RFC 9293 3.4: the distance of a from b is the one nearest to zero. */
static int seq_distance(int a, int b) {
  int d = (a - b) % MODULUS;
  if (d < 0) d += MODULUS;
  return 2 * d >= MODULUS ? d - MODULUS : d;
}
static int seq_less(int a, int b) { return seq_distance(b, a) > 0; }
static int seq_at_most(int a, int b) { return a == b || seq_distance(b, a) > 0; }
static int seq_add(int a, int b) { return ((a + b) % MODULUS + MODULUS) % MODULUS; }
static int seq_subtract(int a, int b) { return ((a - b) % MODULUS + MODULUS) % MODULUS; }

static int within(int value, int low, int high) {
  if (value < low || value > high) model_error("a value leaves its range");
  return value;
}
static int no_wrap(int value) {
  if (2 * value >= MODULUS) model_error("a sequence number would wrap");
  return value;
}

static void choose(int low, int high) {
  int values = high - low + 1;
  if (values < 1 || values > 1001) model_error("a choice among no values, or too many");
  w.ways *= values;
  if (w.ways > CHOICES) model_error("one event goes more ways than the model looks at: raise --choices");
  w.value = low + w.choice % values;
  w.choice /= values;
}
static void choose_sequence(int low, int high) {
  int width = high - low;
  if (width < 0) width += MODULUS;
  choose(0, width);
  w.value = (low + w.value) % MODULUS;
}

static void tag_own(int incarnation, int peer_incarnation, int isn) {
  w.out.@incarnation@ = incarnation;
  w.out.@peer_incarnation@ = peer_incarnation;
  w.out.@isn@ = isn;
  w.out.@answer@ = 0;
@own forged@}
static void tag_answer(void) {
  w.out.@incarnation@ = w.seg.@incarnation@;
  w.out.@peer_incarnation@ = w.seg.@peer_incarnation@;
  w.out.@isn@ = w.seg.@isn@;
  w.out.@answer@ = 1;
@answer forged@}
)";

// Channels: arrays whose unused rest is zero. Where order does not matter they are sorted, by any fixed
// order, so that equal contents are equal arrays.
constexpr const char* channels = R"(
static int order_of(const struct segment *a, const struct segment *b) { return memcmp(a, b, sizeof *a); }
static int same_wire(const struct segment *a, const struct segment *b) {
  return memcmp(a, b, WIRE * sizeof(val)) == 0;
}

/* Of equal neighbours only the first makes a difference. */
static int distinct(const struct channel *c, int i) {
  return i < c->n && (i == 0 || order_of(&c->s[i], &c->s[i - 1]) != 0);
}
static void take_out(struct channel *c, int i) {
  for (; i + 1 < c->n; i++) c->s[i] = c->s[i + 1];
  c->n--;
  memset(&c->s[c->n], 0, sizeof c->s[0]);
}
static void put_in(struct channel *c, int i, const struct segment *s) {
  struct segment fresh = *s;
  int k;
  for (k = c->n; k > i; k--) c->s[k] = c->s[k - 1];
  c->s[i] = fresh;
  c->n++;
}
static int place_of(const struct channel *c, const struct segment *s) {
  int i = 0;
  while (i < c->n && order_of(&c->s[i], s) <= 0) i++;
  return i;
}

static void send_on(struct channel *c) {
  int i;
  w.out.@age@ = 0;
  if (w.sent.n < CAPACITY) w.sent.s[w.sent.n++] = w.out;
  else if (IS_SET) model_error("one step sends more segments than the array holds: raise --room");
  if (IS_SET) {  /* each segment once, with its least age */
    for (i = 0; i < c->n; i++) {
      struct segment old = c->s[i];
      old.@age@ = 0;
      if (order_of(&old, &w.out) == 0) {
        take_out(c, i);
        break;
      }
    }
    if (c->n == CAPACITY) model_error("more segments in flight than the array holds: raise --room");
    put_in(c, place_of(c, &w.out), &w.out);
    return;
  }
  if (w.event == EVENT_TIME_OUT && CHARGED) {
    for (i = 0; i < c->n; i++)
      if (same_wire(&c->s[i], &w.out)) {
        if (next.duplicates == 0) {
          w.cut = 1;
          return;
        }
        next.duplicates--;
        break;
      }
  }
  if (c->n == CAPACITY) {
    w.cut = 1;
    return;
  }
  put_in(c, FIFO ? c->n : place_of(c, &w.out), &w.out);
}
static void send_A(void) { send_on(&next.from_A); }
static void send_B(void) { send_on(&next.from_B); }
)";

// Steps of an endpoint: @X@ moves, @Y@ is the other.
constexpr const char* endpoint_steps = R"(
static void begin_@X@(int event, int which, int choice) {
  memset(&w, 0, sizeof w);
  w.before = next.@X@;
@remember@  w.event = event;
  w.which = which;
  w.choice = choice;
  w.ways = 1;
}
static int end_@X@(void) {
  if (w.cut || w.choice != 0) return 0;
  @X@_observe();
  judge_step_@X@();
  judge_state();
  return 1;
}
static int call_@X@(int i, int choice) {
  next = now.s;
@calls@  return 0;
}
static int deliver_to_@X@(int i, int choice) {
  next = now.s;
  if (FIFO && i != 0) return 0;
  if (!distinct(&next.from_@Y@, i)) return 0;
  begin_@X@(EVENT_DELIVER, 0, choice);
  w.has_seg = 1;
  w.seg = next.from_@Y@.s[i];
  if (!IS_SET) take_out(&next.from_@Y@, i);
  @X@_arrive();
  return end_@X@();
}
static int time_out_@X@(int t, int choice) {
  next = now.s;
@time_outs@  return 0;
}
@forgeries@static int lose_from_@X@(int i) {
  next = now.s;
  if (IS_SET || !distinct(&next.from_@X@, i)) return 0;
  if (!LOSS_UNLIMITED) {
    if (next.losses == 0) return 0;
    next.losses--;
  }
  take_out(&next.from_@X@, i);
  judge_state();
  return 1;
}
static int duplicate_from_@X@(int i) {
  next = now.s;
  if (IS_SET || !distinct(&next.from_@X@, i) || next.from_@X@.n == CAPACITY) return 0;
  if (!DUPLICATION_UNLIMITED) {
    if (next.duplicates == 0) return 0;
    next.duplicates--;
  }
  put_in(&next.from_@X@, i, &next.from_@X@.s[i]);
  judge_state();
  return 1;
}
)";

constexpr const char* clock_step = R"(
/* A tick that would change nothing is no step; neither is one that passes over a timer that is due, or that
   would let a segment die of age where losses are counted. */
static int grow_older(struct channel *c, int *changed) {
  int i;
  for (i = 0; i < c->n; i++) {
    *changed = 1;
    c->s[i].@age@++;
    if (c->s[i].@age@ < LIFETIME) continue;
    if (!LOSS_UNLIMITED) return 0;
    take_out(c, i--);
  }
  return 1;
}
static int tick(void) {
  int changed = 0;
  next = now.s;
  if (!TIME_PASSES) return 0;
@timers@  if (LIFETIME > 0 && !grow_older(&next.from_A, &changed)) return 0;
  if (LIFETIME > 0 && !grow_older(&next.from_B, &changed)) return 0;
  if (!changed) return 0;
  judge_state();
  return 1;
}
)";

constexpr const char* pairs = R"(
/* How many pairs of endpoints are reachable, for comparing with a search that keeps no channels apart. */
struct pair {
  struct endpoint A, B;
};
static struct pair *pair_table;
static unsigned long pair_count, pair_room;
static unsigned long pair_hash(const struct pair *p) {
  const unsigned char *b = (const unsigned char *)p;
  unsigned long h = 1469598103934665603UL, i;
  for (i = 0; i < sizeof *p; i++) h = (h ^ b[i]) * 1099511628211UL;
  return h ^ h >> 29;
}
static int pair_insert(const struct pair *p) {
  static const struct pair none;
  unsigned long i = pair_hash(p) & (pair_room - 1);
  for (; memcmp(&pair_table[i], &none, sizeof none) != 0; i = (i + 1) & (pair_room - 1))
    if (memcmp(&pair_table[i], p, sizeof *p) == 0) return 0;
  pair_table[i] = *p;
  return 1;
}
static void note_pair(void) {
  struct pair p;
  memset(&p, 0, sizeof p);
  p.A = next.A;
  p.B = next.B;
  if (2 * pair_count >= pair_room) {
    struct pair *old = pair_table;
    unsigned long room = pair_room, i;
    static const struct pair none;
    pair_room = room == 0 ? 1024 : 2 * room;
    pair_table = (struct pair *)calloc(pair_room, sizeof p);
    for (i = 0; i < room; i++)
      if (memcmp(&old[i], &none, sizeof none) != 0) pair_insert(&old[i]);
    free(old);
  }
  pair_count += pair_insert(&p);
}
)";

class promela_writer {
 public:
  promela_writer(const layout& l, const options& o) : l_(l), o_(o) {}

  std::string write() {
    heading();
    out_.line("c_decl {");
    constants();
    records();
    out_.line("};");
    out_.line("c_state \"tcpmc_state s\" \"Global\" \"initial_state()\"");
    out_.blank();
    code(filled(common));
    code(filled(channels));
    code(routines(l_, c_));
    if (l_.composition.scenario.final || stuck()) code(stuck_text());
    code(judging());
    for (int side = 0; side < 2; ++side) code(steps(side));
    code(filled(replaced(clock_step, {{"@timers@", timers()}})));
    code(initial());
    process();
    return out_.take();
  }

 private:
  const language::network& network() const { return l_.composition.scenario.network; }
  const language::side_of_scenario& user(std::size_t side) const {
    return l_.composition.scenario.sides[side];
  }

  bool stuck() const {
    return std::any_of(l_.properties.all.begin(), l_.properties.all.end(),
                       [](const auto& p) { return p.stuck; });
  }

  // SPIN takes at most 64 KB in one piece: between routines a new one may begin.
  void code(const std::string& lines) {
    constexpr std::size_t most = 30'000;
    for (std::size_t at = 0; at < lines.size();) {
      std::size_t end = lines.size();
      if (end - at > most) {
        const std::size_t last = lines.rfind("\n}\n", at + most);
        if (last != std::string::npos && last > at) end = last + 3;
      }
      out_.line("c_code {");
      out_.raw(lines.substr(at, end - at));
      out_.line("};");
      out_.blank();
      at = end;
    }
  }

  std::string filled(const std::string& lines) const {
    const auto ghosts = ghost_words(l_);
    std::string own, answer;
    if (l_.attacked) {
      own = "  w.out.@forged@ = 0;\n";
      answer = "  w.out.@forged@ = w.seg.@forged@;\n";
    }
    return replaced(replaced(lines, {{"@own forged@", own}, {"@answer forged@", answer}}), ghosts);
  }

  void heading() {
    const std::size_t value = fits_short(l_.endpoint) && fits_short(l_.segment) ? 2 : 4;
    const std::size_t bytes = value * static_cast<std::size_t>(2 * slots(l_.endpoint) +
                                                               2 * (1 + l_.capacity * slots(l_.segment)) + 2);
    out_.line("/*");
    std::string line;
    for (const char c : o_.heading + "\n") {
      if (c != '\n') {
        line += c;
        continue;
      }
      out_.line("   " + comment_text(line));
      line.clear();
    }
    out_.line(
        "   Counting: every state is explored; violated properties and reached witnesses are told at the "
        "end.");
    out_.line("     spin -a MODEL.pml");
    out_.line(fmt::format("     cc -O1 -w -DSAFETY -DNOREDUCE -DVECTORSZ={} -o pan pan.c", bytes + 64));
    out_.line("     ./pan -m1000000 -E -c0");
    out_.line(
        "   \"states, stored\" are the reachable states; \"transitions\" are the steps, and one for the "
        "initial state.");
    out_.line(
        "   \"errors: 0\" is no verdict here: nothing is asserted in such a run. The lines PROPERTY have the "
        "verdicts.");
    out_.line(
        "   Judging: with -DVERDICT=N for cc, the search ends at a violation of property N, with a trail; "
        "that run");
    out_.line("   does not count all states. -DPAIRS tells the number of pairs of endpoints that were met.");
    for (std::size_t i = 0; i < l_.properties.all.size(); ++i)
      out_.line("     " + comment_text(about(i, l_.properties.all[i])));
    out_.line("*/");
  }

  void constants() {
    const auto define = [&](const std::string& name, const std::string& value) {
      out_.line(fmt::format("\\#define {} {}", name, value));
    };
    out_.line("\\#ifndef VERDICT");
    define("VERDICT", "0");
    out_.line("\\#endif");
    for (std::size_t i = 0; i < l_.states.size(); ++i) define(l_.states[i], std::to_string(i));
    for (std::size_t i = 0; i < l_.signals.size(); ++i) define(l_.signals[i], std::to_string(i));
    define("EVENT_CALL", "0");
    define("EVENT_DELIVER", "1");
    define("EVENT_TIME_OUT", "2");
    define("MODULUS", std::to_string(l_.modulus));
    define("CAPACITY", std::to_string(l_.capacity));
    define("CHOICES", std::to_string(l_.choices));
    define("WIRE", fmt::format("{}  /* flags and fields, without ghost tags and age */", l_.wire));
    define("IS_SET", l_.is_set ? "1" : "0");
    define("FIFO", l_.fifo ? "1" : "0");
    define("LOSS_UNLIMITED", network().loss.unlimited ? "1" : "0");
    define("DUPLICATION_UNLIMITED", network().duplication.unlimited ? "1" : "0");
    define("LIFETIME", fmt::format("{}  /* ticks; 0: without limit */", network().lifetime));
    define("TIME_PASSES", l_.composition.scenario.time == time_mode::untimed ? "0" : "1");
    const bool charged = l_.composition.scenario.time != time_mode::timed && !network().duplication.unlimited;
    define("CHARGED", fmt::format("{}  /* a retransmission beside an identical segment is a duplicate */",
                                  charged ? 1 : 0));
  }

  void records() {
    out_.line(
        fmt::format("typedef {} val;", fits_short(l_.endpoint) && fits_short(l_.segment) ? "short" : "int"));
    record(out_, "endpoint", l_.endpoint);
    record(out_, "segment", l_.segment);
    out_.line("struct channel {");
    out_.line("  val n;");
    out_.line("  struct segment s[CAPACITY];");
    out_.line("};");
    out_.line("struct tcpmc_state {");
    out_.line("  struct endpoint A, B;");
    out_.line("  struct channel from_A, from_B;");
    out_.line("  val losses, duplicates;  /* that are left */");
    out_.line("};");
    out_.line("typedef struct tcpmc_state tcpmc_state;");
    out_.line("struct work {");
    out_.line(l_.observed ? "  struct endpoint before, old, after;" : "  struct endpoint before;");
    out_.line("  struct segment seg, out;");
    out_.line("  struct channel sent;  /* by this step; more than the capacity cuts it off */");
    out_.line(fmt::format("  int passed[{}], signals[{}];", l_.states.size(),
                          std::max<std::size_t>(1, l_.signals.size())));
    out_.line(
        "  int has_seg, event, which, began, choice, ways, cut, dropped, cleared, stage, fired, rounds, "
        "value;");
    out_.line("};");
    out_.line("static tcpmc_state initial_state(void);");
  }

  std::string stuck_text() const {
    std::string result =
        "/* Nothing is in flight, no user may call, no timer runs, and the scenario is not final. */\nstatic "
        "int stuck(void) {\n";
    result += "  if (next.from_A.n != 0 || next.from_B.n != 0) return 0;\n";
    for (std::size_t side = 0; side < 2; ++side) {
      const char x = side == 0 ? 'A' : 'B';
      for (const std::string& t : l_.timers)
        result += fmt::format("  if (next.{}.{} != -1) return 0;\n", x, t);
      for (std::size_t i = 0; i < user(side).application.size(); ++i)
        result += fmt::format("  if ({}_can_call_{}()) return 0;\n", x, i);
    }
    result += l_.composition.scenario.final ? "  return !is_final();\n}\n" : "  return 0;\n}\n";
    return result;
  }

  // Marks what was seen; with VERDICT, whether the step has to end the search.
  std::string judging() const {
    const std::size_t count = std::max<std::size_t>(1, l_.properties.all.size());
    std::string names;
    for (const auto& p : l_.properties.all)
      names += fmt::format("\"{}\", ", replaced(p.name, {{"\\", "/"}, {"\"", "'"}}));
    std::string result = fmt::format("static const char *const property_name[] = {{{}0}};\n", names);
    result += fmt::format("static int seen_violated[{0}], seen_witness[{0}], bad;\n", count);
    result += "static void violate(int p) {\n  seen_violated[p] = 1;\n  if (VERDICT == p + 1) bad = 1;\n}\n";
    result += "static int fine(void) { return !bad; }\n";
    result += "\\#ifdef PAIRS";
    result += pairs;
    result += "\\#endif\n";
    result += "static void report(void) {\n  int p;\n  for (p = 0; property_name[p] != 0; p++)\n";
    result +=
        "    printf(\"PROPERTY %s: %s, witness %s\\n\", property_name[p], seen_violated[p] ? \"violated\" : "
        "\"not violated\",\n"
        "           seen_witness[p] ? \"reached\" : \"not reached\");\n";
    result += "\\#ifdef PAIRS\n  printf(\"PAIRS %lu\\n\", pair_count);\n\\#endif\n}\n";
    for (const char x : {'A', 'B'}) {
      result += fmt::format("static void judge_step_{}(void) {{\n", x);
      for (std::size_t i = 0; i < l_.properties.all.size(); ++i) {
        const properties::property& p = l_.properties.all[i];
        if (p.never && p.never->on_step)
          result += fmt::format("  if ({0}_never_{1}()) violate({1});\n", x, i);
        if (p.witness && p.witness->on_step)
          result += fmt::format("  if ({0}_witness_{1}()) seen_witness[{1}] = 1;\n", x, i);
      }
      result += "}\n";
    }
    result += "static void judge_state(void) {\n\\#ifdef PAIRS\n  note_pair();\n\\#endif\n";
    for (std::size_t i = 0; i < l_.properties.all.size(); ++i) {
      const properties::property& p = l_.properties.all[i];
      if (p.never && !p.never->on_step)
        result += fmt::format("  if (A_never_{0}() || B_never_{0}()) violate({0});\n", i);
      if (p.witness && !p.witness->on_step)
        result += fmt::format("  if (A_witness_{0}() || B_witness_{0}()) seen_witness[{0}] = 1;\n", i);
      if (p.stuck) result += fmt::format("  if (stuck()) violate({});\n", i);
    }
    return result + "}\n";
  }

  std::string steps(int side) const {
    const std::string x = side == 0 ? "A" : "B", y = side == 0 ? "B" : "A";
    const auto s = static_cast<std::size_t>(side);
    const language::protocol& p = l_.composition.protocols[s];
    const auto& application = user(s).application;
    const language::endpoint_layout at(p, user(s));
    // Nobody but observers looks at it.
    const std::string remember = l_.observed ? fmt::format("    w.old = next.{};\n", x) : "";
    std::string calls, time_outs;
    for (std::size_t i = 0; i < application.size(); ++i)
      calls += fmt::format(
          "  if (i == {0}) {{\n    if (!{1}_can_call_{0}()) return 0;\n    begin_{1}(EVENT_CALL, {2}, "
          "choice);\n{3}{4}    {1}_call_{0}();\n    return end_{1}();\n  }}\n",
          i, x, application[i].call,
          application[i].unlimited ? ""
                                   : fmt::format("    next.{}.{}--;\n", x,
                                                 l_.slots[s][static_cast<std::size_t>(at.application) + i]),
          remember);
    for (std::size_t t = 0; t < p.timers.size(); ++t)
      time_outs += fmt::format(
          "  if (t == {0}) {{\n    if (next.{1}.{2} != 0) return 0;\n    begin_{1}(EVENT_TIME_OUT, {0}, "
          "choice);\n    next.{1}.{2} = -1;\n"
          "{3}    {1}_time_out_{0}();\n    return end_{1}();\n  }}\n",
          t, x, l_.timers[t], remember);
    return replaced(replaced(endpoint_steps, {{"@forgeries@", forgeries(side)},
                                              {"@remember@", l_.observed ? "  w.old = next.@X@;\n" : ""}}),
                    {{"@X@", x}, {"@Y@", y}, {"@calls@", calls}, {"@time_outs@", time_outs}});
  }

  std::string forgeries(int side) const {
    const auto& attacker = user(static_cast<std::size_t>(side)).attacker;
    if (!attacker) return {};
    std::string result =
        "static int forge_for_@X@(int f, int choice) {\n  next = now.s;\n  if (!@X@_may_forge()) return 0;\n";
    const std::string left = "next.@X@." + l_.forgeries_left;
    if (attacker->limited) result += fmt::format("  if ({} == 0) return 0;\n", left);
    if (attacker->listed) result += fmt::format("  if (f != {} - {}) return 0;\n", attacker->segments, left);
    result += "  begin_@X@(EVENT_DELIVER, 0, choice);\n";
    if (attacker->limited) result += fmt::format("  {}--;\n", left);
    if (attacker->limited && l_.observed) result += "  w.old = next.@X@;\n";
    return result + "  w.value = f;\n  @X@_forge();\n  return end_@X@();\n}\n";
  }

  std::string timers() const {
    std::string result;
    for (std::size_t side = 0; side < 2; ++side)
      for (std::size_t i = 0; i < user(side).application.size(); ++i)
        if (user(side).application[i].prompt)
          result += fmt::format("  if ({}_can_call_{}()) return 0;\n", side == 0 ? "A" : "B", i);
    for (int side = 0; side < 2; ++side)
      for (std::size_t t = 0; t < l_.timers.size(); ++t) {
        if (!l_.counts(side, static_cast<int>(t))) continue;
        const std::string timer = fmt::format("next.{}.{}", side == 0 ? "A" : "B", l_.timers[t]);
        result += fmt::format(
            "  if ({0} == 0) return 0;\n  if ({0} > 0) {{\n    {0}--;\n    changed = 1;\n  }}\n", timer);
      }
    return result;
  }

  std::string initial() const {
    std::string result = "static tcpmc_state initial_state(void) {\n  memset(&next, 0, sizeof next);\n";
    for (std::size_t side = 0; side < 2; ++side)
      for (const field& f : l_.endpoint)
        for (int i = 0; i < std::max(1, f.length); ++i)
          if (f.initial[side] != 0)
            result += fmt::format("  next.{}.{}{} = {};\n", side == 0 ? "A" : "B", f.name,
                                  f.length > 0 ? fmt::format("[{}]", i) : "", f.initial[side]);
    result += fmt::format("  next.losses = {};\n  next.duplicates = {};\n", network().loss.count,
                          network().duplication.count);
    result += "  atexit(report);\n  judge_state();\n";
    // A step's violation ends the search at its d_step; here there may be no step.
    result +=
        "\\#if VERDICT > 0\n  if (bad) {\n    printf(\"errors: 1, in the initial state: %s\\n\", "
        "property_name[VERDICT - 1]);\n    exit(1);\n  }\n\\#endif\n";
    return result + "  return next;\n}\nstatic void take(void) { now.s = next; }\n";
  }

  void process() {
    const auto step = [&](const std::string& guard) {
      out_.line(fmt::format(":: d_step {{ c_expr {{ {} }} -> c_code [fine()] {{ take(); }} }}", guard));
    };
    out_.line("active proctype network_and_users() {");
    out_.line("end: do");
    out_.deeper();
    // SPIN takes a name with a bracket right behind it for an effect on the state; there is none.
    for (const char x : {'A', 'B'}) {
      const auto& application = user(x == 'A' ? 0 : 1).application;
      for (std::size_t i = 0; i < application.size(); ++i)
        for (int c = 0; c < l_.choices; ++c) step(fmt::format("call_{} ({}, {})", x, i, c));
    }
    for (const char x : {'A', 'B'}) {
      const auto& attacker = user(x == 'A' ? 0 : 1).attacker;
      for (std::size_t f = 0; attacker && f < attacker->forgeries.size(); ++f)
        for (int c = 0; c < l_.choices; ++c) step(fmt::format("forge_for_{} ({}, {})", x, f, c));
    }
    for (const char x : {'A', 'B'})
      for (int i = 0; i < (l_.fifo ? 1 : l_.capacity); ++i)
        for (int c = 0; c < l_.choices; ++c) step(fmt::format("deliver_to_{} ({}, {})", x, i, c));
    for (const char x : {'A', 'B'})
      for (std::size_t t = 0; t < l_.timers.size(); ++t)
        for (int c = 0; c < l_.choices; ++c) step(fmt::format("time_out_{} ({}, {})", x, t, c));
    if (!l_.is_set)
      for (const char x : {'A', 'B'})
        for (int i = 0; i < l_.capacity; ++i) {
          if (network().loss.unlimited || network().loss.count > 0)
            step(fmt::format("lose_from_{} ({})", x, i));
          if (network().duplication.unlimited || network().duplication.count > 0)
            step(fmt::format("duplicate_from_{} ({})", x, i));
        }
    step("tick ()");
    out_.back();
    out_.line("   od");
    out_.line("}");
  }

  const layout& l_;
  const options& o_;
  c_dialect c_;
  text out_;
};

}  // namespace

std::string promela(const language::composition& c, const properties::property_set& p, const options& o) {
  const layout l(c, p, o);
  return promela_writer(l, o).write();
}

}  // namespace tcpmc::exports
