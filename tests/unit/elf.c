/* Program files as elf_look sees them. Most of what it has to tell apart is in program.c, which
 * asks by way of it; here is what that doesn't see. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "elf.h"
#include "folder.h"

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static char interpreter[ELF_INTERPRETER];

enum { SEGMENTS = 3, FAR = 64 * 1024 };

/* A dynamic program with two notes, one of them far from its headers. */
struct image {
	ElfW(Ehdr) header;
	ElfW(Phdr) segments[SEGMENTS];
	ElfW(Nhdr) near;
	char near_name[8];
	char gap[FAR];
	ElfW(Nhdr) far;
	char far_name[8];
};

static struct image image;

static void make_image(void)
{
	memset(&image, 0, sizeof image);
	image.header = __ehdr_start;
	image.header.e_phoff = offsetof(struct image, segments);
	image.header.e_phnum = SEGMENTS;
	image.segments[0].p_type = PT_INTERP;
	image.segments[1].p_type = PT_NOTE;
	image.segments[1].p_offset = offsetof(struct image, near);
	image.segments[1].p_filesz = sizeof image.near + sizeof image.near_name;
	image.segments[2].p_type = PT_NOTE;
	image.segments[2].p_offset = offsetof(struct image, far);
	image.segments[2].p_filesz = sizeof image.far + sizeof image.far_name;
	image.near.n_namesz = image.far.n_namesz = sizeof image.near_name;
}

static struct elf look_at(const void *bytes, size_t n)
{
	int fd = open("file", O_WRONLY | O_CREAT | O_TRUNC, 0755);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || close(fd))
		fail_msg("file: %s", strerror(errno));
	return elf_look(AT_FDCWD, "file", interpreter);
}

static void a_note_is_found_far_from_the_headers(void **state)
{
	(void)state;
	make_image();
	assert_int_equal(look_at(&image, sizeof image).kind, ELF_REACHED);
	image.far.n_namesz = 4;
	strcpy(image.far_name, "Go");
	assert_int_equal(look_at(&image, sizeof image).kind, ELF_GO);
	assert_int_equal(look_at(&image, sizeof image - sizeof image.far_name).kind, ELF_REACHED);
}

static void headers_at_the_end_of_the_file_are_found(void **state)
{
	(void)state;
	make_image();
	image.header.e_phoff = offsetof(struct image, far) - sizeof image.segments;
	memcpy((char *)&image + image.header.e_phoff, image.segments, sizeof image.segments);
	assert_int_equal(look_at(&image, sizeof image).kind, ELF_REACHED);
}

static void a_linecap_is_known_by_its_note_however_it_is_linked(void **state)
{
	(void)state;
	make_image();
	strcpy(image.near_name, "linecap");
	assert_int_equal(look_at(&image, sizeof image).kind, ELF_LINECAP);
	image.segments[0].p_type = PT_NULL;
	assert_int_equal(look_at(&image, sizeof image).kind, ELF_LINECAP);
	strcpy(image.near_name, "linecan");
	assert_int_equal(look_at(&image, sizeof image).kind, ELF_STATIC);
}

static void the_version_note_is_in_this_very_program(void **state)
{
	(void)state;
	assert_int_equal(elf_look(AT_FDCWD, "/proc/self/exe", interpreter).kind, ELF_LINECAP);
}

static void a_script_names_its_interpreter_in_the_very_place_of_its_path(void **state)
{
	static const char script[] = "#! /bin/some -e\n";

	(void)state;
	assert_int_equal(look_at(script, sizeof script - 1).kind, ELF_SCRIPT);
	assert_string_equal(interpreter, "/bin/some");
	strcpy(interpreter, "file");
	assert_int_equal(elf_look(AT_FDCWD, interpreter, interpreter).kind, ELF_SCRIPT);
	assert_string_equal(interpreter, "/bin/some");
}

static void a_look_below_an_open_folder_is_a_look_there(void **state)
{
	int folder = open("/", O_PATH | O_DIRECTORY);

	(void)state;
	assert_int_equal(elf_look(folder, "proc/self/exe", interpreter).kind, ELF_LINECAP);
	close(folder);
}

static void what_can_not_be_looked_at_has_its_error_and_errno_stays(void **state)
{
	(void)state;
	mkfifo("fifo", 0600);
	errno = EILSEQ;
	assert_int_equal(elf_look(AT_FDCWD, "none", interpreter).error, ENOENT);
	assert_int_equal(elf_look(AT_FDCWD, "/", interpreter).error, EISDIR);
	assert_int_equal(elf_look(AT_FDCWD, "/dev/null/x", interpreter).error, ENOTDIR);
	assert_int_equal(elf_look(AT_FDCWD, "fifo", interpreter).error, ESPIPE); /* nobody waits */
	assert_int_equal(errno, EILSEQ);
}

static void a_path_that_is_no_memory_is_an_error(void **state)
{
	(void)state;
	assert_int_equal(elf_look(AT_FDCWD, NULL, interpreter).error, EFAULT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_note_is_found_far_from_the_headers),
		cmocka_unit_test(headers_at_the_end_of_the_file_are_found),
		cmocka_unit_test(a_linecap_is_known_by_its_note_however_it_is_linked),
		cmocka_unit_test(the_version_note_is_in_this_very_program),
		cmocka_unit_test(a_script_names_its_interpreter_in_the_very_place_of_its_path),
		cmocka_unit_test(a_look_below_an_open_folder_is_a_look_there),
		cmocka_unit_test(what_can_not_be_looked_at_has_its_error_and_errno_stays),
		cmocka_unit_test(a_path_that_is_no_memory_is_an_error),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("elf", tests, folder_enter, folder_leave);
}
