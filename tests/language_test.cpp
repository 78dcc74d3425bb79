// The protocol language: what is accepted, what is refused, and in which words.
//
// Every refusal is checked to the letter, place, message and hint, since they are what a user who writes a
// variant sees first. A case is a name, the files of the question and the whole report. Files are named by
// what they are: p.json a protocol, v.json a variant, s.json a scenario, x.json a property; the rest of the
// question is built in.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <set>

#include "model/language/scenario.hpp"
#include "properties/property.hpp"

namespace tcpmc::language {
namespace {

namespace fs = std::filesystem;

using files = std::vector<std::pair<std::string, std::string>>;  // path and text

// --- asking ---

bool has(const files& given, const std::string& path) {
  return std::any_of(given.begin(), given.end(), [&](const auto& f) { return f.first == path; });
}

// What is reported when the question is loaded and bound; "" if all is well.
std::string report(const files& given, const std::string& protocol_reference = "") {
  library lib;
  for (const auto& [path, text] : given) lib.preload(path, text);
  diagnostics errors;
  std::string reference = protocol_reference;
  if (reference.empty())
    reference = has(given, "v.json") ? "v.json" : has(given, "p.json") ? "p.json" : "rfc9293";
  const auto source = load_protocol(reference, lib, {}, errors);
  if (!source) return errors.text();
  if (!has(given, "s.json") && !has(given, "x.json")) {
    const bool compiled = compile(*source, {}, errors).has_value();
    EXPECT_EQ(compiled, errors.empty());
    return errors.text();
  }
  const std::string scenario_reference = has(given, "s.json") ? "s.json" : "open-stale-syn";
  const document* scenario = lib.find(scenario_reference, file_kind::scenario, {}, errors);
  if (scenario == nullptr) return errors.text();
  const auto composed = compose(*source, *scenario, {}, errors);
  if (composed && has(given, "x.json"))
    if (const document* property = lib.find("x.json", file_kind::property, {}, errors))
      properties::load_properties({property}, *composed, errors);
  EXPECT_TRUE(composed || !errors.empty());
  return errors.text();
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

// A small protocol in which everything occurs once; a case spoils one place of it.
const std::string tiny_text = R"-({ "protocol": "tiny", "cite": "none",
  "parameters": { "window": { "type": "1..8", "default": 2 },
                  "room": { "type": "0..8", "default": "window - 1" } },
  "require": [ { "that": "window > room", "says": "a window has room" } ],
  "segment": { "flags": ["SYN", "ACK"], "fields": { "seq": "sequence", "data": "0..1" } },
  "endpoint": {
    "states": ["CLOSED", "OPEN"],
    "groups": { "all": ["CLOSED", "OPEN"] },
    "variables": { "iss": "sequence", "irs": "sequence", "count": "0..3",
                   "held": { "type": "0..1", "length": 2 } },
    "timers": { "again": { "ticks": "window", "lazy": "any moment" } },
    "signals": ["up"] },
  "identity": { "own": "iss", "peer": "irs", "established": ["OPEN"], "answer": "ACK" },
  "define": { "full": "count == 3", "near(x)": "x - iss < window" },
  "procedures": { "reset": ["clear", "goto CLOSED"] },
  "user calls": {
    "OPEN": [ { "id": "open", "in": "CLOSED", "do": ["iss := 1", "send SYN seq=iss", "start again"], "cite": "c" } ] },
  "segment arrives": [
    { "stage": "first", "cite": "c", "rules": [
      { "id": "take", "in": "CLOSED", "when": "seg.SYN && !full", "do": ["irs := seg.seq", "signal up", "goto OPEN"] },
      { "id": "leave", "in": "all", "when": "near(seg.seq)", "do": ["do reset"] } ] },
    { "stage": "second", "cite": "c", "rules": [
      { "id": "hold", "in": "OPEN", "when": "count < 2", "do": ["held[count] := seg.data", "count := count + 1"] } ] } ],
  "time-outs": { "again": [ { "id": "once-more", "do": ["send SYN seq=iss"], "cite": "c" } ] },
  "output": [ { "id": "out", "in": "OPEN", "when": "full", "do": ["count := 0"], "cite": "c" } ] }
)-";

files tiny(const std::string& what, const std::string& by) {
  return {{"p.json", replaced(tiny_text, what, by)}};
}

// A variant of rfc9293; `keys` begin on line 2.
files variant_with(const std::string& keys) {
  return {{"v.json", "{ \"variant\": \"v\", \"of\": \"rfc9293\", \"cite\": \"c\",\n" + keys + " }\n"}};
}

// A rule for an arriving segment whose condition stands on line 3 from column 2.
files rule_when(const std::string& expression, const std::string& more = "") {
  return variant_with(
      more +
      R"("changes": [ { "before": "closed-rst", "add": { "id": "r", "in": "CLOSED", "do": ["drop"], "when":)" +
      "\n\"" + expression + "\" } } ]");
}

// A rule whose only action stands on line 3 from column 2, before the first rule of a call or stage.
files rule_that_does(const std::string& rule, const std::string& in, const std::string& text) {
  return variant_with(R"("changes": [ { "before": ")" + rule +
                      R"(", "add": { "id": "r", "cite": "c", "in": ")" + in +
                      R"(", "when": "una == 1 && nxt == 2", "do": [)" + "\n\"" + text + "\" ] } } ]");
}
files arrival(const std::string& text) { return rule_that_does("fin-established", "ESTABLISHED", text); }
files call(const std::string& text) { return rule_that_does("open-passive", "CLOSED", text); }

// Two variants of rfc9293, u and w, that are composed by v; each makes one change, which stands on line 2.
files both_change(const std::string& first, const std::string& second) {
  const auto variant = [](const std::string& name, const std::string& change) {
    return "{ \"variant\": \"" + name + "\", \"of\": \"rfc9293\", \"changes\": [\n" + change + " ] }";
  };
  return {{"v.json", R"({ "variant": "v", "of": "rfc9293", "with": ["u.json", "w.json"] })"},
          {"u.json", variant("u", first)},
          {"w.json", variant("w", second)}};
}
const std::string a_rule = R"({ "id": "r", "in": "CLOSED", "when": "seg.SYN", "do": ["drop"], "cite": "c" })";
const std::string both =
    "  hint: both are in 'v': try the other order, leave one out, or make one a variant of the other\n";

// A scenario; `keys` begin on line 2.
files scenario_with(const std::string& keys) {
  return {{"s.json", "{ \"scenario\": \"s\",\n" + keys + " }\n"}};
}
const std::string nobody = R"("A": {}, "B": {})";
// A scenario with an attacker, whose keys stand in line 3; and one with one forgery, that stands there.
files attacked(const std::string& keys) { return scenario_with(nobody + ", \"attacker\": {\n" + keys + "}"); }
files forgery(const std::string& keys) {
  return scenario_with(nobody + ", \"attacker\": { \"against\": \"B\", \"forges\": [\n{" + keys + "}]}");
}

// A property of rfc9293 in open-stale-syn (unlimited, untimed), or in a bounded and timed scenario; `keys`
// begin on line 2.
files property_with(const std::string& keys) {
  return {{"x.json", "{ \"property\": \"x\", \"says\": \"s\",\n" + keys + " }\n"}};
}
files bounded_property_with(const std::string& keys) {
  files result = property_with(keys);
  result.emplace_back("s.json",
                      R"({"scenario": "s", "A": {}, "B": {}, "time": "timed", "network": {"loss": 1}})");
  return result;
}

// --- mistakes ---

struct mistake {
  const char* name;
  files given;
  std::string expected;
};

void PrintTo(const mistake& m, std::ostream* out) { *out << m.name; }

class mistakes : public testing::TestWithParam<mistake> {};

TEST_P(mistakes, are_reported) { EXPECT_EQ(report(GetParam().given), GetParam().expected); }

std::string name_of(const testing::TestParamInfo<mistake>& info) { return info.param.name; }

const std::vector<mistake> json_mistakes = {
    {"empty_file",
     {{"p.json", ""}},
     "p.json:1:1: not valid JSON: syntax error while parsing value - unexpected end of input; expected '[', "
     "'{', or a literal\n"
     "  hint: the file ends too early; is it truncated?\n"},
    {"truncated_file",
     {{"p.json", tiny_text.substr(0, 400)}},
     "p.json:8:5: not valid JSON: syntax error while parsing object key - invalid string: missing closing "
     "quote; last read: '\"groups'; expected string literal\n"
     "  hint: the file ends too early; is it truncated?\n"},
    {"truncated_in_a_string",
     {{"p.json", tiny_text.substr(0, 16)}},
     "p.json:1:15: not valid JSON: syntax error while parsing value - invalid string: missing closing quote; "
     "last read: '\"t'\n"
     "  hint: the file ends too early; is it truncated?\n"},
    {"binary_junk",
     {{"p.json", std::string("\x7f"
                             "ELF\x02\x01\x01\0\0\x1b[2J\xff\xfe",
                             15)}},
     "p.json:1:1: not valid JSON: syntax error while parsing value - invalid literal; last read: '?'\n"},
    {"comma_missing",
     {{"p.json", "{ \"protocol\": \"p\"\n  \"cite\": \"c\" }"}},
     "p.json:2:3: not valid JSON: syntax error while parsing object - unexpected string literal; expected "
     "'}'\n"},
    {"comment_not_closed",
     {{"p.json", "{ \"protocol\": \"p\" /* ... }"}},
     "p.json:1:27: not valid JSON: syntax error while parsing object - invalid comment; missing closing "
     "'*/'; last read: '\"p\" /* ... }'; expected '}'\n"
     "  hint: the file ends too early; is it truncated?\n"},
    {"number_too_large_for_json",
     {{"p.json", "{ \"protocol\": 1e999 }"}},
     "p.json:1:15: not valid JSON: number overflow parsing '1e999'\n"},
    {"not_an_object",
     {{"p.json", "// a comment\n  [1, 2]"}},
     "p.json:2:3: a protocol file is an object, not an array\n"},
    {"nothing_names_the_file",
     {{"p.json", R"({ "cite": "c", "protocol": "p" })"}},
     "p.json:1:1: this is not a protocol file\n"
     "  hint: its first key has to be \"protocol\": a name\n"},
    {"another_kind_of_file",
     {{"p.json", R"({ "$schema": "x", "scenario": "p" })"}},
     "p.json:1:19: this file is a scenario, but a protocol is needed here\n"},
    {"key_twice", tiny(R"("data": "0..1")", R"("seq": "0..1")"),
     "p.json:5:72: the key \"seq\" stands twice in this object\n"
     "  hint: remove one of the two; JSON would silently keep only one\n"},
    {"json_too_deep",
     {{"p.json", R"({ "protocol": "p", "cite": )" + std::string(70, '[')}},
     "p.json:1:91: nested deeper than 64 levels\n"},
};

INSTANTIATE_TEST_SUITE_P(json, mistakes, testing::ValuesIn(json_mistakes), name_of);

const std::vector<mistake> protocol_mistakes = {
    {"unknown_key", tiny("\"parameters\"", "\"paramters\""),
     "p.json:2:3: unknown key \"paramters\"\n"
     "  hint: did you mean 'parameters'?\n"},
    {"unknown_key_far_from_any", tiny("\"require\"", "\"whatsoever\""),
     "p.json:4:3: unknown key \"whatsoever\"\n"
     "  hint: known here: protocol, cite, says, parameters, require, segment, endpoint, identity, define, "
     "procedures, user calls, segment arrives, time-outs, output\n"},
    {"wrong_type_of_table", tiny(R"({ "again": { "ticks": "window", "lazy": "any moment" } })", "7"),
     "p.json:11:15: an object is expected here, not an integer\n"},
    {"wrong_type_of_list", tiny(R"(["SYN", "ACK"])", R"("SYN")"),
     "p.json:5:25: an array of names is expected here, not a string\n"},
    {"wrong_type_of_text", tiny(R"("cite": "none")", R"("cite": null)"),
     "p.json:1:31: a string is expected here, not null\n"},
    {"wrong_type_of_expression", tiny(R"("count == 3")", "[3]"),
     "p.json:14:23: an expression is expected here, not an array\n"
     "  hint: write it as a string, e.g. \"seg.ACK && seg.ack == nxt\"\n"},
    {"fraction", tiny(R"("default": 2)", R"("default": 2.5)"),
     "p.json:2:58: an expression is expected here, not a number with a fraction or too many digits\n"
     "  hint: write it as a string, e.g. \"seg.ACK && seg.ack == nxt\"\n"},
    {"state_missing", tiny(R"(["CLOSED", "OPEN"])", "[]"),
     "p.json:1:1: a protocol needs states: \"endpoint\": {\"states\": [...]}\n"},
    {"state_twice", tiny(R"(["CLOSED", "OPEN"])", R"(["CLOSED", "OPEN", "CLOSED"])"),
     "p.json:7:34: 'CLOSED' stands twice in this list\n"},
    {"too_many_states",
     tiny(
         R"(["CLOSED", "OPEN"])",
         R"(["CLOSED","OPEN","a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q","r","s","t","u","v","w","x","y","z","A","B","C","D"])"),
     "p.json:7:148: more than 31 states\n"},
    {"state_in_group_unknown", tiny(R"("all": ["CLOSED", "OPEN"])", R"("all": ["CLOSD", "OPEN"])"),
     "p.json:8:25: unknown state 'CLOSD'\n"
     "  hint: did you mean 'CLOSED'?\n"},
    {"state_of_rule_unknown", tiny(R"("in": "CLOSED", "do")", R"("in": "LISTENING", "do")"),
     "p.json:17:37: unknown state or group 'LISTENING'\n"
     "  hint: known here: CLOSED, OPEN, all\n"},
    {"state_of_rule_not_a_name", tiny(R"("in": "CLOSED", "do")", R"("in": [1], "do")"),
     "p.json:17:38: the name of a state is expected here, not an integer\n"},
    {"bad_name", tiny(R"(["up"])", R"(["up", "go up"])"),
     "p.json:12:23: \"go up\" is not a name that can be defined\n"
     "  hint: write \"name\" or \"name(x, y)\"; letters, digits, '_' and inner '-'\n"},
    {"reserved_name", tiny(R"(["SYN", "ACK"])", R"(["SYN", "ACK", "if"])"),
     "p.json:5:40: 'if' is a word of the language, not a name\n"},
    {"name_taken", tiny(R"("count": "0..3")", R"("count": "0..3", "window": "bool")"),
     "p.json:9:75: the name 'window' is taken already\n"
     "  hint: variables and parameters share one set of names, and 'state' is built in\n"},
    {"name_of_a_ghost_tag", tiny(R"("data": "0..1")", R"("data": "0..1", "isn": "0..1")"),
     "p.json:5:88: the name 'isn' is taken already: it is a ghost tag\n"},
    {"name_of_a_flag", tiny(R"("data": "0..1")", R"("data": "0..1", "SYN": "0..1")"),
     "p.json:5:88: the name 'SYN' is taken already by a flag\n"},
    {"identity_missing",
     tiny(R"("identity": { "own": "iss", "peer": "irs", "established": ["OPEN"], "answer": "ACK" },)", ""),
     "p.json:1:1: \"identity\" is missing: {\"own\": ..., \"peer\": ..., \"established\": [...], \"answer\": "
     "...}\n"
     "  hint: it tells one connection attempt from another: the variables for the own and the peer's initial "
     "sequence number, the states of a completed opening, the flag of a reset\n"},
    {"identity_not_a_sequence_number", tiny(R"("own": "iss")", R"("own": "count")"),
     "p.json:13:24: 'count' is not a variable that holds a sequence number\n"},
    {"identity_without_such_a_flag", tiny(R"("answer": "ACK")", R"("answer": "RST")"),
     "p.json:13:81: there is no flag 'RST'\n"
     "  hint: known here: SYN, ACK\n"},
    {"timer_without_ticks", tiny(R"("ticks": "window", )", ""),
     "p.json:11:17: the timer 'again' has no \"ticks\"\n"},
    {"timer_of_unknown_kind", tiny("any moment", "any time"),
     "p.json:11:55: \"lazy\" cannot be 'any time'\n"
     "  hint: \"counts\" (its ticks), or \"any moment\"\n"},
    {"timer_without_rules", tiny(R"("time-outs": { "again")", R"("time-outs": { "agian")"),
     "p.json:11:17: nothing says what happens when the timer 'again' expires\n"
     "  hint: add it under \"time-outs\": {\"again\": [rules]}\n"
     "p.json:24:18: there is no timer 'agian'\n"
     "  hint: did you mean 'again'?\n"},
    {"type_unknown", tiny(R"("count": "0..3")", R"("count": "int")"),
     "p.json:9:67: 'int' is not a type\n"
     "  hint: \"bool\", \"sequence\", \"0..2\", \"0..octets\", or an array of words\n"},
    {"type_with_empty_range", tiny(R"("count": "0..3")", R"("count": "3..0")"),
     "p.json:9:67: the range 3..0 is empty\n"
     "  hint: \"bool\", \"sequence\", \"0..2\", \"0..octets\", or an array of words\n"},
    {"type_too_large", tiny(R"("count": "0..3")", R"("count": "0..3000000")"),
     "p.json:9:67: the range is too large\n"
     "  hint: \"bool\", \"sequence\", \"0..2\", \"0..octets\", or an array of words\n"},
    {"type_with_unknown_bound", tiny(R"("count": "0..3")", R"("count": "0..windw")"),
     "p.json:9:67: unknown name 'windw'\n"
     "  hint: did you mean 'window'?\n"},
    {"type_with_changing_bound", tiny(R"("count": "0..3")", R"("count": "0..iss")"),
     "p.json:9:67: an integer is expected here, but this is a sequence number\n"},
    {"type_with_a_word_twice", tiny(R"("count": "0..3")", R"("count": ["few", "few"])"),
     "p.json:9:67: the word 'few' stands twice\n"
     "  hint: \"bool\", \"sequence\", \"0..2\", \"0..octets\", or an array of words\n"},
    {"initial_out_of_range", tiny(R"("length": 2)", R"("length": 2, "initial": 2)"),
     "p.json:10:70: 2 is out of range 0..1\n"},
    {"length_out_of_range", tiny(R"("length": 2)", R"("length": 17)"),
     "p.json:10:56: 17 is out of range 1..16\n"},
    {"initial_looks_at_a_timer",
     tiny(R"("length": 2)", R"-("length": 2, "initial": "running(again) ? 1 : 0")-"),
     "p.json:10:71: a timer cannot be looked at here\n"
     "  hint: the value has to be a constant\n"},
    {"parameter_out_of_range", tiny(R"("default": 2)", R"("default": 9)"),
     "p.json:2:58: 9 is out of range 1..8\n"},
    {"parameter_computed_out_of_range", tiny(R"("window - 1")", R"("window - 3")"),
     "p.json:3:64: -1 is out of range 0..8\n"},
    {"parameter_without_default", tiny(R"(, "default": 2)", ""),
     "p.json:2:19: the parameter 'window' has no \"default\"\n"},
    {"parameter_uses_itself", tiny(R"("window - 1")", R"("room + 1")"),
     "p.json:3:56: the value of 'room' depends on itself\n"},
    {"parameters_use_each_other", tiny(R"("default": 2)", R"("default": "room")"),
     "p.json:2:58: the value of 'window' depends on itself\n"},
    {"parameter_looks_at_a_timer", tiny(R"("window - 1")", R"("running(again) ? 1 : 0")"),
     "p.json:3:57: running(...) cannot be used here\n"
     "  hint: the value has to be a constant\n"},
    {"field_without_type", tiny(R"("data": "0..1")", R"("data": { "stamp": "count" })"),
     "p.json:5:80: the field 'data' has no \"type\"\n"},
    {"stamp_of_another_kind", tiny(R"("data": "0..1")", R"("data": { "type": "0..1", "stamp": "iss" })"),
     "p.json:5:108: an integer is expected here, but this is a sequence number\n"},
    {"stamp_that_looks_at_a_segment",
     tiny(R"("data": "0..1")", R"("data": { "type": "0..1", "stamp": "seg.data" })"),
     "p.json:5:108: 'seg.data' cannot be read here\n"
     "  hint: no segment arrives here\n"},
    {"stamp_of_a_field_of_unknown_type",
     tiny(R"("data": "0..1")", R"("data": { "type": "int", "stamp": "count" })"),
     "p.json:5:90: 'int' is not a type\n"
     "  hint: \"bool\", \"sequence\", \"0..2\", \"0..octets\", or an array of words\n"},
    {"stamp_with_unknown_key", tiny(R"("data": "0..1")", R"("data": { "type": "0..1", "stmp": "count" })"),
     "p.json:5:98: unknown key \"stmp\"\n"
     "  hint: did you mean 'stamp'?\n"},
    {"requirement_violated", tiny(R"("window - 1")", R"("window")"),
     "p.json:4:26: the parameters do not fit together: a window has room\n"
     "  hint: needed: window > room\n"},
    {"requirement_without_condition", tiny(R"("that": "window > room", )", ""),
     "p.json:4:16: \"that\" is missing here\n"},
    {"requirement_not_constant", tiny(R"("window > room")", R"("count < window")"),
     "p.json:4:26: a requirement is about parameters: it has to be a constant\n"},
    {"definition_uses_itself", tiny(R"("count == 3")", R"("count == 3 || full")"),
     "p.json:14:15: the definition of 'full' uses itself\n"},
    {"definitions_use_each_other", tiny(R"("full": "count == 3",)", R"("full": "much", "much": "full",)"),
     "p.json:14:15: the definition of 'full' uses itself\n"
     "p.json:14:31: the definition of 'much' uses itself\n"},
    {"definition_twice", tiny(R"("x - iss < window" })", R"-("x - iss < window", "near(y)": "true" })-"),
     "p.json:14:68: 'near(y)' is declared already\n"},
    {"definition_with_a_bad_head", tiny("near(x)", "near(x"),
     "p.json:14:37: \"near(x\" is not a name that can be defined\n"
     "  hint: write \"name\" or \"name(x, y)\"; letters, digits, '_' and inner '-'\n"},
    {"definition_with_a_parameter_twice", tiny("near(x)", "near(x, x)"),
     "p.json:14:37: the parameter 'x' stands twice in \"near(x, x)\"\n"},
    {"definition_named_like_a_variable",
     tiny(R"("full": "count == 3")", R"("full": "count == 3", "count": "iss == 3")"),
     "p.json:14:37: the name 'count' is taken already by a variable or parameter\n"},
    {"procedure_uses_itself", tiny(R"("goto CLOSED"])", R"("do reset"])"),
     "p.json:15:19: the procedure 'reset' uses itself\n"},
    {"procedures_that_grow",
     tiny(
         R"("reset": ["clear", "goto CLOSED"])",
         R"("reset": ["do p1", "do p1", "do p1"], "p1": ["do p2", "do p2", "do p2"], "p2": ["do p3", "do p3", "do p3"],
             "p3": ["do p4", "do p4", "do p4"], "p4": ["do p5", "do p5", "do p5"], "p5": ["do p6", "do p6", "do p6"], "p6": [])"),
     "p.json:22:7: the rule 'leave' has more than 1000 actions\n"
     "  hint: procedures that use procedures more than once grow fast\n"},
    {"procedure_not_a_list", tiny(R"(["clear", "goto CLOSED"])", R"("clear")"),
     "p.json:15:28: a procedure is an array of actions\n"},
    {"rule_without_id", tiny(R"("id": "take", )", ""), "p.json:20:7: \"id\" is missing here\n"},
    {"rule_without_actions", tiny(R"(, "do": ["do reset"])", ""),
     "p.json:21:7: the rule 'leave' needs \"do\": an array of actions\n"},
    {"rule_without_citation", tiny(R"("start again"], "cite": "c")", R"("start again"])"),
     "p.json:17:15: the rule 'open' has no citation\n"
     "  hint: add \"cite\": \"RFC 9293 3.10...\", or where the rule comes from in your own design\n"},
    {"rule_with_unknown_key", tiny(R"-("when": "near(seg.seq)")-", R"-("whne": "near(seg.seq)")-"),
     "p.json:21:37: unknown key \"whne\"\n"
     "  hint: did you mean 'when'?\n"},
    {"rule_id_twice", tiny(R"("id": "hold")", R"("id": "take")"),
     "p.json:23:15: there is already a rule with the id 'take'\n"
     "  hint: ids are unique in a protocol\n"},
    {"rule_shadowed", tiny(R"("in": "CLOSED", "when": "seg.SYN && !full")", R"("in": "all")"),
     "p.json:21:7: the rule 'leave' can never fire: 'take' comes first\n"
     "  hint: put it before that rule, or replace or remove one of the two\n"},
    {"rule_shadowed_by_the_same_condition",
     tiny(R"-("in": "all", "when": "near(seg.seq)")-", R"-("in": "CLOSED", "when": "seg.SYN && !full")-"),
     "p.json:21:7: the rule 'leave' can never fire: 'take' comes first\n"
     "  hint: put it before that rule, or replace or remove one of the two\n"},
    {"stage_twice", tiny(R"("stage": "second")", R"("stage": "first")"),
     "p.json:19:5: two stages are called 'first'\n"
     "p.json:22:5: two stages are called 'first'\n"},
    {"stage_missing",
     {{"p.json", tiny_text.substr(0, tiny_text.find("  \"segment arrives\"")) +
                     tiny_text.substr(tiny_text.find("  \"time-outs\""))}},
     "p.json:1:1: there is no stage under \"segment arrives\"\n"},
};

INSTANTIATE_TEST_SUITE_P(protocol, mistakes, testing::ValuesIn(protocol_mistakes), name_of);

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

const std::vector<mistake> expression_mistakes = {
    {"unknown_variable", rule_when("seg.ACK && unna == 5"),
     "v.json:3:13: unknown name 'unna'\n"
     "  hint: did you mean 'una'?\n"},
    {"unknown_field", rule_when("seg.sek == 5"),
     "v.json:3:2: unknown name 'seg.sek'\n"
     "  hint: did you mean 'seg.seq'?\n"},
    {"unknown_flag", rule_when("seg.SYM"),
     "v.json:3:2: unknown name 'seg.SYM'\n"
     "  hint: did you mean 'seg.SYN'?\n"},
    {"unknown_word", rule_when("isn == frehs"),
     "v.json:3:9: unknown word 'frehs'\n"
     "  hint: did you mean 'fresh'?\n"},
    {"unknown_state_in_expression", rule_when("state in {CLOSED, LISTENING}"),
     "v.json:3:20: unknown word 'LISTENING'\n"
     "  hint: did you mean 'LISTEN'?\n"},
    {"unknown_function", rule_when("runing(retransmission)"),
     "v.json:3:2: unknown function 'runing'\n"
     "  hint: did you mean 'running'?\n"},
    {"unknown_timer_in_expression", rule_when("running(time-wait)"),
     "v.json:3:10: 'time-wait' is not a timer\n"
     "  hint: did you mean 'time_wait'?\n"},
    {"minus_without_spaces", rule_when("nxt-una == 1"),
     "v.json:3:2: unknown name 'nxt-una'\n"
     "  hint: a subtraction needs spaces around its minus sign\n"},
    {"ghost_tag", rule_when("incarnation == 2"),
     "v.json:3:2: 'incarnation' cannot be read here\n"
     "  hint: it is a ghost tag: only properties and traces may read it, never a rule\n"},
    {"ghost_tag_of_a_segment", rule_when("seg.isn == iss"),
     "v.json:3:2: 'seg.isn' cannot be read here\n"
     "  hint: it is a ghost tag: only properties and traces may read it, never a rule\n"},
    {"other_endpoint", rule_when("peer.una == una"),
     "v.json:3:2: 'peer.una' cannot be read here\n"
     "  hint: a rule sees its own endpoint and the segment that arrives, nothing else\n"},
    {"label", rule_when("signalled(data)"),
     "v.json:3:2: unknown function 'signalled'\n"
     "  hint: known here: running, in_window\n"},
    {"not_a_condition", rule_when("una"),
     "v.json:3:2: a boolean is expected here, but this is a sequence number\n"},
    {"boolean_with_number", rule_when("active && queued"),
     "v.json:3:12: a boolean is expected here, but this is an integer\n"},
    {"sum_of_booleans", rule_when("active + 1 == 2"),
     "v.json:3:9: cannot compute with a boolean and an integer\n"
     "  hint: integers with integers; a sequence number plus or minus an integer; or two sequence numbers "
     "subtracted\n"},
    {"sum_of_sequence_numbers", rule_when("una + nxt == 2"),
     "v.json:3:6: cannot compute with a sequence number and a sequence number\n"
     "  hint: integers with integers; a sequence number plus or minus an integer; or two sequence numbers "
     "subtracted\n"},
    {"sequence_against_integer", rule_when("una == queued"),
     "v.json:3:9: a sequence number stands against an integer\n"},
    {"words_have_no_order", rule_when("state < LISTEN"),
     "v.json:3:8: values of this kind have no order: one of CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED, "
     "ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT\n"
     "  hint: use == or !=\n"},
    {"booleans_have_no_order", rule_when("active >= seg.SYN"),
     "v.json:3:9: values of this kind have no order: a boolean\n"
     "  hint: use == or !=\n"},
    {"branches_of_two_types", rule_when("(active ? una : queued) == 1"),
     "v.json:3:18: a sequence number stands against an integer\n"},
    {"negative_sequence_number", rule_when("una == 0 - 1"),
     "v.json:3:11: -1 is not a sequence number (modulus 65536)\n"},
    {"sequence_number_beyond_the_modulus", rule_when("una == 65536"),
     "v.json:3:9: 65536 is not a sequence number (modulus 65536)\n"},
    {"number_too_large", rule_when("queued < 12345678901234567890"),
     "v.json:3:11: this number is out of range\n"
     "  hint: at most 9 digits\n"},
    {"constants_too_large", rule_when("queued < 100000 * 100000"),
     "v.json:3:18: 10000000000 is too large a number to compute with\n"},
    {"text_is_no_value", rule_when("'OPEN active' == 1"),
     "v.json:3:2: a quoted text can only be an argument of called('...')\n"},
    {"arguments_missing", rule_when("in_window"), "v.json:3:2: 'in_window' takes 1 argument(s), not 0\n"},
    {"arguments_too_many", rule_when("in_window(una, nxt)"),
     "v.json:3:2: 'in_window' takes 1 argument(s), not 2\n"},
    {"arguments_for_a_variable", rule_when("una(1) == 1"),
     "v.json:3:2: unknown function 'una'\n"
     "  hint: known here: running, in_window\n"},
    {"index_on_a_number", rule_when("una[1] == 1"), "v.json:3:2: 'una' is not an array\n"},
    {"array_without_index",
     rule_when("held == 1",
               R"("declare": {"endpoint": {"variables": {"held": {"type": "0..1", "length": 2}}}}, )"),
     "v.json:3:2: 'held' is an array\n"
     "  hint: write held[index]\n"},
    {"operand_missing", rule_when("seg.ACK && && seg.SYN"),
     "v.json:3:13: cannot read this as an expression: \"&& seg.SYN\"\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"operand_missing_at_the_end", rule_when("seg.ACK &&"),
     "v.json:3:12: an expression is not complete here\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"assignment_in_expression", rule_when("una = 1"),
     "v.json:3:6: cannot read this as an expression: \"= 1\"\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"parenthesis_missing", rule_when("(una == 1"),
     "v.json:3:11: an expression is not complete here\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"parenthesis_too_many", rule_when("una == 1)"),
     "v.json:3:10: cannot read this as an expression: \")\"\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"brace_missing", rule_when("state in {CLOSED, LISTEN"),
     "v.json:3:26: an expression is not complete here\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"odd_character", rule_when("una == 1 # 2"),
     "v.json:3:11: cannot read this as an expression: \"# 2\"\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"empty_expression", rule_when(" "),
     "v.json:3:1: an expression is missing here\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"place_in_a_text_with_escapes", rule_when("una == 1 \\u0023 2"),
     "v.json:3:1: cannot read this as an expression: \"# 2\"\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"parentheses_too_deep", rule_when(repeated("(", 40) + "una" + repeated(")", 40) + " == 1"),
     "v.json:3:1: nested deeper than 32 levels\n"
     "  hint: give its parts names under \"define\"\n"},
    {"parentheses_too_deep_after_closing_ones", rule_when("called(')))))))))') && " + repeated("(", 40)),
     "v.json:3:1: nested deeper than 32 levels\n"
     "  hint: give its parts names under \"define\"\n"},
    {"expression_too_long", rule_when("una == 1" + repeated(" && una == 1", 90)),
     "v.json:3:1: this text has more than 1000 characters\n"
     "  hint: give its parts names under \"define\"\n"},
    {"not_not_not", rule_when(repeated("!", 900) + "active"),
     "v.json:3:702: nested deeper than 700 levels\n"},
    {"arguments_that_nest",
     rule_when(repeated("g(", 30) + "queued" + repeated(")", 30) + " == 1",
               R"-("declare": { "define": { "g(x)": "x)-" + repeated(" + 1", 240) + "\" } }, "),
     "v.json:3:56: 'g' becomes nested deeper than 700 levels\n"},
    {"mistake_that_hides_the_use_of_a_definition",
     rule_when("fresh_syn && && active",
               R"("declare": { "define": { "fresh_syn": "seg.SYN && una == iss" } }, )"),
     "v.json:3:15: cannot read this as an expression: \"&& active\"\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"definitions_that_grow",
     rule_when("f(f(f(f(f(queued))))) == 1",
               R"-("declare": { "define": { "f(x)": "x + x + x + x + x + x + x + x + x + x" } }, )-"),
     "v.json:2:67: this has more than 20000 parts when its definitions are put in\n"
     "  hint: definitions that use definitions more than once grow fast\n"},
};

INSTANTIATE_TEST_SUITE_P(expression, mistakes, testing::ValuesIn(expression_mistakes), name_of);

const std::vector<mistake> action_mistakes = {
    {"unknown_action", arrival("drp"),
     "v.json:3:2: 'drp' is not an action\n"
     "  hint: did you mean 'drop'?\n"},
    {"unknown_action_with_a_name", arrival("jump CLOSED"),
     "v.json:3:2: 'jump' is not an action\n"
     "  hint: known here: choose, goto, signal, clear, start, stop, drop, send, continue at, do, refuse, "
     "crash\n"},
    {"single_equals_sign", arrival("una = 1"),
     "v.json:3:6: cannot read this as an action: \"= 1\"\n"
     "  hint: actions: x := e, choose x in e .. e, send FLAGS field=e, goto S, start T, stop T, signal N, do "
     "P, continue at STAGE, clear, crash, drop, refuse; and \"... if e\"\n"},
    {"value_missing", arrival("una := "),
     "v.json:3:9: an action is not complete here\n"
     "  hint: actions: x := e, choose x in e .. e, send FLAGS field=e, goto S, start T, stop T, signal N, do "
     "P, continue at STAGE, clear, crash, drop, refuse; and \"... if e\"\n"},
    {"action_goes_on", arrival("goto CLOSED now"),
     "v.json:3:14: cannot read this as an action: \"now\"\n"
     "  hint: actions: x := e, choose x in e .. e, send FLAGS field=e, goto S, start T, stop T, signal N, do "
     "P, continue at STAGE, clear, crash, drop, refuse; and \"... if e\"\n"},
    {"condition_missing", arrival("drop if"),
     "v.json:3:9: an action is not complete here\n"
     "  hint: actions: x := e, choose x in e .. e, send FLAGS field=e, goto S, start T, stop T, signal N, do "
     "P, continue at STAGE, clear, crash, drop, refuse; and \"... if e\"\n"},
    {"field_without_value", arrival("send ACK seq= ack=rnx"),
     "v.json:3:19: cannot read this as an action: \"=rnx\"\n"
     "  hint: actions: x := e, choose x in e .. e, send FLAGS field=e, goto S, start T, stop T, signal N, do "
     "P, continue at STAGE, clear, crash, drop, refuse; and \"... if e\"\n"},
    {"action_not_a_text",
     variant_with(
         R"("changes": [ { "before": "closed-rst", "add": { "id": "r", "when": "seg.FIN", "do": [true] } } ])"),
     "v.json:2:86: an action is expected here, not a boolean\n"
     "  hint: write it as a string, e.g. \"send ACK seq=nxt ack=rnx\"\n"},
    {"goto_unknown_state", arrival("goto ESTABLISHD"),
     "v.json:3:7: there is no state 'ESTABLISHD'\n"
     "  hint: did you mean 'ESTABLISHED'?\n"},
    {"unknown_signal", arrival("signal rest"),
     "v.json:3:9: there is no signal 'rest'\n"
     "  hint: did you mean 'reset'?\n"},
    {"unknown_timer_started", arrival("start retransmit"),
     "v.json:3:8: there is no timer 'retransmit'\n"
     "  hint: known here: retransmission, time_wait, quiet, keep_alive, fin_wait_2\n"},
    {"unknown_timer_stopped", arrival("stop delayed_ack"),
     "v.json:3:7: there is no timer 'delayed_ack'\n"
     "  hint: known here: retransmission, time_wait, quiet, keep_alive, fin_wait_2\n"},
    {"unknown_procedure", arrival("do acknowlege"),
     "v.json:3:5: there is no procedure 'acknowlege'\n"
     "  hint: did you mean 'acknowledge'?\n"},
    {"unknown_stage", arrival("continue at txet"),
     "v.json:3:14: there is no stage 'txet'\n"
     "  hint: did you mean 'text'?\n"},
    {"unknown_flag_sent", arrival("send SYNACK"),
     "v.json:3:7: there is no flag 'SYNACK'\n"
     "  hint: known here: SYN, ACK, FIN, RST\n"},
    {"unknown_field_sent", arrival("send ACK sequ=una"),
     "v.json:3:11: a segment has no field 'sequ'\n"
     "  hint: did you mean 'seq'?\n"},
    {"flag_sent_twice", arrival("send ACK ACK"), "v.json:3:11: the flag 'ACK' stands twice\n"},
    {"field_sent_twice", arrival("send ACK seq=una seq=nxt"), "v.json:3:19: the field 'seq' stands twice\n"},
    {"unknown_variable_assigned", arrival("unna := 1"),
     "v.json:3:2: there is no variable 'unna'\n"
     "  hint: did you mean 'una'?\n"},
    {"parameter_assigned", arrival("window := 1"),
     "v.json:3:2: 'window' is a parameter: it is the same in all states\n"},
    {"ghost_tag_assigned", arrival("incarnation := 1"),
     "v.json:3:2: 'incarnation' cannot be changed by a rule\n"
     "  hint: it is a ghost tag: only properties and traces may read it, never a rule\n"},
    {"state_assigned", arrival("state := 1"), "v.json:3:2: the state is changed by 'goto STATE'\n"},
    {"wrong_type_assigned", arrival("una := active"),
     "v.json:3:9: a sequence number is expected here, but this is a boolean\n"},
    {"out_of_range_assigned", arrival("queued := 3"), "v.json:3:12: 3 is out of range 0..2\n"},
    {"field_out_of_range", arrival("send ACK data=2"), "v.json:3:16: 2 is out of range 0..1\n"},
    {"element_of_a_number_assigned", arrival("una[0] := 1"), "v.json:3:2: 'una' is not an array\n"},
    {"wrong_type_chosen", arrival("choose active in 0 .. 1"),
     "v.json:3:19: a boolean is expected here, but this is an integer\n"},
    {"backward_continue", arrival("continue at ack"),
     "v.json:3:14: the stage 'ack' is not after this one\n"
     "  hint: processing only goes forward, so that it ends\n"},
    {"continue_at_its_own_stage", arrival("continue at fin"),
     "v.json:3:14: the stage 'fin' is not after this one\n"
     "  hint: processing only goes forward, so that it ends\n"},
    {"continue_in_a_call", call("continue at ack"),
     "v.json:3:2: 'continue at' belongs to rules under \"segment arrives\"\n"},
    {"drop_in_a_call", call("drop"), "v.json:3:2: 'drop' belongs to rules under \"segment arrives\"\n"},
    {"segment_in_a_call", call("una := seg.seq"),
     "v.json:3:9: 'seg.seq' cannot be read here\n"
     "  hint: no segment arrives here\n"},
    {"refuse_on_arrival", arrival("refuse"),
     "v.json:3:2: 'refuse' belongs to user calls: the call returns an error and is no step\n"},
    {"procedure_under_a_condition", arrival("do acknowledge if active"),
     "v.json:3:2: 'do' and 'refuse' cannot be conditional\n"
     "  hint: make two rules, each with its \"when\"\n"},
    {"ghost_tag_in_an_action", arrival("queued := 1 if seg.answer"),
     "v.json:3:17: 'seg.answer' cannot be read here\n"
     "  hint: it is a ghost tag: only properties and traces may read it, never a rule\n"},
    {"second_of_two_actions", arrival("una := nxt\", \"nxt := 1 +"),
     "v.json:3:26: an action is not complete here\n"
     "  hint: actions: x := e, choose x in e .. e, send FLAGS field=e, goto S, start T, stop T, signal N, do "
     "P, continue at STAGE, clear, crash, drop, refuse; and \"... if e\"\n"},
};

INSTANTIATE_TEST_SUITE_P(action, mistakes, testing::ValuesIn(action_mistakes), name_of);

const std::vector<mistake> variant_mistakes = {
    {"unknown_rule", variant_with(R"("changes": [ { "remove": "closed-rts" } ])"),
     "v.json:2:26: there is no rule with the id 'closed-rts'\n"
     "  hint: did you mean 'closed-rst'?\n"},
    {"unknown_rule_far_from_any", variant_with(R"("changes": [ { "remove": "what-you-will" } ])"),
     "v.json:2:26: there is no rule with the id 'what-you-will'\n"},
    {"removed_rule",
     variant_with("\"changes\": [ { \"remove\": \"rst-closing\" },\n  { \"remove\": \"rst-closing\" } ]"),
     "v.json:3:15: 'v' has removed the rule 'rst-closing' already\n"},
    {"added_rule_exists",
     variant_with(R"("changes": [ { "after": "closed-rst", "add": { "id": "closed-ack", "do": [] } } ])"),
     "v.json:2:54: there is already a rule with the id 'closed-ack'\n"
     "  hint: use {\"replace\": id, \"with\": rule}, or another id\n"},
    {"change_of_nothing", variant_with(R"("changes": [ { "add": { "id": "x", "do": [] } } ])"),
     "v.json:2:14: this change does not say what it changes\n"
     "  hint: one of: before, after, replace, remove, at end of, call, stage, time-out\n"},
    {"change_without_rule",
     variant_with(R"("changes": [ { "replace": "closed-rst", "add": { "id": "x", "do": [] } } ])"),
     "v.json:2:14: \"replace\" needs \"with\": a rule, or an array of rules\n"
     "v.json:2:41: unknown key \"add\"\n"
     "  hint: known here: replace, says, cite, with\n"},
    {"removal_with_more", variant_with(R"("changes": [ { "remove": "closed-rst", "": 1 } ])"),
     "v.json:2:40: unknown key \"\"\n"
     "  hint: known here: remove, says, cite\n"},
    {"unknown_list", variant_with(R"("changes": [ { "at end of": "closd", "add": [] } ])"),
     "v.json:2:29: there is no call, stage or timer 'closd'\n"
     "  hint: did you mean 'CLOSE'?\n"},
    {"known_list_again", variant_with(R"("changes": [ { "stage": "syn", "add": [] } ])"),
     "v.json:2:25: there is already a stage 'syn'\n"
     "  hint: use \"at end of\"\n"},
    {"unknown_base",
     {{"v.json", R"({ "variant": "v", "of": "rfc9239" })"}},
     "v.json:1:25: there is no built-in protocol 'rfc9239'\n"
     "  hint: did you mean 'rfc9293'?\n"},
    {"base_missing",
     {{"v.json", R"({ "variant": "v" })"}},
     "v.json:1:1: a variant needs \"of\": the protocol that it changes\n"},
    {"base_not_a_name",
     {{"v.json", R"({ "variant": "v", "of": 9293 })"}},
     "v.json:1:25: the name of a protocol or variant is expected here, not an integer\n"},
    {"base_is_no_protocol",
     {{"v.json", R"({ "variant": "v", "of": "s.json" })"}, {"s.json", R"({ "scenario": "s" })"}},
     "s.json:1:3: this file is a scenario, but a protocol is needed here\n"},
    {"base_is_itself",
     {{"v.json", R"({ "variant": "v", "of": "v.json" })"}},
     "v.json:1:25: 'v.json' is made from itself: v -> v\n"
     "  hint: follow the \"of\" and \"with\" keys\n"},
    {"base_is_made_from_it",
     {{"v.json", R"({ "variant": "v", "of": "w.json" })"},
      {"w.json", "{ \"variant\": \"w\",\n  \"of\": \"v.json\" }"}},
     "w.json:2:9: 'v.json' is made from itself: v -> w -> v\n"
     "  hint: follow the \"of\" and \"with\" keys\n"},
    {"composed_of_no_list", variant_with(R"("with": "rfc1337")"),
     "v.json:2:9: an array of names of variants is expected here, not a string\n"},
    {"composed_of_no_name", variant_with(R"("with": ["rfc1337", 1337])"),
     "v.json:2:21: the name of a variant is expected here, not an integer\n"},
    {"composed_of_an_unknown_one", variant_with(R"("with": ["rfc1373"])"),
     "v.json:2:10: there is no built-in protocol 'rfc1373'\n"
     "  hint: did you mean 'rfc1337'?\n"},
    {"composed_of_a_protocol", variant_with(R"("with": ["rfc9293"])"),
     "v.json:2:10: 'rfc9293' is no variant, so it cannot be composed with others\n"
     "  hint: the protocol that they change stands under \"of\"\n"},
    {"composed_of_another_protocols_variant",
     {{"v.json", R"({ "variant": "v", "of": "rfc9293", "with": ["rfc1337", "w.json"] })"},
      {"w.json", R"({ "variant": "w", "of": "p.json" })"},
      {"p.json", tiny_text}},
     "v.json:1:56: 'w.json' is made from 'tiny', not from 'rfc9293'\n"
     "  hint: what is composed has to be made from the same protocol\n"},
    {"composed_of_the_same_twice",
     {{"v.json",
       "{ \"variant\": \"v\", \"of\": \"w.json\", \"cite\": \"c\",\n\"with\": [\"no-time-wait\", "
       "\"rfc1337\"] }"},
      {"w.json", R"({ "variant": "w", "of": "rfc1337" })"}},
     "v.json:2:26: 'rfc1337' is in it already\n"
     "  hint: by \"of\", or by what stands before it; each variant is applied once\n"},
    {"composed_of_itself", variant_with(R"("with": ["rfc1337", "v.json"])"),
     "v.json:2:21: 'v.json' is made from itself: v -> v\n"
     "  hint: follow the \"of\" and \"with\" keys\n"},
    {"composed_of_what_is_composed_of_it",
     {{"v.json", R"({ "variant": "v", "of": "rfc9293", "with": ["w.json"] })"},
      {"w.json", "{ \"variant\": \"w\", \"of\": \"rfc9293\",\n  \"with\": [\"v.json\"] }"}},
     "w.json:2:12: 'v.json' is made from itself: v -> w -> v\n"
     "  hint: follow the \"of\" and \"with\" keys\n"},
    {"composed_where_both_replace_a_rule",
     both_change(R"({ "replace": "closed-rst", "with": )" + a_rule + " }", R"({ "remove": "closed-rst" })"),
     "w.json:2:13: 'u' has replaced the rule 'closed-rst' already\n" + both},
    {"composed_where_one_is_beside_what_the_other_removes",
     both_change(R"({ "remove": "closed-rst" })", R"({ "before": "closed-rst", "add": )" + a_rule + " }"),
     "w.json:2:13: 'u' has removed the rule 'closed-rst' already\n" + both},
    {"composed_where_one_replaces_a_rule_of_the_other_by_its_old_name",
     both_change(
         R"({ "replace": "closed-rst", "with": { "id": "closed-rst", "in": "CLOSED", "when": "seg.RST", "do": ["drop"], "cite": "c" } })",
         R"({ "replace": "closed-rst", "with": )" + a_rule + " }"),
     "w.json:2:14: 'u' has put its own rule 'closed-rst' there\n" + both},
    {"composed_where_both_add_the_same_rule",
     both_change(R"({ "before": "closed-rst", "add": )" + a_rule + " }",
                 R"({ "after": "closed-rst", "add": )" + a_rule + " }"),
     "w.json:2:41: there is already a rule with the id 'r'\n"
     "  hint: use {\"replace\": id, \"with\": rule}, or another id\n"},
    {"composed_where_both_set_a_parameter",
     {{"v.json", R"({ "variant": "v", "of": "rfc9293", "with": ["time-wait-1msl", "w.json"] })"},
      {"w.json", "{ \"variant\": \"w\", \"of\": \"rfc9293\",\n\"set\": { \"time_wait\": 3 } }"}},
     "w.json:2:10: 'time-wait-1msl' has set 'time_wait' already\n" + both},
    {"composed_where_both_define_a_procedure",
     {{"v.json", R"({ "variant": "v", "of": "rfc9293", "with": ["no-time-wait", "w.json"] })"},
      {"w.json",
       "{ \"variant\": \"w\", \"of\": \"rfc9293\",\n\"declare\": { \"procedures\": { \"enter-time-wait\": [] "
       "} } }"}},
     "w.json:2:30: 'no-time-wait' has defined 'enter-time-wait' already\n" + both},
    {"unknown_parameter", variant_with(R"("set": { "mls": 2 })"),
     "v.json:2:10: there is no parameter 'mls'\n"
     "  hint: did you mean 'msl'?\n"},
    {"parameter_set_to_itself", variant_with(R"("set": { "msl": "msl + 1" })"),
     "v.json:2:17: the value of 'msl' depends on itself\n"},
    {"parameter_set_out_of_range", variant_with(R"("set": { "window": "2 * 5" })"),
     "v.json:2:23: 10 is out of range 1..8\n"},
    {"parameter_set_to_unknown_word", variant_with(R"("set": { "isn": "frsh" })"),
     "v.json:2:18: unknown word 'frsh'\n"
     "  hint: did you mean 'fresh'?\n"},
    {"parameters_do_not_fit",
     {{"v.json", R"({ "variant": "v", "of": "p.json", "set": { "room": 2 } })"}, {"p.json", tiny_text}},
     "p.json:4:26: the parameters do not fit together: a window has room\n"
     "  hint: needed: window > room\n"},
    {"variable_declared_again",
     variant_with(R"("declare": { "endpoint": { "variables": { "una": "0..1" } } })"),
     "v.json:2:43: 'una' is declared already\n"
     "  hint: groups, definitions and procedures can be replaced, nothing else\n"},
    {"parameter_declared_again",
     variant_with(R"("declare": { "parameters": { "msl": { "type": "1..9", "default": 1 } } })"),
     "v.json:2:30: 'msl' is declared already\n"
     "  hint: its value is changed under \"set\"\n"},
    {"definition_not_used", variant_with(R"("declare": { "define": { "never_used": "una == nxt" } })"),
     "v.json:2:26: the definition 'never_used' is declared here but never used\n"},
    {"procedure_not_used", variant_with(R"("declare": { "procedures": { "never-used": ["drop"] } })"),
     "v.json:2:30: the procedure 'never-used' is declared here but never used\n"},
    {"identity_in_a_variant", variant_with(R"("identity": {})"),
     "v.json:2:1: unknown key \"identity\"\n"
     "  hint: known here: variant, of, with, cite, says, set, declare, changes\n"},
    {"mistake_in_the_base",
     {{"v.json", R"({ "variant": "v", "of": "p.json" })"}, tiny("goto OPEN", "goto OPNE")[0]},
     "p.json:20:111: there is no state 'OPNE'\n"
     "  hint: did you mean 'OPEN'?\n"},
};

INSTANTIATE_TEST_SUITE_P(variant, mistakes, testing::ValuesIn(variant_mistakes), name_of);

const std::vector<mistake> scenario_mistakes = {
    {"endpoint_missing", scenario_with(R"("A": {})"), "s.json:1:1: the endpoint \"B\" is missing\n"},
    {"endpoint_not_an_object", scenario_with(R"("A": [], "B": {})"),
     "s.json:2:6: an endpoint is an object, not an array\n"},
    {"scenario_with_unknown_key", scenario_with(nobody + R"(, "tme": "timed")"),
     "s.json:2:19: unknown key \"tme\"\n"
     "  hint: did you mean 'time'?\n"},
    {"start_unknown", scenario_with(R"("A": { "start": "LISTENING" }, "B": {})"),
     "s.json:2:17: unknown state 'LISTENING'\n"
     "  hint: did you mean 'LISTEN'?\n"},
    {"call_unknown", scenario_with(R"("A": { "application": [ { "call": "OPEN actively" } ] }, "B": {})"),
     "s.json:2:35: unknown user call 'OPEN actively'\n"
     "  hint: did you mean 'OPEN active'?\n"},
    {"call_missing", scenario_with(R"("A": { "application": [ { "times": 1 } ] }, "B": {})"),
     "s.json:2:25: \"call\" is missing here\n"
     "  hint: one of: OPEN passive, OPEN active, SEND, RECEIVE, CLOSE, ABORT, STATUS, CRASH\n"},
    {"times_out_of_range",
     scenario_with(R"("A": { "application": [ { "call": "CLOSE", "times": 101 } ] }, "B": {})"),
     "s.json:2:53: 101 is out of range 0..100\n"},
    {"times_not_a_number",
     scenario_with(R"("A": { "application": [ { "call": "CLOSE", "times": [] } ] }, "B": {})"),
     "s.json:2:53: an expression is expected here, not an array\n"
     "  hint: write it as a string, e.g. \"seg.ACK && seg.ack == nxt\"\n"},
    {"intention_under_a_wrong_condition",
     scenario_with(R"("A": { "application": [ { "call": "CLOSE", "when": "state = CLOSED" } ] }, "B": {})"),
     "s.json:2:59: cannot read this as an expression: \"= CLOSED\"\n"
     "  hint: operators: ? : || && ! == != < <= > >= in + - *  (a minus needs spaces around)\n"},
    {"too_many_intentions",
     scenario_with("\"A\": { \"application\": [" + repeated("{ \"call\": \"CLOSE\" },", 16) +
                   "\n { \"call\": \"CLOSE\" }] }, \"B\": {}"),
     "s.json:3:2: more than 16 intentions\n"},
    {"attacker_not_an_object", scenario_with(nobody + R"(, "attacker": "B")"),
     "s.json:2:31: an attacker is an object: {\"against\", \"when\", \"knows\", \"forges\", \"order\", "
     "\"segments\"}\n"},
    {"attacker_against_nobody",
     scenario_with(nobody + R"(, "attacker": { "forges": [ { "segment": "RST" } ] })"),
     "s.json:2:31: \"against\" is missing here\n"
     "  hint: the endpoint that gets the forgeries: A or B\n"},
    {"attacker_against_somebody_else", attacked(R"("against": "C", "forges": [ { "segment": "RST" } ])"),
     "s.json:3:12: unknown endpoint 'C'\n"
     "  hint: did you mean 'A'?\n"},
    {"attacker_without_a_list", attacked(R"("against": "B")"),
     "s.json:2:31: an attacker needs a list \"forges\": [{\"segment\": ..., \"for\": {...}}, ...]\n"},
    {"forgery_without_segment", attacked(R"("against": "B", "forges": [ { "send": "RST" } ])"),
     "s.json:3:29: \"segment\" is missing here\n"
     "  hint: e.g. \"RST seq=100\"\n"
     "s.json:3:31: unknown key \"send\"\n"
     "  hint: known here: segment, for, says\n"},
    {"forgery_is_no_segment", forgery(R"("segment": "RST; seq=100")"),
     "s.json:3:17: cannot read this as a segment: \"; seq=100\"\n"
     "  hint: its flags, then its fields, e.g. \"SYN ACK seq=100 ack=i + 1\"\n"},
    {"forgery_of_nothing", forgery(R"("segment": "")"),
     "s.json:3:13: a segment is missing here\n"
     "  hint: its flags, then its fields, e.g. \"SYN ACK seq=100 ack=i + 1\"\n"},
    {"forgery_with_unknown_field", forgery(R"("segment": "RST sequ=100")"),
     "s.json:3:18: a segment has no field 'sequ'\n"
     "  hint: did you mean 'seq'?\n"},
    {"forgery_from_what_it_does_not_see", forgery(R"("segment": "RST seq=rnx")"),
     "s.json:3:22: 'rnx' cannot be read here\n"
     "  hint: an off-path attacker does not see the variables of its victim; \"knows\" would name those that "
     "it "
     "does\n"},
    {"forgery_from_a_tag", forgery(R"("segment": "RST seq=100 + incarnation")"),
     "s.json:3:28: 'incarnation' cannot be read here\n"
     "  hint: it is a ghost tag: only properties and traces may read it, never a rule\n"},
    {"forgery_over_an_empty_range", forgery(R"("segment": "RST seq=i", "for": { "i": "0..0 - 1" })"),
     "s.json:3:40: the range 0..-1 is empty\n"
     "  hint: \"bool\", \"sequence\", \"0..2\", \"0..octets\", or an array of words\n"},
    {"forgery_over_a_name_that_is_taken", forgery(R"("segment": "RST seq=msl", "for": { "msl": "0..3" })"),
     "s.json:3:37: 'msl' cannot be a name here: it means something already\n"},
    {"forgery_out_of_range", forgery(R"("segment": "ACK seq=1 data=i", "for": { "i": "0..2" })"),
     "s.json:3:29: 2 is out of range 0..1\n"},
    {"too_many_forgeries", forgery(R"("segment": "RST seq=i + j", "for": { "i": "0..99", "j": "0..10" })"),
     "s.json:3:1: more than 1000 forgeries\n"},
    {"attacker_knows_nothing_like_that",
     attacked(R"("against": "B", "knows": ["rcv"], "forges": [ { "segment": "RST" } ])"),
     "s.json:3:27: unknown variable 'rcv'\n"
     "  hint: known here: state, iss, una, nxt, irs, rnx, active, queued, close_pending, retransmissions, "
     "unread, "
     "probes, next_isn\n"},
    {"list_without_end",
     attacked(
         R"("against": "B", "order": "listed", "segments": "unlimited", "forges": [ { "segment": "RST" } ])"),
     "s.json:3:48: a list that is gone through in its order has an end\n"
     "  hint: \"order\": \"any\" forges any of them, any number of times\n"},
    {"list_with_too_many",
     attacked(R"("against": "B", "order": "listed", "segments": 2, "forges": [ { "segment": "RST" } ])"),
     "s.json:3:48: 2 is out of range 0..1\n"},
    {"parameter_of_the_scenario_is_the_protocols",
     scenario_with(nobody + R"(, "parameters": { "msl": { "type": "1..2", "default": 1 } })"),
     "s.json:2:35: the protocol has a parameter 'msl' already\n"
     "  hint: its value is changed under \"set\"\n"},
    {"incarnations_out_of_range", scenario_with(nobody + R"(, "incarnations": { "A": 8 })"),
     "s.json:2:42: 8 is out of range 0..7\n"},
    {"order_unknown", scenario_with(nobody + R"(, "network": { "order": "lifo" })"),
     "s.json:2:41: unknown order 'lifo'\n"
     "  hint: did you mean 'fifo'?\n"},
    {"loss_out_of_range", scenario_with(nobody + R"(, "network": { "loss": -1 })"),
     "s.json:2:40: -1 is out of range 0..15\n"},
    {"loss_misspelt", scenario_with(nobody + R"(, "network": { "loss": "unlimted" })"),
     "s.json:2:40: a budget cannot be 'unlimted'\n"
     "  hint: did you mean 'unlimited'?\n"},
    {"network_not_an_object", scenario_with(nobody + R"(, "network": "unlimited")"),
     "s.json:2:30: a network is an object: {\"order\", \"loss\", \"duplication\", \"lifetime\", "
     "\"capacity\"}\n"},
    {"lifetime_without_time", scenario_with(nobody + R"(, "network": { "lifetime": "msl" })"),
     "s.json:2:44: a lifetime needs time: in the untimed mode nothing grows old\n"
     "  hint: set \"time\" to \"lazy\" or \"timed\", or leave the lifetime out\n"},
    {"lifetime_out_of_range", scenario_with(nobody + R"(, "time": "timed", "network": { "lifetime": 0 })"),
     "s.json:2:61: 0 is out of range 1..60\n"},
    {"capacity_without_limits",
     scenario_with(nobody +
                   R"(, "network": { "loss": "unlimited", "duplication": "unlimited", "capacity": 4 })"),
     "s.json:2:93: the unlimited network has no capacity\n"
     "  hint: with loss and duplication unlimited in any order, a channel is a set of segments\n"},
    {"time_unknown", scenario_with(nobody + R"(, "time": "timd")"),
     "s.json:2:27: unknown time mode 'timd'\n"
     "  hint: did you mean 'timed'?\n"},
    {"modulus_out_of_range", scenario_with(nobody + R"(, "sequence": { "modulus": 7 })"),
     "s.json:2:44: the modulus of sequence numbers is an integer in 8..1000000\n"},
    {"modulus_below_a_sequence_number",
     {{"s.json", R"({ "scenario": "s", "A": {}, "B": {}, "sequence": { "modulus": 64 } })"},
      tiny("iss := 1", "iss := 100")[0]},
     "p.json:17:62: 100 is not a sequence number (modulus 64)\n"},
    {"wrap_not_a_boolean", scenario_with(nobody + R"(, "sequence": { "wrap": 1 })"),
     "s.json:2:41: \"wrap\" is true or false\n"},
    {"sequence_not_an_object", scenario_with(nobody + R"(, "sequence": 65536)"),
     "s.json:2:31: \"sequence\" is an object: {\"modulus\": ..., \"wrap\": ...}\n"},
    {"unknown_parameter_set_for_both", scenario_with(nobody + R"(, "set": { "windw": 1 })"),
     "s.json:2:28: there is no parameter 'windw'\n"
     "  hint: did you mean 'window'?\n"},
    {"unknown_parameter_set_for_one", scenario_with(R"("A": { "set": { "windw": 1 } }, "B": {})"),
     "s.json:2:17: there is no parameter 'windw'\n"
     "  hint: did you mean 'window'?\n"},
    {"set_not_an_object", scenario_with(nobody + R"(, "set": ["window", 1])"),
     "s.json:2:26: \"set\" is an object: {parameter: value}\n"},
    {"final_about_a_segment", scenario_with(nobody + R"(, "final": "seg.SYN")"),
     "s.json:2:29: 'seg.SYN' cannot be read here\n"
     "  hint: no segment arrives here\n"},
};

INSTANTIATE_TEST_SUITE_P(scenario, mistakes, testing::ValuesIn(scenario_mistakes), name_of);

const std::vector<mistake> property_mistakes = {
    {"nothing_is_forbidden", property_with(R"-("witness": "state == CLOSED")-"),
     "x.json:1:1: a property needs \"never\" or \"never step\": what must not happen\n"},
    {"property_with_unknown_key", property_with(R"-("nevr": "state == CLOSED")-"),
     "x.json:2:1: unknown key \"nevr\"\n"
     "  hint: did you mean 'never'?\n"},
    {"says_missing",
     {{"x.json", R"({ "property": "x", "never": "state == CLOSED" })"}},
     "x.json:1:1: \"says\" is missing here\n"},
    {"state_and_step", property_with(R"-("never": "state == CLOSED", "never step": "began()")-"),
     "x.json:2:43: \"never\" and \"never step\" exclude each other\n"},
    {"stuck_and_state", bounded_property_with(R"-("never": "state == CLOSED", "never stuck": true)-"),
     "x.json:1:1: the property 'x' needs to know where it is right that nothing goes on\n"
     "  hint: give the scenario 's' a \"final\" predicate\n"
     "x.json:2:44: \"never stuck\" stands alone\n"},
    {"state_looks_at_a_step", property_with(R"-("never": "signalled(data)")-"),
     "x.json:2:10: \"never\" is judged on states: it has no step, no segment and no old state\n"
     "  hint: use \"never step\"\n"},
    {"state_looks_at_the_past", property_with(R"-("never": "old.state == CLOSED")-"),
     "x.json:2:10: \"never\" is judged on states: it has no step, no segment and no old state\n"
     "  hint: use \"never step\"\n"},
    {"state_looks_at_a_channel", property_with(R"-("never": "outgoing(true)")-"),
     "x.json:2:10: only steps can look at the channels\n"
     "  hint: use \"never step\"\n"},
    {"state_sends_nothing", property_with(R"-("never": "sent(sent.SYN)")-"),
     "x.json:2:10: \"never\" is judged on states: it has no step, no segment and no old state\n"
     "  hint: use \"never step\"\n"},
    {"sent_outside_of_sent", property_with(R"-("never step": "sent.SYN && sent(sent.SYN)")-"),
     "x.json:2:16: 'sent.SYN' is known only in sent(...)\n"
     "  hint: write sent(sent.SYN)\n"},
    {"sent_in_outgoing", property_with(R"-("never step": "outgoing(sent(sent.SYN))")-"),
     "x.json:2:25: outgoing, incoming and sent cannot be nested, nor asked of ports\n"},
    {"absence_on_the_unlimited_network", property_with(R"-("never step": "began() && !outgoing(seg.SYN)")-"),
     "x.json:2:15: this asks for the absence of a segment, which the unlimited network cannot decide\n"
     "  hint: there, more segments in flight may never turn the formula from true to false; use budgets for "
     "loss and duplication\n"},
    {"absence_in_the_witness",
     property_with(R"-("never step": "began()", "witness step": "outgoing(seg.SYN) == false")-"),
     "x.json:2:42: this asks for the absence of a segment, which the unlimited network cannot decide\n"
     "  hint: there, more segments in flight may never turn the formula from true to false; use budgets for "
     "loss and duplication\n"},
    {"quantifiers_nested", property_with(R"-("never step": "outgoing(incoming(seg.SYN))")-"),
     "x.json:2:25: outgoing, incoming and sent cannot be nested, nor asked of ports\n"},
    {"quantifiers_too_many",
     property_with(R"-("never step": "outgoing(true))-" + repeated(" || outgoing(true)", 39) +
                   R"-(", "witness step": "outgoing(true))-" + repeated(" || outgoing(true)", 24) + "\""),
     "x.json:2:1184: more than 64 times outgoing(...) in one run\n"
     "  hint: ask for fewer properties at a time\n"},
    {"unknown_signal_in_a_property", property_with(R"-("never step": "signalled(dta)")-"),
     "x.json:2:26: 'dta' is not a signal\n"
     "  hint: did you mean 'data'?\n"},
    {"unknown_call_in_a_property", property_with(R"-("never step": "called('OPEN')")-"),
     "x.json:2:23: 'OPEN' is not a user call\n"
     "  hint: known here: OPEN passive, OPEN active, SEND, RECEIVE, CLOSE, ABORT, STATUS, CRASH\n"},
    {"unknown_state_in_a_property", property_with(R"-("never step": "passed(OPEN)")-"),
     "x.json:2:23: 'OPEN' is not a state\n"
     "  hint: known here: CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, "
     "CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT\n"},
    {"unknown_peer_variable", property_with(R"-("never": "peer.unna == una")-"),
     "x.json:2:11: unknown name 'peer.unna'\n"
     "  hint: did you mean 'peer.una'?\n"},
    {"unlimited_network_needs_no_stuck", property_with(R"-("never stuck": true)-"),
     "x.json:1:1: the property 'x' cannot be decided on the unlimited network\n"
     "  hint: there, what was ever sent may still arrive: use budgets for loss and duplication\n"
     "x.json:1:1: the property 'x' needs to know where it is right that nothing goes on\n"
     "  hint: give the scenario 'open-stale-syn' a \"final\" predicate\n"},
    {"stuck_without_final", bounded_property_with(R"-("never stuck": true)-"),
     "x.json:1:1: the property 'x' needs to know where it is right that nothing goes on\n"
     "  hint: give the scenario 's' a \"final\" predicate\n"},
    {"stuck_not_a_boolean", bounded_property_with(R"-("never stuck": "yes")-"),
     "x.json:2:16: \"never stuck\" is true or false\n"},
    {"time_is_needed", property_with(R"-("needs time": true, "never": "state == CLOSED")-"),
     "x.json:1:1: the property 'x' says nothing in the untimed mode, where TIME-WAIT may end at any moment\n"
     "  hint: the scenario 'open-stale-syn' needs \"time\": \"lazy\" or \"timed\"\n"},
    {"observer_named_like_a_variable", property_with(R"-("observers": { "una": "bool" }, "never": "una")-"),
     "x.json:2:16: the name 'una' is taken already by the protocol\n"},
    {"observer_of_unknown_type", property_with(R"-("observers": { "o": "boolean" }, "never": "o")-"),
     "x.json:2:21: 'boolean' is not a type\n"
     "  hint: \"bool\", \"sequence\", \"0..2\", \"0..octets\", or an array of words\n"},
    {"observer_that_outlives_crashes",
     property_with(R"-("observers": { "o": { "type": "bool", "life": "stable" } }, "never": "o")-"),
     "x.json:2:47: an observer stands outside of the hosts: no crash touches it\n"
     "  hint: \"endpoint\" is what outlives a crash here, \"tcb\" what ends with it\n"},
    {"observers_not_a_table", property_with(R"-("observers": ["o"], "never": "o")-"),
     "x.json:2:14: observers are declared like variables: {name: type}\n"},
    {"observation_of_the_peer",
     property_with(
         R"-("observers": { "o": "bool" }, "observe": [ { "when": "peer.una == 1", "do": ["o := true"] } ], "never": "o")-"),
     "x.json:2:54: an observer sees only the steps of its own endpoint\n"},
    {"observation_changes_the_protocol",
     property_with(
         R"-("observers": { "o": "bool" }, "observe": [ { "when": "began()", "do": ["una := 1"] } ], "never": "o")-"),
     "x.json:2:73: an observation assigns to an observer of its property\n"
     "  hint: NAME := expression\n"},
    {"observation_without_condition",
     property_with(R"-("observers": { "o": "bool" }, "observe": [ { "do": ["o := true"] } ], "never": "o")-"),
     "x.json:2:44: an observation needs \"when\" and \"do\"\n"},
};

INSTANTIATE_TEST_SUITE_P(property, mistakes, testing::ValuesIn(property_mistakes), name_of);

// --- several mistakes, and mistakes that are not in a text ---

TEST(mistakes, are_reported_all_at_once_in_order_of_line) {
  std::string text = tiny_text;
  text = replaced(text, R"("default": 2)", R"("default": "wide")");                           // line 2
  text = replaced(text, R"("count": "0..3")", R"("count": "0..three")");                      // line 9
  text = replaced(text, R"("own": "iss")", R"("own": "isn")");                                // line 13
  text = replaced(text, "send SYN seq=iss", "send SIN seq=iss");                              // line 17
  text = replaced(text, R"("signal up", "goto OPEN")", R"("signal down", "go OPEN")");        // line 20
  text = replaced(text, R"("id": "hold", "in": "OPEN")", R"("id": "hold", "in": "OPENED")");  // line 23
  EXPECT_EQ(report({{"p.json", text}}),
            "p.json:2:59: unknown name 'wide'\n"
            "  hint: did you mean 'side'?\n"
            "p.json:9:67: unknown name 'three'\n"
            "  hint: known here: irs, iss, state, side, CLOSED, OPEN\n"
            "p.json:13:24: 'isn' is not a variable that holds a sequence number\n"
            "p.json:17:72: there is no flag 'SIN'\n"
            "  hint: did you mean 'SYN'?\n"
            "p.json:20:100: there is no signal 'down'\n"
            "  hint: known here: up\n"
            "p.json:20:108: 'go' is not an action\n"
            "  hint: did you mean 'do'?\n"
            "p.json:23:29: unknown state or group 'OPENED'\n"
            "  hint: did you mean 'OPEN'?\n");
}

TEST(mistakes, in_several_files_are_reported_together) {
  files given = tiny("goto OPEN", "goto OPNE");
  given.emplace_back(
      "v.json", "{ \"variant\": \"v\", \"of\": \"p.json\",\n  \"changes\": [ { \"remove\": \"outt\" } ] }");
  EXPECT_EQ(report(given),
            "p.json:20:111: there is no state 'OPNE'\n"
            "  hint: did you mean 'OPEN'?\n"
            "v.json:2:28: there is no rule with the id 'outt'\n"
            "  hint: did you mean 'out'?\n");
}

TEST(mistakes, of_very_many_only_the_first_are_kept) {
  std::string changes;
  for (int i = 0; i < 300; ++i)
    changes += (i == 0 ? "" : ",") + std::string("{ \"remove\": \"what-you-will\" }");
  const std::string text = report(variant_with("\"changes\": [" + changes + "]"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 201);
  EXPECT_TRUE(text.ends_with("\nand 100 more\n")) << text;
}

TEST(mistakes, quote_a_file_without_its_control_characters_and_not_endlessly) {
  EXPECT_EQ(report(tiny(R"("all": ["CLOSED")", "\"all\": [\"\\u001b[2J\"")),
            "p.json:8:25: unknown state '?[2J'\n  hint: known here: CLOSED, OPEN\n");
  EXPECT_LT(report(tiny(R"("all": ["CLOSED")", "\"all\": [\"" + std::string(100'000, 'x') + "\"")).size(),
            1200U);
}

TEST(mistakes, in_names_given_by_the_user_have_no_place_in_a_file) {
  EXPECT_EQ(report({}, "rfc9239"),
            "there is no built-in protocol 'rfc9239'\n  hint: did you mean 'rfc9293'?\n");
}

// A folder outside of the source tree, for what has to be on a disk.
class on_disk : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = "tcpmc-language-test-" + std::to_string(getpid());
    folder_ = fs::temp_directory_path() / name;
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

  fs::path folder_;
};

TEST_F(on_disk, a_missing_file) {
  EXPECT_EQ(report({}, path("none.json")),
            path("none.json") + ":1:1: cannot read: No such file or directory\n");
}

TEST_F(on_disk, a_directory) {
  EXPECT_EQ(report({}, folder_.string()),
            folder_.string() + ":1:1: this is a directory\n  hint: name a file in it\n");
}

TEST_F(on_disk, a_device) {
  EXPECT_EQ(report({}, "/dev/zero"), "/dev/zero:1:1: this is not a regular file\n");
}

TEST_F(on_disk, a_file_over_the_size_limit) {
  const std::string file = write("large.json", "{");
  fs::resize_file(file, 100'000'000);  // sparse
  EXPECT_EQ(
      report({}, file),
      file +
          ":1:1: the file has 100000000 bytes; at most 16777216 are read\n"
          "  hint: a protocol, scenario or suite is a few kilobytes of JSON; is this the right file?\n");
}

TEST_F(on_disk, a_base_that_is_missing_is_reported_with_the_path_that_was_tried) {
  const std::string file = write("v.json", R"({ "variant": "v", "of": "../none.json" })");
  const std::string tried = (folder_.parent_path() / "none.json").string();
  EXPECT_EQ(report({}, file), tried + ":1:1: cannot read: No such file or directory\n");
}

// --- what is accepted ---

TEST(built_in, every_protocol_and_variant_compiles_for_both_endpoints) {
  int found = 0;
  for (const builtin_file& b : builtin_files()) {
    if (b.kind != file_kind::protocol && b.kind != file_kind::variant) continue;
    ++found;
    library lib;
    diagnostics errors;
    const auto source = load_protocol(std::string(b.name), lib, {}, errors);
    ASSERT_TRUE(source) << errors.text();
    EXPECT_EQ(source->name, b.name);
    EXPECT_FALSE(source->cite.empty() || source->says.empty()) << b.path;
    for (const int side : {0, 1}) {
      compile_options options;
      options.side = side;
      const auto p = compile(*source, options, errors);
      ASSERT_TRUE(p) << errors.text();
      EXPECT_EQ(p->states->size(), 11U);
    }
  }
  EXPECT_GE(found, 12);
}

// The protocol that a built-in scenario is for: a variant, where its users make calls that the reference has
// not.
std::string protocol_of(std::string_view scenario) {
  return scenario == "busy-listener" ? "listen-persists" : "rfc9293";
}

TEST(built_in, every_scenario_composes_with_its_protocol) {
  int found = 0;
  for (const builtin_file& b : builtin_files()) {
    if (b.kind != file_kind::scenario) continue;
    ++found;
    library lib;
    diagnostics errors;
    const auto source = load_protocol(protocol_of(b.name), lib, {}, errors);
    const document* scenario = lib.find(std::string(b.name), file_kind::scenario, {}, errors);
    ASSERT_TRUE(source && scenario) << errors.text();
    EXPECT_TRUE(compose(*source, *scenario, {}, errors)) << errors.text();
  }
  EXPECT_GE(found, 3);
}

// A property may refuse a scenario that cannot decide it, but not all of them.
TEST(built_in, every_property_loads_in_some_scenario) {
  int found = 0;
  for (const builtin_file& b : builtin_files()) {
    if (b.kind != file_kind::property) continue;
    ++found;
    bool loads = false;
    std::string reasons;
    for (const builtin_file& s : builtin_files()) {
      if (s.kind != file_kind::scenario || loads) continue;
      library lib;
      diagnostics errors;
      const auto source = load_protocol(protocol_of(s.name), lib, {}, errors);
      const document* scenario = lib.find(std::string(s.name), file_kind::scenario, {}, errors);
      const document* property = lib.find(std::string(b.name), file_kind::property, {}, errors);
      ASSERT_TRUE(source && scenario && property) << errors.text();
      const auto composed = compose(*source, *scenario, {}, errors);
      ASSERT_TRUE(composed) << errors.text();
      loads = properties::load_properties({property}, *composed, errors).has_value();
      reasons += errors.text();
    }
    EXPECT_TRUE(loads) << b.path << "\n" << reasons;
  }
  EXPECT_GE(found, 10);
}

TEST(built_in, every_suite_is_readable) {
  for (const builtin_file& b : builtin_files()) {
    if (b.kind != file_kind::suite) continue;
    library lib;
    diagnostics errors;
    EXPECT_TRUE(lib.find(std::string(b.name), file_kind::suite, {}, errors)) << errors.text();
  }
}

TEST(built_in, the_small_protocol_of_this_file_is_sound) { EXPECT_EQ(report({{"p.json", tiny_text}}), ""); }

TEST(json, comments_and_schema_keys_are_accepted_and_places_are_exact) {
  const std::string head = "\xEF\xBB\xBF// first\n/* second\n   third */ ";
  EXPECT_EQ(report({{"p.json",
                     head + replaced(tiny_text, "{ \"protocol\"", "{ \"$schema\": \"x\", \"protocol\"")}}),
            "");
  EXPECT_EQ(
      report({{"p.json", head + "{ \"protocol\": /* here */ \"p\",\n // comment\n \"oops\": 1 }"}}),
      "p.json:5:2: unknown key \"oops\"\n"
      "  hint: known here: protocol, cite, says, parameters, require, segment, endpoint, identity, define, "
      "procedures, user calls, segment arrives, time-outs, output\n");
}

// --- variants ---

const std::string stamped_text =
    R"-({ "variant": "stamped", "of": "rfc9293", "cite": "mine", "says": "old text is told by its stamp",
  "declare": {
    "segment": { "fields": { "stamp": "0..3" } },
    "endpoint": { "variables": { "newest": { "type": "0..3", "life": "endpoint" } } },
    "define": { "outdated": "seg.stamp < newest" } },
  "changes": [
    { "before": "unacceptable", "add": { "id": "outdated", "in": "connected", "when": "outdated && !seg.RST", "do": ["drop"] } },
    { "replace": "text", "with": { "id": "text-stamped", "in": "receiving", "when": "seg.data > 0 && seg.seq == rnx",
        "do": ["rnx := rnx + seg.data", "newest := seg.stamp", "signal data", "send ACK seq=nxt ack=rnx stamp=newest"] } } ]
})-";

const rule* rule_named(const protocol& p, const std::string& id) {
  const auto found = std::find_if(p.rules.begin(), p.rules.end(), [&](const rule& r) { return r.id == id; });
  return found == p.rules.end() ? nullptr : &*found;
}

TEST_F(on_disk, a_variant_with_a_new_rule_variable_and_field_needs_no_building) {
  const std::string file = write("stamped.json", stamped_text);
  library lib;
  diagnostics errors;
  const auto source = load_protocol(file, lib, {}, errors);
  ASSERT_TRUE(source) << errors.text();
  EXPECT_EQ(source->chain, (std::vector<std::string>{"rfc9293", "stamped"}));
  const auto p = compile(*source, {}, errors);
  ASSERT_TRUE(p) << errors.text();
  ASSERT_EQ(p->fields.size(), 4U);
  EXPECT_EQ(p->fields[3].first, "stamp");
  EXPECT_EQ(p->variables.back().name, "newest");
  EXPECT_EQ(p->variables.back().lives, lifetime::endpoint);
  ASSERT_NE(rule_named(*p, "outdated"), nullptr);
  EXPECT_EQ(rule_named(*p, "outdated")->from, "stamped");
  EXPECT_EQ(rule_named(*p, "outdated")->cite, "mine");  // the variant's, where it has none
  EXPECT_EQ(rule_named(*p, "text"), nullptr);

  // And it runs: an octet with a stamp is acknowledged with that stamp.
  const document* scenario = lib.find("open-stale-syn", file_kind::scenario, {}, errors);
  const auto composed = compose(*source, *scenario, {}, errors);
  ASSERT_TRUE(composed) << errors.text();
  const system::observers none;
  const system::endpoint_machine machine(*composed, 1, none);
  const auto slot = [&](const char* name) {
    return static_cast<std::size_t>(p->words.variables.at(name).slot);
  };
  system::values endpoint = machine.initial();
  endpoint[slot("state")] = 4;  // ESTABLISHED
  for (const char* name : {"una", "nxt", "rnx"}) endpoint[slot(name)] = 7;
  system::values segment(static_cast<std::size_t>(machine.segment().slots), 0);
  segment[1] = 1;                  // ACK
  segment[4] = segment[5] = 7;     // seq, ack
  segment[6] = 1, segment[7] = 2;  // data, stamp
  const system::reactions all = machine.arrive(endpoint, segment);
  ASSERT_EQ(all.all.size(), 1U);
  EXPECT_EQ(all.all[0].after[slot("newest")], 2);
  ASSERT_EQ(all.all[0].sent.size(), 1U);
  EXPECT_EQ(all.all[0].sent[0][7], 2);
}

TEST_F(on_disk, a_stamped_field_has_its_stamp_where_a_send_does_not_name_it) {
  const std::string file = write("stamped.json", R"-({ "variant": "stamped", "of": "rfc9293", "cite": "mine",
  "declare": {
    "segment": { "fields": { "stamp": { "type": "0..3", "stamp": "twice", "says": "two times the clock" } } },
    "endpoint": { "variables": { "clock": { "type": "0..1", "initial": 1 } } },
    "define": { "twice": "clock + clock" } },
  "changes": [ { "replace": "open-active", "with": { "id": "open-loudly", "in": "CLOSED",
    "do": ["send SYN seq=iss stamp=clock", "send RST seq=iss"] } } ] })-");
  library lib;
  diagnostics errors;
  const auto source = load_protocol(file, lib, {}, errors);
  ASSERT_TRUE(source) << errors.text();
  const document* scenario = lib.find("two-connections", file_kind::scenario, {}, errors);
  const auto composed = compose(*source, *scenario, {}, errors);
  ASSERT_TRUE(composed) << errors.text();
  const system::observers none;
  const system::endpoint_machine machine(*composed, 0, none);
  const system::reactions opened = machine.call(machine.initial(), 0);  // OPEN active
  ASSERT_EQ(opened.all.size(), 1U);
  ASSERT_EQ(opened.all[0].sent.size(), 2U);
  EXPECT_EQ(opened.all[0].sent[0][7], 1);  // as it says
  EXPECT_EQ(opened.all[0].sent[1][7], 2);
}

TEST_F(on_disk, a_crash_spares_what_is_stable_and_nothing_else) {
  const std::string file = write("lives.json", R"({ "variant": "lives", "of": "rfc9293", "cite": "mine",
    "declare": { "endpoint": { "variables": {
      "outlives_tcb": { "type": "0..3", "life": "endpoint", "initial": 1 },
      "outlives_all": { "type": "0..3", "life": "stable", "initial": 1 },
      "pair": { "type": "0..3", "life": "endpoint", "length": 2 } } } } })");
  library lib;
  diagnostics errors;
  const auto source = load_protocol(file, lib, {}, errors);
  ASSERT_TRUE(source) << errors.text();
  const document* scenario = lib.find("crash-and-reopen", file_kind::scenario, {}, errors);
  const auto composed = compose(*source, *scenario, {}, errors);
  ASSERT_TRUE(composed) << errors.text();
  const system::observers none;
  const system::endpoint_machine machine(*composed, 0, none);
  const protocol& p = machine.protocol();
  const auto slot = [&](const char* name) {
    return static_cast<std::size_t>(p.words.variables.at(name).slot);
  };
  system::values before = machine.initial();
  before[slot("state")] = 4;  // ESTABLISHED
  for (const char* name : {"outlives_tcb", "outlives_all", "pair", "una", "next_isn"}) before[slot(name)] = 2;
  before[slot("pair") + 1] = 3;
  const auto timer = static_cast<std::size_t>(p.timer_slot(0));
  before[timer] = 0;
  const auto& at = machine.layout();
  const auto ghost = [](int of) { return static_cast<std::size_t>(of); };
  before[ghost(at.attempts)] = before[ghost(at.incarnation)] = before[ghost(at.peer_incarnation)] = 1;

  const std::size_t crash = 2;  // the third line of A's application
  ASSERT_EQ(composed->scenario.sides[0].application[crash].call_name, "CRASH");
  const system::reactions all = machine.call(before, crash);
  ASSERT_EQ(all.all.size(), 1U);
  EXPECT_TRUE(all.all[0].sent.empty());
  system::values expected = machine.initial();
  expected[slot("outlives_all")] = expected[slot("next_isn")] = 2;
  expected[ghost(at.attempts)] = 1;
  expected[ghost(at.application) + crash] = 0;
  EXPECT_EQ(all.all[0].after, expected);
}

TEST_F(on_disk, a_variant_of_a_variant) {
  const std::string first = write("first.json", stamped_text);
  const std::string second =
      write("second.json", R"({ "variant": "second", "of": "stamped.json", "set": { "window": 3 },
    "changes": [ { "remove": "outdated" }, { "after": "text-stamped", "add": { "id": "outdated-text", "in": "receiving",
                   "when": "outdated", "do": [] } } ] })");
  fs::rename(first, path("stamped.json"));
  library lib;
  diagnostics errors;
  const auto source = load_protocol(second, lib, {}, errors);
  ASSERT_TRUE(source) << errors.text();
  EXPECT_EQ(source->chain, (std::vector<std::string>{"rfc9293", "stamped", "second"}));
  const auto p = compile(*source, {}, errors);
  ASSERT_TRUE(p) << errors.text();
  EXPECT_EQ(rule_named(*p, "outdated"), nullptr);
  ASSERT_NE(rule_named(*p, "text-stamped"), nullptr);
  EXPECT_EQ(rule_named(*p, "outdated-text"), rule_named(*p, "text-stamped") + 1);
  EXPECT_EQ(p->words.constants.at("window").second, 3);
}

TEST_F(on_disk, a_path_in_a_file_is_relative_to_that_file) {
  write("base/stamped.json", stamped_text);
  const std::string file =
      write("mine/deeper/v.json", R"({ "variant": "v", "of": "../../base/stamped.json" })");
  EXPECT_EQ(report({}, file), "");
  const fs::path before = fs::current_path();
  fs::current_path(folder_);  // and a relative path of the user's is relative to where the user is
  EXPECT_EQ(report({}, "mine/deeper/v.json"), "");
  EXPECT_EQ(report({}, "./mine/deeper/v.json"), "");
  fs::current_path(before);
}

// However a file is spelt, it is one file: what is composed has one base.
TEST_F(on_disk, one_file_by_several_spellings) {
  write("tiny.json", tiny_text);
  write("u.json", R"({ "variant": "u", "of": "./tiny.json" })");
  write("v.json", R"({ "variant": "v", "of": "./tiny.json", "with": ["./u.json"] })");
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  for (const std::string name : {"v.json", "./v.json", ".//v.json"}) EXPECT_EQ(report({}, name), "");
  fs::current_path(before);
}

TEST(variant, keeps_what_it_does_not_change) {
  library lib;
  diagnostics errors;
  const auto base = load_protocol("rfc9293", lib, {}, errors);
  const auto changed = load_protocol("rfc1337", lib, {}, errors);
  ASSERT_TRUE(base && changed) << errors.text();
  const auto ids = [&](const protocol_source& s) {
    std::set<std::string> all;
    for (const rule_list& l : s.lists)
      for (const rule_source& r : l.rules) all.insert(r.id);
    return all;
  };
  std::set<std::string> expected = ids(*base);
  expected.erase("rst-time-wait");
  expected.insert("ignore-rst-in-time-wait");
  EXPECT_EQ(ids(*changed), expected);
}

// Members are applied in order, one that two others are made from once; what knows another may change it
// again.
TEST(variant, may_be_composed_of_others) {
  library lib;
  diagnostics errors;
  for (const auto& [path, text] :
       files{{"v.json", R"({ "variant": "v", "of": "rfc9293", "with": ["u.json", "w.json"], "cite": "c",
              "set": { "time_wait": 1 }, "changes": [ { "remove": "w1" } ] })"},
             {"u.json", R"({ "variant": "u", "of": "x.json", "cite": "c", "set": { "time_wait": 2 },
              "changes": [ { "replace": "x1", "with": { "id": "u1", "in": "CLOSED", "when": "seg.SYN", "do": ["drop"] } } ] })"},
             {"w.json", R"({ "variant": "w", "of": "x.json", "cite": "c",
              "changes": [ { "before": "closed-rst", "add": { "id": "w1", "in": "CLOSED", "when": "seg.FIN", "do": ["drop"] } },
                           { "after": "closed-ack", "add": [] } ] })"},
             {"x.json", R"({ "variant": "x", "of": "rfc9293", "cite": "c", "set": { "time_wait": 3 },
              "changes": [ { "before": "closed-rst", "add": { "id": "x1", "in": "CLOSED", "when": "seg.ACK", "do": ["drop"] } } ] })"}})
    lib.preload(path, text);
  const auto v = load_protocol("v.json", lib, {}, errors);
  ASSERT_TRUE(v) << errors.text();
  EXPECT_EQ(v->name, "v");
  EXPECT_EQ(v->chain, (std::vector<std::string>{"rfc9293", "x", "u", "w", "v"}));
  const auto& closed =
      *std::find_if(v->lists.begin(), v->lists.end(), [](const rule_list& l) { return l.name == "closed"; });
  const auto u1 = std::find_if(closed.rules.begin(), closed.rules.end(),
                               [](const rule_source& r) { return r.id == "u1"; });
  ASSERT_NE(u1, closed.rules.end());
  EXPECT_EQ(u1->from, "u");
  EXPECT_EQ((u1 + 1)->id, "closed-rst");  // w1 stood between them
  std::vector<std::string> changed;       // all that v differs in from rfc9293
  for (const change& c : v->changes) changed.push_back(c.what + " " + c.target);
  EXPECT_EQ(changed, (std::vector<std::string>{"set time_wait", "add before closed-rst", "set time_wait",
                                               "replace x1", "add before closed-rst", "add after closed-ack",
                                               "set time_wait", "remove w1"}));
  const auto p = compile(*v, {}, errors);
  ASSERT_TRUE(p) << errors.text();
  const auto time_wait = std::find_if(p->parameters.begin(), p->parameters.end(),
                                      [](const parameter& x) { return x.name == "time_wait"; });
  EXPECT_EQ(time_wait->value, 1);
}

TEST(variant, may_add_a_call_a_stage_and_a_timer) {
  EXPECT_EQ(
      report(variant_with(
          R"-("declare": { "endpoint": { "timers": { "delayed-ack": { "ticks": 9 } }, "signals": ["flushed"] } },
    "changes": [ { "call": "FLUSH", "add": { "id": "flush", "do": ["signal flushed"], "cite": "RFC 9293 3.9.1" } },
                 { "stage": "afterwards", "add": { "id": "after", "in": "synchronized", "do": ["start delayed-ack"], "cite": "c" } },
                 { "time-out": "delayed-ack", "add": [ { "id": "alive", "do": ["send ACK seq=nxt ack=rnx"], "cite": "c" } ] },
                 { "at end of": "listen", "add": [] } ])-")),
      "");
}

// --- expressions ---

// A vocabulary and the rows that give its names values; sequence numbers are modulo 16.
class expressions : public testing::Test {
 protected:
  expressions() {
    const auto list = [](std::vector<std::string> names) {
      return std::make_shared<const std::vector<std::string>>(std::move(names));
    };
    words_.states = list({"CLOSED", "OPEN", "GONE"});
    words_.timers = list({"again", "wait"});
    words_.signals = list({"up", "down"});
    words_.calls = list({"OPEN active", "CLOSE"});
    words_.groups["late"] = {"OPEN", "GONE"};
    words_.modulus = 16;
    for (const auto& [prefix, where] :
         {std::pair("", row::self), std::pair("old.", row::old), std::pair("peer.", row::peer)}) {
      const std::string p = prefix;
      words_.variables[p + "state"] = {type::word(words_.states), where, 0, 0};
      words_.variables[p + "a"] = {type::integer(0, 9), where, 1, 0};
      words_.variables[p + "b"] = {type::integer(0, 9), where, 2, 0};
      words_.variables[p + "yes"] = {type::boolean(), where, 3, 0};
      words_.variables[p + "no"] = {type::boolean(), where, 4, 0};
      words_.variables[p + "una"] = {type::sequence(), where, 5, 0};
      words_.variables[p + "nxt"] = {type::sequence(), where, 6, 0};
      words_.variables[p + "list"] = {type::integer(0, 9), where, 7, 3};
    }
    words_.timer_slots = {{"again", 10}, {"wait", 11}};
    words_.variables["seg.SYN"] = {type::boolean(), row::segment, 0, 0};
    words_.variables["seg.seq"] = {type::sequence(), row::segment, 1, 0};
    words_.variables["sent.SYN"] = {type::boolean(), row::sent, 0, 0};
    words_.variables["sent.seq"] = {type::sequence(), row::sent, 1, 0};
    words_.constants["w"] = {type::integer(1, 8), 4};
    words_.constants["mode"] = {type::word(list({"fresh", "constant"})), 0};
    define("twice(x)", "x + x");
    define("after_next(x)", "twice(x + 1)");
    define("with_b(a)", "a + b");
    define("limit", "una + w");
    define("between(x, y)", "x < seg.seq && seg.seq < y");
    define("reached", "nxt == limit");
    words_.has_label = true;
  }

  void define(const std::string& head, const std::string& text) {
    diagnostics errors;
    const auto signature = parse_signature(head, {}, errors);
    const auto body = parse_expression(node(text), errors);
    ASSERT_TRUE(signature && body) << errors.text();
    words_.definitions[signature->name] = {*signature, *body, {}};
  }
  static json_node node(const std::string& text) {
    json_node n;
    n.is = json_node::kind::string;
    n.string = text;
    return n;
  }
  code bound(const std::string& text) {
    diagnostics errors;
    const auto e = parse_expression(node(text), errors);
    const auto c = e ? binder(words_, errors).bind(*e) : std::nullopt;
    EXPECT_TRUE(c) << text << "\n" << errors.text();
    return c.value_or(code{});
  }
  scene everything() {
    scene s;
    s[row::self] = self_.data();
    s[row::old] = old_.data();
    s[row::peer] = peer_.data();
    s[row::segment] = segment_.data();
    s[row::label] = label_.data();
    s.outgoing = &outgoing_;
    s.incoming = &incoming_;
    s.sent = &outgoing_;
    s.modulus = 16;
    return s;
  }

  vocabulary words_;
  //                        state a  b  yes no una nxt list     again wait
  std::vector<int> self_ = {1, 3, 5, 1, 0, 14, 2, 7, 8, 9, -1, 6};
  std::vector<int> old_ = {0, 2, 5, 1, 0, 13, 1, 7, 8, 9, 0, -1};
  std::vector<int> peer_ = {2, 4, 5, 1, 0, 3, 7, 7, 8, 9, -1, -1};
  std::vector<int> segment_ = {1, 15};  // SYN, seq
  std::vector<int> label_ = {static_cast<int>(event_kind::call), 1, 0b10, 0b001, 1};
  std::vector<int> data_ = {0, 1}, syn_ = {1, 2};  // segments in flight
  std::vector<const int*> outgoing_ = {data_.data(), syn_.data()}, incoming_ = {data_.data()};
};

struct valued {
  const char* text;
  int value;
};

TEST_F(expressions, have_values) {
  const std::vector<valued> table = {
      // Arithmetic and precedence; a minus between spaces.
      {"1 + 2 * 3", 7},
      {"(1 + 2) * 3", 9},
      {"7 - 2 - 1", 4},
      {"2*3-1", 5},
      {"a + b", 8},
      {" a+b ", 8},
      {"b - a * 2", -1},
      {"a < b", 1},
      {"a + 2 < b", 0},
      {"a + 2 <= b", 1},
      {"b > a", 1},
      {"b >= b", 1},
      {"a != b", 1},
      // Booleans: ! before && before || before ?:
      {"!yes", 0},
      {"!!yes", 1},
      {"!no && yes", 1},
      {"!(no && yes)", 1},
      {"yes || no && no", 1},
      {"(yes || no) && no", 0},
      {"yes && no || yes", 1},
      {"no || no || yes", 1},
      {"yes && yes && no", 0},
      {"yes == no", 0},
      {"yes != no", 1},
      {"a == 3 && b == 5", 1},
      {"yes == true", 1},
      {"no == false", 1},
      {"yes ? a : b", 3},
      {"no ? a : b", 5},
      {"no ? 1 : yes ? 2 : 3", 2},
      {"no || yes ? 1 : 2", 1},
      {"(yes ? a : b) + 1", 4},
      // Sequence numbers, modulo 16: una = 14, nxt = 2.
      {"una + 4", 2},
      {"nxt - 5", 13},
      {"nxt - una", 4},
      {"una - nxt", -4},
      {"una < nxt", 1},
      {"nxt < una", 0},
      {"una > nxt", 0},
      {"nxt >= una", 1},
      {"una <= una", 1},
      {"una < una", 0},
      {"una + 4 == nxt", 1},
      {"una == 14", 1},
      {"14 == una", 1},
      {"una < 15", 1},
      {"una < 0", 1},
      {"13 < una", 1},
      {"una < una + 7", 1},
      {"una < una + 8", 0},
      {"una + 8 < una", 0},
      {"(yes ? una : nxt) + 2", 0},
      {"no ? una : 3", 3},
      {"nxt - una < w", 0},
      {"nxt - una <= w", 1},
      {"una - 15", 15},
      // Words, sets and groups.
      {"state == OPEN", 1},
      {"OPEN == state", 1},
      {"state != CLOSED", 1},
      {"state in {CLOSED, OPEN}", 1},
      {"state in {GONE}", 0},
      {"state in late", 1},
      {"state in {late}", 1},
      {"state in {CLOSED, late}", 1},
      {"state in OPEN", 1},
      {"!(state in {GONE})", 1},
      {"a in {1, 2, 3}", 1},
      {"a in {b, 2}", 0},
      {"una in {13, 14}", 1},
      {"a + 2 in {b}", 1},
      {"mode == fresh", 1},
      {"mode in {fresh, constant}", 1},
      {"mode == constant", 0},
      // Definitions are macros; the names of their parameters hide others.
      {"twice(a)", 6},
      {"twice(twice(a))", 12},
      {"after_next(a)", 8},
      {"with_b(b)", 10},
      {"with_b(with_b(1))", 11},
      {"limit", 2},
      {"between(una, nxt)", 1},
      {"between(nxt, una)", 0},
      {"reached", 1},
      // Arrays, segments, timers, constants.
      {"list[0]", 7},
      {"list[a - 1]", 9},
      {"list[a - 1] - list[0]", 2},
      {"seg.SYN", 1},
      {"seg.seq - una", 1},
      {"seg.seq == una + 1", 1},
      {"running(again)", 0},
      {"running(wait)", 1},
      {"w * w", 16},
      {"w", 4},
      // The endpoint before the step, the peer, and what the step did.
      {"old.a", 2},
      {"peer.a - a", 1},
      {"old.state == CLOSED && state == OPEN", 1},
      {"old.limit", 1},
      {"old.reached", 1},
      {"peer.reached", 1},
      {"old.with_b(1)", 6},
      {"old.running(again)", 1},
      {"old.running(wait)", 0},
      {"peer.running(wait)", 0},
      {"old.list[1]", 8},
      {"passed(CLOSED)", 1},
      {"passed(OPEN)", 0},
      {"signalled(down)", 1},
      {"signalled(up)", 0},
      {"called('CLOSE')", 1},
      {"called('OPEN active')", 0},
      {"expired(wait)", 0},
      {"delivered()", 0},
      {"began()", 1},
      {"outgoing(seg.SYN)", 1},
      {"incoming(seg.SYN)", 0},
      {"incoming(seg.seq == 1)", 1},
      {"outgoing(seg.SYN && seg.seq == 1)", 0},
      {"sent(sent.SYN)", 1},
      {"sent(sent.SYN && sent.seq == 1)", 0},
      {"sent(sent.SYN && seg.SYN && sent.seq != seg.seq)", 1},
      {"sent(true)", 1},
  };
  for (const auto& [text, value] : table) EXPECT_EQ(evaluate(bound(text), everything()), value) << text;
}

TEST_F(expressions, of_constants_are_folded) {
  for (const auto& [text, value] : std::vector<valued>{{"w + 1", 5},
                                                       {"mode == fresh", 1},
                                                       {"mode == constant && yes", 0},
                                                       {"mode == fresh || yes", 1},
                                                       {"w < 3 ? w : 2 * w", 8},
                                                       {"w in {1, 2}", 0},
                                                       {"!(mode == fresh)", 0}}) {
    const code c = bound(text);
    EXPECT_EQ(c.is, operation::constant) << text;
    EXPECT_EQ(c.value, value) << text;
  }
  // What a constant decides leaves only the other part.
  for (const char* text : {"mode == fresh && yes", "mode == constant || yes", "mode == fresh ? yes : no"}) {
    const code c = bound(text);
    EXPECT_EQ(c.is, operation::slot) << text;
    EXPECT_EQ(c.value, 3) << text;
  }
}

TEST_F(expressions, are_unknown_only_where_a_row_that_is_missing_matters) {
  scene s = everything();
  s[row::segment] = nullptr;
  s[row::peer] = nullptr;
  s.outgoing = s.incoming = s.sent = nullptr;
  for (const auto& [text, value] : std::vector<valued>{{"seg.SYN", unknown},
                                                       {"!seg.SYN", unknown},
                                                       {"seg.SYN && no", 0},
                                                       {"no && seg.SYN", 0},
                                                       {"seg.SYN && yes", unknown},
                                                       {"yes && seg.SYN", unknown},
                                                       {"seg.SYN || yes", 1},
                                                       {"yes || seg.SYN", 1},
                                                       {"seg.SYN || no", unknown},
                                                       {"no || seg.SYN", unknown},
                                                       {"seg.SYN ? 1 : 1", unknown},
                                                       {"no ? seg.seq : una", 14},
                                                       {"yes ? seg.seq : una", unknown},
                                                       {"seg.seq + 1", unknown},
                                                       {"seg.seq == 15", unknown},
                                                       {"seg.seq < una", unknown},
                                                       {"seg.seq in {1}", unknown},
                                                       {"una in {seg.seq}", unknown},
                                                       {"una in {seg.seq, 14}", 1},
                                                       {"peer.a == 1 && a == 4", 0},
                                                       {"peer.a == 1 || a == 3", 1},
                                                       {"peer.list[0]", unknown},
                                                       {"list[peer.a]", unknown},
                                                       {"peer.running(wait)", unknown},
                                                       {"outgoing(seg.SYN)", unknown},
                                                       {"outgoing(seg.SYN) && no", 0},
                                                       {"old.a", 2},
                                                       {"passed(CLOSED)", 1}})
    EXPECT_EQ(evaluate(bound(text), s), value) << text;
  s = everything();
  s[row::peer] = nullptr;
  EXPECT_EQ(evaluate(bound("outgoing(peer.no || seg.SYN)"), s), 1);  // the second segment decides it
  EXPECT_EQ(evaluate(bound("incoming(peer.no || seg.SYN)"), s), unknown);
  s[row::label] = nullptr;
  EXPECT_EQ(evaluate(bound("passed(CLOSED)"), s), unknown);
  EXPECT_EQ(evaluate(bound("delivered()"), s), unknown);
}

TEST_F(expressions, that_leave_an_array_are_a_mistake_of_the_protocol) {
  EXPECT_THROW(evaluate(bound("list[a]"), everything()), model_error);
  EXPECT_THROW(evaluate(bound("list[a - 4]"), everything()), model_error);
  EXPECT_THROW(evaluate(bound("a * 900000000"), everything()), model_error);
}

TEST_F(expressions, know_whether_they_need_the_absence_of_a_segment) {
  for (const char* text :
       {"outgoing(seg.SYN)", "outgoing(seg.SYN) && incoming(!seg.SYN)", "yes || outgoing(seg.SYN)",
        "!!outgoing(true)", "yes ? outgoing(true) : no", "a == 1"})
    EXPECT_FALSE(needs_absence(bound(text))) << text;
  for (const char* text : {"!outgoing(seg.SYN)", "yes && !incoming(true)", "!(no || outgoing(true))",
                           "outgoing(true) ? yes : no", "outgoing(true) == no", "yes ? !outgoing(true) : no"})
    EXPECT_TRUE(needs_absence(bound(text))) << text;
  EXPECT_TRUE(reads(bound("list[peer.a] == 1"), row::peer));
  EXPECT_TRUE(reads(bound("signalled(up)"), row::label));
  EXPECT_FALSE(reads(bound("old.a == a"), row::peer));
  EXPECT_TRUE(reads_channels(bound("yes && outgoing(true)")));
  EXPECT_FALSE(reads_channels(bound("seg.SYN")));
}

}  // namespace
}  // namespace tcpmc::language
