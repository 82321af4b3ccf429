#pragma once
// JSON documents as a flat list of nodes that point into the caller's text. Every document is validated whole (RFC 8259:
// grammar, numbers, escapes, UTF-8, nothing behind it), also the parts whose nodes are not asked for.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  ONEX_JSON_NULL,
  ONEX_JSON_FALSE,
  ONEX_JSON_TRUE,
  ONEX_JSON_NUMBER,
  ONEX_JSON_STRING,
  ONEX_JSON_ARRAY,
  ONEX_JSON_OBJECT,
  // Precedes each member's value in an object.
  ONEX_JSON_NAME,
} onex_json_kind;

typedef struct {
  // Where the raw text begins and how long it is; strings and names include their quotes.
  uint32_t start;
  uint32_t length;
  // Elements of an array, members of an object.
  uint32_t children;
  uint8_t kind;
  // A string or a name with a backslash: its text must be unescaped.
  uint8_t escaped;
} onex_json_node;

typedef enum {
  ONEX_JSON_OK,
  ONEX_JSON_EMPTY,
  ONEX_JSON_SYNTAX,
  ONEX_JSON_UTF8,
  ONEX_JSON_CONTROL_CHARACTER,
  ONEX_JSON_TOO_DEEP,
  ONEX_JSON_TOO_LARGE,
  ONEX_JSON_MEMORY,
} onex_json_status;

typedef struct onex_json_parser onex_json_parser;

// One parser serves one thread at a time and reuses its memory. NULL when memory is out.
onex_json_parser *onex_json_parser_new(void);
void onex_json_parser_free(onex_json_parser *parser);

// Walks `text` in document order. Nodes are recorded down to `record_depth` (1: the root value alone; 2: also its members;
// and so on) and validated down to `depth_max` levels of nesting, beyond which the document is refused. The nodes stay valid
// until the next call. `error_at` is the byte offset the failure was noticed at, where it is known.
onex_json_status onex_json_walk(onex_json_parser *parser, const char *text, size_t length, uint32_t record_depth,
                                uint32_t depth_max, const onex_json_node **nodes, size_t *count, size_t *error_at);

// Resolves the escapes of a raw string (with its quotes). `target` holds at least `length` bytes; where it is null the result
// is only counted. Returns the number of bytes; SIZE_MAX when an escape is invalid.
size_t onex_json_unescape(const char *raw, size_t length, char *target);

#ifdef __cplusplus
}
#endif
