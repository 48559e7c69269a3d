/* What the fixtures need of the kernel's interface. */
#define SEC(name) __attribute__((section(name), used))
#define __noinline __attribute__((noinline))
#define __weak __attribute__((weak))
#define __uint(name, value) int(*name)[value]
#define __type(name, value) typeof(value) *name
#define __array(name, value) typeof(value) *name[]
#define __ulong(name, value) enum { ulong_##name = value } name

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

enum {
  HASH = 1, ARRAY = 2, PROG_ARRAY = 3, PERF_EVENT_ARRAY = 4, ARRAY_OF_MAPS = 12,
  HASH_OF_MAPS = 13, RINGBUF = 27, BLOOM_FILTER = 30,
};

struct xdp_md {
  __u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*map_update_elem)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static long (*trace_printk)(const char *format, __u32 size, ...) = (void *)6;
static long (*tail_call)(void *context, void *map, __u32 index) = (void *)12;
static long (*loop)(__u32 count, void *callback, void *context, __u64 flags) = (void *)181;
