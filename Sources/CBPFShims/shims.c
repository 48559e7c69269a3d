#include "CBPFShims.h"

#include <errno.h>
#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
long bpfkit_bpf(int command, void *attributes, unsigned int size) {
  long result = syscall(SYS_bpf, command, attributes, size);
  return result < 0 ? -(long)errno : result;
}

unsigned int bpfkit_thread_id(void) { return (unsigned int)syscall(SYS_gettid); }

void bpfkit_thread_name(char name[16]) { prctl(PR_GET_NAME, name, 0, 0, 0); }
#else
long bpfkit_bpf(int command, void *attributes, unsigned int size) {
  (void)command, (void)attributes, (void)size;
  return -ENOSYS;
}

unsigned int bpfkit_thread_id(void) { return 0; }

void bpfkit_thread_name(char name[16]) { name[0] = 0; }
#endif
