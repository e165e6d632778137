//! The list of comparisons. To add a row, write a function that measures it and name it here.

use crate::harness::Timing;
use crate::memory::Memory;
use crate::{arenas, bulk, objects, rings, single, sparse, sweep, system_calls};

/// A row of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) theirs: &'static str,
    /// The greatest `ours / theirs` that is still good.
    pub(crate) target: f64,
    pub(crate) measure: fn(&Memory) -> Outcome,
}

/// The outcome of a row.
pub(crate) enum Outcome {
    Timed(Timing),
    /// A count of pages, and a note about it.
    Counted {
        ours: f64,
        theirs: f64,
        note: String,
    },
    /// Why the row could not be run.
    Skipped(String),
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        name: "load_u64/raw",
        ours: "a field of a `Var`: `var.bytes.load()`",
        theirs: "`AtomicU64::load`, relaxed, by a raw pointer",
        target: 1.02,
        measure: single::load_u64_raw,
    },
    Row {
        name: "load_64b/raw",
        ours: "a struct of 8 leaves: `var.load()`",
        theirs: "8 relaxed loads by a raw pointer",
        target: 1.05,
        measure: single::load_64b_raw,
    },
    Row {
        name: "load_64b/vm-memory",
        ours: "a struct of 8 leaves: `var.load()`",
        theirs: "`VolatileSlice::read_obj`",
        target: 0.25,
        measure: single::load_64b_vm_memory,
    },
    Row {
        name: "load_64b/zerocopy",
        ours: "a struct of 8 leaves: `var.load()`",
        theirs: "`FromBytes::read_from_prefix`, of memory that is not shared",
        target: 1.6,
        measure: single::load_64b_zerocopy,
    },
    Row {
        name: "load_u64/aya",
        ours: "an element: `array.get(i)` and `load()`",
        theirs: "`aya::maps::Array::get`",
        target: 0.005,
        measure: system_calls::load_u64_aya,
    },
    Row {
        name: "load_u64/libbpf-rs",
        ours: "an element: `array.get(i)` and `load()`",
        theirs: "`MapCore::lookup`",
        target: 0.005,
        measure: system_calls::load_u64_libbpf,
    },
    Row {
        name: "scan_4m/aya",
        ours: "the sum of 65,536 values of 64 bytes: `array.iter()`",
        theirs: "`aya::maps::Array::iter`",
        target: 0.005,
        measure: system_calls::scan_4m_aya,
    },
    Row {
        name: "scan_4m/libbpf-rs",
        ours: "the sum of 65,536 values of 64 bytes: `array.iter()`",
        theirs: "`MapCore::lookup_batch`",
        target: 0.02,
        measure: system_calls::scan_4m_libbpf,
    },
    Row {
        name: "copy_4k/memcpy",
        ours: "64 values of 64 bytes: `array.load_into`",
        theirs: "`copy_nonoverlapping` of 4 KiB",
        target: 1.1,
        measure: bulk::copy_4k,
    },
    Row {
        name: "copy_1m/memcpy",
        ours: "16,384 values of 64 bytes: `array.load_into`",
        theirs: "`copy_nonoverlapping` of 1 MiB",
        target: 1.1,
        measure: bulk::copy_1m,
    },
    Row {
        name: "copy_64m/memcpy",
        ours: "1,048,576 values of 64 bytes: `array.load_into`",
        theirs: "`copy_nonoverlapping` of 64 MiB",
        target: 1.1,
        measure: bulk::copy_64m,
    },
    Row {
        name: "store_24m/raw",
        ours: "3,000,000 values of 8 bytes: `array.store_from`",
        theirs: "a loop of relaxed 8-byte stores",
        target: 1.05,
        measure: bulk::store_24m,
    },
    Row {
        name: "store_24m/iter",
        ours: "3,000,000 rows of 5 leaves, as an iterator makes them: `slice.store_from_iter`",
        theirs: "a loop of plain stores of such rows, by a raw pointer",
        target: 1.2,
        measure: bulk::store_24m_iter,
    },
    Row {
        name: "sweep/raw",
        ours: "a scrape of 98 maps: banks of 64 CPUs summed, 33 histograms of 496 buckets, 5000 counters by id",
        theirs: "the same by plain loads and `copy_nonoverlapping`, by raw pointers",
        target: 1.05,
        measure: sweep::raw,
    },
    Row {
        name: "var_open/raw",
        ours: "`mapping.var::<T>(offset)`, and to drop it",
        theirs: "`Arc::clone`, and to drop it",
        target: 1.3,
        measure: single::var_open,
    },
    Row {
        name: "var_open_checked/raw",
        ours: "`mapping.var::<T>(offset)` of a map with types, and to drop it",
        theirs: "`Arc::clone`, and to drop it",
        target: 1.3,
        measure: single::var_open_checked,
    },
    Row {
        name: "fetch_add/raw",
        ours: "`Shared<u64>::fetch_add`",
        theirs: "`AtomicU64::fetch_add`, relaxed",
        target: 1.02,
        measure: single::fetch_add,
    },
    Row {
        name: "seq_read/raw",
        ours: "`SeqCell<[u64; 8]>::read`, beside no writer",
        theirs: "8 relaxed loads by a raw pointer",
        target: 2.0,
        measure: single::seq_read,
    },
    Row {
        name: "arena_list/raw",
        ours: "an element of 131,072 in an `ArenaList`, walked",
        theirs: "the same list, walked by raw pointers as in C",
        target: 1.1,
        measure: arenas::list,
    },
    Row {
        name: "arena_table/raw",
        ours: "`ArenaHashMap::get`, of 131,072 keys",
        theirs: "the same lookup by raw pointers as in C",
        target: 1.1,
        measure: arenas::table,
    },
    Row {
        name: "arena_table/libbpf-rs",
        ours: "`ArenaHashMap::get`, of 131,072 keys",
        theirs: "`MapCore::lookup` in a hash map of as many",
        target: 0.02,
        measure: arenas::table_libbpf,
    },
    Row {
        name: "alloc/mimalloc",
        ours: "an object of 64 bytes, made and freed: `allocator.alloc(value)`",
        theirs: "`mi_malloc`, a store of 64 bytes, `mi_free`",
        target: 1.0,
        measure: objects::pair,
    },
    Row {
        name: "alloc_two_threads",
        ours: "the same on two threads, each on its CPU: the time that passes by their common number of objects",
        theirs: "the same on one thread",
        // 1.8 times as many objects in the same time.
        target: 0.556,
        measure: objects::two_threads,
    },
    Row {
        name: "alloc_bpf/bpf_obj",
        ours: "an object of 64 bytes, made and freed by a BPF program: `mv_obj_alloc`, `mv_obj_free`",
        theirs: "`bpf_obj_new`, `bpf_obj_drop`",
        target: 1.0,
        measure: objects::pair_in_bpf,
    },
    Row {
        name: "alloc_to_rust/queue",
        ours: "64 bytes from a BPF program to Rust: an object in a `Kptr` field, taken and freed",
        theirs: "`bpf_map_push_elem`, and `MapCore::lookup_and_delete` of a queue",
        target: 0.25,
        measure: objects::to_rust,
    },
    Row {
        name: "alloc_to_bpf/queue",
        ours: "64 bytes from Rust to a BPF program: an object in a `Kptr` field, taken and freed",
        theirs: "`MapCore::update` of a queue, and `bpf_map_pop_elem`",
        target: 0.25,
        measure: objects::to_bpf,
    },
    Row {
        name: "alloc_memory",
        ours: "pages of an arena that 100,000 objects of 64 bytes take",
        theirs: "pages of 100,000 times 80 bytes, and 2 % of that",
        target: 1.0,
        measure: objects::memory,
    },
    Row {
        name: "ring_64b/libbpf-rs",
        ours: "a record of 64 bytes in a full ring: `ring.drain`, and a field of `record.view::<T>()`",
        theirs: "`RingBuffer::consume`, and 8 of the bytes",
        target: 1.0,
        measure: rings::small,
    },
    Row {
        name: "ring_64b_loop/libbpf-rs",
        ours: "the same in a `for` loop over `ring.records()`",
        theirs: "the same",
        target: 1.25,
        measure: rings::small_in_a_loop,
    },
    Row {
        name: "ring_4k/libbpf-rs",
        ours: "a record of 4 KiB, in the same way",
        theirs: "the same",
        target: 1.0,
        measure: rings::large,
    },
    Row {
        name: "ring_4k_copied/libbpf-rs",
        ours: "a record of 4 KiB, copied out: `record.copy_to`",
        theirs: "the same, by `copy_from_slice`",
        target: 1.1,
        measure: rings::large_copied,
    },
    Row {
        name: "user_ring/libbpf-rs",
        ours: "a sample of 64 bytes: `ring.send`",
        theirs: "`UserRingBuffer::reserve`, a copy of 64 bytes, `submit`",
        target: 1.0,
        measure: rings::user,
    },
    Row {
        name: "sparse_32m",
        ours: "pages of a 32 MiB array that are resident here after 100 counters were touched",
        theirs: "100 pages",
        target: 1.0,
        measure: sparse::resident,
    },
    Row {
        name: "sparse_32m/touched",
        ours: "pages that touching 100 counters of a 32 MiB array took, with those of the page table",
        theirs: "100 pages",
        target: 1.0,
        measure: sparse::touched,
    },
    Row {
        name: "sparse_32m/arena",
        ours: "pages of a 32 MiB arena that are resident here after 100 counters were touched",
        theirs: "100 pages",
        target: 1.0,
        measure: sparse::arena,
    },
    Row {
        name: "sparse_32m/memfd",
        ours: "pages of a 32 MiB memfd that are resident here after 100 counters were touched",
        theirs: "100 pages",
        target: 1.0,
        measure: sparse::memfd,
    },
];
