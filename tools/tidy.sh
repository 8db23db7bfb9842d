#!/bin/sh
# Runs clang-tidy over all sources, or over those whose path matches the given expression:
#   tools/tidy.sh src/base/
set -eu

cd "$(dirname "$0")/.."
[ -f build/tidy/build.ninja ] || cmake --preset tidy
ninja -C build/tidy coffer_version
exec run-clang-tidy-19 -quiet -p build/tidy -extra-arg=-Wno-sign-conversion \
  -extra-arg=-Wno-unknown-warning-option -extra-arg=-Wno-deprecated-declarations "${1:-$PWD/src/}"
