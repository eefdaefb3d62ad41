/* The probe. Facts: ld.so(8) and elf(5); glibc elf/rtld.c and elf/dl-load.c have the loader's
 * messages ("… cannot be preloaded (…): ignored."), musl ldso/dynlink.c has none; statvfs(3);
 * AddressSanitizer's message is that of compiler-rt lib/asan/asan_linux.cpp. */
#include "probe.h"

#include <bsd/string.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "limiter.h"
#include "ways/ways.h"

enum {
	PATIENCE = 60, /* seconds, after which a way that hangs has failed */
	TAIL = 512,
};

/* What a stream gave until it ended. */
struct heard {
	int fd;
	size_t column, longest; /* of its lines */
	size_t length;		/* of start */
	char start[PROBE_TEXT];
	char tail[2 * TAIL]; /* the last bytes, NUL-terminated */
	size_t tail_length;
};

struct outcome {
	const char *failed; /* what could not be done to start it, or NULL; with error */
	int error;
	int status; /* wait(2) */
	struct heard out, err;
};

/* --- start a program -------------------------------------------------------------------------- */

struct start {
	const char *preload, *way;
	int fd;
	bool socket, own_settings;
};

static const char *format(const char *template, ...) __attribute__((format(printf, 1, 2)));

static const char *format(const char *template, ...)
{
	char *text;
	va_list list;

	va_start(list, template);
	int n = vasprintf(&text, template, list);
	va_end(list);
	return n < 0 ? "no memory" : text;
}

static void set_environment(const struct probe *probe, const struct start *start)
{
	static const struct {
		const char *name, *value;
	} defaults[] = {
		{"LINECAP_MAX", "16384"},    {"LINECAP_MODE", "split"}, {"LINECAP_MARK", ""},
		{"LINECAP_TARGET", "stdio"}, {"LINECAP_STATS", ""},
	};

	setenv("LD_PRELOAD", start->preload, 1);
	setenv(WAYS_WAY, start->way, 1);
	setenv(WAYS_FD, start->fd == 1 ? "1" : "2", 1);
	setenv(WAYS_PROGRAM, probe->program, 1);
	for (size_t i = 0; !start->own_settings && i < sizeof defaults / sizeof *defaults; i++)
		setenv(defaults[i].name, defaults[i].value, 1);
}

/* In the child. Its ends are above 2. */
_Noreturn static void become(const struct probe *probe, const struct start *start, int in, int out,
			     int err)
{
	dup2(in, 0);
	dup2(start->fd == 1 ? out : err, 1);
	dup2(start->fd == 1 ? err : out, 2);
	set_environment(probe, start);
	alarm(PATIENCE);
	execl(probe->program, probe->program, "--version", (char *)NULL);
	dprintf(2, WAYS_SAYS "start %s: %s\n", probe->program, strerror(errno));
	_exit(WAYS_BROKEN);
}

static void hear(struct heard *heard, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		heard->column = bytes[i] == '\n' ? 0 : heard->column + 1;
		if (heard->column > heard->longest)
			heard->longest = heard->column;
		if (heard->length < sizeof heard->start - 1)
			heard->start[heard->length++] = bytes[i];
		if (heard->tail_length == sizeof heard->tail - 1) {
			memmove(heard->tail, heard->tail + TAIL, TAIL - 1);
			heard->tail_length = TAIL - 1;
		}
		heard->tail[heard->tail_length++] = bytes[i];
	}
}

/* Until both have ended, or nothing has come for longer than any way may take. */
static void listen_to(struct outcome *outcome)
{
	static char bytes[65536];
	struct heard *const both[] = {&outcome->out, &outcome->err};
	struct pollfd ends[] = {{outcome->out.fd, POLLIN, 0}, {outcome->err.fd, POLLIN, 0}};

	while ((ends[0].fd >= 0 || ends[1].fd >= 0) && poll(ends, 2, (PATIENCE + 5) * 1000) > 0)
		for (int i = 0; i < 2; i++) {
			if (ends[i].fd < 0 || !ends[i].revents)
				continue;
			ssize_t n = read(ends[i].fd, bytes, sizeof bytes);

			if (n > 0)
				hear(both[i], bytes, (size_t)n);
			else
				ends[i].fd = -1;
		}
	outcome->out.start[outcome->out.length] = outcome->out.tail[outcome->out.tail_length] =
		'\0';
	outcome->err.start[outcome->err.length] = outcome->err.tail[outcome->err.tail_length] =
		'\0';
}

static void close_all(const int fds[], int count)
{
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* A descriptor above 2, so that none of those that are put in place is lost on the way. */
static int above_stdio(int fd)
{
	if (fd < 0 || fd > 2)
		return fd;
	int above = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	close(fd);
	return above;
}

static bool open_pair(int ends[2], bool socket)
{
	if (socket ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
		   : pipe2(ends, O_CLOEXEC))
		return false;
	ends[0] = above_stdio(ends[0]);
	ends[1] = above_stdio(ends[1]);
	return ends[0] >= 0 && ends[1] >= 0;
}

/* One at a time: the outcome is overwritten by the next. */
static struct outcome *run(const struct probe *probe, const struct start *start)
{
	static struct outcome outcome;
	int fds[6] = {-1, -1, -1, -1, -1, -1}; /* stdin, the way's, the other: read and write end */
	pid_t child = -1;

	memset(&outcome, 0, sizeof outcome);
	fflush(stdout);
	if (!open_pair(fds, false) || !open_pair(fds + 2, start->socket) ||
	    !open_pair(fds + 4, false))
		outcome.failed = start->socket ? "open a socket" : "open a pipe";
	else if ((child = fork()) < 0)
		outcome.failed = "fork";
	outcome.error = errno;
	if (!child)
		become(probe, start, fds[0], fds[3], fds[5]);
	close_all((int[]){fds[0], fds[1], fds[3], fds[5]}, 4);
	outcome.out.fd = fds[2];
	outcome.err.fd = fds[4];
	if (child > 0) {
		listen_to(&outcome);
		if (waitpid(child, &outcome.status, 0) < 0) {
			outcome.failed = "wait for it";
			outcome.error = errno;
		}
	}
	close_all((int[]){fds[2], fds[4]}, 2);
	return &outcome;
}

/* --- say what was wrong ----------------------------------------------------------------------- */

/* The line of text that begins with `words`, if any, without them. */
static const char *line_after(const char *text, const char *words)
{
	for (const char *at = text; (at = strstr(at, words)); at++)
		if (at == text || at[-1] == '\n')
			return format("%.*s", (int)strcspn(at + strlen(words), "\n"),
				      at + strlen(words));
	return NULL;
}

/* The first line of it that isn't linecap's own. */
static const char *first_line(const char *text)
{
	static const char ours[] = "linecap: ";

	while (!strncmp(text, ours, strlen(ours)) && strchr(text, '\n'))
		text = strchr(text, '\n') + 1;
	return *text ? format("%.*s", (int)strcspn(text, "\n"), text) : NULL;
}

static bool has_exited(const struct outcome *outcome, int status)
{
	return !outcome->failed && WIFEXITED(outcome->status) &&
	       WEXITSTATUS(outcome->status) == status;
}

static const char *failure_of(const struct outcome *outcome)
{
	const char *said;

	if (outcome->failed)
		return format("%s: %s", outcome->failed, strerror(outcome->error));
	if ((said = line_after(outcome->err.start, WAYS_SAYS)) ||
	    (said = line_after(outcome->out.tail, WAYS_SAYS)))
		return said;
	if (WIFSIGNALED(outcome->status) && WTERMSIG(outcome->status) == SIGALRM)
		return format("it didn't end within %d seconds", PATIENCE);
	if (WIFSIGNALED(outcome->status))
		return format("it was ended by signal %d (%s)", WTERMSIG(outcome->status),
			      strsignal(WTERMSIG(outcome->status)));
	said = first_line(outcome->err.start);
	return format("it ended with exit status %d%s%s", WEXITSTATUS(outcome->status),
		      said ? ": " : "", said ? said : "");
}

/* 0, or why the file can't be read by who this is. */
static int read_error(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	return faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) ? errno : 0;
}

static bool read_header(const char *path, Elf64_Ehdr *header)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, header, sizeof *header);

	if (fd >= 0)
		close(fd);
	return n == sizeof *header && !memcmp(header->e_ident, ELFMAG, SELFMAG);
}

/* glibc's loader, on this object. */
static const char *loaders_reason(const char *path, const char *said)
{
	const char *at = strstr(said, path);
	const char *reason = at ? strstr(at, "cannot be preloaded (") : NULL;

	if (!reason || memchr(at, '\n', (size_t)(reason - at)))
		return NULL;
	reason = strchr(reason, '(') + 1;
	return format("%.*s", (int)strcspn(reason, ")\n"), reason);
}

const char *probe_absence(const char *path, const char *program, const char *said)
{
	Elf64_Ehdr library = {0}, its = {0};
	struct statvfs filesystem;
	int error = strchr(path, '/') ? read_error(path) : 0;

	if (error == ENOENT)
		return "doesn't exist";
	if (error == EACCES)
		return format("can't be read by uid %u", (unsigned)geteuid());
	if (error)
		return format("can't be read: %s", strerror(error));
	if (strstr(said, "runtime does not come first"))
		return format(
			"can't be preloaded into %s, which is built with AddressSanitizer and "
			"ends where its runtime isn't first: "
			"ASAN_OPTIONS=verify_asan_link_order=0 lets it start",
			program);
	if (strchr(path, '/') && !read_header(path, &library))
		return "is no ELF file, or half of one";
	if (strchr(path, '/') && read_header(program, &its) &&
	    (library.e_ident[EI_CLASS] != its.e_ident[EI_CLASS] ||
	     library.e_ident[EI_DATA] != its.e_ident[EI_DATA] ||
	     library.e_machine != its.e_machine))
		return format("is made for another machine than %s", program);
	if (strchr(path, '/') && !statvfs(path, &filesystem) && filesystem.f_flag & ST_NOEXEC)
		return "lies on a file system that is mounted noexec, from which nothing can be "
		       "loaded";
	const char *reason = loaders_reason(path, said);

	if (reason)
		return format("can't be loaded into %s: %s", program, reason);
	reason = first_line(said);
	return format("isn't loaded into %s%s%s", program,
		      reason ? ": " : ", and the loader doesn't say why", reason ? reason : "");
}

/* --- facts ------------------------------------------------------------------------------------ */

static void read_copy(struct facts *facts, char *words)
{
	char *path = strchr(words, ' ');

	if (path && facts->copies < PROBE_COPIES) {
		struct probe_copy *copy = &facts->copy[facts->copies];

		*path++ = '\0';
		strlcpy(copy->version, words, sizeof copy->version);
		strlcpy(copy->path, path, sizeof copy->path);
	}
	facts->copies++;
}

static void read_way(struct facts *facts, char *words)
{
	char *output = strchr(words, ' ');
	char *name = output ? strchr(output + 1, ' ') : NULL;

	if (!name || facts->ways == PROBE_WAYS)
		return;
	struct probe_way *way = &facts->way[facts->ways++];

	*output = *name = '\0';
	way->stdout_too = strchr(words, '1');
	way->stderr_too = strchr(words, '2');
	way->socket = !strcmp(output + 1, "socket");
	strlcpy(way->name, name + 1, sizeof way->name);
}

static void read_facts(struct facts *facts, char *text)
{
	for (char *line; (line = strsep(&text, "\n"));) {
		char *words = strchr(line, ' ');

		if (!words)
			continue;
		*words++ = '\0';
		if (!strcmp(line, "libc"))
			strlcpy(facts->libc, words, sizeof facts->libc);
		else if (!strcmp(line, "charge"))
			facts->in_charge = !strcmp(words, "taken");
		else if (!strcmp(line, "copy"))
			read_copy(facts, words);
		else if (!strcmp(line, "way"))
			read_way(facts, words);
	}
	facts->told = facts->ways;
}

static const char *in_order(const struct probe *probe, const char *preload)
{
	if (!*preload)
		return probe->ways;
	return probe->ways_first ? format("%s:%s", probe->ways, preload)
				 : format("%s:%s", preload, probe->ways);
}

void probe_facts(struct probe *probe, const char *preload, struct facts *facts)
{
	struct start start = {.way = WAYS_FACTS, .fd = 1, .own_settings = true};
	struct outcome *outcome;

	memset(facts, 0, sizeof *facts);
	start.preload = in_order(probe, preload);
	outcome = run(probe, &start);
	if (has_exited(outcome, WAYS_EARLY)) {
		probe->ways_first = !probe->ways_first;
		start.preload = in_order(probe, preload);
		outcome = run(probe, &start);
	}
	if (has_exited(outcome, 0))
		read_facts(facts, outcome->out.start);
	if (!facts->told)
		strlcpy(facts->why, failure_of(outcome), sizeof facts->why);
	strlcpy(facts->said, outcome->err.start, sizeof facts->said);
}

/* --- a way ------------------------------------------------------------------------------------ */

/* The first two wherever they are; the others where libc writes past all that it exports:
 * glibc 2.31, and from 2.41 on. */
static bool is_beyond(const struct probe_way *way)
{
	static const char *const names[] = {"raw system call", "io_uring", "syslog with LOG_PERROR",
					    "assert"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(way->name, names[i]))
			return true;
	return false;
}

struct trial probe_try(const struct probe *probe, const char *library, const struct probe_way *way,
		       int fd)
{
	struct start start = {
		.preload = in_order(probe, library),
		.way = way->name,
		.fd = fd,
		.socket = way->socket,
	};

	if (!(fd == 1 ? way->stdout_too : way->stderr_too))
		return (struct trial){UNTRIED, NULL};
	const struct outcome *outcome = run(probe, &start);

	if (has_exited(outcome, WAYS_ABSENT))
		return (struct trial){ABSENT, NULL};
	if (!has_exited(outcome, 0))
		return (struct trial){FAILED, failure_of(outcome)};
	if (!outcome->out.longest)
		return (struct trial){FAILED, "nothing came out"};
	if (outcome->out.longest <= LIMITER_MAX_DEFAULT)
		return (struct trial){CAUGHT, NULL};
	return (struct trial){is_beyond(way) ? BEYOND : NOT_CAUGHT, NULL};
}
