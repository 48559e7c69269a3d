// Sends copies of packets, tags them and redirects them: what `bpfkit run` reports of a classifier that does.
// Built with: clang -target bpf -O2 -g -mcpu=v3 -fdebug-compilation-dir=. -c mirror.bpf.c -o mirror.bpf.o
typedef unsigned int __u32;
typedef unsigned short __u16;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))

struct __sk_buff { __u32 len, pkt_type, mark; };
struct bpf_redir_neigh { __u32 nh_family; __u32 address[4]; };

static long (*clone_redirect)(struct __sk_buff *skb, __u32 interface, __u64 flags) = (void *)13;
static long (*skb_vlan_push)(struct __sk_buff *skb, __u16 protocol, __u16 tag) = (void *)18;
static long (*redirect_neigh)(__u32 interface, struct bpf_redir_neigh *hop, int size, __u64 flags) = (void *)152;
static long (*redirect_peer)(__u32 interface, __u64 flags) = (void *)155;

SEC("tc") int mirror(struct __sk_buff *skb) {
  clone_redirect(skb, 5, 0);
  if (skb->len > 100) clone_redirect(skb, 6, 1);
  skb_vlan_push(skb, 0x0081, 7);
  if (skb->len > 100) return redirect_peer(8, 0);
  if (skb->len > 65) return redirect_neigh(9, 0, 0, 0);
  struct bpf_redir_neigh hop = {.nh_family = 2, .address = {0x0100000a}};
  return redirect_neigh(9, &hop, sizeof(hop), 0);
}

char gpl[] SEC("license") = "GPL";
