/* moves: what vmsplice, sendfile, splice, tee and sendmmsg of nothing answer on stdout, a pipe
 * whose read end is fd 3, one answer a line on fd 4. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static char bytes[1 << 20];

static void say(const char *what, ssize_t answer)
{
	if (answer < 0)
		dprintf(4, "%s: %s\n", what, strerror(errno));
	else
		dprintf(4, "%s: %zd\n", what, answer);
}

static void drain(void)
{
	static char drained[1 << 20];

	fcntl(3, F_SETFL, O_NONBLOCK);
	while (read(3, drained, sizeof drained) > 0)
		;
}

/* Both ways: the column may be anything. */
static void splice_onto_full(const char *what, unsigned flags)
{
	struct iovec all = {bytes, 100000};

	fcntl(1, F_SETFL, O_NONBLOCK);
	while (write(1, bytes, 4096) > 0)
		;
	fcntl(1, F_SETFL, 0);
	say(what, vmsplice(1, &all, 1, flags));
	drain();
}

int main(void)
{
	struct iovec all = {bytes, sizeof bytes}, one = {bytes, 1};
	struct iovec in = {bytes + 1000, 4};
	int null = open("/dev/zero", O_RDONLY), sink = open("/dev/null", O_WRONLY);
	int file = open("/proc/self/exe", O_RDONLY);
	ssize_t some;

	memset(bytes, 'm', sizeof bytes);
	splice_onto_full("vmsplice, non-blocking, full pipe", SPLICE_F_NONBLOCK);
	some = vmsplice(1, &all, 1, 0);
	dprintf(4, "vmsplice of more than fits: %s\n",
		some > 0 && some < (ssize_t)sizeof bytes ? "some" : "not some");
	drain();
	say("vmsplice by an unknown flag", vmsplice(1, &all, 1, 0x100));
	drain();
	say("vmsplice of no iovec", vmsplice(1, &one, 0, 0));
	say("vmsplice of too many", vmsplice(1, &one, IOV_MAX + 1, 0));
	say("vmsplice of 2^32 + 1", vmsplice(1, &one, (1UL << 32) + 1, 0));
	say("write", write(1, "abc\n", 4));
	say("vmsplice on a read end", vmsplice(3, &in, 1, 0));
	dprintf(4, "it read %.4s", bytes + 1000);

	say("sendfile from no fd", sendfile(1, 99, NULL, 10));
	say("sendfile from a write end", sendfile(1, sink, NULL, 10));
	say("sendfile of nothing", sendfile(1, file, NULL, 0));
	say("sendfile into a read end", sendfile(3, file, NULL, 10));
	say("splice from no fd", splice(99, NULL, 1, NULL, 10, 0));
	say("sendfile from no address", sendfile(1, file, (off_t *)8, 10));
	say("sendfile at an offset of a pipe", sendfile(1, 3, &(off_t){0}, 10));
	say("splice at an offset of a pipe", splice(3, &(off_t){0}, 1, NULL, 10, 0));
	say("splice to an offset of a pipe", splice(3, NULL, 1, &(off_t){0}, 10, 0));
	say("splice from no address", splice(file, (off_t *)8, 1, NULL, 10, 0));
	say("sendmmsg of nothing", sendmmsg(1, NULL, 0, 0));
	say("splice of nothing", splice(null, NULL, 1, NULL, 0, 0));
	say("tee from no fd", tee(99, 1, 10, 0));
	say("tee of nothing", tee(3, 1, 0, 0));
	return 0;
}
