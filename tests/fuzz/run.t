#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every fuzz target over its seed corpus (tests/fuzz/corpus/NAME/).
set -- "$SRCDIR"/tests/fuzz/fuzz_*.c
echo "1..$#"
n=0
for source in "$@"; do
	n=$((n + 1))
	name=$(basename "$source" .c)
	corpus=$SRCDIR/tests/fuzz/corpus/${name#fuzz_}
	if log=$("$BUILD/tests/fuzz/$name" "$corpus" 2>&1); then
		echo "ok $n - $name over its corpus"
	else
		echo "not ok $n - $name over its corpus"
		printf '%s\n' "$log" | sed 's/^/# /'
	fi
done
