/* Built as a 32-bit program: the loader refuses the library, says so on stderr, and goes on. */
#include "endless.h"

int main(void)
{
	say(1);
	return 0;
}
