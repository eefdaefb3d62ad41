/* Tests of the ledger: whose page is taken, what is refused, what is swept, and what becomes of a
 * page that lies. Each test has a /dev/shm of its own, in a mount namespace that nobody else sees;
 * that takes root. Facts: shm_overview(7), proc(5), mount_namespaces(7), tmpfs(5). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "dice.h"
#include "ledger.h"

enum {
	PAGE = 4096,
	NOBODY = 65534,
	NAME_CASES = 200000,
	PAGE_CASES = 20000,
	RACERS = 16,
};

static const struct pipe_id some_pipe = {12, 3456};
#define NAME  "linecap.0.12.3456"
#define PATH  "/dev/shm/" NAME
#define OTHER "/dev/shm/other"

/* --- a /dev/shm of one's own ------------------------------------------------------------------ */

static bool private;

static int enter_namespace(void **state)
{
	(void)state;
	private = !geteuid() && !unshare(CLONE_NEWNS) &&
		  !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	umask(022);
	return 0;
}

static int mount_shm(void **state)
{
	(void)state;
	return private ? mount("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") : 0;
}

static int unmount_shm(void **state)
{
	(void)state;
	return private ? umount2("/dev/shm", MNT_DETACH) : 0;
}

static void need_private_shm(void)
{
	if (!private)
		skip();
}

static void remount_shm(unsigned long flags, const char *options)
{
	assert_int_equal(mount("shm", "/dev/shm", "tmpfs", MS_REMOUNT | flags, options), 0);
}

/* --- helpers ---------------------------------------------------------------------------------- */

static bool exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

static void put_file(const char *path, mode_t mode, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fchmod(fd, mode))
		abort();
	close(fd);
}

/* A page as ledger_open leaves it, under another name. */
static void put_page(const char *path)
{
	const struct pipe_id id = {1, 1};
	struct ledger *ledger = ledger_open(&id);

	assert_non_null(ledger);
	ledger_leave(ledger);
	assert_int_equal(rename("/dev/shm/linecap.0.1.1", path), 0);
}

typedef bool body(void);

/* Does it hold in a process of its own? */
static bool holds_in_child(body *claim, uid_t uid)
{
	int status;
	pid_t child = fork();

	if (!child) {
		signal(SIGBUS, SIG_DFL); /* cmocka's handler would go on with the next test */
		_exit(setresgid(uid, uid, uid) || setresuid(uid, uid, uid) || !claim());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return !status;
}

static unsigned open_fds(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* --- names ------------------------------------------------------------------------------------ */

static void a_pages_name_says_whose_it_is(void **state)
{
	static const struct {
		const char *name;
		struct ledger_name parsed;
	} names[] = {
		{"linecap.0.13.4711", {0, {13, 4711}}},
		{"linecap.65534.0.0", {NOBODY, {0, 0}}},
		{"linecap.4294967295.18446744073709551615.18446744073709551615",
		 {UINT32_MAX, {UINT64_MAX, UINT64_MAX}}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct ledger_name parsed;

		assert_true(ledger_parse_name(names[i].name, &parsed));
		assert_int_equal(parsed.uid, names[i].parsed.uid);
		assert_int_equal(parsed.id.dev, names[i].parsed.id.dev);
		assert_int_equal(parsed.id.ino, names[i].parsed.id.ino);
	}
}

static void any_other_name_is_no_pages(void **state)
{
	static const char *const names[] = {
		"",
		".",
		"linecap",
		"linecap.",
		"linecap.0",
		"linecap.0.13",
		"linecap.0.13.",
		"linecap.0.13.4711.",
		"linecap.0.13.4711x",
		"linecap.0.13.4711 ",
		"linecap.-1.13.4711",
		"linecap.0.13.0x10",
		"linecap..13.4711",
		"linecap.0..4711",
		"Linecap.0.13.4711",
		"linecap-0-13-4711",
		"xlinecap.0.13.4711",
		"linecap.0.13.18446744073709551616",
		"linecap.4294967296.13.4711", /* one more than a uid can be */
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct ledger_name parsed;

		if (ledger_parse_name(names[i], &parsed))
			fail_msg("'%s' is taken for a page", names[i]);
	}
}

/* The names that nearly are one: a right one with one byte changed. */
static const char *a_name_that_is_nearly_right(struct dice *dice)
{
	char name[LEDGER_NAME], back[LEDGER_NAME];
	struct ledger_name parsed;

	snprintf(name, sizeof name, "linecap.%u.%ju.%ju", (unsigned)dice_next(dice),
		 (uintmax_t)dice_below(dice, 100), (uintmax_t)dice_next(dice));
	name[dice_below(dice, strlen(name))] = dice_one_in(dice, 2) ? '.' : (char)dice_next(dice);
	if (!ledger_parse_name(name, &parsed))
		return NULL;
	snprintf(back, sizeof back, "linecap.%u.%ju.%ju", (unsigned)parsed.uid,
		 (uintmax_t)parsed.id.dev, (uintmax_t)parsed.id.ino);
	for (char *at = name; *at;) /* leading zeros are the same number */
		if ((at == name || at[-1] == '.') && *at == '0' && at[1] >= '0' && at[1] <= '9')
			memmove(at, at + 1, strlen(at));
		else
			at++;
	return strcmp(name, back) ? "a name that is read means what it says" : NULL;
}

static void a_name_that_is_read_means_what_it_says(void **state)
{
	(void)state;
	assert_null(dice_run(__func__, NAME_CASES, a_name_that_is_nearly_right));
}

/* --- the page --------------------------------------------------------------------------------- */

static void a_page_is_a_private_file_of_one_page(void **state)
{
	struct stat st;

	(void)state;
	need_private_shm();
	unsigned fds = open_fds();
	struct ledger *ledger = ledger_open(&some_pipe);

	assert_non_null(ledger);
	assert_int_equal(open_fds(), fds);
	assert_int_equal(lstat(PATH, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, PAGE);
	assert_int_equal(st.st_blocks * 512, PAGE); /* no hole: a write can't meet a full disk */
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(atomic_load(&ledger->account.word), 0);
	assert_int_equal(atomic_load(&ledger->blamed), 0);
	ledger_leave(ledger);
}

static bool adds_to_word(void)
{
	struct ledger *ledger = ledger_open(&some_pipe);

	return ledger && atomic_fetch_add(&ledger->account.word, 5) == 7;
}

static void all_processes_of_a_uid_share_the_page_of_a_pipe(void **state)
{
	(void)state;
	need_private_shm();
	struct ledger *ledger = ledger_open(&some_pipe);

	atomic_store(&ledger->account.word, 7);
	assert_true(holds_in_child(adds_to_word, 0));
	assert_int_equal(atomic_load(&ledger->account.word), 12);
	assert_false(holds_in_child(adds_to_word, 0)); /* it is 12 now */
	ledger_leave(ledger);
}

static bool has_a_fresh_page(void)
{
	struct ledger *ledger = ledger_open(&some_pipe);

	return ledger && !atomic_load(&ledger->account.word) &&
	       exists("/dev/shm/linecap.65534.12.3456");
}

static void another_uid_has_a_page_of_its_own(void **state)
{
	(void)state;
	need_private_shm();
	struct ledger *ledger = ledger_open(&some_pipe);

	atomic_store(&ledger->account.word, 7);
	assert_true(holds_in_child(has_a_fresh_page, NOBODY));
	assert_int_equal(atomic_load(&ledger->account.word), 7);
	ledger_leave(ledger);
}

static void another_pipe_has_a_page_of_its_own(void **state)
{
	const struct pipe_id other = {12, 3457}, other_device = {13, 3456};

	(void)state;
	need_private_shm();
	struct ledger *ledger = ledger_open(&some_pipe), *second = ledger_open(&other),
		      *third = ledger_open(&other_device);

	atomic_store(&ledger->account.word, 7);
	assert_int_equal(atomic_load(&second->account.word), 0);
	assert_int_equal(atomic_load(&third->account.word), 0);
	ledger_leave(ledger);
	ledger_leave(second);
	ledger_leave(third);
}

static bool opens_under_any_umask(void)
{
	static const mode_t masks[] = {0, 0077, 0777};

	for (unsigned i = 0; i < 3; i++) {
		const struct pipe_id id = {12, i};
		struct stat st;
		char path[LEDGER_NAME];

		umask(masks[i]);
		struct ledger *ledger = ledger_open(&id), *again = ledger_open(&id);

		snprintf(path, sizeof path, "/dev/shm/linecap.%u.12.%u", (unsigned)geteuid(), i);
		if (!ledger || !again || lstat(path, &st) || (st.st_mode & 07777) != 0600)
			return false;
		atomic_store(&ledger->account.word, 9);
		if (atomic_load(&again->account.word) != 9)
			return false;
	}
	return true;
}

static void the_umask_does_not_matter(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_in_child(opens_under_any_umask, 0));
	assert_true(holds_in_child(opens_under_any_umask, NOBODY));
}

static void a_page_whose_maker_died_at_once_is_finished(void **state)
{
	(void)state;
	need_private_shm();
	put_file(PATH, 0, "", 0);
	struct ledger *ledger = ledger_open(&some_pipe);

	assert_non_null(ledger);
	ledger_leave(ledger);
}

static pthread_barrier_t barrier;

static void *opens(void *result)
{
	pthread_barrier_wait(&barrier);
	*(struct ledger **)result = ledger_open(&some_pipe);
	return NULL;
}

static void all_who_open_at_once_share_the_page(void **state)
{
	pthread_t threads[RACERS];
	struct ledger *ledgers[RACERS];

	(void)state;
	need_private_shm();
	for (int round = 0; round < 100; round++) {
		pthread_barrier_init(&barrier, NULL, RACERS);
		for (int i = 0; i < RACERS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, opens, &ledgers[i]), 0);
		for (int i = 0; i < RACERS; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&barrier);
		for (int i = 0; i < RACERS; i++) {
			assert_non_null(ledgers[i]);
			assert_int_equal(atomic_fetch_add(&ledgers[i]->account.word, 1), i);
		}
		for (int i = 0; i < RACERS; i++)
			ledger_leave(ledgers[i]);
		assert_int_equal(unlink(PATH), 0);
	}
}

/* --- a folder that others write to ------------------------------------------------------------ */

static void place_others_page(const char *path)
{
	put_page(path);
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
}

static void place_others_empty_file(const char *path)
{
	put_file(path, 0600, "", 0);
	assert_int_equal(chown(path, NOBODY, NOBODY), 0);
}

static void place_mode(const char *path, mode_t mode)
{
	put_page(path);
	assert_int_equal(chmod(path, mode), 0);
}

static void place_0644(const char *path)
{
	place_mode(path, 0644);
}

static void place_0660(const char *path)
{
	place_mode(path, 0660);
}

static void place_0602(const char *path)
{
	place_mode(path, 0602);
}

static void place_setuid(const char *path)
{
	place_mode(path, 04600);
}

static void place_0000(const char *path)
{
	place_mode(path, 0);
}

static void place_size(const char *path, off_t size)
{
	put_page(path);
	assert_int_equal(truncate(path, size), 0);
}

static void place_one_byte(const char *path)
{
	place_size(path, 1);
}

static void place_a_byte_too_few(const char *path)
{
	place_size(path, PAGE - 1);
}

static void place_a_byte_too_many(const char *path)
{
	place_size(path, PAGE + 1);
}

static void place_a_terabyte(const char *path)
{
	place_size(path, (off_t)1 << 40);
}

static void place_link_to_page(const char *path)
{
	put_page(OTHER);
	assert_int_equal(symlink(OTHER, path), 0);
}

static void place_link_to_nothing(const char *path)
{
	assert_int_equal(symlink(OTHER, path), 0);
}

static void place_link_to_fifo(const char *path)
{
	assert_int_equal(mkfifo(OTHER, 0600), 0);
	assert_int_equal(symlink(OTHER, path), 0);
}

static void place_link_to_device(const char *path)
{
	assert_int_equal(symlink("/dev/zero", path), 0);
}

static void place_link_to_itself(const char *path)
{
	assert_int_equal(symlink(path, path), 0);
}

static void place_hard_link(const char *path)
{
	put_page(OTHER);
	assert_int_equal(link(OTHER, path), 0);
}

/* Somebody's lock file, which all may write to. */
static void place_hard_link_to_empty_file(const char *path)
{
	put_file(OTHER, 0666, "", 0);
	assert_int_equal(link(OTHER, path), 0);
}

static void place_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0600), 0);
}

static void place_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void place_device(const char *path)
{
	assert_int_equal(mknod(path, S_IFCHR | 0600, makedev(1, 5)), 0);
}

static void place_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(chmod(path, 0600), 0);
	close(fd);
}

static void place_garbage(const char *path)
{
	char bytes[PAGE];

	memset(bytes, 0xa5, sizeof bytes);
	put_file(path, 0600, bytes, sizeof bytes);
}

static const struct hostile {
	const char *what;
	void (*place)(const char *path);
} hostile[] = {
	{"another uid's page", place_others_page},
	{"another uid's empty file", place_others_empty_file},
	{"mode 0644", place_0644},
	{"mode 0660", place_0660},
	{"mode 0602", place_0602},
	{"mode 04600", place_setuid},
	{"mode 0", place_0000},
	{"1 byte", place_one_byte},
	{"4095 bytes", place_a_byte_too_few},
	{"4097 bytes", place_a_byte_too_many},
	{"a terabyte", place_a_terabyte},
	{"a symbolic link to a page", place_link_to_page},
	{"a symbolic link to nothing", place_link_to_nothing},
	{"a symbolic link to a fifo", place_link_to_fifo},
	{"a symbolic link to a device", place_link_to_device},
	{"a symbolic link to itself", place_link_to_itself},
	{"a hard link to a page", place_hard_link},
	{"a hard link to an empty file", place_hard_link_to_empty_file},
	{"a directory", place_directory},
	{"a fifo", place_fifo},
	{"a device", place_device},
	{"a socket", place_socket},
	{"garbage", place_garbage},
};

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	       a->st_nlink == b->st_nlink && a->st_size == b->st_size &&
	       a->st_blocks == b->st_blocks;
}

static void what_is_no_page_of_ours_is_refused_and_left_as_it_was(void **state)
{
	need_private_shm();
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct stat before, after;
		struct ledger copy;

		hostile[i].place(PATH);
		bool other = exists(OTHER);
		unsigned fds = open_fds();

		assert_int_equal(lstat(PATH, &before), 0);
		if (ledger_open(&some_pipe))
			fail_msg("%s is taken for a page", hostile[i].what);
		/* A page of its owner may be looked at, whoever that is. */
		if (hostile[i].place != place_others_page && ledger_look(PATH, &copy))
			fail_msg("%s can be looked at", hostile[i].what);
		assert_int_equal(lstat(PATH, &after), 0);
		if (!same_file(&before, &after))
			fail_msg("%s has changed", hostile[i].what);
		assert_int_equal(exists(OTHER), other);
		assert_int_equal(open_fds(), fds);
		unmount_shm(state);
		mount_shm(state);
	}
}

/* The proof that the table above is about the one thing that it names. */
static void what_is_in_order_is_taken(void **state)
{
	struct ledger copy;

	(void)state;
	need_private_shm();
	put_page(PATH);
	assert_non_null(ledger_open(&some_pipe));
	assert_true(ledger_look(PATH, &copy));
}

static bool is_refused(int result)
{
	return result < 0 && (errno == EACCES || errno == EPERM);
}

static bool cannot_harm_roots_page(void)
{
	int fd = open(PATH, O_RDWR);

	if (!is_refused(fd) || !is_refused(open(PATH, O_RDONLY)) || !is_refused(truncate(PATH, 0)))
		return false;
	if (!is_refused(unlink(PATH)) || !is_refused(chmod(PATH, 0666)))
		return false;
	return is_refused(rename(PATH, "/dev/shm/mine")) &&
	       (!symlink("/dev/zero", "/dev/shm/mine") &&
		is_refused(rename("/dev/shm/mine", PATH)));
}

/* A page that is truncated while mapped would end its user by SIGBUS. */
static void another_uid_can_neither_open_truncate_nor_replace_a_page(void **state)
{
	(void)state;
	need_private_shm();
	struct ledger *ledger = ledger_open(&some_pipe);

	assert_true(holds_in_child(cannot_harm_roots_page, NOBODY));
	atomic_store(&ledger->account.word, 1);
	ledger_leave(ledger);
}

static bool is_ended_by_sigbus(void)
{
	struct ledger *ledger = ledger_open(&some_pipe);
	pid_t child = ledger ? fork() : -1;
	int status;

	if (!child) {
		if (!truncate("/dev/shm/linecap.65534.12.3456", 0))
			atomic_store(&ledger->account.word, 1);
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGBUS;
}

/* The proof that the claim above matters: the same uid can, as it could with kill(2). */
static void the_same_uid_can_truncate_its_page(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_in_child(is_ended_by_sigbus, NOBODY));
}

/* --- no folder, no room ----------------------------------------------------------------------- */

static void where_the_folder_is_full_there_is_no_page(void **state)
{
	static char bytes[64 * 1024];

	(void)state;
	need_private_shm();
	remount_shm(0, "size=64k");
	put_file("/dev/shm/filler", 0600, bytes, sizeof bytes);
	assert_null(ledger_open(&some_pipe));
	assert_null(ledger_open(&some_pipe)); /* what the first try left, if anything */
	assert_int_equal(unlink("/dev/shm/filler"), 0);
	assert_non_null(ledger_open(&some_pipe));
}

/* A page with a hole is what somebody made by hand. */
static void a_hole_is_filled_before_it_is_mapped(void **state)
{
	struct stat st;

	(void)state;
	need_private_shm();
	put_file(PATH, 0600, "", 0);
	assert_int_equal(truncate(PATH, PAGE), 0);
	struct ledger *ledger = ledger_open(&some_pipe);

	assert_non_null(ledger);
	assert_int_equal(stat(PATH, &st), 0);
	assert_int_equal(st.st_blocks * 512, PAGE);
}

static bool looks_at_a_hole(void)
{
	struct ledger copy;

	return !ledger_look("/dev/shm/linecap.65534.1.1", &copy);
}

/* Another uid's page may be all hole, and the folder full: to read it must not end the reader. */
static void a_page_with_a_hole_in_a_full_folder_can_be_looked_at(void **state)
{
	static char bytes[64 * 1024];

	(void)state;
	need_private_shm();
	remount_shm(0, "size=64k");
	put_file("/dev/shm/linecap.65534.1.1", 0600, "", 0);
	assert_int_equal(truncate("/dev/shm/linecap.65534.1.1", PAGE), 0);
	assert_int_equal(chown("/dev/shm/linecap.65534.1.1", NOBODY, NOBODY), 0);
	put_file("/dev/shm/filler", 0600, bytes, sizeof bytes);
	assert_true(holds_in_child(looks_at_a_hole, 0));
}

static void where_the_folder_has_no_inodes_left_there_is_no_page(void **state)
{
	(void)state;
	need_private_shm();
	remount_shm(0, "nr_inodes=2");
	put_file("/dev/shm/filler", 0600, "", 0);
	assert_null(ledger_open(&some_pipe));
}

static void where_the_folder_is_read_only_there_is_no_page(void **state)
{
	(void)state;
	need_private_shm();
	remount_shm(MS_RDONLY, NULL);
	assert_null(ledger_open(&some_pipe));
	remount_shm(0, NULL);
	assert_non_null(ledger_open(&some_pipe));
}

static bool opens_and_sweeps_nothing(void)
{
	const struct target none = {.kind = TARGET_NONE};

	if (unshare(CLONE_NEWNS) || mount("dev", "/dev", "tmpfs", 0, NULL))
		return false;
	ledger_sweep(&none);
	return !ledger_open(&some_pipe);
}

static void where_there_is_no_folder_there_is_no_page(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_in_child(opens_and_sweeps_nothing, 0));
}

/* --- contents that lie ------------------------------------------------------------------------ */

/* A sink that takes as much as the dice say, and knows the caller's bytes. */
struct listener {
	struct sink sink;
	struct dice *dice;
	const char *expected; /* the caller's next byte */
	const char *wrong;
};

static ssize_t accept_some(const struct sink *sink, const struct iovec *iov, int count)
{
	struct listener *listener = (struct listener *)sink;
	size_t offered = 0, taken = 0;

	for (int i = 0; i < count; i++)
		offered += iov[i].iov_len;
	size_t most =
		dice_one_in(listener->dice, 4) ? 1 + dice_below(listener->dice, offered) : offered;

	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < iov[i].iov_len && taken < most; j++, taken++) {
			const char *at = (const char *)iov[i].iov_base + j;

			if (at == listener->expected)
				listener->expected++;
			else if (at > listener->expected && at < listener->expected + PAGE)
				listener->wrong = "a byte of the caller's is out of its turn";
		}
	return (ssize_t)taken;
}

static int stalled(const struct sink *sink)
{
	(void)sink;
	return EINTR;
}

static bool gone(const struct sink *sink)
{
	(void)sink;
	return false;
}

static struct ledger *lying;

static void lie_blame(const struct sink *sink, const char *bytes, size_t n)
{
	(void)sink;
	ledger_blame(lying, getpid(), "a program with a name that is far too long", bytes, n);
}

/* Writes bytes[0…n) through the page, as a caller that retries. */
static const char *write_through(struct dice *dice, const char *bytes, size_t n)
{
	const struct limits limits =
		limits_of(64 + dice_below(dice, 64), LIMITER_SPLIT, "<mark>", 6);
	struct listener listener = {{accept_some, stalled, gone, lie_blame}, dice, bytes, NULL};

	for (size_t done = 0, calls = 0; done < n; calls++) {
		struct iovec iov = {(char *)bytes + done, n - done};
		ssize_t result = emitter_writev(&limits, &lying->account, &listener.sink, &iov, 1,
						EMITTER_FIRST_WHOLE);

		if (calls > 10 * n)
			return "it comes to an end";
		if (result > 0)
			done += (size_t)result;
		if (listener.wrong)
			return listener.wrong;
		if (listener.expected != bytes + done)
			return "what is answered has gone out";
	}
	return NULL;
}

static const char *a_random_page(struct dice *dice)
{
	static char bytes[2 * PAGE];
	uint64_t page[PAGE / sizeof(uint64_t)], magic;
	bool has_magic = dice_below(dice, 8);
	struct ledger copy;

	ledger_leave(lying = ledger_open(&some_pipe));
	int fd = open(PATH, O_RDWR | O_CLOEXEC);

	if (pread(fd, &magic, sizeof magic, 0) != sizeof magic)
		return "a page has a magic";
	for (size_t i = 0; i < sizeof page / sizeof *page; i++)
		page[i] = dice_one_in(dice, 4) ? dice_next(dice) >> dice_below(dice, 64)
					       : dice_next(dice);
	if (has_magic)
		page[0] = magic;
	else if (!page[0] || page[0] == magic)
		page[0] = 1;
	ssize_t written = pwrite(fd, page, sizeof page, 0);

	close(fd);
	lying = ledger_open(&some_pipe);
	if (written != PAGE || (lying != NULL) != has_magic ||
	    ledger_look(PATH, &copy) != has_magic)
		return "a page is known by its magic";
	unlink(PATH);
	if (!lying)
		return NULL;
	const char *wrong = write_through(dice, bytes, 1 + dice_below(dice, sizeof bytes));

	for (int i = 0; i < 2 * LEDGER_CULPRITS && !wrong; i++)
		lie_blame(NULL, bytes, dice_below(dice, 200));
	ledger_leave(lying);
	return wrong;
}

static void whatever_a_page_holds_no_byte_is_lost(void **state)
{
	(void)state;
	need_private_shm();
	assert_null(dice_run(__func__, PAGE_CASES, a_random_page));
}

/* --- the culprits ----------------------------------------------------------------------------- */

static void the_last_culprit_is_kept_with_the_start_of_its_line(void **state)
{
	char start[200];

	(void)state;
	need_private_shm();
	struct ledger *ledger = ledger_open(&some_pipe);

	for (size_t i = 0; i < sizeof start; i++)
		start[i] = (char)i;
	for (unsigned i = 0; i < 3 * LEDGER_CULPRITS; i++) {
		time_t before = time(NULL);

		ledger_blame(ledger, (pid_t)(100 + i), "a-program-whose-name-is-very-long-indeed",
			     start, i ? sizeof start : 3);
		const struct culprit *culprit = &ledger->culprits[i % LEDGER_CULPRITS];

		assert_int_equal(atomic_load(&ledger->blamed), i + 1);
		assert_int_equal(culprit->pid, 100 + i);
		assert_string_equal(culprit->program, "a-program-whose-name-is-very-lo");
		assert_int_equal(culprit->length, i ? LEDGER_START : 3);
		assert_memory_equal(culprit->start, start, culprit->length);
		assert_in_range(culprit->time, before, time(NULL));
	}
	ledger_leave(ledger);
}

/* --- looking ---------------------------------------------------------------------------------- */

static bool sees_no_page_of_roots(void)
{
	struct ledger copy;

	return !ledger_look(PATH, &copy);
}

static void root_sees_all_pages_and_another_uid_none_but_its_own(void **state)
{
	struct ledger copy;

	(void)state;
	need_private_shm();
	struct ledger *ledger = ledger_open(&some_pipe);

	atomic_store(&ledger->account.bytes, 4711);
	assert_true(ledger_look(PATH, &copy));
	assert_int_equal(atomic_load(&copy.account.bytes), 4711);
	assert_true(holds_in_child(sees_no_page_of_roots, NOBODY));
	assert_true(holds_in_child(has_a_fresh_page, NOBODY));
	assert_true(ledger_look("/dev/shm/linecap.65534.12.3456", &copy));
	ledger_leave(ledger);
}

static void a_page_under_a_name_that_is_none_is_not_looked_at(void **state)
{
	struct ledger copy;

	(void)state;
	need_private_shm();
	put_page(OTHER);
	assert_false(ledger_look(OTHER, &copy));
	assert_false(ledger_look("/dev/shm/linecap.0.1.1", &copy));
	assert_int_equal(rename(OTHER, "/dev/shm/linecap.1.1.1"), 0); /* uid 1's, it says */
	assert_false(ledger_look("/dev/shm/linecap.1.1.1", &copy));
}

/* --- the sweep -------------------------------------------------------------------------------- */

/* A pipe, and the path of root's page for it. */
struct kept {
	int ends[2];
	struct pipe_id id;
	char path[LEDGER_NAME];
};

static struct kept a_pipe_with_a_page(void)
{
	struct kept kept;
	struct stat st;

	if (pipe(kept.ends) || fstat(kept.ends[0], &st))
		abort();
	kept.id = (struct pipe_id){st.st_dev, st.st_ino};
	snprintf(kept.path, sizeof kept.path, "/dev/shm/linecap.%u.%ju.%ju", (unsigned)geteuid(),
		 (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	struct ledger *ledger = ledger_open(&kept.id);

	if (!ledger)
		abort();
	ledger_leave(ledger);
	return kept;
}

static void close_pipe(const struct kept *kept)
{
	close(kept->ends[0]);
	close(kept->ends[1]);
}

static bool stays(const struct kept *kept, const struct target *living)
{
	ledger_sweep(living);
	return exists(kept->path);
}

static const struct target nothing = {.kind = TARGET_NONE};

static body *body_in_namespace;

static int first_process(void *unused)
{
	(void)unused;
	return mount("proc", "/proc", "proc", 0, NULL) || !body_in_namespace();
}

/* Does it hold in a PID namespace with nobody else in it? */
static bool holds_among_few(body *claim)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (unshare(CLONE_NEWNS | CLONE_NEWPID))
			_exit(2);
		body_in_namespace = claim;
		pid_t first = fork();

		if (!first)
			_exit(first_process(NULL));
		_exit(waitpid(first, &status, 0) != first || status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return !status;
}

static bool a_dead_page_goes(void)
{
	struct kept kept = a_pipe_with_a_page();
	bool stayed = stays(&kept, &nothing);

	close_pipe(&kept);
	return stayed && !stays(&kept, &nothing);
}

static void the_page_of_a_dead_pipe_is_removed(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(a_dead_page_goes));
}

static bool either_end_keeps_a_page(void)
{
	struct kept reader = a_pipe_with_a_page(), writer = a_pipe_with_a_page();

	close(reader.ends[1]);
	close(writer.ends[0]);
	bool stayed = stays(&reader, &nothing) && stays(&writer, &nothing);

	close(reader.ends[0]);
	close(writer.ends[1]);
	return stayed && !stays(&reader, &nothing) && !exists(writer.path);
}

static void whoever_holds_an_end_of_the_pipe_keeps_its_page(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(either_end_keeps_a_page));
}

/* A child that holds the pipe, in the way given, until its own pipe ends. */
struct holder {
	pid_t pid;
	int go;
};

typedef void way_to_hold(int go);

static void hold_plainly(int go)
{
	char byte;

	(void)!read(go, &byte, 1);
	_exit(0);
}

static void hold_as_nobody(int go)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		_exit(1);
	hold_plainly(go);
}

static void *hold_in_thread(void *go)
{
	hold_plainly(*(int *)go);
	return NULL;
}

static void hold_after_main(int go)
{
	static int kept_go;
	pthread_t thread;

	kept_go = go;
	if (pthread_create(&thread, NULL, hold_in_thread, &kept_go))
		_exit(1);
	pthread_exit(NULL);
}

static bool waits(pid_t pid, char state)
{
	char path[64], text[512];

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	for (int tries = 0; tries < 10000; tries++, usleep(1000)) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof text - 1);

		close(fd);
		text[n > 0 ? n : 0] = '\0';
		char *end = strrchr(text, ')');

		if (end && end[2] == state)
			return true;
	}
	return false;
}

static struct holder hold(const struct kept *kept, way_to_hold *way)
{
	struct holder holder;
	int go[2];

	if (pipe(go))
		abort();
	holder.go = go[1];
	holder.pid = fork();
	if (!holder.pid) {
		close(go[1]);
		way(go[0]);
		_exit(1);
	}
	close(go[0]);
	close_pipe(kept);
	if (!waits(holder.pid, way == hold_after_main ? 'Z' : 'S'))
		abort();
	return holder;
}

static bool let_go(struct holder *holder)
{
	int status;

	close(holder->go);
	return waitpid(holder->pid, &status, 0) == holder->pid && !status;
}

static bool is_kept_by(way_to_hold *way)
{
	struct kept kept = a_pipe_with_a_page();
	struct holder holder = hold(&kept, way);
	bool stayed = stays(&kept, &nothing);

	return let_go(&holder) && stayed && !stays(&kept, &nothing);
}

static bool another_process_keeps_a_page(void)
{
	return is_kept_by(hold_plainly);
}

static bool another_uid_keeps_a_page(void)
{
	return is_kept_by(hold_as_nobody);
}

static bool a_thread_keeps_a_page(void)
{
	return is_kept_by(hold_after_main);
}

static void a_pipe_that_any_process_holds_keeps_its_page(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(another_process_keeps_a_page));
	assert_true(holds_among_few(another_uid_keeps_a_page));
}

/* /proc/PID/fd is empty once the first thread has ended. */
static void a_pipe_that_only_a_later_thread_holds_keeps_its_page(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(a_thread_keeps_a_page));
}

/* As root is in a container: it can list everybody's fds, but not look behind them. */
static bool drop_ptrace(void)
{
	enum { SYS_PTRACE = 19, VERSION_3 = 0x20080522 };
	struct {
		uint32_t version;
		int pid;
	} header = {VERSION_3, 0};
	struct {
		uint32_t effective, permitted, inheritable;
	} sets[2];

	if (syscall(SYS_capget, &header, sets))
		return false;
	sets[0].effective &= ~(UINT32_C(1) << SYS_PTRACE);
	sets[0].permitted = sets[0].effective;
	return !syscall(SYS_capset, &header, sets);
}

static bool what_cannot_be_looked_into_keeps_a_page(void)
{
	struct kept kept = a_pipe_with_a_page();
	struct holder holder = hold(&kept, hold_as_nobody);
	bool stayed = drop_ptrace() && stays(&kept, &nothing);

	return let_go(&holder) && stayed && !stays(&kept, &nothing);
}

static void a_process_that_cannot_be_looked_into_keeps_all_pages(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(what_cannot_be_looked_into_keeps_a_page));
}

static bool nobody_sweeps_beside_root(void)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(2);
		struct kept kept = a_pipe_with_a_page();

		close_pipe(&kept);
		_exit(!stays(&kept, &nothing));
	}
	return waitpid(child, &status, 0) == child && !status;
}

static void a_uid_that_cannot_look_into_all_processes_removes_nothing(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(nobody_sweeps_beside_root));
}

static bool a_zombie_keeps_nothing(void)
{
	struct kept kept = a_pipe_with_a_page();
	struct holder holder = hold(&kept, hold_plainly);

	close(holder.go);
	return waits(holder.pid, 'Z') && !stays(&kept, &nothing) &&
	       waitpid(holder.pid, NULL, 0) == holder.pid;
}

static void a_zombie_keeps_no_page(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(a_zombie_keeps_nothing));
}

static bool the_targets_pages_stay(void)
{
	struct kept kept = a_pipe_with_a_page(), other = a_pipe_with_a_page();
	const struct target living = {TARGET_LIST, 1, {kept.id}};

	close_pipe(&kept);
	close_pipe(&other);
	return stays(&kept, &living) && !exists(other.path);
}

static void the_pages_of_the_pipes_at_hand_stay(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(the_targets_pages_stay));
}

static void set_home(const struct kept *kept, uint64_t home)
{
	struct ledger *ledger = ledger_open(&kept->id);

	if (!ledger)
		abort();
	ledger->pid_namespace = home;
	ledger_leave(ledger);
}

/* Of another PID namespace, or of one that its maker could not tell. */
static bool pages_from_elsewhere_stay(void)
{
	static const uint64_t namespaces[] = {0, 1, UINT64_MAX};
	struct kept kept = a_pipe_with_a_page();
	struct ledger page;

	close_pipe(&kept);
	if (!ledger_look(kept.path, &page) || !page.pid_namespace)
		return false;
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
		set_home(&kept, namespaces[i]);
		if (!stays(&kept, &nothing))
			return false;
	}
	set_home(&kept, page.pid_namespace);
	return !stays(&kept, &nothing);
}

static void the_page_of_another_pid_namespace_stays(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(pages_from_elsewhere_stay));
}

static bool a_mapped_page_stays(void)
{
	struct kept kept = a_pipe_with_a_page();
	struct ledger *ledger = ledger_open(&kept.id);

	close_pipe(&kept);
	bool stayed = stays(&kept, &nothing);

	ledger_leave(ledger);
	return stayed && !stays(&kept, &nothing);
}

/* Such as one in a PID namespace that can't be seen from here, when this one has got the number of
 * the namespace where the page was made. */
static void a_page_that_anybody_maps_stays(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(a_mapped_page_stays));
}

static bool only_own_pages_go(void)
{
	struct kept own = a_pipe_with_a_page(), others = a_pipe_with_a_page();

	close_pipe(&own);
	close_pipe(&others);
	put_file("/dev/shm/linecap", 0600, "", 0);
	put_file("/dev/shm/linecap.0.1", 0600, "", 0);
	put_file("/dev/shm/linecap.0.1.2", 0600, "not a page", 10);
	put_file("/dev/shm/linecap.0.1.3x", 0600, "", 0);
	if (mkdir("/dev/shm/linecap.0.1.4", 0700) || mkfifo("/dev/shm/linecap.0.1.5", 0600) ||
	    symlink(own.path, "/dev/shm/linecap.0.1.6") || chown(others.path, NOBODY, NOBODY))
		return false;
	if (stays(&own, &nothing))
		return false;
	return exists(others.path) && exists("/dev/shm/linecap") &&
	       exists("/dev/shm/linecap.0.1") && exists("/dev/shm/linecap.0.1.2") &&
	       exists("/dev/shm/linecap.0.1.3x") && exists("/dev/shm/linecap.0.1.4") &&
	       exists("/dev/shm/linecap.0.1.5") && exists("/dev/shm/linecap.0.1.6");
}

static void what_is_no_page_of_ours_is_never_removed(void **state)
{
	(void)state;
	need_private_shm();
	assert_true(holds_among_few(only_own_pages_go));
}

#define PRIVATE(test) cmocka_unit_test_setup_teardown(test, mount_shm, unmount_shm)

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_pages_name_says_whose_it_is),
	cmocka_unit_test(any_other_name_is_no_pages),
	cmocka_unit_test(a_name_that_is_read_means_what_it_says),
	PRIVATE(a_page_is_a_private_file_of_one_page),
	PRIVATE(all_processes_of_a_uid_share_the_page_of_a_pipe),
	PRIVATE(another_uid_has_a_page_of_its_own),
	PRIVATE(another_pipe_has_a_page_of_its_own),
	PRIVATE(the_umask_does_not_matter),
	PRIVATE(a_page_whose_maker_died_at_once_is_finished),
	PRIVATE(all_who_open_at_once_share_the_page),
	PRIVATE(what_is_no_page_of_ours_is_refused_and_left_as_it_was),
	PRIVATE(what_is_in_order_is_taken),
	PRIVATE(another_uid_can_neither_open_truncate_nor_replace_a_page),
	PRIVATE(the_same_uid_can_truncate_its_page),
	PRIVATE(where_the_folder_is_full_there_is_no_page),
	PRIVATE(a_hole_is_filled_before_it_is_mapped),
	PRIVATE(a_page_with_a_hole_in_a_full_folder_can_be_looked_at),
	PRIVATE(where_the_folder_has_no_inodes_left_there_is_no_page),
	PRIVATE(where_the_folder_is_read_only_there_is_no_page),
	PRIVATE(where_there_is_no_folder_there_is_no_page),
	PRIVATE(whatever_a_page_holds_no_byte_is_lost),
	PRIVATE(the_last_culprit_is_kept_with_the_start_of_its_line),
	PRIVATE(root_sees_all_pages_and_another_uid_none_but_its_own),
	PRIVATE(a_page_under_a_name_that_is_none_is_not_looked_at),
	PRIVATE(the_page_of_a_dead_pipe_is_removed),
	PRIVATE(whoever_holds_an_end_of_the_pipe_keeps_its_page),
	PRIVATE(a_pipe_that_any_process_holds_keeps_its_page),
	PRIVATE(a_pipe_that_only_a_later_thread_holds_keeps_its_page),
	PRIVATE(a_process_that_cannot_be_looked_into_keeps_all_pages),
	PRIVATE(a_uid_that_cannot_look_into_all_processes_removes_nothing),
	PRIVATE(a_zombie_keeps_no_page),
	PRIVATE(the_pages_of_the_pipes_at_hand_stay),
	PRIVATE(the_page_of_another_pid_namespace_stays),
	PRIVATE(a_page_that_anybody_maps_stays),
	PRIVATE(what_is_no_page_of_ours_is_never_removed),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	print_message("LINECAP_SEED=%#llx\n", (unsigned long long)dice_seed());
	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
