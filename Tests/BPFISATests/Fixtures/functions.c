// Several functions in two sections, for the listing tests. The listing beside it:
//   clang -target bpf -O2 -g -mcpu=v4 -c functions.c && llvm-objdump -S functions.o
#define SECTION(name) __attribute__((section(name), used))

static void *(*map_lookup_elem)(void *, const void *) = (void *)1;

int counters[16];
long long total;

static __attribute__((noinline)) int sum(const signed char *bytes, int count) {
  int result = 0;
  for (int i = 0; i < count; i++) {
    if (bytes[i] < 0)
      result -= bytes[i] / (i + 1);
    else
      result += bytes[i];
  }
  return result;
}

SECTION("xdp") int first(const int *context) {
  int value = context[0];
  if (value > 5)
    return sum((const signed char *)context, value);
  counters[value & 15] += value;
  __sync_fetch_and_add(&total, value);
  while (value < 100)
    value += context[1] * value;
  return value;
}

SECTION("xdp") int second(int *context) {
  long long key = context[1];
  void *found = map_lookup_elem(counters, &key);
  if (!found)
    return __builtin_bswap16(key);
  return *(short *)found;
}
