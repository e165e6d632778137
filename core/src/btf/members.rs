//! The members of a C struct or union, with those of the anonymous ones inside, and which of them Rust fields have been found for.

use std::collections::HashMap;

use super::{Composite, Kind, Member, Type};
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
    /// The number of the branch that leads to it, if it is in an anonymous union.
    branch: Option<usize>,
    claimed: bool,
}

/// A member of an anonymous union: one way to see its bytes.
struct Branch {
    /// The branch that the union is in, if it is in another union.
    parent: Option<usize>,
    /// Where the union is in the list.
    union: usize,
    /// Which of its members.
    nth: usize,
}

pub(super) struct Members<'a> {
    list: Vec<Flat<'a>>,
    branches: Vec<Branch>,
}

impl<'a> Members<'a> {
    /// `None` if there are more than `limit`, or deeper ones than is honest.
    pub(super) fn of(composite: Composite<'a>, limit: usize) -> Option<Self> {
        // Counted first: a list that grows by doubling takes three times as much.
        let left = count(composite, limit, 0)?;
        let mut members = Self { list: Vec::with_capacity(limit - left), branches: Vec::new() };
        members.flatten(composite, 0, None, None);
        Some(members)
    }

    /// Adds the members of a struct; `union` is the number of the anonymous union whose members they are.
    fn flatten(&mut self, composite: Composite<'a>, base: u64, branch: Option<usize>, union: Option<usize>) {
        for (nth, member) in composite.members().enumerate() {
            let branch = union.map(|union| self.branch(branch, union, nth)).or(branch);
            let bit_offset = base + u64::from(member.bit_offset);
            let index = self.list.len();
            let Member { name, ty, bitfield, .. } = member;
            self.list.push(Flat { name, ty, bit_offset, bitfield, inner: None, branch, claimed: false });
            if let Some((inner, is_union)) = anonymous(member) {
                self.flatten(inner, bit_offset, branch, is_union.then_some(index));
                self.list[index].inner = Some(self.list.len() - index - 1);
            }
        }
    }

    fn branch(&mut self, parent: Option<usize>, union: usize, nth: usize) -> usize {
        self.branches.push(Branch { parent, union, nth });
        self.branches.len() - 1
    }

    /// The anonymous unions that a member is in, and which member of each it is or belongs to.
    fn branches_of(&self, member: &Flat<'_>) -> impl Iterator<Item = (usize, usize)> {
        let get = |number: usize| &self.branches[number];
        let up = std::iter::successors(member.branch.map(get), move |branch| branch.parent.map(get));
        up.map(|branch| (branch.union, branch.nth))
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
            let other = |(union, branch): (usize, usize)| {
                found.get(&union).is_some_and(|(first, last)| *first != branch || *last != branch)
            };
            named && holds && !member.claimed && !self.branches_of(member).any(other)
        })
    }

    /// Of each anonymous union, the first and the last member of which a part has been found.
    fn found_in_unions(&self) -> HashMap<usize, (usize, usize)> {
        let mut found = HashMap::new();
        let claimed = self.list.iter().filter(|member| member.claimed);
        for (union, branch) in claimed.flat_map(|member| self.branches_of(member)) {
            let (first, last) = found.entry(union).or_insert((branch, branch));
            (*first, *last) = ((*first).min(branch), (*last).max(branch));
        }
        found
    }
}

/// The struct or union that a member without a name is, and whether it is a union.
fn anonymous(member: Member<'_>) -> Option<(Composite<'_>, bool)> {
    match member.ty.resolved()?.kind() {
        Kind::Struct(inner) if member.name.is_empty() => Some((inner, false)),
        Kind::Union(inner) if member.name.is_empty() => Some((inner, true)),
        _ => None,
    }
}

/// Counts the members, with those inside, and takes their number from `left`; `None` if there are more.
fn count(composite: Composite<'_>, left: usize, depth: usize) -> Option<usize> {
    let mut left = left.checked_sub(composite.members().len()).filter(|_| depth <= MAX_ANONYMOUS)?;
    for (inner, _) in composite.members().filter_map(anonymous) {
        left = count(inner, left, depth + 1)?;
    }
    Some(left)
}
