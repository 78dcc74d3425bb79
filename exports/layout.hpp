// What the exported models call things: the fields of an endpoint and of a segment, and the constants.
//
// tcpmc knows variables by slots; a model for people to read has names. They are the protocol's own, made fit
// for C and Murphi. The two endpoints have one record type, so a field takes the ranges of both.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "exports/exports.hpp"

namespace tcpmc::exports {

struct field {
  std::string name;
  std::string says;  // for a comment; may be empty
  bool boolean = false;
  int low = 0, high = 0;         // of an integer
  int length = 0;                // > 0: an array
  std::array<int, 2> initial{};  // A, B: when the model starts
  // What sets it back: "clear" (tcb), "crash" as well (endpoint), or nothing (stable).
  language::lifetime lives = language::lifetime::stable;
};

struct layout {
  layout(const language::composition& c, const properties::property_set& p, const options& o);

  const language::composition& composition;
  const properties::property_set& properties;

  std::vector<field> endpoint, segment;  // a segment's age is its last field
  std::array<std::vector<std::string>, 2>
      slots;  // by side and slot: the endpoint's field, "" inside an array
  std::vector<std::string> segment_slots;
  std::vector<std::string> states, signals,
      timers;    // constants for the states and signals; fields for the timers
  int wire = 0;  // flags and fields: what two segments must share to be identical on the wire
  int modulus = 0;
  bool wraps = false;
  int capacity = 0;  // of a channel's array
  int choices = 1;   // ways that one event may go
  bool is_set = false, fifo = false;
  bool observed = false;       // some property has observers
  bool attacked = false;       // there is an attacker: segments have the ghost `forged`
  std::string forgeries_left;  // the victim's field, where they are limited; else ""

  // Whether a timer counts ticks; else it may expire at any moment.
  bool counts(int side, int timer) const;
};

// What the texts of the models call a segment's ghosts, "@isn@", and their names here.
std::vector<std::pair<std::string, std::string>> ghost_words(const layout& l);

// A property for the opening comment: its number, name, meaning and citation.
std::string about(std::size_t number, const properties::property& p);

// A name fit for both languages.
std::string identifier(const std::string& name);

}  // namespace tcpmc::exports
