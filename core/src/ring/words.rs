//! The words and the data of a ring in memory, as its reader and as its producer have them.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};

use crate::error::PlaceError;
use crate::handle::{Var, bulk};
use crate::mapping::Mapping;
use crate::ring::protocol::{Consuming, Producing};
use crate::sys::process::Owner;
use crate::value::cell::Shared;
use crate::value::{Access, MapValue, ReadOnly, ReadWrite};

/// The data of a ring, mapped twice in a row, so that each record is in one piece.
#[derive(Debug)]
pub(crate) struct Data<A: Access> {
    /// Where the data begins.
    first: NonNull<u8>,
    /// The capacity, less a header: what of a position of a header is its offset.
    mask: usize,
    /// The offset of the data in the mapping: a page.
    offset: usize,
    mapping: Arc<Mapping>,
    access: PhantomData<A>,
}

// SAFETY: the `Arc<Mapping>`, which is `Send + Sync`, keeps alive the memory that the pointer leads
// to, and only references to cells are made of the pointer, which are `Send + Sync`.
unsafe impl<A: Access> Send for Data<A> {}
// SAFETY: as for `Send`.
unsafe impl<A: Access> Sync for Data<A> {}

impl<A: Access> Data<A> {
    /// The data of a mapping that holds the producer's page, and then the data twice.
    fn new(mapping: Arc<Mapping>, page: usize, capacity: usize) -> Result<Self, PlaceError> {
        if A::WRITABLE {
            mapping.writable()?;
        }
        let first = mapping.bytes_at(page, 2 * capacity)?;
        Ok(Self { first, mask: capacity - 8, offset: page, mapping, access: PhantomData })
    }

    /// The offset in the data of the header at a position.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the crate is for 64-bit targets alone")]
    fn offset_of(&self, position: u64) -> usize {
        position as usize & self.mask
    }

    /// The length and the bits of the header at a position.
    #[inline]
    fn header(&self, position: u64) -> &Shared<u32, A> {
        // SAFETY: the offset is at most the capacity less 8, by the mask, and `new` has checked
        // that the mapping has twice the capacity from `first` on. It is a multiple of 8 (by the
        // mask again, since the capacity is a multiple of a page), as `first` is, so it is aligned.
        let header = unsafe { self.first.add(self.offset_of(position)) }.cast::<Shared<u32, A>>();
        // SAFETY: the bytes are mapped as long as `self` lives, and writable if `A` is (`new`). All
        // bits are a valid cell. Others reach them as threads do, by atomic accesses.
        unsafe { header.as_ref() }
    }

    /// The place of the record whose header is at a position: at a multiple of 8.
    #[inline]
    pub(crate) fn record(&self, position: u64) -> NonNull<u8> {
        // SAFETY: at most the capacity from `first` on, of which the mapping has twice as much
        // (`header`).
        unsafe { self.first.add(self.offset_of(position) + 8) }
    }

    /// The offset in the mapping of the record whose header is at a position.
    #[inline]
    fn record_at(&self, position: u64) -> usize {
        self.offset + self.offset_of(position) + 8
    }

    /// The place of `bytes` bytes of `T`s at an offset in the record whose header is at a position.
    #[inline]
    pub(crate) fn place<T: MapValue>(
        &self,
        position: u64,
        offset: usize,
        bytes: usize,
    ) -> Result<NonNull<T::Shared<A>>, PlaceError> {
        let place = self.mapping.place::<T, A>(self.record_at(position) + offset, bytes);
        place.map_err(|error| of_record(error, offset))
    }
}

/// Names the offset in the record, which is the one that the caller knows.
#[cold]
fn of_record(error: PlaceError, offset: usize) -> PlaceError {
    match error {
        PlaceError::Misaligned { type_name, align, .. } | PlaceError::MisalignedBase { type_name, align, .. } => {
            PlaceError::Misaligned { type_name, offset, align }
        }
        other => other,
    }
}

impl Data<ReadWrite> {
    /// Copies bytes into the record whose header is at a position, from an offset on.
    pub(crate) fn store(&self, position: u64, offset: usize, bytes: &[u8]) -> Result<(), PlaceError> {
        let place = self.mapping.bytes_at(self.record_at(position) + offset, bytes.len())?;
        // SAFETY: `bytes_at` checked that the mapping has all of `bytes`; only atomics reach it,
        // and it is writable (`new`).
        unsafe { bulk::store_bytes(place, bytes) };
        Ok(())
    }
}

/// A ring as its reader has it: it writes only its own position.
#[derive(Debug)]
pub(crate) struct ReaderWords {
    pub(crate) consumer: Var<u64>,
    pub(crate) producer: Var<u64, ReadOnly>,
    pub(crate) data: Data<ReadOnly>,
    /// The process whose position it is: a forked child never moves it.
    pub(crate) owner: Owner,
}

impl ReaderWords {
    pub(crate) fn new(
        consumer: &Arc<Mapping>,
        rest: Arc<Mapping>,
        page: usize,
        capacity: usize,
    ) -> Result<Self, PlaceError> {
        let (consumer, producer) = (consumer.var(0)?, rest.var_ro(0)?);
        Ok(Self { consumer, producer, data: Data::new(rest, page, capacity)?, owner: Owner::current() })
    }
}

impl Consuming for ReaderWords {
    #[inline]
    fn consumer(&self) -> u64 {
        self.consumer.load()
    }
    #[inline]
    fn producer(&self) -> u64 {
        self.producer.load_acquire()
    }
    #[inline]
    fn header(&self, position: u64) -> u32 {
        self.data.header(position).load_acquire()
    }
    #[inline]
    fn publish(&self, position: u64) -> bool {
        let is_here = self.owner.is_here();
        if is_here {
            self.consumer.store_release(position);
        }
        is_here
    }
    #[inline]
    fn fence() {
        fence(Ordering::SeqCst);
    }
}

/// A ring as its producer has it: it writes all but the reader's position.
#[derive(Debug)]
pub(crate) struct WriterWords {
    pub(crate) consumer: Var<u64, ReadOnly>,
    pub(crate) producer: Var<u64>,
    pub(crate) data: Data<ReadWrite>,
}

impl WriterWords {
    pub(crate) fn new(
        consumer: &Arc<Mapping>,
        rest: Arc<Mapping>,
        page: usize,
        capacity: usize,
    ) -> Result<Self, PlaceError> {
        Ok(Self { consumer: consumer.var_ro(0)?, producer: rest.var(0)?, data: Data::new(rest, page, capacity)? })
    }

    /// The header at a position, as it is.
    pub(crate) fn header(&self, position: u64) -> u32 {
        self.data.header(position).load_acquire()
    }
}

impl Producing for WriterWords {
    #[inline]
    fn consumer(&self) -> u64 {
        self.consumer.load_acquire()
    }
    #[inline]
    fn produce(&self, position: u64) {
        self.producer.store_release(position);
    }
    #[inline]
    fn begin(&self, position: u64, header: u32) {
        self.data.header(position).store(header);
    }
    #[inline]
    fn finish(&self, position: u64, header: u32) {
        self.data.header(position).atomic().swap(header, Ordering::AcqRel);
    }
    #[inline]
    fn fence() {
        fence(Ordering::SeqCst);
    }
}
