#include "COnexPlugin.h"

/* What is already in the field must not move: a plug-in that was built yesterday is read by these offsets. */
_Static_assert(sizeof(void *) == 8, "version 1 is defined for 64-bit machines");
_Static_assert(sizeof(onex_bytes_v1) == 16, "onex_bytes_v1 moved");
_Static_assert(offsetof(onex_request_v1, attempt) == 104, "onex_request_v1 moved");
_Static_assert(offsetof(onex_result_v1, error_details) == 64, "onex_result_v1 moved");
_Static_assert(offsetof(onex_handler_v1, release) == 56, "onex_handler_v1 moved");
_Static_assert(offsetof(onex_plugin_v1, struct_size) == 8, "onex_plugin_v1 moved");
_Static_assert(offsetof(onex_plugin_v1, handlers) == 40, "onex_plugin_v1 moved");
