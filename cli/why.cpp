#include "cli/why.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "properties/outside.hpp"
#include "traces/ladder.hpp"

namespace tcpmc::cli {
namespace {

using language::diagnostics;
using language::document;
using language::mutation;
using language::protocol;

// A change may let a search grow: beyond these it is not decided.
constexpr std::uint64_t growth = 4, more_states = 20'000, more_steps = 500'000;
constexpr std::uint64_t steps_a_state = 50;             // of an unchanged search, about
constexpr std::uint64_t states_for_shortest = 100'000;  // where a rule is removed

checker::options limited(std::uint64_t states, std::uint64_t steps) {
  checker::options o;
  o.max_states = states;
  o.max_transitions = steps;
  return o;
}

std::string name_of(const document& scenario, const question& q) {
  std::string name = scenario.name;
  for (const language::setting& s : q.settings) name += fmt::format(" {}={}", s.name, value_text(s));
  return name;
}

// A mistake on one line.
std::string reason(const language::diagnostic& d) {
  return d.file.empty() ? d.message : fmt::format("{} ({}:{}:{})", d.message, d.file, d.at.line, d.at.column);
}

// What happens, without what comes of it.
std::string event_text(const language::composition& c, const system::step& by) {
  const auto side = static_cast<std::size_t>(by.side);
  const std::size_t sender = system::arrives(by.kind) ? 1 - side : side;
  const std::string segment = by.segment.empty() ? "" : traces::segment_text(c.protocols[sender], by.segment);
  const char who = by.side == 0 ? 'A' : 'B';
  switch (by.kind) {
    case system::step_kind::call:
      return fmt::format("{} calls {}", who,
                         c.scenario.sides[side].application[static_cast<std::size_t>(by.which)].call_name);
    case system::step_kind::deliver:
    case system::step_kind::forge:
      return fmt::format("{} gets {}", who, segment);
    case system::step_kind::time_out:
      return fmt::format("{}'s timer {} expires", who,
                         c.protocols[side].timers[static_cast<std::size_t>(by.which)].name);
    case system::step_kind::lose:
      return fmt::format("{} of {} is lost", segment, who);
    case system::step_kind::duplicate:
      return fmt::format("{} of {} is copied", segment, who);
    case system::step_kind::tick:
      return "time passes";
  }
  return {};
}

// What comes of it.
std::string outcome_text(const language::composition& c, const properties::seen_outside& seen) {
  const language::protocol& p = c.protocols[static_cast<std::size_t>(seen.by.side)];
  std::vector<std::string> parts;
  for (const system::values& segment : seen.sent) parts.push_back(traces::segment_text(p, segment));
  if (parts.empty()) parts.emplace_back("nothing");
  std::string text = fmt::format("sends {}", fmt::join(parts, ", "));
  for (std::size_t i = 0; i < p.signals->size(); ++i)
    if ((seen.signals >> i & 1) != 0) text += fmt::format(", tells the user {}", (*p.signals)[i]);
  return text;
}

std::string difference_text(const language::composition& c, const properties::told_apart& d) {
  const properties::seen_outside& any = d.first ? *d.first : *d.second;
  std::string text =
      fmt::format("after {} step{}, {}", d.steps, d.steps == 1 ? "" : "s", event_text(c, any.by));
  if (!d.first) return text + " only with the change";
  if (!d.second) return text + " only without the change";
  const std::string right = outcome_text(c, *d.first), changed = outcome_text(c, *d.second);
  return text + fmt::format(" and {}; with the change it {}", right, changed);
}

}  // namespace

std::optional<why_report> why_analysis::run(const why_input& input, const reporter& report,
                                            diagnostics& errors) {
  if (!load(input, errors)) return std::nullopt;
  std::mutex talking;
  std::size_t done = 0, all = 0;  // changes
  std::atomic<bool> stop = false;
  go_on_ = [&] {
    const std::lock_guard<std::mutex> lock(talking);
    if (!stop && !report(done, all)) stop = true;
    return !stop;
  };
  auto compiled = language::compile(*source_, {}, errors);
  if (!compiled) return std::nullopt;
  why_report result;
  result.protocol = std::make_shared<const protocol>(std::move(*compiled));
  const protocol& p = *result.protocol;

  std::vector<std::string> ids;
  for (const language::rule& r : p.rules) ids.push_back(r.id);
  if (!input.rule.empty() && std::find(ids.begin(), ids.end(), input.rule) == ids.end()) {
    errors.add({}, fmt::format("'{}' has no rule '{}'", p.name, input.rule),
               language::suggestion(input.rule, ids));
    return std::nullopt;
  }

  // Every scenario once for each choice of settings, with all properties of the suites.
  std::vector<const document*> properties;
  for (const suite& s : suites_)
    for (const suite_row& row : s.rows)
      for (const std::string& name : row.asked.properties) {
        const document* d = files_->find(name, language::file_kind::property, row.asked.at, errors);
        if (d != nullptr && std::find(properties.begin(), properties.end(), d) == properties.end())
          properties.push_back(d);
      }
  std::set<std::string> known;
  for (const suite& s : suites_)
    for (const suite_row& row : s.rows) {
      why_question q;
      q.asked = row.asked;
      q.scenario = files_->find(row.asked.scenario, language::file_kind::scenario, row.asked.at, errors);
      if (q.scenario == nullptr) continue;
      q.name = name_of(*q.scenario, q.asked);
      if (!known.insert(q.name).second) continue;
      q.properties = properties;
      ask_unchanged(std::move(q), result);
      if (stop) return std::nullopt;
    }
  if (!errors.empty()) return std::nullopt;
  // For a mistake in it, or since it is about another protocol.
  for (const document* d : properties)
    if (const auto m = misfits_.find(d); m != misfits_.end() && m->second)
      result.left_out.push_back(fmt::format("{} in any scenario: {}", d->name, reason(*m->second)));
  if (result.questions.empty()) {
    errors.add({}, fmt::format("no question of the suites can be asked of '{}': {}", p.name,
                               fmt::join(result.left_out, "; ")));
    return std::nullopt;
  }
  std::stable_sort(result.questions.begin(), result.questions.end(), [](const auto& a, const auto& b) {
    return a->statistics.transitions < b->statistics.transitions;
  });

  // What is to be done, rule by rule.
  const auto add_rules = [&](const std::string& list, const std::vector<int>& rules) {
    for (const int index : rules) {
      const language::rule& r = p.rules[static_cast<std::size_t>(index)];
      if (!input.rule.empty() && r.id != input.rule) continue;
      rule_report one;
      one.rule = &r;
      one.list = list;
      for (const auto& q : result.questions)
        if (!r.refuses && q->fires.at(r.id)) one.fires_in.push_back(q->name);
      for (mutation& m : language::mutations_of(*source_, r.id, files_->sources())) {
        one.changes.emplace_back();
        one.changes.back().change = std::move(m);
      }
      result.rules.push_back(std::move(one));
    }
  };
  for (std::size_t i = 0; i < p.calls->size(); ++i)
    add_rules(fmt::format("user call {}", (*p.calls)[i]), p.call_rules[i]);
  for (const language::stage& s : p.stages)
    add_rules(fmt::format("segment arrives, stage {}", s.name), s.rules);
  for (std::size_t i = 0; i < p.timers.size(); ++i)
    add_rules(fmt::format("time-out of {}", p.timers[i].name), p.time_out_rules[i]);
  add_rules("output, after every event", p.output_rules);

  std::vector<std::pair<rule_report*, change_report*>> work;
  for (rule_report& r : result.rules)
    for (change_report& c : r.changes) work.emplace_back(&r, &c);
  all = work.size();
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failed;
  const auto worker = [&] {
    try {
      for (std::size_t i; !stop && (i = next++) < work.size();) {
        const language::rule& rule = *work[i].first->rule;
        const bool anywhere = rule.refuses || work[i].second->change.is == mutation::kind::weaken;
        std::vector<const why_question*> questions;
        for (const auto& q : result.questions)
          if (anywhere || q->tried.at(rule.id)) questions.push_back(q.get());
        if (!questions.empty()) examine(*work[i].second, questions);
        if (work[i].second->is == effect::unnoticed) look_from_outside(*work[i].second, questions);
        {
          const std::lock_guard<std::mutex> lock(talking);
          ++done;
        }
        go_on_();
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(talking);
      failed = std::current_exception();
      stop = true;
    }
  };
  std::vector<std::thread> crew;
  try {
    for (unsigned n = 1; n < input.threads; ++n) crew.emplace_back(worker);
  } catch (const std::system_error&) {  // no more threads are to be had: these do the same
  }
  worker();
  for (std::thread& t : crew) t.join();
  if (failed) std::rethrow_exception(failed);
  if (stop) return std::nullopt;
  return result;
}

bool why_analysis::load(const why_input& input, diagnostics& errors) {
  source_ = language::load_protocol(input.protocol, *files_, {}, errors);
  for (const std::string& name : input.suites)
    if (auto s = load_suite(name, *files_, errors)) suites_.push_back(std::move(*s));
  max_states_ = input.max_states;
  return source_ && errors.empty();
}

check_input why_analysis::input_of(const why_question& q, const language::protocol_source& source,
                                   bool shortest, diagnostics& errors) const {
  check_input input;
  if (auto c = language::compose(source, *q.scenario, q.asked.settings, errors))
    input.composition = std::make_shared<const language::composition>(std::move(*c));
  input.properties = q.properties;
  input.first_violation = true;
  input.states_for_shortest = shortest ? states_for_shortest : 0;
  input.protocol_file = source.at.file;
  input.scenario_file = q.scenario->file;
  input.files = files_;
  return input;
}

// Asks what the protocol keeps in a scenario. Questions that cannot be asked, or that are too large, are left
// out.
void why_analysis::ask_unchanged(why_question q, why_report& into) {
  const auto leave_out = [&](const std::string& why) {
    into.left_out.push_back(fmt::format("{}: {}", q.name, why));
  };
  diagnostics wrong;
  check_input input = input_of(q, *source_, false, wrong);
  if (!input.composition) return leave_out(reason(wrong.all()[0]));
  std::erase_if(q.properties, [&](const document* d) {
    diagnostics does_not_fit;
    const bool fits = properties::load_properties({d}, *input.composition, does_not_fit).has_value();
    const auto known = misfits_.find(d);
    if (fits)
      misfits_[d] = std::nullopt;
    else if (known == misfits_.end())
      misfits_[d] = does_not_fit.all()[0];
    return !fits;
  });
  if (q.properties.size() > properties::most_properties) {  // another question with the rest
    why_question rest = q;
    const auto most = q.properties.begin() + properties::most_properties;
    rest.properties.assign(most, q.properties.end());
    q.properties.erase(most, q.properties.end());
    ask_unchanged(std::move(rest), into);
  }
  const auto interruptible = [this](const checker::progress&) { return go_on_(); };
  for (;;) {
    input.properties = q.properties;
    if (q.properties.empty()) return leave_out("no property of the suites is kept there");
    input.first_violation = true;
    const auto found = check(input, limited(max_states_, max_states_ * steps_a_state), interruptible, wrong);
    if (!found) return leave_out(reason(wrong.all()[0]));
    std::vector<const document*> kept;
    for (std::size_t i = 0; i < q.properties.size(); ++i)
      if (found->answers[i].says == verdict::violated)
        q.violated.push_back(found->answers[i].property);
      else
        kept.push_back(q.properties[i]);
    if (kept.size() == q.properties.size()) {
      if (found->statistics.ended != checker::outcome::complete)
        return leave_out(fmt::format("more than {} states", max_states_));
      for (const answer& a : found->answers) q.vacuous.push_back(a.says == verdict::holds_vacuously);
      q.statistics = found->statistics;
      for (const rule_count& r : found->rules) {
        q.fires[r.rule->id] = !r.never();
        q.tried[r.rule->id] = r.tried;
      }
      break;
    }
    q.properties = kept;
  }
  into.questions.push_back(std::make_unique<why_question>(std::move(q)));
}

void why_analysis::examine(change_report& c, const std::vector<const why_question*>& questions) const {
  const language::protocol_source changed = language::mutated(*source_, c.change);
  const bool shortest = c.change.is == mutation::kind::remove;
  const auto interruptible = [this](const checker::progress&) { return go_on_(); };
  c.is = effect::unnoticed;
  for (const why_question* q : questions) {
    diagnostics wrong;
    const check_input input = input_of(*q, changed, shortest, wrong);
    std::optional<check_result> found;
    try {
      if (input.composition)
        found = check(input,
                      limited(growth * q->statistics.states + more_states,
                              growth * q->statistics.transitions + more_steps),
                      interruptible, wrong);
    } catch (const std::length_error& error) {
      wrong.add({}, error.what());
    }
    if (!found) {
      c.is = effect::broken_model;
      c.in = q;
      c.message = wrong.all()[0].message;
      return;
    }
    bool limit = false;
    for (std::size_t i = 0; i < found->answers.size(); ++i) {
      answer& a = found->answers[i];
      if (a.says == verdict::violated && a.trace) {
        c.is = effect::violated;
        c.in = q;
        c.property = a.property;
        c.steps = a.trace->length();
        c.shortest = a.trace->shortest;
        traces::trace t;
        t.on = a.trace->on;
        t.run = std::move(a.trace->run);
        t.ports = std::move(a.trace->ports);
        c.run = traces::ladder(t);
        return;
      }
      limit = limit || a.says == verdict::inconclusive ||
              a.says == verdict::violated;  // without time for its run
      if (c.is == effect::unnoticed && a.says == verdict::holds_vacuously && !q->vacuous[i]) {
        c.is = effect::vacuous;
        c.in = q;
        c.property = a.property;
      }
    }
    if (limit) {
      c.open.push_back(q->name);
      continue;
    }
    ++c.asked;
    c.same_size = c.same_size && found->statistics.states == q->statistics.states &&
                  found->statistics.transitions == q->statistics.transitions;
  }
}

void why_analysis::look_from_outside(change_report& c,
                                     const std::vector<const why_question*>& questions) const {
  const language::protocol_source changed = language::mutated(*source_, c.change);
  for (const why_question* q : questions) {
    if (!go_on_()) return;
    diagnostics none;
    const auto right = input_of(*q, *source_, false, none).composition,
               other = input_of(*q, changed, false, none).composition;
    if (right->scenario.network.is_set() || right->scenario.ports.number > 0) continue;
    properties::outside_view seen;
    try {
      seen = properties::compare_outside(*right, *other, growth * q->statistics.states + more_states);
    } catch (const language::model_error&) {
      ++c.undecided;  // it breaks where the question met its limit before
      continue;
    }
    c.compared += seen.is == properties::look::same;
    c.undecided += seen.is == properties::look::too_large;
    if (seen.is != properties::look::different) continue;
    c.told_in = q;
    c.told = difference_text(*right, *seen.difference);
    return;
  }
}

}  // namespace tcpmc::cli
