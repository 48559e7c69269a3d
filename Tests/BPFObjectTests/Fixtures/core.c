/* Every kind of CO-RE relocation. */
#include "fixture.h"

#define RELOCATED __attribute__((preserve_access_index))

enum color { RED = 1, BLUE = 5 };

struct shape {
  __u64 area;
  signed int x : 5, y : 7;
  enum color color;
} RELOCATED;

typedef struct shape shape_t;

SEC("kprobe/fields") int fields(struct shape *shape) {
  return __builtin_preserve_field_info(shape->y, 0) + __builtin_preserve_field_info(shape->y, 1) +
         __builtin_preserve_field_info(shape->area, 2) + __builtin_preserve_field_info(shape->y, 3) +
         __builtin_preserve_field_info(shape->y, 4) + __builtin_preserve_field_info(shape->y, 5);
}

SEC("kprobe/types") int types(void *context) {
  return __builtin_btf_type_id(*(struct shape *)0, 1) +
         __builtin_preserve_type_info(*(struct shape *)0, 0) +
         __builtin_preserve_type_info(*(struct shape *)0, 1) +
         __builtin_preserve_type_info(*(struct shape *)0, 2);
}

SEC("kprobe/enumerators") int enumerators(void *context) {
  return __builtin_preserve_enum_value(*(enum color *)RED, 0) +
         __builtin_preserve_enum_value(*(enum color *)BLUE, 1);
}

SEC("kprobe/local") int local(void *context) {
  return __builtin_btf_type_id(*(struct shape *)0, 0);
}

char _license[] SEC("license") = "GPL";
