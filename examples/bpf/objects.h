/* Generated from Rust types by `cargo run --example objects -- --header PATH`: change those. */
#pragma once
#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define FLOW_TYPE_ID 0xc692883d
#define ROOT 0x100

struct flow {
	__u64 packets;
	__u64 bytes;
};
_Static_assert(sizeof(struct flow) == 16, "struct flow: 16 bytes in Rust");
_Static_assert(__builtin_offsetof(struct flow, packets) == 0, "struct flow: packets at offset 0 in Rust");
_Static_assert(__builtin_offsetof(struct flow, bytes) == 8, "struct flow: bytes at offset 8 in Rust");

struct root {
	void *alloc;
	void *flows[10];
	__u64 uncounted;
	__u64 threshold;
};
_Static_assert(sizeof(struct root) == 104, "struct root: 104 bytes in Rust");
_Static_assert(__builtin_offsetof(struct root, alloc) == 0, "struct root: alloc at offset 0 in Rust");
_Static_assert(__builtin_offsetof(struct root, flows) == 8, "struct root: flows at offset 8 in Rust");
_Static_assert(__builtin_offsetof(struct root, uncounted) == 88, "struct root: uncounted at offset 88 in Rust");
_Static_assert(__builtin_offsetof(struct root, threshold) == 96, "struct root: threshold at offset 96 in Rust");
