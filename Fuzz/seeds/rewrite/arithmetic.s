?; every kind of arithmetic
start:
  r0 = 0x1
  w1 = -5
  r2 = r1
  r0 += r2
  w0 *= 7
  r0 s/= -3
  r0 s%= r2
  r0 >>= 2
  r0 s>>= r1
  r0 = -r0
  w0 ^= w2
  r3 = 0x123456789abcdef ll
  r3 = be16 r3
  r3 = bswap64 r3
  r4 = (s8)r3
  w5 = (s16)w4
  exit
