2r6 = r1
r7 = 0
top: r0 = *(u8 *)skb[r7 + 3]
r7 += 1
if r7 < 6 goto top
r1 = map[idx:4][0]+0
r1 += r7
lock *(u32 *)(r10 - 8) += r7
r0 = *(u8 *)(r1 + 0)
exit
