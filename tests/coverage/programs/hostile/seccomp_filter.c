/* seccomp_filter kill|refuse mprotect|fstat: what the filter does with which calls, before the
 * first byte. */
#include "endless.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static int install(unsigned answer, const unsigned *numbers, size_t count)
{
	struct sock_filter rules[8] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	unsigned short n = 1;

	for (size_t i = 0; i < count; i++) {
		rules[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i],
							  (unsigned char)(count - i), 0);
	}
	rules[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	rules[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){n, rules});
}

int main(int argc, char **argv)
{
	static const unsigned protect[] = {SYS_mprotect};
	static const unsigned status[] = {SYS_fstat, SYS_newfstatat, SYS_statx};
	static char buffer[4096];

	if (argc != 3)
		return 2;
	unsigned answer =
		strcmp(argv[1], "kill") ? SECCOMP_RET_ERRNO | EPERM : SECCOMP_RET_KILL_PROCESS;
	/* With a buffer given, stdio makes no fstat of its own. */
	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	if (strcmp(argv[2], "fstat") ? install(answer, protect, 1) : install(answer, status, 3))
		return errno == EINVAL ? 77 : 3;
	say(1);
	fputs(endless, stdout);
	say(2);
	return 0;
}
