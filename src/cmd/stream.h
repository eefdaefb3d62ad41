/* The bytes between a program and the runtime's pipes: for each guarded stream a pipe, a filter,
 * and a thread that blocks in write(2). O_NONBLOCK won't do: it belongs to the open pipe, which the
 * runtime's other writers share, and the pipe can't always be opened anew (/proc missing, another
 * user's pipe, a socket). */
#ifndef LINECAP_STREAM_H
#define LINECAP_STREAM_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "filter.h"
#include "settings.h"

enum {
	STREAMS = 2,
	STREAM_FDS = 2 + 2 * STREAMS, /* that they need */
	STREAM_READ = 64 * 1024,
};

struct streams;

struct stream {
	struct filter filter; /* first: its sink is what the emitter hands back */
	struct streams *streams;
	int fds[STREAMS]; /* the program's stdout, its stderr, or both; else -1 */
	int out;	  /* the runtime's pipe */
	int in;		  /* what the program writes */
	int to;		  /* the program's end of that, before the fork */
	bool over;	  /* it has ended, or its reader has gone; the pump's while that runs */
	bool pumped;	  /* it has a pump to be joined */
	_Atomic uint64_t broken; /* lines */
	pthread_t pump;
	size_t kept; /* bytes of a line that goes on, at the start of the buffer */
	char buffer[STREAM_READ];
};

/* Whose lines they are. The pumps wait until that is known. */
struct author {
	sem_t known; /* a gate: once open, it stays so */
	pid_t pid;
	_Atomic(const char *) name; /* before it is in /proc, and when it has ended */
	char last_name[LEDGER_PROGRAM];
};

struct streams {
	struct limits limits;
	struct stream stream[STREAMS];
	int count;
	bool last;	   /* nobody passes on what comes after this process */
	int pumping;	   /* streams whose pump has not ended */
	int ended;	   /* eventfd: the program has */
	int done;	   /* eventfd: pumps that have */
	const char *stats; /* LINECAP_STATS */
	unsigned sample;   /* LINECAP_SAMPLE */
	struct author author;
};

/* A stream for each of fd 1 and 2 that is in the target; one for both if they are the same pipe.
 * command: what the program is called. 0, or -1 and errno. */
int streams_open(struct streams *streams, const struct settings *settings, const char *command);

/* The pumps. 0, or -1 and errno. */
int streams_start(struct streams *streams);

/* Who looks for the container's stdout in /proc/1/fd finds the pipe that leads to the filter, not
 * the runtime's; until they are shown again. */
void streams_hide(const struct streams *streams);
void streams_show(const struct streams *streams);

/* In the process that becomes the program: they are its stdout and stderr. */
void streams_take(const struct streams *streams);

/* The program has them: its ends are closed here. */
void streams_given(const struct streams *streams);

/* That is its pid: from now on bytes pass. */
void streams_name(struct streams *streams, pid_t program);

/* The fds that they need; how many those are. */
size_t streams_fds(const struct streams *streams, int fds[STREAM_FDS]);

/* The program has ended, and hasn't been reaped: what it had become is its last name. */
void streams_note_name(struct streams *streams);

/* The program has ended: what it wrote is what is in the pipes now. */
void streams_finish(struct streams *streams);

/* Until a pump has ended, at least. */
void streams_await(struct streams *streams);

/* When all pumps have ended. */
void streams_join(struct streams *streams);

/* LINECAP_STATS, as the library does it. */
void streams_report(const struct streams *streams);

/* Does somebody else hold one of them? */
bool streams_held(const struct streams *streams);

/* In a copy of the process: the pumps anew, for those that are held. 0, or -1 and errno. */
int streams_go_on(struct streams *streams);

#endif
