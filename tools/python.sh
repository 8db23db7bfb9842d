#!/bin/sh
# Tells the Python for the black-box tests: Debian's with what tests/e2e/requirements.txt adds, in
# build/venv. `tools/python.sh schemathesis` tells another, which has only what
# tests/schemathesis/requirements.txt asks for: it needs a younger pytest than Debian's.
# `tools/python.sh sdk` tells one that has only what sdk/python/requirements.txt asks for, with the
# hashes that it has. Installs what the list says when it has changed.
set -eu

cd "$(dirname "$0")/.."
if [ "${1:-}" = schemathesis ]; then
  list=tests/schemathesis/requirements.txt
  venv=$PWD/build/venv-schemathesis
  packages=
elif [ "${1:-}" = sdk ]; then
  list=sdk/python/requirements.txt
  venv=$PWD/build/venv-sdk
  packages=
else
  list=tests/e2e/requirements.txt
  venv=$PWD/build/venv
  packages=--system-site-packages
fi
if ! cmp -s "$list" "$venv/installed.txt"; then
  /usr/bin/python3 -m venv --clear $packages "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$list" >&2
  cp "$list" "$venv/installed.txt"
fi
echo "$venv/bin/python"
