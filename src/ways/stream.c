/* The ways through stdio, and through what libc prints by itself. Streams are left to exit() to
 * flush. */
#include "text.h"

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>

/* From 1.2.4 on musl's loader finds these for old programs, but musl's list of symbols lacks them.
 */
#pragma weak fopen64
#pragma weak freopen64

/* What a program built with _FORTIFY_SOURCE calls; musl has none of them. */
extern int __printf_chk(int, const char *, ...) __attribute__((weak));
extern int __fprintf_chk(FILE *, int, const char *, ...) __attribute__((weak));

/* glibc's alone. */
extern void error(int, int, const char *, ...) __attribute__((weak, format(printf, 3, 4)));

static FILE *stream(int fd)
{
	return fd == 1 ? stdout : stderr;
}

static void printed(int fd)
{
	(void)fd;
	printf("%s", line);
}

static void printed_checked(int fd)
{
	(void)fd;
	need(__printf_chk);
	__printf_chk(1, "%s", line);
}

static void printed_to(int fd)
{
	fprintf(stream(fd), "%s", line);
}

static void printed_to_checked(int fd)
{
	need(__fprintf_chk);
	__fprintf_chk(stream(fd), 1, "%s", line);
}

__attribute__((format(printf, 2, 3))) static void by_list(int fd, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vfprintf(stream(fd), format, list);
	va_end(list);
}

static void printed_list(int fd)
{
	by_list(fd, "%s", line);
}

static void put_s(int fd)
{
	(void)fd;
	puts(text);
}

static void put_string(int fd)
{
	fputs(line, stream(fd));
}

static void put_string_unlocked(int fd)
{
	fputs_unlocked(line, stream(fd));
}

static void put_block(int fd)
{
	fwrite(line, 1, line_length, stream(fd));
}

static void put_block_unlocked(int fd)
{
	fwrite_unlocked(line, 1, line_length, stream(fd));
}

static void put_chars(int fd)
{
	for (const char *c = line; *c; c++)
		putc(*c, stream(fd));
}

static void put_chars_by_function(int fd)
{
	for (const char *c = line; *c; c++)
		fputc(*c, stream(fd));
}

static void put_chars_unlocked(int fd)
{
	for (const char *c = line; *c; c++)
		putc_unlocked(*c, stream(fd));
}

static void put_chars_to_stdout(int fd)
{
	(void)fd;
	for (const char *c = line; *c; c++)
		putchar(*c);
}

static void put_chars_to_stdout_unlocked(int fd)
{
	(void)fd;
	for (const char *c = line; *c; c++)
		putchar_unlocked(*c);
}

static void put_words(int fd)
{
	for (size_t at = 0; at < TEXT_LENGTH; at += sizeof(int)) {
		int word;

		memcpy(&word, text + at, sizeof word);
		putw(word, stream(fd));
	}
}

static void printed_wide(int fd)
{
	fwprintf(stream(fd), L"%s", line);
}

static void put_wide_chars(int fd)
{
	for (const char *c = line; *c; c++)
		fputwc((wchar_t)*c, stream(fd));
}

static void put_wide_string(int fd)
{
	static wchar_t wide[TEXT_LENGTH + 100];

	mbstowcs(wide, line, TEXT_LENGTH + 99);
	fputws(wide, stream(fd));
}

static void unbuffered(int fd)
{
	setvbuf(stream(fd), NULL, _IONBF, 0);
	put_string(fd);
}

static void unbuffered_chars(int fd)
{
	setvbuf(stream(fd), NULL, _IONBF, 0);
	put_chars(fd);
}

static void line_buffered(int fd)
{
	setvbuf(stream(fd), NULL, _IOLBF, 512);
	put_chars(fd);
}

static void flushed_at_exit(int fd)
{
	static char buffer[2 * TEXT_LENGTH];

	setvbuf(stream(fd), buffer, _IOFBF, sizeof buffer);
	put_string(fd);
}

static void flushed_by_fclose(int fd)
{
	flushed_at_exit(fd);
	fclose(stream(fd));
}

static void flushed_by_fflush_of_all(int fd)
{
	flushed_at_exit(fd);
	fflush(NULL);
	_exit(0);
}

static void onto(FILE *file)
{
	if (!file)
		broken("open a stream");
	fputs(line, file);
}

static void file_on_a_dup(int fd)
{
	onto(fdopen(dup(fd), "w"));
}

static void file_on_dev(int fd)
{
	const char *path = fd == 1 ? "/dev/stdout" : "/dev/stderr";

	need_file(path);
	onto(fopen(path, "w"));
}

static void file_on_proc(int fd)
{
	onto(fopen(path_of(fd), "a"));
}

static void file_on_proc_64(int fd)
{
	onto(fopen64(path_of(fd), "w"));
}

static void file_opened_anew(int fd)
{
	onto(freopen(path_of(dup(fd)), "w", stream(fd)));
}

static void file_opened_anew_64(int fd)
{
	onto(freopen64(path_of(dup(fd)), "w", stream(fd)));
}

static void another_file_opened_anew(int fd)
{
	need_file("/dev/null");
	onto(freopen(path_of(fd), "w", fopen("/dev/null", "r")));
}

static ssize_t cookie_write(void *fd, const char *bytes, size_t n)
{
	return write(*(int *)fd, bytes, n);
}

static void file_on_a_cookie(int fd)
{
	static int under;
	under = fd;
	onto(fopencookie(&under, "w", (cookie_io_functions_t){.write = cookie_write}));
}

static void by_perror(int fd)
{
	(void)fd;
	errno = EINVAL;
	perror(text);
}

static void by_err(int fd)
{
	(void)fd;
	errno = EINVAL;
	err(0, "%s", text);
}

static void by_errx(int fd)
{
	(void)fd;
	errx(0, "%s", text);
}

static void by_warn(int fd)
{
	(void)fd;
	errno = EINVAL;
	warn("%s", text);
}

static void by_warnx(int fd)
{
	(void)fd;
	warnx("%s", text);
}

static void by_error(int fd)
{
	(void)fd;
	need(error);
	error(0, EINVAL, "%s", text);
}

static void by_psignal(int fd)
{
	(void)fd;
	psignal(SIGTERM, text);
}

/* musl cuts the message. */
static void by_syslog(int fd)
{
	(void)fd;
	need(gnu_get_libc_version);
	openlog("ways", LOG_PERROR, LOG_USER);
	syslog(LOG_DEBUG, "%s", text);
}

static void by_assert(int fd)
{
	int status;
	pid_t child = fork();

	(void)fd;
	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		__assert_fail(text, "file", 1, "function");
	}
	if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		broken("assert");
}

const struct way stream_ways[] = {
	{"printf", STDOUT, PIPE, NULL, printed},
	{"__printf_chk", STDOUT, PIPE, NULL, printed_checked},
	{"fprintf", EITHER, PIPE, NULL, printed_to},
	{"__fprintf_chk", EITHER, PIPE, NULL, printed_to_checked},
	{"vfprintf", EITHER, PIPE, NULL, printed_list},
	{"puts", STDOUT, PIPE, NULL, put_s},
	{"fputs", EITHER, PIPE, NULL, put_string},
	{"fputs_unlocked", EITHER, PIPE, NULL, put_string_unlocked},
	{"fwrite", EITHER, PIPE, NULL, put_block},
	{"fwrite_unlocked", EITHER, PIPE, NULL, put_block_unlocked},
	{"putc", EITHER, PIPE, NULL, put_chars},
	{"fputc", EITHER, PIPE, NULL, put_chars_by_function},
	{"putc_unlocked", EITHER, PIPE, NULL, put_chars_unlocked},
	{"putchar", STDOUT, PIPE, NULL, put_chars_to_stdout},
	{"putchar_unlocked", STDOUT, PIPE, NULL, put_chars_to_stdout_unlocked},
	{"putw", EITHER, PIPE, NULL, put_words},
	{"fwprintf", EITHER, PIPE, NULL, printed_wide},
	{"fputwc", EITHER, PIPE, NULL, put_wide_chars},
	{"fputws", EITHER, PIPE, NULL, put_wide_string},
	{"fputs, unbuffered", EITHER, PIPE, NULL, unbuffered},
	{"putc, unbuffered", EITHER, PIPE, NULL, unbuffered_chars},
	{"putc, line-buffered", EITHER, PIPE, NULL, line_buffered},
	{"fputs, flushed at exit", EITHER, PIPE, NULL, flushed_at_exit},
	{"fputs, flushed by fclose", EITHER, PIPE, NULL, flushed_by_fclose},
	{"fputs, flushed by fflush(NULL)", EITHER, PIPE, NULL, flushed_by_fflush_of_all},
	{"fputs to a socket", EITHER, SOCKET, NULL, put_string},
	{"fdopen of a dup", EITHER, PIPE, NULL, file_on_a_dup},
	{"fopen of /dev/std*", EITHER, PIPE, NULL, file_on_dev},
	{"fopen of /proc/self/fd/N", EITHER, PIPE, NULL, file_on_proc},
	{"fopen64 of /proc/self/fd/N", EITHER, PIPE, NULL, file_on_proc_64},
	{"freopen", EITHER, PIPE, NULL, file_opened_anew},
	{"freopen64", EITHER, PIPE, NULL, file_opened_anew_64},
	{"freopen of another file", EITHER, PIPE, NULL, another_file_opened_anew},
	{"fopencookie", EITHER, PIPE, NULL, file_on_a_cookie},
	{"perror", STDERR, PIPE, NULL, by_perror},
	{"err", STDERR, PIPE, NULL, by_err},
	{"errx", STDERR, PIPE, NULL, by_errx},
	{"warn", STDERR, PIPE, NULL, by_warn},
	{"warnx", STDERR, PIPE, NULL, by_warnx},
	{"error", STDERR, PIPE, NULL, by_error},
	{"psignal", STDERR, PIPE, NULL, by_psignal},
	{"syslog with LOG_PERROR", STDERR, PIPE, NULL, by_syslog},
	{"assert", STDERR, PIPE, NULL, by_assert},
	{0},
};
