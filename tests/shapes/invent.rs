//! Makes types up: enums, then structs and unions in turn, of leaves and of earlier types.

use crate::model::{Body, Family, Field, Generic, Shape, Ty, Types};
use crate::random::Random;

/// Larger types are not nested further.
const LARGE: usize = 1 << 10;
/// Field names that C cannot have. Some of them Rust has only as raw identifiers.
const KEYWORDS: [&str; 14] = [
    "default", "int", "char", "short", "register", "switch", "double", "long", "signed", "void", "r#struct", "r#enum",
    "r#static", "r#const",
];
const WIDTHS: [usize; 4] = [8, 16, 32, 64];

pub(crate) fn invent(random: &mut Random, enums: usize, structs: usize, unions: usize) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    while shapes.len() < enums + structs + unions {
        let number = shapes.len();
        let types = Types { shapes: &shapes, twins: &[] };
        let body = if number < enums {
            invent_enum(random, number)
        } else if number.is_multiple_of((structs + unions) / unions) {
            Invention { random, types: &types }.union()
        } else {
            Invention { random, types: &types }.structure()
        };
        let Some(size) = types.size_of_body(&body) else { continue };
        let rename = random.once_in(4).then(|| format!("t{number}_in_c"));
        shapes.push(Shape { number, rename, body, size });
    }
    shapes
}

fn invent_enum(random: &mut Random, number: usize) -> Body {
    let (signed, bits) = (number.is_multiple_of(2), WIDTHS[number / 2 % 4]);
    let (lowest, highest) = range(signed, bits);
    let mut values = vec![if signed { lowest } else { 40 }, highest, 0, 1, 100, if signed { -1 } else { 2 }];
    random.shuffle(&mut values);
    values.truncate(1 + random.below(values.len()));
    let names = ["Idle", "DropAll", "HTTPServer", "V4", "Snake_case", "X"];
    let variants = names.iter().map(|name| (*name).to_owned()).zip(values).collect();
    Body::Enum { signed, bits, variants }
}

/// The least and the greatest value of an integer.
pub(crate) fn range(signed: bool, bits: usize) -> (i128, i128) {
    if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

struct Invention<'a> {
    random: &'a mut Random,
    types: &'a Types<'a>,
}

impl Invention<'_> {
    fn leaf(&mut self) -> Ty {
        let (signed, bits) = (self.random.once_in(2), *self.random.pick(&WIDTHS));
        match self.random.below(14) {
            0..5 => Ty::Int { family: Family::Plain, signed, bits },
            5 => Ty::Int { family: Family::Atomic, signed, bits },
            6 => Ty::Int { family: Family::Wrapping, signed, bits },
            7 => Ty::Int { family: Family::Option, signed, bits },
            8 => Ty::Ordered { big: true, signed, bits: bits.max(16) },
            9 => Ty::Ordered { big: false, signed, bits: bits.max(16) },
            10 => Ty::Bool,
            11 => Ty::Pointer { arena: signed },
            12 => Ty::Text(1 + self.random.below(20)),
            _ => Ty::Float { bits: bits.clamp(32, 64) },
        }
    }

    /// An earlier type that is not large.
    fn earlier(&mut self) -> Ty {
        for _ in 0..8 {
            let number = self.random.below(self.types.shapes.len());
            if self.types.shapes[number].size.size <= LARGE {
                return Ty::Shape { number, drifted: false };
            }
        }
        self.leaf()
    }

    fn ty(&mut self, depth: usize) -> Ty {
        match self.random.below(16) {
            8..11 => self.earlier(),
            11..14 if depth < 3 => {
                let len = if self.random.once_in(10) { 0 } else { 1 + self.random.below(4) };
                Ty::Array(Box::new(self.ty(depth + 1)), len)
            }
            14 if depth < 2 => {
                let generic = *self.random.pick(&[Generic::Wrapped, Generic::Both, Generic::Bank]);
                let arguments = if generic == Generic::Both { 2 } else { 1 };
                Ty::Generic(generic, (0..arguments).map(|_| self.ty(depth + 1)).collect())
            }
            15 if depth == 0 => Ty::Marker,
            _ => self.leaf(),
        }
    }

    /// A type that compiles as the next field after these, and has a size that a field can have.
    fn next(&mut self, fields: &[Field]) -> Option<Ty> {
        let ty = self.ty(0);
        let all: Vec<&Ty> = fields.iter().map(|field| &field.ty).chain([&ty]).collect();
        let nothing = all.iter().all(|ty| self.types.size(ty).is_some_and(|size| size.size == 0));
        let fits = nothing || self.types.lay_out(all.into_iter(), 1).is_some_and(|whole| whole.size <= 4 * LARGE);
        fits.then_some(ty)
    }

    fn structure(&mut self) -> Body {
        let wanted = 1 + self.random.below(8);
        let tuple = self.random.once_in(8);
        let mut fields: Vec<Field> = Vec::new();
        while fields.len() < wanted {
            if self.random.once_in(12) && !tuple {
                fields.push(self.padding(&fields));
            } else if let Some(ty) = self.next(&fields) {
                let field = self.name(&fields, tuple, ty);
                fields.push(field);
            }
        }
        let sized = fields.iter().filter(|field| self.types.size(&field.ty).is_some_and(|size| size.size > 0)).count();
        let small = |field: &Field| self.types.size(&field.ty).is_some_and(|size| size.size > 0 || size.place == 1);
        let transparent = sized == 1 && fields.iter().all(small);
        let align = (!transparent && self.random.once_in(8)).then(|| *self.random.pick(&[1, 2, 8, 16, 64]));
        Body::Struct { fields, tuple, transparent, align }
    }

    fn union(&mut self) -> Body {
        let wanted = 2 + self.random.below(4);
        let mut fields: Vec<Field> = Vec::new();
        while fields.len() < wanted {
            let ty = self.ty(0);
            if let Some(size) = self.types.size(&ty).filter(|size| size.plain && size.size > 0) {
                let bytes =
                    || Ty::Array(Box::new(Ty::Int { family: Family::Plain, signed: false, bits: 8 }), size.size);
                let ty = if self.types.holds_bool(&ty) { bytes() } else { ty };
                let field = self.name(&fields, false, ty);
                fields.push(field);
            }
        }
        Body::Union { fields }
    }

    fn name(&mut self, fields: &[Field], tuple: bool, ty: Ty) -> Field {
        let number = fields.len();
        let keyword = *self.random.pick(&KEYWORDS);
        let taken = fields.iter().any(|field| field.name == keyword);
        let name = if tuple {
            number.to_string()
        } else if self.random.once_in(12) && !taken {
            keyword.to_owned()
        } else {
            format!("f{number}")
        };
        let rename = (!tuple && self.random.once_in(12)).then(|| format!("f{number}_in_c"));
        Field { name, rename, ty }
    }

    /// A padding field that fills a hole, or part of one. It often has the name that a generated
    /// one gets.
    fn padding(&mut self, fields: &[Field]) -> Field {
        let taken = fields.iter().any(|field| field.name == "_pad0");
        let name = if taken { format!("__pad{}", fields.len()) } else { "_pad0".to_owned() };
        let byte = Ty::Int { family: Family::Plain, signed: false, bits: 8 };
        Field { name, rename: None, ty: Ty::Array(Box::new(byte), 1 + self.random.below(3)) }
    }
}
