/* One program in which every version of the instruction set finds something of its own. */
#include "fixture.h"

__u64 counter;

SEC("xdp") int arithmetic(struct xdp_md *context) {
  signed char byte = (signed char)context->rx_queue_index;
  int number = (int)context->ingress_ifindex;
  __sync_fetch_and_add(&counter, number);
  if ((__u32)number < 10) number += byte;
  return number * 3 + (int)counter;
}

char _license[] SEC("license") = "GPL";
