/* The process's one state, as it is before the constructor ran. */
#include "process.h"

#include "fdmap.h"
#include "next.h"

struct process process = {
	.pipes = {[FD_UNKNOWN] = {.own = {.word = LINE_CLOSED}}},
	.accounts = {[FD_UNKNOWN] = &process.pipes[FD_UNKNOWN].own,
		     [FD_OTHER] = &process.pipes[FD_UNKNOWN].own,
		     [FD_ASKING] = &process.pipes[FD_UNKNOWN].own},
};

struct launcher launcher;

struct fdmap fdmap;

struct next_functions next = {
#define SYSTEM(name, result, parameters, arguments) .name = raw_##name,
#define BY_HAND(name, result, parameters)	    .name = raw_##name,
#include "calls.def"
};

_Alignas(PROCESS_PAGE) union own_page process_own;
