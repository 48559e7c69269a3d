// Maps that need types when the kernel makes them, and a callback: what `bpfkit verify --kernel` has to bring along.
// Built with: clang -target bpf -O2 -g -mcpu=v3 -fdebug-compilation-dir=. -c locks.bpf.c -o locks.bpf.o
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define INTEGER(name, value) int (*name)[value]
#define TYPE(name, type) typeof(type) *name

struct __sk_buff { __u32 len, pkt_type, mark; };
struct bpf_spin_lock { __u32 val; };
struct bpf_timer { __u64 opaque[2]; };

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*spin_lock)(struct bpf_spin_lock *lock) = (void *)93;
static long (*spin_unlock)(struct bpf_spin_lock *lock) = (void *)94;
static long (*timer_init)(struct bpf_timer *timer, void *map, __u64 flags) = (void *)169;
static long (*timer_set_callback)(struct bpf_timer *timer, void *callback) = (void *)170;
static long (*loop)(__u32 count, void *callback, void *context, __u64 flags) = (void *)181;

struct account { __u64 bytes; struct bpf_spin_lock lock; };
struct alarm { struct bpf_timer timer; __u64 rings; };
struct wide_key { __u32 part[3]; };
struct { INTEGER(type, 1); INTEGER(max_entries, 4); TYPE(key, struct wide_key); TYPE(value, struct account); } accounts SEC(".maps");
struct { INTEGER(type, 2); INTEGER(max_entries, 1); TYPE(key, __u32); TYPE(value, struct alarm); } alarms SEC(".maps");

SEC("tc") int locked(struct __sk_buff *skb) {
  struct wide_key key = {.part = {skb->mark}};
  struct account *account = map_lookup_elem(&accounts, &key);
  if (!account) return 0;
  spin_lock(&account->lock);
  account->bytes += 1;
  spin_unlock(&account->lock);
  return 0;
}

SEC("tc") int kept(struct __sk_buff *skb) {
  struct wide_key key = {.part = {skb->mark}};
  struct account *account = map_lookup_elem(&accounts, &key);
  if (!account) return 0;
  spin_lock(&account->lock);
  return 0;
}

static int ring(void *map, __u32 *key, struct alarm *alarm) { alarm->rings++; return 0; }

SEC("tc") int timed(struct __sk_buff *skb) {
  __u32 key = 0;
  struct alarm *alarm = map_lookup_elem(&alarms, &key);
  if (!alarm) return 0;
  timer_init(&alarm->timer, &alarms, 1);
  timer_set_callback(&alarm->timer, ring);
  return 0;
}

static int step(__u32 index, __u64 *sum) { *sum += index; return 0; }

SEC("tc") int looped(struct __sk_buff *skb) {
  __u64 sum = 0;
  loop(skb->len, step, &sum, 0);
  return sum & 1;
}

char license_text[] SEC("license") = "GPL";
