/* A process beside the supervisor, for two things that the supervisor can't do by itself.
 *
 * It hears what is sent to the process group that supervisor and program share: nothing else tells
 * such a signal, which the program has had, from one to the supervisor alone. And it outlives a
 * supervisor that was killed: the program, which dies with it by PDEATHSIG, gets SIGKILL from it,
 * too, since the kernel forgets the former when a program changes its uid or gains rights
 * (prctl(2)). That takes a kernel with pidfds (Linux 5.3), and the right to kill it by then. */
#ifndef LINECAP_COMPANION_H
#define LINECAP_COMPANION_H

#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/types.h>

struct companion {
	pid_t pid;
	int line; /* to it: ends with us */
};

#define COMPANION_NONE                                                                             \
	{                                                                                          \
		-1, -1                                                                             \
	}

/* command: where the program's words begin, behind this process's own. Where none can be had,
 * nothing is heard. */
struct companion companion_start(pid_t program, char *command);

/* Did this signal, which has come here, come to it as well? */
bool companion_heard(const struct companion *companion, const struct signalfd_siginfo *signal);

/* The program has ended, so there is nothing left for it to do. */
void companion_end(const struct companion *companion);

#endif
