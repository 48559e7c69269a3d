// The primes below 2,048, sieved in 256 bytes of stack: loads, stores and masks on the stack.
#include "program.h"

ENTRY u64 sieve(u8 *memory, u64 length) {
  u8 composite[256];
  for (u32 i = 0; i < 256; i++) {
    composite[i] = 0;
    OPAQUE(i);
  }
  u64 count = 0;
  for (u32 n = 2; n < 2048; n++) {
    if (composite[n >> 3] >> (n & 7) & 1)
      continue;
    count++;
    for (u32 m = n * n; m < 2048; m += n) {
      composite[m >> 3] |= 1 << (m & 7);
      OPAQUE(m);
    }
    OPAQUE(n);
  }
  return count;
}
