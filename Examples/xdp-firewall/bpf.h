// What the firewall needs of BPF and of packets, and no more: so that it builds with any clang that has the bpf target,
// without the headers of a kernel or of libbpf. Numbers and layouts are the kernel's ABI and the protocols' own.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SECTION(name) __attribute__((section(name), used))
#define NOINLINE __attribute__((noinline))

// A map is described by the types of a struct's members; the loader reads them from BTF.
#define INTEGER(name, value) int(*name)[value]
#define TYPE(name, type) typeof(type) *name

enum map_kind {
  map_array = 2,
  map_percpu_array = 6,
  map_lru_hash = 9,
  map_lpm_trie = 11,
  map_ringbuf = 27,
};
enum { map_no_preallocation = 1 };

// Helpers are called by number.
static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const map_update)(void *map, const void *key, const void *value, u64 flags) =
    (void *)2;
static void *(*const ringbuf_reserve)(void *map, u64 size, u64 flags) = (void *)131;
static void (*const ringbuf_submit)(void *record, u64 flags) = (void *)132;

// The context of an XDP program: packet addresses, shown as 32-bit fields.
struct xdp_md {
  u32 data;
  u32 data_end;
  u32 data_meta;
  u32 ingress_ifindex;
  u32 rx_queue_index;
  u32 egress_ifindex;
};

enum xdp_action { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };

// A number in network byte order, for comparing with what a packet holds.
#define NETWORK16(number) ((u16)__builtin_bswap16(number))

struct ethernet_header {
  u8 destination[6];
  u8 source[6];
  u16 type;
} __attribute__((packed));

struct vlan_header {
  u16 tag;
  u16 type;
} __attribute__((packed));

struct ipv4_header {
  u8 version_and_length;
  u8 service;
  u16 total_length;
  u16 identification;
  u16 fragment;
  u8 time_to_live;
  u8 protocol;
  u16 checksum;
  u8 source[4];
  u8 destination[4];
} __attribute__((packed));

struct ipv6_header {
  u8 version_and_class[4];
  u16 payload_length;
  u8 next_header;
  u8 hop_limit;
  u8 source[16];
  u8 destination[16];
} __attribute__((packed));

// The first eight bytes of an extension header; of a fragment header `rest` begins with the offset.
struct ipv6_extension {
  u8 next_header;
  u8 length; // in units of eight bytes, the first not counted
  u8 rest[6];
} __attribute__((packed));

struct tcp_header {
  u16 source_port;
  u16 destination_port;
  u32 sequence;
  u32 acknowledgement;
  u8 data_offset;
  u8 flags;
  u16 window;
} __attribute__((packed));
