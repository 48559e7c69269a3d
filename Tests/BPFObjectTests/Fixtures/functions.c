/* Functions in .text and elsewhere, static and global, called, shared, and passed as addresses. */
#include "fixture.h"

static __noinline int twice(int value) { return value * 2 + (value & 1); }

__noinline int through(int value) { return twice(value) + 3; }

SEC("xdp") __noinline int beside(int value) { return through(value) ^ 5; }

static int step(__u32 index, void *context) {
  *(__u32 *)context += index;
  return 0;
}

SEC("xdp") int calls(struct xdp_md *context) {
  int length = (int)(context->data_end - context->data);
  return twice(length) + through(length) + beside(length);
}

SEC("?xdp.frags") int repeats(struct xdp_md *context) {
  __u32 total = 0;
  loop(5, step, &total, 0);
  return total;
}

SEC("tc/tail") static int lonely(struct xdp_md *context) { return 9; }

char _license[] SEC("license") = "GPL";
