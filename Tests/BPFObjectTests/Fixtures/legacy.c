/* Maps declared as entries of an array of words, seven words each, and tail calls by section name. */
#include "fixture.h"

struct legacy_map {
  __u32 type, key_size, value_size, max_entries, flags, id, pinning;
};

struct legacy_map jumps SEC("maps") = {PROG_ARRAY, 4, 4, 32, 0, 2, 1};
struct legacy_map table SEC("maps") = {ARRAY, 4, 8, 16};

SEC("2/7") int slot_seven(struct xdp_md *context) { return 7; }
SEC("2/0x1f") int slot_last(struct xdp_md *context) { return 31; }
SEC("from-netdev") int entry(struct xdp_md *context) {
  __u32 slot = 3;
  __u64 *value = map_lookup_elem(&table, &slot);
  if (value) *value += 1;
  tail_call(context, &jumps, 7);
  return 0;
}

char _license[] SEC("license") = "GPL";
