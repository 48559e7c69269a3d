#!/bin/sh
# Compiles the micro programs: build-programs.sh FOLDER. Those of a `shared` folder beside the checkout come too.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
output="$1"
toolchain="$(swift -print-target-info | sed -n 's/.*"runtimeResourcePath" *: *"\(.*\)\/lib\/swift".*/\1/p')"
clang="${CLANG:-$toolchain/bin/clang}"
command -v "$clang" >/dev/null || clang=clang
mkdir -p "$output"
for source in "$here"/Programs/*.c "$here"/../../shared/bench/*.c; do
  [ -e "$source" ] || continue
  name="$(basename "$source" .c)"
  "$clang" -target bpf -O2 -mcpu=v3 -fno-jump-tables -I "$(dirname "$source")" -c "$source" -o "$output/$name.o"
  # As an XDP program, where the source can be one: what the running kernel compiles and runs.
  if grep -q KERN "$(dirname "$source")"/*.h; then
    "$clang" -target bpf -DKERN -O2 -mcpu=v3 -fno-jump-tables -I "$(dirname "$source")" -c "$source" \
      -o "$output/$name.xdp"
  fi
  # The same C for this machine, to hold compiled programs against: scalar, as BPF is.
  "$clang" -O2 -fno-vectorize -fno-slp-vectorize -fno-unroll-loops -shared -fPIC \
    -I "$(dirname "$source")" "$source" -o "$output/$name.so"
done
