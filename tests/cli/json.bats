#!/usr/bin/env bats
# What src/json makes of records that are too long, judged by those who will read them.

load helpers

setup_file() {
	"${CC:-cc}" -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE -I"$BATS_TEST_DIRNAME/../../src" \
		-I"$BATS_TEST_DIRNAME/../unit" -o "$BATS_FILE_TMPDIR/json_cuts" \
		"$BATS_TEST_DIRNAME/programs/json_cuts.c" "$BATS_TEST_DIRNAME/../../src/json.c"
	"$BATS_FILE_TMPDIR/json_cuts" >"$BATS_FILE_TMPDIR/cuts" 2>"$BATS_FILE_TMPDIR/count"
}

@test "jq reads each record that was cut, at every max, and its last member says so" {
	# jq 1.6 takes no half of a surrogate pair that stands alone.
	grep -v 'uda00' "$BATS_FILE_TMPDIR/cuts" >"$BATS_TEST_TMPDIR/cuts"
	run -0 --separate-stderr jq -n 'reduce inputs as $record (0;
		if ($record | keys_unsorted | index("linecap_truncated"))
			and $record.linecap_truncated == true then . + 1 else error($record) end)' \
		"$BATS_TEST_TMPDIR/cuts"
	[ "$output" = "$(wc -l <"$BATS_TEST_TMPDIR/cuts")" ]
}

@test "Python's json reads each record that was cut, at every max" {
	"$PYTHON" - "$BATS_FILE_TMPDIR/cuts" "$(cat "$BATS_FILE_TMPDIR/count")" <<-'END'
		import json, sys

		lines = open(sys.argv[1], 'rb').read().removesuffix(b'\n').split(b'\n')
		assert len(lines) == int(sys.argv[2]), len(lines)
		for line in lines:
		    # strict: no byte that isn't UTF-8, no control character in a string
		    members = json.loads(line.decode('utf-8'), object_pairs_hook=list)
		    assert members[-1] == ('linecap_truncated', True), line
	END
}

@test "node's JSON.parse reads each record that was cut, at every max" {
	node - "$BATS_FILE_TMPDIR/cuts" "$(cat "$BATS_FILE_TMPDIR/count")" <<-'END'
		const bytes = require('fs').readFileSync(process.argv[2]);
		const text = new TextDecoder('utf-8', {fatal: true}).decode(bytes);
		const lines = text.trimEnd().split('\n');
		if (lines.length !== Number(process.argv[3])) throw Error(lines.length);
		for (const line of lines)
		    if (JSON.parse(line).linecap_truncated !== true) throw Error(line);
	END
}
