/* Functions with arguments of each kind: global ones, static ones, and one that only its object may call. */
#include "fixture.h"
#define __hidden __attribute__((visibility("hidden")))
#define __tag(name) __attribute__((btf_decl_tag("arg:" #name)))

struct pair { __u32 first, second; };
struct opaque;
enum color { RED, GREEN };
typedef const struct pair *pair_pointer;
struct pair some;

static __noinline int private(struct pair *pair) { return pair ? pair->first : 0; }
__hidden __noinline int hidden(struct pair *pair) { return private(pair) + 1; }
__noinline int context(struct xdp_md *context) { return context->ingress_ifindex; }
__noinline __u64 numbers(char small, enum color color, __u64 wide, _Bool flag) {
  return small + color + wide + flag;
}
__noinline int pointers(pair_pointer pair __tag(nonnull), int *number, struct opaque *opaque,
                        int (*array)[10], void *anything __tag(ctx)) {
  return pair->second + (number ? *number : 0) + (array ? (*array)[9] : 0) + (opaque != anything);
}
__weak __noinline void nothing(int **indirect __tag(other) __tag(nonnull)) { **indirect = 4; }
__noinline struct pair *address(struct pair pair) { return pair.first ? &some : 0; }

SEC("xdp") int uses(struct xdp_md *ctx) {
  struct pair pair = {ctx->data, 2};
  int *number = (int *)&pair;
  int array[10] = {};
  nothing(&number);
  return hidden(&pair) + private(&pair) + context(ctx) + numbers(1, GREEN, 2, 1)
      + pointers(&pair, number, 0, &array, ctx) + (address(pair) != 0);
}

char _license[] SEC("license") = "GPL";
