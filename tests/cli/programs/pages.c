/* Makes pages of the ledger, as processes would leave them:
 *   pages plain COUNT                     of the pipes 1:0, 1:1, …
 *   pages random COUNT SEED               the same, and all that is behind the pipe is noise
 *   pages unreached DEV INO PROGRAM REASON SECONDS
 *                                         notes that such a program was started then
 *   pages dump                            all bytes of all pages */
#include <stdlib.h>
#include <unistd.h>

#include "../../../src/ledger.c"

static void add_noise(struct ledger *ledger, unsigned number)
{
	static const unsigned char noises[] = {0, 0, 1, 27, 127, 255};
	unsigned char *at = (unsigned char *)ledger, *end = at + PAGE;

	for (at += offsetof(struct ledger, joined); at < end; at++)
		switch (number % 4) {
		case 0:
			*at = 0xff;
			break;
		case 1:
			*at = 0x1b;
			break;
		case 2:
			*at = noises[random() % 6];
			break;
		default:
			*at = (unsigned char)random();
		}
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		for (int i = 0; i <= ledger_last(); i++) {
			struct ledger page;
			uid_t owner;

			if (ledger_look(i, &owner, &page) == LOOK_PAGE)
				(void)!write(1, &page, sizeof page);
		}
		return 0;
	}
	if (argc == 7) {
		const struct pipe_id id = {strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10)};
		struct ledger *ledger = ledger_open(&id, geteuid());

		if (!ledger)
			return 1;
		ledger_unreached(ledger, argv[4], atoi(argv[5]), atol(argv[6]));
		return 0;
	}
	unsigned count = (unsigned)atoi(argv[2]);

	srandom(argc > 3 ? (unsigned)atoi(argv[3]) : 0);
	for (unsigned i = 0; i < count; i++) {
		const struct pipe_id id = {1, i};
		struct ledger *ledger = ledger_open(&id, geteuid());

		if (!ledger)
			return 1;
		if (!strcmp(argv[1], "random"))
			add_noise(ledger, i);
		ledger_leave(ledger);
	}
	return 0;
}
