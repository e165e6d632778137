//! Waiting for a descriptor (`epoll(7)`), and bells between threads and processes (`eventfd(2)`).

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use crate::sys::{answer, opened};

/// What a [`Watch`] waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// There is something to read.
    Readable,
    /// There is room to write.
    Writable,
}

/// Waits for one descriptor. It reports what happens, not what is: a descriptor that stays ready
/// ends one wait, and no second one until it is woken again.
#[derive(Debug)]
pub(crate) struct Watch(OwnedFd);

impl Watch {
    pub(crate) fn new(fd: BorrowedFd<'_>, event: Event) -> Result<Self, i32> {
        // SAFETY: the call takes an integer, and touches no memory.
        let watch = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        // SAFETY: the call returns a new descriptor.
        let watch = unsafe { opened(watch) }?;
        let event = match event {
            Event::Readable => libc::EPOLLIN,
            Event::Writable => libc::EPOLLOUT,
        };
        let mut event = libc::epoll_event { events: (event | libc::EPOLLET).cast_unsigned(), u64: 0 };
        // SAFETY: the kernel reads one `epoll_event`.
        let added = unsafe { libc::epoll_ctl(watch.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event) };
        answer(added).map(|_| Self(watch))
    }

    /// Waits until the descriptor is woken, a signal comes, or the time is over.
    pub(crate) fn wait(&self, timeout: Duration) -> Result<(), i32> {
        // Rounded up, so that nobody wakes just before the time, over and over.
        let milliseconds = timeout.as_nanos().div_ceil(1_000_000);
        let milliseconds = libc::c_int::try_from(milliseconds).unwrap_or(libc::c_int::MAX);
        let mut event = libc::epoll_event { events: 0, u64: 0 };
        // SAFETY: the kernel writes at most one `epoll_event`.
        let result = unsafe { libc::epoll_wait(self.0.as_raw_fd(), &raw mut event, 1, milliseconds) };
        answer(result).map(drop).or_else(|errno| if errno == libc::EINTR { Ok(()) } else { Err(errno) })
    }
}

/// A descriptor that is readable from when it is rung until it is silenced.
#[derive(Debug)]
pub(crate) struct Bell(OwnedFd);

impl Bell {
    pub(crate) fn new() -> Result<Self, i32> {
        // SAFETY: the call takes integers, and touches no memory.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        // SAFETY: the call returns a new descriptor.
        unsafe { opened(fd) }.map(Self)
    }

    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.0
    }

    /// Makes it readable, and wakes all who wait for that.
    pub(crate) fn ring(&self) {
        let one = 1_u64;
        // SAFETY: the kernel reads 8 bytes. (It fails only if the bell was rung 2^64 times: it is
        // readable then.)
        unsafe { libc::write(self.0.as_raw_fd(), ptr::from_ref(&one).cast(), size_of::<u64>()) };
    }

    /// Makes it unreadable.
    pub(crate) fn silence(&self) {
        let mut count = 0_u64;
        // SAFETY: the kernel writes at most 8 bytes. (It fails if the bell was not rung.)
        unsafe { libc::read(self.0.as_raw_fd(), ptr::from_mut(&mut count).cast(), size_of::<u64>()) };
    }
}
