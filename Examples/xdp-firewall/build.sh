#!/bin/sh
# Compiles firewall.bpf.c with a clang that has the bpf target: $CLANG, the Swift toolchain's own, or the system's.
# build.sh OUTPUT
set -eu
here=$(cd "$(dirname "$0")" && pwd)

compile() {
  "$1" -target bpf -O2 -g -mcpu=v3 -Wall -Wextra -Werror -c "$here/firewall.bpf.c" -o "$2" 2>&1
}

toolchain=$(swift -print-target-info 2>/dev/null | sed -n 's/.*"runtimeResourcePath" *: *"\(.*\)\/lib\/swift".*/\1/p')
for clang in "${CLANG:-}" "$toolchain/bin/clang" clang; do
  [ -n "$clang" ] && command -v "$clang" >/dev/null 2>&1 || continue
  if message=$(compile "$clang" "$1"); then exit 0; fi
done
echo "no clang with the bpf target compiles firewall.bpf.c${message:+:}" >&2
[ -z "${message:-}" ] || echo "$message" >&2
exit 1
