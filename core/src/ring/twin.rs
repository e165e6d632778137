//! [`Twin`]: a ring on a memfd, both of whose sides are in user space.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{RingError, SystemError};
use crate::ring::open::{self, OpenRing, Side};
use crate::sys::poll::Bell;

/// The numbers of twins, for claims. They are not ids of maps, which have 32 bits.
static NEXT: AtomicU64 = AtomicU64::new(1 << 32);

/// A ring on a memfd, and the bells in place of the kernel's wakeups.
#[derive(Debug)]
pub(crate) struct Twin {
    file: File,
    size: usize,
    /// Rung when there is a record to read, as the kernel's ring is readable then.
    pub(crate) data: Bell,
    /// Rung when the reader has released records.
    pub(crate) room: Bell,
    pub(crate) number: u64,
}

impl Twin {
    pub(crate) fn new(size: usize) -> Result<Arc<Self>, RingError> {
        let file = open::create_memfd(size)?;
        let bell = || Bell::new().map_err(|errno| SystemError::Os { operation: "make an eventfd", errno });
        let (data, room) = (bell()?, bell()?);
        Ok(Arc::new(Self { file, size, data, room, number: NEXT.fetch_add(1, Ordering::Relaxed) }))
    }

    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Maps it as one of its sides.
    pub(crate) fn open(&self, side: Side) -> Result<OpenRing, RingError> {
        open::open_memfd(&self.file, self.size, side)
    }
}
