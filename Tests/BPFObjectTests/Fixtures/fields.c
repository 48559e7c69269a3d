/* Values with fields that the kernel keeps for itself. */
#include "fixture.h"

#define __kptr __attribute__((btf_type_tag("kptr")))
#define __user __attribute__((btf_type_tag("user")))

struct bpf_spin_lock { __u32 val; };
struct bpf_timer { __u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_refcount { __u32 opaque; } __attribute__((aligned(4)));
struct bpf_list_head { __u64 opaque[2]; } __attribute__((aligned(8)));

struct object { int number; };
struct nested { __u32 number; struct bpf_spin_lock lock; };

struct plain { __u64 count; };
struct locked { __u64 count; struct bpf_spin_lock lock; __u32 rest; };
struct deep { __u64 count; struct nested nested; struct bpf_timer timer; };
struct pointers { struct object __kptr *one; struct object __kptr *more[2]; struct object *plain; };
struct tagged { struct object __user *pointer; struct bpf_timer timer; };
struct twice { struct bpf_timer first, second; };
struct many { struct bpf_timer timers[2]; };

#define MAP(name, kind, type_)   \
  struct {                       \
    __uint(type, kind);          \
    __uint(max_entries, 4);      \
    __type(key, __u32);          \
    __type(value, struct type_); \
  } name SEC(".maps")

MAP(plain_map, HASH, plain);
MAP(locked_map, HASH, locked);
MAP(deep_map, ARRAY, deep);
MAP(pointers_map, HASH, pointers);
MAP(tagged_map, HASH, tagged);
MAP(twice_map, HASH, twice);
MAP(many_map, HASH, many);

struct inner {
  __uint(type, ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct locked);
} inner_map SEC(".maps");

struct {
  __uint(type, HASH_OF_MAPS);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __array(values, struct inner);
} outer_map SEC(".maps") = {.values = {[0] = &inner_map}};

/* A lock for what lies beside it in a section of its own. */
struct bpf_spin_lock global_lock SEC(".data.private");
__u64 guarded SEC(".data.private") = 5;

SEC("xdp") int use(struct xdp_md *context) {
  guarded += 1;
  __u32 key = 0;
  return map_lookup_elem(&locked_map, &key) && map_lookup_elem(&outer_map, &key) ? 1 : 2;
}
