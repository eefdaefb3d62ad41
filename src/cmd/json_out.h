/* JSON strings (RFC 8259) on stdout. */
#ifndef LINECAP_JSON_OUT_H
#define LINECAP_JSON_OUT_H

#include <stddef.h>

/* Prints n bytes as a string. UTF-8 stands as it is, a control character as \u00XX, and each byte
 * that is no UTF-8 as \ufffd. */
void json_string(const char *bytes, size_t n);

/* The same for a C string. */
void json_text(const char *text);

#endif
