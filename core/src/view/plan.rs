//! [`Plan`]: where the fields of a view lie in the C type of one BTF, found once by name.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use crate::btf::check::report::InBtf;
use crate::btf::path::{self, Lost};
use crate::btf::{Btf, Enum, Type, TypeKind};
use crate::error::{BtfError, Mismatch, Mismatches, Nearest, ValueError};
use crate::layout::Endianness;
use crate::view::MapView;
use crate::view::field::{Elements, ViewField};
use crate::view::scalar::{Scalar, Shape};

/// Where the fields of the view `V` lie in a C type.
///
/// It is made once for a BTF and shared: it is `Send` and `Sync`. A program that is loaded anew may
/// have other types, and its maps other ids ([`MapInfo::id`](crate::bpf::MapInfo)): then make
/// another plan, of the new map's BTF. A plan is refused for a map of another BTF.
///
/// ```
/// # let object = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/guide/sections.o"));
/// use mapvalue::{Btf, MapView, view::Plan};
///
/// #[derive(MapView, Debug, PartialEq)]
/// #[map_view(name = "proto")] // `struct proto { __u64 packets, bytes; }`
/// struct Proto {
///     bytes: u64,
///     dropped: Option<u64>, // of a newer program
/// }
///
/// let plan = Plan::<Proto>::new(&Btf::from_object(object)?)?;
/// assert_eq!(plan.size(), 16);
/// let value = [7u64, 420].map(u64::to_ne_bytes).concat(); // as a system call returned it
/// assert_eq!(plan.decode(&value)?, Proto { bytes: 420, dropped: None });
/// # Ok::<(), mapvalue::Error>(())
/// ```
pub struct Plan<V: MapView> {
    btf: Btf,
    /// The id of the C type in `btf`.
    id: u32,
    size: usize,
    /// The alignment that its numbers need in place; an error if they cannot all be aligned.
    align: Result<usize, Box<Mismatches>>,
    pub(crate) fields: V::Plan,
}

impl<V: MapView> Plan<V> {
    /// Finds the fields in the C type that the view names: a struct, a union or a typedef.
    ///
    /// # Errors
    ///
    /// [`BtfError::UnknownType`] with the nearest names. [`BtfError::LayoutMismatch`] lists all
    /// fields that C lacks or that it has as something else, and is returned also if the BTF has
    /// different types of the name, or is of the other byte order.
    pub fn new(btf: &Btf) -> Result<Arc<Self>, BtfError> {
        let mut found = btf.find(V::C_NAME).filter_map(|ty| ty.resolved().filter(is_composite));
        let Some(first) = found.next() else {
            let named = btf.types().filter(|ty| ty.resolved().as_ref().is_some_and(is_composite)).map(Type::name);
            return Err(BtfError::UnknownType { name: V::C_NAME.to_owned(), nearest: Nearest::of(V::C_NAME, named) });
        };
        let others = found.filter(|ty| ty.id() != first.id()).count();
        if others > 0 {
            let btf = format!("{} different ones", others + 1);
            return Err(Box::new(one::<V>(first, "one type of this name".to_owned(), btf)).into());
        }
        Ok(Self::of(btf, first)?)
    }

    /// Finds the fields in a C type, whatever its name.
    pub(crate) fn of(btf: &Btf, ty: Type<'_>) -> Result<Arc<Self>, Box<Mismatches>> {
        let native = if cfg!(target_endian = "big") { Endianness::Big } else { Endianness::Little };
        if btf.endianness() != native {
            let order = |order| format!("{order:?}-endian numbers");
            return Err(Box::new(one::<V>(ty, order(native), order(btf.endianness()))));
        }
        let size = ty.size().and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
        let mut planner = Planner::new(short_name::<V>(), size);
        let whole = Part(path::Part { ty, bit_offset: 0, bitfield: None });
        let fields = V::__plan(&mut planner, Some(whole), Extent::Exact);
        let Planner { wrong, align, unaligned, .. } = planner;
        let listed = |list| Box::new(Mismatches { root: ty.to_string(), list, more: 0, definitions: 1 });
        match fields {
            Some(fields) if wrong.is_empty() => {
                let align = unaligned.map_or(Ok(align), |first| Err(listed(vec![first])));
                Ok(Arc::new(Self { btf: btf.clone(), id: ty.id(), size: size as usize, align, fields }))
            }
            _ => Err(listed(wrong)),
        }
    }

    /// The size of the C type in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The C type; `Display` spells it.
    pub fn c_type(&self) -> Type<'_> {
        self.btf.get(self.id).unwrap_or_else(|| unreachable!("a plan has a type of its BTF"))
    }

    pub(crate) fn btf(&self) -> &Btf {
        &self.btf
    }

    /// The alignment that a value needs in place.
    pub(crate) fn align(&self) -> Result<usize, Box<Mismatches>> {
        self.align.clone()
    }

    /// What is said of a place where the map has another type.
    pub(crate) fn foreign(&self, offset: usize) -> Box<Mismatches> {
        let btf = format!("another type at offset {offset}, or BTF of another program: make a plan for this map");
        Box::new(one::<V>(self.c_type(), format!("a plan for `{}`", self.c_type()), btf))
    }

    /// Decodes a value that a system call, a ring or a perf buffer has carried. What is behind the
    /// C type in `bytes` is ignored.
    ///
    /// # Errors
    ///
    /// [`ValueError::TooShort`] with both lengths, [`ValueError::InvalidValue`] if an enum has a
    /// number that has no name in Rust.
    pub fn decode(&self, bytes: &[u8]) -> Result<V, ValueError> {
        let Some(value) = bytes.get(..self.size) else {
            return Err(ValueError::TooShort { type_name: type_name::<V>(), given: bytes.len(), needs: self.size });
        };
        Ok(V::__load(value, &self.fields)?)
    }
}

impl<V: MapView> fmt::Debug for Plan<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("view", &type_name::<V>()).field("c_type", &self.c_type()).finish_non_exhaustive()
    }
}

fn is_composite(ty: &Type<'_>) -> bool {
    matches!(ty.kind(), TypeKind::Struct(_) | TypeKind::Union(_))
}

fn short_name<V>() -> &'static str {
    type_name::<V>().rsplit("::").next().unwrap_or_default()
}

/// One difference, of the whole type.
fn one<V>(ty: Type<'_>, rust: String, btf: String) -> Mismatches {
    let mismatch = Mismatch { path: short_name::<V>().to_owned(), rust, btf, hint: String::new() };
    Mismatches { root: ty.to_string(), list: vec![mismatch], more: 0, definitions: 1 }
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
    fn new(view: &str, size: u32) -> Self {
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
        let scalar = match bitfield {
            Some(bits) => Scalar::of_bitfield(Shape::of(ty)?.class(), bit_offset, bits, size)?,
            None => {
                let (shape, offset) = (Shape::of(ty)?, u32::try_from(bit_offset / 8).ok()?);
                let inside = bit_offset.is_multiple_of(8) && u64::from(offset) + shape.width() as u64 <= size;
                inside.then_some(Scalar { offset, shape })?
            }
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
