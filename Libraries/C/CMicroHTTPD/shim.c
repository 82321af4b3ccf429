#include "CMicroHTTPD.h"

struct MHD_Daemon *onex_mhd_start(
    struct onex_mhd_options options, MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed, void *context) {
  struct MHD_OptionItem items[] = {
      {MHD_OPTION_LISTEN_SOCKET, options.listen_socket, NULL},
      {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)options.connections_max, NULL},
      // Scrapers, probes and a reverse proxy may all come from one address.
      {MHD_OPTION_PER_IP_CONNECTION_LIMIT, 0, NULL},
      {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)options.idle_timeout_seconds, NULL},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)options.connection_memory_bytes, NULL},
      {MHD_OPTION_THREAD_STACK_SIZE, (intptr_t)options.thread_stack_bytes, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)completed, context},
      // A pool of one is a single polling thread, which is asked for by not asking for a pool.
      {options.threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)options.threads, NULL},
      {MHD_OPTION_END, 0, NULL},
  };
  return MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handler, context, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}
