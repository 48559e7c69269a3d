?  r1 = *(u8 *)(r10 - 8)
  r2 = *(s32 *)(r1 + 0x10)
  *(u16 *)(r10 - 4) = r2
  *(u64 *)(r10 - 16) = -1
  lock *(u64 *)(r1 + 0) += r2
  r2 = atomic_fetch_add((u64 *)(r1 + 8), r2)
  r2 = xchg_64(r1 + 0, r2)
  r0 = cmpxchg_64(r1 + 0, r0, r3)
  w2 = load_acquire((u32 *)(r1 + 0))
  store_release((u64 *)(r1 + 8), r2)
  r0 = *(u32 *)skb[r6]
  r0 = *(u16 *)skb[12]
  exit
