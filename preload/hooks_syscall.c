/* The hook of syscall(2), as far as the numbers belong to other hooks. None of them is a
 * cancellation point here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "exec.h"
#include "hooks.h"
#include "stats.h"
#include "sys.h"

static long refused(void)
{
	errno = EINVAL;
	return -1;
}

/* A filter counts where it was really put in: libseccomp and others probe for what the kernel
 * knows, with calls that fail or only ask. */
static bool puts_a_filter_in(long operation, long flags, long result)
{
	if (operation == SECCOMP_SET_MODE_STRICT)
		return !result;
	/* With this flag the answer is an fd. Else a number is a thread that stood in the way. */
	return operation == SECCOMP_SET_MODE_FILTER &&
	       (!result || (result > 0 && (unsigned long)flags & SECCOMP_FILTER_FLAG_NEW_LISTENER));
}

static long seccomp_by_number(long operation, long flags, long argument)
{
	bool ours =
		(operation == SECCOMP_SET_MODE_STRICT || operation == SECCOMP_SET_MODE_FILTER) &&
		fdmap_expect_filter();
	long result = next.syscall(SYS_seccomp, operation, flags, argument, 0, 0, 0);

	if (ours && puts_a_filter_in(operation, flags, result))
		fdmap_filtered();
	return result;
}

/* After the fact: until then the entry is true. */
static long change_fds(long number, long a, long b, long c)
{
	if (number == SYS_close)
		stats_before_close((unsigned)a, (unsigned)a);
	if (number == SYS_close_range && !(c & CLOSE_RANGE_CLOEXEC))
		stats_before_close((unsigned)a, (unsigned)b);
	long result = next.syscall(number, a, b, c, 0, 0, 0);

	if (number == SYS_close_range)
		fdmap_forget_range((unsigned)a, (unsigned)b);
	else
		fdmap_forget((int)(number == SYS_close ? a : b));
	return result;
}

/* Not variadic, as the one in unistd.h: on x86-64 and aarch64 the registers are the same, and a
 * call of the next definition can be a jump, which leaves no frame of ours under a clone(2). */
long hook_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	switch (number) {
	case SYS_write:
		return write_in(CALL_BY_NUMBER, (int)a, (const void *)b, (size_t)c);
	case SYS_writev:
		return writev_in(CALL_BY_NUMBER, (int)a, (const struct iovec *)b, (int)c);
	case SYS_pwritev2:
		if (d != -1)
			break;
		return pwritev2_in(CALL_BY_NUMBER, (int)a, (const struct iovec *)b, (int)c, (int)f);
	case SYS_vmsplice:
		return vmsplice_in(CALL_BY_NUMBER, (int)a, (const struct iovec *)b, (size_t)c,
				   (unsigned)d);
	case SYS_sendto:
		return sendto_in(CALL_BY_NUMBER, (int)a, (const void *)b, (size_t)c, (int)d,
				 (const struct sockaddr *)e, (socklen_t)f);
	case SYS_sendmsg:
		return sendmsg_in(CALL_BY_NUMBER, (int)a, (const struct msghdr *)b, (int)c);
	case SYS_sendmmsg:
		return sendmmsg_in(CALL_BY_NUMBER, (int)a, (struct mmsghdr *)b, (unsigned)c,
				   (int)d);
	case SYS_sendfile:
		if (moves_into_guarded((int)b, (const void *)c, (int)a, (size_t)d))
			return refused();
		return note_moved((int)a, next.syscall(number, a, b, c, d, e, f));
	case SYS_splice:
		if (!d && moves_into_guarded((int)a, (const void *)b, (int)c, (size_t)e))
			return refused();
		return note_moved((int)c, next.syscall(number, a, b, c, d, e, f));
	case SYS_tee:
		if (moves_into_guarded((int)a, NULL, (int)b, (size_t)c))
			return refused();
		return note_moved((int)b, next.syscall(number, a, b, c, d, e, f));
#ifdef SYS_dup2
	case SYS_dup2:
#endif
	case SYS_close:
	case SYS_dup3:
	case SYS_close_range:
		return change_fds(number, a, b, c);
	case SYS_execve:
		exec_ahead(&(struct start){.folder = AT_FDCWD,
					   .file = (const char *)a,
					   .argv = (char *const *)b,
					   .envp = (char *const *)c});
		break;
	case SYS_execveat:
		exec_ahead_at((int)a, (const char *)b, (char *const *)c, (char *const *)d, (int)e);
		break;
	case SYS_prctl:
		return hook_prctl((int)a, b, c, d, e);
	case SYS_seccomp:
		return seccomp_by_number(a, b, c);
	default:
		break;
	}
	return next.syscall(number, a, b, c, d, e, f);
}

/* Not variadic for the same reason. */
int hook_prctl(int option, long a, long b, long c, long d)
{
	bool ours = option == PR_SET_SECCOMP && fdmap_expect_filter();
	int result = next.prctl(option, a, b, c, d);

	if (ours && !result)
		fdmap_filtered();
	return result;
}
