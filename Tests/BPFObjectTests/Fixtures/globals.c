/* Data of every section: written, read only, zero, named, and string literals. */
#include "fixture.h"

int first_data = 7, second_data = 11;
static volatile int zero[4];
const volatile __u32 read_only = 1000;
const volatile __u64 configured SEC(".rodata.config") = 5;
int named_data SEC(".data.counters") = 3;

SEC("xdp") int sum(struct xdp_md *context) {
  zero[2] += 2;
  second_data += 1;
  named_data += 1;
  return first_data + second_data + zero[2] + read_only + configured + named_data;
}

SEC("xdp") int literal(struct xdp_md *context) {
  trace_printk("literal %d\n", 12, 5);
  return 2;
}

char _license[] SEC("license") = "GPL";
__u32 _version SEC("version") = 0x60102;
