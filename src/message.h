/* What linecap itself says: one line, in memory that the caller has. Async-signal-safe. */
#ifndef LINECAP_MESSAGE_H
#define LINECAP_MESSAGE_H

enum { MESSAGE_MOST = 512 }; /* bytes of a line of the library's, with its newline */

/* Its next byte, and where words end. There is room for one byte more, the newline or the NUL. */
struct message {
	char *at, *end;
};

/* As much of the words as there is room for; bytes that a terminal would obey become '?'. */
void message_add(struct message *message, const char *words);

#endif
