/* json KIND BYTES: prints a record of about so many bytes, as programs log them.
 * json KIND BYTES ROUNDS: how fast src/json scans it instead: MB/s, the median of the rounds.
 *
 * Kinds: trace (an error with a long stack trace), requests (many small members of all types,
 * nested), quoted (JSON in a string, every quote of it escaped), words (a text in several
 * languages). */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "json.h"
#include "medians.h"

enum { BYTES_LEAST = 1024, BYTES_MOST = 1 << 30, PER_ROUND = 1 << 25 };

static const struct kind {
	const char *name, *before, *again, *after; /* again: as often as it fits, a number in it */
} kinds[] = {
	{"trace",
	 "{\"@timestamp\":\"2024-03-07T11:22:33.456Z\",\"level\":\"ERROR\",\"thread_name\":\"http-"
	 "nio-8080-exec-"
	 "4\",\"logger_name\":\"com.example.orders.OrderService\",\"trace_id\":"
	 "\"4bf92f3577b34da6a3ce929d0e0e4736\",\"message\":\"order failed\",\"stack_trace\":\"",
	 "\\tat com.example.orders.OrderService.place%u(OrderService.java:118)\\n\\tat "
	 "org.springframework.cglib.proxy.MethodProxy.invoke(MethodProxy.java:218)\\n",
	 "\"}"},
	{"requests", "{\"level\":\"info\",\"ts\":1709810553.456,\"msg\":\"batch\",\"requests\":[{}",
	 ",{\"id\":\"req-%u\",\"method\":\"GET\",\"path\":\"/api/v1/orders/8731/"
	 "items\",\"status\":200,"
	 "\"bytes\":18231,\"took_ms\":12.75,\"cached\":false,\"user\":null,\"tags\":[\"a\",\"eu-"
	 "west-"
	 "1\"],"
	 "\"headers\":{\"user-agent\":\"Mozilla/5.0 (X11; Linux x86_64)\",\"accept\":\"*/*\"}}",
	 "]}"},
	{"quoted", "{\"level\":\"debug\",\"msg\":\"answer\",\"body\":\"[{}",
	 ",{\\\"id\\\":%u,\\\"name\\\":\\\"a name of "
	 "somebody\\\",\\\"mail\\\":\\\"somebody@example.org"
	 "\\\",\\\"roles\\\":[\\\"admin\\\",\\\"editor\\\"]}",
	 "]\"}"},
	{"words", "{\"level\":\"info\",\"msg\":\"",
	 "%u: Заказ не найден, повторите попытку позже; 注文が見つかりません; "
	 "Bestellung übermäßig groß; no such order. ",
	 "\"}"},
};

static size_t record_of(const struct kind *kind, char *record, size_t bytes)
{
	size_t n = (size_t)sprintf(record, "%s", kind->before);

	for (unsigned i = 0; n + strlen(kind->again) + 16 < bytes; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		n += (size_t)sprintf(record + n, kind->again, i);
#pragma GCC diagnostic pop
	}
	return n + (size_t)sprintf(record + n, "%s", kind->after);
}

/* Of this process alone: a scan waits for nothing, and others may be at work beside it. */
static double cpu_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double speed(const char *record, size_t n)
{
	int scans = (int)(PER_ROUND / n) + 1;
	double start = cpu_seconds();

	for (int i = 0; i < scans; i++) {
		struct json json = {0};

		if (!json_scan(&json, record, n))
			errx(1, "the scan takes it for no record");
	}
	return (double)n * scans / (cpu_seconds() - start) / 1e6;
}

int main(int argc, char **argv)
{
	const struct kind *kind = kinds, *end = kinds + sizeof kinds / sizeof *kinds;

	while (argc > 2 && kind < end && strcmp(kind->name, argv[1]) != 0)
		kind++;
	size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : 1;

	if (argc < 3 || kind == end || bytes < BYTES_LEAST || bytes > BYTES_MOST || rounds < 1)
		errx(64, "usage: json trace|requests|quoted|words BYTES [ROUNDS]");
	char *record = malloc(bytes + BYTES_LEAST);
	double *speeds = calloc((size_t)rounds, sizeof *speeds);

	if (!record || !speeds)
		err(1, "%zu bytes", bytes);
	size_t n = record_of(kind, record, bytes);

	if (argc == 3)
		return puts(record) < 0;
	stay_on_cpu(0);
	for (long i = 0; i < rounds; i++)
		speeds[i] = speed(record, n);
	printf("%.0f\n", quantile(speeds, (int)rounds, 0.5));
	return 0;
}
