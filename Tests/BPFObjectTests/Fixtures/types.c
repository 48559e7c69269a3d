/* One type of each kind of BTF, in variables that can be looked up by name. */
#include "fixture.h"

struct forward;
union either {
  __u32 word;
  __u8 bytes[4];
};
enum small { LOW = -2, HIGH = 3 };
enum large { HUGE = 0x123456789abcdef0ull };
typedef const volatile int *restrict qualified;

struct everything {
  char name[8];
  _Bool enabled;
  signed char delta;
  enum small small;
  enum large large;
  struct {
    __u16 left, right;
  };
  union either either;
  signed int narrow : 5;
  unsigned int wide : 27;
  double real;
  float half_real;
  void *pointer;
  struct forward *opaque;
  __u8 hardware[6];
  __u16 matrix[2][3];
  qualified alias;
  int __attribute__((btf_type_tag("tagged"))) *marked;
} everything = {.name = "probe", .narrow = -3, .wide = 9, .matrix = {{1, 2, 3}, {4, 5, 6}}};

struct forward *declared;
int decorated __attribute__((btf_decl_tag("note"))) = 4;

static int prototype(struct forward *argument, qualified second) { return argument != 0; }

SEC("xdp") int uses(struct xdp_md *context) {
  int (*volatile call)(struct forward *, qualified) = prototype;
  return everything.enabled + (declared != 0) + decorated + (call != 0);
}

char _license[] SEC("license") = "GPL";
