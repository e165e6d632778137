// SPDX-License-Identifier: MIT OR Apache-2.0
// The same, where a plain store publishes.
#define __TARGET_ARCH_x86
#include "arena_list.bpf.c"
