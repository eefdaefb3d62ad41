/* glibc's stdio: its streams never call the exported write, they go through a table of functions.
 *
 * _IO_file_jumps (narrow) and _IO_wfile_jumps (wide) are exported as GLIBC_2.2.5; their layout is
 * struct _IO_jump_t of glibc's libio/libioP.h, unchanged since 1999, in which the 16th word is the
 * write slot. glibc checks that a stream's table lies in its own section (libio/vtables.c, since
 * 2.24), not what the table holds. A slot is changed only where it equals the exported
 * _IO_file_write, and its page is sealed again with the protection that it had. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "next.h"
#include "raw.h"
#include "segment.h"

enum {
	WRITE_SLOT = 15,
	FLAG2_NOTCANCEL = 2,	    /* _IO_FLAGS2_NOTCANCEL: fopen(3) mode "c" */
	TOTAL_WRITTEN_OFFSET = 200, /* uint64_t _total_written of a FILE, since glibc 2.42 */
};

typedef ssize_t write_function(FILE *stream, const void *data, ssize_t n);

static write_function *file_write;
static bool counts_total;

/* As libio/fileops.c's _IO_new_file_write: all of the bytes, or the error flag. */
static ssize_t hooked_write(FILE *stream, const void *data, ssize_t n)
{
	bool cancels = !(stream->_flags2 & FLAG2_NOTCANCEL);
	struct call call = {
		.again = cancels ? again_write : again_syscall_write,
		.fd = stream->_fileno,
	};
	ssize_t done = 0;

	if (fdmap_entry(call.fd) == FD_OTHER)
		return file_write(stream, data, n);
	while (done < n) {
		const struct iovec iov = {(char *)data + done, (size_t)(n - done)};
		ssize_t count = passage(&call, &iov, 1);

		if (count < 0) {
			stream->_flags |= _IO_ERR_SEEN;
			break;
		}
		done += count;
	}
	if (stream->_offset >= 0)
		stream->_offset += done;
	if (counts_total)
		*(uint64_t *)((char *)stream + TOTAL_WRITTEN_OFFSET) += (uint64_t)done;
	return done;
}

static bool is_since_2_42(void)
{
	const char *(*version)(void) =
		(const char *(*)(void))next_function_anywhere("gnu_get_libc_version");
	const char *text = version ? version() : "2.0";

	return text[0] == '2' && text[1] == '.' && atoi(text + 2) >= 42;
}

static bool protect(uintptr_t from, uintptr_t to, int protection)
{
	return !raw3(SYS_mprotect, from, to - from, protection);
}

bool stdio_glibc_hook(void)
{
	write_function **narrow = next_data_anywhere("_IO_file_jumps");
	write_function **wide = next_data_anywhere("_IO_wfile_jumps");

	file_write = (write_function *)next_function_anywhere("_IO_file_write");
	if (!narrow || !wide || !file_write)
		return false;
	write_function **low = narrow < wide ? narrow + WRITE_SLOT : wide + WRITE_SLOT;
	write_function **high = narrow < wide ? wide + WRITE_SLOT : narrow + WRITE_SLOT;

	if (*low != file_write || *high != file_write)
		return false;
	struct segment segment = segment_of((uintptr_t)low);
	uintptr_t page = (uintptr_t)getpagesize();
	uintptr_t from = (uintptr_t)low & ~(page - 1);
	uintptr_t to = ((uintptr_t)(high + 1) + page - 1) & ~(page - 1);
	bool sealed = from < segment.sealed_to && to > segment.sealed_from;

	if (!segment.writable || (uintptr_t)high - (uintptr_t)low > page)
		return false;
	/* A range that is sealed in part only would not get its own protection back. */
	if (sealed && (from < segment.sealed_from || to > segment.sealed_to))
		return false;
	counts_total = is_since_2_42();
	if (sealed && !protect(from, to, PROT_READ | PROT_WRITE))
		return false;
	*low = *high = hooked_write;
	if (sealed)
		protect(from, to, PROT_READ);
	return true;
}
