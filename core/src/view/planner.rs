//! [`Planner`]: finds the fields of a view, each by its [`ViewField`], and notes what is wrong.

use crate::btf::check::report::InBtf;
use crate::btf::path::{self, Lost};
use crate::btf::{Enum, Type, TypeKind};
use crate::error::{InvalidValue, Mismatch, Nearest};
use crate::view::scalar::{Scalar, Shape};
use crate::view::source::Source;

/// A type that a field of a [`MapView`](crate::MapView) may have.
///
/// | Rust | C |
/// |---|---|
/// | an integer | an integer, enum, pointer or bitfield, all of whose values it has |
/// | `f32`, `f64` | a float of at most its width |
/// | `bool` | `_Bool` |
/// | an enum that derives `MapView` | an enum with the names of its variants, whatever their numbers |
/// | a struct that derives `MapView` | a struct or union with its fields |
/// | `[T; N]` | an array of `N`; more with `at_least`, fewer with `at_most`, of which the rest is zero |
/// | `CharArray<N>` | `char[]` of at most `N`; of more with `at_least` |
/// | `Option<T>` | as `T`, or nothing of that name: then it is `None` |
///
/// # Safety
///
/// `__load` reads by the plan that it is given alone, `__plan` makes it by the planner that it is
/// given, and `__is_exact` says so only if each number has the size that `__load` takes it for.
/// Derive it; do not implement it by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a view",
    note = "a view has integers, floats, bool, `CharArray`, arrays and `Option`s of these, and types that derive `MapView`"
)]
pub unsafe trait ViewField: Sized + 'static {
    /// Where the field lies in C.
    #[doc(hidden)]
    type Plan: Send + Sync + 'static;

    /// Plans the field for a part of a C type. Without a part there is nothing of its name in C.
    /// What is wrong is told to the planner.
    #[doc(hidden)]
    fn __plan(planner: &mut Planner, part: Option<Part<'_>>, extent: Extent) -> Option<Self::Plan>;

    /// Whether C has all numbers of the field exactly as Rust has them.
    #[doc(hidden)]
    fn __is_exact(plan: &Self::Plan) -> bool;

    /// Loads the field; if `EXACT`, then of a plan that is exact.
    #[doc(hidden)]
    fn __load<S: Source, const EXACT: bool>(from: S, plan: &Self::Plan) -> Result<Self, InvalidValue>;
}

/// The elements of an array: `len` in C, each `stride` bytes after the one before.
#[derive(Clone, Copy, Debug)]
pub struct Elements<P> {
    pub(crate) first: P,
    pub(crate) len: usize,
    pub(crate) stride: usize,
}

/// Whether an array in C may have another number of elements than in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// It has as many.
    Exact,
    /// It may have more.
    AtLeast,
    /// It may have fewer.
    AtMost,
}

/// A part of the C type that is planned.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a>(pub(crate) path::Part<'a>);

/// Finds the fields of a view, and notes what is wrong.
#[derive(Debug)]
pub struct Planner {
    /// The size of the C type in bytes.
    size: u64,
    /// The widest of its numbers.
    align: usize,
    /// The first number that is not aligned in place.
    unaligned: Option<Mismatch>,
    wrong: Vec<Mismatch>,
    /// The path of the field that is planned, from the name of the view on.
    path: String,
    /// Why C has nothing of its name.
    lost: String,
    /// The strides of the arrays that it is in, and bytes to the last element of all of them.
    strides: Vec<u64>,
    reach: u64,
}

impl Planner {
    pub(crate) fn new(view: &str, size: u32) -> Self {
        Self {
            size: size.into(),
            align: 1,
            unaligned: None,
            wrong: Vec::new(),
            path: view.to_owned(),
            lost: String::new(),
            strides: Vec::new(),
            reach: 0,
        }
    }

    /// What was noted: what is wrong, and the first number that is not aligned in place; and the
    /// alignment that a place needs.
    pub(crate) fn end(self) -> (Vec<Mismatch>, Option<Mismatch>, usize) {
        (self.wrong, self.unaligned, self.align)
    }

    /// Plans a field of a view: what is at `path` in the part that the view is of.
    pub fn field<T: ViewField>(&mut self, view: &Part<'_>, field: &str, path: &str, extent: Extent) -> Option<T::Plan> {
        let outer = self.path.len();
        self.path.extend([".", field]);
        let plan = match path::follow(view.0.ty, &format!(".{path}")) {
            Ok(part) => {
                let bit_offset = part.bit_offset.saturating_add(view.0.bit_offset);
                T::__plan(self, Some(Part(path::Part { bit_offset, ..part })), extent)
            }
            Err(Lost { missing: true, reason }) => {
                self.lost = reason;
                T::__plan(self, None, extent)
            }
            Err(Lost { reason, .. }) => {
                self.note("a field".to_owned(), "something else".to_owned(), format!(": {reason}"))
            }
        };
        self.path.truncate(outer);
        plan
    }

    /// The part, or a note that there is none.
    pub fn found<'b>(&mut self, part: Option<Part<'b>>, rust: &str) -> Option<Part<'b>> {
        let lost = || format!(": {}", self.lost);
        match part {
            None => {
                let lost = lost();
                self.note(format!("`{rust}`"), "nothing".to_owned(), lost)
            }
            part => part,
        }
    }

    /// Notes that C has something else than a Rust type.
    pub(crate) fn differs<T>(&mut self, part: &Part<'_>, rust: &str, hint: &str) -> Option<T> {
        let bits = part.0.bitfield.map_or(String::new(), |bits| format!(", a bitfield of {bits} bits"));
        self.note(format!("`{rust}`"), format!("{}{bits}", InBtf(part.0.ty)), hint.to_owned())
    }

    fn note<T>(&mut self, rust: String, btf: String, hint: String) -> Option<T> {
        self.wrong.push(Mismatch { path: self.path.clone(), rust, btf, hint });
        None
    }

    /// The number that a part is, if it is one that lies inside the C type.
    pub(crate) fn scalar(&mut self, part: &Part<'_>) -> Option<Scalar> {
        let path::Part { ty, bit_offset, bitfield } = part.0;
        let size = self.size.checked_sub(self.reach)?;
        let shape = Shape::of(ty)?;
        let scalar = if let Some(bits) = bitfield {
            Scalar::of_bitfield(shape.class(), bit_offset, bits, size)?
        } else {
            let offset = u32::try_from(bit_offset / 8).ok()?;
            let inside = bit_offset.is_multiple_of(8) && u64::from(offset) + shape.width() as u64 <= size;
            inside.then_some(Scalar { offset, shape })?
        };
        let width = scalar.shape.width();
        self.align = self.align.max(width);
        let starts = self.strides.iter().copied().chain([u64::from(scalar.offset)]);
        let aligned = starts.clone().all(|start| start.is_multiple_of(width as u64));
        if !aligned && self.unaligned.is_none() {
            self.unaligned = Some(Mismatch {
                path: self.path.clone(),
                rust: format!("a place for {width} bytes at once"),
                btf: format!("{} at offset {}", InBtf(ty), scalar.offset),
                hint: ": it is packed, so decode copies of the value, by `Plan::decode`".to_owned(),
            });
        }
        Some(scalar)
    }

    /// Plans an array of `len` elements in Rust by its first.
    pub(crate) fn elements<P>(
        &mut self,
        part: &Part<'_>,
        rust_len: usize,
        extent: Extent,
        rust: &str,
        plan: impl FnOnce(&mut Self, Part<'_>) -> Option<P>,
    ) -> Option<Elements<P>> {
        let (Some(TypeKind::Array(array)), None) = (part.0.ty.resolved().map(Type::kind), part.0.bitfield) else {
            return self.differs(part, rust, "");
        };
        let len = array.len as usize;
        let suits = match extent {
            Extent::Exact => len == rust_len,
            Extent::AtLeast => len >= rust_len,
            Extent::AtMost => len <= rust_len,
        };
        let stride = array.element.size().filter(|_| suits && len > 0 && rust_len > 0);
        let Some(stride) = stride else { return self.differs(part, rust, extent.hint()) };
        let len = len.min(rust_len);
        let Some(reach) = stride.checked_mul(len as u64 - 1).filter(|reach| *reach <= self.size) else {
            return self.differs(part, rust, "");
        };
        // One element has no second that could be misaligned.
        let strides = self.strides.len();
        self.strides.extend((len > 1).then_some(stride));
        self.reach += reach;
        let first = plan(self, Part(path::Part { ty: array.element, bit_offset: part.0.bit_offset, bitfield: None }));
        self.reach -= reach;
        self.strides.truncate(strides);
        // It is at most the size of the type.
        Some(Elements { first: first?, len, stride: usize::try_from(stride).ok()? })
    }

    /// Finds the numbers of an enum's variants by their names in C.
    pub(crate) fn names(&mut self, values: Enum<'_>, variants: &[(&str, bool)]) -> Option<Box<[(i128, usize)]>> {
        let before = self.wrong.len();
        let mut numbers = Vec::with_capacity(variants.len());
        for (index, (name, optional)) in variants.iter().enumerate() {
            match values.values().find(|(known, _)| known == name) {
                Some((_, number)) => numbers.push((number, index)),
                None if *optional => {}
                None => {
                    let nearest = Nearest::of(name, values.values().map(|(known, _)| known));
                    self.note::<()>(
                        format!("the variant `{name}`"),
                        "no value of that name".to_owned(),
                        nearest.to_string(),
                    );
                }
            }
        }
        (self.wrong.len() == before).then(|| numbers.into())
    }
}

impl Extent {
    fn hint(self) -> &'static str {
        match self {
            Self::Exact => "; if its length may change, add `#[map_view(at_least)]` or `#[map_view(at_most)]`",
            _ => "",
        }
    }
}
