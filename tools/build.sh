#!/bin/sh
# Builds a preset of CMakePresets.json, all of it or the targets named:
#   tools/build.sh release coffer
set -eu

preset=$1
shift
cd "$(dirname "$0")/.."
# Ninja configures again by itself when a build file has changed.
[ -f "build/$preset/build.ninja" ] || cmake --preset "$preset"
exec ninja -C "build/$preset" "$@"
