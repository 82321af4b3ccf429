#pragma once

#include <microhttpd.h>
#include <sys/socket.h>

// MHD_start_daemon is variadic, which Swift does not import. This is the one set of options that the server uses.

/// Gets the request target as it was sent. A pointer that it returns is the request's first state.
typedef void *(*onex_mhd_uri_seen)(void *context, const char *uri, struct MHD_Connection *connection);

struct onex_mhd_options {
  /// A bound, listening, non-blocking socket. The daemon closes it.
  int listen_socket;
  unsigned int connections_max;
  unsigned int idle_timeout_seconds;
  size_t connection_memory_bytes;
  size_t thread_stack_bytes;
  /// 1 or more; each has its own epoll set.
  unsigned int threads;
};

/// Starts a daemon on threads of its own. Returns NULL when that fails (errno says why); the socket stays open then.
/// All callbacks get `context` first.
struct MHD_Daemon *onex_mhd_start(
    struct onex_mhd_options options, MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback notified, onex_mhd_uri_seen uri_seen, void *context);

/// The connection's socket; -1 when it has none.
int onex_mhd_socket(struct MHD_Connection *connection);

/// The address of the client as 16 bytes, IPv4 mapped into IPv6; zeros when it has none.
void onex_mhd_client_address(struct MHD_Connection *connection, unsigned char address[16]);

// Kinds of socket. The compiler counts the C library's own constants to whichever C module it happens to read first, so that
// they are not always visible where they are used.
static inline int onex_socket_kind_stream(void) { return SOCK_STREAM; }
static inline int onex_socket_kind_listening(void) { return SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC; }
