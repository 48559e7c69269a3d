#!/bin/sh
# Compiles a filter with a clang that has the bpf target: $CLANG, the Swift toolchain's own, or the system's.
# build.sh SOURCE OUTPUT
set -eu

toolchain=$(swift -print-target-info 2>/dev/null | sed -n 's/.*"runtimeResourcePath" *: *"\(.*\)\/lib\/swift".*/\1/p')
for clang in "${CLANG:-}" "$toolchain/bin/clang" clang; do
  [ -n "$clang" ] && command -v "$clang" >/dev/null 2>&1 || continue
  if message=$("$clang" -target bpf -O2 -g -mcpu=v3 -Wall -Wextra -Werror -c "$1" -o "$2" 2>&1); then exit 0; fi
done
echo "no clang with the bpf target compiles $1${message:+:}" >&2
[ -z "${message:-}" ] || echo "$message" >&2
exit 1
