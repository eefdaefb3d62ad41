/* JSON strings (RFC 8259) on stdout. */
#ifndef LINECAP_JSON_H
#define LINECAP_JSON_H

#include <stddef.h>

/* Prints n bytes as a string. They need not be UTF-8: what is not printable ASCII stands as
 * \u00XX, a byte each. */
void json_string(const char *bytes, size_t n);

/* The same for a C string. */
void json_text(const char *text);

#endif
