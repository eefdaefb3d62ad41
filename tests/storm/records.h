/* Records: what a storm's writers write, each in one write, and the checker that knows what each
 * has sent.
 *
 *   {IIISSSSSSLLLLpayload}      no line's end: an endless writer's
 *   [IIISSSSSSLLLLpayload]\n    a line
 *
 * I: the writer, S: the number of its record, L: bytes of the payload, all in hex; the payload
 * follows from I and S. None of it holds the mark's first byte. */
#ifndef LINECAP_TESTS_STORM_RECORDS_H
#define LINECAP_TESTS_STORM_RECORDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORDS_MARK "~+~"

enum {
	RECORDS_WRITERS = 4096,
	RECORDS_HEAD = 14,	/* bytes before the payload */
	RECORDS_PAYLOAD = 3980, /* with a mark before it a record is still atomic (PIPE_BUF) */
	RECORDS_MOST = RECORDS_HEAD + RECORDS_PAYLOAD + 2,
};

enum records_kind { RECORDS_ENDLESS, RECORDS_LINES };

/* What a writer says of itself, in memory that it shares with the checker. A record is begun, then
 * written, then done; a writer that was ended may have left one between. */
struct records_writer {
	_Atomic uint32_t begun, done;
};

enum { RECORDS_SHARED = 9 }; /* the fd of that memory, kept over exec */

/* The writers, or NULL and errno. */
static inline struct records_writer *records_join(void)
{
	void *writers = mmap(NULL, RECORDS_WRITERS * sizeof(struct records_writer),
			     PROT_READ | PROT_WRITE, MAP_SHARED, RECORDS_SHARED, 0);

	return writers == MAP_FAILED ? NULL : writers;
}

/* The same, of writers that have yet to begin. */
static inline struct records_writer *records_share(void)
{
	int fd = memfd_create("writers", 0);

	if (fd < 0 || ftruncate(fd, RECORDS_WRITERS * sizeof(struct records_writer)) ||
	    dup2(fd, RECORDS_SHARED) != RECORDS_SHARED)
		return NULL;
	close(fd);
	return records_join();
}

static inline size_t records_make(char *record, unsigned writer, unsigned sequence, size_t payload,
				  enum records_kind kind)
{
	/* By hand: this runs in signal handlers. */
	static const char hex[] = "0123456789abcdef";
	bool line = kind == RECORDS_LINES;
	char *at = record;

	*at++ = line ? '[' : '{';
	for (int shift = 8; shift >= 0; shift -= 4)
		*at++ = hex[writer >> shift & 15];
	for (int shift = 20; shift >= 0; shift -= 4)
		*at++ = hex[sequence >> shift & 15];
	for (int shift = 12; shift >= 0; shift -= 4)
		*at++ = hex[payload >> shift & 15];
	for (size_t i = 0; i < payload; i++)
		*at++ = (char)('a' + (writer * 7 + sequence * 13 + i) % 26);
	*at++ = line ? ']' : '}';
	if (line)
		*at++ = '\n';
	return (size_t)(at - record);
}

struct records {
	const struct records_writer *writers;
	uint32_t next[RECORDS_WRITERS]; /* the number of the record that is to come */
	size_t count, lines, marks;
	char broken[160];
};

static inline bool records_refute(struct records *records, const char *claim, unsigned writer,
				  size_t at)
{
	snprintf(records->broken, sizeof records->broken, "writer %x, byte %zu: %s", writer, at,
		 claim);
	return false;
}

/* A byte of the writers', past what linecap put between. */
struct records_reader {
	const char *bytes;
	size_t length, at, marks;
};

static inline int records_byte(struct records_reader *reader)
{
	static const char mark[] = RECORDS_MARK "\n";
	size_t n = sizeof mark - 1;

	while (reader->length - reader->at >= n && !memcmp(reader->bytes + reader->at, mark, n)) {
		reader->at += n;
		reader->marks++;
	}
	return reader->at < reader->length ? (unsigned char)reader->bytes[reader->at++] : -1;
}

static inline bool records_number(struct records_reader *reader, unsigned digits, unsigned *number)
{
	*number = 0;
	while (digits--) {
		int byte = records_byte(reader);

		if ((byte < '0' || byte > '9') && (byte < 'a' || byte > 'f'))
			return false;
		*number = *number << 4 | (unsigned)(byte <= '9' ? byte - '0' : byte - 'a' + 10);
	}
	return true;
}

static inline bool records_one(struct records *records, struct records_reader *reader, int first)
{
	char expected[RECORDS_MOST];
	unsigned writer, sequence, payload;
	size_t start = reader->at - 1, marks = reader->marks;
	bool line = first == '[';

	if (first != '[' && first != '{')
		return records_refute(records, "a record begins here", 0, start);
	if (!records_number(reader, 3, &writer) || !records_number(reader, 6, &sequence) ||
	    !records_number(reader, 4, &payload) || payload > RECORDS_PAYLOAD)
		return records_refute(records, "a record's head is whole", 0, start);
	size_t n = records_make(expected, writer, sequence, payload,
				line ? RECORDS_LINES : RECORDS_ENDLESS);

	for (size_t i = RECORDS_HEAD; i < n; i++)
		if (records_byte(reader) != expected[i])
			return records_refute(records, "a record is whole", writer, start);
	if (line && reader->marks != marks)
		return records_refute(records, "a line is not broken", writer, start);
	if (sequence != records->next[writer]++)
		return records_refute(records, "no record is lost, doubled or out of its turn",
				      writer, start);
	records->count++;
	records->lines += line;
	return true;
}

/* Is everything there that the writers say, and nothing else? */
static inline bool records_check(struct records *records, const struct records_writer *writers,
				 const char *bytes, size_t length)
{
	struct records_reader reader = {bytes, length, 0, 0};

	memset(records, 0, sizeof *records);
	records->writers = writers;
	for (int byte; (byte = records_byte(&reader)) >= 0;)
		if (!records_one(records, &reader, byte))
			return false;
	records->marks = reader.marks;
	for (unsigned i = 0; i < RECORDS_WRITERS; i++) {
		if (records->next[i] < atomic_load(&writers[i].done))
			return records_refute(records, "what was written has come", i, length);
		if (records->next[i] > atomic_load(&writers[i].begun))
			return records_refute(records, "what has come was written", i, length);
	}
	return true;
}

/* The proof that the checker sees what it is for: NULL, or the fault that it overlooks. */
static inline const char *records_selfcheck(const struct records_writer *writers, const char *bytes,
					    size_t length)
{
	static struct records records;
	char *faulty = malloc(length + RECORDS_MOST);
	size_t record = 0, middle = 0;
	const char *overlooked = NULL;

	if (!faulty)
		return "no memory";
	while (middle < length && bytes[middle] != '[')
		middle++;
	while (middle + record < length && bytes[middle + record] != '\n')
		record++;
	record++;
	if (middle + record > length)
		overlooked = "there is a line to try it on";
	size_t rest = length - middle - record;

	memcpy(faulty, bytes, middle);
	memcpy(faulty + middle, bytes + middle + record, rest);
	if (!overlooked && records_check(&records, writers, faulty, length - record))
		overlooked = "a record that is lost";
	memcpy(faulty, bytes, middle + record);
	memcpy(faulty + middle + record, bytes + middle, length - middle);
	if (!overlooked && records_check(&records, writers, faulty, length + record))
		overlooked = "a record that is doubled";
	memcpy(faulty, bytes, length);
	faulty[middle + RECORDS_HEAD] ^= 1;
	if (!overlooked && records_check(&records, writers, faulty, length))
		overlooked = "a byte that is another";
	memcpy(faulty, bytes, middle + 5);
	memcpy(faulty + middle + 5, RECORDS_MARK "\n", 4);
	memcpy(faulty + middle + 9, bytes + middle + 5, length - middle - 5);
	if (!overlooked && records_check(&records, writers, faulty, length + 4))
		overlooked = "a line that is broken";
	memcpy(faulty + middle, RECORDS_MARK, 3);
	memcpy(faulty + middle + 3, bytes + middle, length - middle);
	if (!overlooked && records_check(&records, writers, faulty, length + 3))
		overlooked = "a mark that is torn";
	free(faulty);
	return overlooked;
}

#endif
