#!/usr/bin/env bash
# Every test there is. `make check` and CI call it; the program must be built.
#
#   check.sh [--require NAME,...]     a missing interpreter of these fails instead of being skipped
#
# Ends with "N passed, N failed, N skipped", the sum of all parts; exit status 1 when one failed.
set -eu

cd "$(dirname "$0")/.."
require=${ASYNCINSPECT_REQUIRE:-}
if [ "${1:-}" = --require ]; then
	require=${2:?--require needs a list of interpreters}
fi
# The tree is formatted by this one; others disagree about details.
clang_format_major=14

make=("${MAKE:-make}" -s -j"$(nproc)")
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0
summary=()

add() { # NAME PASSED FAILED SKIPPED
	passed=$((passed + $2))
	failed=$((failed + $3))
	skipped=$((skipped + $4))
	summary+=("$(printf '%-28s %5d passed %5d failed %5d skipped' "$1" "$2" "$3" "$4")")
}

# What a part printed last, by our tests' words or by Check's.
totals() {
	local ours='^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$'
	local checks='^[0-9]+%: Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+)$'
	local line found=
	while IFS= read -r line; do
		if [[ $line =~ $ours ]]; then
			found="${BASH_REMATCH[1]} ${BASH_REMATCH[2]} ${BASH_REMATCH[3]}"
		elif [[ $line =~ $checks ]]; then
			local bad=$((BASH_REMATCH[2] + BASH_REMATCH[3]))
			found="$((BASH_REMATCH[1] - bad)) $bad 0"
		fi
	done <"$log"
	echo "$found"
}

part() { # NAME COMMAND...: a part that counts its own tests
	local name=$1 status=0 counted start=$SECONDS p f s
	shift
	echo "== $name"
	"$@" 2>&1 | tee "$log" || status=$?
	counted=$(totals)
	if [ -z "$counted" ]; then
		echo "FAIL  $name: it ended with status $status and told no totals"
		counted="0 1 0"
	fi
	read -r p f s <<<"$counted"
	if [ "$status" != 0 ] && [ "$f" = 0 ]; then
		echo "FAIL  $name: exit status $status, though no test failed"
		f=1
	fi
	add "$name" "$p" "$f" "$s"
	echo "   ($((SECONDS - start)) s)"
}

lint() { # NAME COMMAND...: one test, passed when the command is silent about faults
	local name=$1
	shift
	echo "== $name"
	if "$@"; then
		add "$name" 1 0 0
	else
		echo "FAIL  $name"
		add "$name" 0 1 0
	fi
}

skip() { # NAME REASON
	echo "== $1"
	echo "skip  $1: $2"
	add "$1" 0 0 1
}

set -o pipefail
shopt -s nullglob

part "layers" tests/layers.py

if command -v shellcheck >/dev/null; then
	lint "shell scripts" shellcheck tests/*.sh tests/interpreters/*.sh tests/gdb/*.sh .ci/run
else
	skip "shell scripts" "shellcheck is not installed"
fi

if clang-format --version 2>/dev/null | grep -q "version $clang_format_major\."; then
	lint "format" clang-format --dry-run -Werror corefiles/*.[ch] inspector/*/*.[ch] \
		tests/unit/*.[ch] tests/bench/*.c tests/limits/programs/*.c
else
	skip "format" "clang-format $clang_format_major is not installed"
fi

part "unit" "${make[@]}" unit
part "unit, sanitized" "${make[@]}" SANITIZE=1 unit
part "truth: is it able to fail" tests/truth/selftest.py
part "truth" tests/truth/run.py --require "$require"
# The same without debug information: from 3.13 on CPython carries tables of its own, which lack much.
part "truth, target's tables and built-in" tests/truth/run.py --require "$require" \
	--tool "$PWD/asyncinspect --layout target,built-in"
part "truth, built-in tables" tests/truth/run.py --tool "$PWD/asyncinspect --layout built-in" \
	--python 3.8,3.9,3.10,3.11,3.12,debian-3.9,debian-3.11
# The rest of README's table, by one program.
pydebug=debian-3.9d,debian-3.13d,debian-3.14d,debian-3.15d
part "truth, pydebug" tests/truth/run.py --kind live,core --only service-all --python "$pydebug"
part "truth, pydebug, target's tables and built-in" tests/truth/run.py --kind live,core --only service-all \
	--tool "$PWD/asyncinspect --layout target,built-in" --python "$pydebug"
part "truth, pydebug and 3.13 on, built-in" tests/truth/run.py --kind live,core --only service-all \
	--tool "$PWD/asyncinspect --layout built-in" \
	--python "$pydebug,3.13,debian-3.13,debian-3.14,debian-3.15"
lint "try_table" "${make[@]}" try-table
part "layouts" tests/layouts/run.py
part "truth, stripped" tests/truth/run.py --kind live,core \
	--python debian-3.9-stripped,debian-3.13-stripped,debian-3.14-stripped,debian-3.15-stripped
part "findings" tests/findings/run.py --require "$require"
part "loops" tests/loops/run.py --require "$require"
part "tasks that never wake" tests/never_wakes/run.py --require "$require"
part "false alarms" tests/false_alarms/run.py --require "$require"
part "behaviour" tests/behaviour/run.py
part "limits" tests/limits/run.py --require "$require"
# What is looked at in a table's name changes under its hands.
part "limits, built-in tables" tests/limits/run.py --tool "$PWD/asyncinspect --layout built-in" \
	--python 3.8,3.12,debian-3.14-stripped --only rests
# Where no interpreter may be missing, no GDB may.
part "in GDB" tests/gdb/run.py ${require:+--require gdb,gdb-10,gdb-13-minimal,gdb-sid}
part "heap" tests/heap/run.py --require "$require"
part "heap, other builds" tests/heap/run.py \
	--python debian-3.9,debian-3.13,debian-3.14,debian-3.15,debian-3.14d,free-threaded-3.13

part "views" tests/views/run.py --require "$require"

lint "sanitized build" "${make[@]}" SANITIZE=1
asan=build/asan/asyncinspect
part "truth, sanitized" tests/truth/run.py --tool "$asan" --kind live,core \
	--only service-all,blocked_loop,task_cycle,threadsafe_dead_loop,agen_not_closed
part "findings, sanitized" tests/findings/run.py --tool "$asan" --python 3.8,3.12
part "behaviour, sanitized" tests/behaviour/run.py --tool "$asan" \
	--only refused,spoiled,hostile,cut,debug,closed,damaged,locals,unstopped
part "fuzz, sanitized" tests/fuzz/run.py --tool "$asan" --rounds 120 --file-rounds 60
part "in GDB, sanitized" tests/gdb/run.py --tool "$asan" --gdb gdb \
	--only names,expressions,forgotten,owner,looked
part "views, sanitized" tests/views/run.py --tool "$asan" --python 3.12,debian-3.15
part "limits, sanitized" tests/limits/run.py --tool "$asan" --python 3.12,debian-3.14 \
	--only 3000,ring,interpreters,container,subclasses,removed

echo
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
