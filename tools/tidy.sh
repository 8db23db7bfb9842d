#!/bin/sh
# Runs clang-tidy over all sources, or over those whose path matches the given expression:
#   tools/tidy.sh src/base/
set -eu

cd "$(dirname "$0")/.."
[ -f build/tidy/build.ninja ] || cmake --preset tidy
ninja -C build/tidy coffer_version
# libstdc++ 12 hides std::expected from compilers that announce fewer concepts than GCC's.
exec run-clang-tidy -quiet -p build/tidy -extra-arg=-Wno-builtin-macro-redefined \
  -extra-arg=-D__cpp_concepts=202002L "${1:-$PWD/src/}"
