//! Describes types and their layout in Rust: enough to write only types that compile.

/// An integer that is none of C's own accord.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Family {
    Plain,
    Atomic,
    Wrapping,
    Option,
}

#[derive(Clone, PartialEq)]
pub(crate) enum Ty {
    Int {
        family: Family,
        signed: bool,
        bits: usize,
    },
    /// One of zerocopy's integers.
    Ordered {
        big: bool,
        signed: bool,
        bits: usize,
    },
    Bool,
    Float {
        bits: usize,
    },
    /// `ArenaPtr` or `Kptr`.
    Pointer {
        arena: bool,
    },
    /// `CharArray` of this length.
    Text(usize),
    Array(Box<Ty>, usize),
    /// A type of the list, by its index there, or its twin if `drifted`.
    Shape {
        number: usize,
        drifted: bool,
    },
    /// One of the generic structs at the start of `write`'s output.
    Generic(Generic, Vec<Ty>),
    Marker,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Generic {
    /// `Wrapped<T>(T)`.
    Wrapped,
    /// `Both<A, B> { first: A, second: B }`.
    Both,
    /// `Bank<T, 3> { items: [T; 3], used: u8 }`.
    Bank,
}

/// Size and alignments in bytes, and what a type can be used for.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) size: usize,
    /// Rust's alignment.
    pub(crate) align: usize,
    /// The alignment of places in shared memory: larger than Rust's if there is one of zerocopy's
    /// integers inside.
    pub(crate) place: usize,
    /// `Copy` and without enums, as the fields of a union must be.
    pub(crate) plain: bool,
}

#[derive(Clone)]
pub(crate) struct Field {
    /// Its name in Rust, or its number in a tuple struct.
    pub(crate) name: String,
    pub(crate) rename: Option<String>,
    pub(crate) ty: Ty,
}

#[derive(Clone)]
pub(crate) enum Body {
    Enum { signed: bool, bits: usize, variants: Vec<(String, i128)> },
    Struct { fields: Vec<Field>, tuple: bool, transparent: bool, align: Option<usize> },
    Union { fields: Vec<Field> },
}

#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) number: usize,
    pub(crate) rename: Option<String>,
    pub(crate) body: Body,
    pub(crate) size: Extent,
}

impl Field {
    /// Whether it may be the padding of a hole.
    pub(crate) fn is_padding(&self) -> bool {
        self.rename.as_ref().unwrap_or(&self.name).trim_start_matches('_').starts_with("pad")
    }
}

impl Shape {
    pub(crate) fn name(&self) -> String {
        format!("T{}", self.number)
    }
}

/// The types so far, and their twins, if they have one.
pub(crate) struct Types<'a> {
    pub(crate) shapes: &'a [Shape],
    pub(crate) twins: &'a [Option<Shape>],
}

impl Types<'_> {
    /// Whether there is a `bool` inside, which a field of a union cannot have.
    pub(crate) fn holds_bool(&self, ty: &Ty) -> bool {
        match ty {
            Ty::Bool => true,
            Ty::Array(element, _) => self.holds_bool(element),
            Ty::Generic(_, arguments) => arguments.iter().any(|ty| self.holds_bool(ty)),
            Ty::Shape { number, .. } => match &self.shapes[*number].body {
                Body::Struct { fields, .. } | Body::Union { fields } => {
                    fields.iter().any(|field| self.holds_bool(&field.ty))
                }
                Body::Enum { .. } => false,
            },
            _ => false,
        }
    }

    /// Size and alignments of a type; `None` if it does not compile.
    pub(crate) fn size(&self, ty: &Ty) -> Option<Extent> {
        let leaf = |bits: usize, plain| Extent { size: bits / 8, align: bits / 8, place: bits / 8, plain };
        Some(match ty {
            Ty::Int { family, bits, .. } => leaf(*bits, *family != Family::Atomic),
            Ty::Ordered { bits, .. } => Extent { align: 1, ..leaf(*bits, true) },
            Ty::Bool => leaf(8, true),
            Ty::Float { bits } => leaf(*bits, true),
            Ty::Pointer { .. } => leaf(64, true),
            Ty::Text(len) => Extent { size: *len, ..leaf(8, true) },
            Ty::Marker => Extent { size: 0, align: 1, place: 1, plain: false },
            Ty::Array(element, len) => {
                let element = self.size(element)?;
                if *len > 1 && !element.size.is_multiple_of(element.place) {
                    return None;
                }
                Extent { size: element.size * len, ..element }
            }
            Ty::Shape { number, drifted: false } => self.shapes[*number].size,
            Ty::Shape { number, drifted: true } => self.twins[*number].as_ref()?.size,
            Ty::Generic(generic, arguments) => {
                let byte = Ty::Int { family: Family::Plain, signed: false, bits: 8 };
                let parts = match generic {
                    Generic::Wrapped | Generic::Both => arguments.clone(),
                    Generic::Bank => vec![Ty::Array(Box::new(arguments[0].clone()), 3), byte],
                };
                self.lay_out(parts.iter(), 1).map(|size| Extent { plain: false, ..size })?
            }
        })
    }

    /// Size and alignments of a `repr(C)` struct with these fields.
    pub(crate) fn lay_out<'a>(&self, fields: impl Iterator<Item = &'a Ty>, align: usize) -> Option<Extent> {
        let mut whole = Extent { size: 0, align, place: align, plain: true };
        for field in fields {
            let size = self.size(field)?;
            let offset = whole.size.next_multiple_of(size.align);
            if !offset.is_multiple_of(size.place) {
                return None;
            }
            whole = Extent {
                size: offset + size.size,
                align: whole.align.max(size.align),
                place: whole.place.max(size.place),
                plain: whole.plain && size.plain,
            };
        }
        (whole.size > 0).then_some(Extent { size: whole.size.next_multiple_of(whole.align), ..whole })
    }

    /// Size and alignments of a `repr(C)` union with these fields.
    pub(crate) fn lay_over<'a>(&self, fields: impl Iterator<Item = &'a Ty>) -> Option<Extent> {
        let mut whole = Extent { size: 0, align: 1, place: 1, plain: true };
        for field in fields {
            let size = self.size(field).filter(|size| size.plain)?;
            whole.size = whole.size.max(size.size);
            whole.align = whole.align.max(size.align);
            whole.place = whole.place.max(size.place);
        }
        (whole.size > 0).then_some(Extent { size: whole.size.next_multiple_of(whole.align), ..whole })
    }

    pub(crate) fn size_of_body(&self, body: &Body) -> Option<Extent> {
        match body {
            Body::Enum { bits, .. } => Some(Extent { size: bits / 8, align: bits / 8, place: bits / 8, plain: false }),
            Body::Struct { fields, align, transparent, .. } => {
                let has_size = |field: &&Field| self.size(&field.ty).is_some_and(|extent| extent.size > 0);
                if *transparent && fields.iter().filter(has_size).count() > 1 {
                    return None;
                }
                self.lay_out(fields.iter().map(|field| &field.ty), align.unwrap_or(1))
            }
            Body::Union { fields } => self.lay_over(fields.iter().map(|field| &field.ty)),
        }
    }
}
