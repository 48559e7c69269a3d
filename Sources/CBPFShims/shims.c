#define _GNU_SOURCE
#include "CBPFShims.h"

#include <errno.h>
#if defined(__linux__)
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
long bpfkit_bpf(int command, void *attributes, unsigned int size) {
  long result = syscall(SYS_bpf, command, attributes, size);
  return result < 0 ? -(long)errno : result;
}

unsigned int bpfkit_thread_id(void) { return (unsigned int)syscall(SYS_gettid); }

void bpfkit_thread_name(char name[16]) { prctl(PR_GET_NAME, name, 0, 0, 0); }

int bpfkit_pin_thread(int processor) {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  for (int number = 0; number < CPU_SETSIZE; number++)
    if (processor < 0 || processor == number)
      CPU_SET(number, &processors);
  return sched_setaffinity(0, sizeof(processors), &processors) < 0 ? -errno : 0;
}
#else
long bpfkit_bpf(int command, void *attributes, unsigned int size) {
  (void)command, (void)attributes, (void)size;
  return -ENOSYS;
}

unsigned int bpfkit_thread_id(void) { return 0; }

void bpfkit_thread_name(char name[16]) { name[0] = 0; }

int bpfkit_pin_thread(int processor) {
  (void)processor;
  return -ENOSYS;
}
#endif

#if defined(__x86_64__)
#include <cpuid.h>
int bpfkit_has_bmi2(void) {
  unsigned int a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_BMI2) != 0;
}

int bpfkit_has_movbe(void) {
  unsigned int a, b, c, d;
  return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_MOVBE) != 0;
}
#else
int bpfkit_has_bmi2(void) { return 0; }

int bpfkit_has_movbe(void) { return 0; }
#endif
