#include "CProcess.h"

#include <malloc.h>

int onex_tune_malloc(int arenas) {
  const int mebibyte = 1024 * 1024;
  return mallopt(M_ARENA_MAX, arenas) && mallopt(M_TOP_PAD, mebibyte) && mallopt(M_TRIM_THRESHOLD, 8 * mebibyte) &&
         mallopt(M_MMAP_THRESHOLD, 8 * mebibyte);
}
