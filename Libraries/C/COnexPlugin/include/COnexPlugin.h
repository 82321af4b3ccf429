#ifndef ONEX_PLUGIN_H
#define ONEX_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/*
 * The boundary between the runtime and a handler plug-in, version 1. docs/reference/plugins.md tells the same at length.
 *
 * A plug-in is a shared library (*.so) in ONEX_PLUGINS_DIR that exports onex_plugin_entry_v1. Only C values cross: two
 * images in one process do not share types of a higher language, and a plug-in may be written in any that can speak C.
 *
 * Rules
 * - Text is UTF-8. Where a type says "borrowed", the memory belongs to the caller and is gone when the call returns: copy
 *   what is needed later. Nothing that one side allocated is ever freed by the other.
 * - Functions are called from any thread, several at once. They must not let an exception, a longjmp or a signal out.
 * - Functions return soon (a millisecond, not a second). Work that takes longer goes to threads of the plug-in's own.
 * - A structure begins with its size. Within version 1 structures only grow at their end: whoever reads one that it did not
 *   fill reads no further than struct_size.
 * - A plug-in is never unloaded.
 */

#ifdef __cplusplus
extern "C" {
#endif

#define ONEX_PLUGIN_ABI_VERSION 1

/* A borrowed run of bytes. data may be NULL when count is 0. */
typedef struct onex_bytes_v1 {
  const uint8_t *data;
  size_t count;
} onex_bytes_v1;

/* What an instance of a handler is made from. */
typedef struct onex_setup_v1 {
  size_t struct_size;
  /*
   * Borrowed: the handler's contract as a JSON object; members as in handler_contract.yaml, defaults filled in,
   * without the schemas.
   */
  onex_bytes_v1 contract;
} onex_setup_v1;

/* One request. Everything in it is borrowed for the duration of start. */
typedef struct onex_request_v1 {
  size_t struct_size;
  onex_bytes_v1 operation;
  /* A JSON object that has passed the contract's input schema, as it was sent. */
  onex_bytes_v1 payload;
  onex_bytes_v1 envelope_id;
  onex_bytes_v1 correlation_id;
  /* The same for every attempt and every redelivery of a request: hand it to whatever is called. */
  onex_bytes_v1 idempotency_key;
  /* What is left for this attempt, at least 1. Afterwards the runtime answers HANDLER_TIMEOUT and calls cancel. */
  int64_t timeout_ms;
  /* Microseconds since 1970-01-01 UTC; 0: the request has no deadline. */
  int64_t deadline_us;
  /* 1 for the first. */
  int32_t attempt;
} onex_request_v1;

typedef enum onex_status_v1 {
  ONEX_SUCCESS_V1 = 0,
  ONEX_ERROR_V1 = 1,
} onex_status_v1;

typedef enum onex_retriable_v1 {
  /* As the error code says (docs/reference/errors.md). */
  ONEX_RETRIABLE_BY_CODE_V1 = 0,
  ONEX_RETRIABLE_YES_V1 = 1,
  ONEX_RETRIABLE_NO_V1 = 2,
} onex_retriable_v1;

/* How a request ended. Borrowed for the duration of the completion, which copies what it needs. */
typedef struct onex_result_v1 {
  size_t struct_size;
  /* An onex_status_v1. */
  int32_t status;
  /* An onex_retriable_v1; errors only. */
  int32_t retriable;
  /* On success: a JSON object. */
  onex_bytes_v1 payload;
  /* On error: one of the runtime's codes; empty or unknown: HANDLER_FAILED. */
  onex_bytes_v1 error_code;
  /* On error: for the requester: what was wrong, where, what is allowed. Never a secret. */
  onex_bytes_v1 error_message;
  /* On error: a JSON value, or empty. */
  onex_bytes_v1 error_details;
} onex_result_v1;

/*
 * Ends a call. Exactly once, from any thread, also from inside start or cancel. The runtime ignores and reports a second
 * completion, and drops one that comes after the call was cancelled.
 */
typedef void (*onex_completion_v1)(void *completion_context, const onex_result_v1 *result);

/* Tells why create failed; the text is borrowed. */
typedef void (*onex_report_v1)(void *report_context, onex_bytes_v1 message);

/* One type of handler. */
typedef struct onex_handler_v1 {
  size_t struct_size;
  /* The part of handler_class after the module: letters, digits, _ and dots; NUL-terminated. */
  const char *type_name;
  /* Given to create; the plug-in's own affair. */
  void *context;

  /*
   * Makes the instance that serves all requests of one contract. Returns 0 and sets *instance (NULL is a value like any
   * other), or returns something else after it called report once; the handler is then failed with IMPORT_ERROR.
   */
  int32_t (*create)(
      void *context, const onex_setup_v1 *setup, void **instance, onex_report_v1 report, void *report_context);

  /* Frees an instance that has no call under way; possibly from inside the completion of its last call. */
  void (*destroy)(void *instance);

  /*
   * Begins a request. Returns a handle for cancel and release, or NULL when the call cannot be cancelled.
   * completion_context is opaque: it is not memory, and stays safe to hand to complete for ever.
   */
  void *(*start)(
      void *instance, const onex_request_v1 *request, onex_completion_v1 complete, void *completion_context);

  /*
   * Nobody waits for the result any longer: stop if that is easy. The call must still be completed. Comes at most once, never
   * after release, possibly while the call completes on another thread.
   */
  void (*cancel)(void *instance, void *call);

  /* Frees a handle: once for each, after start has returned and the call has completed. */
  void (*release)(void *instance, void *call);
} onex_handler_v1;

/* What a plug-in offers. It lives as long as the process. */
typedef struct onex_plugin_v1 {
  /* ONEX_PLUGIN_ABI_VERSION as the plug-in was built with. This member and the next keep their places in all versions. */
  uint32_t abi_version;
  uint32_t reserved;
  size_t struct_size;
  /* The part of handler_class before the first dot: an identifier; NUL-terminated. */
  const char *module;
  /* For people; NUL-terminated. */
  const char *version;
  size_t handler_count;
  const onex_handler_v1 *const *handlers;
} onex_plugin_v1;

/* The one symbol that a plug-in exports. Called once, when the library is loaded. NULL: the plug-in cannot work here. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const onex_plugin_v1 *onex_plugin_entry_v1(void);

#ifdef __cplusplus
}
#endif

#endif
