0r5 = *(u32 *)(r1 + 12)
r2 = *(u32 *)(r1 + 0)
r3 = *(u32 *)(r1 + 4)
r5 &= 15
r2 += r5
r4 = r2
r4 += 4
if r4 > r3 goto out
r0 = *(u32 *)(r2 + 0)
*(u8 *)(r2 + 3) = 1
out: r0 = 0
exit
