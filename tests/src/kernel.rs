//! Loading and running BPF programs in tests.
