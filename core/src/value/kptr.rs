//! [`Kptr`]: the address of an object; its type says whose memory that is.

use core::convert::Infallible;
use core::marker::PhantomData;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::Ordering;

use crate::value::MapValue;
use crate::value::pointer::address_leaf;
#[cfg(target_has_atomic = "64")]
use crate::value::{Access, Shared, Writable};

mod sealed {
    pub trait Sealed {}
}

/// The memory that a [`Kptr`] points into: [`Kernel`] or [`Local`].
pub trait Domain: sealed::Sealed + 'static {}

/// The kernel's own memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {}

impl sealed::Sealed for Kernel {}
impl Domain for Kernel {}

/// An arena in which an [`Allocator`](crate::arena::Allocator) hands out objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Local {}

impl sealed::Sealed for Local {}
impl Domain for Local {}

/// Types whose objects may be handed to the kernel.
///
/// This process can then neither follow nor free them. Implementing this trait allows
/// [`Kptr::export`], the only way from a `Kptr<T, Local>` to a `Kptr<T, Kernel>`.
///
/// ```
/// use mapvalue::{Export, Kernel, Kptr, Local, MapValue};
///
/// #[derive(MapValue)]
/// #[repr(C)]
/// struct Request {
///     id: u64,
/// }
///
/// impl Export for Request {} // the kernel's side frees it
///
/// let local = Kptr::<Request, Local>::NULL;
/// let exported: Kptr<Request, Kernel> = local.export();
/// assert_eq!(exported.address(), local.address());
/// ```
#[diagnostic::on_unimplemented(
    message = "objects of type `{Self}` stay in their arena: they may not be handed to the kernel",
    label = "`{Self}` is not `Export`",
    note = "if the kernel's side knows what to do with a `{Self}`, write `impl mapvalue::Export for {Self} {{}}`"
)]
pub trait Export: MapValue {}

/// A domain whose memory this process has mapped. The kernel's is not.
#[diagnostic::on_unimplemented(
    message = "a pointer into the memory of the `{Self}` domain cannot be followed here",
    label = "an address alone is not followed",
    note = "a `Kptr<T, Kernel>` can be compared, printed and handed back to a BPF program, which alone can follow it: have the \
            program copy what you need into the map",
    note = "a `Kptr<T, Local>` is to an object of an arena: `Allocator::claim` makes it an `Object`, which can be followed"
)]
pub trait Mapped: Domain {
    /// Cannot be called: no domain implements this trait yet.
    #[doc(hidden)]
    fn never(address: u64) -> Infallible;
}

/// The address of a `T` in memory of `D`, as BPF stored it: 8 bytes, a leaf like `u64`.
///
/// An address of the [`Kernel`] is opaque here. It identifies an object (compare it, hash it, print
/// it), and a BPF program can take it back. This process cannot follow it: something else, or
/// nothing, lies at that address. A `T` that stands for a kernel type needs no fields.
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
    // A number neither owns nor shares a `T`, so this is `Send` and `Sync` whatever `T` is.
    object: PhantomData<fn() -> T>,
    domain: PhantomData<fn() -> D>,
}

impl<T: ?Sized, D: Domain> Kptr<T, D> {
    #[inline]
    const fn new(address: u64) -> Self {
        Self { address, object: PhantomData, domain: PhantomData }
    }

    /// Fails to compile for a pointer into kernel memory, with the reason.
    ///
    /// ```compile_fail
    /// # use mapvalue::{Kernel, Kptr};
    /// fn follow(task: &Kptr<u64, Kernel>) -> &u64 {
    ///     task.as_ref() // it is the kernel's memory
    /// }
    /// ```
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

/// Pointers to objects in an arena. The low half is the address, the only part that BPF
/// programs use; the high half is the generation of the slot.
impl<T> Kptr<T, Local> {
    #[cfg(feature = "std")]
    pub(crate) const fn local(offset: u32, generation: u32) -> Self {
        Self::new((generation as u64) << 32 | offset as u64)
    }

    /// Returns the low 32 bits of the object's address.
    pub const fn offset(self) -> u32 {
        (self.address & 0xffff_ffff) as u32
    }

    /// Returns the generation of the slot that this pointer means.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let config = Config { value_size: 8, capacity: 1, ..Config::default() };
    /// let objects = Allocator::create(&arena, config)?;
    /// let first = objects.alloc(1u64)?.into_kptr();
    /// objects.free(first)?;
    /// let second = objects.alloc(2u64)?.into_kptr(); // in the same slot
    /// assert_eq!(first.offset(), second.offset());
    /// assert_ne!(first.generation(), second.generation());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn generation(self) -> u32 {
        (self.address >> 32) as u32
    }

    /// Hands the object to the kernel's side, as [`Export`] allows; nobody here can follow it.
    #[must_use]
    pub const fn export(self) -> Kptr<T, Kernel>
    where
        T: Export,
    {
        Kptr::new(self.address)
    }
}

/// Fields that hold an object of an arena: whoever takes the pointer out owns the object.
#[cfg(target_has_atomic = "64")]
impl<T: 'static, A: Access> Shared<Kptr<T, Local>, A> {
    /// Returns whether the field holds no object.
    #[inline]
    pub fn is_null(&self) -> bool {
        self.load().is_null()
    }

    /// Takes the pointer and leaves null, in one atomic exchange: only one taker gets it.
    ///
    /// It acquires what was released when the pointer was put there. Turn the pointer into an
    /// object with [`Allocator::claim`](crate::arena::Allocator::claim). See
    /// [`replace`](Self::replace) for an example.
    #[inline]
    #[must_use = "whoever has the pointer frees it"]
    pub fn take(&self) -> Kptr<T, Local>
    where
        A: Writable,
    {
        self.replace(Kptr::NULL)
    }

    /// Stores a pointer and returns the old one, in one atomic exchange.
    ///
    /// It releases what was written to the new object, and acquires as [`take`](Self::take) does.
    ///
    /// ```
    /// use mapvalue::arena::Config;
    /// use mapvalue::{Allocator, Arena, Kptr, Local, Mapping};
    ///
    /// let arena = Arena::memfd(16)?;
    /// let config = Config { value_size: 8, capacity: 100, ..Config::default() };
    /// let objects = Allocator::create(&arena, config)?;
    /// let field = Mapping::memfd(4096)?.var::<Kptr<u64, Local>>(0)?; // in the value of a map
    /// for value in [1u64, 2] {
    ///     let before = field.replace(objects.alloc(value)?.into_kptr());
    ///     if !before.is_null() {
    ///         objects.free(before)?; // or it is lost
    ///     }
    /// }
    /// assert_eq!(objects.stats().live, 1);
    /// let object = objects.claim(field.take())?; // ours, and nobody else's
    /// assert_eq!((object.load(), field.is_null()), (2, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use = "whoever has the pointer frees it"]
    pub fn replace(&self, new: Kptr<T, Local>) -> Kptr<T, Local>
    where
        A: Writable,
    {
        Kptr::new(self.atomic().swap(new.address, Ordering::AcqRel))
    }
}

address_leaf!([T: ?Sized, D: Domain] [T: ?Sized + 'static, D: Domain] Kptr<T, D>);
