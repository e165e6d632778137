//! Writes the types in Rust, with a table of them.

use std::fmt::Write as _;

use crate::model::{Body, Family, Field, Generic, Shape, Ty};
use crate::mutate::Twin;

const GENERICS: &str = "
/// Generic types that the others use.
pub mod generic {
    use mapvalue::MapValue;

    #[derive(MapValue)]
    #[repr(C)]
    pub struct Wrapped<T: 'static>(pub T);

    #[derive(MapValue)]
    #[repr(C)]
    pub struct Both<A: 'static, B: 'static> {
        pub first: A,
        pub second: B,
    }

    #[derive(MapValue)]
    #[repr(C)]
    pub struct Bank<T: 'static, const N: usize> {
        pub items: [T; N],
        pub used: u8,
    }
}
";

pub(crate) fn write(shapes: &[Shape], twins: &[Option<Twin>]) -> String {
    let mut text = GENERICS.to_owned();
    module(&mut text, "shapes", shapes.iter());
    module(&mut text, "twins", twins.iter().flatten().map(|twin| &twin.shape));
    text.push_str("\npub static SHAPES: &[Shape] = &[\n");
    for (shape, twin) in shapes.iter().zip(twins) {
        let (name, keyword) = (shape.name(), keyword(&shape.body));
        let _ = write!(text, "    Shape {{ layout: shapes::{name}::LAYOUT, keyword: {keyword:?}, twin: ");
        let _ = match twin {
            Some(Twin { change, paths, .. }) => {
                writeln!(
                    text,
                    "Some(Twin {{ layout: twins::{name}::LAYOUT, change: {change:?}, paths: &{paths:?} }}) }},"
                )
            }
            None => writeln!(text, "None }},"),
        };
    }
    text.push_str("];\n");
    text
}

fn module<'a>(text: &mut String, name: &str, shapes: impl Iterator<Item = &'a Shape>) {
    let _ = writeln!(text, "\npub mod {name} {{");
    text.push_str("    use std::marker::PhantomData;\n    use std::num::*;\n    use std::sync::atomic::*;\n\n");
    text.push_str(
        "    use mapvalue::{ArenaPtr, CharArray, Kernel, Kptr, MapValue};\n    use mapvalue::zerocopy::byteorder::*;\n\n    use super::generic::*;\n",
    );
    shapes.for_each(|shape| write_shape(text, shape));
    text.push_str("}\n");
}

fn keyword(body: &Body) -> &'static str {
    match body {
        Body::Enum { .. } => "enum",
        Body::Struct { .. } => "struct",
        Body::Union { .. } => "union",
    }
}

fn write_shape(text: &mut String, shape: &Shape) {
    let copied = if shape.size.plain { ", Clone, Copy" } else { "" };
    let _ = writeln!(text, "\n    #[derive(MapValue{copied})]");
    if let Some(rename) = &shape.rename {
        let _ = writeln!(text, "    #[map_value(rename = {rename:?})]");
    }
    let name = shape.name();
    match &shape.body {
        Body::Enum { signed, bits, variants } => {
            let _ = writeln!(text, "    #[repr({}{bits})]\n    pub enum {name} {{", if *signed { "i" } else { "u" });
            for (name, value) in variants {
                let _ = writeln!(text, "        {name} = {value},");
            }
            text.push_str("    }\n");
        }
        Body::Struct { fields, tuple, transparent, align } => {
            let repr = match (transparent, align) {
                (true, _) => "transparent".to_owned(),
                (false, Some(align)) => format!("C, align({align})"),
                (false, None) => "C".to_owned(),
            };
            let _ = write!(text, "    #[repr({repr})]\n    pub struct {name}");
            if *tuple {
                let types: Vec<String> = fields.iter().map(|field| format!("pub {}", spell(&field.ty))).collect();
                let _ = writeln!(text, "({});", types.join(", "));
            } else {
                write_fields(text, fields);
            }
        }
        Body::Union { fields } => {
            let _ = write!(text, "    #[repr(C)]\n    pub union {name}");
            write_fields(text, fields);
        }
    }
}

fn write_fields(text: &mut String, fields: &[Field]) {
    text.push_str(" {\n");
    for Field { name, rename, ty } in fields {
        if let Some(rename) = rename {
            let _ = writeln!(text, "        #[map_value(rename = {rename:?})]");
        }
        let _ = writeln!(text, "        pub {name}: {},", spell(ty));
    }
    text.push_str("    }\n");
}

fn spell(ty: &Ty) -> String {
    let letter = |signed: &bool| if *signed { "i" } else { "u" };
    let capital = |signed: &bool| if *signed { "I" } else { "U" };
    match ty {
        Ty::Int { family, signed, bits } => match family {
            Family::Plain => format!("{}{bits}", letter(signed)),
            Family::Atomic => format!("Atomic{}{bits}", capital(signed)),
            Family::Wrapping => format!("Wrapping<{}{bits}>", letter(signed)),
            Family::Option => format!("Option<NonZero{}{bits}>", capital(signed)),
        },
        Ty::Ordered { big, signed, bits } => {
            format!("{}{bits}<{}>", capital(signed), if *big { "BigEndian" } else { "LittleEndian" })
        }
        Ty::Bool => "bool".to_owned(),
        Ty::Float { bits } => format!("f{bits}"),
        Ty::Pointer { arena: true } => "ArenaPtr<f64>".to_owned(),
        Ty::Pointer { arena: false } => "Kptr<f64, Kernel>".to_owned(),
        Ty::Text(len) => format!("CharArray<{len}>"),
        Ty::Array(element, len) => format!("[{}; {len}]", spell(element)),
        Ty::Shape { number, drifted } => format!("super::{}::T{number}", if *drifted { "twins" } else { "shapes" }),
        Ty::Generic(generic, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(spell).collect();
            let arguments = arguments.join(", ");
            match generic {
                Generic::Wrapped => format!("Wrapped<{arguments}>"),
                Generic::Both => format!("Both<{arguments}>"),
                Generic::Bank => format!("Bank<{arguments}, 3>"),
            }
        }
        Ty::Marker => "PhantomData<u64>".to_owned(),
    }
}
