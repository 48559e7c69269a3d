?r6 = r1
r9 = 3
loop:
r0 = r9
w0 s/= w9
r0 %= r9
r0 *= 0x1234567
*(u32 *)(r10 - 4) = 0x1234567
r8 = *(u32 *)(r10 - 4)
r0 ^= r8
may_goto out
r9 -= 1
if r9 != 0 goto loop
out:
goto +0
r1 = 0x123456789abcdef ll
r0 += r1
exit
