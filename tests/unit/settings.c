/* Tests of the settings: values, the conf file's text, and who overrides whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dice.h"
#include "scratch.h"
#include "settings.h"

enum { ROUND_TRIPS = 200000, GARBAGE_CASES = 100000 };

/* What was complained of since begin(). */
static struct {
	struct complaint last;
	char name[SETTINGS_CONF_MOST + 1], value[SETTINGS_CONF_MOST + 1];
	int count;
} complained;

static void note(const struct complaint *complaint)
{
	complained.last = *complaint;
	strcpy(complained.name, complaint->name);
	strcpy(complained.value, complaint->value);
	complained.count++;
}

static struct settings settings;

static int begin(void **state)
{
	(void)state;
	unsetenv("LINECAP_SETTLED");
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++)
		unsetenv(settings_name(setting));
	settings_default(&settings);
	complained.count = 0;
	return 0;
}

static void read_conf(const char *text)
{
	char copy[SETTINGS_CONF_MOST + 1];

	strcpy(copy, text);
	settings_read_conf(&settings, copy, note);
}

static const char *as_text(enum setting setting)
{
	static char text[SETTINGS_TEXT];

	settings_format(&settings, setting, text);
	return text;
}

static void assert_complained(enum setting setting, const char *name, const char *value,
			      enum origin origin)
{
	assert_int_equal(complained.count, 1);
	assert_int_equal(complained.last.setting, setting);
	assert_string_equal(complained.name, name);
	assert_string_equal(complained.value, value);
	assert_int_equal(complained.last.origin, origin);
}

/* ---- Values. ---- */

static void the_defaults_are_16384_split_no_mark_auto(void **state)
{
	(void)state;
	assert_int_equal(settings.max, 16384);
	assert_int_equal(settings.mode, LIMITER_SPLIT);
	assert_string_equal(settings.mark, "");
	assert_int_equal(settings.target.kind, TARGET_AUTO);
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++)
		assert_int_equal(settings.origin[setting], ORIGIN_DEFAULT);
}

static const struct {
	const char *value;
	uint64_t max;
} sizes[] = {
	{"64", 64},	 {"65", 65},	     {"16384", 16384},	    {"0064", 64},
	{"1k", 1024},	 {"1K", 1024},	     {"16k", 16384},	    {"4M", 4 << 20},
	{"1G", 1 << 30}, {"1024M", 1 << 30}, {"1048576k", 1 << 30}, {"1073741824", 1 << 30},
	{"0", 0},	 {"off", 0},
};

static void a_size_from_64_to_1G_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		begin(NULL);
		assert_true(settings_set(&settings, SETTING_MAX, sizes[i].value, ORIGIN_OPTION));
		assert_int_equal(settings.max, sizes[i].max);
		assert_int_equal(settings.origin[SETTING_MAX], ORIGIN_OPTION);
	}
}

static const char *const bad_values[SETTINGS][32] = {
	[SETTING_MAX] = {"",
			 "1",
			 "63",
			 "-1",
			 "-64",
			 "+64",
			 " 64",
			 "64 ",
			 "0x40",
			 "1e4",
			 "64b",
			 "64kB",
			 "64kk",
			 "k",
			 "M",
			 "2G",
			 "1025M",
			 "1073741825",
			 "4294967360",
			 "18446744073709551680",
			 "99999999999999999999999999999999",
			 "10737418240G",
			 "off ",
			 "Off",
			 "on",
			 "64,000",
			 "6.4k",
			 "64\n",
			 "\xd9\xa3"},
	[SETTING_MODE] = {"", "Split", "split ", "truncat", "truncated", "0", "drop"},
	[SETTING_MARK] = {"123456789012345678901234567890123", "a\nb", "\n"},
	[SETTING_TARGET] = {"", "stdout", "1", "1:", ":1", "1:2,", "none,1:2"},
	[SETTING_STATS] = {"stdout", "stats", "stderr ", "./x"},
	[SETTING_SAMPLE] = {"", "81", "-1", "8k", "80 ", "off"},
	[SETTING_EXEC] = {"", "on", "pipe ", "Note"},
};

static void contract_7_a_bad_value_changes_nothing(void **state)
{
	struct settings before;

	(void)state;
	assert_true(settings_set(&settings, SETTING_MAX, "1k", ORIGIN_CONF));
	assert_true(settings_set(&settings, SETTING_MODE, "truncate", ORIGIN_CONF));
	assert_true(settings_set(&settings, SETTING_MARK, "~", ORIGIN_CONF));
	assert_true(settings_set(&settings, SETTING_TARGET, "1:2,3:4", ORIGIN_CONF));
	before = settings;
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++)
		for (const char *const *value = bad_values[setting]; *value; value++) {
			if (settings_set(&settings, setting, *value, ORIGIN_OPTION))
				fail_msg("%s=%s", settings_name(setting), *value);
			assert_memory_equal(&settings, &before, sizeof settings);
		}
}

static void a_mark_may_have_32_bytes_of_any_kind(void **state)
{
	static const char *const marks[] = {
		"", " ", "\\", "a=b", "# x", "\r", "\x01\xff", "12345678901234567890123456789012"};

	(void)state;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		assert_true(settings_set(&settings, SETTING_MARK, marks[i], ORIGIN_ENVIRONMENT));
		assert_string_equal(settings.mark, marks[i]);
		assert_string_equal(as_text(SETTING_MARK), marks[i]);
	}
}

static void a_setting_has_a_name_and_says_what_it_expects(void **state)
{
	static const char *const names[SETTINGS] = {
		"LINECAP_MAX",	 "LINECAP_MODE",   "LINECAP_MARK", "LINECAP_TARGET",
		"LINECAP_STATS", "LINECAP_SAMPLE", "LINECAP_EXEC"};

	(void)state;
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++) {
		assert_string_equal(settings_name(setting), names[setting]);
		assert_true(strlen(settings_expects(setting)) > 10);
	}
}

static void the_limits_are_those_of_the_settings(void **state)
{
	(void)state;
	assert_true(settings_set(&settings, SETTING_MAX, "1k", ORIGIN_CONF));
	assert_true(settings_set(&settings, SETTING_MODE, "truncate", ORIGIN_CONF));
	assert_true(settings_set(&settings, SETTING_MARK, "<cut>", ORIGIN_CONF));
	struct limits limits = settings_limits(&settings);

	assert_int_equal(limits.max, 1024);
	assert_int_equal(limits.open, 1019);
	assert_int_equal(limits.mode, LIMITER_TRUNCATE);
	assert_int_equal(limits.break_length, 6);
	assert_memory_equal(limits.break_bytes, "<cut>\n", 6);
}

/* ---- Random values. ---- */

static void random_settings(struct dice *dice)
{
	settings_default(&settings);
	if (dice_one_in(dice, 4))
		settings.max = 0;
	else
		settings.max = 64 + (dice_next(dice) & ((1 << 30) - 1)) % ((1 << 30) - 63);
	settings.mode = (enum limiter_mode)dice_below(dice, 2);
	settings.mark[dice_mark(dice, settings.mark)] = '\0';
	settings.target.kind = (enum target_kind)dice_below(dice, 4);
	if (settings.target.kind != TARGET_LIST)
		return;
	settings.target.count = 1 + (unsigned)dice_below(dice, TARGET_PIPES);
	for (unsigned i = 0; i < settings.target.count; i++) {
		settings.target.pipes[i].dev = dice_next(dice) >> dice_below(dice, 64);
		settings.target.pipes[i].ino = dice_next(dice) >> dice_below(dice, 64);
	}
}

static const char *round_trip(struct dice *dice)
{
	struct settings back;

	random_settings(dice);
	settings_default(&back);
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++)
		if (!settings_set(&back, setting, as_text(setting), ORIGIN_DEFAULT))
			return settings_name(setting);
	if (back.max != settings.max || back.mode != settings.mode ||
	    strcmp(back.mark, settings.mark) != 0 ||
	    memcmp(&back.target, &settings.target, sizeof back.target) != 0)
		return "what is formatted reads as the same settings";
	return NULL;
}

static void what_is_formatted_reads_as_the_same_settings(void **state)
{
	(void)state;
	if (dice_run(__func__, ROUND_TRIPS, round_trip))
		fail();
}

/* Pieces of a conf file, in any order: whatever comes out is within bounds. */
static const char *garbage_conf(struct dice *dice)
{
	static const char *const pieces[] = {
		"LINECAP_MAX",
		"LINECAP_MODE",
		"LINECAP_MARK",
		"LINECAP_TARGET",
		"=",
		"\n",
		"\n",
		" ",
		"\t",
		"#",
		"\r",
		"64",
		"9999999999",
		"G",
		"off",
		"truncate",
		"split",
		"auto",
		"1:2",
		",",
		"0123456789abcd",
		"\xff",
		"=",
		"none",
		"stdio",
	};
	char text[512] = "";

	begin(NULL);
	for (size_t n = dice_below(dice, 24); n; n--)
		strcat(text, pieces[dice_below(dice, sizeof pieces / sizeof *pieces)]);
	settings_read_conf(&settings, text, note);
	if (settings.max && (settings.max < LIMITER_MAX_LEAST || settings.max > LIMITER_MAX_MOST))
		return "max is within its bounds";
	if (!memchr(settings.mark, '\0', sizeof settings.mark) || strchr(settings.mark, '\n'))
		return "the mark is a line's end";
	if (settings.target.kind > TARGET_LIST || settings.target.count > TARGET_PIPES)
		return "the target is one";
	return settings.mode > LIMITER_TRUNCATE ? "the mode is one" : NULL;
}

static void contract_7_no_conf_file_leads_out_of_bounds(void **state)
{
	(void)state;
	if (dice_run(__func__, GARBAGE_CASES, garbage_conf))
		fail();
}

/* ---- The conf file's text. ---- */

static void a_conf_file_sets_what_it_names(void **state)
{
	(void)state;
	read_conf("# linecap\n\nLINECAP_MAX=1k\n  LINECAP_MODE = truncate \t\n"
		  "\t# LINECAP_MAX=2k\nLINECAP_MARK=a = b # "
		  "c\nLINECAP_TARGET=1:2,3:4\nLINECAP_STATS=/x y\nLINECAP_SAMPLE=80\n"
		  "LINECAP_EXEC=pipe\n");
	assert_int_equal(complained.count, 0);
	assert_int_equal(settings.max, 1024);
	assert_int_equal(settings.mode, LIMITER_TRUNCATE);
	assert_string_equal(settings.mark, "a = b # c");
	assert_string_equal(as_text(SETTING_TARGET), "1:2,3:4");
	assert_string_equal(settings.stats, "/x y");
	assert_int_equal(settings.sample, 80);
	assert_int_equal(settings.exec, EXEC_PIPE);
	for (enum setting setting = SETTING_MAX; setting < SETTINGS; setting++)
		assert_int_equal(settings.origin[setting], ORIGIN_CONF);
}

static void a_conf_files_last_line_needs_no_newline(void **state)
{
	(void)state;
	read_conf("LINECAP_MODE=truncate\nLINECAP_MAX=64");
	assert_int_equal(settings.max, 64);
	assert_int_equal(settings.mode, LIMITER_TRUNCATE);
	assert_int_equal(complained.count, 0);
}

static void a_conf_file_may_end_its_lines_as_dos_does(void **state)
{
	(void)state;
	read_conf("# x\r\n\r\nLINECAP_MAX=64\r\nLINECAP_MARK=~\r\n");
	assert_int_equal(settings.max, 64);
	assert_string_equal(settings.mark, "~");
	assert_int_equal(complained.count, 0);
}

static void an_empty_conf_file_changes_nothing(void **state)
{
	static const char *const texts[] = {"", "\n", "\n\n", " \t\r\n", "#", "# x", "  # x = y"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		read_conf(texts[i]);
	assert_int_equal(complained.count, 0);
	the_defaults_are_16384_split_no_mark_auto(NULL);
}

static void the_last_of_two_lines_counts(void **state)
{
	(void)state;
	read_conf("LINECAP_MAX=64\nLINECAP_MAX=128\n");
	assert_int_equal(settings.max, 128);
}

static void contract_7_a_bad_line_is_complained_of_once(void **state)
{
	static const char *const lines[] = {
		"LINECAP_MAX", "LINECAP_MAXIMUM=1k",	"linecap_max=1k",
		"MAX=1k",      "export LINECAP_MAX=1k", "=1k",
		"nonsense"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		begin(NULL);
		read_conf(lines[i]);
		assert_int_equal(complained.count, 1);
		assert_int_equal(complained.last.setting, SETTINGS);
		assert_int_equal(complained.last.origin, ORIGIN_CONF);
		assert_string_equal(complained.value, "");
		assert_int_equal(strncmp(complained.name, lines[i], strlen(complained.name)), 0);
		assert_int_equal(settings.max, LIMITER_MAX_DEFAULT);
	}
}

static void contract_7_a_bad_value_is_complained_of_once_and_the_rest_is_read(void **state)
{
	(void)state;
	read_conf("LINECAP_MAX=12 # too small\nLINECAP_MODE=truncate\n");
	assert_complained(SETTING_MAX, "LINECAP_MAX", "12 # too small", ORIGIN_CONF);
	assert_int_equal(settings.max, LIMITER_MAX_DEFAULT);
	assert_int_equal(settings.origin[SETTING_MAX], ORIGIN_DEFAULT);
	assert_int_equal(settings.mode, LIMITER_TRUNCATE);
}

static void each_bad_value_has_its_own_complaint(void **state)
{
	(void)state;
	read_conf("LINECAP_MAX=1\nLINECAP_MODE=x\nLINECAP_TARGET=y\nLINECAP_MAX=2\n");
	assert_int_equal(complained.count, 4);
}

/* ---- The environment and the file. ---- */

static char conf[PATH_MAX];

static int make_conf(void **state)
{
	(void)state;
	strcpy(conf, scratch_template());
	int fd = mkstemp(conf);

	return fd < 0 ? -1 : close(fd);
}

static int remove_conf(void **state)
{
	(void)state;
	return unlink(conf);
}

static void write_conf(const char *text)
{
	FILE *file = fopen(conf, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void load(bool secure)
{
	settings_load(&settings, secure, conf, note);
}

static void the_environment_overrides_the_conf_file(void **state)
{
	(void)state;
	write_conf("LINECAP_MAX=64\nLINECAP_MODE=truncate\n");
	setenv("LINECAP_MAX", "1k", 1);
	load(false);
	assert_int_equal(settings.max, 1024);
	assert_int_equal(settings.origin[SETTING_MAX], ORIGIN_ENVIRONMENT);
	assert_int_equal(settings.mode, LIMITER_TRUNCATE);
	assert_int_equal(settings.origin[SETTING_MODE], ORIGIN_CONF);
	assert_int_equal(complained.count, 0);
}

static void an_empty_mark_of_the_environment_overrides_the_conf_files(void **state)
{
	(void)state;
	write_conf("LINECAP_MARK=~\n");
	setenv("LINECAP_MARK", "", 1);
	load(false);
	assert_string_equal(settings.mark, "");
	assert_int_equal(settings.origin[SETTING_MARK], ORIGIN_ENVIRONMENT);
}

static void secure_mode_does_not_read_the_environment(void **state)
{
	(void)state;
	write_conf("LINECAP_MAX=64\n");
	setenv("LINECAP_MAX", "off", 1);
	setenv("LINECAP_MODE", "nonsense", 1);
	load(true);
	assert_int_equal(settings.max, 64);
	assert_int_equal(settings.origin[SETTING_MAX], ORIGIN_CONF);
	assert_int_equal(settings.mode, LIMITER_SPLIT);
	assert_int_equal(complained.count, 0);
}

static void the_conf_file_is_not_read_where_the_environment_says_all(void **state)
{
	(void)state;
	write_conf("nonsense\nLINECAP_MAX=1\n");
	setenv("LINECAP_MAX", "64", 1);
	setenv("LINECAP_MODE", "split", 1);
	setenv("LINECAP_MARK", "", 1);
	setenv("LINECAP_TARGET", "none", 1);
	setenv("LINECAP_STATS", "", 1);
	setenv("LINECAP_SAMPLE", "0", 1);
	setenv("LINECAP_EXEC", "off", 1);
	load(false);
	assert_int_equal(complained.count, 0);
	assert_int_equal(settings.target.kind, TARGET_NONE);
}

static void contract_7_a_bad_variable_is_complained_of_once(void **state)
{
	(void)state;
	write_conf("");
	setenv("LINECAP_MAX", "63", 1);
	load(false);
	assert_complained(SETTING_MAX, "LINECAP_MAX", "63", ORIGIN_ENVIRONMENT);
	assert_int_equal(settings.max, LIMITER_MAX_DEFAULT);
}

static void contract_7_no_conf_file_is_no_fault(void **state)
{
	static const char *const paths[] = {"/nonexistent/linecap.conf", "/tmp", "/dev/null", ""};

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		settings_load(&settings, false, paths[i], note);
	assert_int_equal(complained.count, 0);
	the_defaults_are_16384_split_no_mark_auto(NULL);
}

static void a_conf_file_of_4096_bytes_is_read_whole(void **state)
{
	char text[SETTINGS_CONF_MOST + 1];
	static const char line[] = "\nLINECAP_MAX=16385";

	(void)state;
	memset(text, '#', sizeof text);
	strcpy(text + sizeof text - sizeof line, line);
	write_conf(text);
	load(false);
	assert_int_equal(settings.max, 16385);
}

static void contract_7_a_line_that_the_limit_of_4096_bytes_cuts_is_not_taken_for_whole(void **state)
{
	char text[2 * SETTINGS_CONF_MOST + 1];
	static const char line[] = "\nLINECAP_MAX=16385\n";

	(void)state;
	memset(text, '#', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	memcpy(text + SETTINGS_CONF_MOST - (sizeof line - 3), line, sizeof line - 1);
	write_conf(text); /* "LINECAP_MAX=1638" is within the limit */
	load(false);
	assert_int_equal(settings.max, LIMITER_MAX_DEFAULT);
}

/* ---- What is said. ---- */

static const char *message(enum setting setting, const char *name, const char *value,
			   enum origin origin)
{
	static char text[SETTINGS_MESSAGE];
	size_t length = settings_message(&(struct complaint){setting, name, value, origin}, text);

	assert_int_equal(strlen(text), length);
	return text;
}

static void a_message_says_what_is_wrong_the_value_and_what_is_expected(void **state)
{
	(void)state;
	assert_string_equal(
		message(SETTING_MODE, "LINECAP_MODE", "Split", ORIGIN_ENVIRONMENT),
		"LINECAP_MODE in the environment is 'Split': expected split, truncate or json; "
		"the default is used: split");
	assert_string_equal(message(SETTING_STATS, "LINECAP_STATS", "x", ORIGIN_CONF),
			    "LINECAP_STATS in /etc/linecap.conf is 'x': expected stderr or an "
			    "absolute path; the default is used: none");
	assert_string_equal(message(SETTING_MODE, "--mode", "", ORIGIN_OPTION),
			    "--mode is '': expected split, truncate or json");
	assert_string_equal(message(SETTINGS, "LINECAP_MAXX", "", ORIGIN_ENVIRONMENT),
			    "'LINECAP_MAXX' in the environment is no setting; it is ignored");
	assert_string_equal(message(SETTINGS, "a word", "", ORIGIN_CONF),
			    "'a word' in /etc/linecap.conf is no setting; it is ignored");
}

static void a_message_shows_64_bytes_of_a_value_and_none_that_a_terminal_obeys(void **state)
{
	char value[4096];

	(void)state;
	memset(value, 'x', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	for (enum setting setting = 0; setting <= SETTINGS; setting++)
		assert_true(strlen(message(setting, setting < SETTINGS ? "LINECAP_MAX" : value,
					   value, ORIGIN_ENVIRONMENT)) < 300);
	value[64] = '\0';
	assert_non_null(strstr(message(SETTING_MAX, "-m", value, ORIGIN_OPTION), "x': expected"));
	assert_string_equal(message(SETTING_MODE, "--mode", "\033[2J\n\xff", ORIGIN_OPTION),
			    "--mode is '?[2J?"
			    "?': expected split, truncate or json");
}

static void a_variable_that_names_no_setting_is_complained_of_once(void **state)
{
	(void)state;
	write_conf("");
	setenv("LINECAP_MAXX", "1k", 1);
	load(false);
	assert_complained(SETTINGS, "LINECAP_MAXX", "", ORIGIN_ENVIRONMENT);
	complained.count = 0;
	setenv("LINECAP_SETTLED", "1", 1);
	load(false);
	assert_int_equal(complained.count, 0);
	unsetenv("LINECAP_SETTLED");
	load(true);
	assert_int_equal(complained.count, 0);
	unsetenv("LINECAP_MAXX");
}

/* ---- What descendants get. ---- */

static int export_all(const struct settings *from)
{
	char entry[SETTINGS_ENTRY];
	unsigned next = 0;
	int count = 0;

	while (settings_export(from, &next, entry)) {
		char *value = strchr(entry, '=');

		*value++ = '\0';
		assert_int_equal(setenv(entry, value, 1), 0);
		count++;
	}
	return count;
}

static void what_is_exported_is_loaded_whatever_the_conf_file_says(void **state)
{
	struct dice dice = dice_of_case(1);
	struct settings exported;

	(void)state;
	write_conf("LINECAP_MAX=777\nLINECAP_MARK=conf\nLINECAP_STATS=/conf\nnonsense\n");
	for (int i = 0; i < 1000; i++) {
		begin(NULL);
		random_settings(&dice);
		exported = settings;
		if (dice_one_in(&dice, 2)) /* a bad one in the environment must not stay there */
			setenv("LINECAP_MAX", "bad", 1);
		export_all(&exported);
		load(false);
		assert_int_equal(complained.count, 0);
		for (enum setting setting = 0; setting < SETTINGS; setting++) {
			char text[SETTINGS_TEXT];

			settings_format(&exported, setting, text);
			assert_string_equal(as_text(setting), text);
		}
		assert_int_equal(export_all(&settings), 0);
	}
	begin(NULL);
}

static void a_default_is_not_exported(void **state)
{
	(void)state;
	assert_int_equal(export_all(&settings), 1); /* that it is settled */
	begin(NULL);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

static const struct CMUnitTest tests[] = {
	TEST(the_defaults_are_16384_split_no_mark_auto),
	TEST(a_size_from_64_to_1G_is_read),
	TEST(contract_7_a_bad_value_changes_nothing),
	TEST(a_mark_may_have_32_bytes_of_any_kind),
	TEST(a_setting_has_a_name_and_says_what_it_expects),
	TEST(the_limits_are_those_of_the_settings),
	TEST(what_is_formatted_reads_as_the_same_settings),
	TEST(contract_7_no_conf_file_leads_out_of_bounds),
	TEST(a_conf_file_sets_what_it_names),
	TEST(a_conf_files_last_line_needs_no_newline),
	TEST(a_conf_file_may_end_its_lines_as_dos_does),
	TEST(an_empty_conf_file_changes_nothing),
	TEST(the_last_of_two_lines_counts),
	TEST(contract_7_a_bad_line_is_complained_of_once),
	TEST(contract_7_a_bad_value_is_complained_of_once_and_the_rest_is_read),
	TEST(each_bad_value_has_its_own_complaint),
	TEST(the_environment_overrides_the_conf_file),
	TEST(an_empty_mark_of_the_environment_overrides_the_conf_files),
	TEST(secure_mode_does_not_read_the_environment),
	TEST(the_conf_file_is_not_read_where_the_environment_says_all),
	TEST(contract_7_a_bad_variable_is_complained_of_once),
	TEST(contract_7_no_conf_file_is_no_fault),
	TEST(a_conf_file_of_4096_bytes_is_read_whole),
	TEST(contract_7_a_line_that_the_limit_of_4096_bytes_cuts_is_not_taken_for_whole),
	TEST(a_message_says_what_is_wrong_the_value_and_what_is_expected),
	TEST(a_message_shows_64_bytes_of_a_value_and_none_that_a_terminal_obeys),
	TEST(a_variable_that_names_no_setting_is_complained_of_once),
	TEST(what_is_exported_is_loaded_whatever_the_conf_file_says),
	TEST(a_default_is_not_exported),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	return cmocka_run_group_tests(tests, make_conf, remove_conf);
}
