0*(u64 *)(r10 - 8) = 7
r2 = r10
r2 += -8
r1 = map[idx:1]
call 1
if r0 == 0 goto out
r6 = r0
r1 = *(u32 *)(r6 + 8)
if r1 > 7 goto out
r6 += r1
*(u8 *)(r6 + 8) = 1
out: r0 = 0
exit
