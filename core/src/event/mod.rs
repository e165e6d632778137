//! Events of several kinds, told apart by a tag: [`MapEvent`].
//!
//! `tag` finds the tag in the structs of an event's kinds, and in a record.

#[doc(hidden)]
pub mod tag;

use crate::btf::Btf;
use crate::error::{BtfError, RingError, ValueError};
use crate::ring::{Head, Record};
use crate::value::{MapValue, Rest};

pub use mapvalue_derive::MapEvent;

/// An event of several kinds: an enum whose variants each hold one struct, told apart by a tag.
///
/// Derive it. The derive checks that the tag is at the same place in each struct, with the same
/// type, and that no two kinds have the same tag.
///
/// ```
/// use mapvalue::{MapEvent, MapValue, Ring};
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Exec {
///     kind: u32,
///     pid: u32,
/// }
///
/// #[derive(MapValue, Clone, Copy, Debug, PartialEq)]
/// #[repr(C)]
/// struct Args {
///     kind: u32,
///     len: u32, // and in C: `char text[]`
/// }
///
/// #[derive(MapEvent, Debug, PartialEq)]
/// #[map_event(tag = "kind")] // the field; of a struct inside: `tag = "header.kind"`
/// enum Event {
///     #[map_event(tag = 1)] // or a constant, or the variant of an enum: `tag = Kind::Exec`
///     Exec(Exec),
///     #[map_event(tag = 2)]
///     Args(Args),
///     #[map_event(other)]
///     Other(u32), // the tag, if it is none of these
/// }
///
/// let mut ring = Ring::memfd(65536)?;
/// let producer = ring.producer()?;
/// producer.send(Exec { kind: 1, pid: 7 })?;
/// producer.output(b"\x02\0\0\0\x05\0\0\0ls -l")?;
/// producer.send([9u32, 0, 0])?;
///
/// let (mut seen, mut owned) = (Vec::new(), Vec::new());
/// for record in ring.records() {
///     let record = record?;
///     seen.push(match Event::view(&record)? {
///         EventView::Exec(exec) => format!("process {}", exec.pid.load()), // in place
///         EventView::Args(args) => args.text().to_string(),
///         EventView::Other(tag, record) => format!("{tag}, {} bytes", record.len()),
///     });
///     // What libbpf-rs and aya hand over.
///     let bytes = record.bytes();
///     let (event, rest) = Event::from_prefix(&bytes)?;
///     owned.push((event, rest.as_bytes().len()));
/// }
/// assert_eq!(seen, ["process 7", "ls -l", "9, 12 bytes"]);
/// assert_eq!(owned[0], (Event::Exec(Exec { kind: 1, pid: 7 }), 0));
/// assert_eq!(owned[1..], [(Event::Args(Args { kind: 2, len: 5 }), 5), (Event::Other(9), 12)]);
/// # Ok::<(), mapvalue::Error>(())
/// ```
///
/// A record may be longer than its struct: behind it is a tail. A record that is too short is an
/// error with both sizes, and the walk over the ring can go on.
///
/// The derive writes the enum of the views as well: `EventView` for `Event`, with a
/// [`Head`] in each variant, and with the tag and the [`Record`] in that for other tags. Both are
/// matched exhaustively, so a new kind is an error at each `match` that lacks it.
#[doc(alias("ringbuf", "perf_event"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "not a `MapEvent`",
    note = "derive `MapEvent` for an enum whose variants each hold a struct that derives `MapValue`"
)]
pub trait MapEvent: Sized {
    /// The event in place: the enum that the derive writes.
    type View<'r>;

    /// Returns a record as an event in place; nothing is copied but the tag.
    ///
    /// # Errors
    ///
    /// [`RingError::RecordTooShort`] if the record is too short for the tag, or for the struct that
    /// the tag says.
    fn view<'r>(record: &'r Record<'_>) -> Result<Self::View<'r>, RingError>;

    /// Copies an event out of a record. A tail stays in the record: [`Head::tail`], [`Head::text`].
    ///
    /// # Errors
    ///
    /// As [`view`](Self::view), and [`RingError::Value`] with the first enum whose number is
    /// invalid.
    fn load(record: &Record<'_>) -> Result<Self, RingError>;

    /// Decodes an event from the bytes of a record, and returns what is behind its struct.
    ///
    /// It takes what libbpf-rs and aya return of a ring or perf buffer, at any alignment. Behind a
    /// tag that is none of the event's are all bytes.
    ///
    /// # Errors
    ///
    /// [`ValueError::TooShort`] if there are too few bytes for the tag, or for the struct that the
    /// tag says; [`ValueError::InvalidValue`].
    fn from_prefix(bytes: &[u8]) -> Result<(Self, Rest<'_>), ValueError>;

    /// Checks each kind's struct against the C type of its name ([`Btf::check`]).
    ///
    /// A program's BTF has the structs that its functions' arguments and its globals lead to. A
    /// struct that is only sent has to be kept by a global, such as `struct exec *kept_exec;`.
    ///
    /// # Errors
    ///
    /// As [`Btf::check`], for the first kind that differs.
    fn check(btf: &Btf) -> Result<(), BtfError>;
}

/// A record as the variant of a view.
#[doc(hidden)]
#[inline]
pub fn view<'r, T: MapValue, V>(record: &'r Record<'_>, variant: fn(Head<'r, T>) -> V) -> Result<V, RingError> {
    record.head::<T>().map(variant)
}

/// A record as a variant.
#[doc(hidden)]
#[inline]
pub fn load<T: MapValue, E>(record: &Record<'_>, variant: fn(T) -> E) -> Result<E, RingError> {
    record.head::<T>()?.load().map(variant)
}

/// The bytes of a record as a variant.
#[doc(hidden)]
#[inline]
pub fn decode<T: MapValue, E>(bytes: &[u8], variant: fn(T) -> E) -> Result<(E, Rest<'_>), ValueError> {
    let (value, _) = T::from_prefix(bytes)?;
    Ok((variant(value), Rest::behind::<T>(bytes)))
}

/// Checks the struct of a variant.
#[doc(hidden)]
pub fn check<T: MapValue, E>(btf: &Btf, _: fn(T) -> E) -> Result<(), BtfError> {
    let name = T::LAYOUT.c_name();
    match btf.check::<T>(&format!("struct {name}")) {
        // The name of a typedef.
        Err(BtfError::UnknownType { .. }) => btf.check::<T>(name),
        checked => checked,
    }
}
