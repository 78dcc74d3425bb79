#include "cli/heat_map.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/sweep_tables.hpp"

namespace tcpmc::cli {
namespace {

// Pixels.
constexpr std::size_t cell_width = 30, cell_height = 24;
constexpr std::size_t character = 7;     // width of a character of labels, at most
constexpr std::size_t above_panel = 26;  // its title
constexpr std::size_t below_panel = 44;  // labels and title of the axis across
constexpr std::size_t between = 22, margin = 16;
constexpr std::size_t head = 30, property_head = 30, legend_height = 40;

constexpr const char* style = R"(<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.property { font-size: 14px; font-weight: 600; }
.panel { font-weight: 600; }
.count { font-size: 10px; text-anchor: middle; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.paper { fill: #ffffff; }
.holds { fill: #a5d3df; }
.violated { fill: #f6b48c; }
.vacuous { fill: #dcecc6; }
.inconclusive { fill: #d5d9de; }
.invalid { fill: none; stroke: #c4c9cf; stroke-dasharray: 2 2; }
.edge { stroke: #1f2328; stroke-width: 2.5; stroke-linecap: square; fill: none; }
.full { fill: #1f2328; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.paper { fill: #0d1117; }
.holds { fill: #1d5c6e; }
.violated { fill: #8f4a1f; }
.vacuous { fill: #47602a; }
.inconclusive { fill: #484f58; }
.invalid { stroke: #484f58; }
.edge { stroke: #e6edf3; }
.full { fill: #e6edf3; }
}
</style>
)";

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '&')
      result += "&amp;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

std::string label(std::size_t x, std::size_t y, const char* kind, const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y, kind, escaped(text));
}

std::size_t longest_value(const axis& x) {
  std::size_t most = 0;
  for (std::size_t v = 0; v < x.values.size(); ++v) most = std::max(most, x.text(v).size());
  return most;
}

std::string title_of(const axis& x) {
  return x.says.empty() ? x.name : fmt::format("{}: {}", x.name, x.says);
}

const char* colour_of(const cell& c, std::size_t property) {
  if (!c.unfit.empty()) return "invalid";
  switch (c.answers[property].says) {
    case verdict::holds:
      return "holds";
    case verdict::violated:
      return "violated";
    case verdict::holds_vacuously:
      return "vacuous";
    case verdict::inconclusive:
      break;
  }
  return "inconclusive";
}

// What is written in a cell: nothing where the property holds.
std::string inside(const cell& c, std::size_t property) {
  const std::string symbol = symbol_of(c, property);
  return symbol == "ok" || symbol == "-" ? "" : symbol[0] == 'x' ? symbol.substr(1) : symbol;
}

class drawing {
 public:
  drawing(const grid& g, const sweep_result& r)
      : grid_(g), result_(r), axes_(g.axes.size()), across_(g.axes.back()) {
    column_width_ = std::max(cell_width, 8 + character * longest_value(across_));
    if (axes_ > 1) {
      down_ = &g.axes[axes_ - 2];
      lines_ = down_->values.size();
      left_ = 12 + character * std::max(longest_value(*down_), down_->name.size());
    }
    panel_width_ = left_ + column_width_ * across_.values.size();
    const std::size_t panels = first_points_of_tables(g).size();
    side_by_side_ = axes_ > 2 ? g.axes[axes_ - 3].values.size() : 1;
    if (axes_ > 2)  // a panel's title is over it
      panel_width_ = std::max(panel_width_, left_ + character * g.named(g.points() - 1, 0, axes_ - 2).size());
    rows_ = panels / side_by_side_;
    panel_height_ = above_panel + lines_ * cell_height + below_panel;
    block_ = property_head + rows_ * panel_height_;
  }

  std::string draw() {
    const std::string name = title();
    std::string notes;
    for (const axis* x : {&across_, down_})
      if (x != nullptr) notes += fmt::format("{}{}", notes.empty() ? "" : "; ", title_of(*x));
    const std::size_t width =
        2 * margin + std::max({side_by_side_ * panel_width_ + (side_by_side_ - 1) * between, std::size_t{600},
                               character * notes.size(), 9 * name.size()});
    const std::size_t height = 2 * margin + head + 20 + result_.properties.size() * block_ + legend_height;
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
        "role=\"img\">\n<title>{2}</title>\n",
        width, height, escaped(name));
    svg += style;
    svg += fmt::format("<rect class=\"paper\" width=\"{}\" height=\"{}\"/>\n", width, height);
    svg += label(margin, margin + 16, "title", name);
    svg += label(margin, margin + 36, "note", notes);
    for (std::size_t p = 0; p < result_.properties.size(); ++p) {
      const std::size_t top = margin + head + 20 + p * block_;
      svg += label(margin, top + 18, "property", result_.properties[p]);
      std::size_t panel = 0;
      for (const std::size_t first : first_points_of_tables(grid_)) {
        svg += this->panel(p, first, margin + panel % side_by_side_ * (panel_width_ + between),
                           top + property_head + panel / side_by_side_ * panel_height_);
        ++panel;
      }
    }
    return svg + legend(height - margin - 16) + "</svg>\n";
  }

 private:
  std::string title() const {
    std::string text = result_.protocol.empty() ? "protocols" : result_.protocol;
    if (!result_.scenario.empty()) text += " in " + result_.scenario;
    for (const language::setting& s : grid_.base.settings)
      text += fmt::format(", {} = {}", s.name, value_text(s));
    return text;
  }

  const cell& at(std::size_t first, std::size_t line, std::size_t column) const {
    return result_.cells[first + line * across_.values.size() + column];
  }

  std::string panel(std::size_t property, std::size_t first, std::size_t x, std::size_t y) const {
    const std::size_t columns = across_.values.size(), left = x + left_, top = y + above_panel;
    std::string svg = "<g>\n";
    if (axes_ > 2) svg += label(left, y + 16, "panel", grid_.named(first, 0, axes_ - 2));
    for (std::size_t l = 0; l < lines_; ++l) {
      if (down_ != nullptr) svg += label(left - 6, top + l * cell_height + 16, "end", down_->text(l));
      for (std::size_t c = 0; c < columns; ++c) svg += one(property, first, l, c, left, top);
    }
    for (std::size_t c = 0; c < columns; ++c)
      svg += label(left + c * column_width_ + column_width_ / 2, top + lines_ * cell_height + 15, "middle",
                   across_.text(c));
    svg += label(left + columns * column_width_ / 2, top + lines_ * cell_height + 32, "middle", across_.name);
    if (down_ != nullptr) svg += label(left - 6, top - 6, "end", down_->name);
    return svg + edge(property, first, left, top) + "</g>\n";
  }

  std::string one(std::size_t property, std::size_t first, std::size_t line, std::size_t column,
                  std::size_t left, std::size_t top) const {
    const cell& c = at(first, line, column);
    const std::size_t x = left + column * column_width_, y = top + line * cell_height;
    const std::size_t point = first + line * across_.values.size() + column;
    std::string svg = fmt::format(
        "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}: {}</title></rect>\n",
        colour_of(c, property), x + 1, y + 1, column_width_ - 2, cell_height - 2,
        escaped(grid_.named(point, 0, axes_)), escaped(words_of(c, property)));
    if (const std::string text = inside(c, property); !text.empty())
      svg += label(x + column_width_ / 2, y + 16, "count", text);
    if (std::find(c.bounds.begin(), c.bounds.end(), "capacity") != c.bounds.end() &&
        c.answers[property].says != verdict::violated)
      svg +=
          fmt::format("<circle class=\"full\" cx=\"{}\" cy=\"{}\" r=\"2\"/>\n", x + column_width_ - 6, y + 6);
    return svg;
  }

  bool holds(std::size_t property, std::size_t first, std::size_t line, std::size_t column) const {
    const cell& c = at(first, line, column);
    return c.answers[property].says == verdict::holds || c.answers[property].says == verdict::holds_vacuously;
  }
  bool decided(std::size_t property, std::size_t first, std::size_t line, std::size_t column) const {
    const cell& c = at(first, line, column);
    return c.unfit.empty() && c.answers[property].says != verdict::inconclusive;
  }

  // Between neighbours of which one holds and the other is violated.
  std::string edge(std::size_t property, std::size_t first, std::size_t left, std::size_t top) const {
    std::string path;
    const auto differ = [&](std::size_t l, std::size_t c, std::size_t m, std::size_t d) {
      return decided(property, first, l, c) && decided(property, first, m, d) &&
             holds(property, first, l, c) != holds(property, first, m, d);
    };
    for (std::size_t l = 0; l < lines_; ++l)
      for (std::size_t c = 0; c < across_.values.size(); ++c) {
        const std::size_t x = left + c * column_width_, y = top + l * cell_height;
        if (c > 0 && differ(l, c - 1, l, c)) path += fmt::format("M{} {}v{}", x, y, cell_height);
        if (l > 0 && differ(l - 1, c, l, c)) path += fmt::format("M{} {}h{}", x, y, column_width_);
      }
    return path.empty() ? "" : fmt::format("<path class=\"edge\" d=\"{}\"/>\n", path);
  }

  std::string legend(std::size_t y) const {
    struct entry {
      const char *colour, *inside, *text;
      bool here;
    };
    const sweep_counts n = count(result_);
    const bool full = std::any_of(result_.cells.begin(), result_.cells.end(), [](const cell& c) {
      return std::find(c.bounds.begin(), c.bounds.end(), "capacity") != c.bounds.end();
    });
    std::string svg;
    std::size_t x = margin;
    for (const entry& e : {entry{"holds", "", "holds", n.holds > 0},
                           entry{"violated", "N", "violated, by a run of N steps", n.violated > 0},
                           entry{"vacuous", "vac", "holds vacuously", n.vacuous > 0},
                           entry{"inconclusive", "?", "inconclusive", n.inconclusive > 0},
                           entry{"invalid", "", "no valid combination", n.unfit > 0}}) {
      if (!e.here) continue;
      svg += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"24\" height=\"18\"/>\n", e.colour, x,
                         y - 13);
      if (e.inside[0] != 0) svg += label(x + 12, y, "count", e.inside);
      svg += label(x + 30, y, "note", e.text);
      x += 46 + character * std::string(e.text).size();
    }
    if (full) {
      svg += fmt::format("<circle class=\"full\" cx=\"{}\" cy=\"{}\" r=\"2\"/>\n", x + 4, y - 4);
      svg += label(x + 12, y, "note", "the channel was full at times");
    }
    return svg;
  }

  const grid& grid_;
  const sweep_result& result_;
  std::size_t axes_;
  const axis& across_;
  const axis* down_ = nullptr;
  std::size_t lines_ = 1, left_ = 8, column_width_ = 0, panel_width_ = 0, panel_height_ = 0;
  std::size_t side_by_side_ = 1, rows_ = 1, block_ = 0;
};

}  // namespace

std::string heat_map(const grid& g, const sweep_result& r) { return drawing(g, r).draw(); }

}  // namespace tcpmc::cli
