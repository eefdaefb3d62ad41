/* UTF-8. Table 3-7 of the Unicode standard, "Well-Formed UTF-8 Byte Sequences". */
#include "utf8.h"

size_t utf8_length(const char *bytes, size_t n)
{
	static const struct {
		unsigned char first, last;   /* of the first byte */
		unsigned char second, until; /* of the second */
		unsigned char length;
	} rows[] = {
		{0x00, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *at = (const unsigned char *)bytes;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t length = rows[i].length;

		if (at[0] < rows[i].first || at[0] > rows[i].last || n < length)
			continue;
		if (length > 1 && (at[1] < rows[i].second || at[1] > rows[i].until))
			return 0;
		for (size_t j = 2; j < length; j++)
			if (at[j] < 0x80 || at[j] > 0xbf)
				return 0;
		return length;
	}
	return 0;
}

size_t utf8_shown(const char *bytes, size_t n)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t length = utf8_length(bytes, n);

	if (length == 1 && (at[0] < ' ' || at[0] == 0x7f))
		return 0;
	return length == 2 && at[0] == 0xc2 && at[1] < 0xa0 ? 0 : length;
}
