#!/bin/sh
# Runs the tests against a build: what the rules say of the sources, then the unit tests, then
# each fuzz target for ten seconds, then the black-box tests: file by file on half as many processes
# again as there are cores, for they often wait, then, alone, those that measure. The closing line
# of pytest comes last. With a preset other than release, the unit tests and those of the APIs: what
# is killed, measured or looked at in a browser is what people get.
#   tools/test.sh release
set -eu

preset=$1
cd "$(dirname "$0")/.."
export COFFER_BINARY="$PWD/build/$preset/coffer"
export ASAN_OPTIONS="strict_string_checks=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="print_stacktrace=1"
# Of libraries that are not compiled with it the sanitizer sees half of the locking; libstdc++ counts
# by itself who holds an exception. Tests that kill a child fork beside the thread of the log.
export TSAN_OPTIONS="halt_on_error=1:die_after_fork=0:second_deadlock_stack=1:ignore_noninstrumented_modules=1:suppressions=$PWD/tools/tsan.supp"
# The thread sanitizer of GCC 12 does not cope with the address layout that newer kernels draw.
run=
if [ "$preset" = tsan ] && setarch "$(uname -m)" --addr-no-randomize true 2>/dev/null; then
  run="setarch $(uname -m) --addr-no-randomize"
fi

tools/format.sh --check
/usr/bin/python3 -m pytest -q tests/rules
# What comes from a network comes while the compiler works.
{ tools/python.sh && tools/python.sh schemathesis && tools/python.sh sdk && tools/go.sh; } > /dev/null &
environments=$!
tools/build.sh "$preset"
wait "$environments"
python=$(tools/python.sh)
$run ctest --test-dir "build/$preset" --output-on-failure --parallel 2 --progress
side_by_side="--numprocesses $(($(nproc) * 3 / 2)) --dist loadfile"
[ "$preset" = release ] || exec $run "$python" -m pytest $side_by_side tests/api
FUZZ_SEED=1 tools/fuzz.sh 10
# Some of the black-box tests with the files of all servers in a bucket; tools/test-s3.sh has more.
"$python" -m pytest -q --numprocesses auto --dist loadfile --store s3 tests/api/test_boxes_documented.py \
  tests/api/test_quantum_downloads.py tests/api/test_trash.py tests/faults/test_kill.py::test_twelve_kills
"$python" -m pytest $side_by_side --ignore tests/rules --ignore tests/measure tests
exec "$python" -m pytest tests/measure
