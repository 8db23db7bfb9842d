#!/bin/sh
# Tells the go command that builds and tests the Go SDK: the machine's if it is 1.23 or later, else
# the one that tests/sdk/go-requirements.txt pins (Debian 12 has 1.19), in build/venv-go.
set -eu

cd "$(dirname "$0")/.."
for go in "$(command -v go || true)" /usr/local/go/bin/go; do
  [ -x "$go" ] || continue
  minor=$("$go" env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  if [ "${minor:-0}" -ge 23 ]; then
    echo "$go"
    exit 0
  fi
done
list=tests/sdk/go-requirements.txt
venv=$PWD/build/venv-go
if ! cmp -s "$list" "$venv/installed.txt"; then
  /usr/bin/python3 -m venv --clear "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$list" >&2
  cp "$list" "$venv/installed.txt"
fi
echo "$venv/bin/go"
