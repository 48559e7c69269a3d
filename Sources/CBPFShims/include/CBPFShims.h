// What Swift cannot call directly. No logic here.
#pragma once
#include <stdint.h>

/// bpf(2): returns the system call's result, or -errno.
long bpfkit_bpf(int command, void *attributes, unsigned int size);
