// What a request filter sees and may call. The structure is what RequestView declares in Swift; a test compares them.
#pragma once

typedef unsigned char __u8;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef int __s32;

struct request {
	__u8 method;
	__u32 status;
	__u8 address[16];
	const void *target;
	const void *target_end;
};

enum method { METHOD_OTHER, METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT, METHOD_DELETE };

enum verdict { PASS, REFUSE };

#define FILTER __attribute__((section("request"), used))

// A map is described by the types of a struct's members; the loader reads them from BTF.
#define MAP __attribute__((section(".maps"), used))
#define INTEGER(name, value) int(*name)[value]
#define TYPE(name, type) typeof(type) *name
enum map_kind { map_array = 2, map_lru_hash = 9 };

// The kernel's helpers, by their numbers.
static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const map_update)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;
static __u64 (*const nanoseconds)(void) = (void *)5;

// The host's: copies the value of a request's header, as far as there is room. Its length, or -1 where there is none.
static __s32 (*const request_header)(struct request *request, const char *name, __u32 name_size,
                                     char *value, __u32 value_size) = (void *)0x20000;
