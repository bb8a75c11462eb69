#!/usr/bin/env bash
# Runs one fuzzer from its corpus for some seconds, as one test in TAP: tests/fuzz/run.sh PROGRAM SECONDS
set -u
program=$1
name=$(basename "$program")
corpus=$(mktemp -d)
log=$(mktemp)
trap 'rm -rf "$corpus" "$log"' EXIT
cp "$(dirname "$0")/corpus/$name"/* "$corpus/" 2>/dev/null # not every fuzzer has one

echo "1..1"
if "$program" -max_total_time="$2" -seed=1 -rss_limit_mb=1024 -timeout=5 -print_final_stats=0 \
	-artifact_prefix="$(dirname "$program")/" "$corpus" >"$log" 2>&1; then
	echo "ok 1 - $name finds nothing in $2 s"
else
	sed 's/^/# /' "$log" | tail -40
	echo "not ok 1 - $name"
fi
