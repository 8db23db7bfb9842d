#!/bin/sh
# Tells the Python for the black-box tests: Debian's with what tests/e2e/requirements.txt adds, in
# build/venv. Installs that when the list has changed.
set -eu

cd "$(dirname "$0")/.."
list=tests/e2e/requirements.txt
venv=$PWD/build/venv
if ! cmp -s "$list" "$venv/installed.txt"; then
  /usr/bin/python3 -m venv --clear --system-site-packages "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$list" >&2
  cp "$list" "$venv/installed.txt"
fi
echo "$venv/bin/python"
