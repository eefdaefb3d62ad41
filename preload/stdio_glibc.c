/* glibc's stdio: its streams never call the exported write, they go through a table of functions.
 *
 * _IO_file_jumps (narrow) and _IO_wfile_jumps (wide) are exported as GLIBC_2.2.5; their layout is
 * struct _IO_jump_t of glibc's libio/libioP.h, unchanged since 1999, in which the 16th word is the
 * write slot. glibc checks that a stream's table lies in its own section (libio/vtables.c, since
 * 2.24), not what the table holds. A slot is changed only where it equals the exported
 * _IO_file_write, and its page is sealed again with the protection that it had. */
#include <stdio.h>
#include <sys/mman.h>

#include "calls.h"
#include "decimal.h"
#include "next.h"
#include "segment.h"
#include "sys.h"

enum {
	WRITE_SLOT = 15,
	FLAG2_NOTCANCEL = 2,	    /* _IO_FLAGS2_NOTCANCEL: fopen(3) mode "c" */
	TOTAL_WRITTEN_OFFSET = 200, /* uint64_t _total_written of a FILE, since glibc 2.42 */
};

/* As libio/fileops.c's _IO_new_file_write: all of the bytes, or the error flag. */
static ssize_t hooked_write(FILE *stream, const void *data, ssize_t n)
{
	bool cancels = !(stream->_flags2 & FLAG2_NOTCANCEL);
	struct call call = {
		.again = again_write,
		.fd = stream->_fileno,
		.way = cancels ? CALL_BY_NAME : CALL_BY_NUMBER,
	};
	ssize_t done = 0;

	if (fdmap_passes(call.fd, (size_t)n))
		return process.glibc_write(stream, data, n);
	while (done < n) {
		const struct iovec iov = {(char *)data + done, (size_t)(n - done)};
		ssize_t count = guard(&call, &iov, 1);

		if (count < 0) {
			stream->_flags |= _IO_ERR_SEEN;
			break;
		}
		done += count;
	}
	if (stream->_offset >= 0)
		stream->_offset += done;
	if (process.glibc_counts_total)
		*(uint64_t *)((char *)stream + TOTAL_WRITTEN_OFFSET) += (uint64_t)done;
	return done;
}

static bool is_since_2_42(void)
{
	const char *text = next.gnu_get_libc_version ? next.gnu_get_libc_version() : "2.0";
	const char *minor = text + 2;
	uint64_t number;

	return text[0] == '2' && text[1] == '.' && decimal_parse(&minor, &number) && number >= 42;
}

static bool protect(uintptr_t from, uintptr_t to, int protection)
{
	return !sys3(SYS_mprotect, from, to - from, protection);
}

bool stdio_glibc_hook(void)
{
	glibc_write **narrow = next._IO_file_jumps, **wide = next._IO_wfile_jumps;

	process.glibc_write = next._IO_file_write;
	if (!narrow || !wide || !process.glibc_write)
		return false;
	glibc_write **low = narrow < wide ? narrow + WRITE_SLOT : wide + WRITE_SLOT;
	glibc_write **high = narrow < wide ? wide + WRITE_SLOT : narrow + WRITE_SLOT;

	if (*low != process.glibc_write || *high != process.glibc_write)
		return false;
	struct segment segment = segment_of((uintptr_t)low);
	uintptr_t page = segment_page();
	uintptr_t from = (uintptr_t)low & ~(page - 1);
	uintptr_t to = ((uintptr_t)(high + 1) + page - 1) & ~(page - 1);
	bool sealed = from < segment.sealed_to && to > segment.sealed_from;

	if (!segment.writable || (uintptr_t)high - (uintptr_t)low > page)
		return false;
	/* A range that is sealed in part only would not get its own protection back. */
	if (sealed && (from < segment.sealed_from || to > segment.sealed_to))
		return false;
	process.glibc_counts_total = is_since_2_42();
	if (sealed && !protect(from, to, PROT_READ | PROT_WRITE))
		return false;
	*low = *high = hooked_write;
	if (sealed)
		protect(from, to, PROT_READ);
	return true;
}
