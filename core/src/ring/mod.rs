//! Ring buffers: [`Ring`] reads the records that programs send, [`UserRing`] sends samples to
//! programs.
//!
//! A BPF ring buffer is memory that both sides map: a page with the reader's position, a page with
//! the producer's, and the data, which is mapped twice in a row, so that each record is in one
//! piece. Both kinds of map are the same but for who is who:
//!
//! | map | producer | reader | here |
//! |---|---|---|---|
//! | `BPF_MAP_TYPE_RINGBUF` (Linux 5.8) | programs: `bpf_ringbuf_reserve`, `bpf_ringbuf_submit` | this process | [`Ring`] |
//! | `BPF_MAP_TYPE_USER_RINGBUF` (Linux 6.1) | this process | a program: `bpf_user_ringbuf_drain` | [`UserRing`] |
//!
//! A record takes its length and a header of 8 bytes, rounded up to 8. The producer reserves its
//! place, fills it, and commits or discards it. Records are read in the order in which they were
//! reserved, so one that is still being filled holds up those after it.
//!
//! A ring on a memfd has both sides in user space ([`Ring::memfd`], [`UserRing::memfd`]), so the
//! event loop of an agent is tested without privileges.
//!
//! The guide shows how to use them: [`guide::events`](crate::guide::events).
//!
//! `protocol` has the steps, `open` and `words` the memory that they work on; `claim` keeps a
//! process from opening a ring twice. `reader`, `reading`, `record` and `head` are one side,
//! `writer` and `user` the other, and `twin` is a ring on a memfd.

pub(crate) mod claim;
pub(crate) mod head;
pub(crate) mod open;
pub(crate) mod protocol;
pub(crate) mod reader;
pub(crate) mod reading;
pub(crate) mod record;
pub(crate) mod twin;
pub(crate) mod user;
pub(crate) mod words;
pub(crate) mod writer;

pub use head::Head;
pub use reader::{Gauge, Positions, Records, Ring};
pub use record::Record;
pub use user::UserRing;
pub use writer::{RingProducer, Sample, SampleBytes};
