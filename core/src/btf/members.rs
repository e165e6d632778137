//! The members of a C struct or union, with those of the anonymous ones inside, and which of them Rust fields have been found for.

use std::collections::HashMap;

use super::{Composite, Kind, Type};
use crate::c_names::is_padding;

/// How deep anonymous structs may lie in each other.
const MAX_ANONYMOUS: usize = 8;

/// A member, as it is seen from the outermost struct.
#[derive(Clone)]
pub(super) struct Flat<'a> {
    pub(super) name: &'a str,
    pub(super) ty: Type<'a>,
    pub(super) bit_offset: u64,
    pub(super) bitfield: Option<u32>,
    /// An anonymous struct or union: the number of members after it that are its own.
    inner: Option<usize>,
    /// The anonymous unions that it is in, and which member of each it is or belongs to.
    branches: Vec<(usize, usize)>,
    claimed: bool,
}

pub(super) struct Members<'a> {
    list: Vec<Flat<'a>>,
    limit: usize,
}

impl<'a> Members<'a> {
    /// `None` if there are more than `limit`.
    pub(super) fn of(composite: Composite<'a>, limit: usize) -> Option<Self> {
        let mut members = Self { list: Vec::new(), limit };
        members.flatten(composite, 0, &[], None)?;
        Some(members)
    }

    /// Adds the members of a struct; `union` is the number of the anonymous union whose members they are.
    fn flatten(
        &mut self,
        composite: Composite<'a>,
        base: u64,
        branches: &[(usize, usize)],
        union: Option<usize>,
    ) -> Option<()> {
        for (nth, member) in composite.members().enumerate() {
            let mut branches = branches.to_vec();
            branches.extend(union.map(|union| (union, nth)));
            if self.list.len() >= self.limit || branches.len() > MAX_ANONYMOUS {
                return None;
            }
            let bit_offset = base + u64::from(member.bit_offset);
            let inner = member.ty.resolved().map(Type::kind).filter(|_| member.name.is_empty());
            let index = self.list.len();
            self.list.push(Flat {
                name: member.name,
                ty: member.ty,
                bit_offset,
                bitfield: member.bitfield,
                inner: None,
                branches: branches.clone(),
                claimed: false,
            });
            match inner {
                Some(Kind::Struct(inner)) => self.flatten_inner(index, inner, branches, None)?,
                Some(Kind::Union(inner)) => self.flatten_inner(index, inner, branches, Some(index))?,
                _ => {}
            }
        }
        Some(())
    }

    fn flatten_inner(
        &mut self,
        outer: usize,
        inner: Composite<'a>,
        mut branches: Vec<(usize, usize)>,
        union: Option<usize>,
    ) -> Option<()> {
        if union.is_none() {
            // So that structs in structs are counted as well as unions.
            branches.push((outer, 0));
        }
        self.flatten(inner, self.list[outer].bit_offset, &branches, union)?;
        self.list[outer].inner = Some(self.list.len() - outer - 1);
        Some(())
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn ty(&self, index: usize) -> Type<'a> {
        self.list[index].ty
    }

    /// The names that can still be given to a field.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.list.iter().filter(|member| !member.claimed).map(|member| member.name)
    }

    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|member| !member.claimed && !member.name.is_empty() && member.name == name)
    }

    /// The first member at an offset in bits that is nobody's yet.
    pub(super) fn at(&self, bit_offset: u64) -> Option<usize> {
        self.list.iter().position(|member| !member.claimed && member.bit_offset == bit_offset)
    }

    /// The anonymous structs and unions of this place and size (in bits and bytes) that are nobody's yet.
    pub(super) fn anonymous(&self, bit_offset: u64, size: u64) -> impl Iterator<Item = usize> {
        let fits = move |member: &Flat<'_>| {
            let free = !member.claimed && member.inner.is_some();
            free && member.bit_offset == bit_offset && member.ty.size() == Some(size)
        };
        self.list.iter().enumerate().filter(move |(_, member)| fits(member)).map(|(index, _)| index)
    }

    /// Takes a member, and all that is inside of it if it is anonymous.
    pub(super) fn claim(&mut self, index: usize) -> Flat<'a> {
        let inner = self.list[index].inner.unwrap_or(0);
        self.list[index..=index + inner].iter_mut().for_each(|member| member.claimed = true);
        self.list[index].clone()
    }

    /// Takes the bitfields between two bits, if there are some, one of which begins there, and nothing else.
    pub(super) fn claim_bitfields(&mut self, start: u64, width: u64) -> bool {
        let end = start + width;
        let bits = |member: &Flat<'_>| match member.bitfield {
            Some(width) => width.into(),
            // Those inside of an anonymous struct count themselves.
            None if member.inner.is_some() => 0,
            None => member.ty.size().unwrap_or(0).saturating_mul(8),
        };
        let inside =
            |member: &Flat<'_>| member.bit_offset < end && member.bit_offset.saturating_add(bits(member)) > start;
        let whole = |member: &Flat<'_>| match member.bitfield {
            Some(width) => member.bit_offset >= start && member.bit_offset + u64::from(width) <= end,
            None => false,
        };
        let begins = self.list.iter().any(|member| member.bitfield.is_some() && member.bit_offset == start);
        let fits =
            begins && self.list.iter().filter(|member| inside(member)).all(|member| !member.claimed && whole(member));
        if fits {
            self.list.iter_mut().filter(|member| inside(member)).for_each(|member| member.claimed = true);
        }
        fits
    }

    /// The members that no field has been found for, although they hold something: not padding, and not another way to see what
    /// has been found in a union.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Flat<'a>> {
        let found = self.found_in_unions();
        self.list.iter().filter(move |member| {
            let holds = member.bitfield.is_some() || member.ty.size() != Some(0);
            let named = !member.name.is_empty() && !is_padding(member.name);
            let other = |(union, branch): &(usize, usize)| {
                found.get(union).is_some_and(|(first, last)| first != branch || last != branch)
            };
            named && holds && !member.claimed && !member.branches.iter().any(other)
        })
    }

    /// Of each anonymous union, the first and the last member of which a part has been found.
    fn found_in_unions(&self) -> HashMap<usize, (usize, usize)> {
        let mut found = HashMap::new();
        for (union, branch) in self.list.iter().filter(|member| member.claimed).flat_map(|member| &member.branches) {
            let (first, last) = found.entry(*union).or_insert((*branch, *branch));
            (*first, *last) = ((*first).min(*branch), (*last).max(*branch));
        }
        found
    }
}
