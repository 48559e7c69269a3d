// Refuses what scanners ask every server for: hidden files, and a browser that calls itself one of theirs.
#include "request.h"

enum { LONGEST = 256, AGENT = 16 };

/// How many requests were refused, by reason.
struct {
  INTEGER(type, map_array);
  INTEGER(max_entries, 2);
  TYPE(key, __u32);
  TYPE(value, __u64);
} refused MAP;

static __attribute__((noinline)) int refuse(__u32 reason) {
  __u64 *count = map_lookup(&refused, &reason);
  if (count) __sync_fetch_and_add(count, 1);
  return REFUSE;
}

FILTER int block_scanners(struct request *request) {
  const __u8 *target = request->target, *end = request->target_end;
  __u8 before = 0;
  for (int index = 0; index < LONGEST; index++) {
    if (target + index + 1 > end) break;
    if (before == '/' && target[index] == '.') {
      request->status = 404;
      return refuse(0);
    }
    before = target[index];
  }
  char agent[AGENT] = {};
  if (request_header(request, "User-Agent", 10, agent, sizeof agent) >= 6 && agent[0] == 'm' &&
      agent[1] == 'a' && agent[2] == 's' && agent[3] == 's' && agent[4] == 'c' && agent[5] == 'a')
    return refuse(1);
  return PASS;
}
