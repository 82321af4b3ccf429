#include "CSimdJSON.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <new>
#include <vector>

// simdjson's first stage finds every token of the text at several bytes a cycle and checks UTF-8 and quoting on the way. Its
// second stage either builds a tape without positions (DOM) or skips what nobody asks for unchecked (on demand). The runtime
// needs neither: it passes payloads through as raw text and must know that all of it is valid. So the tokens are walked here.

namespace {

using simdjson::error_code;
using Implementation = simdjson::internal::dom_parser_implementation;

// A parser keeps what one large document made it allocate only up to these sizes: one 4 MiB record must not cost memory for
// ever.
constexpr size_t kept_bytes_max = 256 * 1024;
constexpr size_t kept_nodes_max = 16 * 1024;
constexpr size_t document_bytes_max = size_t(64) * 1024 * 1024;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// RFC 8259 section 6. The number stays text: one that fits no machine type is still passed through as it was written.
bool is_number(const char *p, const char *end) {
  auto digits = [&] {
    const char *start = p;
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p > start;
  };
  if (p < end && *p == '-') p++;
  if (p < end && *p == '0') {
    p++;
  } else if (!digits()) {
    return false;
  }
  if (p < end && *p == '.') {
    p++;
    if (!digits()) return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '+' || *p == '-')) p++;
    if (!digits()) return false;
  }
  return p == end;
}

onex_json_status status_of(error_code error) {
  switch (error) {
    case simdjson::SUCCESS: return ONEX_JSON_OK;
    case simdjson::UTF8_ERROR: return ONEX_JSON_UTF8;
    case simdjson::UNESCAPED_CHARS: return ONEX_JSON_CONTROL_CHARACTER;
    case simdjson::CAPACITY: return ONEX_JSON_TOO_LARGE;
    case simdjson::MEMALLOC: return ONEX_JSON_MEMORY;
    case simdjson::EMPTY: return ONEX_JSON_EMPTY;
    default: return ONEX_JSON_SYNTAX;
  }
}

}  // namespace

struct onex_json_parser {
  std::unique_ptr<Implementation> implementation;
  std::unique_ptr<char[]> padded;
  size_t capacity = 0;
  std::vector<onex_json_node> nodes;
  // Open containers: the recorded node (or no_node) and what closes it.
  struct Level {
    size_t node;
    uint32_t children;
    char closing;
  };
  std::vector<Level> levels;

  onex_json_status reserve(size_t length) {
    if (nodes.capacity() > kept_nodes_max) nodes = {};
    const bool too_small = length > capacity;
    const bool too_large = capacity > kept_bytes_max && length <= kept_bytes_max;
    if (!too_small && !too_large) return ONEX_JSON_OK;
    // What is no longer of use goes first, so that both are never held at once.
    implementation.reset();
    padded.reset();
    size_t wanted = 1024;
    while (wanted < length) wanted *= 2;
    padded.reset(new (std::nothrow) char[wanted + simdjson::SIMDJSON_PADDING]);
    capacity = padded ? wanted : 0;
    if (!padded) return ONEX_JSON_MEMORY;
    return status_of(simdjson::get_active_implementation()->create_dom_parser_implementation(wanted, 1, implementation));
  }
};

namespace {

constexpr size_t no_node = SIZE_MAX;

class Walk {
 public:
  Walk(onex_json_parser &parser, size_t length, uint32_t record_depth, uint32_t depth_max)
      : parser(parser), text(parser.padded.get()), length(length),
        tokens(parser.implementation->structural_indexes.get()),
        token_count(parser.implementation->n_structural_indexes), record_depth(record_depth), depth_max(depth_max) {}

  size_t position() const { return current < token_count ? tokens[current] : length; }

  onex_json_status run() {
    onex_json_status status = value();
    while (status == ONEX_JSON_OK && !parser.levels.empty()) status = step();
    if (status == ONEX_JSON_OK && current != token_count) return ONEX_JSON_SYNTAX;
    return status;
  }

 private:
  onex_json_parser &parser;
  const char *const text;
  const size_t length;
  const uint32_t *const tokens;
  const size_t token_count;
  const uint32_t record_depth;
  const uint32_t depth_max;
  size_t current = 0;

  // The first character of the current token; NUL behind the last one.
  char peek() const { return current < token_count ? text[tokens[current]] : 0; }

  // Where the current token ends: before the space that precedes the next one.
  size_t token_end() const {
    size_t end = current + 1 < token_count ? tokens[current + 1] : length;
    while (end > tokens[current] + 1 && is_space(text[end - 1])) end--;
    return end;
  }

  size_t record(size_t start, size_t end, onex_json_kind kind, bool escaped = false) {
    if (parser.levels.size() >= record_depth) return no_node;
    parser.nodes.push_back({uint32_t(start), uint32_t(end - start), 0, uint8_t(kind), uint8_t(escaped)});
    return parser.nodes.size() - 1;
  }

  // After a value inside a container: a comma and the next value, or the closing bracket.
  onex_json_status step() {
    auto &level = parser.levels.back();
    const char c = peek();
    if (c == level.closing) {
      close();
      return ONEX_JSON_OK;
    }
    if (c != ',') return ONEX_JSON_SYNTAX;
    current++;
    return element();
  }

  onex_json_status element() {
    auto &level = parser.levels.back();
    level.children++;
    if (level.closing == ']') return value();
    const onex_json_status status = name();
    return status == ONEX_JSON_OK ? value() : status;
  }

  void close() {
    const auto level = parser.levels.back();
    if (level.node != no_node) {
      auto &node = parser.nodes[level.node];
      node.length = uint32_t(tokens[current] + 1 - node.start);
      node.children = level.children;
    }
    parser.levels.pop_back();
    current++;
  }

  onex_json_status name() {
    if (peek() != '"') return ONEX_JSON_SYNTAX;
    const onex_json_status status = string(ONEX_JSON_NAME);
    if (status != ONEX_JSON_OK) return status;
    if (peek() != ':') return ONEX_JSON_SYNTAX;
    current++;
    return ONEX_JSON_OK;
  }

  onex_json_status open(onex_json_kind kind, char closing) {
    if (parser.levels.size() >= depth_max) return ONEX_JSON_TOO_DEEP;
    const size_t node = record(tokens[current], tokens[current], kind);
    parser.levels.push_back({node, 0, closing});
    current++;
    if (peek() == closing) {
      close();
      return ONEX_JSON_OK;
    }
    return element();
  }

  onex_json_status value() {
    switch (peek()) {
      case '{': return open(ONEX_JSON_OBJECT, '}');
      case '[': return open(ONEX_JSON_ARRAY, ']');
      case '"': return string(ONEX_JSON_STRING);
      case 't': return word("true", 4, ONEX_JSON_TRUE);
      case 'f': return word("false", 5, ONEX_JSON_FALSE);
      case 'n': return word("null", 4, ONEX_JSON_NULL);
      case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        return number();
      default: return ONEX_JSON_SYNTAX;
    }
  }

  onex_json_status word(const char *expected, size_t size, onex_json_kind kind) {
    const size_t start = tokens[current];
    const size_t end = token_end();
    if (end - start != size || std::memcmp(text + start, expected, size) != 0) return ONEX_JSON_SYNTAX;
    record(start, end, kind);
    current++;
    return ONEX_JSON_OK;
  }

  onex_json_status number() {
    const size_t start = tokens[current];
    const size_t end = token_end();
    if (!is_number(text + start, text + end)) return ONEX_JSON_SYNTAX;
    record(start, end, ONEX_JSON_NUMBER);
    current++;
    return ONEX_JSON_OK;
  }

  onex_json_status string(onex_json_kind kind) {
    const size_t start = tokens[current];
    const size_t end = token_end();
    if (end - start < 2 || text[end - 1] != '"') return ONEX_JSON_SYNTAX;
    const bool escaped = std::memchr(text + start, '\\', end - start) != nullptr;
    if (escaped && onex_json_unescape(text + start, end - start, nullptr) == SIZE_MAX) return ONEX_JSON_SYNTAX;
    record(start, end, kind, escaped);
    current++;
    return ONEX_JSON_OK;
  }
};

}  // namespace

extern "C" onex_json_parser *onex_json_parser_new(void) { return new (std::nothrow) onex_json_parser(); }

extern "C" void onex_json_parser_free(onex_json_parser *parser) { delete parser; }

extern "C" onex_json_status onex_json_walk(onex_json_parser *parser, const char *text, size_t length,
                                           uint32_t record_depth, uint32_t depth_max, const onex_json_node **nodes,
                                           size_t *count, size_t *error_at) {
  *nodes = nullptr;
  *count = 0;
  *error_at = 0;
  if (length == 0) return ONEX_JSON_EMPTY;
  if (length > document_bytes_max) return ONEX_JSON_TOO_LARGE;
  try {
    onex_json_status status = parser->reserve(length);
    if (status != ONEX_JSON_OK) return status;
    // The copy is what stage one may read past the end of; the nodes' offsets fit the caller's text all the same.
    char *padded = parser->padded.get();
    std::memcpy(padded, text, length);
    std::memset(padded + length, ' ', simdjson::SIMDJSON_PADDING);
    parser->nodes.clear();
    parser->levels.clear();
    auto *bytes = reinterpret_cast<const uint8_t *>(padded);
    status = status_of(parser->implementation->stage1(bytes, length, simdjson::stage1_mode::regular));
    if (status != ONEX_JSON_OK) return status;
    Walk walk(*parser, length, record_depth, depth_max);
    status = walk.run();
    if (status != ONEX_JSON_OK) {
      *error_at = walk.position();
      return status;
    }
    *nodes = parser->nodes.data();
    *count = parser->nodes.size();
    return ONEX_JSON_OK;
  } catch (const std::bad_alloc &) {
    return ONEX_JSON_MEMORY;
  }
}
