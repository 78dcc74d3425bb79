// Where a property holds along a line of a sweep's table, and how axes and tables are read and written. What
// a sweep finds is tested by its command (cli_test.py) and by the laws of TIME-WAIT (scripts/time-wait).
#include "cli/sweep.hpp"

#include <gtest/gtest.h>

#include "cli/heat_map.hpp"
#include "cli/sweep_tables.hpp"

namespace tcpmc::cli {
namespace {

class sweeps : public testing::Test {
 protected:
  axis axis_of(const std::string& text) {
    language::diagnostics errors;
    auto x = parse_axis(text, sources_, errors);
    EXPECT_TRUE(x) << errors.text();
    return x ? *x : axis{};
  }
  std::string mistake_in(const std::string& text) {
    language::diagnostics errors;
    EXPECT_FALSE(parse_axis(text, sources_, errors)) << text;
    return errors.text();
  }
  static std::vector<std::string> values_of(const axis& x) {
    std::vector<std::string> values;
    for (std::size_t v = 0; v < x.values.size(); ++v) values.push_back(x.text(v));
    return values;
  }

  // A line of one letter a cell: h(olds), v(iolated), w (holds vacuously), i(nconclusive), n(ot valid).
  void line(const std::string& axis_text, const std::string& letters) {
    grid_ = {};
    grid_.axes = {axis_of(axis_text)};
    fill(letters);
  }
  void fill(const std::string& letters) {
    result_ = {};
    result_.properties = {"p"};
    for (const char l : letters) {
      cell c;
      if (l == 'n')
        c.unfit = "does not fit";
      else
        c.answers.push_back({l == 'h'   ? verdict::holds
                             : l == 'v' ? verdict::violated
                             : l == 'w' ? verdict::holds_vacuously
                                        : verdict::inconclusive,
                             l == 'v' ? std::size_t{7} : 0, true, std::nullopt});
      result_.cells.push_back(c);
    }
    ASSERT_EQ(result_.cells.size(), grid_.points());
  }
  std::string threshold_text(std::size_t point = 0, std::size_t along = 0) {
    return threshold_of(grid_, result_, 0, point, along).text;
  }

  language::source_store sources_;
  grid grid_;
  sweep_result result_;
};

TEST_F(sweeps, values_of_an_axis) {
  EXPECT_EQ(values_of(axis_of("rto=1..3")), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(values_of(axis_of("rto = 8, 2..3 ,5")), (std::vector<std::string>{"2", "3", "5", "8"}));
  EXPECT_TRUE(axis_of("rto=8,2").numbers);
  EXPECT_EQ(values_of(axis_of("isn=fresh,constant")), (std::vector<std::string>{"fresh", "constant"}));
  EXPECT_EQ(values_of(axis_of("x=f(1, 2),msl + 1")), (std::vector<std::string>{"f(1, 2)", "msl + 1"}));
  EXPECT_FALSE(axis_of("time_wait=msl,4").numbers);
}

TEST_F(sweeps, mistakes_of_an_axis) {
  EXPECT_NE(mistake_in("rto").find("'rto' is not of the form name=values"), std::string::npos);
  EXPECT_NE(mistake_in("=1..2").find("not of the form"), std::string::npos);
  EXPECT_NE(mistake_in("rto=").find("a value of 'rto' is missing here"), std::string::npos);
  EXPECT_NE(mistake_in("rto=1,,2").find("--over:1:7: a value of 'rto' is missing here"), std::string::npos);
  EXPECT_NE(mistake_in("rto=4..1").find("the range 4..1 is empty"), std::string::npos);
  EXPECT_NE(mistake_in("rto=a..b").find("'a..b' is not a range of whole numbers"), std::string::npos);
  EXPECT_NE(mistake_in("rto=1..").find("'1..' is not a range"), std::string::npos);
  EXPECT_NE(mistake_in("rto=1..99999999999").find("is not a range"), std::string::npos);
  EXPECT_NE(mistake_in("rto=0..999999").find("more than 20000 values"), std::string::npos);
  EXPECT_NE(mistake_in("rto=1..3,2").find("'2' stands twice among the values of 'rto'"), std::string::npos);
}

TEST_F(sweeps, the_last_axis_runs_fastest) {
  grid_.axes = {axis_of("a=1..2"), axis_of("b=5,7,9")};
  EXPECT_EQ(grid_.points(), 6u);
  EXPECT_EQ(grid_.at(4), (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(grid_.named(4, 0, 2), "a = 2, b = 7");
  EXPECT_EQ(grid_.asked(4).settings.size(), 2u);
}

TEST_F(sweeps, a_protocol_is_an_axis) {
  grid_.axes = {axis_of("protocol=one,other")};
  EXPECT_EQ(grid_.asked(1).protocol, "other");
  EXPECT_TRUE(grid_.asked(1).settings.empty());
}

TEST_F(sweeps, thresholds) {
  const std::vector<std::pair<const char*, const char*>> lines = {
      {"hhhhh", "all"},  {"vvvvv", "none"},         {"vvhhh", ">= 3"},      {"hhvvv", "<= 2"},
      {"vvvvh", ">= 5"}, {"vhvhh", "only 2, 4..5"}, {"hvvvh", "only 1, 5"}, {"vhhhv", "only 2..4"},
      {"vwwhh", ">= 2"}, {"nvnhh", ">= 4"},         {"nnnnn", ""},          {"nnvvv", "none"},
  };
  for (const auto& [letters, text] : lines) {
    line("t=1..5", letters);
    EXPECT_EQ(threshold_text(), text) << letters;
  }
}

// What is not decided may not be told as if it were.
TEST_F(sweeps, an_inconclusive_cell_leaves_the_threshold_open) {
  line("t=1..5", "vvihh");
  EXPECT_EQ(threshold_of(grid_, result_, 0, 0, 0).is, threshold::kind::undecided);
  EXPECT_EQ(threshold_text(), ">= 3 or >= 4");
  line("t=1..5", "vviii");
  EXPECT_EQ(threshold_text(), ">= 3 or none");
  line("t=1..5", "vhihh");
  EXPECT_EQ(threshold_text(), ">= 2 or only 2, 4..5");
  line("t=1..5", "viviv");
  EXPECT_EQ(threshold_text(), "only 2, 4 or none");
}

TEST_F(sweeps, words_have_no_threshold) {
  line("isn=fresh,constant", "hv");
  EXPECT_EQ(threshold_of(grid_, result_, 0, 0, 0).is, threshold::kind::not_ordered);
  EXPECT_EQ(threshold_text(), "");
}

TEST_F(sweeps, thresholds_of_columns) {
  grid_.axes = {axis_of("r=1..3"), axis_of("t=4..6")};
  fill(
      "vhh"
      "vvh"
      "vvv");
  EXPECT_EQ(threshold_text(0, 1), ">= 5");
  EXPECT_EQ(threshold_text(8, 1), "none");
  EXPECT_EQ(threshold_text(1, 0), "<= 1");
  EXPECT_EQ(threshold_text(5, 0), "<= 2");
}

TEST_F(sweeps, table) {
  grid_.axes = {axis_of("n=0..1"), axis_of("r=1..2"), axis_of("t=4..6")};
  fill(
      "vhh"
      "vvh"
      "nwi"
      "hvh");
  result_.cells[8].limit = "ended early";
  result_.cells[1].bounds = {"capacity"};
  EXPECT_EQ(tables(grid_, result_), R"(p

  n = 0
          t
      r |    4    5    6   holds
  ------+----------------
      1 |   x7  ok+   ok   >= 5
      2 |   x7   x7   ok   >= 6
  holds | none <= 1  all

  n = 1
          t
      r |    4    5    6   holds
  ------+----------------
      1 |    -  vac    ?   all or <= 5
      2 |   ok   x7   ok   only 4, 6
  holds |  all <= 1    *
  * t = 6: r all or >= 2

ok: holds
xN: violated, by a run of N steps
vac: holds vacuously, the situation that it is about does not occur
?: inconclusive
   ended early
+: the channel was full at times: more segments in flight are not covered
-: does not fit
)");
}

TEST_F(sweeps, what_contradicts_a_law_is_told) {
  line("t=1..4", "vvhi");
  for (std::size_t i = 0; i < 4; ++i) result_.cells[i].answers[0].lawful = i >= 1;
  EXPECT_EQ(disagreements(grid_, result_), "not by the law: p at t = 2: violated, 7 steps\n");
  const sweep_counts n = count(result_);
  EXPECT_EQ(n.lawful, 2u);
  EXPECT_EQ(n.unlawful, 1u);
  EXPECT_EQ(n.unknown, 1u);
}

TEST_F(sweeps, csv_quotes_what_has_to_be) {
  line("x=f(1, 2)", "h");
  EXPECT_NE(to_csv(grid_, result_).find("\n\"f(1, 2)\",p,holds,"), std::string::npos);
}

// One edge for each pair of neighbours of which one holds: here the line runs around two sides of a cell.
TEST_F(sweeps, the_line_of_a_heat_map_runs_between_verdicts) {
  grid_.axes = {axis_of("r=1..2"), axis_of("t=4..5")};
  fill(
      "hh"
      "vh");
  const std::string svg = heat_map(grid_, result_);
  const std::size_t path = svg.find("<path class=\"edge\" d=\"");
  ASSERT_NE(path, std::string::npos);
  const std::string d = svg.substr(path, svg.find("/>", path) - path);
  EXPECT_EQ(std::count(d.begin(), d.end(), 'M'), 2);
  EXPECT_EQ(svg.find("NaN"), std::string::npos);
  fill(
      "hh"
      "hh");
  EXPECT_EQ(heat_map(grid_, result_).find("<path class=\"edge\""), std::string::npos);
}

}  // namespace
}  // namespace tcpmc::cli
