/* Maps declared by type, with every kind of field and initial value. */
#include "fixture.h"

struct key {
  __u32 address;
  __u16 port;
  __u8 flags : 3, class : 5;
};

struct event {
  __u64 time;
  char name[16];
};

struct {
  __uint(type, HASH);
  __uint(max_entries, 1024);
  __uint(map_flags, 1);
  __uint(pinning, 1);
  __type(key, struct key);
  __type(value, __u64);
} flows SEC(".maps");

struct {
  __uint(type, RINGBUF);
  __uint(max_entries, 4096);
  __type(value, struct event);
} events SEC(".maps");

struct {
  __uint(type, PERF_EVENT_ARRAY);
  __type(value, struct event);
} samples SEC(".maps");

struct {
  __uint(type, BLOOM_FILTER);
  __uint(max_entries, 100);
  __uint(value_size, 8);
  __ulong(map_extra, 3);
} seen SEC(".maps");

struct inner {
  __uint(type, ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} inner_first SEC(".maps"), inner_second SEC(".maps");

struct {
  __uint(type, ARRAY_OF_MAPS);
  __uint(max_entries, 3);
  __uint(key_size, 4);
  __array(values, struct inner);
} outer SEC(".maps") = {.values = {[0] = &inner_first, [2] = &inner_second}};

int target_first(struct xdp_md *context);
int target_second(struct xdp_md *context);

struct {
  __uint(type, PROG_ARRAY);
  __uint(max_entries, 8);
  __uint(key_size, 4);
  __array(values, int(struct xdp_md *));
} jumps SEC(".maps") = {.values = {[1] = &target_first, [5] = &target_second}};

SEC("xdp") int target_first(struct xdp_md *context) { return 1; }
SEC("xdp") int target_second(struct xdp_md *context) { return 2; }

SEC("xdp") int jump(struct xdp_md *context) {
  tail_call(context, &jumps, 5);
  return 0;
}

SEC("xdp") int count(struct xdp_md *context) {
  struct key key = {.address = 1, .port = 2, .flags = 3};
  __u64 one = 1, *value = map_lookup_elem(&flows, &key);
  if (value) {
    *value += 1;
    return *value;
  }
  map_update_elem(&flows, &key, &one, 0);
  __u32 slot = 2;
  void *map = map_lookup_elem(&outer, &slot);
  if (!map) return 77;
  value = map_lookup_elem(map, &slot);
  return value ? *value + 40 : 78;
}

char _license[] SEC("license") = "GPL";
