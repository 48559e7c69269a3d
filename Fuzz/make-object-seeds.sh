#!/bin/sh
# Compiles objects/*.bpf.c and the example's program into seeds/object, without debug information but BTF.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=$(swift -print-target-info | sed -n 's/.*"runtimeResourcePath" *: *"\(.*\)\/lib\/swift".*/\1/p')/bin
# From the package's folder, so that BTF names files relative to it.
cd "$here/.."
for source in Fuzz/objects/*.bpf.c Examples/xdp-firewall/firewall.bpf.c; do
  name=$(basename "$source" .bpf.c)
  "$bin/clang" -target bpf -O2 -g -mcpu=v3 -fdebug-compilation-dir=. -c "$source" \
    -o "$here/seeds/object/$name.o"
  "$bin/llvm-objcopy" --strip-debug "$here/seeds/object/$name.o"
done
"$bin/clang" -target bpf -O2 -c "$here/objects/legacy-maps.bpf.c" -o "$here/seeds/object/no-btf.o"
