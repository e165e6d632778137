// SPDX-License-Identifier: MIT OR Apache-2.0
#define VERSION 4
#include "views.bpf.h"
