/* The list of subcommands. */
#include "cmd.h"

extern const struct command command_run, command_pipe, command_join, command_doctor, command_stat,
	command_cri_log, command_cri_read, command_install;

const struct command *const commands[] = {
	&command_run,	   &command_pipe,    &command_join,
	&command_doctor,   &command_stat,    &command_cri_log,
	&command_cri_read, &command_install, NULL,
};

const struct command command_linecap = {
	.summary = "keep endless lines away from the container runtime",
	.synopsis = "COMMAND [ARGUMENT...]",
	.about = "Keeps endless lines away from the container runtime. The commands:",
	.notes = "`linecap COMMAND --help` tells more; so does linecap(1).",
	.operands_least = 1,
	.operands_most = 1,
	.runs_operands = true,
	.operand = "COMMAND",
};
