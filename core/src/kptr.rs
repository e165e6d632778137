//! [`Kptr`]: the address of an object, with whose memory it is in its type.

use core::convert::Infallible;
use core::marker::PhantomData;

use crate::address::address_leaf;

mod sealed {
    pub trait Sealed {}
}

/// Whose memory a [`Kptr`] points into: [`Kernel`].
pub trait Domain: sealed::Sealed + 'static {}

/// The kernel's own memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {}

impl sealed::Sealed for Kernel {}
impl Domain for Kernel {}

/// A domain whose memory this process has mapped. The kernel's is none.
#[diagnostic::on_unimplemented(
    message = "a pointer into the memory of the `{Self}` domain cannot be followed here",
    label = "this is an address of the kernel, where this process has nothing mapped",
    note = "a `Kptr<T, Kernel>` can be compared, printed and handed back to a BPF program, which alone can follow it: have the \
            program copy what you need into the map"
)]
pub trait Mapped: Domain {
    /// Nobody can call this, since there is no such domain yet.
    #[doc(hidden)]
    fn never(address: u64) -> Infallible;
}

/// The address of a `T` in the memory of `D`, as a BPF program stored it: 8 bytes, a leaf like `u64`.
///
/// An address of the [`Kernel`] is opaque here. It tells objects apart (compare it, hash it, print it) and a BPF program can take
/// it back, but there is no way to follow it: in this process nothing, or something else, lies at that address. A `T` that
/// stands for the kernel's type needs no fields.
///
/// ```
/// use mapvalue::{Kernel, Kptr, MapValue, Mapping, Var};
///
/// /// `struct task_struct`.
/// enum Task {}
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Waiter {
///     task: Kptr<Task, Kernel>,
///     since: u64,
/// }
///
/// let mapping = Mapping::memfd(4096)?;
/// let waiter: Var<Waiter> = mapping.var(0)?;
/// assert!(waiter.task.load().is_null());
/// # Ok::<(), mapvalue::Error>(())
/// ```
#[repr(transparent)]
pub struct Kptr<T: ?Sized, D: Domain> {
    address: u64,
    // No `T` is owned or shared by a number, so it is `Send` and `Sync` whatever `T` is.
    object: PhantomData<fn() -> T>,
    domain: PhantomData<fn() -> D>,
}

impl<T: ?Sized, D: Domain> Kptr<T, D> {
    /// No object: the address 0.
    pub const NULL: Self = Self::new(0);

    #[inline]
    const fn new(address: u64) -> Self {
        Self { address, object: PhantomData, domain: PhantomData }
    }

    /// The address, a number.
    #[inline]
    pub const fn address(self) -> u64 {
        self.address
    }

    /// Whether it is [`NULL`](Self::NULL).
    #[inline]
    pub const fn is_null(self) -> bool {
        self.address == 0
    }

    /// The object: does not compile for a pointer of the kernel's, and says why.
    #[inline]
    #[expect(unreachable_code, reason = "no domain is mapped, so this has no value")]
    #[expect(clippy::should_implement_trait, reason = "an error of a trait's method would not tell the reason")]
    pub fn as_ref(&self) -> &T
    where
        D: Mapped,
    {
        match D::never(self.address) {}
    }
}

address_leaf!([T: ?Sized, D: Domain] [T: ?Sized + 'static, D: Domain] Kptr<T, D>);
