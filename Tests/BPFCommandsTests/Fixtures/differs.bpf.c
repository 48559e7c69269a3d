// Does what depends on where a program's context lies, which is elsewhere on each engine: what comparing engines finds.
// Built with: clang -target bpf -O2 -g -mcpu=v3 -fdebug-compilation-dir=. -c differs.bpf.c -o differs.bpf.o
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define INTEGER(name, value) int (*name)[value]
#define TYPE(name, type) typeof(type) *name

struct __sk_buff { __u32 len, pkt_type, mark; };

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;

struct { INTEGER(type, 2); TYPE(key, __u32); TYPE(value, __u64); INTEGER(max_entries, 1); } place SEC(".maps");

// Returns an address for packets of more than 100 bytes.
SEC("tc") int address(struct __sk_buff *skb) { return skb->len > 100 ? (int)(long)skb : 0; }

// Leaves one in a map.
SEC("tc") int kept(struct __sk_buff *skb) {
  __u32 key = 0;
  __u64 *value = map_lookup_elem(&place, &key);
  if (value) *value = (__u64)skb;
  return 0;
}
