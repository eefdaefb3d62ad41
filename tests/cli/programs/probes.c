/* probes HOW: asks for seccomp(2) as libraries do, or has a vfork child put a filter in, and then
 * prints an endless line of 100,000 bytes. None of it puts a filter into this process. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BYTES = 100000 };

static char bytes[BYTES];

static int put_in(void)
{
	static struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){1, all});
}

static int in_a_child(void)
{
	int status;
	pid_t child = vfork();

	if (child == 0)
		_exit(put_in());
	return child < 0 || waitpid(child, &status, 0) != child || status;
}

int main(int argc, char **argv)
{
	const char *how = argc == 2 ? argv[1] : "";
	unsigned action = SECCOMP_RET_ERRNO;
	int bad;

	if (!strcmp(how, "null filter"))
		bad = !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0);
	else if (!strcmp(how, "null filter by number"))
		bad = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0L, 0L) == 0;
	else if (!strcmp(how, "null filter by prctl's number"))
		bad = syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0L, 0L, 0L) == 0;
	else if (!strcmp(how, "available"))
		bad = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0L, &action) != 0;
	else if (!strcmp(how, "vfork"))
		bad = in_a_child();
	else
		bad = put_in(); /* so that the others can fail */
	memset(bytes, 'p', BYTES);
	return bad ? 77 : write(1, bytes, BYTES) != BYTES;
}
