//! The members of a C struct or union, those of anonymous ones inside included, and which of them
//! already belong to a Rust field.

use crate::btf::types::{Composite, Member, Type};
use crate::layout::c_names::is_padding;

/// How deep anonymous structs may be nested.
const MAX_ANONYMOUS: usize = 8;

/// A member as the outermost struct has it.
#[derive(Clone)]
pub(crate) struct Flat<'a> {
    pub(crate) name: &'a str,
    pub(crate) ty: Type<'a>,
    pub(crate) bit_offset: u64,
    pub(crate) bitfield: Option<u32>,
    /// For an anonymous struct or union, the number of members after it that are its own.
    inner: Option<usize>,
    /// The innermost branch that it is in, if it is in an anonymous union.
    branch: Option<usize>,
    claimed: bool,
}

/// A member of an anonymous union: one view of its bytes.
struct Branch {
    /// The branch that the union is in, if it is inside another union.
    parent: Option<usize>,
    /// The index of the union in the list.
    union: usize,
}

pub(crate) struct Members<'a> {
    list: Vec<Flat<'a>>,
    branches: Vec<Branch>,
}

impl<'a> Members<'a> {
    /// Lists the members; `None` if there are more than `limit`, or if they are nested too deep.
    pub(crate) fn of(composite: Composite<'a>, limit: usize) -> Option<Self> {
        // Counted first: a list that grows by doubling takes three times as much.
        let left = count(composite, limit, 0)?;
        let mut members = Self { list: Vec::with_capacity(limit - left), branches: Vec::new() };
        members.flatten(composite, 0, None, None);
        Some(members)
    }

    /// Adds the members of a struct in the branch `parent`, or of the anonymous union with the
    /// index `union`, each of which is a branch.
    fn flatten(&mut self, composite: Composite<'a>, base: u64, parent: Option<usize>, union: Option<usize>) {
        for member in composite.members() {
            if let Some(union) = union {
                self.branches.push(Branch { parent, union });
            }
            let branch = union.map(|_| self.branches.len() - 1).or(parent);
            let bit_offset = base + u64::from(member.bit_offset);
            let index = self.list.len();
            let Member { name, ty, bitfield, .. } = member;
            self.list.push(Flat { name, ty, bit_offset, bitfield, inner: None, branch, claimed: false });
            if let Some((inner, is_union)) = member.anonymous() {
                self.flatten(inner, bit_offset, branch, is_union.then_some(index));
                self.list[index].inner = Some(self.list.len() - index - 1);
            }
        }
    }

    /// The branches that a member is in, from the innermost out.
    fn branches_of(&self, member: &Flat<'_>) -> impl Iterator<Item = usize> {
        std::iter::successors(member.branch, |branch| self.branches[*branch].parent)
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn ty(&self, index: usize) -> Type<'a> {
        self.list[index].ty
    }

    /// The names of the members that no field has claimed yet and a field could.
    pub(crate) fn free_names(&self) -> impl Iterator<Item = &'a str> {
        self.list.iter().filter(|member| !member.claimed && member.bitfield.is_none()).map(|member| member.name)
    }

    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|member| !member.claimed && !member.name.is_empty() && member.name == name)
    }

    /// The unclaimed member at an offset in bits: one of this size in bytes, or the first with a
    /// size.
    pub(crate) fn at(&self, bit_offset: u64, size: u64) -> Option<usize> {
        let free = |member: &Flat<'_>| !member.claimed && member.bit_offset == bit_offset;
        let first = || self.list.iter().position(|member| free(member) && member.ty.size() != Some(0));
        self.list.iter().position(|member| member.fits(bit_offset, size)).or_else(first)
    }

    /// Claims the bitfields inside the `width` bits from `start` on, where Rust has padding:
    /// generators of Rust types that cannot express bitfields cover them so.
    pub(crate) fn claim_under_padding(&mut self, start: u64, width: u64) {
        let covered = self.list.iter_mut().filter(|member| member.is_bitfield_in(start, start + width));
        covered.for_each(|member| member.claimed = true);
    }

    /// The unclaimed anonymous structs and unions at this offset, in bits, and of this size, in
    /// bytes.
    pub(crate) fn anonymous(&self, bit_offset: u64, size: u64) -> impl Iterator<Item = usize> {
        let fits = move |member: &Flat<'_>| member.inner.is_some() && member.fits(bit_offset, size);
        (0..self.list.len()).filter(move |index| fits(&self.list[*index]))
    }

    /// Claims a member, with all members inside it if it is anonymous.
    pub(crate) fn claim(&mut self, index: usize) -> Flat<'a> {
        let inner = self.list[index].inner.unwrap_or(0);
        self.list[index..=index + inner].iter_mut().for_each(|member| member.claimed = true);
        self.list[index].clone()
    }

    /// Claims the bitfields in a range of bits, if it holds bitfields and nothing else. (BTF leaves
    /// out unnamed ones.)
    pub(crate) fn claim_bitfields(&mut self, start: u64, width: u64) -> bool {
        let end = start + width;
        // The members inside an anonymous struct count for it.
        let own_end = |member: &Flat<'_>| if member.inner.is_some() { member.bit_offset } else { member.end() };
        let inside = |member: &Flat<'_>| member.bit_offset < end && own_end(member) > start;
        let whole = |member: &Flat<'_>| member.is_bitfield_in(start, end);
        let mut inner = self.list.iter().filter(|member| inside(member)).peekable();
        let fits = inner.peek().is_some() && inner.all(|member| !member.claimed && whole(member));
        if fits {
            self.list.iter_mut().filter(|member| inside(member)).for_each(|member| member.claimed = true);
        }
        fits
    }

    /// The members without a field that hold data: not padding, and not another view of bytes in a
    /// union that a field has claimed.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &Flat<'a>> {
        // For each branch, whether a field has claimed a member in it; and for each member, whether
        // it is a union of which that is true.
        let (mut claimed, mut unions) = (vec![false; self.branches.len()], vec![false; self.list.len()]);
        for branch in self.claimed().flat_map(|member| self.branches_of(member)) {
            claimed[branch] = true;
            unions[self.branches[branch].union] = true;
        }
        let covered = self.covered();
        self.list.iter().filter(move |member| {
            let holds = member.bitfield.is_some() || member.ty.size() != Some(0);
            let named = !member.name.is_empty() && !is_padding(member.name);
            // A field has claimed another view of the union, or several ones that cover all of this
            // member.
            let other = |branch: usize| unions[self.branches[branch].union] && !claimed[branch];
            let seen = || self.branches_of(member).any(other) || member.branch.is_some() && is_inside(member, &covered);
            named && holds && !member.claimed && !seen()
        })
    }

    fn claimed(&self) -> impl Iterator<Item = &Flat<'a>> {
        self.list.iter().filter(|member| member.claimed)
    }

    /// The bits of claimed members, as ranges in order that do not touch.
    fn covered(&self) -> Vec<(u64, u64)> {
        let mut ranges = Vec::with_capacity(self.claimed().count());
        ranges.extend(self.claimed().map(|member| (member.bit_offset, member.end())));
        ranges.sort_unstable();
        ranges.dedup_by(|next, last| {
            let touches = next.0 <= last.1;
            if touches {
                last.1 = last.1.max(next.1);
            }
            touches
        });
        ranges
    }
}

/// Whether one of the ranges, which are in order, has all bits of a member.
fn is_inside(member: &Flat<'_>, ranges: &[(u64, u64)]) -> bool {
    let after = ranges.partition_point(|(start, _)| *start <= member.bit_offset);
    after.checked_sub(1).is_some_and(|last| member.end() <= ranges[last].1)
}

impl Flat<'_> {
    /// The bit after its last one.
    fn end(&self) -> u64 {
        let bits = self.bitfield.map_or_else(|| self.ty.size().unwrap_or(0).saturating_mul(8), u64::from);
        self.bit_offset.saturating_add(bits)
    }

    /// Whether it is unclaimed, at this offset in bits, and of this size in bytes.
    fn fits(&self, bit_offset: u64, size: u64) -> bool {
        !self.claimed && self.bit_offset == bit_offset && self.ty.size() == Some(size)
    }

    fn is_bitfield_in(&self, start: u64, end: u64) -> bool {
        self.bitfield.is_some() && self.bit_offset >= start && self.end() <= end
    }
}

/// Takes the number of members, those inside included, from `left`; `None` if there are more.
fn count(composite: Composite<'_>, left: usize, depth: usize) -> Option<usize> {
    let mut left = left.checked_sub(composite.members().len()).filter(|_| depth <= MAX_ANONYMOUS)?;
    for (inner, _) in composite.members().filter_map(Member::anonymous) {
        left = count(inner, left, depth + 1)?;
    }
    Some(left)
}
