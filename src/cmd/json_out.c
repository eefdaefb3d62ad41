/* JSON strings. It only prints. */
#include "json_out.h"

#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* A control character of ASCII is its own code point; one of U+0080 to U+009F is its second byte.
 */
static size_t escape(const char *bytes, size_t n)
{
	size_t length = utf8_length(bytes, n);

	if (length)
		printf("\\u%04x", (unsigned char)bytes[length - 1]);
	else
		fputs("\\ufffd", stdout);
	return length ? length : 1;
}

void json_string(const char *bytes, size_t n)
{
	putchar('"');
	for (size_t i = 0; i < n;) {
		size_t length = utf8_shown(bytes + i, n - i);

		if (!length) {
			i += escape(bytes + i, n - i);
			continue;
		}
		if (bytes[i] == '"' || bytes[i] == '\\')
			putchar('\\');
		fwrite(bytes + i, 1, length, stdout);
		i += length;
	}
	putchar('"');
}

void json_text(const char *text)
{
	json_string(text, strlen(text));
}
