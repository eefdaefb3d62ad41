/* The filter. It owns no fd and no buffer, and prints nothing. */
#include "filter.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

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

int filter_write(int fd, const struct iovec *iov, int count)
{
	size_t done = 0; /* of the first iovec */

	while (count) {
		ssize_t n = done ? write(fd, (char *)iov->iov_base + done, iov->iov_len - done)
				 : writev(fd, iov, count);

		if (n < 0 && !may_retry(fd, POLLOUT))
			return -1;
		for (done += n > 0 ? (size_t)n : 0; count && done >= iov->iov_len; count--)
			done -= iov++->iov_len;
	}
	return 0;
}

static ssize_t write_whole(const struct sink *sink, const struct iovec *iov, int count)
{
	const struct filter *filter = (const struct filter *)sink;
	size_t length = 0;

	if (filter_write(filter->out, iov, count))
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

static void blame(const struct sink *sink, const char *bytes, size_t n)
{
	const struct filter *filter = (const struct filter *)sink;

	if (filter->ledger)
		ledger_blame(filter->ledger, getpid(), program_invocation_short_name, bytes, n);
}

void filter_init(struct filter *filter, const struct limits *limits, int out)
{
	*filter = (struct filter){
		.sink = {.writev = write_whole,
			 .stalled = never_stalled,
			 .gone = reader_gone,
			 .broken = blame},
		.limits = limits,
		.account = &filter->own,
		.out = out,
	};
}

void filter_join_ledger(struct filter *filter, const struct pipe_id *pipe)
{
	filter->ledger = ledger_open(pipe);
	if (filter->ledger)
		filter->account = &filter->ledger->account;
}

int filter_pass(struct filter *filter, const char *bytes, size_t n)
{
	while (n) {
		struct iovec iov = {.iov_base = (char *)bytes, .iov_len = n};

		if (!filter->limits)
			return filter_write(filter->out, &iov, 1);
		ssize_t done = emitter_writev(filter->limits, filter->account, &filter->sink, &iov,
					      1, EMITTER_FIRST_CUT);

		if (done < 0)
			return -1;
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

int filter_end(struct filter *filter)
{
	return filter->account->word & LINE_DROPPING ? filter_pass(filter, "\n", 1) : 0;
}
