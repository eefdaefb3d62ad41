/* Tests of the ledger: whose page is taken, what stands in its way, what is swept, and what becomes
 * of a page that lies. They have System V segments of their own, in an IPC namespace that nobody
 * else sees; that takes root. Facts: ipc_namespaces(7), shmctl(2), proc(5), seccomp(2). */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dice.h"
#include "emitter.h"
#include "ledger.h"
#include "steady.h"

enum {
	PAGE = 4096,
	NOBODY = 65534,
	PAGE_CASES = 4000,
	RACERS = 16,
};

static const struct pipe_id some_pipe = {12, 3456};
static const struct target nothing = {.kind = TARGET_NONE};

/* --- segments of one's own -------------------------------------------------------------------- */

static bool private;

static int enter_namespace(void **state)
{
	(void)state;
	private = !geteuid() && !unshare(CLONE_NEWNS | CLONE_NEWIPC) &&
		  !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	return 0;
}

static int segment_at(int index, struct shmid_ds *about)
{
	return shmctl(index, SHM_STAT, about);
}

static int last_index(void)
{
	struct shm_info info;

	return shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);
}

static unsigned segments(void)
{
	struct shmid_ds about;
	unsigned count = 0;

	for (int i = 0; i <= last_index(); i++)
		count += segment_at(i, &about) >= 0;
	return count;
}

static int remove_segments(void **state)
{
	struct shmid_ds about;

	(void)state;
	for (int i = last_index(); private && i >= 0; i--) {
		int id = segment_at(i, &about);

		if (id >= 0)
			shmctl(id, IPC_RMID, NULL);
	}
	return 0;
}

static void need_private_segments(void)
{
	if (!private)
		skip();
}

/* --- helpers ---------------------------------------------------------------------------------- */

static struct ledger *open_page(const struct pipe_id *id)
{
	return ledger_open(id, geteuid());
}

/* The id of the segment that is attached there, and what the kernel knows of it. */
static int id_of(const struct ledger *ledger, struct shmid_ds *about)
{
	uint64_t mark = atomic_load(&ledger->blamed);
	int found = -1;

	atomic_store((_Atomic uint64_t *)&ledger->blamed, UINT64_C(0x6d61726b));
	for (int i = 0; i <= last_index() && found < 0; i++) {
		int id = segment_at(i, about);
		struct ledger *at = id < 0 ? (void *)-1 : shmat(id, NULL, SHM_RDONLY);

		if (at == (void *)-1)
			continue;
		if (about->shm_segsz >= PAGE && atomic_load(&at->blamed) == UINT64_C(0x6d61726b))
			found = id;
		shmdt(at);
	}
	atomic_store((_Atomic uint64_t *)&ledger->blamed, mark);
	return found;
}

/* The key that a pipe's page has for the effective uid, first (0) or second (1): as is seen when it
 * is made. */
static key_t key_of(const struct pipe_id *id, int which)
{
	struct shmid_ds about;
	struct ledger *ledger = open_page(id);
	int segment = id_of(ledger, &about);
	key_t key = about.shm_perm.__key;

	ledger_leave(ledger);
	shmctl(segment, IPC_RMID, NULL);
	if (!which)
		return key;
	int first = shmget(key, PAGE, IPC_CREAT | IPC_EXCL | 0644);

	key = key_of(id, 0);
	shmctl(first, IPC_RMID, NULL);
	return key;
}

/* What ledger_look finds of the pipe and uid. */
static enum look look_for(const struct pipe_id *id, uid_t uid, struct ledger *copy)
{
	enum look best = LOOK_NOTHING;

	for (int i = 0; i <= ledger_last(); i++) {
		struct ledger page;
		uid_t owner;
		enum look look = ledger_look(i, &owner, &page);

		if (look == LOOK_NOTHING || owner != uid)
			continue;
		if (look == LOOK_PAGE && (page.pipe.dev != id->dev || page.pipe.ino != id->ino))
			continue;
		best = look;
		if (look == LOOK_PAGE)
			*copy = page;
	}
	return best;
}

typedef bool body(void);

static bool become(uid_t uid)
{
	return !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid);
}

/* Does it hold in a process of its own? */
static bool holds_in_child(body *claim, uid_t uid)
{
	int status;
	pid_t child = fork();

	if (!child) {
		signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the next test */
		_exit(!become(uid) || !claim());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return !status;
}

/* --- the page --------------------------------------------------------------------------------- */

static void a_page_is_a_private_segment_of_one_page(void **state)
{
	struct shmid_ds about;

	(void)state;
	need_private_segments();
	struct ledger *ledger = open_page(&some_pipe);

	assert_non_null(ledger);
	assert_true(id_of(ledger, &about) >= 0);
	assert_int_equal(about.shm_perm.mode & 0777, 0600);
	assert_int_equal(about.shm_segsz, PAGE);
	assert_int_equal(about.shm_perm.uid, 0);
	assert_int_equal((unsigned)about.shm_perm.__key >> 24, 'l');
	assert_int_equal(ledger->pipe.dev, some_pipe.dev);
	assert_int_equal(ledger->pipe.ino, some_pipe.ino);
	assert_int_equal(atomic_load(&ledger->account.word), 0);
	assert_int_equal(atomic_load(&ledger->blamed), 0);
	assert_int_equal(segments(), 1);
	ledger_leave(ledger);
}

static bool adds_five(void)
{
	struct ledger *ledger = open_page(&some_pipe);

	return ledger && atomic_fetch_add(&ledger->account.breaks, 5) == 7;
}

static void all_processes_of_a_uid_share_the_page_of_a_pipe(void **state)
{
	(void)state;
	need_private_segments();
	struct ledger *ledger = open_page(&some_pipe);

	atomic_store(&ledger->account.breaks, 7);
	assert_true(holds_in_child(adds_five, 0));
	assert_int_equal(atomic_load(&ledger->account.breaks), 12);
	assert_false(holds_in_child(adds_five, 0)); /* it is 12 now */
	ledger_leave(ledger);
}

static bool has_a_fresh_page(void)
{
	struct ledger *ledger = open_page(&some_pipe), copy;

	return ledger && !atomic_load(&ledger->account.breaks) &&
	       look_for(&some_pipe, NOBODY, &copy) == LOOK_PAGE;
}

static void another_uid_has_a_page_of_its_own(void **state)
{
	(void)state;
	need_private_segments();
	struct ledger *ledger = open_page(&some_pipe);

	atomic_store(&ledger->account.breaks, 7);
	assert_true(holds_in_child(has_a_fresh_page, NOBODY));
	assert_int_equal(atomic_load(&ledger->account.breaks), 7);
	ledger_leave(ledger);
}

static void another_pipe_has_a_page_of_its_own(void **state)
{
	const struct pipe_id other = {12, 3457}, other_device = {13, 3456};

	(void)state;
	need_private_segments();
	struct ledger *ledger = open_page(&some_pipe), *second = open_page(&other),
		      *third = open_page(&other_device);

	atomic_store(&ledger->account.breaks, 7);
	assert_int_equal(atomic_load(&second->account.breaks), 0);
	assert_int_equal(atomic_load(&third->account.breaks), 0);
	assert_int_equal(segments(), 3);
	ledger_leave(ledger);
	ledger_leave(second);
	ledger_leave(third);
}

static void a_page_whose_maker_died_at_once_is_finished(void **state)
{
	(void)state;
	need_private_segments();
	int id = shmget(key_of(&some_pipe, 0), PAGE, IPC_CREAT | IPC_EXCL | 0600);
	struct ledger *ledger = open_page(&some_pipe);
	struct shmid_ds about;

	assert_non_null(ledger);
	assert_int_equal(id_of(ledger, &about), id);
	ledger_leave(ledger);
}

static pthread_barrier_t barrier;

static void *opens(void *result)
{
	pthread_barrier_wait(&barrier);
	*(struct ledger **)result = open_page(&some_pipe);
	return NULL;
}

static void all_who_open_at_once_share_the_page(void **state)
{
	pthread_t threads[RACERS];
	struct ledger *ledgers[RACERS];

	(void)state;
	need_private_segments();
	for (int round = 0; round < 100; round++) {
		pthread_barrier_init(&barrier, NULL, RACERS);
		for (int i = 0; i < RACERS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, opens, &ledgers[i]), 0);
		for (int i = 0; i < RACERS; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&barrier);
		for (int i = 0; i < RACERS; i++) {
			assert_non_null(ledgers[i]);
			assert_int_equal(atomic_fetch_add(&ledgers[i]->account.breaks, 1), i);
		}
		for (int i = 0; i < RACERS; i++)
			ledger_leave(ledgers[i]);
		assert_int_equal(segments(), 1);
		remove_segments(NULL);
	}
}

/* --- a uid that has changed since somebody asked ---------------------------------------------- */

static bool opens_with_an_old_guess(uid_t guess)
{
	struct ledger *ledger = ledger_open(&some_pipe, guess), *again = open_page(&some_pipe),
		      copy;

	if (!ledger || !again)
		return false;
	atomic_store(&ledger->account.breaks, 4711);
	return atomic_load(&again->account.breaks) == 4711 &&
	       look_for(&some_pipe, geteuid(), &copy) == LOOK_PAGE;
}

static bool guesses_root(void)
{
	return opens_with_an_old_guess(0);
}

static bool guesses_nobody(void)
{
	return opens_with_an_old_guess(NOBODY);
}

static bool guesses_nothing(void)
{
	return opens_with_an_old_guess(LEDGER_UNKNOWN);
}

static void whoever_has_changed_its_uid_joins_those_of_the_new_one(void **state)
{
	static body *const guesses[] = {guesses_root, guesses_nobody, guesses_nothing};

	(void)state;
	need_private_segments();
	for (int made = 0; made < 2; made++)
		for (size_t i = 0; i < 3; i++)
			for (uid_t uid = 0; uid <= NOBODY; uid += NOBODY) {
				struct ledger *roots = made ? open_page(&some_pipe) : NULL;

				assert_true(holds_in_child(guesses[i], uid));
				/* Nothing is left of the wrong guess. */
				assert_int_equal(segments(), made && uid ? 2 : 1);
				if (roots)
					ledger_leave(roots);
				remove_segments(NULL);
			}
}

/* --- a key that is in use --------------------------------------------------------------------- */

static key_t wanted_key;

static int place_segment(size_t size, int mode, char filling)
{
	int id = shmget(wanted_key, size, IPC_CREAT | IPC_EXCL | mode);
	char *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (at == (void *)-1)
		abort();
	memset(at, filling, size);
	shmdt(at);
	return id;
}

static int place_as_nobody(size_t size, int mode)
{
	if (setresuid((uid_t)-1, NOBODY, (uid_t)-1))
		abort();
	int id = shmget(wanted_key, size, IPC_CREAT | IPC_EXCL | mode);

	if (id < 0 || setresuid((uid_t)-1, 0, (uid_t)-1))
		abort();
	return id;
}

static int place_others(void)
{
	return place_as_nobody(PAGE, 0600);
}

static int place_others_open_to_all(void)
{
	return place_as_nobody(PAGE, 0666);
}

static int place_given(void)
{
	int id = place_as_nobody(PAGE, 0600);
	struct shmid_ds about;

	if (shmctl(id, IPC_STAT, &about))
		abort();
	about.shm_perm.uid = 0;
	if (shmctl(id, IPC_SET, &about))
		abort();
	return id;
}

static int place_0644(void)
{
	return place_segment(PAGE, 0644, 0);
}

static int place_0660(void)
{
	return place_segment(PAGE, 0660, 0);
}

static int place_0602(void)
{
	return place_segment(PAGE, 0602, 0);
}

static int place_0000(void)
{
	int id = place_segment(PAGE, 0600, 0);
	struct shmid_ds about;

	if (shmctl(id, IPC_STAT, &about))
		abort();
	about.shm_perm.mode = 0;
	if (shmctl(id, IPC_SET, &about))
		abort();
	return id;
}

static int place_one_byte(void)
{
	return place_segment(1, 0600, 0);
}

static int place_a_byte_too_many(void)
{
	return place_segment(PAGE + 1, 0600, 0);
}

static int place_much(void)
{
	return place_segment(1 << 24, 0600, 0);
}

static int place_garbage(void)
{
	return place_segment(PAGE, 0600, 'x');
}

/* The page of another pipe whose key happens to be the same. */
static int place_another_pipes_page(void)
{
	const struct pipe_id other = {12, 3457};
	struct ledger *ledger = open_page(&other);
	int id = place_segment(PAGE, 0600, 0);
	void *at = shmat(id, NULL, 0);

	memcpy(at, ledger, sizeof *ledger);
	shmdt(at);
	ledger_leave(ledger);
	return id;
}

static const struct in_the_way {
	const char *what;
	int (*place)(void);
} in_the_way[] = {
	{"another uid's", place_others},
	{"another uid's that all may write to", place_others_open_to_all},
	{"another uid's that was given to us", place_given},
	{"mode 0644", place_0644},
	{"mode 0660", place_0660},
	{"mode 0602", place_0602},
	{"mode 0", place_0000},
	{"1 byte", place_one_byte},
	{"4097 bytes", place_a_byte_too_many},
	{"16 MiB", place_much},
	{"garbage", place_garbage},
	{"another pipe's page", place_another_pipes_page},
};

/* Its settings and its bytes. */
struct snapshot {
	struct ipc_perm perm;
	size_t size;
	uint64_t sum;
};

static struct snapshot snapshot_of(int id)
{
	struct shmid_ds about;
	struct snapshot snapshot;

	if (shmctl(id, IPC_STAT, &about))
		abort();
	const unsigned char *at = shmat(id, NULL, SHM_RDONLY);

	memset(&snapshot, 0, sizeof snapshot);
	snapshot.perm = about.shm_perm;
	snapshot.size = about.shm_segsz;
	for (size_t i = 0; i < about.shm_segsz; i++)
		snapshot.sum = snapshot.sum * 31 + at[i];
	shmdt(at);
	return snapshot;
}

static bool same(const struct snapshot *a, const struct snapshot *b)
{
	return a->perm.mode == b->perm.mode && a->perm.uid == b->perm.uid && a->size == b->size &&
	       a->sum == b->sum;
}

static void
what_is_in_the_way_of_the_first_key_stays_as_it_was_and_the_second_is_taken(void **state)
{
	(void)state;
	need_private_segments();
	for (size_t i = 0; i < sizeof in_the_way / sizeof *in_the_way; i++) {
		wanted_key = key_of(&some_pipe, 0);
		int id = in_the_way[i].place();
		struct snapshot before = snapshot_of(id);
		struct ledger *ledger = open_page(&some_pipe);

		if (!ledger)
			fail_msg("%s is in the way", in_the_way[i].what);
		atomic_store(&ledger->account.breaks, 7);
		if (!holds_in_child(adds_five, 0))
			fail_msg("%s makes us count apart", in_the_way[i].what);
		struct snapshot after = snapshot_of(id);

		if (!same(&before, &after))
			fail_msg("%s has changed", in_the_way[i].what);
		ledger_leave(ledger);
		remove_segments(NULL);
	}
}

static void where_both_keys_are_taken_there_is_no_page(void **state)
{
	(void)state;
	need_private_segments();
	for (size_t i = 0; i < sizeof in_the_way / sizeof *in_the_way; i++) {
		const key_t keys[2] = {key_of(&some_pipe, 0), key_of(&some_pipe, 1)};
		struct snapshot before[2];
		int ids[2];

		assert_int_not_equal(keys[0], keys[1]);
		for (int slot = 0; slot < 2; slot++) {
			wanted_key = keys[slot];
			ids[slot] = in_the_way[i].place();
			before[slot] = snapshot_of(ids[slot]);
		}
		if (open_page(&some_pipe))
			fail_msg("%s is taken for a page", in_the_way[i].what);
		for (int slot = 0; slot < 2; slot++) {
			struct snapshot after = snapshot_of(ids[slot]);

			assert_true(same(&before[slot], &after));
		}
		remove_segments(NULL);
	}
}

static void a_page_under_the_second_key_is_still_found_once_the_first_is_free(void **state)
{
	(void)state;
	need_private_segments();
	wanted_key = key_of(&some_pipe, 0);
	int id = place_others();
	struct ledger *ledger = open_page(&some_pipe);

	assert_int_equal(shmctl(id, IPC_RMID, NULL), 0);
	atomic_store(&ledger->account.breaks, 7);
	assert_true(holds_in_child(adds_five, 0));
	assert_int_equal(segments(), 1); /* the first key was made and unmade */
	ledger_leave(ledger);
}

static bool cannot_harm_roots_page(void)
{
	struct shmid_ds about;
	int id = shmget(wanted_key, PAGE, 0);

	if (id < 0 || shmat(id, NULL, 0) != (void *)-1 || shmat(id, NULL, SHM_RDONLY) != (void *)-1)
		return false;
	return shmctl(id, IPC_RMID, NULL) && errno == EPERM && shmctl(id, IPC_STAT, &about) &&
	       errno == EACCES;
}

static void another_uid_can_neither_attach_nor_remove_a_page(void **state)
{
	(void)state;
	need_private_segments();
	wanted_key = key_of(&some_pipe, 0);
	struct ledger *ledger = open_page(&some_pipe);

	assert_true(holds_in_child(cannot_harm_roots_page, NOBODY));
	atomic_store(&ledger->account.breaks, 7);
	assert_true(holds_in_child(adds_five, 0));
	ledger_leave(ledger);
}

/* --- no room, no such call -------------------------------------------------------------------- */

static void where_the_kernel_has_no_room_there_is_no_page(void **state)
{
	static const char path[] = "/proc/sys/kernel/shmmni";

	(void)state;
	need_private_segments();
	int fd = open(path, O_WRONLY | O_CLOEXEC); /* this IPC namespace's */

	if (fd < 0 || write(fd, "0", 1) != 1)
		skip();
	close(fd);
	assert_null(open_page(&some_pipe));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "4096", 4), 4);
	close(fd);
	struct ledger *ledger = open_page(&some_pipe);

	assert_non_null(ledger);
	ledger_leave(ledger);
}

/* From now on that system call fails with the errno. */
static bool deny(unsigned call, unsigned error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static unsigned denied_call, denied_error;

static bool has_no_page_behind_a_filter(void)
{
	if (!deny(denied_call, denied_error))
		return false;
	ledger_sweep(&nothing);
	return !open_page(&some_pipe);
}

static void where_a_system_call_is_denied_there_is_no_page(void **state)
{
	static const unsigned calls[] = {SYS_shmget, SYS_shmat, SYS_shmctl};
	static const unsigned errors[] = {ENOSYS, EPERM, EACCES, ENOMEM};

	(void)state;
	need_private_segments();
	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 4; j++) {
			denied_call = calls[i];
			denied_error = errors[j];
			if (!holds_in_child(has_no_page_behind_a_filter, 0))
				fail_msg("system call %u, errno %u", calls[i], errors[j]);
			remove_segments(NULL);
		}
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
	struct listener listener = {{.writev = accept_some,
				     .stalled = steady_stalled,
				     .gone = steady_gone,
				     .broken = lie_blame},
				    dice,
				    bytes,
				    NULL};

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
	struct ledger copy;

	lying = open_page(&some_pipe);
	uint64_t *words = (uint64_t *)(void *)lying, identity = words[0];
	bool has_identity = dice_below(dice, 8);

	for (size_t i = 1; i < PAGE / sizeof *words; i++)
		words[i] = dice_one_in(dice, 4) ? dice_next(dice) >> dice_below(dice, 64)
						: dice_next(dice);
	if (!has_identity)
		words[0] = identity ^ (1 + dice_below(dice, 100));
	bool seen = look_for(&lying->pipe, geteuid(), &copy) == LOOK_PAGE;
	const char *wrong = seen ? "a page that isn't its pipe's is seen" : NULL;
	struct ledger *again = open_page(&some_pipe);

	if (!again || (segments() == 1) != has_identity)
		wrong = "a page is known by its identity";
	if (has_identity && !wrong)
		wrong = write_through(dice, bytes, 1 + dice_below(dice, sizeof bytes));
	for (int i = 0; i < 2 * LEDGER_CULPRITS && !wrong; i++)
		lie_blame(NULL, bytes, dice_below(dice, 200));
	for (int i = 0; i < 2 * LEDGER_HOLES && !wrong; i++)
		ledger_unreached(lying, "program", HOLE_GO, (int64_t)dice_next(dice));
	ledger_leave(lying);
	ledger_leave(again);
	remove_segments(NULL);
	return wrong;
}

static void whatever_a_page_holds_no_byte_is_lost(void **state)
{
	(void)state;
	need_private_segments();
	assert_null(dice_run(__func__, PAGE_CASES, a_random_page));
}

/* --- the culprits ----------------------------------------------------------------------------- */

static void the_last_culprit_is_kept_with_the_start_of_its_line(void **state)
{
	char start[200];

	(void)state;
	need_private_segments();
	struct ledger *ledger = open_page(&some_pipe);

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

/* --- the holes -------------------------------------------------------------------------------- */

static uint64_t count_of(const struct ledger *ledger, const char *program, uint32_t reason)
{
	uint64_t count = 0;

	for (int i = 0; i < LEDGER_HOLES; i++)
		if (ledger->holes[i].reason == reason && !strcmp(ledger->holes[i].program, program))
			count += atomic_load(&ledger->holes[i].count);
	return count;
}

static void programs_of_one_name_and_reason_are_counted_together(void **state)
{
	struct ledger ledger = {0};

	(void)state;
	for (int i = 1; i <= 3; i++) {
		ledger_unreached(&ledger, "busybox", HOLE_STATIC, 100 + i);
		ledger_unreached(&ledger, "hugo", HOLE_GO, 200 + i);
		ledger_unreached(&ledger, "hugo", HOLE_STATIC, 300 + i);
		ledger_unreached(&ledger, "a-program-whose-name-is-very-long-indeed",
				 HOLE_PRIVILEGED, 400 + i);
	}
	assert_int_equal(count_of(&ledger, "busybox", HOLE_STATIC), 3);
	assert_int_equal(count_of(&ledger, "hugo", HOLE_GO), 3);
	assert_int_equal(count_of(&ledger, "hugo", HOLE_STATIC), 3);
	assert_int_equal(count_of(&ledger, "a-program-whose-name-is-very-lo", HOLE_PRIVILEGED), 3);
	assert_int_equal(ledger.holes[0].time, 103);
	assert_int_equal(atomic_load(&ledger.holes[4].count), 0);
}

static void where_there_is_no_room_the_program_that_was_longest_ago_gives_way(void **state)
{
	struct ledger ledger = {0};
	char name[] = "program 0";

	(void)state;
	for (int i = 0; i < LEDGER_HOLES; i++, name[8]++)
		ledger_unreached(&ledger, name, HOLE_GO, i == 5 ? 1 : 10 + i);
	ledger_unreached(&ledger, "new", HOLE_FOREIGN, 100);
	assert_int_equal(count_of(&ledger, "program 5", HOLE_GO), 0);
	assert_int_equal(count_of(&ledger, "new", HOLE_FOREIGN), 1);
	assert_int_equal(count_of(&ledger, "program 0", HOLE_GO), 1);
	assert_int_equal(count_of(&ledger, "program 7", HOLE_GO), 1);
}

static void *starts_programs(void *ledger)
{
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 1000; i++)
		ledger_unreached(ledger, "busybox", HOLE_STATIC, 1);
	return NULL;
}

/* At most one entry each, and none is lost. */
static void programs_that_start_at_once_are_all_counted(void **state)
{
	static struct ledger ledger;
	pthread_t threads[4];

	(void)state;
	pthread_barrier_init(&barrier, NULL, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, starts_programs, &ledger), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(count_of(&ledger, "busybox", HOLE_STATIC), 4000);
}

static void each_reason_has_its_word_and_a_number_that_is_none_has_one_too(void **state)
{
	(void)state;
	assert_string_equal(hole_reason_word(HOLE_STATIC), "static");
	assert_string_equal(hole_reason_word(HOLE_GO), "go");
	assert_string_equal(hole_reason_word(HOLE_PRIVILEGED), "privileged");
	assert_string_equal(hole_reason_word(HOLE_FOREIGN), "foreign");
	assert_string_equal(hole_reason_word(HOLE_REASONS), "unknown");
	assert_string_equal(hole_reason_word(UINT32_MAX), "unknown");
}

/* --- looking ---------------------------------------------------------------------------------- */

static bool sees_that_root_has_a_page(void)
{
	struct ledger copy;

	return look_for(&some_pipe, 0, &copy) == LOOK_HIDDEN;
}

static void root_sees_all_pages_and_another_uid_none_but_its_own(void **state)
{
	struct ledger copy;

	(void)state;
	need_private_segments();
	struct ledger *ledger = open_page(&some_pipe);

	atomic_store(&ledger->account.breaks, 4711);
	assert_int_equal(look_for(&some_pipe, 0, &copy), LOOK_PAGE);
	assert_int_equal(atomic_load(&copy.account.breaks), 4711);
	assert_true(holds_in_child(sees_that_root_has_a_page, NOBODY));
	assert_true(holds_in_child(has_a_fresh_page, NOBODY));
	assert_int_equal(look_for(&some_pipe, NOBODY, &copy), LOOK_PAGE);
	ledger_leave(ledger);
}

static void what_is_no_page_is_not_looked_at(void **state)
{
	(void)state;
	need_private_segments();
	for (size_t i = 0; i < sizeof in_the_way / sizeof *in_the_way; i++) {
		struct ledger copy;
		uid_t owner;

		wanted_key = key_of(&some_pipe, 0);
		int id = in_the_way[i].place();
		struct snapshot before = snapshot_of(id);

		for (int j = 0; j <= ledger_last(); j++)
			if (ledger_look(j, &owner, &copy) == LOOK_PAGE && copy.pipe.ino != 3457)
				fail_msg("%s is taken for a page", in_the_way[i].what);
		struct snapshot after = snapshot_of(id);

		if (in_the_way[i].place != place_another_pipes_page)
			assert_true(same(&before, &after));
		remove_segments(NULL);
	}
}

/* --- the sweep -------------------------------------------------------------------------------- */

/* A pipe that has a page. */
struct kept {
	int ends[2];
	struct pipe_id id;
};

static struct kept a_pipe_with_a_page(void)
{
	struct kept kept;
	struct stat st;

	if (pipe(kept.ends) || fstat(kept.ends[0], &st))
		abort();
	kept.id = (struct pipe_id){st.st_dev, st.st_ino};
	struct ledger *ledger = open_page(&kept.id);

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

static bool has_page(const struct kept *kept)
{
	struct ledger copy;

	return look_for(&kept->id, geteuid(), &copy) == LOOK_PAGE;
}

static bool stays(const struct kept *kept, const struct target *living)
{
	ledger_sweep(living);
	return has_page(kept);
}

/* As if nobody had been there for so long. */
static void make_old(const struct kept *kept, int64_t seconds)
{
	struct ledger *ledger = open_page(&kept->id);
	int64_t then = time(NULL) - seconds;

	if (!ledger)
		abort();
	atomic_store(&ledger->joined, then);
	atomic_store(&ledger->left, then);
	atomic_store(&ledger->looked, time(NULL)); /* our own leaving is a look's, then */
	ledger_leave(ledger);
}

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
	need_private_segments();
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
	return stayed && !stays(&reader, &nothing) && !has_page(&writer);
}

static void whoever_holds_an_end_of_the_pipe_keeps_its_page(void **state)
{
	(void)state;
	need_private_segments();
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
	need_private_segments();
	assert_true(holds_among_few(another_process_keeps_a_page));
	assert_true(holds_among_few(another_uid_keeps_a_page));
}

/* /proc/PID/fd is empty once the first thread has ended. */
static void a_pipe_that_only_a_later_thread_holds_keeps_its_page(void **state)
{
	(void)state;
	need_private_segments();
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
	need_private_segments();
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
	need_private_segments();
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
	need_private_segments();
	assert_true(holds_among_few(a_zombie_keeps_nothing));
}

static bool the_targets_pages_stay(void)
{
	struct kept kept = a_pipe_with_a_page(), other = a_pipe_with_a_page();
	const struct target living = {TARGET_LIST, 1, {kept.id}};

	close_pipe(&kept);
	close_pipe(&other);
	return stays(&kept, &living) && !has_page(&other);
}

static void the_pages_of_the_pipes_at_hand_stay(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(the_targets_pages_stay));
}

/* The process is in a PID namespace of its own, where nobody else can see what it holds. */
static bool holds_elsewhere(body *claim)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (unshare(CLONE_NEWPID))
			_exit(2);
		pid_t first = fork();

		if (!first)
			_exit(!claim());
		_exit(waitpid(first, &status, 0) != first || status);
	}
	return waitpid(child, &status, 0) == child && !status;
}

static struct kept left;

static bool sweeps_nothing_here(void)
{
	return stays(&left, &nothing);
}

/* The maker is on the outside: seen from a namespace below, it is nobody. */
static bool pages_from_elsewhere_stay(void)
{
	left = a_pipe_with_a_page();
	close_pipe(&left);
	bool stayed = holds_elsewhere(sweeps_nothing_here);

	make_old(&left, 500);
	stayed = stayed && holds_elsewhere(sweeps_nothing_here);
	make_old(&left, 700);
	return stayed && !holds_elsewhere(sweeps_nothing_here);
}

static void the_page_of_another_pid_namespace_stays_for_ten_minutes(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(pages_from_elsewhere_stay));
}

static bool looks_keep_nothing(void)
{
	struct ledger copy;

	left = a_pipe_with_a_page();
	close_pipe(&left);
	make_old(&left, 700);
	for (int i = 0; i < 20; i++)
		if (look_for(&left.id, 0, &copy) != LOOK_PAGE)
			return false;
	return !holds_elsewhere(sweeps_nothing_here);
}

/* A look attaches the page, and the kernel takes its time: Prometheus would keep all pages alive.
 */
static void whoever_looks_at_a_page_does_not_keep_it(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(looks_keep_nothing));
}

static bool whoever_writes_keeps_it(void)
{
	left = a_pipe_with_a_page();
	close_pipe(&left);
	make_old(&left, 700);
	ledger_leave(open_page(&left.id));
	return holds_elsewhere(sweeps_nothing_here);
}

static void whoever_writes_keeps_a_page(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(whoever_writes_keeps_it));
}

enum { MANY = 300, LATE_MOST = 16 };

static bool sweeps_all_but_a_few(void)
{
	ledger_sweep(&nothing);
	return segments() == LATE_MOST;
}

static bool the_latest_of_many_stay(void)
{
	struct kept many[MANY];

	for (int i = 0; i < MANY; i++) {
		many[i] = a_pipe_with_a_page();
		close_pipe(&many[i]);
		make_old(&many[i], i % 7 == 3 && i < 7 * LATE_MOST ? 10 : 300 + i % 100);
	}
	if (!holds_elsewhere(sweeps_all_but_a_few))
		return false;
	for (int i = 0; i < MANY; i++)
		if (has_page(&many[i]) != (i % 7 == 3 && i < 7 * LATE_MOST))
			return false;
	return true;
}

static void of_many_pages_that_cannot_be_told_of_the_latest_few_stay(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(the_latest_of_many_stay));
}

/* As whoever leaves them that dies, or isn't let in, before the page says whose it is. */
static bool few_of_the_unclaimed_stay(void)
{
	for (int i = 0; i < MANY; i++) {
		struct kept kept = a_pipe_with_a_page();
		struct ledger *ledger = open_page(&kept.id);

		close_pipe(&kept);
		if (!ledger)
			return false;
		memset(ledger, 0, sizeof *ledger);
		ledger_leave(ledger);
	}
	return segments() == MANY && sweeps_all_but_a_few();
}

static void of_pages_that_nobody_has_claimed_a_few_stay(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(few_of_the_unclaimed_stay));
}

static bool many_go(void)
{
	struct kept live = a_pipe_with_a_page();

	for (int i = 0; i < MANY; i++) {
		struct kept kept = a_pipe_with_a_page();

		close_pipe(&kept);
	}
	return segments() == MANY + 1 && stays(&live, &nothing) && segments() == 1;
}

static void nothing_hides_behind_many_pages(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(many_go));
}

/* Users that never start a process tree, as a server's workers, never sweep. */
static bool a_crowd_is_swept_by_whoever_joins(void)
{
	struct kept first = a_pipe_with_a_page();

	close_pipe(&first);
	for (int i = 0; i < MANY; i++) {
		struct kept kept = a_pipe_with_a_page();

		close_pipe(&kept);
		make_old(&kept, 700);
	}
	return has_page(&first) && segments() < MANY / 2;
}

static void where_pages_pile_up_a_new_one_costs_the_idle_ones(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(a_crowd_is_swept_by_whoever_joins));
}

static bool an_attached_page_stays(void)
{
	struct kept kept = a_pipe_with_a_page();
	struct ledger *ledger = open_page(&kept.id);

	close_pipe(&kept);
	make_old(&kept, 99999);
	bool stayed = stays(&kept, &nothing);

	ledger_leave(ledger);
	return stayed && !stays(&kept, &nothing);
}

static void a_page_that_anybody_has_attached_stays(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(an_attached_page_stays));
}

static bool only_own_pages_go(void)
{
	struct kept own = a_pipe_with_a_page();

	close_pipe(&own);
	for (size_t i = 0; i < sizeof in_the_way / sizeof *in_the_way; i++) {
		struct pipe_id id = {99, i};

		wanted_key = key_of(&id, 0);
		int placed = in_the_way[i].place();
		bool is_page = in_the_way[i].place == place_another_pipes_page;
		struct shmid_ds about;

		if (stays(&own, &nothing) || (shmctl(placed, IPC_STAT, &about) != 0) != is_page)
			return false;
	}
	return true;
}

static void what_is_no_page_of_ours_is_never_removed(void **state)
{
	(void)state;
	need_private_segments();
	assert_true(holds_among_few(only_own_pages_go));
}

#define PRIVATE(test) cmocka_unit_test_teardown(test, remove_segments)

static const struct CMUnitTest tests[] = {
	PRIVATE(a_page_is_a_private_segment_of_one_page),
	PRIVATE(all_processes_of_a_uid_share_the_page_of_a_pipe),
	PRIVATE(another_uid_has_a_page_of_its_own),
	PRIVATE(another_pipe_has_a_page_of_its_own),
	PRIVATE(a_page_whose_maker_died_at_once_is_finished),
	PRIVATE(all_who_open_at_once_share_the_page),
	PRIVATE(whoever_has_changed_its_uid_joins_those_of_the_new_one),
	PRIVATE(what_is_in_the_way_of_the_first_key_stays_as_it_was_and_the_second_is_taken),
	PRIVATE(where_both_keys_are_taken_there_is_no_page),
	PRIVATE(a_page_under_the_second_key_is_still_found_once_the_first_is_free),
	PRIVATE(another_uid_can_neither_attach_nor_remove_a_page),
	PRIVATE(where_the_kernel_has_no_room_there_is_no_page),
	PRIVATE(where_a_system_call_is_denied_there_is_no_page),
	PRIVATE(whatever_a_page_holds_no_byte_is_lost),
	PRIVATE(the_last_culprit_is_kept_with_the_start_of_its_line),
	PRIVATE(programs_of_one_name_and_reason_are_counted_together),
	PRIVATE(where_there_is_no_room_the_program_that_was_longest_ago_gives_way),
	PRIVATE(programs_that_start_at_once_are_all_counted),
	PRIVATE(each_reason_has_its_word_and_a_number_that_is_none_has_one_too),
	PRIVATE(root_sees_all_pages_and_another_uid_none_but_its_own),
	PRIVATE(what_is_no_page_is_not_looked_at),
	PRIVATE(the_page_of_a_dead_pipe_is_removed),
	PRIVATE(whoever_holds_an_end_of_the_pipe_keeps_its_page),
	PRIVATE(a_pipe_that_any_process_holds_keeps_its_page),
	PRIVATE(a_pipe_that_only_a_later_thread_holds_keeps_its_page),
	PRIVATE(a_process_that_cannot_be_looked_into_keeps_all_pages),
	PRIVATE(a_uid_that_cannot_look_into_all_processes_removes_nothing),
	PRIVATE(a_zombie_keeps_no_page),
	PRIVATE(the_pages_of_the_pipes_at_hand_stay),
	PRIVATE(the_page_of_another_pid_namespace_stays_for_ten_minutes),
	PRIVATE(whoever_looks_at_a_page_does_not_keep_it),
	PRIVATE(whoever_writes_keeps_a_page),
	PRIVATE(of_many_pages_that_cannot_be_told_of_the_latest_few_stay),
	PRIVATE(of_pages_that_nobody_has_claimed_a_few_stay),
	PRIVATE(nothing_hides_behind_many_pages),
	PRIVATE(where_pages_pile_up_a_new_one_costs_the_idle_ones),
	PRIVATE(a_page_that_anybody_has_attached_stays),
	PRIVATE(what_is_no_page_of_ours_is_never_removed),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	print_message("TEST_SEED=%#llx\n", (unsigned long long)dice_seed());
	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
