#include "CMicroHTTPD.h"

#include <netinet/in.h>
#include <string.h>

struct MHD_Daemon *onex_mhd_start(
    struct onex_mhd_options options, MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback notified, onex_mhd_uri_seen uri_seen, void *context) {
  struct MHD_OptionItem items[] = {
      {MHD_OPTION_LISTEN_SOCKET, options.listen_socket, NULL},
      {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)options.connections_max, NULL},
      // The limit by address closes old connections instead of refusing new ones, which the daemon cannot do.
      {MHD_OPTION_PER_IP_CONNECTION_LIMIT, 0, NULL},
      {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
      {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)notified, context},
      {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)uri_seen, context},
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

int onex_mhd_socket(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info ? info->connect_fd : -1;
}

void onex_mhd_client_address(struct MHD_Connection *connection, unsigned char address[16]) {
  memset(address, 0, 16);
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (!info || !info->client_addr) return;
  if (info->client_addr->sa_family == AF_INET) {
    address[10] = address[11] = 0xFF;
    memcpy(address + 12, &((const struct sockaddr_in *)info->client_addr)->sin_addr, 4);
  } else if (info->client_addr->sa_family == AF_INET6) {
    memcpy(address, &((const struct sockaddr_in6 *)info->client_addr)->sin6_addr, 16);
  }
}
