// A small XDP firewall: drops what a block list names and whoever opens TCP connections too fast, and counts
// everything else by protocol. See README.md.
#include "bpf.h"

// Settings. They lie in .rodata, where a host may set them before loading.

// Connection attempts (TCP SYN without ACK) that one source may make in one window.
const volatile u32 syn_limit = 10;
// Packets in a window. Counting packets instead of time gives the same verdicts however fast a capture is replayed.
const volatile u32 window_packets = 128;

// An address; IPv4 is mapped into ::ffff:0:0/96, so one trie serves both.
typedef u8 address[16];

struct block_key {
  u32 prefix_length; // bits of the address that count, 0 to 128
  address address;
};

enum block_action { block_allow, block_drop };

struct block_rule {
  enum block_action action; // a longer prefix overrides a shorter one
  u64 packets; // how many packets the rule decided
};

// Which prefixes to drop. Filled by the host.
struct {
  INTEGER(type, map_lpm_trie);
  INTEGER(map_flags, map_no_preallocation);
  INTEGER(max_entries, 1024);
  TYPE(key, struct block_key);
  TYPE(value, struct block_rule);
} blocklist SECTION(".maps");

enum protocol { protocol_other, protocol_arp, protocol_icmp, protocol_icmpv6, protocol_tcp,
  protocol_udp, protocol_count };

struct traffic {
  u64 packets;
  u64 bytes;
};

// Packets and bytes of each enum protocol, dropped ones included.
struct {
  INTEGER(type, map_percpu_array);
  INTEGER(max_entries, protocol_count);
  TYPE(key, u32); // enum protocol
  TYPE(value, struct traffic);
} protocols SECTION(".maps");

struct syn_window {
  u64 window; // number of the window that `attempts` counts in
  u64 attempts; // in that window
  u64 dropped; // ever
};

// Connection attempts of each source; the source not seen for longest makes room for a new one.
struct {
  INTEGER(type, map_lru_hash);
  INTEGER(max_entries, 4096);
  TYPE(key, address);
  TYPE(value, struct syn_window);
} sources SECTION(".maps");

// What the host is told when a source reaches its limit.
struct alert {
  address source;
  u64 packet; // number of the packet, counted from 0
  u64 window;
};

struct {
  INTEGER(type, map_ringbuf);
  INTEGER(max_entries, 64 * 1024);
} alerts SECTION(".maps");

// Packets seen so far, on all processors.
u64 packets_seen;

// What became of them. Global variables lie in .bss, which is a map too.
struct decisions {
  u64 passed;
  u64 blocked;
  u64 over_limit;
  u64 malformed;
} decisions;

// What parsing finds out about a packet.
struct packet {
  address source;
  u32 length;
  enum protocol protocol;
  u8 has_source;
  u8 is_connection_attempt;
};

enum ethernet_type {
  ethernet_ipv4 = 0x0800,
  ethernet_arp = 0x0806,
  ethernet_vlan = 0x8100,
  ethernet_ipv6 = 0x86dd,
  ethernet_provider_vlan = 0x88a8,
};

enum ip_protocol {
  ip_hop_by_hop = 0,
  ip_icmp = 1,
  ip_tcp = 6,
  ip_udp = 17,
  ip_routing = 43,
  ip_fragment = 44,
  ip_icmpv6 = 58,
  ip_destination_options = 60,
};

enum { tcp_syn = 0x02, tcp_ack = 0x10 };
enum { maximum_vlan_tags = 2, maximum_extension_headers = 6, maximum_header_bytes = 512 };

// The packet's bytes from `offset` on; to be used after `REACHES` has said that they are there.
#define BYTES_AT(context, offset) ((void *)(long)(context)->data + (offset))
#define REACHES(context, header) ((void *)((header) + 1) <= (void *)(long)(context)->data_end)

static NOINLINE int parse_transport(struct xdp_md *context, struct packet *packet, u32 offset,
                                    u32 protocol, int is_first) {
  if (offset > maximum_header_bytes)
    return -1;
  switch (protocol) {
  case ip_icmp:
    packet->protocol = protocol_icmp;
    return 0;
  case ip_icmpv6:
    packet->protocol = protocol_icmpv6;
    return 0;
  case ip_udp:
    packet->protocol = protocol_udp;
    return 0;
  case ip_tcp: {
    struct tcp_header *tcp = BYTES_AT(context, offset);
    packet->protocol = protocol_tcp;
    // Only the first fragment has a transport header.
    if (!is_first)
      return 0;
    if (!REACHES(context, tcp))
      return -1;
    packet->is_connection_attempt = (tcp->flags & (tcp_syn | tcp_ack)) == tcp_syn;
    return 0;
  }
  default:
    return 0;
  }
}

static NOINLINE int parse_ipv4(struct xdp_md *context, struct packet *packet, u32 offset) {
  if (offset > maximum_header_bytes)
    return -1;
  struct ipv4_header *ip = BYTES_AT(context, offset);
  if (!REACHES(context, ip) || ip->version_and_length >> 4 != 4)
    return -1;
  u32 header_length = (ip->version_and_length & 15) * 4;
  if (header_length < sizeof(*ip))
    return -1;
  packet->source[10] = 0xff;
  packet->source[11] = 0xff;
  __builtin_memcpy(packet->source + 12, ip->source, 4);
  packet->has_source = 1;
  int is_first = !(ip->fragment & NETWORK16(0x1fff));
  return parse_transport(context, packet, offset + header_length, ip->protocol, is_first);
}

static NOINLINE int parse_ipv6(struct xdp_md *context, struct packet *packet, u32 offset) {
  if (offset > maximum_header_bytes)
    return -1;
  struct ipv6_header *ip = BYTES_AT(context, offset);
  if (!REACHES(context, ip) || ip->version_and_class[0] >> 4 != 6)
    return -1;
  __builtin_memcpy(packet->source, ip->source, sizeof(packet->source));
  packet->has_source = 1;
  u32 next = ip->next_header;
  int is_first = 1;
  offset += sizeof(*ip);
  for (int i = 0; i < maximum_extension_headers; i++) {
    if (next != ip_hop_by_hop && next != ip_routing && next != ip_destination_options &&
        next != ip_fragment)
      return parse_transport(context, packet, offset, next, is_first);
    if (offset > maximum_header_bytes)
      return -1;
    struct ipv6_extension *extension = BYTES_AT(context, offset);
    if (!REACHES(context, extension))
      return -1;
    if (next == ip_fragment)
      is_first = !(extension->rest[0] | (extension->rest[1] & 0xf8));
    offset += next == ip_fragment ? 8 : (extension->length + 1) * 8;
    next = extension->next_header;
  }
  return -1;
}

static NOINLINE int parse(struct xdp_md *context, struct packet *packet) {
  struct ethernet_header *ethernet = BYTES_AT(context, 0);
  if (!REACHES(context, ethernet))
    return -1;
  u16 type = ethernet->type;
  u32 offset = sizeof(*ethernet);
  for (int i = 0; i < maximum_vlan_tags; i++) {
    if (type != NETWORK16(ethernet_vlan) && type != NETWORK16(ethernet_provider_vlan))
      break;
    struct vlan_header *vlan = BYTES_AT(context, offset);
    if (!REACHES(context, vlan))
      return -1;
    type = vlan->type;
    offset += sizeof(*vlan);
  }
  switch (type) {
  case NETWORK16(ethernet_ipv4):
    return parse_ipv4(context, packet, offset);
  case NETWORK16(ethernet_ipv6):
    return parse_ipv6(context, packet, offset);
  case NETWORK16(ethernet_arp):
    packet->protocol = protocol_arp;
    return 0;
  default:
    return 0;
  }
}

static void count_protocol(const struct packet *packet) {
  struct traffic *traffic = map_lookup(&protocols, &packet->protocol);
  if (!traffic)
    return;
  // Each processor has its own.
  traffic->packets++;
  traffic->bytes += packet->length;
}

static NOINLINE int is_blocked(const struct packet *packet) {
  struct block_key key = {.prefix_length = 128};
  __builtin_memcpy(key.address, packet->source, sizeof(key.address));
  struct block_rule *rule = map_lookup(&blocklist, &key);
  if (!rule)
    return 0;
  __sync_fetch_and_add(&rule->packets, 1);
  return rule->action == block_drop;
}

static void tell_limit(const struct packet *packet, u64 number, u64 window) {
  struct alert *alert = ringbuf_reserve(&alerts, sizeof(*alert), 0);
  if (!alert)
    return;
  __builtin_memcpy(alert->source, packet->source, sizeof(alert->source));
  alert->packet = number;
  alert->window = window;
  ringbuf_submit(alert, 0);
}

static NOINLINE int exceeds_limit(const struct packet *packet, u64 number) {
  // A host that sets 0 wants no limit.
  if (!window_packets || !syn_limit)
    return 0;
  u64 window = number / window_packets;
  struct syn_window *state = map_lookup(&sources, packet->source);
  if (!state) {
    struct syn_window first = {.window = window, .attempts = 1};
    map_update(&sources, packet->source, &first, 0);
    return 0;
  }
  if (state->window != window) {
    state->window = window;
    state->attempts = 0;
  }
  u64 earlier = __sync_fetch_and_add(&state->attempts, 1);
  if (earlier < syn_limit)
    return 0;
  if (earlier == syn_limit)
    tell_limit(packet, number, window);
  __sync_fetch_and_add(&state->dropped, 1);
  return 1;
}

static enum xdp_action decide(struct xdp_md *context, struct packet *packet, u64 number) {
  int parsed = parse(context, packet);
  count_protocol(packet);
  if (parsed < 0) {
    __sync_fetch_and_add(&decisions.malformed, 1);
    return XDP_DROP;
  }
  if (packet->has_source && is_blocked(packet)) {
    __sync_fetch_and_add(&decisions.blocked, 1);
    return XDP_DROP;
  }
  if (packet->is_connection_attempt && exceeds_limit(packet, number)) {
    __sync_fetch_and_add(&decisions.over_limit, 1);
    return XDP_DROP;
  }
  __sync_fetch_and_add(&decisions.passed, 1);
  return XDP_PASS;
}

SECTION("xdp") int firewall(struct xdp_md *context) {
  struct packet packet = {.length = context->data_end - context->data};
  u64 number = __sync_fetch_and_add(&packets_seen, 1);
  return decide(context, &packet, number);
}

char license_text[] SECTION("license") = "Dual BSD/GPL";
