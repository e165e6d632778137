// SPDX-License-Identifier: MIT OR Apache-2.0
// The same for x86 alone, where loads and stores keep their order without atomic operations.
#define __TARGET_ARCH_x86
#include "seq.bpf.c"
