//! The tag of an event: its place, which the structs of all kinds share, and its number.

use std::any::type_name;
use std::marker::PhantomData;

use crate::error::{RingError, ValueError};
use crate::layout::construct::SignedOrNot;
use crate::layout::text::Text;
use crate::layout::{Endianness, Field, Kind, Layout};
use crate::ring::Record;
use crate::value::{MapValue, Plain};

/// The types of a tag: the integers that BPF has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the tag of an event",
    label = "write the integer that the tag is in the structs, such as `u32`",
    note = "if the tag is an enum there, write its `repr`: an unknown tag is none of its variants"
)]
pub trait Tag: Plain + SignedOrNot + Copy {}

macro_rules! tags {
    ($($int:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Tag for $int {}
    )*};
}
tags! { u8 u16 u32 u64 i8 i16 i32 i64 }

/// Does not compile for a type that cannot be a tag.
pub const fn assert_tag<R: Tag>() {}

/// The place of the tag `R` in the structs of the event `E`.
#[derive(Debug)]
pub struct Place<E, R> {
    offset: usize,
    /// The struct in which it was found first.
    of: &'static str,
    types: PhantomData<fn(E) -> R>,
}

impl<E, R: Tag> Place<E, R> {
    /// Finds the tag in the struct of a variant: the field with this path.
    pub const fn of<T: MapValue>(_: fn(T) -> E, path: &str) -> Self {
        Self { offset: find::<R>(&T::LAYOUT, path), of: T::LAYOUT.name(), types: PhantomData }
    }

    /// Fails to compile unless the tag is at this place in the struct of another variant, too.
    pub const fn assert_in<T: MapValue>(&self, _: fn(T) -> E, path: &str) {
        let offset = find::<R>(&T::LAYOUT, path);
        if offset != self.offset {
            let mut text = Text::of(&["the tag `", path, "` is at offset "]);
            text.push_number(offset);
            text.push_all(&[" in `", T::LAYOUT.name(), "`, but at offset "]);
            text.push_number(self.offset);
            text.push_all(&[" in `", self.of, "`: it must be read before it is known which of them a record is"]);
            panic!("{}", text.as_str());
        }
    }

    /// Loads the tag from a record.
    #[inline]
    pub fn load(&self, record: &Record<'_>) -> Result<R, RingError> {
        let needs = self.end();
        if needs > record.len() {
            return Err(RingError::RecordTooShort { type_name: type_name::<E>(), needs, len: record.len() });
        }
        record.load_at(self.offset)
    }

    /// Decodes the tag from the bytes of a record.
    #[inline]
    pub fn decode(&self, bytes: &[u8]) -> Result<R, ValueError> {
        let needs = self.end();
        let short = || ValueError::TooShort { type_name: type_name::<E>(), given: bytes.len(), needs };
        R::from_bytes(bytes.get(self.offset..needs).ok_or_else(short)?)
    }

    const fn end(&self) -> usize {
        self.offset + R::LAYOUT.size()
    }
}

/// Returns the offset of the tag `R` in a struct: of the field with this path, such as
/// `header.kind`.
const fn find<R: Tag>(of: &Layout, path: &str) -> usize {
    let (mut layout, mut offset) = (*of, 0);
    let mut rest = path;
    loop {
        let (name, next) = split(rest);
        let Some(field) = field(&layout, name) else {
            refuse(&["`", layout.name(), "` has no field `", name, "`, which is to hold the tag of the event"]);
        };
        offset += field.offset();
        layout = field.layout();
        match next {
            Some(next) => rest = next,
            None => break,
        }
    }
    let (Kind::Int { signed, endianness: Endianness::Native } | Kind::Enum { signed, .. }) = layout.kind() else {
        let why = "` is not an integer in the byte order of the machine, or an enum";
        refuse(&["the tag `", path, "` of `", of.name(), why])
    };
    if layout.size() != R::LAYOUT.size() || signed != R::SIGNED {
        let mut text = Text::of(&["the tag `", path, "` of `", of.name(), "` is "]);
        text.push_all(&[if signed { "a signed" } else { "an unsigned" }, " integer of "]);
        text.push_number(layout.size());
        text.push_all(&[" bytes, but the variant for other tags holds `", R::LAYOUT.name(), "`"]);
        panic!("{}", text.as_str());
    }
    offset
}

/// Splits a path at its first dot.
const fn split(path: &str) -> (&str, Option<&str>) {
    let mut i = 0;
    while i < path.len() {
        if path.as_bytes()[i] == b'.' {
            let (name, rest) = path.split_at(i);
            return (name, Some(rest.split_at(1).1));
        }
        i += 1;
    }
    (path, None)
}

const fn field(layout: &Layout, name: &str) -> Option<Field> {
    let fields = layout.fields();
    let mut i = 0;
    while i < fields.len() {
        if is_same(fields[i].name(), name) {
            return Some(fields[i]);
        }
        i += 1;
    }
    None
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut i = 0;
    while i < one.len() && i < other.len() && one[i] == other[i] {
        i += 1;
    }
    i == one.len() && i == other.len()
}

const fn refuse(texts: &[&str]) -> ! {
    panic!("{}", Text::of(texts).as_str())
}

/// Fails to compile unless the tag type holds the number: `cast` is what a cast to it made of it.
pub const fn assert_fits(number: i128, cast: i128) {
    assert!(number == cast, "this number is not one that the tag can have: the variant for other tags says its type");
}

/// Fails to compile if a variant has the tag of one before it.
pub const fn assert_new(before: &[(&str, i128)], tag: i128) {
    let mut i = 0;
    while i < before.len() {
        if before[i].1 == tag {
            refuse(&["`", before[i].0, "` has this tag already: give each variant its own"]);
        }
        i += 1;
    }
}
