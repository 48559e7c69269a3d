/* Symbols the object leaves open: settings and addresses of the kernel, weak and strong. */
#include "fixture.h"

extern int LINUX_KERNEL_VERSION SEC(".kconfig");
extern _Bool CONFIG_MISSING SEC(".kconfig") __weak;
extern const int missing_address SEC(".ksyms") __weak;
extern const int needed_address SEC(".ksyms");
extern int missing_function(int value) SEC(".ksyms") __weak;
extern int needed_function(int value) SEC(".ksyms");

SEC("xdp") int weak(struct xdp_md *context) {
  int result = CONFIG_MISSING ? 10 : 20;
  if (&missing_address) result += 100;
  if (missing_function) result += missing_function(1);
  return result;
}

SEC("xdp") int setting(struct xdp_md *context) { return LINUX_KERNEL_VERSION; }
SEC("xdp") int address(struct xdp_md *context) { return (long)&needed_address & 0xffff; }
SEC("xdp") int function(struct xdp_md *context) { return needed_function(1); }

char _license[] SEC("license") = "GPL";
