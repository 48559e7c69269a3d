#define _GNU_SOURCE
#include "CodeMemory.h"

#include <errno.h>
#if defined(__linux__)
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
int bpfkit_memory_file(const char *name) {
  // Linux 6.3 wants to know whether the file is to be executed; those before refuse the flag.
  int descriptor = memfd_create(name, MFD_CLOEXEC | 0x10 /* MFD_EXEC */);
  if (descriptor < 0 && errno == EINVAL)
    descriptor = memfd_create(name, MFD_CLOEXEC);
  return descriptor < 0 ? -errno : descriptor;
}

static int membarrier(int command) {
  return syscall(SYS_membarrier, command, 0, 0) < 0 ? -errno : 0;
}

int bpfkit_prepare_serializing(void) {
  return membarrier(64 /* MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE */);
}

int bpfkit_serialize_processors(void) {
  return membarrier(32 /* MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE */);
}
#else
int bpfkit_memory_file(const char *name) {
  (void)name;
  return -ENOSYS;
}

int bpfkit_prepare_serializing(void) { return -ENOSYS; }

int bpfkit_serialize_processors(void) { return -ENOSYS; }
#endif

uintptr_t bpfkit_module_address(void) { return (uintptr_t)&bpfkit_module_address; }
