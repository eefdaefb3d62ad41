#!/usr/bin/env bats
# What all subcommands of linecap have in common: options, mistakes in them, --help, the manual page
# and the shells' completions. What an option does is tested where its subcommand is.

# shellcheck disable=SC2016,SC2013,SC2094,SC2183

load helpers

COMMANDS=(run pipe join doctor stat cri-log cri-read install)

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# mistake MESSAGE WORD…: linecap says MESSAGE, and no more, and exits 64.
mistake() {
	run -64 "$LINECAP" "${@:2}" </dev/null
	equal "linecap $1" "$output"
}

SIZE='a size from 64 to 1G (suffixes k, M, G), or off'

@test "a letter that is no option is blamed, wherever it stands in its word" {
	mistake "pipe: no option '-x'" pipe -xm 64
	mistake "pipe: no option '-x'" pipe -x
	mistake "cri-log: no option '-z'" cri-log -zo file
	mistake "run: no option '--m64'" run --m64 true
}

@test "a value where there may be none is blamed on its option" {
	mistake "stat: --json takes no value, such as '3'" stat --json=3
	mistake "stat: --json takes no value, such as ''" stat --json=
	mistake "cri-read: --follow takes no value, such as '\\^[[2J'" cri-read $'--follow=\e[2J' x
	mistake "pipe: --help takes no value, such as 'me'" pipe --help=me
}

@test "a long option cut short must be no other's start" {
	mistake "pipe: '--ma' may be one of several options: --max, --mark" pipe --ma
	mistake "pipe: '--ma=3' may be one of several options: --max, --mark" pipe --ma=3
	mistake "run: '--m' may be one of several options: --max, --mode, --mark" run --m true
	equal 64 "$(printf %0100d | "$LINECAP" pipe --mo split --max 64 | longest)"
}

@test "a value that is missing is named, with what it may be" {
	mistake "pipe: -m needs a value: expected $SIZE" pipe -m
	mistake "pipe: --max needs a value: expected $SIZE" pipe --max
	mistake "pipe: --mode needs a value: expected split, truncate or json" pipe --mode
	mistake "run: --via needs a value: expected auto, preload or pipe" run --via
	mistake "cri-log: -o needs a value: expected the name of a file" cri-log -o
	mistake "cri-read: --tail needs a value: expected a number of log lines, or -1 (all)" cri-read x --tail
}

@test "a bad value is named, with its option as it was given and what it may be" {
	mistake "pipe: -m is '12Q': expected $SIZE" pipe -m 12Q
	mistake "pipe: --max is '12Q': expected $SIZE" pipe --max=12Q
	mistake "pipe: --max is '12Q': expected $SIZE" pipe --max 12Q
	mistake "run: --stats is 'x': expected stderr or an absolute path" run --stats x true
	mistake "stat: --watch is '0': expected seconds from 1 to 86400" stat --watch=0
	mistake "stat: --watch is ' 1': expected seconds from 1 to 86400" stat --watch=' 1'
	mistake "stat: --watch is '+1': expected seconds from 1 to 86400" stat --watch=+1
}

@test "operands too many or too few are one line that says how it goes" {
	mistake "pipe: 'file' is one operand too many; usage: linecap pipe [OPTION...] <INPUT >OUTPUT" pipe file
	mistake "join: 'b' is one operand too many; usage: linecap join [OPTION...] <INPUT >OUTPUT" join --mark a b
	mistake "stat: 'x' is one operand too many; usage: linecap stat [OPTION...]" stat x
	mistake "run: COMMAND is missing; usage: linecap run [OPTION...] [--] COMMAND [ARGUMENT...]" run -m 64
	mistake "cri-read: FILE is missing; usage: linecap cri-read [OPTION...] FILE" cri-read --follow
}

@test "linecap's own mistakes are its own" {
	run -64 "$LINECAP" frobnicate
	equal "linecap: no command 'frobnicate'; \`linecap --help\` lists them" "$output"
	run -64 "$LINECAP" --frobnicate
	equal "linecap: no option '--frobnicate'" "$output"
	run -64 "$LINECAP" --
	equal "linecap: COMMAND is missing; usage: linecap [OPTION...] COMMAND [ARGUMENT...]" "$output"
	run -64 "$LINECAP"
	[[ $output == "usage: linecap "* ]]
}

@test "--help and --version answer wherever they stand among the options" {
	local command

	for command in "${COMMANDS[@]}"; do
		"$LINECAP" "$command" --help >help
		grep -q "^usage: linecap $command " help
		"$LINECAP" "$command" -h | cmp - help
		"$LINECAP" "$command" --version | cmp - <("$LINECAP" --version)
	done
	"$LINECAP" pipe -m 64 --mode split --help >help
	"$LINECAP" pipe --help -m 12Q | cmp - help
	"$LINECAP" pipe -m 12Q --help | cmp - help
	"$LINECAP" run -m 64 --version -- false | cmp - <("$LINECAP" --version)
	"$LINECAP" cri-read nonexistent --tail 3 --version | cmp - <("$LINECAP" --version)
	equal --help, "$("$LINECAP" run printf '%s,' --help)"
}

@test "--help says nothing of what is wrong in the environment" {
	LINECAP_MAX=x LINECAP_MAXX=y "$LINECAP" pipe --help >help 2>said
	equal "" "$(<said)"
}

@test "--help that can't be written exits 74" {
	run -74 bash -c '"$LINECAP" pipe --help >/dev/full'
}

@test "a usage text keeps within 79 columns and has no tab" {
	local command

	for command in "" "${COMMANDS[@]}"; do
		"$LINECAP" ${command:+"$command"} --help >help
		run ! grep -nE $'^.{80}|\t| $' help
	done
}

# The options and exit statuses of a usage text on stdin, a line each.
facts_of_usage() {
	awk '/^  -/ { sub(/^  /, ""); sub(/  .*/, ""); gsub(/,/, ""); for (i = 1; i <= NF; i++) if ($i ~ /^-/) { sub(/\[.*/, "", $i); print $i } }
		/^exit status/ { status = 1 }
		status && /^  [0-9]/ { print $1 }' | sort -u
}

# Those of a subcommand in the manual page.
facts_of_manual() {
	mandoc -T ascii "$BATS_TEST_DIRNAME/../../src/cmd/linecap.1" | col -bx |
		awk -v section="   linecap $1" '
			/^ {0,3}[^ ]/ { here = $0 == section }
			here && /^     [0-9]+ / { print $1 }
			here { while (match($0, /(^|[ (])--?[a-z][a-z-]*/)) {
				word = substr($0, RSTART, RLENGTH); sub(/^[ (]/, "", word); print word
				$0 = substr($0, RSTART + RLENGTH) } }' | sort -u
}

@test "the manual page has each option and exit status that --help has, and no others" {
	local command

	command -v mandoc >/dev/null || skip "no mandoc"
	for command in "${COMMANDS[@]}"; do
		"$LINECAP" "$command" --help | facts_of_usage | grep -vxE -- '-h|--help|--version' >usage
		facts_of_manual "$command" >manual
		[[ -s usage ]] || refute "$command: no facts"
		diff usage manual >difference || refute "$command: $(<difference)"
	done
}

@test "each setting has an option of run and a place in the manual page of the library" {
	local name options

	options=$("$LINECAP" run --help | facts_of_usage)
	for name in $(sed -n 's/^SETTING(\([A-Z]*\),.*/\1/p' "$BATS_TEST_DIRNAME/../../src/settings.def"); do
		grep -qx -- "--${name,,}" <<<"$options" || refute "run has no --${name,,}"
		grep -q "^\.It Ev LINECAP_$name$" "$BATS_TEST_DIRNAME/../../preload/liblinecap.so.7" ||
			refute "liblinecap.so.7 lacks LINECAP_$name"
	done
}

# --- completions ----------------------------------------------------------------------------------

# What bash offers for the words, the last of which is being typed.
bash_offers() {
	# shellcheck disable=SC2016 # an inner program
	bash -c 'source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _linecap
		printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}

@test "completions: bash offers the commands, each option, and the words of a value" {
	local command option

	"$LINECAP" completions bash >bash
	equal "pipe" "$(bash_offers linecap pi)"
	for command in "${COMMANDS[@]}"; do
		bash_offers linecap "" | grep -qx -- "$command"
		"$LINECAP" "$command" --help | facts_of_usage | grep ^-- | while read -r option; do
			bash_offers linecap "$command" "$option" | grep -qx -- "$option" ||
				refute "$command $option"
		done
	done
	equal $'split\ntruncate\njson' "$(bash_offers linecap pipe --mode "")"
	equal $'split\ntruncate\njson' "$(bash_offers linecap pipe --mode =)"
	equal truncate "$(bash_offers linecap run --mode = tr)"
	equal preload "$(bash_offers linecap run --via pre)"
	touch some.log
	equal some.log "$(bash_offers linecap cri-read some)"
	equal some.log "$(bash_offers linecap cri-log -o some)"
	equal "" "$(bash_offers linecap cri-read --tail some)"
	shellcheck -s bash bash
}

@test "completions: fish offers the commands, each option, and the words of a value" {
	local command option

	command -v fish >/dev/null || skip "no fish"
	"$LINECAP" completions fish >fish
	offers() {
		HOME=$PWD fish --private -c "source fish; complete -C '$1'" | cut -f1
	}
	offers 'linecap pi' | grep -qx pipe
	for command in "${COMMANDS[@]}"; do
		offers "linecap $command --" >offered
		"$LINECAP" "$command" --help | facts_of_usage | grep ^-- | while read -r option; do
			grep -qE -- "^$option=?$" offered || refute "$command $option"
		done
	done
	equal $'json\nsplit\ntruncate' "$(offers 'linecap pipe --mode ')"
}

@test "completions: zsh offers each option and the words of a value" {
	local command option

	command -v zsh >/dev/null || skip "no zsh"
	"$LINECAP" completions zsh >_linecap
	zsh -n _linecap
	# A terminal of its own, for completion wants one; then all that _arguments was given.
	cat >spy.zsh <<-'END'
		_arguments() { print -rl -- "$words[1]" "$@" }
		_describe() { print -rl -- $commands }
		words=("$@") CURRENT=$#
		source ./_linecap
	END
	zsh -f spy.zsh linecap "" | grep -q '^pipe:'
	for command in "${COMMANDS[@]}"; do
		zsh -f spy.zsh linecap "$command" "" >offered
		equal "$command" "$(head -n 1 offered)"
		"$LINECAP" "$command" --help | facts_of_usage | grep ^-- | while read -r option; do
			grep -qE -- "(^|\))${option}[=-]*\[" offered || refute "$command $option"
		done
	done
	zsh -f spy.zsh linecap pipe "" | grep -qF ':MODE:(split truncate json)'
}

@test "completions: another shell is a mistake" {
	mistake "completions: SHELL is 'csh': expected bash, zsh or fish" completions csh
	mistake "completions: SHELL is missing; usage: linecap completions [OPTION...] bash|zsh|fish" completions
}
