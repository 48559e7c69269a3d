// Global functions, which are verified by their prototypes: programs whose calls and functions are right, and some that are
// wrong, each in one way.
// Built with: clang -target bpf -O2 -g -mcpu=v3 -fdebug-compilation-dir=. -c globals.bpf.c -o globals.bpf.o
typedef unsigned char __u8;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define NOINLINE __attribute__((noinline))
#define TAG(name) __attribute__((btf_decl_tag("arg:" #name)))
#define INTEGER(name, value) int (*name)[value]
#define TYPE(name, type) typeof(type) *name

struct xdp_md { __u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
struct __sk_buff { __u32 len, pkt_type, mark; };
struct pair { __u32 first, second; };
struct page { __u8 bytes[4096]; };
struct opaque;

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*adjust_head)(struct xdp_md *context, int delta) = (void *)44;

struct { INTEGER(type, 2); INTEGER(max_entries, 4); TYPE(key, __u32); TYPE(value, struct pair); } pairs SEC(".maps");
struct { INTEGER(type, 2); INTEGER(max_entries, 1); TYPE(key, __u32); TYPE(value, struct page); } pages SEC(".maps");

// What is right.

NOINLINE int index_of(struct xdp_md *context) { return context->ingress_ifindex; }
NOINLINE int sum(struct pair *pair) { return pair ? pair->first + pair->second : -1; }
NOINLINE int certain(struct pair *pair TAG(nonnull), __u64 scale) { return pair->first * scale; }
NOINLINE int last(struct page *page) { return page ? page->bytes[4095] : 0; }
NOINLINE int deep(struct xdp_md *context, struct pair *pair) { return index_of(context) + sum(pair); }
static NOINLINE int follow(struct pair *pair) { return pair->second; }
NOINLINE int tagged(void *context TAG(ctx)) { return ((struct xdp_md *)context)->rx_queue_index; }

SEC("xdp") int right(struct xdp_md *context) {
  __u32 key = context->rx_queue_index, zero = 0;
  struct pair local = {key, 2};
  struct pair *found = map_lookup_elem(&pairs, &key);
  int total = sum(found) + sum(&local) + certain(&local, 3) + deep(context, found) + follow(&local);
  return total + last(map_lookup_elem(&pages, &zero)) + tagged(context);
}

// Many calls of a function that is looked at once.
NOINLINE int long_one(int number, int times) {
  int total = number;
  for (int index = 0; index < 100; index++) {
    if (index > times) break;
    total = total * 3 + (total & index);
  }
  return total;
}

SEC("xdp") int many(struct xdp_md *context) {
  int total = context->ingress_ifindex;
  for (int index = 0; index < 50; index++) total += long_one(total, context->rx_queue_index);
  return total;
}

// What is wrong in a function.

NOINLINE int unchecked(struct pair *pair) { return pair->first; }
SEC("xdp") int null_not_checked(struct xdp_md *context) {
  struct pair local = {1, 2};
  return unchecked(&local);
}

NOINLINE int beyond(struct pair *pair TAG(nonnull), __u32 index) { return (&pair->first)[index & 3]; }
SEC("xdp") int out_of_structure(struct xdp_md *context) {
  struct pair local[4] = {{1, 2}, {3, 4}, {5, 6}, {context->ingress_ifindex, 7}};
  return beyond(local, 1) + local[3].first;
}

NOINLINE struct pair *found(__u32 key) { return map_lookup_elem(&pairs, &key); }
SEC("xdp") int returns_pointer(struct xdp_md *context) { return found(context->ingress_ifindex) != 0; }

NOINLINE void quiet(struct pair *pair) { if (pair) pair->first = 1; }
SEC("xdp") int returns_nothing(struct xdp_md *context) {
  struct pair local = {1, 2};
  quiet(&local);
  return local.first;
}

NOINLINE int length(struct __sk_buff *context TAG(ctx)) { return context->len; }
SEC("xdp") int wrong_context(struct xdp_md *context) { return length((struct __sk_buff *)context); }

NOINLINE int undeclared(struct opaque *opaque) { return opaque != 0; }
SEC("xdp") int unknown_size(struct xdp_md *context) { return undeclared(0); }

// What is wrong in a call.

SEC("xdp") int context_for_memory(struct xdp_md *context) { return sum((struct pair *)context); }

SEC("xdp") int too_little(struct xdp_md *context) {
  __u32 little = context->ingress_ifindex;
  return last((struct page *)&little);
}

SEC("xdp") int null_for_nonnull(struct xdp_md *context) {
  __u32 key = context->ingress_ifindex;
  return certain(map_lookup_elem(&pairs, &key), 2);
}

NOINLINE int number(__u64 number) { return number; }
SEC("xdp") int address_for_number(struct xdp_md *context) { return number((__u64)context); }

NOINLINE int shrink(struct xdp_md *context) { return adjust_head(context, 4); }
SEC("xdp") int packet_moved(struct xdp_md *context) {
  __u8 *data = (void *)(__u64)context->data, *end = (void *)(__u64)context->data_end;
  if (data + 1 > end) return 0;
  if (shrink(context)) return 1;
  return data[0];
}

char _license[] SEC("license") = "GPL";
