#!/bin/sh
# Runs every fuzz target for so many seconds, or those that are named:
#   tools/fuzz.sh 600 uri location
# FUZZ_SEED=1 draws the same inputs every time, as far as they come in the time; else each run others.
# What a target finds new goes to build/fuzz/corpus/<target>, what fails to build/fuzz/findings.
set -eu

seconds=$1
shift
cd "$(dirname "$0")/.."
tools/build.sh fuzz fuzz
targets=${*:-$(ls build/fuzz/targets)}
export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1"
export UBSAN_OPTIONS="print_stacktrace=1"
logs=build/fuzz/logs
mkdir -p build/fuzz/findings "$logs"

one() {
  mkdir -p "build/fuzz/corpus/$1"
  if "build/fuzz/targets/$1" "build/fuzz/corpus/$1" "tests/fuzz/corpus/$1" \
      -dict=tests/fuzz/words.dict -seed="${FUZZ_SEED:-0}" -max_total_time="$seconds" -max_len=16384 -timeout=10 \
      -rss_limit_mb=1024 -artifact_prefix="build/fuzz/findings/$1-" -print_final_stats=1 \
      >"$logs/$1" 2>&1; then
    awk -v name="$1" '
      /cov: / { for (i = 1; i < NF; ++i) if ($i == "cov:") coverage = $(i + 1) }
      /number_of_executed_units/ { executions = $2 }
      END { printf "fuzz: %-14s %10d executions, coverage %d\n", name, executions, coverage }' "$logs/$1"
  else
    tail -60 "$logs/$1"
    echo "fuzz: $1 FAILED; the bytes are in build/fuzz/findings, the log is $logs/$1"
    return 1
  fi
}

failed=
running=
width=$(nproc)
for target in $targets; do
  one "$target" &
  running="$running $!"
  if [ "$(echo "$running" | wc -w)" -ge "$width" ]; then
    first=${running# }
    first=${first%% *}
    wait "$first" || failed=yes
    running=${running#" $first"}
  fi
done
for process in $running; do wait "$process" || failed=yes; done
if [ -n "$failed" ]; then
  echo "fuzz: FAILED"
  exit 1
fi
echo "fuzz: $(echo "$targets" | wc -w) targets, $seconds s each, nothing found"
