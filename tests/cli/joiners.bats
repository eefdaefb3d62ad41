#!/usr/bin/env bats
# Log agents join the pieces that the runtime cut (tag P) again. What linecap ends, the runtime passes on
# as whole lines (tag F), so that there is nothing to join. programs/joiner.py is a model of the agents.

load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

LENGTH=1048576
RUNTIME=16384 # its max_container_log_line_size
# (The last piece of a line that never ends has no newline: it is no record yet.)
AGENTS=(fluent-bit vector)

# joined AGENT MAX_LINE: stdin, through a runtime with that limit and the agent.
joined() {
	"$LINECAP" cri-log --max-line "$2" | "$PYTHON" "$BATS_TEST_DIRNAME/programs/joiner.py" "$1"
}

@test "an agent that joins holds all of an endless line, whatever the runtime's limit" {
	for agent in "${AGENTS[@]}"; do
		equal "$LENGTH 0" "$(endless $LENGTH | joined "$agent" $RUNTIME)"
		equal "$LENGTH 0" "$(endless $LENGTH | joined "$agent" 4096)"
	done
}

@test "with linecap an agent that joins holds no more than LINECAP_MAX bytes" {
	endless $LENGTH >line
	for agent in "${AGENTS[@]}"; do
		equal "16384 63" "$(guarded cat line | joined "$agent" $RUNTIME)"
		equal "1000 1048" "$(LINECAP_MAX=1000 guarded cat line | joined "$agent" $RUNTIME)"
	done
}

@test "with linecap an agent stays bounded where the runtime cuts earlier than linecap, too" {
	endless $LENGTH >line
	for agent in "${AGENTS[@]}"; do
		equal "16384 63" "$(guarded cat line | joined "$agent" 4096)"
	done
}

@test "with linecap an agent has the whole line in pieces that linecap join puts together" {
	endless $LENGTH >line
	LINECAP_MARK='~' guarded cat line | "$LINECAP" cri-log | cut -d ' ' -f 4- >pieces
	"$LINECAP" join --mark '~' <pieces >again
	head -c $LENGTH again | cmp - line
}
