#pragma once

#include <curl/curl.h>

// curl_easy_setopt and its relatives are variadic, which Swift does not import: one setter for each type of value.

CURLcode onex_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode onex_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value);
/// libcurl copies the text, except that of CURLOPT_ERRORBUFFER and CURLOPT_POSTFIELDS.
CURLcode onex_curl_set_text(CURL *easy, CURLoption option, const char *value);
/// libcurl copies CURLOPT_POSTFIELDSIZE_LARGE bytes; set that first.
CURLcode onex_curl_set_body(CURL *easy, const void *bytes, size_t count);
CURLcode onex_curl_set_error_buffer(CURL *easy, char *buffer);
/// The list must live until the transfer has ended.
CURLcode onex_curl_set_headers(CURL *easy, struct curl_slist *headers);

typedef size_t (*onex_curl_write)(char *bytes, size_t size, size_t count, void *context);

CURLcode onex_curl_on_write(CURL *easy, onex_curl_write callback, void *context);
/// `callback` gets one whole header line at a time, with its line end.
CURLcode onex_curl_on_header(CURL *easy, onex_curl_write callback, void *context);
CURLcode onex_curl_on_open_socket(CURL *easy, curl_opensocket_callback callback, void *context);
CURLcode onex_curl_on_prerequest(CURL *easy, curl_prereq_callback callback, void *context);

long onex_curl_response_code(CURL *easy);
CURLMcode onex_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);

/// The address inside `address`, which is as long as its `addrlen` says and may be longer than `struct sockaddr`.
const struct sockaddr *onex_curl_socket_address(const struct curl_sockaddr *address);
