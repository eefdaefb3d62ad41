/* What of other processes' bytes is text that a terminal shows and doesn't obey: RFC 3629. */
#ifndef LINECAP_UTF8_H
#define LINECAP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character that bytes[0…n) starts with, n > 0; 0: it is none, as UTF-8 has it.
 */
size_t utf8_length(const char *bytes, size_t n);

/* The same for a character that isn't a control character, neither of ASCII nor of U+0080 to
 * U+009F. */
size_t utf8_shown(const char *bytes, size_t n);

#endif
