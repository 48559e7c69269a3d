// Calls: 300 calls of a small function that is kept one.
#include "program.h"

FUNCTION u64 step(u64 a, u64 b, u64 i) { return a + b * 3 + (i ^ a); }

ENTRY u64 fibonacci(u8 *memory, u64 length) {
  u64 a = 0, b = 1;
  for (u64 i = 0; i < 300; i++) {
    u64 next = step(a, b, i);
    a = b;
    b = next;
    OPAQUE(i);
  }
  return b;
}
