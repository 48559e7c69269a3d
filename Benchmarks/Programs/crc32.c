// CRC-32 of 256 bytes, a bit at a time: shifts, masks and short branches.
#include "program.h"

ENTRY u64 crc32(u8 *memory, u64 length) {
  u32 crc = ~0u;
  for (u32 i = 0; i < 256; i++) {
    crc ^= memory[i];
    for (u32 bit = 0; bit < 8; bit++) {
      crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
      OPAQUE(bit);
    }
  }
  return ~crc;
}
