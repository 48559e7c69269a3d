?loop:
  if r1 == 0x0 goto end
  if w2 s> -1 goto +0x1
  if r3 & r4 goto loop
  goto next
next:
  gotol end
  may_goto +1
  call 0x1
  call local
  callx r2
end:
  exit
local:
  r0 = 0
  exit
