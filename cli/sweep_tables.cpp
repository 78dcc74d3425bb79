#include "cli/sweep_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/version.hpp"

namespace tcpmc::cli {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t most_told = 10;  // disagreements

bool unlawful(const cell_answer& a) {
  return a.lawful && a.says != verdict::inconclusive && *a.lawful != (a.says != verdict::violated);
}

std::string padded(const std::string& text, std::size_t width) { return fmt::format("{:>{}}", text, width); }

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

// "rto", or "rto (retransmission time-out, ticks)".
std::string title_of(const axis& x) {
  return x.says.empty() ? x.name : fmt::format("{} ({})", x.name, x.says);
}

class table_writer {
 public:
  table_writer(const grid& g, const sweep_result& r) : grid_(g), result_(r), axes_(g.axes.size()) {}

  std::string write() {
    std::string text;
    for (std::size_t p = 0; p < result_.properties.size(); ++p) {
      text += fmt::format("{}{}{}\n", result_.properties[p], named(" of ", result_.protocol),
                          named(" in ", result_.scenario));
      for (const std::size_t point : first_points_of_tables(grid_)) text += table(p, point);
      text += '\n';
    }
    return text + legend();
  }

 private:
  static std::string named(const char* word, const std::string& name) {
    return name.empty() ? "" : word + name;
  }

  std::string table(std::size_t property, std::size_t first) {
    const axis& across = grid_.axes[axes_ - 1];
    const axis* down = axes_ > 1 ? &grid_.axes[axes_ - 2] : nullptr;
    const std::size_t columns = across.values.size(), lines = down != nullptr ? down->values.size() : 1;
    const bool sum = down != nullptr && down->numbers;
    // All that stands in a column, then its width. A threshold that is too long stands below the table.
    constexpr std::size_t longest = 9;
    std::vector<std::vector<std::string>> body(lines, std::vector<std::string>(columns));
    std::vector<std::string> below(columns);
    std::size_t width = 3, head = sum ? 5 : 0;
    for (std::size_t c = 0; c < columns; ++c) {
      width = std::max(width, across.text(c).size());
      for (std::size_t l = 0; l < lines; ++l) {
        body[l][c] = marked(result_.cells[first + l * columns + c], property);
        width = std::max(width, body[l][c].size());
      }
      if (sum) below[c] = threshold_of(grid_, result_, property, first + c, axes_ - 2).text;
      if (below[c].size() <= longest) width = std::max(width, below[c].size());
    }
    for (std::size_t l = 0; down != nullptr && l < lines; ++l) head = std::max(head, down->text(l).size());
    if (down != nullptr) head = std::max(head, down->name.size());

    std::string text = "\n";
    if (axes_ > 2) text += fmt::format("  {}\n", grid_.named(first, 0, axes_ - 2));
    text += fmt::format("  {}   {}\n", std::string(head, ' '), title_of(across));
    const std::string bar = down != nullptr ? " |" : " ";
    std::string line = "  " + padded(down != nullptr ? down->name : "", head) + bar;
    for (std::size_t c = 0; c < columns; ++c) line += " " + padded(across.text(c), width);
    text += without_trailing_spaces(line + (across.numbers ? "   holds" : ""));
    if (down != nullptr)
      text += fmt::format("  {}-+{}\n", std::string(head, '-'), std::string(columns * (width + 1) + 1, '-'));
    for (std::size_t l = 0; l < lines; ++l) {
      line = "  " + padded(down != nullptr ? down->text(l) : "", head) + bar;
      for (const std::string& b : body[l]) line += " " + padded(b, width);
      const threshold t = threshold_of(grid_, result_, property, first + l * columns, axes_ - 1);
      text += without_trailing_spaces(line + "   " + t.text);
    }
    if (!sum) return text;
    line = "  " + padded("holds", head) + " |";
    for (const std::string& b : below) line += " " + padded(b.size() <= longest ? b : "*", width);
    text += without_trailing_spaces(line);
    for (std::size_t c = 0; c < columns; ++c)
      if (below[c].size() > longest)
        text += fmt::format("  * {} = {}: {} {}\n", across.name, across.text(c), down->name, below[c]);
    return text;
  }

  std::string marked(const cell& c, std::size_t property) {
    std::string s = symbol_of(c, property);
    seen_.insert(c.unfit.empty() ? static_cast<int>(c.answers[property].says) : -1);
    if (!c.unfit.empty()) {
      unfit_.insert(c.unfit);
      return s;
    }
    if (!c.limit.empty() && c.answers[property].says == verdict::inconclusive) limits_.insert(c.limit);
    // The budgets are what is swept; that nothing more could be in flight is a bound of another kind.
    if (std::find(c.bounds.begin(), c.bounds.end(), "capacity") != c.bounds.end() &&
        c.answers[property].says != verdict::violated) {
      s += '+';
      full_ = true;
    }
    if (unlawful(c.answers[property])) s += '!';
    return s;
  }

  std::string legend() const {
    std::string text;
    const auto has = [&](verdict v) { return seen_.count(static_cast<int>(v)) != 0; };
    if (has(verdict::holds)) text += "ok: holds\n";
    if (has(verdict::violated)) text += "xN: violated, by a run of N steps\n";
    if (has(verdict::holds_vacuously))
      text += "vac: holds vacuously, the situation that it is about does not occur\n";
    if (has(verdict::inconclusive)) text += "?: inconclusive\n";
    for (const std::string& l : limits_) text += fmt::format("   {}\n", l);
    if (full_) text += "+: the channel was full at times: more segments in flight are not covered\n";
    for (const std::string& u : unfit_) text += fmt::format("-: {}\n", u);
    return text;
  }

  const grid& grid_;
  const sweep_result& result_;
  const std::size_t axes_;
  std::set<int> seen_;
  std::set<std::string> unfit_, limits_;
  bool full_ = false;
};

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace

std::string symbol_of(const cell& c, std::size_t property) {
  if (!c.unfit.empty()) return "-";
  const cell_answer& a = c.answers[property];
  switch (a.says) {
    case verdict::holds:
      return "ok";
    case verdict::violated:
      return fmt::format("x{}", a.steps);
    case verdict::holds_vacuously:
      return "vac";
    case verdict::inconclusive:
      break;
  }
  return "?";
}

std::string words_of(const cell& c, std::size_t property) {
  if (!c.unfit.empty()) return c.unfit;
  const cell_answer& a = c.answers[property];
  std::string text = name_of(a.says);
  if (a.says == verdict::violated) text += fmt::format(", {} step{}", a.steps, a.steps == 1 ? "" : "s");
  if (a.says == verdict::inconclusive && !c.limit.empty()) text += ", " + c.limit;
  return text;
}

std::vector<std::size_t> first_points_of_tables(const grid& g) {
  std::size_t size = g.axes.back().values.size();
  if (g.axes.size() > 1) size *= g.axes[g.axes.size() - 2].values.size();
  std::vector<std::size_t> points;
  for (std::size_t point = 0; point < g.points(); point += size) points.push_back(point);
  return points;
}

std::string tables(const grid& g, const sweep_result& r) { return table_writer(g, r).write(); }

std::string disagreements(const grid& g, const sweep_result& r) {
  std::string text;
  std::size_t found = 0;
  for (std::size_t point = 0; point < r.cells.size(); ++point)
    for (std::size_t p = 0; p < r.cells[point].answers.size(); ++p) {
      const cell_answer& a = r.cells[point].answers[p];
      if (!unlawful(a) || ++found > most_told) continue;
      text += fmt::format("not by the law: {} at {}: {}\n", r.properties[p], g.named(point, 0, g.axes.size()),
                          words_of(r.cells[point], p));
    }
  if (found > most_told) text += fmt::format("and {} more\n", found - most_told);
  return text;
}

std::string to_csv(const grid& g, const sweep_result& r) {
  std::string text;
  for (const axis& x : g.axes) text += csv_field(x.name) + ",";
  text += "property,verdict,steps,shortest,law,states,transitions,depth,bounds_met,note\n";
  for (std::size_t point = 0; point < r.cells.size(); ++point) {
    const cell& c = r.cells[point];
    const std::vector<std::size_t> at = g.at(point);
    for (std::size_t p = 0; p < r.properties.size(); ++p) {
      for (std::size_t a = 0; a < at.size(); ++a) text += csv_field(g.axes[a].text(at[a])) + ",";
      text += csv_field(r.properties[p]) + ",";
      if (!c.unfit.empty()) {
        text += fmt::format("invalid,,,,,,,,{}\n", csv_field(c.unfit));
        continue;
      }
      const cell_answer& a = c.answers[p];
      const bool violated = a.says == verdict::violated;
      text +=
          fmt::format("{},{},{},{},{},{},{},{},{}\n", name_of(a.says),
                      violated ? std::to_string(a.steps) : "", violated ? (a.shortest ? "yes" : "no") : "",
                      a.lawful ? (*a.lawful ? "holds" : "violated") : "", c.states, c.transitions, c.depth,
                      csv_field(fmt::format("{}", fmt::join(c.bounds, " "))), csv_field(c.limit));
    }
  }
  return text;
}

std::string to_json(const grid& g, const sweep_result& r) {
  json axes = json::array();
  const auto value = [](const axis& x, std::size_t v) {
    return x.numbers ? json(std::stoi(x.text(v))) : json(x.text(v));
  };
  for (const axis& x : g.axes) {
    json values = json::array();
    for (std::size_t v = 0; v < x.values.size(); ++v) values.push_back(value(x, v));
    axes.push_back({{"name", x.name}, {"says", x.says}, {"values", values}});
  }
  json points = json::array();
  const auto at = [&](std::size_t point) {
    json where = json::object();
    const std::vector<std::size_t> indices = g.at(point);
    for (std::size_t a = 0; a < indices.size(); ++a) where[g.axes[a].name] = value(g.axes[a], indices[a]);
    return where;
  };
  for (std::size_t point = 0; point < r.cells.size(); ++point) {
    const cell& c = r.cells[point];
    json one = {{"at", at(point)}};
    if (!c.unfit.empty()) {
      one["invalid"] = c.unfit;
      points.push_back(one);
      continue;
    }
    json answers = json::array();
    for (std::size_t p = 0; p < c.answers.size(); ++p) {
      const cell_answer& a = c.answers[p];
      json told = {{"property", r.properties[p]}, {"verdict", name_of(a.says)}};
      if (a.says == verdict::violated) {
        told["steps"] = a.steps;
        told["shortest"] = a.shortest;
      }
      if (a.lawful) told["law"] = *a.lawful ? "holds" : "violated";
      answers.push_back(told);
    }
    one["answers"] = answers;
    one["states"] = c.states;
    one["transitions"] = c.transitions;
    one["depth"] = c.depth;
    one["bounds_met"] = c.bounds;
    one["limit"] = c.limit;
    one["input"] = c.hash;
    points.push_back(one);
  }
  json thresholds = json::array();
  for (std::size_t p = 0; p < r.properties.size(); ++p)
    for (std::size_t a = 0; a < g.axes.size(); ++a) {
      if (!g.axes[a].numbers) continue;
      for (std::size_t point = 0; point < r.cells.size(); ++point) {
        if (g.at(point)[a] != 0) continue;
        json where = at(point);
        where.erase(g.axes[a].name);
        thresholds.push_back({{"property", r.properties[p]},
                              {"along", g.axes[a].name},
                              {"at", where},
                              {"holds", threshold_of(g, r, p, point, a).text}});
      }
    }
  json laws = json::array();
  for (const law& l : g.laws) laws.push_back({{"property", l.property}, {"formula", l.formula}});
  json set = json::object();
  for (const language::setting& s : g.base.settings) set[s.name] = value_text(s);
  const json all = {{"tcpmc", version}, {"protocol", r.protocol}, {"scenario", r.scenario},
                    {"set", set},       {"axes", axes},           {"properties", r.properties},
                    {"laws", laws},     {"points", points},       {"thresholds", thresholds},
                    {"input", r.hash}};
  return all.dump(1) + "\n";
}

}  // namespace tcpmc::cli
