/* races WAY TRIES [MICROSECONDS]: two threads race for what an fd is; whoever wins, what is written
 * to it afterwards must be seen for what it is. Each try ends with an open line of three pieces of
 * PIECE bytes on an fd that has become the pipe on stdout.
 *
 * first: both threads make the first write to an fd of their own, then close_range(2) closes the
 * two. else: one thread writes to an fd that is a file while the other makes it the pipe, by WAY;
 * the other is later with each try, by MICROSECONDS. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"

enum { PIECE = 900, PIECES = 3, FD = 100, TRIES_OF_A_CHILD = 400, FARTHEST = 200 };

static char bytes[PIECE];
static const char *way;
static unsigned microseconds;
static int file;
static _Atomic int other_fd; /* 0: the race is over; -1: all of them are */
static _Atomic int ready;    /* how often either has come to a meeting */

static void need(int holds, const char *what)
{
	if (!holds) {
		perror(what);
		_exit(2);
	}
}

static void meet(void)
{
	static _Thread_local int expected;

	expected += 2;
	atomic_fetch_add(&ready, 1);
	while (atomic_load(&ready) < expected)
		sched_yield();
}

/* Whoever is a little later meets the other in another of its steps. */
static void dawdle(int steps)
{
	if (microseconds) {
		usleep(microseconds * (unsigned)steps);
		return;
	}
	for (volatile int i = 0; i < steps; i++)
		;
}

static void *other_thread(void *nothing)
{
	for (;;) {
		meet();
		int fd = atomic_load(&other_fd);

		if (fd < 0)
			return nothing;
		ssize_t written = write(fd, "x", 1);

		(void)written; /* or the other has just closed it */
		meet();
	}
}

static void race(int fd, int steps, void (*ours)(int fd))
{
	atomic_store(&other_fd, fd);
	meet();
	dawdle(steps);
	ours(fd);
	meet();
}

/* Unseen, as libc would do it. */
static void become_pipe(int fd)
{
	need(raw_dup2(1, fd) == fd, "dup2");
}

static void write_line(int fd)
{
	for (int i = 0; i < PIECES; i++)
		need(write(fd, bytes, PIECE) == PIECE, "write");
	need(write(fd, "\n", 1) == 1, "write");
}

static void change(int fd)
{
	if (!strcmp(way, "dup2"))
		dup2(1, fd);
	else if (!strcmp(way, "dup3"))
		dup3(1, fd, 0);
	else if (!strcmp(way, "dup3 by number"))
		syscall(SYS_dup3, 1L, (long)fd, 0L);
	else if (!strcmp(way, "close"))
		close(fd);
	else if (!strcmp(way, "close by number"))
		syscall(SYS_close, (long)fd);
	else if (!strcmp(way, "close_range by number"))
		syscall(SYS_close_range, (long)fd, (long)fd, 0L);
	else
		need(0, way);
	if (!strncmp(way, "close", 5))
		become_pipe(fd);
}

static void try_change(int try)
{
	need(dup2(file, FD) == FD, "dup2");
	race(FD, try % FARTHEST, change);
	write_line(FD);
}

static void write_next(int fd)
{
	need(write(fd - 1, "x", 1) == 1, "write");
}

/* The higher fd is the other thread's. */
static void try_first(int try)
{
	int high = FD + 2 * (try % TRIES_OF_A_CHILD) + 1;

	need(raw_dup2(file, high - 1) == high - 1 && raw_dup2(file, high) == high, "dup2");
	race(high, try % FARTHEST, write_next);
	need(!syscall(SYS_close_range, (long)high - 1, (long)high, 0L), "close_range");
	for (int fd = high - 1; fd <= high; fd++) {
		become_pipe(fd);
		write_line(fd);
		need(raw_dup2(file, fd) == fd, "dup2");
	}
}

static void try_all(int tries)
{
	pthread_t other;

	need(!pthread_create(&other, NULL, other_thread, NULL), "pthread_create");
	for (int try = 0; try < tries; try++)
		if (!strcmp(way, "first"))
			try_first(try);
		else
			try_change(try);
	atomic_store(&other_fd, -1);
	meet();
	pthread_join(other, NULL);
}

/* In children, whose fds have not been written to yet. */
int main(int argc, char **argv)
{
	need(argc == 3 || argc == 4, "races WAY TRIES [MICROSECONDS]");
	microseconds = argc == 4 ? (unsigned)atoi(argv[3]) : 0;
	way = argv[1];
	memset(bytes, 'r', PIECE);
	file = open("raced", O_RDWR | O_CREAT, 0600);
	for (int tries = atoi(argv[2]); tries > 0; tries -= TRIES_OF_A_CHILD) {
		int status;
		pid_t child = fork();

		if (child == 0) {
			try_all(tries < TRIES_OF_A_CHILD ? tries : TRIES_OF_A_CHILD);
			_exit(0);
		}
		need(child > 0 && waitpid(child, &status, 0) == child && !status, "child");
	}
	return 0;
}
