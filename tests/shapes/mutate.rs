//! Makes twins: the same type after one change that a check must notice.

use crate::invent::range;
use crate::model::{Body, Field, Generic, Shape, Ty, Types};
use crate::random::Random;

pub(crate) struct Twin {
    pub(crate) shape: Shape,
    /// The change, in words.
    pub(crate) change: String,
    /// The possible paths of the change; a message names one of them.
    pub(crate) paths: Vec<String>,
}

/// One change: its name, and the paths that a message may name, after the name of the type.
struct Change {
    what: &'static str,
    paths: Vec<String>,
}

impl Change {
    fn at(what: &'static str, path: impl Into<String>) -> Self {
        Self { what, paths: vec![path.into()] }
    }

    fn within(self, outer: &str) -> Self {
        let paths = self.paths.iter().map(|path| format!("{outer}{path}")).collect();
        Self { paths, ..self }
    }
}

/// Makes a twin of each type in which something can change.
pub(crate) fn twins(random: &mut Random, shapes: &[Shape]) -> Vec<Option<Twin>> {
    let mut twins: Vec<Option<Twin>> = Vec::new();
    // The twins without the words, for types that nest them.
    let mut drifted: Vec<Option<Shape>> = Vec::new();
    for shape in shapes {
        let types = Types { shapes, twins: &drifted };
        // A change may lead to a type that does not compile, or find nothing to change.
        let twin = (0..200).find_map(|_| Mutation { random, types: &types, twins: &twins }.twin(shape));
        drifted.push(twin.as_ref().map(|twin| twin.shape.clone()));
        twins.push(twin);
    }
    twins
}

struct Mutation<'a> {
    random: &'a mut Random,
    types: &'a Types<'a>,
    twins: &'a [Option<Twin>],
}

impl Mutation<'_> {
    fn twin(&mut self, shape: &Shape) -> Option<Twin> {
        let mut body = shape.body.clone();
        let change = match &mut body {
            Body::Enum { signed, bits, variants } => self.change_enum(*signed, *bits, variants),
            Body::Struct { fields, tuple, .. } => self.change_fields(fields, !*tuple, !*tuple),
            Body::Union { fields } => self.change_fields(fields, true, false),
        }?;
        let size = self.types.size_of_body(&body)?;
        let paths = change.paths.iter().map(|path| format!("{}{path}", shape.name())).collect();
        Some(Twin { shape: Shape { body, size, ..shape.clone() }, change: change.what.to_owned(), paths })
    }

    fn change_enum(&mut self, signed: bool, bits: usize, variants: &mut [(String, i128)]) -> Option<Change> {
        let (lowest, highest) = range(signed, bits);
        let value = *self.random.pick(&[lowest, highest, 3, 5, if signed { -3 } else { 7 }]);
        let known = variants.iter().any(|variant| variant.1 == value);
        let changed = self.random.below(variants.len());
        variants[changed].1 = value;
        (!known).then(|| Change::at("enum value changed", ""))
    }

    fn change_fields(&mut self, fields: &mut [Field], named: bool, ordered: bool) -> Option<Change> {
        let sized: Vec<usize> = (0..fields.len())
            .filter(|i| !fields[*i].is_padding() && self.types.size(&fields[*i].ty).is_some_and(|size| size.size > 0))
            .collect();
        // A struct with one field may match whatever that field matches, under any name.
        match self.random.below(8) {
            0 if named && sized.len() > 1 => {
                let field = &mut fields[*self.random.pick(&sized)];
                field.rename = Some("drifted".to_owned());
                Some(Change::at("renamed", path(field)))
            }
            1 if ordered && sized.len() > 1 => {
                let first = self.random.below(sized.len() - 1);
                fields.swap(sized[first], sized[first + 1]);
                let paths = [sized[first], sized[first + 1]].map(|i| path(&fields[i])).into();
                Some(Change { what: "swapped", paths })
            }
            _ => {
                let i = self.random.below(fields.len());
                let field = &mut fields[i];
                if field.is_padding() {
                    return None;
                }
                let (ty, change) = self.change(&field.ty)?;
                field.ty = ty;
                Some(change.within(&path(field)))
            }
        }
    }

    /// Changes one thing in a type.
    fn change(&mut self, ty: &Ty) -> Option<(Ty, Change)> {
        match ty {
            Ty::Int { family, signed, bits } => {
                let (signed, bits, what) = self.change_integer(*signed, *bits, 8)?;
                Some((Ty::Int { family: *family, signed, bits }, Change::at(what, "")))
            }
            // C has no signed integers with a stated byte order.
            Ty::Ordered { big, signed: false, bits } if self.random.once_in(2) => {
                Some((Ty::Ordered { big: !big, signed: false, bits: *bits }, Change::at("byte order changed", "")))
            }
            Ty::Ordered { big, signed, bits } => {
                let (signed, bits, what) = self.change_integer(*signed, *bits, 16)?;
                Some((Ty::Ordered { big: *big, signed, bits }, Change::at(what, "")))
            }
            Ty::Bool => Some((integer(false, 8), Change::at("bool made an integer", ""))),
            Ty::Float { bits } if self.random.once_in(2) => {
                let other = Ty::Float { bits: 96 - bits };
                Some((other, Change::at(if *bits == 32 { "widened" } else { "narrowed" }, "")))
            }
            Ty::Float { bits } => Some((integer(false, *bits), Change::at("float made an integer", ""))),
            // A `u64` may match it.
            Ty::Pointer { .. } => Some((integer(true, 64), Change::at("pointer made an integer", ""))),
            Ty::Text(len) => Some((Ty::Text(len + 1), Change::at("text longer", ""))),
            Ty::Array(element, len) => {
                let holds = self.types.size(element).is_some_and(|size| size.size > 0);
                if holds && self.random.once_in(2) {
                    return Some((Ty::Array(element.clone(), len + 1), Change::at("array longer", "")));
                }
                let (element, change) = self.change(element).filter(|_| *len > 0)?;
                Some((Ty::Array(Box::new(element), *len), change.within("[0]")))
            }
            Ty::Shape { number, .. } => {
                let twin = self.twins[*number].as_ref()?;
                let tail = |path: &String| path[twin.shape.name().len()..].to_owned();
                let change = Change { what: "changed inside", paths: twin.paths.iter().map(tail).collect() };
                Some((Ty::Shape { number: *number, drifted: true }, change))
            }
            Ty::Generic(generic, arguments) => {
                let mut arguments = arguments.clone();
                let (changed, change) = self.change(&arguments[0])?;
                arguments[0] = changed;
                let field = match generic {
                    Generic::Wrapped => ".0",
                    Generic::Both => ".first",
                    Generic::Bank => ".items[0]",
                };
                Some((Ty::Generic(*generic, arguments), change.within(field)))
            }
            Ty::Marker => None,
        }
    }

    fn change_integer(&mut self, signed: bool, bits: usize, least: usize) -> Option<(bool, usize, &'static str)> {
        match self.random.below(3) {
            0 => Some((!signed, bits, "sign flipped")),
            1 => (bits < 64).then_some((signed, 2 * bits, "widened")),
            _ => (bits > least).then_some((signed, bits / 2, "narrowed")),
        }
    }
}

fn integer(signed: bool, bits: usize) -> Ty {
    Ty::Int { family: crate::model::Family::Plain, signed, bits }
}

fn path(field: &Field) -> String {
    format!(".{}", field.name.trim_start_matches("r#"))
}
