#include "request.h"

__attribute__((section("request"), used)) int hidden(struct request *request) {
  const __u8 *target = request->target, *end = request->target_end;
  if (target + 2 > end) return 0;
  if (target[0] != '/' || target[1] != '.') return 0;
  request->status = 404;
  return 1;
}
