// Global data of every section, a constant of the host's, and settings of the machine.
#define SECTION(name) __attribute__((section(name), used))

extern int CONFIG_HZ __attribute__((section(".kconfig"), weak));
extern const int bpf_prog_active __attribute__((section(".ksyms"), weak));

const volatile unsigned limit = 3;
unsigned long long counter;
int table[4] = {1, 2, 3, 4};
static int custom SECTION(".data.custom") = 7;
const char *const names[] = {"one", "two"};

SECTION("socket") int sum(void *context) {
  counter += limit;
  for (int i = 0; i < 4; i++) table[i] += custom;
  return table[counter & 3] + names[counter & 1][0] + (CONFIG_HZ > 100) + (&bpf_prog_active != 0);
}

char license_text[] SECTION("license") = "Dual BSD/GPL";
int kernel_version SECTION("version") = 0x60c00;
