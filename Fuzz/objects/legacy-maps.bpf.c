// Maps as they were declared before BTF: five numbers in a section.
#define SECTION(name) __attribute__((section(name), used))

struct map { unsigned type, key_size, value_size, max_entries, flags; };
struct map counts SECTION("maps") = {1, 4, 8, 16, 0};
struct map other SECTION("maps") = {2, 4, 4, 1, 0};

static void *(*const lookup)(void *map, const void *key) = (void *)1;

SECTION("xdp") int count(unsigned *context) {
  unsigned key = context[4];
  unsigned long long *value = lookup(&counts, &key);
  if (value) __sync_fetch_and_add(value, 1);
  return lookup(&other, &key) ? 1 : 2;
}
