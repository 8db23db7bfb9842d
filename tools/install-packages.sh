#!/bin/sh
# Installs what is missing of the Debian packages in the named sections of packages.txt:
#   tools/install-packages.sh build test
# Needs root, or sudo, only when something is missing.
set -eu

list=$(dirname "$0")/packages.txt
wanted=$(awk -v sections=" $* " '
  /^\[/ { section = substr($0, 2, length($0) - 2); next }
  /^[^#]/ && index(sections, " " section " ") { print $1, $2 }' "$list" |
  while read -r package program; do
    [ -n "$program" ] && command -v "$program" >/dev/null || echo "$package"
  done)

if ! command -v dpkg-query >/dev/null; then
  echo "No dpkg here, so nothing is installed. Needed:" $wanted >&2
  exit 0
fi

missing=$(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' | awk -v wanted="$wanted" '
  $2 == "installed" { installed[$1] = 1 }
  END {
    count = split(wanted, names, "\n")
    for (i = 1; i <= count; ++i) if (!(names[i] in installed)) print names[i]
  }')
[ -n "$missing" ] || exit 0

echo "Installing" $missing
as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Run as root: apt-get install --no-install-recommends" $missing >&2
    exit 1
  fi
  as_root=sudo
fi
$as_root apt-get -o DPkg::Lock::Timeout=300 update
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
  install --yes --no-install-recommends $missing
