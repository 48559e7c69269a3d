// Counts packets by length class, traces, sends events and redirects: one of each thing that `bpfkit run` reports.
// Built with: clang -target bpf -O2 -g -mcpu=v3 -c counter.bpf.c -o counter.bpf.o
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef __u32 __be32;

#define SEC(name) __attribute__((section(name), used))
#define INTEGER(name, value) int (*name)[value]
#define TYPE(name, type) typeof(type) *name

struct xdp_md { __u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
struct __sk_buff { __u32 len, pkt_type, mark; };

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*map_update_elem)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static long (*trace_printk)(const char *format, __u32 size, ...) = (void *)6;
static long (*perf_event_output)(void *context, void *map, __u64 flags, void *data, __u64 size) = (void *)25;
static long (*redirect)(__u32 interface, __u64 flags) = (void *)23;

enum kind { KIND_SMALL, KIND_LARGE };

struct total { __u64 packets; __u64 bytes; enum kind kind; char name[12]; };

struct { INTEGER(type, 1); INTEGER(max_entries, 64); TYPE(key, __be32); TYPE(value, struct total); } totals SEC(".maps");
struct { INTEGER(type, 2); INTEGER(max_entries, 4); TYPE(key, __u32); TYPE(value, __u64); } settings SEC(".maps");
struct { INTEGER(type, 4); INTEGER(key_size, 4); INTEGER(value_size, 4); INTEGER(max_entries, 4); } events SEC(".maps");

__u64 seen;
__u32 limit = 100;

SEC("xdp") int count(struct xdp_md *context) {
  void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
  seen++;
  __u64 length = end - data;
  __be32 key = 0;
  if (data + 34 <= end) key = *(__be32 *)(data + 26);
  struct total fresh = {.packets = 0, .kind = length > limit ? KIND_LARGE : KIND_SMALL, .name = "source"};
  struct total *total = map_lookup_elem(&totals, &key);
  if (!total) {
    map_update_elem(&totals, &key, &fresh, 0);
    total = map_lookup_elem(&totals, &key);
    if (!total) return 0;
    static const char format[] = "new source %x\n";
    trace_printk(format, sizeof(format), key);
    perf_event_output(context, &events, 0xffffffffULL, &length, sizeof(length));
  }
  total->packets++;
  total->bytes += length;
  __u32 zero = 0;
  __u64 *mode = map_lookup_elem(&settings, &zero);
  if (!mode) return 0;
  if (*mode == 1) return 1;
  if (*mode == 2) return redirect(7, 0);
  if (*mode == 3 && data + 14 <= end) { *(__u8 *)data = 0xee; return 3; }
  return 2;
}

// Reads what lies behind a packet: a run of it faults.
SEC("xdp") int overrun(struct xdp_md *context) {
  void *data = (void *)(long)context->data;
  return *(__u8 *)(data + 65000);
}

SEC("tc") int classify(struct __sk_buff *skb) { return skb->len > 100 ? 2 : 0; }
SEC("socket") int filter(struct __sk_buff *skb) { return skb->len > 100 ? 20 : 0; }
SEC("cgroup_skb/ingress") int police(struct __sk_buff *skb) { return skb->len <= 100; }

char license_text[] SEC("license") = "GPL";
