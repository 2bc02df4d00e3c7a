#ifndef AGENTSAFE_CCURL_SHIM_H
#define AGENTSAFE_CCURL_SHIM_H

// Its checks are for constants; here the option is an argument.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// Swift cannot call C variadics, and curl_easy_setopt and curl_easy_getinfo are: one function for each type of value.

static inline CURLcode agentsafe_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

// curl copies the text; NULL puts the option back.
static inline CURLcode agentsafe_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

// curl copies the bytes.
static inline CURLcode agentsafe_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}

// curl keeps the list's address: it must outlive the transfer.
static inline CURLcode agentsafe_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(handle, option, list);
}

// curl copies the bytes.
static inline CURLcode agentsafe_curl_set_body(CURL *handle, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes);
}

// Header lines and body bytes; `subject` goes to every call.
static inline CURLcode agentsafe_curl_set_receivers(CURL *handle, curl_write_callback head, curl_write_callback body,
                                                    void *subject) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, head);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_HEADERDATA, subject);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, subject);
    return code;
}

// Called when a connection stands and before the first byte of a request goes over it.
static inline CURLcode agentsafe_curl_set_prerequest(CURL *handle, curl_prereq_callback function, void *subject) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, function);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_PREREQDATA, subject);
}

// Called about once a second, and whenever something moves.
static inline CURLcode agentsafe_curl_set_progress(CURL *handle, curl_xferinfo_callback function, void *subject) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, function);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_XFERINFODATA, subject);
    return code != CURLE_OK ? code : curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
}

// libcurl speaks two dozen protocols; here it speaks one.
static inline CURLcode agentsafe_curl_set_protocol(CURL *handle, int is_plain) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https");
#else
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(is_plain ? CURLPROTO_HTTP : CURLPROTO_HTTPS));
#endif
}

// -1 where curl does not know.
static inline long agentsafe_curl_get_long(CURL *handle, CURLINFO what) {
    long value = -1;
    return curl_easy_getinfo(handle, what, &value) == CURLE_OK ? value : -1;
}

#endif
