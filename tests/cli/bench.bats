#!/usr/bin/env bats
# Contract 6, free when idle: the figures of tests/bench that are the same in each run.

load helpers

# What the table says of a figure; it fails where that isn't as it must be.
figure() {
	env -u LD_PRELOAD "$BATS_TEST_DIRNAME/../bench/bench" "$1"
}

@test "contract 6: a write of a line to a guarded pipe takes at most 40 instructions more" {
	figure instructions_on_a_guarded_pipe
}

@test "contract 6: a write to any other fd takes at most 12 instructions more" {
	figure instructions_on_another_fd
}

@test "contract 6: no heap allocation is added where no line is too long" {
	figure heap_allocations
}

@test "contract 6: no system call is added where no line is too long" {
	figure system_calls
}

@test "contract 6: the first write to a guarded pipe takes at most 6 system calls more" {
	figure first_writes
}

@test "contract 6: a descendant starts with at most 3 system calls more" {
	figure start_up
}

@test "a spawn onto a guarded pipe takes at most 3000 instructions and 6 system calls more" {
	figure exec_hooks_counted
}
