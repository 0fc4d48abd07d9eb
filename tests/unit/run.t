#!/bin/sh
# Runs every cmocka program as one TAP stream: each program is one test here,
# its own lines are shown when it fails.
n=0
set -- "$BUILD"/tests/unit/test_*[!.]?
programs=
for file in "$@"; do
	case $file in *.o|*.d) ;; *) programs="$programs $file" ;; esac
done
set -- $programs
echo "1..$#"
for program in "$@"; do
	n=$((n + 1))
	if log=$("$program" 2>&1); then
		echo "ok $n - ${program##*/}"
	else
		echo "not ok $n - ${program##*/}"
		printf '%s\n' "$log" | sed 's/^/# /'
	fi
done
