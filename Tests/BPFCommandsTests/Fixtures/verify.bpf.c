// Programs for `bpfkit verify`: some safe, some not, each for a reason of its own.
// Built with: clang -target bpf -O2 -g -mcpu=v3 -fdebug-compilation-dir=. -c verify.bpf.c -o verify.bpf.o
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define INTEGER(name, value) int (*name)[value]
#define TYPE(name, type) typeof(type) *name

struct xdp_md { __u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
struct __sk_buff { __u32 len, pkt_type, mark; };

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;

struct total { __u64 packets; __u64 bytes; };
struct { INTEGER(type, 2); INTEGER(max_entries, 4); TYPE(key, __u32); TYPE(value, struct total); } totals SEC(".maps");

// Safe: adds up the bytes of a header that is there.
SEC("xdp") int sum(struct xdp_md *context) {
  __u8 *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  if (data + 64 > end) return 1;
  __u32 sum = 0;
#pragma clang loop unroll(disable)
  for (int index = 0; index < 64; index++) sum += data[index];
  return sum & 1 ? 1 : 2;
}

// Reads a byte more than it looked for.
SEC("xdp") int short_check(struct xdp_md *context) {
  __u8 *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  if (data + 14 > end) return 1;
  if (context->ingress_ifindex == 7) return 3;
  return data[14] == 0x45 ? 2 : 1;
}

// Takes for granted that there is an entry.
SEC("tc") int unchecked(struct __sk_buff *skb) {
  __u32 key = skb->mark;
  struct total *total = map_lookup_elem(&totals, &key);
  total->packets++;
  return 0;
}

// Goes round until a map says otherwise.
SEC("tc") int endless(struct __sk_buff *skb) {
  __u32 key = 0;
  volatile struct total *total = map_lookup_elem(&totals, &key);
  if (!total) return 0;
  while (total->packets) skb->mark++;
  return 0;
}

// Of a type that a process knows nothing of.
SEC("iter/task") int walk(void *context) { return *(__u64 *)context != 0; }

char license_text[] SEC("license") = "GPL";
