0r1 = map[idx:2]
r2 = 16
r3 = 0
r4 = r10
r4 += -16
call 198
r1 = r10
r1 += -16
r2 = 0
r3 = 8
call 203
if r0 == 0 goto out
*(u64 *)(r0 + 0) = 1
out: r1 = r10
r1 += -16
r2 = 0
call 200
r0 = 0
exit
