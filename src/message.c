/* What linecap itself says. */
#include "message.h"

void message_add(struct message *message, const char *words)
{
	for (; *words && message->at < message->end; words++)
		*message->at++ = (char)(*words >= ' ' && *words <= '~' ? *words : '?');
}
