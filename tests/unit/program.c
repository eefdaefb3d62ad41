/* The program: PATH, `#!` and ELF files, made up byte by byte; then real ones with bytes changed.
 * What takes rights (setuid, capabilities, Go) is in tests/cli/run.bats. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

#include "cmd/program.h"
#include "dice.h"
#include "folder.h"

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

static const char *write_file(const char *name, const void *bytes, size_t n, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fchmod(fd, mode) || close(fd))
		fail_msg("%s: %s", name, strerror(errno));
	return name;
}

static const char *write_script(const char *name, const char *text)
{
	return write_file(name, text, strlen(text), 0755);
}

enum { SEGMENTS = 2, SECTIONS = 2 };

/* A program for this machine: a loader's name and a note, and section names. */
struct image {
	ElfW(Ehdr) header;
	ElfW(Phdr) segments[SEGMENTS];
	ElfW(Shdr) sections[SECTIONS];
	ElfW(Nhdr) note[2];
	char note_name[8];
	char names[64];
};

static struct image dynamic_image(void)
{
	struct image image = {.header = __ehdr_start};

	image.header.e_phoff = offsetof(struct image, segments);
	image.header.e_phnum = SEGMENTS;
	image.header.e_shoff = offsetof(struct image, sections);
	image.header.e_shnum = SECTIONS;
	image.header.e_shstrndx = 1;
	image.segments[0].p_type = PT_INTERP;
	image.segments[1].p_type = PT_NOTE;
	image.segments[1].p_offset = offsetof(struct image, note);
	image.segments[1].p_filesz = sizeof image.note + sizeof image.note_name;
	image.note[0].n_namesz = 4;
	image.sections[1].sh_offset = offsetof(struct image, names);
	return image;
}

static enum program_verdict verdict_of(const struct image *image)
{
	return program_of(write_file("./image", image, sizeof *image, 0755)).verdict;
}

static void a_program_with_a_loader_is_reached(void **state)
{
	struct image image = dynamic_image();

	(void)state;
	assert_int_equal(verdict_of(&image), PROGRAM_REACHED);
	assert_int_equal(program_of("/proc/self/exe").verdict, PROGRAM_REACHED);
}

static void a_program_without_a_loader_is_static(void **state)
{
	struct image image = dynamic_image();

	(void)state;
	image.segments[0].p_type = PT_LOAD;
	assert_int_equal(verdict_of(&image), PROGRAM_STATIC);
}

static void another_class_byte_order_or_machine_is_foreign(void **state)
{
	struct image image = dynamic_image();

	(void)state;
	image.header.e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
	assert_int_equal(verdict_of(&image), PROGRAM_FOREIGN);
	image = dynamic_image();
	image.header.e_ident[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
	assert_int_equal(verdict_of(&image), PROGRAM_FOREIGN);
	image = dynamic_image();
	image.header.e_machine++;
	assert_int_equal(verdict_of(&image), PROGRAM_FOREIGN);
}

static void go_is_told_by_its_note(void **state)
{
	struct image image = dynamic_image();

	(void)state;
	image.note[0].n_type = 4;
	memcpy(&image.note[1], "Go\0", 4);
	assert_int_equal(verdict_of(&image), PROGRAM_GO);
	image.segments[0].p_type = PT_LOAD; /* a static one too: it is Go that matters */
	assert_int_equal(verdict_of(&image), PROGRAM_GO);
}

static void go_is_told_by_a_note_behind_another(void **state)
{
	struct {
		struct image image;
		ElfW(Nhdr) first;
		char first_name[4], first_text[8];
		ElfW(Nhdr) second;
		char second_name[4];
	} file = {.image = dynamic_image(), .first_name = "GNU", .second_name = "Go"};

	(void)state;
	file.first = (ElfW(Nhdr)){.n_namesz = 3, .n_descsz = 5};
	file.second.n_namesz = 4;
	file.image.segments[1].p_offset = sizeof file.image;
	file.image.segments[1].p_filesz = sizeof file - sizeof file.image;
	write_file("./image", &file, sizeof file, 0755);
	assert_int_equal(program_of("./image").verdict, PROGRAM_GO);
}

static void go_is_told_by_its_section(void **state)
{
	struct image image = dynamic_image();

	(void)state;
	image.sections[0].sh_name = 1;
	strcpy(image.names + 1, ".go.buildinfo");
	assert_int_equal(verdict_of(&image), PROGRAM_GO);
	image.names[1] = 'x';
	assert_int_equal(verdict_of(&image), PROGRAM_REACHED);
}

static void numbers_that_lie_lead_nowhere(void **state)
{
	struct image image = dynamic_image();

	(void)state;
	image.header.e_phoff = UINT64_MAX - 7;
	assert_int_equal(verdict_of(&image), PROGRAM_UNKNOWN);
	image = dynamic_image();
	image.segments[1].p_filesz = UINT64_MAX;
	image.note[0].n_namesz = UINT32_MAX;
	image.note[0].n_descsz = UINT32_MAX;
	image.header.e_shoff = UINT64_MAX - 100;
	assert_int_equal(verdict_of(&image), PROGRAM_REACHED);
	image = dynamic_image();
	image.header.e_shnum = UINT16_MAX;
	image.sections[1].sh_offset = UINT64_MAX;
	assert_int_equal(verdict_of(&image), PROGRAM_REACHED);
}

static void a_file_cut_short_is_judged_all_the_same(void **state)
{
	struct image image = dynamic_image();

	(void)state;
	for (size_t n = 0; n < sizeof image; n++) {
		write_file("./image", &image, n, 0755);
		enum program_verdict verdict = program_of("./image").verdict;

		if (n < offsetof(struct image, sections))
			assert_int_not_equal(verdict, PROGRAM_REACHED);
	}
}

static void what_is_neither_elf_nor_script_is_unknown(void **state)
{
	static const char *const texts[] = {
		"", "#", "echo no interpreter\n", "#!", "#! \t\n", "\177EL", "#!\n/bin/sh"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct program program = program_of(write_script("./text", texts[i]));

		assert_int_equal(program.verdict, PROGRAM_UNKNOWN);
		assert_string_equal(program.path, "./text");
	}
}

static void a_script_is_its_interpreter(void **state)
{
	static const char *const lines[] = {
		"#!./image",	  "#!./image\n",       "#! \t ./image\n",
		"#!./image -x\n", "#!./image\t-x y\n", "#!./image \n./other\n",
	};
	struct image image = dynamic_image();

	(void)state;
	verdict_of(&image);
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct program program = program_of(write_script("./script", lines[i]));

		assert_int_equal(program.verdict, PROGRAM_REACHED);
		assert_string_equal(program.path, "./image");
	}
}

static void five_scripts_lead_to_a_program_and_six_do_not(void **state)
{
	char name[32], line[48];

	(void)state;
	write_script("./script0", "#!/proc/self/exe\n");
	for (int i = 1; i <= 5; i++) {
		snprintf(line, sizeof line, "#!./script%d\n", i - 1);
		snprintf(name, sizeof name, "./script%d", i);
		write_script(name, line);
	}
	assert_int_equal(program_of("./script4").verdict, PROGRAM_REACHED);
	struct program sixth = program_of("./script5");

	assert_int_equal(sixth.verdict, PROGRAM_ABSENT);
	assert_int_equal(sixth.error, ELOOP);
}

static void an_interpreter_that_is_missing_is_what_is_absent(void **state)
{
	struct program program = program_of(write_script("./script", "#!/no/such/shell -e\n"));

	(void)state;
	assert_int_equal(program.verdict, PROGRAM_ABSENT);
	assert_int_equal(program.error, ENOENT);
	assert_string_equal(program.path, "/no/such/shell");
}

static void a_first_line_longer_than_the_kernel_reads_is_no_interpreter(void **state)
{
	char line[400];

	(void)state;
	memset(line, '/', sizeof line);
	memcpy(line, "#!", 2);
	memcpy(line + 255 - 7, "./image\n", 8); /* ends at the 255th byte: still seen */
	write_file("./script", line, sizeof line, 0755);
	assert_int_not_equal(program_of("./script").verdict, PROGRAM_UNKNOWN);
	memset(line + 2, '/', sizeof line - 2);
	write_file("./script", line, sizeof line, 0755);
	assert_int_equal(program_of("./script").verdict, PROGRAM_UNKNOWN);
}

static void path_is_searched_as_execvp_does(void **state)
{
	static const struct {
		const char *path, *command;
		int error;
		const char *found;
	} rows[] = {
		{"a:b", "tool", 0, "b/tool"},  /* a/tool may not be run */
		{"a", "tool", EACCES, "tool"}, /* which is remembered */
		{"a:none", "tool", EACCES, "tool"},
		{"none:/etc/passwd", "tool", ENOENT, "tool"},
		{"b", "./tool", 0, "./tool"}, /* a slash: no search */
		{"", "tool", 0, "tool"},      /* an empty entry is here */
		{"none:", "tool", 0, "tool"},
		{":none", "tool", 0, "tool"},
		{"b", "", ENOENT, ""},
		{"b", "folder", EACCES, "folder"}, /* a folder is no command */
	};
	struct image image = dynamic_image();
	char *path = strdup(getenv("PATH"));

	(void)state;
	mkdir("a", 0755);
	mkdir("b", 0755);
	mkdir("b/folder", 0755);
	write_file("a/tool", &image, sizeof image, 0644);
	write_file("b/tool", &image, sizeof image, 0755);
	write_file("./tool", &image, sizeof image, 0755);
	for (size_t i = 0; i < COUNT(rows); i++) {
		setenv("PATH", rows[i].path, 1);
		if (rows[i].error && i < 4)
			unlink("./tool");
		struct program program = program_of(rows[i].command);

		if (program.error != rows[i].error || strcmp(program.path, rows[i].found) != 0)
			fail_msg("PATH=%s %s: %s, error %d", rows[i].path, rows[i].command,
				 program.path, program.error);
		assert_int_equal(program.verdict, rows[i].error ? PROGRAM_ABSENT : PROGRAM_REACHED);
		write_file("./tool", &image, sizeof image, 0755);
	}
	unsetenv("PATH");
	assert_string_equal(program_of("sh").path, "/bin/sh");
	setenv("PATH", path, 1);
	free(path);
}

static void a_path_too_long_is_an_error_and_no_more(void **state)
{
	char *name = malloc(2 * PATH_MAX);

	(void)state;
	memset(name, 'x', 2 * PATH_MAX - 1);
	name[2 * PATH_MAX - 1] = '\0';
	assert_int_equal(program_of(name).verdict, PROGRAM_ABSENT);
	name[0] = '/';
	assert_int_equal(program_of(name).error, ENAMETOOLONG);
	free(name);
}

static void every_verdict_has_its_reason(void **state)
{
	(void)state;
	for (enum program_verdict verdict = PROGRAM_REACHED; verdict <= PROGRAM_PRIVILEGED;
	     verdict++)
		assert_non_null(program_reason(&(struct program){.verdict = verdict}));
}

/* Bytes of a real header changed: nothing may be read that isn't there (ASan), nor loop. */
static const char *mutate(struct dice *dice)
{
	static char bytes[32 * 1024];
	static size_t length;

	if (!length) {
		int fd = open("/proc/self/exe", O_RDONLY);
		ssize_t n = read(fd, bytes, sizeof bytes);

		close(fd);
		length = n < 0 ? 0 : (size_t)n;
	}
	char mutant[sizeof bytes];

	memcpy(mutant, bytes, length);
	for (size_t i = dice_below(dice, 8) + 1; i; i--)
		mutant[dice_below(dice, 1024)] = (char)dice_next(dice);
	write_file("./mutant", mutant, dice_one_in(dice, 4) ? dice_below(dice, length) : length,
		   0755);
	struct program program = program_of("./mutant");

	return program.verdict > PROGRAM_PRIVILEGED ? "a verdict" : NULL;
}

static void whatever_the_bytes_there_is_a_verdict(void **state)
{
	(void)state;
	assert_null(dice_run("program", 5000, mutate));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_with_a_loader_is_reached),
		cmocka_unit_test(a_program_without_a_loader_is_static),
		cmocka_unit_test(another_class_byte_order_or_machine_is_foreign),
		cmocka_unit_test(go_is_told_by_its_note),
		cmocka_unit_test(go_is_told_by_a_note_behind_another),
		cmocka_unit_test(go_is_told_by_its_section),
		cmocka_unit_test(numbers_that_lie_lead_nowhere),
		cmocka_unit_test(a_file_cut_short_is_judged_all_the_same),
		cmocka_unit_test(what_is_neither_elf_nor_script_is_unknown),
		cmocka_unit_test(a_script_is_its_interpreter),
		cmocka_unit_test(five_scripts_lead_to_a_program_and_six_do_not),
		cmocka_unit_test(an_interpreter_that_is_missing_is_what_is_absent),
		cmocka_unit_test(a_first_line_longer_than_the_kernel_reads_is_no_interpreter),
		cmocka_unit_test(path_is_searched_as_execvp_does),
		cmocka_unit_test(a_path_too_long_is_an_error_and_no_more),
		cmocka_unit_test(every_verdict_has_its_reason),
		cmocka_unit_test(whatever_the_bytes_there_is_a_verdict),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("program", tests, folder_enter, folder_leave);
}
