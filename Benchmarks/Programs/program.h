// What the micro programs share. Each is `u64 entry(u8 *memory, u64 length)`, run as a `raw` program over 1,500
// bytes; a `prog` section holds it with its functions.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define ENTRY __attribute__((section("prog"), used))
#define FUNCTION static __attribute__((noinline, section("prog")))
// Keeps a loop a loop.
#define OPAQUE(x) asm volatile("" : "+r"(x))
