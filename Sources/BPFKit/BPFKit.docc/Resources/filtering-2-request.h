typedef unsigned char __u8;
typedef unsigned int __u32;

struct request {
	__u8 method;
	__u32 status;
	const void *target;
	const void *target_end;
};
