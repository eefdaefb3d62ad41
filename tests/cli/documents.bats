#!/usr/bin/env bats
# What is written for people: that what it points at is there, and that it names what there is.
# shellcheck disable=SC2016  # a ` in single quotes is one

load helpers

setup() {
	cd "$ROOT" || return
	documents=(README.md src/DESIGN.md .github/*.md)
}

# links FILE: where its links lead that stay in here, without what is behind #.
links() {
	grep -oE '\]\([^)]*\)' "$1" | sed -E 's/^\]\(//; s/\)$//; s/#.*//' | grep -vE '^(https?:.*)?$'
}

# anchors FILE: what a link into this document may have behind #, as GitHub makes it of a heading.
anchors() {
	sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9\n_-'
}

# cited PATTERN: the numbers of what sources and tests cite.
cited() {
	grep -rhoiE --include='*.[ch]' --include='*.bats' --include='*.py' "$1[0-9]+" src preload tests |
		grep -oE '[0-9]+$' | sort -u
}

@test "each link of the documents leads to a file of the checkout" {
	local document link

	for document in "${documents[@]}"; do
		for link in $(links "$document"); do
			[[ -e ${document%/*}/$link || ($document != */* && -e $link) ]] ||
				refute "$document: $link isn't there"
		done
	done
}

@test "each link to a heading of the design leads to one" {
	grep -ohE '\((src/DESIGN\.md)?#[^)]*\)' README.md src/DESIGN.md | sed -E 's/.*#(.*)\)/\1/' | sort -u >"$BATS_TEST_TMPDIR/links"
	more_than 5 "$(wc -l <"$BATS_TEST_TMPDIR/links")"
	equal "" "$(anchors src/DESIGN.md | sort | comm -13 - "$BATS_TEST_TMPDIR/links")"
}

@test "each point of the contract and each section that comments cite stands in the design" {
	more_than 5 "$(cited '\bcontract[ _]' | wc -l)"
	equal "" "$(comm -23 <(cited '\bcontract[ _]') <(sed -nE 's/^([0-9])\. \*\*.*/\1/p' src/DESIGN.md))"
	more_than 1 "$(cited 'DESIGN §' | wc -l)"
	equal "" "$(comm -23 <(cited 'DESIGN §') <(sed -nE 's/^## ([0-9])\. .*/\1/p' src/DESIGN.md))"
}

@test "the README has each setting with its default, and no other" {
	local written real

	real=$(sed -nE 's/^SETTING\(([A-Z]+), [a-z]+, [a-z]+, "([^"]*)".*/LINECAP_\1 \2/p' src/settings.def | sort)
	written=$(sed -nE 's/^\| `(LINECAP_[A-Z]+)` \| (`([^`]*)`)? ?\|.*/\1 \3/p' README.md | sort)
	equal "$real" "$written"
}

@test "no document names a make target that there isn't" {
	grep -ohE '(^|`|&& )make [a-z_-]+( |`|$)' "${documents[@]}" | sed -E 's/.*make ([a-z_-]+).*/\1/' | sort -u >"$BATS_TEST_TMPDIR/named"
	more_than 5 "$(wc -l <"$BATS_TEST_TMPDIR/named")"
	equal "" "$(grep -oE '^[a-z_-]+:' Makefile | tr -d : | sort -u | comm -13 - "$BATS_TEST_TMPDIR/named")"
}

@test "the documents say how many languages, ways out and hostile programs the coverage tries" {
	local counts

	counts=$(cd tests/coverage && "$PYTHON" -B -c 'import cases
rows = {table: set() for table in cases.TABLES}
for case in cases.all_cases():
    rows[case.table].add(case.row)
print(*(len(rows[table]) for table in (cases.LANGUAGES, cases.WAYS, cases.HOSTILE)))')
	equal "$counts" "$(tr '\n' ' ' <README.md |
		sed -nE 's/.* of ([0-9]+) languages, ([0-9]+) ways out and ([0-9]+) hostile programs .*/\1 \2 \3/p')"
	equal "${counts#* }" "$(sed -nE 's/^\| of ([0-9]+) (ways out|hostile programs) .*/\1/p' src/DESIGN.md | paste -sd ' ')"
	equal "${counts%% *}" "$(sed -n '/^| language/,/^$/ { /^| [A-Z]/p; /^| .*sh |/p }' src/DESIGN.md | wc -l)"
}
