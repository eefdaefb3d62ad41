/* libc's functions of strings, for the library alone. They serve its start and its messages, where
 * they needn't be fast; each that libc lent would be one more name for the loader to look up at
 * every exec. Facts: string(3). Built so that the compiler doesn't call them from themselves. A
 * name in brackets is a macro in glibc 2.43. */
#include <string.h>

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--)
		a++, b++;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *(strchr)(const char *text, int c)
{
	for (; *text != (char)c; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

char *(strrchr)(const char *text, int c)
{
	const char *at = text + strlen(text);

	for (; *at != (char)c; at--)
		if (at == text)
			return NULL;
	return (char *)at;
}

size_t strspn(const char *text, const char *set)
{
	size_t n = 0;

	while (text[n] && strchr(set, text[n]))
		n++;
	return n;
}

size_t strcspn(const char *text, const char *set)
{
	size_t n = 0;

	while (text[n] && !strchr(set, text[n]))
		n++;
	return n;
}

char *(strstr)(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (; strncmp(text, word, length) != 0; text++)
		if (!*text)
			return NULL;
	return (char *)text;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	return memcpy(to, from, strlen(from) + 1);
}

char *strcat(char *restrict to, const char *restrict from)
{
	strcpy(to + strlen(to), from);
	return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t n)
{
	size_t i = 0;

	for (; i < n && from[i]; i++)
		to[i] = from[i];
	for (; i < n; i++)
		to[i] = '\0';
	return to;
}
