#!/bin/sh
# Formats all sources; with --check, only tells whether they are formatted.
set -eu

cd "$(dirname "$0")/.."
case "${1:-}" in
  --check) mode="--dry-run -Werror" ;;
  *) mode="-i" ;;
esac
find src tests bench \( -name '*.h' -o -name '*.cc' \) -print0 2>/dev/null |
  xargs -0 --no-run-if-empty --max-procs=0 --max-args=20 clang-format $mode
