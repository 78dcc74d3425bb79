#include "cli/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include "cli/reporting.hpp"

namespace tcpmc::cli {
namespace {

using language::diagnostics;
using language::setting;

constexpr int largest_bound = 1'000'000;  // of a range

std::optional<int> whole_number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// The parts of a list between commas that stand in no parentheses, and where they begin.
std::vector<std::pair<std::string, std::size_t>> parts_of(const std::string& text, std::size_t from) {
  std::vector<std::pair<std::string, std::size_t>> parts;
  int depth = 0;
  std::size_t begin = from;
  for (std::size_t i = from; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    parts.emplace_back(trimmed(text.substr(begin, i - begin)), begin);
    begin = i + 1;
  }
  return parts;
}

class axis_reader {
 public:
  axis_reader(const std::string& text, language::source_store& sources, diagnostics& errors)
      : text_(text), file_(&sources.add("--over", text)), errors_(errors) {}

  std::optional<axis> read() {
    const std::size_t before = errors_.size();
    const std::size_t equals = text_.find('=');
    if (equals == std::string::npos || trimmed(text_.substr(0, equals)).empty()) {
      wrong(0, fmt::format("'{}' is not of the form name=values", text_), hint);
      return std::nullopt;
    }
    axis_.name = trimmed(text_.substr(0, equals));
    axis_.numbers = true;
    for (const auto& [part, at] : parts_of(text_, equals + 1)) values(part, at);
    if (errors_.size() != before) return std::nullopt;
    if (axis_.numbers)
      std::stable_sort(axis_.values.begin(), axis_.values.end(), [](const setting& a, const setting& b) {
        return *whole_number(a.value.string) < *whole_number(b.value.string);
      });
    for (std::size_t i = 0; i < axis_.values.size(); ++i)
      for (std::size_t j = i + 1; j < axis_.values.size(); ++j)
        if (axis_.values[i].value.string == axis_.values[j].value.string) {
          wrong(axis_.values[j].value.at.offset,
                fmt::format("'{}' stands twice among the values of '{}'", axis_.text(j), axis_.name));
          return std::nullopt;
        }
    return std::move(axis_);
  }

 private:
  static constexpr const char* hint = "e.g. --over rto=1..4, --over loss=0,2,3..5, --over isn=fresh,constant";

  void wrong(std::size_t at, const std::string& what, const std::string& advice = {}) {
    errors_.add({file_, at}, what, advice);
  }

  void values(const std::string& part, std::size_t at) {
    if (part.empty()) return wrong(at, fmt::format("a value of '{}' is missing here", axis_.name), hint);
    const std::size_t dots = part.find("..");
    if (dots == std::string::npos) return value(part, at);
    const auto low = whole_number(trimmed(part.substr(0, dots))),
               high = whole_number(trimmed(part.substr(dots + 2)));
    if (!low || !high || *low < 0 || *high > largest_bound)
      return wrong(at, fmt::format("'{}' is not a range of whole numbers", part), hint);
    if (*low > *high)
      return wrong(at, fmt::format("the range {} is empty", part), fmt::format("{}..{}", *high, *low));
    if (static_cast<std::size_t>(*high - *low) >= most_points)
      return wrong(at, fmt::format("the range {} has more than {} values", part, most_points));
    for (int v = *low; v <= *high; ++v) value(std::to_string(v), at);
  }

  void value(const std::string& text, std::size_t at) {
    axis_.numbers = axis_.numbers && whole_number(text);
    setting s{axis_.name, {file_, 0}, {}};
    s.value.is = language::json_node::kind::string;
    s.value.string = text;
    s.value.at = {file_, at};
    axis_.values.push_back(std::move(s));
  }

  const std::string& text_;
  const language::source* file_;
  diagnostics& errors_;
  axis axis_;
};

// What a law's formula may name: parameters and the scenario's budgets.
language::vocabulary words_of(const language::composition& c) {
  language::vocabulary words = c.protocols[0].words;
  const language::network& n = c.scenario.network;
  const auto budget = [&](const char* name, int value) {
    words.constants.try_emplace(name, language::type::integer(), value);
  };
  if (!n.loss.unlimited) budget("loss", n.loss.count);
  if (!n.duplication.unlimited) budget("duplication", n.duplication.count);
  if (n.lifetime > 0) budget("lifetime", n.lifetime);
  if (!n.is_set()) budget("capacity", n.capacity);
  budget("incarnations", std::max(c.scenario.sides[0].incarnations, c.scenario.sides[1].incarnations));
  return words;
}

std::optional<bool> lawful(const law& l, const language::composition& c, diagnostics& errors) {
  language::json_node node;
  node.is = language::json_node::kind::string;
  node.string = l.formula;
  node.at = l.at;
  const auto e = language::parse_expression(node, errors);
  if (!e) return std::nullopt;
  const auto bound = language::binder(words_of(c), errors).bind(*e, language::type::boolean());
  if (!bound) return std::nullopt;
  if (bound->is == language::operation::constant) return bound->value == 1;
  errors.add(l.at, "a law is about parameters and budgets: it has to be a constant at every point");
  return std::nullopt;
}

// Whether all that is wrong is that values do not fit together.
bool only_unfit(const diagnostics& errors) {
  return !errors.empty() && std::all_of(errors.all().begin(), errors.all().end(),
                                        [](const language::diagnostic& d) { return d.unfit; });
}

// A sweep's threads take the next point that nobody has, check it, and put it where it belongs.
class sweeping {
 public:
  sweeping(const grid& g, const checker::options& limits,
           const std::function<bool(const sweep_progress&)>& go_on)
      : grid_(g), limits_(limits), go_on_(go_on), cells_(g.points()), errors_(g.points()) {
    limits_.threads = 1;
    limits_.checkpoint.clear();
    progress_.points = g.points();
  }

  void run(unsigned threads) {
    std::vector<std::thread> others;
    try {
      for (unsigned i = 1; i < threads; ++i) others.emplace_back([this] { work(); });
    } catch (const std::system_error&) {  // no more threads are to be had: these do the same
    }
    work();
    for (std::thread& t : others) t.join();
    if (broken_) std::rethrow_exception(broken_);
  }

  std::vector<cell> take_cells() { return std::move(cells_); }
  const std::vector<diagnostics>& errors() const { return errors_; }
  bool interrupted() const { return stop_ && !failed_; }

 private:
  void work() {
    for (std::size_t point; (point = next_++) < cells_.size();) {
      try {
        if (!stop_ && std::chrono::steady_clock::now() < limits_.deadline) one(point);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!broken_) broken_ = std::current_exception();
        stop_ = failed_ = true;
      }
      if (cells_[point].answers.empty() && cells_[point].unfit.empty()) {
        cells_[point].answers.resize(grid_.base.properties.size());
        cells_[point].limit = "not begun";
      }
      const std::lock_guard lock(mutex_);
      ++progress_.done;
      progress_.states += cells_[point].states;
    }
  }

  bool going_on() {
    const std::lock_guard lock(mutex_);
    if (!stop_ && !go_on_(progress_)) stop_ = true;
    return !stop_;
  }

  void one(std::size_t point) {
    cell& c = cells_[point];
    diagnostics& errors = errors_[point];
    const question q = grid_.asked(point);
    const auto input = load(q, std::make_shared<language::library>(), errors);
    if (!input) {
      if (only_unfit(errors)) {
        c.unfit = errors.all()[0].message;
        errors = {};
      } else {
        stop_ = failed_ = true;
      }
      return;
    }
    c.hash = hash_of(q, *input);
    const auto result = check(
        *input, limits_, [this](const checker::progress&) { return going_on(); }, errors);
    if (!result) {
      stop_ = failed_ = true;
      return;
    }
    for (std::size_t i = 0; i < result->answers.size(); ++i) {
      const answer& a = result->answers[i];
      cell_answer to{a.says, 0, false, std::nullopt};
      if (a.trace) {
        to.steps = a.trace->length();
        to.shortest = a.trace->shortest;
      }
      for (const law& l : grid_.laws)
        if (l.property.empty() || l.property == grid_.base.properties[i])
          to.lawful = lawful(l, *input->composition, errors);
      c.answers.push_back(to);
    }
    if (!errors.empty()) stop_ = failed_ = true;
    c.states = result->statistics.states;
    c.transitions = result->statistics.transitions;
    c.depth = result->statistics.depth;
    c.bounds = names_of_bounds(result->bounds_met);
    c.limit = limit_text(*result);
    going_on();
  }

  const grid& grid_;
  checker::options limits_;
  const std::function<bool(const sweep_progress&)>& go_on_;
  std::vector<cell> cells_;
  std::vector<diagnostics> errors_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stop_{false}, failed_{false};
  std::mutex mutex_;  // of what follows, and of go_on_
  sweep_progress progress_;
  std::exception_ptr broken_;
};

// Loads one point for each value of each axis, so that wrong names and values are told before anything runs.
// Gives what the axes are about.
void try_values(grid& g, sweep_result& result, diagnostics& errors) {
  std::size_t stride = 1;
  for (std::size_t a = g.axes.size(); a-- > 0;) {
    axis& x = g.axes[a];
    for (std::size_t v = 0; v < x.values.size(); ++v) {
      diagnostics found;
      const auto input = load(g.asked(v * stride), std::make_shared<language::library>(), found);
      if (input) {
        const language::composition& c = *input->composition;
        properties::load_properties(input->properties, c, found);
        for (const law& l : g.laws) lawful(l, c, found);
        result.protocol = c.protocols[0].name;
        result.scenario = c.scenario.name;
        const std::string own =
            x.name.starts_with("A.") || x.name.starts_with("B.") ? x.name.substr(2) : x.name;
        for (const language::parameter& p : c.protocols[0].parameters)
          if (p.name == own) x.says = p.says;
      }
      if (!only_unfit(found))
        for (const language::diagnostic& d : found.all()) errors.add(d);
    }
    stride *= x.values.size();
    if (!x.says.empty()) continue;
    if (x.name == "loss") x.says = "segments that may be lost";
    if (x.name == "duplication") x.says = "copies that the network may make";
    if (x.name == "lifetime") x.says = "ticks that a segment may be in flight";
    if (x.name == "capacity") x.says = "segments in flight in one direction";
    if (x.name == "incarnations") x.says = "connections that an endpoint may begin";
  }
  for (const axis& x : g.axes) {
    if (x.name == "protocol") result.protocol.clear();
    if (x.name == "scenario") result.scenario.clear();
  }
}

enum class line_state { holds, fails, open };

// "3, 5..8": the values at which a line holds.
std::string runs(const axis& x, const std::vector<std::size_t>& indices,
                 const std::vector<line_state>& line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != line_state::holds) continue;
    std::size_t last = i;
    while (last + 1 < line.size() && line[last + 1] == line_state::holds) ++last;
    text += fmt::format("{}{}", text.empty() ? "" : ", ", x.text(indices[i]));
    if (last > i) text += fmt::format("..{}", x.text(indices[last]));
    i = last;
  }
  return text;
}

threshold decided(const axis& x, const std::vector<std::size_t>& indices,
                  const std::vector<line_state>& line) {
  const auto is = [](line_state wanted) { return [wanted](line_state s) { return s == wanted; }; };
  const auto holds = is(line_state::holds);
  using kind = threshold::kind;
  const auto first = std::find_if(line.begin(), line.end(), holds);
  if (first == line.end()) return {kind::none, 0, "none"};
  const auto end = std::find_if(line.rbegin(), line.rend(), holds).base();
  const std::size_t from = indices[static_cast<std::size_t>(first - line.begin())];
  const std::size_t to = indices[static_cast<std::size_t>(end - line.begin()) - 1];
  if (!std::all_of(first, end, holds) || (first != line.begin() && end != line.end()))
    return {kind::scattered, 0, "only " + runs(x, indices, line)};
  if (first == line.begin() && end == line.end()) return {kind::all, 0, "all"};
  if (end == line.end()) return {kind::from, from, ">= " + x.text(from)};
  return {kind::up_to, to, "<= " + x.text(to)};
}

}  // namespace

std::optional<axis> parse_axis(const std::string& text, language::source_store& sources,
                               diagnostics& errors) {
  return axis_reader(text, sources, errors).read();
}

law parse_law(const std::string& text, const std::vector<std::string>& properties,
              language::source_store& sources) {
  const language::source* file = &sources.add("--law", text);
  const std::size_t colon = text.find(':');
  const std::string name = colon == std::string::npos ? "" : trimmed(text.substr(0, colon));
  if (std::find(properties.begin(), properties.end(), name) == properties.end()) return {"", text, {file, 0}};
  return {name, text.substr(colon + 1), {file, colon + 1}};
}

std::size_t grid::points() const {
  std::size_t n = 1;
  for (const axis& x : axes) n *= x.values.size();
  return n;
}

std::vector<std::size_t> grid::at(std::size_t point) const {
  std::vector<std::size_t> indices(axes.size());
  for (std::size_t a = axes.size(); a-- > 0; point /= axes[a].values.size())
    indices[a] = point % axes[a].values.size();
  return indices;
}

question grid::asked(std::size_t point) const {
  question q = base;
  const std::vector<std::size_t> indices = at(point);
  for (std::size_t a = 0; a < axes.size(); ++a) {
    const setting& s = axes[a].values[indices[a]];
    if (s.name == "protocol")
      q.protocol = s.value.string;
    else if (s.name == "scenario")
      q.scenario = s.value.string;
    else
      q.settings.push_back(s);
  }
  return q;
}

std::string grid::named(std::size_t point, std::size_t from, std::size_t to) const {
  std::string text;
  const std::vector<std::size_t> indices = at(point);
  for (std::size_t a = from; a < to; ++a)
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", axes[a].name, axes[a].text(indices[a]));
  return text;
}

std::optional<sweep_result> sweep(grid& g, const checker::options& limits, unsigned threads,
                                  const std::function<bool(const sweep_progress&)>& go_on,
                                  diagnostics& errors) {
  sweep_result result;
  result.properties = g.base.properties;
  try_values(g, result, errors);
  if (!errors.empty()) return std::nullopt;
  sweeping all(g, limits, go_on);
  all.run(threads);
  for (std::size_t point = 0; point < g.points(); ++point) {
    if (all.errors()[point].empty()) continue;
    errors.add({}, fmt::format("at {}:", g.named(point, 0, g.axes.size())));
    for (const language::diagnostic& d : all.errors()[point].all()) errors.add(d);
    return std::nullopt;
  }
  result.cells = all.take_cells();
  result.interrupted = all.interrupted();
  std::vector<std::string> hashes;
  for (const cell& c : result.cells)
    if (!c.hash.empty()) hashes.push_back(c.hash);
  result.hash = combined(hashes);
  return result;
}

threshold threshold_of(const grid& g, const sweep_result& r, std::size_t property, std::size_t point,
                       std::size_t along) {
  const axis& x = g.axes[along];
  if (!x.numbers) return {};
  std::size_t stride = 1;
  for (std::size_t a = along + 1; a < g.axes.size(); ++a) stride *= g.axes[a].values.size();
  const std::size_t start = point - g.at(point)[along] * stride;
  std::vector<std::size_t> indices;
  std::vector<line_state> line;
  for (std::size_t v = 0; v < x.values.size(); ++v) {
    const cell& c = r.cells[start + v * stride];
    if (!c.unfit.empty()) continue;
    const verdict says = c.answers[property].says;
    indices.push_back(v);
    line.push_back(says == verdict::inconclusive ? line_state::open
                   : says == verdict::violated   ? line_state::fails
                                                 : line_state::holds);
  }
  if (line.empty()) return {};
  std::vector<line_state> worst = line, best = line;
  std::replace(worst.begin(), worst.end(), line_state::open, line_state::fails);
  std::replace(best.begin(), best.end(), line_state::open, line_state::holds);
  const threshold low = decided(x, indices, worst), high = decided(x, indices, best);
  if (low.text == high.text) return low;
  return {threshold::kind::undecided, 0, fmt::format("{} or {}", high.text, low.text)};
}

sweep_counts count(const sweep_result& r) {
  sweep_counts n;
  for (const cell& c : r.cells) {
    n.states += c.states;
    if (!c.unfit.empty()) n.unfit += r.properties.size();
    for (const cell_answer& a : c.answers) {
      n.holds += a.says == verdict::holds;
      n.vacuous += a.says == verdict::holds_vacuously;
      n.violated += a.says == verdict::violated;
      n.inconclusive += a.says == verdict::inconclusive;
      if (!a.lawful) continue;
      if (a.says == verdict::inconclusive)
        ++n.unknown;
      else
        ++(*a.lawful == (a.says != verdict::violated) ? n.lawful : n.unlawful);
    }
  }
  return n;
}

}  // namespace tcpmc::cli
