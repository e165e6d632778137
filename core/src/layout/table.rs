//! `Display` for [`Layout`]: a table.

use core::fmt;

use crate::layout::{Endianness, Kind, Layout};

/// Displays the type as Rust spells it.
pub(crate) struct Spelled<'a>(pub(crate) &'a Layout);

impl fmt::Display for Spelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            Kind::Array { len, element: Layout { kind: Kind::Character, .. } } => write!(f, "CharArray<{len}>"),
            Kind::Array { len, element } => write!(f, "[{}; {len}]", Spelled(element)),
            Kind::Int { endianness: Endianness::Big, .. } => write!(f, "{}<BigEndian>", self.0.name),
            Kind::Int { endianness: Endianness::Little, .. } => write!(f, "{}<LittleEndian>", self.0.name),
            _ => f.write_str(self.0.name),
        }
    }
}

/// The fields from the root to a place, as Rust names them.
pub(crate) struct FieldPath<'a> {
    pub(crate) parent: Option<&'a FieldPath<'a>>,
    pub(crate) name: Name<'a>,
}

pub(crate) enum Name<'a> {
    /// The root itself, for a path that begins with its name.
    #[cfg(feature = "std")]
    Root(&'a Layout),
    Field(&'a str),
    /// The first element stands for all.
    Element,
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.name {
            #[cfg(feature = "std")]
            Name::Root(layout) => Spelled(layout).fmt(f),
            Name::Field(name) => write!(f, "{}{name}", if self.parent.is_some() { "." } else { "" }),
            Name::Element => f.write_str("[0]"),
        }
    }
}

/// A row of the table.
enum Row<'a> {
    Place(&'a FieldPath<'a>, &'a Layout),
    Hole,
    TailPadding,
}

impl Layout {
    /// Visits fields in offset order, each before the fields inside it, and the padding.
    fn rows(
        &self,
        parent: Option<&FieldPath<'_>>,
        base: usize,
        visit: &mut dyn FnMut(usize, usize, Row<'_>) -> fmt::Result,
    ) -> fmt::Result {
        match self.kind {
            Kind::Struct { fields } => {
                let mut end = 0;
                for field in fields {
                    if field.offset > end {
                        visit(base + end, field.offset - end, Row::Hole)?;
                    }
                    let path = FieldPath { parent, name: Name::Field(field.name) };
                    visit(base + field.offset, field.layout.size, Row::Place(&path, &field.layout))?;
                    field.layout.rows(Some(&path), base + field.offset, visit)?;
                    end = field.offset + field.layout.size;
                }
                if self.size > end {
                    visit(base + end, self.size - end, Row::TailPadding)?;
                }
                Ok(())
            }
            Kind::Union { fields } => fields.iter().try_for_each(|field| {
                let path = FieldPath { parent, name: Name::Field(field.name) };
                visit(base, field.layout.size, Row::Place(&path, &field.layout))?;
                field.layout.rows(Some(&path), base, visit)
            }),
            Kind::Array { len, element } if len > 0 && element.has_parts() => {
                let path = FieldPath { parent, name: Name::Element };
                element.rows(Some(&path), base, visit)
            }
            _ => Ok(()),
        }
    }

    fn has_parts(&self) -> bool {
        match self.kind {
            Kind::Struct { .. } | Kind::Union { .. } => true,
            Kind::Array { element, .. } => element.has_parts(),
            _ => false,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} bytes, align {}", Spelled(self), self.size, self.align)?;
        let mut width = "name".len();
        self.rows(None, 0, &mut |_, _, row| {
            if let Row::Place(path, _) = row {
                width = width.max(length(path)?);
            }
            Ok(())
        })?;
        writeln!(f, "  offset    size  {:width$}  type", "name")?;
        self.rows(None, 0, &mut |offset, size, row| {
            write!(f, "  {offset:6}  {size:6}  ")?;
            match row {
                Row::Place(path, layout) => {
                    write!(f, "{path}{:1$}  ", "", width - length(path)?)?;
                    writeln!(f, "{}", Spelled(layout))
                }
                Row::Hole => writeln!(f, "{:width$}  (hole)", ""),
                Row::TailPadding => writeln!(f, "{:width$}  (tail padding)", ""),
            }
        })
    }
}

/// Counts the characters that a value prints, without allocating.
fn length(value: &dyn fmt::Display) -> Result<usize, fmt::Error> {
    struct Count(usize);
    impl fmt::Write for Count {
        fn write_str(&mut self, s: &str) -> fmt::Result {
            self.0 += s.chars().count();
            Ok(())
        }
    }
    let mut count = Count(0);
    fmt::write(&mut count, format_args!("{value}"))?;
    Ok(count.0)
}
