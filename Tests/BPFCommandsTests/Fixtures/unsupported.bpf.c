// Uses what the verifier does not know, on a path that no packet takes: `bpfkit run` says so.
// Built with: clang -target bpf -O2 -g -mcpu=v3 -fdebug-compilation-dir=. -c unsupported.bpf.c -o unsupported.bpf.o
typedef unsigned int __u32;

#define SEC(name) __attribute__((section(name), used))

struct __sk_buff { __u32 len, pkt_type, mark; };

SEC("tc") int arena(struct __sk_buff *skb) {
  unsigned long address = 0;
  if (skb->mark == 77) asm volatile("%0 = addr_space_cast(%0, 0, 1)" : "+r"(address));
  return address ? 2 : 0;
}
