// Lets an address make BURST requests at once, and one more each PERIOD nanoseconds.
#include "request.h"

enum { BURST = 5 };
#define PERIOD 1000000000ull

struct bucket {
  __u64 filled;
  __u64 tokens;
};

struct {
  INTEGER(type, map_lru_hash);
  INTEGER(max_entries, 4096);
  TYPE(key, __u8[16]);
  TYPE(value, struct bucket);
} buckets MAP;

FILTER int rate_limit(struct request *request) {
  __u8 address[16];
  for (int index = 0; index < 16; index++) address[index] = request->address[index];
  __u64 now = nanoseconds();
  struct bucket *bucket = map_lookup(&buckets, address);
  if (!bucket) {
    struct bucket fresh = {now, BURST - 1};
    map_update(&buckets, address, &fresh, 0);
    return PASS;
  }
  __u64 due = (now - bucket->filled) / PERIOD;
  if (due > 0) {
    bucket->filled += due * PERIOD;
    bucket->tokens = bucket->tokens + due > BURST ? BURST : bucket->tokens + due;
  }
  if (bucket->tokens == 0) {
    request->status = 429;
    return REFUSE;
  }
  bucket->tokens--;
  return PASS;
}
