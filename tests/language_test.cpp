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
  if (reference.empty()) reference = has(given, "v.json") ? "v.json" : has(given, "p.json") ? "p.json" : "rfc9293";
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

files tiny(const std::string& what, const std::string& by) { return {{"p.json", replaced(tiny_text, what, by)}}; }

// A variant of rfc9293; `keys` begin on line 2.
files variant_with(const std::string& keys) {
  return {{"v.json", "{ \"variant\": \"v\", \"of\": \"rfc9293\", \"cite\": \"c\",\n" + keys + " }\n"}};
}

// A rule for an arriving segment whose condition stands on line 3 from column 2.
files rule_when(const std::string& expression, const std::string& more = "") {
  return variant_with(more + R"("changes": [ { "before": "closed-rst", "add": { "id": "r", "in": "CLOSED", "do": ["drop"], "when":)" +
                 "\n\"" + expression + "\" } } ]");
}

// A rule whose only action stands on line 3 from column 2, before the first rule of a call or stage.
files rule_that_does(const std::string& rule, const std::string& in, const std::string& text) {
  return variant_with(R"("changes": [ { "before": ")" + rule + R"(", "add": { "id": "r", "cite": "c", "in": ")" + in +
                 R"(", "when": "una == 1 && nxt == 2", "do": [)" + "\n\"" + text + "\" ] } } ]");
}
files arrival(const std::string& text) { return rule_that_does("fin-established", "ESTABLISHED", text); }
files call(const std::string& text) { return rule_that_does("open-passive", "CLOSED", text); }

// A scenario; `keys` begin on line 2.
files scenario_with(const std::string& keys) {
  return {{"s.json", "{ \"scenario\": \"s\",\n" + keys + " }\n"}};
}
const std::string nobody = R"("A": {}, "B": {})";

// A property of rfc9293 in open-stale-syn (unlimited, untimed), or in a bounded and timed scenario; `keys` begin on line 2.
files property_with(const std::string& keys) {
  return {{"x.json", "{ \"property\": \"x\", \"says\": \"s\",\n" + keys + " }\n"}};
}
files bounded_property_with(const std::string& keys) {
  files result = property_with(keys);
  result.emplace_back("s.json", R"({"scenario": "s", "A": {}, "B": {}, "time": "timed", "network": {"loss": 1}})");
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
    {"empty_file", {{"p.json", ""}}, R"(X)"},
    {"truncated_file", {{"p.json", tiny_text.substr(0, 400)}}, R"(X)"},
    {"truncated_in_a_string", {{"p.json", tiny_text.substr(0, 16)}}, R"(X)"},
    {"binary_junk", {{"p.json", std::string("\x7f" "ELF\x02\x01\x01\0\0\x1b[2J\xff\xfe", 15)}}, R"(X)"},
    {"comma_missing", {{"p.json", "{ \"protocol\": \"p\"\n  \"cite\": \"c\" }"}}, R"(X)"},
    {"comment_not_closed", {{"p.json", "{ \"protocol\": \"p\" /* ... }"}}, R"(X)"},
    {"number_too_large_for_json", {{"p.json", "{ \"protocol\": 1e999 }"}}, R"(X)"},
    {"not_an_object", {{"p.json", "// a comment\n  [1, 2]"}}, R"(X)"},
    {"nothing_names_the_file", {{"p.json", R"({ "cite": "c", "protocol": "p" })"}}, R"(X)"},
    {"another_kind_of_file", {{"p.json", R"({ "$schema": "x", "scenario": "p" })"}}, R"(X)"},
    {"key_twice", tiny(R"("data": "0..1")", R"("seq": "0..1")"), R"(X)"},
    {"json_too_deep", {{"p.json", R"({ "protocol": "p", "cite": )" + std::string(70, '[')}}, R"(X)"},
};

INSTANTIATE_TEST_SUITE_P(json, mistakes, testing::ValuesIn(json_mistakes), name_of);

const std::vector<mistake> protocol_mistakes = {
    {"unknown_key", tiny("\"parameters\"", "\"paramters\""), R"(X)"},
    {"unknown_key_far_from_any", tiny("\"require\"", "\"whatsoever\""), R"(X)"},
    {"wrong_type_of_table", tiny(R"({ "again": { "ticks": "window", "lazy": "any moment" } })", "7"), R"(X)"},
    {"wrong_type_of_list", tiny(R"(["SYN", "ACK"])", R"("SYN")"), R"(X)"},
    {"wrong_type_of_text", tiny(R"("cite": "none")", R"("cite": null)"), R"(X)"},
    {"wrong_type_of_expression", tiny(R"("count == 3")", "[3]"), R"(X)"},
    {"fraction", tiny(R"("default": 2)", R"("default": 2.5)"), R"(X)"},
    {"state_missing", tiny(R"(["CLOSED", "OPEN"])", "[]"), R"(X)"},
    {"state_twice", tiny(R"(["CLOSED", "OPEN"])", R"(["CLOSED", "OPEN", "CLOSED"])"), R"(X)"},
    {"too_many_states",
     tiny(R"(["CLOSED", "OPEN"])",
          R"(["CLOSED","OPEN","a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q","r","s","t","u","v","w","x","y","z","A","B","C","D"])"),
     R"(X)"},
    {"state_in_group_unknown", tiny(R"("all": ["CLOSED", "OPEN"])", R"("all": ["CLOSD", "OPEN"])"), R"(X)"},
    {"state_of_rule_unknown", tiny(R"("in": "CLOSED", "do")", R"("in": "LISTENING", "do")"), R"(X)"},
    {"state_of_rule_not_a_name", tiny(R"("in": "CLOSED", "do")", R"("in": [1], "do")"), R"(X)"},
    {"bad_name", tiny(R"(["up"])", R"(["up", "go up"])"), R"(X)"},
    {"reserved_name", tiny(R"(["SYN", "ACK"])", R"(["SYN", "ACK", "if"])"), R"(X)"},
    {"name_taken", tiny(R"("count": "0..3")", R"("count": "0..3", "window": "bool")"), R"(X)"},
    {"name_of_a_ghost_tag", tiny(R"("data": "0..1")", R"("data": "0..1", "isn": "0..1")"), R"(X)"},
    {"name_of_a_flag", tiny(R"("data": "0..1")", R"("data": "0..1", "SYN": "0..1")"), R"(X)"},
    {"identity_missing", tiny(R"("identity": { "own": "iss", "peer": "irs", "established": ["OPEN"], "answer": "ACK" },)", ""), R"(X)"},
    {"identity_not_a_sequence_number", tiny(R"("own": "iss")", R"("own": "count")"), R"(X)"},
    {"identity_without_such_a_flag", tiny(R"("answer": "ACK")", R"("answer": "RST")"), R"(X)"},
    {"timer_without_ticks", tiny(R"("ticks": "window", )", ""), R"(X)"},
    {"timer_of_unknown_kind", tiny("any moment", "any time"), R"(X)"},
    {"timer_without_rules", tiny(R"("time-outs": { "again")", R"("time-outs": { "agian")"), R"(X)"},
    {"type_unknown", tiny(R"("count": "0..3")", R"("count": "int")"), R"(X)"},
    {"type_with_empty_range", tiny(R"("count": "0..3")", R"("count": "3..0")"), R"(X)"},
    {"type_too_large", tiny(R"("count": "0..3")", R"("count": "0..3000000")"), R"(X)"},
    {"type_with_unknown_bound", tiny(R"("count": "0..3")", R"("count": "0..windw")"), R"(X)"},
    {"type_with_changing_bound", tiny(R"("count": "0..3")", R"("count": "0..iss")"), R"(X)"},
    {"type_with_a_word_twice", tiny(R"("count": "0..3")", R"("count": ["few", "few"])"), R"(X)"},
    {"initial_out_of_range", tiny(R"("length": 2)", R"("length": 2, "initial": 2)"), R"(X)"},
    {"length_out_of_range", tiny(R"("length": 2)", R"("length": 17)"), R"(X)"},
    {"initial_looks_at_a_timer", tiny(R"("length": 2)", R"-("length": 2, "initial": "running(again) ? 1 : 0")-"), R"(X)"},
    {"parameter_out_of_range", tiny(R"("default": 2)", R"("default": 9)"), R"(X)"},
    {"parameter_computed_out_of_range", tiny(R"("window - 1")", R"("window - 3")"), R"(X)"},
    {"parameter_without_default", tiny(R"(, "default": 2)", ""), R"(X)"},
    {"parameter_uses_itself", tiny(R"("window - 1")", R"("room + 1")"), R"(X)"},
    {"parameters_use_each_other", tiny(R"("default": 2)", R"("default": "room")"), R"(X)"},
    {"parameter_looks_at_a_timer", tiny(R"("window - 1")", R"("running(again) ? 1 : 0")"), R"(X)"},
    {"requirement_violated", tiny(R"("window - 1")", R"("window")"), R"(X)"},
    {"requirement_without_condition", tiny(R"("that": "window > room", )", ""), R"(X)"},
    {"requirement_not_constant", tiny(R"("window > room")", R"("count < window")"), R"(X)"},
    {"definition_uses_itself", tiny(R"("count == 3")", R"("count == 3 || full")"), R"(X)"},
    {"definitions_use_each_other", tiny(R"("full": "count == 3",)", R"("full": "much", "much": "full",)"), R"(X)"},
    {"definition_twice", tiny(R"("x - iss < window" })", R"-("x - iss < window", "near(y)": "true" })-"), R"(X)"},
    {"definition_with_a_bad_head", tiny("near(x)", "near(x"), R"(X)"},
    {"definition_with_a_parameter_twice", tiny("near(x)", "near(x, x)"), R"(X)"},
    {"definition_named_like_a_variable", tiny(R"("full": "count == 3")", R"("full": "count == 3", "count": "iss == 3")"), R"(X)"},
    {"procedure_uses_itself", tiny(R"("goto CLOSED"])", R"("do reset"])"), R"(X)"},
    {"procedure_not_a_list", tiny(R"(["clear", "goto CLOSED"])", R"("clear")"), R"(X)"},
    {"rule_without_id", tiny(R"("id": "take", )", ""), R"(X)"},
    {"rule_without_actions", tiny(R"(, "do": ["do reset"])", ""), R"(X)"},
    {"rule_without_citation", tiny(R"("start again"], "cite": "c")", R"("start again"])"), R"(X)"},
    {"rule_with_unknown_key", tiny(R"-("when": "near(seg.seq)")-", R"-("whne": "near(seg.seq)")-"), R"(X)"},
    {"rule_id_twice", tiny(R"("id": "hold")", R"("id": "take")"), R"(X)"},
    {"rule_shadowed", tiny(R"("in": "CLOSED", "when": "seg.SYN && !full")", R"("in": "all")"), R"(X)"},
    {"rule_shadowed_by_the_same_condition",
     tiny(R"-("in": "all", "when": "near(seg.seq)")-", R"-("in": "CLOSED", "when": "seg.SYN && !full")-"), R"(X)"},
    {"stage_twice", tiny(R"("stage": "second")", R"("stage": "first")"), R"(X)"},
    {"stage_missing",
     {{"p.json", tiny_text.substr(0, tiny_text.find("  \"segment arrives\"")) + tiny_text.substr(tiny_text.find("  \"time-outs\""))}},
     R"(X)"},
};

INSTANTIATE_TEST_SUITE_P(protocol, mistakes, testing::ValuesIn(protocol_mistakes), name_of);

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

const std::vector<mistake> expression_mistakes = {
    {"unknown_variable", rule_when("seg.ACK && unna == 5"), R"(X)"},
    {"unknown_field", rule_when("seg.sek == 5"), R"(X)"},
    {"unknown_flag", rule_when("seg.SYM"), R"(X)"},
    {"unknown_word", rule_when("isn == frehs"), R"(X)"},
    {"unknown_state_in_expression", rule_when("state in {CLOSED, LISTENING}"), R"(X)"},
    {"unknown_function", rule_when("runing(retransmission)"), R"(X)"},
    {"unknown_timer_in_expression", rule_when("running(time-wait)"), R"(X)"},
    {"minus_without_spaces", rule_when("nxt-una == 1"), R"(X)"},
    {"ghost_tag", rule_when("incarnation == 2"), R"(X)"},
    {"ghost_tag_of_a_segment", rule_when("seg.isn == iss"), R"(X)"},
    {"other_endpoint", rule_when("peer.una == una"), R"(X)"},
    {"label", rule_when("signalled(data)"), R"(X)"},
    {"not_a_condition", rule_when("una"), R"(X)"},
    {"boolean_with_number", rule_when("active && queued"), R"(X)"},
    {"sum_of_booleans", rule_when("active + 1 == 2"), R"(X)"},
    {"sum_of_sequence_numbers", rule_when("una + nxt == 2"), R"(X)"},
    {"sequence_against_integer", rule_when("una == queued"), R"(X)"},
    {"words_have_no_order", rule_when("state < LISTEN"), R"(X)"},
    {"booleans_have_no_order", rule_when("active >= seg.SYN"), R"(X)"},
    {"branches_of_two_types", rule_when("(active ? una : queued) == 1"), R"(X)"},
    {"negative_sequence_number", rule_when("una == 0 - 1"), R"(X)"},
    {"sequence_number_beyond_the_modulus", rule_when("una == 65536"), R"(X)"},
    {"number_too_large", rule_when("queued < 12345678901234567890"), R"(X)"},
    {"constants_too_large", rule_when("queued < 100000 * 100000"), R"(X)"},
    {"text_is_no_value", rule_when("'OPEN active' == 1"), R"(X)"},
    {"arguments_missing", rule_when("in_window"), R"(X)"},
    {"arguments_too_many", rule_when("in_window(una, nxt)"), R"(X)"},
    {"arguments_for_a_variable", rule_when("una(1) == 1"), R"(X)"},
    {"index_on_a_number", rule_when("una[1] == 1"), R"(X)"},
    {"array_without_index", rule_when("held == 1", R"("declare": {"endpoint": {"variables": {"held": {"type": "0..1", "length": 2}}}}, )"), R"(X)"},
    {"operand_missing", rule_when("seg.ACK && && seg.SYN"), R"(X)"},
    {"operand_missing_at_the_end", rule_when("seg.ACK &&"), R"(X)"},
    {"assignment_in_expression", rule_when("una = 1"), R"(X)"},
    {"parenthesis_missing", rule_when("(una == 1"), R"(X)"},
    {"parenthesis_too_many", rule_when("una == 1)"), R"(X)"},
    {"brace_missing", rule_when("state in {CLOSED, LISTEN"), R"(X)"},
    {"odd_character", rule_when("una == 1 # 2"), R"(X)"},
    {"empty_expression", rule_when(" "), R"(X)"},
    {"place_in_a_text_with_escapes", rule_when("una == 1 \\u0023 2"), R"(X)"},
    {"parentheses_too_deep", rule_when(repeated("(", 40) + "una" + repeated(")", 40) + " == 1"), R"(X)"},
    {"parentheses_too_deep_after_closing_ones", rule_when("called(')))))))))') && " + repeated("(", 40)), R"(X)"},
    {"expression_too_long", rule_when("una == 1" + repeated(" && una == 1", 90)), R"(X)"},
    {"not_not_not", rule_when(repeated("!", 900) + "active"), R"(X)"},
    {"definitions_that_grow",
     rule_when("f(f(f(f(f(queued))))) == 1",
               R"-("declare": { "define": { "f(x)": "x + x + x + x + x + x + x + x + x + x" } }, )-"),
     R"(X)"},
};

INSTANTIATE_TEST_SUITE_P(expression, mistakes, testing::ValuesIn(expression_mistakes), name_of);

const std::vector<mistake> action_mistakes = {
    {"unknown_action", arrival("drp"), R"(X)"},
    {"unknown_action_with_a_name", arrival("jump CLOSED"), R"(X)"},
    {"single_equals_sign", arrival("una = 1"), R"(X)"},
    {"value_missing", arrival("una := "), R"(X)"},
    {"action_goes_on", arrival("goto CLOSED now"), R"(X)"},
    {"condition_missing", arrival("drop if"), R"(X)"},
    {"field_without_value", arrival("send ACK seq= ack=rnx"), R"(X)"},
    {"action_not_a_text", variant_with(R"("changes": [ { "before": "closed-rst", "add": { "id": "r", "when": "seg.FIN", "do": [true] } } ])"), R"(X)"},
    {"goto_unknown_state", arrival("goto ESTABLISHD"), R"(X)"},
    {"unknown_signal", arrival("signal rest"), R"(X)"},
    {"unknown_timer_started", arrival("start retransmit"), R"(X)"},
    {"unknown_timer_stopped", arrival("stop keepalive"), R"(X)"},
    {"unknown_procedure", arrival("do acknowlege"), R"(X)"},
    {"unknown_stage", arrival("continue at txet"), R"(X)"},
    {"unknown_flag_sent", arrival("send SYNACK"), R"(X)"},
    {"unknown_field_sent", arrival("send ACK sequ=una"), R"(X)"},
    {"flag_sent_twice", arrival("send ACK ACK"), R"(X)"},
    {"field_sent_twice", arrival("send ACK seq=una seq=nxt"), R"(X)"},
    {"unknown_variable_assigned", arrival("unna := 1"), R"(X)"},
    {"parameter_assigned", arrival("window := 1"), R"(X)"},
    {"ghost_tag_assigned", arrival("incarnation := 1"), R"(X)"},
    {"state_assigned", arrival("state := 1"), R"(X)"},
    {"wrong_type_assigned", arrival("una := active"), R"(X)"},
    {"out_of_range_assigned", arrival("queued := 3"), R"(X)"},
    {"field_out_of_range", arrival("send ACK data=2"), R"(X)"},
    {"element_of_a_number_assigned", arrival("una[0] := 1"), R"(X)"},
    {"wrong_type_chosen", arrival("choose active in 0 .. 1"), R"(X)"},
    {"backward_continue", arrival("continue at ack"), R"(X)"},
    {"continue_at_its_own_stage", arrival("continue at fin"), R"(X)"},
    {"continue_in_a_call", call("continue at ack"), R"(X)"},
    {"drop_in_a_call", call("drop"), R"(X)"},
    {"segment_in_a_call", call("una := seg.seq"), R"(X)"},
    {"refuse_on_arrival", arrival("refuse"), R"(X)"},
    {"procedure_under_a_condition", arrival("do acknowledge if active"), R"(X)"},
    {"ghost_tag_in_an_action", arrival("queued := 1 if seg.answer"), R"(X)"},
    {"second_of_two_actions", arrival("una := nxt\", \"nxt := 1 +"), R"(X)"},
};

INSTANTIATE_TEST_SUITE_P(action, mistakes, testing::ValuesIn(action_mistakes), name_of);

const std::vector<mistake> variant_mistakes = {
    {"unknown_rule", variant_with(R"("changes": [ { "remove": "closed-rts" } ])"), R"(X)"},
    {"unknown_rule_far_from_any", variant_with(R"("changes": [ { "remove": "what-you-will" } ])"), R"(X)"},
    {"removed_rule", variant_with("\"changes\": [ { \"remove\": \"rst-closing\" },\n  { \"remove\": \"rst-closing\" } ]"), R"(X)"},
    {"added_rule_exists", variant_with(R"("changes": [ { "after": "closed-rst", "add": { "id": "closed-ack", "do": [] } } ])"), R"(X)"},
    {"change_of_nothing", variant_with(R"("changes": [ { "add": { "id": "x", "do": [] } } ])"), R"(X)"},
    {"change_without_rule", variant_with(R"("changes": [ { "replace": "closed-rst", "add": { "id": "x", "do": [] } } ])"), R"(X)"},
    {"removal_with_more", variant_with(R"("changes": [ { "remove": "closed-rst", "": 1 } ])"), R"(X)"},
    {"unknown_list", variant_with(R"("changes": [ { "at end of": "closd", "add": [] } ])"), R"(X)"},
    {"known_list_again", variant_with(R"("changes": [ { "stage": "syn", "add": [] } ])"), R"(X)"},
    {"unknown_base", {{"v.json", R"({ "variant": "v", "of": "rfc793" })"}}, R"(X)"},
    {"base_missing", {{"v.json", R"({ "variant": "v" })"}}, R"(X)"},
    {"base_not_a_name", {{"v.json", R"({ "variant": "v", "of": 9293 })"}}, R"(X)"},
    {"base_is_no_protocol", {{"v.json", R"({ "variant": "v", "of": "s.json" })"}, {"s.json", R"({ "scenario": "s" })"}}, R"(X)"},
    {"base_is_itself", {{"v.json", R"({ "variant": "v", "of": "v.json" })"}}, R"(X)"},
    {"base_is_made_from_it",
     {{"v.json", R"({ "variant": "v", "of": "w.json" })"}, {"w.json", "{ \"variant\": \"w\",\n  \"of\": \"v.json\" }"}},
     R"(X)"},
    {"unknown_parameter", variant_with(R"("set": { "mls": 2 })"), R"(X)"},
    {"parameter_set_to_itself", variant_with(R"("set": { "msl": "msl + 1" })"), R"(X)"},
    {"parameter_set_out_of_range", variant_with(R"("set": { "window": "2 * 5" })"), R"(X)"},
    {"parameter_set_to_unknown_word", variant_with(R"("set": { "isn": "frsh" })"), R"(X)"},
    {"parameters_do_not_fit", variant_with(R"("set": { "isn_gap": 3 })"), R"(X)"},
    {"variable_declared_again", variant_with(R"("declare": { "endpoint": { "variables": { "una": "0..1" } } })"), R"(X)"},
    {"parameter_declared_again", variant_with(R"("declare": { "parameters": { "msl": { "type": "1..9", "default": 1 } } })"), R"(X)"},
    {"definition_not_used", variant_with(R"("declare": { "define": { "never_used": "una == nxt" } })"), R"(X)"},
    {"procedure_not_used", variant_with(R"("declare": { "procedures": { "never-used": ["drop"] } })"), R"(X)"},
    {"identity_in_a_variant", variant_with(R"("identity": {})"), R"(X)"},
    {"mistake_in_the_base", {{"v.json", R"({ "variant": "v", "of": "p.json" })"}, tiny("goto OPEN", "goto OPNE")[0]}, R"(X)"},
};

INSTANTIATE_TEST_SUITE_P(variant, mistakes, testing::ValuesIn(variant_mistakes), name_of);

const std::vector<mistake> scenario_mistakes = {
    {"endpoint_missing", scenario_with(R"("A": {})"), R"(X)"},
    {"endpoint_not_an_object", scenario_with(R"("A": [], "B": {})"), R"(X)"},
    {"scenario_with_unknown_key", scenario_with(nobody + R"(, "tme": "timed")"), R"(X)"},
    {"start_unknown", scenario_with(R"("A": { "start": "LISTENING" }, "B": {})"), R"(X)"},
    {"call_unknown", scenario_with(R"("A": { "application": [ { "call": "OPEN actively" } ] }, "B": {})"), R"(X)"},
    {"call_missing", scenario_with(R"("A": { "application": [ { "times": 1 } ] }, "B": {})"), R"(X)"},
    {"times_out_of_range", scenario_with(R"("A": { "application": [ { "call": "CLOSE", "times": 101 } ] }, "B": {})"), R"(X)"},
    {"times_not_a_number", scenario_with(R"("A": { "application": [ { "call": "CLOSE", "times": [] } ] }, "B": {})"), R"(X)"},
    {"intention_under_a_wrong_condition", scenario_with(R"("A": { "application": [ { "call": "CLOSE", "when": "state = CLOSED" } ] }, "B": {})"), R"(X)"},
    {"too_many_intentions", scenario_with("\"A\": { \"application\": [" + repeated("{ \"call\": \"CLOSE\" },", 16) + "\n { \"call\": \"CLOSE\" }] }, \"B\": {}"), R"(X)"},
    {"incarnations_out_of_range", scenario_with(nobody + R"(, "incarnations": { "A": 8 })"), R"(X)"},
    {"order_unknown", scenario_with(nobody + R"(, "network": { "order": "lifo" })"), R"(X)"},
    {"loss_out_of_range", scenario_with(nobody + R"(, "network": { "loss": -1 })"), R"(X)"},
    {"loss_misspelt", scenario_with(nobody + R"(, "network": { "loss": "unlimted" })"), R"(X)"},
    {"network_not_an_object", scenario_with(nobody + R"(, "network": "unlimited")"), R"(X)"},
    {"lifetime_without_time", scenario_with(nobody + R"(, "network": { "lifetime": "msl" })"), R"(X)"},
    {"lifetime_out_of_range", scenario_with(nobody + R"(, "time": "timed", "network": { "lifetime": 0 })"), R"(X)"},
    {"capacity_without_limits", scenario_with(nobody + R"(, "network": { "loss": "unlimited", "duplication": "unlimited", "capacity": 4 })"), R"(X)"},
    {"time_unknown", scenario_with(nobody + R"(, "time": "timd")"), R"(X)"},
    {"modulus_out_of_range", scenario_with(nobody + R"(, "sequence": { "modulus": 7 })"), R"(X)"},
    {"modulus_below_the_first_sequence_number", scenario_with(nobody + R"(, "sequence": { "modulus": 64 })"), R"(X)"},
    {"wrap_not_a_boolean", scenario_with(nobody + R"(, "sequence": { "wrap": 1 })"), R"(X)"},
    {"sequence_not_an_object", scenario_with(nobody + R"(, "sequence": 65536)"), R"(X)"},
    {"unknown_parameter_set_for_both", scenario_with(nobody + R"(, "set": { "windw": 1 })"), R"(X)"},
    {"unknown_parameter_set_for_one", scenario_with(R"("A": { "set": { "windw": 1 } }, "B": {})"), R"(X)"},
    {"set_not_an_object", scenario_with(nobody + R"(, "set": ["window", 1])"), R"(X)"},
    {"final_about_a_segment", scenario_with(nobody + R"(, "final": "seg.SYN")"), R"(X)"},
};

INSTANTIATE_TEST_SUITE_P(scenario, mistakes, testing::ValuesIn(scenario_mistakes), name_of);

const std::vector<mistake> property_mistakes = {
    {"nothing_is_forbidden", property_with(R"-("witness": "state == CLOSED")-"), R"(X)"},
    {"property_with_unknown_key", property_with(R"-("nevr": "state == CLOSED")-"), R"(X)"},
    {"says_missing", {{"x.json", R"({ "property": "x", "never": "state == CLOSED" })"}}, R"(X)"},
    {"state_and_step", property_with(R"-("never": "state == CLOSED", "never step": "began()")-"), R"(X)"},
    {"stuck_and_state", bounded_property_with(R"-("never": "state == CLOSED", "never stuck": true)-"), R"(X)"},
    {"state_looks_at_a_step", property_with(R"-("never": "signalled(data)")-"), R"(X)"},
    {"state_looks_at_the_past", property_with(R"-("never": "old.state == CLOSED")-"), R"(X)"},
    {"state_looks_at_a_channel", property_with(R"-("never": "outgoing(true)")-"), R"(X)"},
    {"absence_on_the_unlimited_network", property_with(R"-("never step": "began() && !outgoing(seg.SYN)")-"), R"(X)"},
    {"absence_in_the_witness", property_with(R"-("never step": "began()", "witness step": "outgoing(seg.SYN) == false")-"), R"(X)"},
    {"quantifiers_nested", property_with(R"-("never step": "outgoing(incoming(seg.SYN))")-"), R"(X)"},
    {"unknown_signal_in_a_property", property_with(R"-("never step": "signalled(dta)")-"), R"(X)"},
    {"unknown_call_in_a_property", property_with(R"-("never step": "called('OPEN')")-"), R"(X)"},
    {"unknown_state_in_a_property", property_with(R"-("never step": "passed(OPEN)")-"), R"(X)"},
    {"unknown_peer_variable", property_with(R"-("never": "peer.unna == una")-"), R"(X)"},
    {"unlimited_network_needs_no_stuck", property_with(R"-("never stuck": true)-"), R"(X)"},
    {"stuck_without_final", bounded_property_with(R"-("never stuck": true)-"), R"(X)"},
    {"stuck_not_a_boolean", bounded_property_with(R"-("never stuck": "yes")-"), R"(X)"},
    {"time_is_needed", property_with(R"-("needs time": true, "never": "state == CLOSED")-"), R"(X)"},
    {"observer_named_like_a_variable", property_with(R"-("observers": { "una": "bool" }, "never": "una")-"), R"(X)"},
    {"observer_of_unknown_type", property_with(R"-("observers": { "o": "boolean" }, "never": "o")-"), R"(X)"},
    {"observers_not_a_table", property_with(R"-("observers": ["o"], "never": "o")-"), R"(X)"},
    {"observation_of_the_peer", property_with(R"-("observers": { "o": "bool" }, "observe": [ { "when": "peer.una == 1", "do": ["o := true"] } ], "never": "o")-"), R"(X)"},
    {"observation_changes_the_protocol", property_with(R"-("observers": { "o": "bool" }, "observe": [ { "when": "began()", "do": ["una := 1"] } ], "never": "o")-"), R"(X)"},
    {"observation_without_condition", property_with(R"-("observers": { "o": "bool" }, "observe": [ { "do": ["o := true"] } ], "never": "o")-"), R"(X)"},
};

INSTANTIATE_TEST_SUITE_P(property, mistakes, testing::ValuesIn(property_mistakes), name_of);

}  // namespace
}  // namespace tcpmc::language
