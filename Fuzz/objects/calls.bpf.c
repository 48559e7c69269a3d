// Calls within a section, into .text and through a callback; a program array and an inner map with initial values.
#define SECTION(name) __attribute__((section(name), used))
#define INTEGER(name, value) int(*name)[value]

static long (*const loop)(unsigned count, void *body, void *context, unsigned long long flags) = (void *)181;
static long (*const tail_call)(void *context, void *map, unsigned index) = (void *)12;

int last(void *context);

struct inner { INTEGER(type, 2); INTEGER(max_entries, 4); INTEGER(key_size, 4); INTEGER(value_size, 8); };
struct inner small SECTION(".maps");
struct {
  INTEGER(type, 12);
  INTEGER(max_entries, 2);
  INTEGER(key_size, 4);
  struct inner *values[];
} outer SECTION(".maps") = {.values = {&small}};
struct {
  INTEGER(type, 3);
  INTEGER(max_entries, 2);
  INTEGER(key_size, 4);
  int (*values[])(void *);
} jumps SECTION(".maps") = {.values = {[1] = &last}};

__attribute__((noinline)) int shared(int number) { return number * 3; }
static __attribute__((noinline)) int own(int number) { return shared(number) + 1; }
static int each(unsigned index, int *sum) { *sum += index; return 0; }

SECTION("tc") int first(void *context) {
  int sum = own(4);
  loop(10, each, &sum, 0);
  tail_call(context, &jumps, 1);
  return sum + (context == &outer);
}
SECTION("tc") int last(void *context) { return own((long)context); }
