// How answers are told: to people as text, to programs as JSON; and progress while a search runs.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "cli/question.hpp"
#include "traces/trace.hpp"

namespace tcpmc::cli {

// 0: as expected and complete. 128 + n: ended by signal n.
enum exit_code : int {
  exit_fine = 0,
  exit_violated = 1,
  exit_bad_input = 2,
  exit_inconclusive = 3,
  exit_internal = 4
};

enum class progress_style { automatic, plain, json, none };

// Tells about a running search on stderr: on a terminal one redrawn line, else a line every ten seconds,
// after a minute every minute; for programs one JSON object a line, every second. Ends the search when SIGINT
// or SIGTERM came.
class progress_line {
 public:
  explicit progress_line(progress_style style);
  ~progress_line() { clear(); }
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  bool operator()(const checker::progress& p);
  // The same with other words: text(seconds since the start, whether as JSON) is asked for when a line is
  // due.
  bool tell(const std::function<std::string(double, bool)>& text);
  void clear();  // takes the line off the terminal
  void about(std::string what);

 private:
  using clock = std::chrono::steady_clock;
  progress_style style_;
  bool terminal_;
  bool shown_ = false;
  std::string what_;
  clock::time_point start_, next_;
};

void catch_signals();
int caught_signal();  // 0 if none came

std::string with_commas(std::uint64_t n);
// "1 loss", "2 losses".
std::string counted(std::uint64_t n, const char* singular, const char* plural);
// "1.4 s", "12 s", "3 min 20 s".
std::string duration_text(double seconds);
// The parts after the head, folded at 100 columns: "head: a; b; c".
std::string folded(const std::string& head, const std::vector<std::string>& parts);
// "covers: ..." and "does not cover: ...", folded at 100 columns.
std::string coverage_text(const check_result& r);
// What a verdict covers in a few words, for a table: "any network, untimed, 2 inc."
std::string coverage_summary(const language::composition& c);
// What ended a search: "the limit of time", "an interruption"; "" if it ended by itself.
std::string limit_name(checker::outcome ended);
// What limit a search met, with the figures: "" if it ended by itself.
std::string limit_text(const check_result& r);
// What the search was reduced by, and what not, in lines; "" where nothing of the kind was asked for.
std::string reductions_text(const check_result& r);

// The trace of a violated answer, ready for a writer.
traces::trace trace_of(const question& q, const check_input& input, const answer& a);
std::string heading_of(const traces::trace& t);
// "3 steps", and whether that is not proven shortest; "" without a trace.
std::string minimal_text(const answer& a);

progress_style style_named(const std::string& name);  // "auto", "plain", "json", "none"

bool colour_wanted();
// `text` in green, red or yellow as the verdict is as expected, not, or open; plain where colour is not
// wanted.
std::string coloured(const std::string& text, int exit_code, bool colour);

}  // namespace tcpmc::cli
