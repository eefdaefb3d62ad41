/* Where a process runs: two that talk through a pipe are timed best on a CPU each. */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <sched.h>

/* The nth CPU that this process may run on; where there are fewer, any. */
static inline void stay_on_cpu(int nth)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof all, &all))
		return;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && nth-- == 0) {
			CPU_ZERO(&one);
			CPU_SET(cpu, &one);
			sched_setaffinity(0, sizeof one, &one);
			return;
		}
}

#endif
