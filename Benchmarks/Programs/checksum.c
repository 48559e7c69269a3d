// The Internet checksum over the whole packet, 16 bits at a time (RFC 1071).
#include "program.h"

ENTRY u64 checksum(u8 *memory, u64 length) {
  u64 sum = 0;
  for (u64 i = 0; i + 2 <= length; i += 2) {
    sum += *(u16 *)(memory + i);
    OPAQUE(i);
  }
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
