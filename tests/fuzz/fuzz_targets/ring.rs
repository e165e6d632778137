//! Bytes as the memory of a ring buffer: positions and headers that another process may have
//! written. A ring is read, and one is filled, while more bytes are written over it. No call may do
//! more than return an error, and every walk ends.
//!
//! An input is the positions, 4 bytes each, the number of steps, the steps of 8 bytes each (see
//! `step`), and the memory of the data from its start on.
#![no_main]

use std::sync::Arc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mapvalue::ring::RingProducer;
use mapvalue::{Mapping, Record, Ring, UserRing};

const SIZE: usize = 4096;
const MAX_STEPS: usize = 64;

struct Rings {
    ring: Ring,
    producer: RingProducer,
    /// The memory of `ring`.
    read: Arc<Mapping>,
    user: UserRing,
    program: Ring,
    /// The memory of `user`.
    filled: Arc<Mapping>,
    page: usize,
}

impl Rings {
    fn new() -> Self {
        let ring = Ring::memfd(SIZE).expect("a memfd");
        let user = UserRing::memfd(SIZE).expect("a memfd");
        let read = Mapping::from_memfd(ring.memory().expect("it has one")).expect("a second mapping");
        let filled = Mapping::from_memfd(user.memory().expect("it has one")).expect("a second mapping");
        let (producer, program) = (ring.producer().expect("a memfd"), user.consumer().expect("a memfd"));
        let page = (read.len() - SIZE) / 2;
        Self { ring, producer, read, user, program, filled, page }
    }

    fn set_positions(&self, consumer: u64, producer: u64) {
        for memory in [&self.read, &self.filled] {
            memory.var::<u64>(0).expect("the reader's").store(consumer);
            memory.var::<u64>(self.page).expect("the producer's").store(producer);
        }
    }

    /// The first byte says what is done, the others are numbers.
    fn step(&mut self, [what, a, b, c, number @ ..]: [u8; 8]) {
        let number = u32::from_le_bytes(number);
        let offset = (usize::from(a) << 8 | usize::from(b)) % SIZE;
        match what % 8 {
            0 => self.read.write_at(2 * self.page + offset / 8 * 8, &number.to_ne_bytes()).expect("inside"),
            1 => self.filled.write_at(2 * self.page + offset / 8 * 8, &number.to_ne_bytes()).expect("inside"),
            2 => self.set_positions(u64::from(number), u64::from(number) + offset as u64),
            3 => self.set_positions(u64::MAX - u64::from(number), u64::from(c)),
            4 => {
                let _ = self.ring.records().take(usize::from(c)).try_for_each(|record| record.map(|it| look(&it)));
            }
            5 => {
                let _ = self.ring.drain(look);
                let _ = self.program.drain(look);
                let _ = self.ring.wait(Duration::ZERO);
            }
            6 => {
                let _ = self.producer.output(&vec![c; offset]);
                let _ = self.user.send_bytes(&vec![c; offset]);
                let _ = self.user.send(number);
            }
            _ => {
                let _ = self.user.discard_abandoned();
                let _ = self.user.reserve_within::<[u64; 8]>(Duration::ZERO);
                assert!(self.ring.available() <= self.ring.capacity() && self.user.pending() <= SIZE as u64);
            }
        }
    }
}

/// Reads all of a record, in each way.
fn look(record: &Record<'_>) {
    assert!(record.len() < SIZE);
    let bytes = record.bytes();
    assert_eq!(bytes.len(), record.len());
    let _ = record.view::<[u32; 4]>().map(|view| view[3].load());
    let _ = record.slice_at::<u16>(2, record.len() / 4).map(|slice| slice.iter().map(|it| it.load()).max());
    let _ = record.load_at::<u64>(record.len().saturating_sub(8));
    let _ = record.read_at(record.len(), &mut []);
}

fuzz_target!(|input: &[u8]| {
    let Some((head, input)) = input.split_first_chunk::<9>() else { return };
    let number = |at: usize| u64::from(u32::from_le_bytes(head[at..at + 4].try_into().expect("4 bytes")));
    let steps = (usize::from(head[8]) % MAX_STEPS).min(input.len() / 8);
    let (steps, data) = input.split_at(steps * 8);
    let mut rings = Rings::new();
    let data = &data[..data.len().min(SIZE)];
    rings.read.write_at(2 * rings.page, data).expect("inside");
    rings.filled.write_at(2 * rings.page, data).expect("inside");
    rings.set_positions(number(0), number(4));
    for step in steps.chunks_exact(8) {
        rings.step(step.try_into().expect("8 bytes"));
    }
    let _ = rings.ring.drain(look);
    let _ = rings.ring.drain(look);
    let _ = rings.program.drain(look);
    let _ = rings.program.drain(look);
});
