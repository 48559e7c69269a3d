// What memory for code needs and Swift cannot call directly. No logic here.
#pragma once
#include <stdint.h>

/// An empty file in memory that may be mapped executable: its descriptor, or -errno.
int bpfkit_memory_file(const char *name);

/// Permits the next call, once in a process: 0, or -errno.
int bpfkit_prepare_serializing(void);

/// Lets each processor that runs this process execute a serializing instruction: 0, or -errno.
int bpfkit_serialize_processors(void);

/// The address of this function.
uintptr_t bpfkit_module_address(void);
