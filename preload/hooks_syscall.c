/* The hook of syscall(2), as far as the numbers belong to other hooks. Neither of its functions is
 * a cancellation point. */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "calls.h"
#include "hooks.h"
#include "raw.h"

static long write_by_number(int fd, const void *buf, size_t n)
{
	struct call call = {.again = again_syscall_write, .fd = fd};

	return passage(&call, &(struct iovec){(void *)buf, n}, 1);
}

static long writev_by_number(int fd, const struct iovec *iov, int count)
{
	struct call call = {.again = again_syscall_writev, .fd = fd};

	return passage(&call, iov, count);
}

/* Not variadic, as the one in unistd.h: on x86-64 and aarch64 the registers are the same, and a
 * call of the next definition can be a jump, which leaves no frame of ours under a clone(2). */
EXPORT long linecap_syscall(long number, long a, long b, long c, long d, long e,
			    long f) __asm__("syscall");

long linecap_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	switch (number) {
	case SYS_write:
		return write_by_number((int)a, (const void *)b, (size_t)c);
	case SYS_writev:
		return writev_by_number((int)a, (const struct iovec *)b, (int)c);
	case SYS_pwritev2:
		return pwritev2((int)a, (const struct iovec *)b, (int)c, d, (int)f);
	case SYS_vmsplice:
		return vmsplice((int)a, (const struct iovec *)b, (size_t)c, (unsigned)d);
	case SYS_sendto:
		return sendto((int)a, (const void *)b, (size_t)c, (int)d,
			      (const struct sockaddr *)e, (socklen_t)f);
	case SYS_sendmsg:
		return sendmsg((int)a, (const struct msghdr *)b, (int)c);
	case SYS_sendmmsg:
		return sendmmsg((int)a, (struct mmsghdr *)b, (unsigned)c, (int)d);
	case SYS_sendfile:
		return sendfile((int)a, (int)b, (off_t *)c, (size_t)d);
	case SYS_splice:
		return splice((int)a, (off_t *)b, (int)c, (off_t *)d, (size_t)e, (unsigned)f);
	case SYS_tee:
		return tee((int)a, (int)b, (size_t)c, (unsigned)d);
	case SYS_close:
		fdmap_forget((int)a);
		break;
#ifdef SYS_dup2
	case SYS_dup2:
#endif
	case SYS_dup3:
		fdmap_forget((int)b);
		break;
	case SYS_close_range:
		fdmap_forget_range((unsigned)a, (unsigned)b);
		break;
	case SYS_prctl:
	case SYS_seccomp:
		fdmap_expect_filter(number == SYS_seccomp ? PR_SET_SECCOMP : (int)a);
		break;
	default:
		break;
	}
	return next.syscall(number, a, b, c, d, e, f);
}

/* Not variadic for the same reason. */
EXPORT int linecap_prctl(int option, long a, long b, long c, long d) __asm__("prctl");

int linecap_prctl(int option, long a, long b, long c, long d)
{
	fdmap_expect_filter(option);
	return next.prctl(option, a, b, c, d);
}
