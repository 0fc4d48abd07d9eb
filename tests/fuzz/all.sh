#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each fuzz target for so many seconds: all.sh SECONDS TARGET...
# New inputs are kept in build/fuzz/corpus/NAME, what breaks a target in build/fuzz/found/NAME-*.
seconds=$1
shift
found=build/fuzz/found
broken=0
mkdir -p $found || exit 1
for target; do
	name=${target##*/fuzz_}
	corpus=build/fuzz/corpus/$name
	log=build/fuzz/$name.log
	mkdir -p "$corpus" || exit 1
	if "$target" -max_total_time="$seconds" -timeout=10 -max_len=65536 -print_final_stats=1 \
		-artifact_prefix="$found/$name-" "$corpus" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
		verdict=ok
	else
		verdict=BROKEN
		broken=$((broken + 1))
	fi
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	features=$(sed -n 's/.* ft: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	printf '%-10s %-6s %10s runs, %6s features, %s s\n' "$name" "$verdict" "${runs:-?}" "${features:-?}" "$seconds"
	[ $verdict = ok ] || grep -m 3 -E 'ERROR|SUMMARY|runtime error|deadly signal' "$log"
done
[ $broken -eq 0 ] || echo "what broke them: $found; the whole story: build/fuzz/NAME.log"
[ $broken -eq 0 ]
