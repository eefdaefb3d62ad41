/* JSON strings. It only prints. */
#include "json.h"

#include <stdio.h>
#include <string.h>

void json_string(const char *bytes, size_t n)
{
	putchar('"');
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte == '"' || byte == '\\')
			printf("\\%c", byte);
		else if (byte < ' ' || byte > '~')
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

void json_text(const char *text)
{
	json_string(text, strlen(text));
}
