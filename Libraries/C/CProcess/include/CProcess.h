#pragma once

// The parts of the C library's process control that Swift's Glibc module does not import.

/// Limits malloc to `count` arenas (mallopt(M_ARENA_MAX)). Call before the first thread starts. Returns 1 on success.
int onex_limit_malloc_arenas(int count);
