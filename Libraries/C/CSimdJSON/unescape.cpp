#include "CSimdJSON.h"

// Escapes of RFC 8259 section 7. A lone surrogate is refused: it is no character, and no UTF-8 could be written for it.

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hex digits at `p`; -1 when they are not.
int32_t code_unit(const char *p, const char *end) {
  if (end - p < 4) return -1;
  int32_t unit = 0;
  for (int i = 0; i < 4; i++) {
    const int digit = hex_digit(p[i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

// The character of the `\uXXXX` whose digits begin at `p`, one or two units long; -1 when it is none. Moves `p` behind it.
int32_t scalar(const char *&p, const char *end) {
  const int32_t unit = code_unit(p, end);
  if (unit < 0) return -1;
  p += 4;
  if (unit < 0xD800 || unit >= 0xE000) return unit;
  if (unit >= 0xDC00 || end - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
  const int32_t low = code_unit(p + 2, end);
  if (low < 0xDC00 || low >= 0xE000) return -1;
  p += 6;
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

struct Output {
  char *target;
  size_t count = 0;

  // Without a target the bytes are only counted.
  void put(char c) {
    if (target) target[count] = c;
    count++;
  }

  void put_utf8(uint32_t scalar) {
    if (scalar < 0x80) return put(char(scalar));
    if (scalar < 0x800) {
      put(char(0xC0 | scalar >> 6));
    } else {
      if (scalar < 0x10000) {
        put(char(0xE0 | scalar >> 12));
      } else {
        put(char(0xF0 | scalar >> 18));
        put(char(0x80 | (scalar >> 12 & 63)));
      }
      put(char(0x80 | (scalar >> 6 & 63)));
    }
    put(char(0x80 | (scalar & 63)));
  }
};

// The character that the one-letter escape stands for; NUL when there is none.
char short_escape(char letter) {
  switch (letter) {
    case '"': case '\\': case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
  }
}

}  // namespace

extern "C" size_t onex_json_unescape(const char *raw, size_t length, char *target) {
  if (length < 2 || raw[0] != '"' || raw[length - 1] != '"') return SIZE_MAX;
  const char *p = raw + 1;
  const char *const end = raw + length - 1;
  Output output{target};
  while (p < end) {
    if (*p != '\\') {
      output.put(*p++);
      continue;
    }
    if (++p == end) return SIZE_MAX;
    const char letter = *p++;
    if (letter == 'u') {
      const int32_t character = scalar(p, end);
      if (character < 0) return SIZE_MAX;
      output.put_utf8(uint32_t(character));
    } else {
      const char character = short_escape(letter);
      if (!character) return SIZE_MAX;
      output.put(character);
    }
  }
  return output.count;
}
