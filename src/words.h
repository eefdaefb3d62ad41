/* Lists of words with a space between them, such as "split truncate". No libc but string.h;
 * async-signal-safe. */
#ifndef LINECAP_WORDS_H
#define LINECAP_WORDS_H

#include <string.h>

/* The word at *list, its length in *length, and *list moved behind it; NULL: there is none left. */
static inline const char *words_next(const char **list, size_t *length)
{
	const char *word = *list + strspn(*list, " ");

	*length = strcspn(word, " ");
	*list = word + *length;
	return *length ? word : NULL;
}

/* Which of the words text is, from 0; -1: none. */
static inline int words_find(const char *list, const char *text)
{
	const char *word;
	size_t length;

	for (int i = 0; (word = words_next(&list, &length)); i++)
		if (strlen(text) == length && !memcmp(word, text, length))
			return i;
	return -1;
}

#endif
