#pragma once
#include <libpq-fe.h>
// Wakes the thread that waits for libpq's socket; the Glibc module leaves this header out.
#include <sys/eventfd.h>
