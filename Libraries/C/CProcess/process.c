#include "CProcess.h"

#include <malloc.h>

int onex_limit_malloc_arenas(int count) { return mallopt(M_ARENA_MAX, count); }
