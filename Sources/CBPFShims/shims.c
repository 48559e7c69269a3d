#include "CBPFShims.h"

#include <errno.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
long bpfkit_bpf(int command, void *attributes, unsigned int size) {
  long result = syscall(SYS_bpf, command, attributes, size);
  return result < 0 ? -(long)errno : result;
}
#else
long bpfkit_bpf(int command, void *attributes, unsigned int size) {
  (void)command, (void)attributes, (void)size;
  return -ENOSYS;
}
#endif
