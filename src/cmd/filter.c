/* The filter. It owns no fd and no buffer, and prints nothing. */
#include "filter.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "emitter.h"
#include "sys.h"
#include "whole.h"

/* May a call that failed be tried again? Waits until it may. */
static bool may_retry(int fd, short event)
{
	if (errno == EAGAIN)
		poll(&(struct pollfd){.fd = fd, .events = event}, 1, -1);
	return errno == EAGAIN || errno == EINTR;
}

ssize_t filter_read(int fd, void *bytes, size_t n)
{
	ssize_t length;

	do
		length = read(fd, bytes, n);
	while (length < 0 && may_retry(fd, POLLIN));
	return length;
}

/* As writev(2), past the hooks of a library that is loaded here, too: what passes a filter has been
 * counted. */
static ssize_t write_unhooked(int fd, const struct iovec *iov, int count)
{
	return sys_result(sys3(SYS_writev, fd, iov, count));
}

typedef ssize_t write_function(int fd, const struct iovec *iov, int count);

static int write_all(write_function *write_some, int fd, const struct iovec *iov, int count)
{
	size_t done = 0; /* of the first iovec */

	while (count) {
		const struct iovec rest = {(char *)iov->iov_base + done, iov->iov_len - done};
		ssize_t n = done ? write_some(fd, &rest, 1) : write_some(fd, iov, count);

		if (n < 0 && !may_retry(fd, POLLOUT))
			return -1;
		for (done += n > 0 ? (size_t)n : 0; count && done >= iov->iov_len; count--)
			done -= iov++->iov_len;
	}
	return 0;
}

int filter_write(int fd, const struct iovec *iov, int count)
{
	return write_all(writev, fd, iov, count);
}

static ssize_t write_whole(const struct sink *sink, const struct iovec *iov, int count)
{
	const struct filter *filter = (const struct filter *)sink;
	size_t length = 0;

	if (write_all(filter->joined ? write_unhooked : writev, filter->out, iov, count))
		return -1;
	for (int i = 0; i < count; i++)
		length += iov[i].iov_len;
	return (ssize_t)length;
}

static int never_stalled(const struct sink *sink)
{
	(void)sink;
	return EIO;
}

static bool reader_gone(const struct sink *sink)
{
	struct pollfd out = {.fd = ((const struct filter *)sink)->out};

	return poll(&out, 1, 0) > 0 && out.revents & POLLERR;
}

static uint64_t writer_of(const struct sink *sink)
{
	return ((const struct filter *)sink)->writer;
}

void filter_init(struct filter *filter, const struct limits *limits, int out)
{
	*filter = (struct filter){
		.sink = {.writev = write_whole, .stalled = never_stalled, .gone = reader_gone},
		.limits = limits,
		.account = &filter->own,
		.out = out,
	};
}

void filter_join_ledger(struct filter *filter, const struct pipe_id *pipe)
{
	filter->joined = true;
	filter->sink.writer = writer_of;
	filter->writer = (uintptr_t)filter ^ (uint64_t)getpid() << 48; /* as the library's own */
	filter->ledger = ledger_open(pipe, geteuid());
	if (filter->ledger)
		filter->account = &filter->ledger->account;
}

/* Beside other writers the library's own way: bytes that pass whole are only noted, so what many
 * write at once doesn't add up; and a line isn't cut for what another has left before it (contract
 * 2). */
static ssize_t pass_some(struct filter *filter, const struct iovec *iov)
{
	bool whole_line = filter->joined && !filter->open;
	ssize_t done = filter->joined ? whole_pass(filter->limits, filter->account, &filter->sink,
						   iov, 1, filter->writer)
				      : WHOLE_NEVER;

	if (done != WHOLE_NEVER)
		return done;
	return emitter_writev(filter->limits, filter->account, &filter->sink, iov, 1,
			      whole_line ? EMITTER_FIRST_WHOLE : EMITTER_FIRST_CUT);
}

int filter_pass(struct filter *filter, const char *bytes, size_t n)
{
	while (n) {
		struct iovec iov = {.iov_base = (char *)bytes, .iov_len = n};

		if (!filter->limits)
			return filter_write(filter->out, &iov, 1);
		ssize_t done = pass_some(filter, &iov);

		if (done < 0)
			return -1;
		bytes += done;
		n -= (size_t)done;
		filter->open = done ? bytes[-1] != '\n' : filter->open;
	}
	return 0;
}

int filter_end(struct filter *filter)
{
	return line_of(line_word(filter->account)).dropping ? filter_pass(filter, "\n", 1) : 0;
}
