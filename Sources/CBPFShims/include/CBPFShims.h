// What Swift cannot call directly. No logic here.
#pragma once
#include <stdint.h>

/// bpf(2): returns the system call's result, or -errno.
long bpfkit_bpf(int command, void *attributes, unsigned int size);

/// gettid(2); 0 where there is none.
unsigned int bpfkit_thread_id(void);

/// Writes the calling thread's name, zero-terminated; `name` holds 16 bytes.
void bpfkit_thread_name(char name[16]);

/// Lets the calling thread run on one processor only, or with -1 on all: 0, or -errno.
int bpfkit_pin_thread(int processor);

/// Asks for the cache line at `address`, which need not be mapped: a prefetch never faults.
static inline void bpfkit_prefetch(const void *address) { __builtin_prefetch(address); }

/// Tells the processor that the thread waits for another one's store.
static inline void bpfkit_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Whether the processor has BMI2, and MOVBE: 1 or 0.
int bpfkit_has_bmi2(void);
int bpfkit_has_movbe(void);
