// SPDX-License-Identifier: MIT OR Apache-2.0
#define VERSION 3
#include "views.bpf.h"
