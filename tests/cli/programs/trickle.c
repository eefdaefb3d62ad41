/* trickle SEED ORIGINAL: random bytes in random pieces through a non-blocking pipe of one page that
 * is read a little at a time, so that writes fall short everywhere. Started by onpipe. What was
 * written goes to the file ORIGINAL, what arrived to fd 4. With LINECAP_MARK set, it says on stderr
 * how many writes ended inside a break, and how many were cut short. */
#include "pipe.h"

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

enum { TOTAL = 1000000, PIECE_MOST = 20000, ARRIVED_MOST = 4 * TOTAL };

static uint64_t state;
static char original[TOTAL], arrived[ARRIVED_MOST];
static size_t arrived_length, ends[ARRIVED_MOST], ends_count, cut_short;

/* Marsaglia, "Xorshift RNGs", section 3. */
static size_t dice(size_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % below);
}

static void take(size_t most)
{
	if (most > ARRIVED_MOST - arrived_length)
		most = ARRIVED_MOST - arrived_length;
	arrived_length += drain(arrived + arrived_length, most);
}

/* Where in what arrives the last write ended. */
static void note_end(void)
{
	int waiting;

	if (ioctl(READER, FIONREAD, &waiting))
		fail("FIONREAD");
	if (ends_count < ARRIVED_MOST)
		ends[ends_count++] = arrived_length + (size_t)waiting;
}

static ssize_t write_piece(const char *bytes, size_t n)
{
	size_t cut = dice(n + 1);

	if (dice(2))
		return write(PIPE, bytes, n);
	return writev(PIPE,
		      (struct iovec[]){{(void *)bytes, cut}, {(void *)(bytes + cut), n - cut}}, 2);
}

static void write_all(void)
{
	for (size_t done = 0; done < TOTAL;) {
		size_t n = 1 + dice(dice(4) ? PIECE_MOST : 10);

		if (n > TOTAL - done)
			n = TOTAL - done;
		ssize_t written = write_piece(original + done, n);

		if (written > (ssize_t)n || (written < 0 && errno != EAGAIN))
			fail("write");
		note_end();
		cut_short += written > 0 && written < (ssize_t)n;
		if (written > 0)
			done += (size_t)written;
		else
			take(1 + dice(6000));
	}
}

static size_t torn(const char *mark)
{
	size_t length = strlen(mark), count = 0;

	for (size_t i = 0; i < ends_count; i++)
		for (size_t k = 1; k <= length; k++) /* k bytes of mark and newline were out */
			if (ends[i] >= k && ends[i] - k + length < arrived_length &&
			    !memcmp(arrived + ends[i] - k, mark, length) &&
			    arrived[ends[i] - k + length] == '\n') {
				count++;
				break;
			}
	return count;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[2], "w") : NULL;
	const char *mark = getenv("LINECAP_MARK");

	if (!file)
		return 2;
	state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15 + 1;
	for (size_t i = 0; i < TOTAL; i++) /* lines of about 10000 bytes */
		original[i] = dice(10000) ? (char)('\n' + 1 + dice(255)) : '\n';
	set_pages(1);
	set_blocking(PIPE, false);
	write_all();
	take(ARRIVED_MOST);
	if (fwrite(original, 1, TOTAL, file) != TOTAL || fclose(file))
		fail("fwrite");
	for (size_t done = 0; done < arrived_length;) {
		ssize_t n = write(REPORT, arrived + done, arrived_length - done);

		if (n <= 0)
			fail("write");
		done += (size_t)n;
	}
	if (mark)
		fprintf(stderr, "%zu %zu\n", torn(mark), cut_short);
	return 0;
}
