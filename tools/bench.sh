#!/bin/sh
# Builds what the bench measures, and measures it (bench/README.md); with `micro`, the
# micro-benchmarks, which take the flags of Google Benchmark:
#   tools/bench.sh
#   tools/bench.sh micro --benchmark_filter=router
set -eu

cd "$(dirname "$0")/.."
# Looks again for what may have been installed since.
cmake --preset release >/dev/null
if [ "${1:-}" = micro ]; then
  shift
  tools/build.sh release coffer_microbench
  exec build/release/coffer_microbench "$@"
fi
tools/build.sh release coffer coffer-media-probe bench_load
export COFFER_BINARY="$PWD/build/release/coffer" COFFER_BENCH_LOAD="$PWD/build/release/bench_load"
exec /usr/bin/python3 bench/run.py
