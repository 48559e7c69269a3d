3r0 = 0
if r2 < 8 goto out
r3 = r1
r3 += r2
r4 = r1
r4 += 9
if r4 > r3 goto out
r0 = *(u8 *)(r1 + 8)
r1 = 1
r0 s/= r1
out: exit
