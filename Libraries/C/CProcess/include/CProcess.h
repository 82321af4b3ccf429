#pragma once

// The parts of the C library's process control that Swift's Glibc module does not import.

/// Sets malloc up for a process that moves batches through a few threads: at most `arenas` arenas, and memory taken from and given
/// back to the system in steps of mebibytes, since every page that goes back and forth costs a fault. Call before the first thread
/// starts. Returns 1 on success.
int onex_tune_malloc(int arenas);
