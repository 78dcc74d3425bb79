#include "model/language/json.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

namespace tcpmc::language {
namespace {

constexpr std::size_t longest_reason = 160;  // of what the parser quotes

// The input of the parser: a character iterator that tells how far the parser has read.
class counting_iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  counting_iterator(const char* at, std::size_t* read) : at_(at), read_(read) {}
  reference operator*() const { return *at_; }
  counting_iterator& operator++() {
    ++at_;
    if (read_ != nullptr) ++*read_;
    return *this;
  }
  bool operator==(const counting_iterator& other) const { return at_ == other.at_; }
  bool operator!=(const counting_iterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  std::size_t* read_;
};

class tree_builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  tree_builder(const source& file, const std::size_t& read, diagnostics& errors)
      : file_(file), read_(read), errors_(errors) {}

  json_node root;

  bool null() override { return add({}); }
  bool boolean(bool value) override {
    json_node node;
    node.is = json_node::kind::boolean;
    node.boolean = value;
    return add(std::move(node));
  }
  bool number_integer(number_integer_t value) override { return add_integer(value); }
  bool number_unsigned(number_unsigned_t value) override {
    constexpr auto most = static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
    return add_integer(static_cast<std::int64_t>(std::min(value, most)));
  }
  bool number_float(number_float_t, const string_t&) override {
    json_node node;
    node.is = json_node::kind::real;
    return add(std::move(node), 1);
  }
  bool string(string_t& value) override {
    json_node node;
    node.is = json_node::kind::string;
    node.string = std::move(value);
    return add(std::move(node));
  }
  bool binary(binary_t&) override { return false; }  // does not occur in JSON text
  bool start_object(std::size_t) override { return open(json_node::kind::object); }
  bool start_array(std::size_t) override { return open(json_node::kind::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    json_node& object = *path_.back();
    const place at{&file_, start_of_token()};
    last_ = read_;
    if (object.find(name) != nullptr)
      errors_.add(at, fmt::format("the key \"{}\" stands twice in this object", name),
                  "remove one of the two; JSON would silently keep only one");
    if (object.members.size() == most_members) {
      errors_.add(at, fmt::format("an object with more than {} keys", most_members));
      return false;
    }
    object.members.push_back({std::move(name), at, {}});
    return true;
  }

  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::detail::exception& problem) override {
    const std::size_t offset = position == 0 ? 0 : std::min(position - 1, file_.text.size());
    std::string what = problem.what();
    // nlohmann's text is "[json.exception...] parse error at line L, column C: reason"; the reason is ours.
    if (const std::size_t bracket = what.find("] "); bracket != std::string::npos)
      what = what.substr(bracket + 2);
    if (const std::size_t colon = what.find(": ");
        what.starts_with("parse error") && colon != std::string::npos)
      what = what.substr(colon + 2);
    std::string printable;
    for (const char c : what.substr(0, longest_reason)) printable += c >= ' ' && c <= '~' ? c : '?';
    if (what.size() > longest_reason) printable += "...";
    const bool at_end = offset >= file_.text.size() || last_token.empty();
    // The parser stops at the end of what it cannot use; people look for its beginning.
    const std::size_t begin = last_token.size() > 1 ? start_of_token() : offset;
    errors_.add({&file_, begin}, "not valid JSON: " + printable,
                at_end ? "the file ends too early; is it truncated?" : "");
    return false;
  }

 private:
  // The first character after the previous token that is not white space, a separator or a comment.
  std::size_t start_of_token() const {
    const std::string& text = file_.text;
    std::size_t i = last_;
    if (i == 0 && text.starts_with("\xEF\xBB\xBF")) i = 3;
    while (i < text.size()) {
      if (std::strchr(" \t\r\n,:", text[i]) != nullptr && text[i] != '\0') {
        ++i;
      } else if (text.compare(i, 2, "//") == 0) {
        i = std::min(text.find('\n', i), text.size());
      } else if (text.compare(i, 2, "/*") == 0) {
        i = std::min(text.find("*/", i), text.size() - 2) + 2;
      } else {
        break;
      }
    }
    return std::min(i, text.size());
  }

  bool add_integer(std::int64_t value) {
    json_node node;
    node.is = json_node::kind::integer;
    node.integer = value;
    return add(std::move(node), 1);
  }

  // `lookahead`: characters that the parser has read beyond the token (one, after a number).
  json_node* place_node(json_node node, std::size_t lookahead) {
    node.at = {&file_, start_of_token()};
    last_ = read_ > lookahead ? read_ - lookahead : 0;
    if (path_.empty()) {
      root = std::move(node);
      return &root;
    }
    json_node& parent = *path_.back();
    if (parent.is == json_node::kind::array) {
      parent.items.push_back(std::move(node));
      return &parent.items.back();
    }
    parent.members.back().value = std::move(node);
    return &parent.members.back().value;
  }
  bool add(json_node node, std::size_t lookahead = 0) {
    if (too_many()) return false;
    place_node(std::move(node), lookahead);
    return true;
  }
  bool open(json_node::kind is) {
    if (path_.size() >= deepest_nesting) {
      errors_.add({&file_, start_of_token()}, fmt::format("nested deeper than {} levels", deepest_nesting));
      return false;
    }
    if (too_many()) return false;
    json_node node;
    node.is = is;
    path_.push_back(place_node(std::move(node), 0));
    return true;
  }
  bool too_many() {
    if (++values_ <= most_values) return false;
    errors_.add({&file_, start_of_token()}, fmt::format("the file holds more than {} values", most_values));
    return true;
  }
  bool close() {
    path_.pop_back();
    last_ = read_;
    return true;
  }

  const source& file_;
  const std::size_t& read_;
  diagnostics& errors_;
  std::vector<json_node*> path_;
  std::size_t last_ = 0;  // end of the previous token
  std::size_t values_ = 0;
};

}  // namespace

const json_node* json_node::find(std::string_view key) const {
  for (const json_member& m : members)
    if (m.key == key) return &m.value;
  return nullptr;
}

const char* json_node::kind_name() const {
  switch (is) {
    case kind::null:
      return "null";
    case kind::boolean:
      return "a boolean";
    case kind::integer:
      return "an integer";
    case kind::real:
      return "a number with a fraction or too many digits";
    case kind::string:
      return "a string";
    case kind::array:
      return "an array";
    case kind::object:
      return "an object";
  }
  return "?";
}

place json_node::inside(std::size_t offset) const {
  if (at.file == nullptr) return at;
  const bool quoted = at.offset < at.file->text.size() && at.file->text[at.offset] == '"';
  const std::size_t start = at.offset + (quoted ? 1 : 0);
  const bool verbatim = at.file->text.compare(start, string.size(), string) == 0;
  return verbatim ? place{at.file, start + offset} : at;
}

std::optional<json_node> parse_json(const source& file, diagnostics& errors) {
  const std::size_t before = errors.size();
  std::size_t read = 0;
  tree_builder builder(file, read, errors);
  const char* begin = file.text.data();
  const bool ok = nlohmann::json::sax_parse(counting_iterator(begin, &read),
                                            counting_iterator(begin + file.text.size(), nullptr), &builder,
                                            nlohmann::json::input_format_t::json, /*strict=*/true,
                                            /*ignore_comments=*/true);
  if (!ok || errors.size() != before) return std::nullopt;
  return std::move(builder.root);
}

const source* read_file(const std::string& path, source_store& store, diagnostics& errors) {
  const auto fail = [&](const std::string& message, const std::string& hint = {}) {
    errors.add({&store.add(path, ""), 0}, message, hint);
    return nullptr;
  };
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return fail(fmt::format("cannot read: {}", std::strerror(errno)));
  if (S_ISDIR(status.st_mode)) return fail("this is a directory", "name a file in it");
  if (!S_ISREG(status.st_mode)) return fail("this is not a regular file");
  if (static_cast<std::uintmax_t>(status.st_size) > largest_file)
    return fail(fmt::format("the file has {} bytes; at most {} are read", status.st_size, largest_file),
                "a protocol, scenario or suite is a few kilobytes of JSON; is this the right file?");
  std::ifstream in(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(text.size())) && !in.eof())
    return fail(fmt::format("cannot read: {}", std::strerror(errno)));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return &store.add(path, std::move(text));
}

void refuse_unknown_keys(const json_node& object, const std::vector<std::string>& known,
                         diagnostics& errors) {
  for (const json_member& m : object.members)
    if (m.key != "$schema" && std::find(known.begin(), known.end(), m.key) == known.end())
      errors.add(m.at, fmt::format("unknown key \"{}\"", m.key), suggestion(m.key, known));
}

}  // namespace tcpmc::language
