//! The unwind tables of the profiler lightswitch, without `unsafe`: three million rows go into a
//! map at once.
//!
//! Each executable has an array of rows of 8 bytes, sorted by address, which a program searches. We
//! create the array for the known number of rows, map it, store the rows that an iterator makes
//! from debug information, and then hand the array to the program in a map of maps. A table that is
//! too short or too long for its rows is an error, and is never handed over.
//!
//! The other side is the BPF program of `bpf/lightswitch.bpf.c`, loaded by libbpf-rs (`--features
//! libbpf`, as root). Otherwise, or with `--memfd`, it is a function that searches memfds through a
//! mapping of its own.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use mapvalue::{Array, MapValue, Mapping, Mirror, ReadOnly, Var};
use mapvalue_examples::{Result, check};

/// A row: how to find the caller's frame from this address on. `struct row` of
/// `bpf/lightswitch.bpf.c`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Row {
    /// The low bits of the address. Its page has the others.
    pc_low: u16,
    cfa_type: CfaType,
    rbp_type: RbpType,
    cfa_offset: u16,
    rbp_offset: i16,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum CfaType {
    None,
    FramePointer,
    StackPointer,
    Expression,
    EndOfFunction,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum RbpType {
    Unchanged,
    Offset,
    Register,
    Expression,
}

/// Addresses that differ only in the low bits that a row holds: `struct page`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
struct Page {
    executable: u64,
    number: u64,
}

/// The rows of a page, from the first up to, but not including, the last: `struct range`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Range {
    first: u32,
    last: u32,
}

/// The result of the other side: `struct report`.
#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Report {
    pc: u64,
    row: Row,
    index: u32,
    outcome: Outcome,
}

#[derive(MapValue, Clone, Copy, Debug, PartialEq)]
#[repr(u32)]
enum Outcome {
    None,
    Found,
    NoTable,
    NoPage,
    NoRow,
}

/// An address whose row is wanted: `struct question`.
#[derive(MapValue, Clone, Copy, Debug)]
#[repr(C)]
struct Question {
    executable: u64,
    pc: u64,
}

const PAGE_BITS: u32 = 16;

/// The side that searches.
trait OtherSide {
    /// A map for one table that is not yet searched.
    type Table;

    /// Creates a map for this number of rows.
    fn table(&self, rows: u32) -> Result<(Self::Table, Arc<Mapping>)>;
    /// Makes the table of this executable searchable.
    fn hand_over(&mut self, executable: u64, table: Self::Table, pages: &[(Page, Range)]) -> Result<()>;
    /// The place of reports.
    fn report(&self) -> Result<Var<Report>>;
    /// Searches a row, and stores the report.
    fn search(&self, question: Question) -> Result<()>;
}

fn main() -> Result<()> {
    #[cfg(feature = "libbpf")]
    if let Some(programs) = mapvalue_examples::programs::Programs::load(kernel::OBJECT, |_| Ok(()))? {
        println!("The other side is a BPF program in the kernel.\n");
        return agent(programs);
    }
    println!("The other side is a function, on memfds.\n");
    agent(Memfds::new()?)
}

fn agent(mut other_side: impl OtherSide) -> Result<()> {
    let (large, small) = (Executable { id: 0xb1d, rows: 3_000_000 }, Executable { id: 0x5eed, rows: 1000 });
    for executable in [large, small] {
        let start = Instant::now();
        let (table, mapping) = other_side.table(executable.rows)?;
        load(&mapping, executable.rows().map(|(_, row)| row))?;
        let taken = start.elapsed();
        let pages = executable.pages();
        other_side.hand_over(executable.id, table, &pages)?;
        let (rows, pages) = (executable.rows, pages.len());
        println!("{rows} rows on {pages} pages of addresses: {taken:.1?}, from making the map to the last row");
    }

    // The debug information was cut short, or the map was made for another executable.
    let (_, mapping) = other_side.table(1000)?;
    for rows in [999, 1001] {
        let rows = Executable { id: 1, rows };
        let refused =
            load(&mapping, rows.rows().map(|(_, row)| row)).err().ok_or("a wrong number of rows is not refused")?;
        println!("A table that does not fit is not handed over: {refused}");
    }

    let report = other_side.report()?;
    let mut found = 0;
    for executable in [large, small] {
        let rows: Vec<(u64, Row)> = executable.rows().collect();
        let [(first, _), .., (last, _)] = rows.as_slice() else { return Err("no rows".into()) };
        let (start, end) = ((first >> PAGE_BITS) << PAGE_BITS, last + 1);
        // From before the first row to the last one, and the rows next to the start of a page.
        let spread = (0..2000).map(|n| start + n * (end - start) / 2000);
        let edges =
            executable.pages().into_iter().map(|(page, _)| page.number << PAGE_BITS).flat_map(|pc| [pc, pc + 40]);
        for pc in spread.chain(edges).chain([*last]) {
            other_side.search(Question { executable: executable.id, pc })?;
            let report = report.try_load()?;
            check(report.pc == pc, "the report is about the wanted address")?;
            match rows.partition_point(|(address, _)| *address <= pc).checked_sub(1) {
                Some(index) => {
                    let seen = (report.outcome, report.index as usize, report.row);
                    check(
                        seen == (Outcome::Found, index, rows[index].1),
                        "the row of an address is the last before it",
                    )?;
                    found += 1;
                }
                None => check(report.outcome == Outcome::NoRow, "no row comes before the first one")?,
            }
        }
    }
    for (question, outcome) in [
        (Question { executable: 1, pc: 0 }, Outcome::NoTable),
        (Question { executable: small.id, pc: u64::MAX }, Outcome::NoPage),
    ] {
        other_side.search(question)?;
        check(report.outcome.try_load()? == outcome, "a missing row is not found")?;
    }
    println!("{found} addresses were searched, and each was found in its row.");
    Ok(())
}

/// Stores a whole table, without gathering it in our own memory first.
fn load(mapping: &Arc<Mapping>, rows: impl Iterator<Item = Row>) -> Result<()> {
    Ok(mapping.array::<Row>()?.store_from_iter(rows)?)
}

/// An executable, with the content of its debug information.
#[derive(Clone, Copy)]
struct Executable {
    id: u64,
    rows: u32,
}

impl Executable {
    /// Addresses and their rows, sorted. The iterator does not know its length before its end.
    fn rows(self) -> impl Iterator<Item = (u64, Row)> {
        let next = |(pc, noise): &(u64, u64)| {
            let noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some((pc + 1 + (noise >> 60), noise))
        };
        let row = |(pc, noise): (u64, u64)| {
            let [cfa_type, rbp_type, low, high, ..] = noise.rotate_left(24).to_le_bytes();
            let cfa_type = [CfaType::FramePointer, CfaType::StackPointer, CfaType::Expression, CfaType::EndOfFunction]
                [usize::from(cfa_type % 4)];
            let rbp_type = [RbpType::Unchanged, RbpType::Offset, RbpType::Register, RbpType::Expression]
                [usize::from(rbp_type % 4)];
            let rbp_offset = -i16::from(low);
            (pc, Row { pc_low: low_bits(pc), cfa_type, rbp_type, cfa_offset: u16::from(high) * 8, rbp_offset })
        };
        std::iter::successors(Some((0x40_1000 + self.id % 16, self.id)), next).take(self.rows as usize).map(row)
    }

    /// The rows of each page.
    fn pages(self) -> Vec<(Page, Range)> {
        let mut pages: Vec<(Page, Range)> = Vec::new();
        for (index, (pc, _)) in (0..).zip(self.rows()) {
            let page = Page { executable: self.id, number: pc >> PAGE_BITS };
            match pages.last_mut() {
                Some((last, range)) if *last == page => range.last = index + 1,
                _ => pages.push((page, Range { first: index, last: index + 1 })),
            }
        }
        pages
    }
}

fn low_bits(pc: u64) -> u16 {
    let [low, high, ..] = pc.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// The work of the BPF program, in Rust.
struct Memfds {
    tables: HashMap<u64, Array<Row, ReadOnly>>,
    pages: HashMap<Page, Range>,
    report: Var<Report>,
}

impl Memfds {
    fn new() -> Result<Self> {
        let report = Mapping::memfd(size_of::<Report>())?.var(0)?;
        Ok(Self { tables: HashMap::new(), pages: HashMap::new(), report })
    }

    fn find(&self, question: Question) -> std::result::Result<(u32, Row), Outcome> {
        let table = self.tables.get(&question.executable).ok_or(Outcome::NoTable)?;
        let page = Page { executable: question.executable, number: question.pc >> PAGE_BITS };
        let Range { first: mut left, last: mut right } = *self.pages.get(&page).ok_or(Outcome::NoPage)?;
        while left < right {
            let middle = left + (right - left) / 2;
            let row = table.get(middle as usize).ok_or(Outcome::NoRow)?;
            if row.pc_low.load() <= low_bits(question.pc) { left = middle + 1 } else { right = middle }
        }
        let index = left.checked_sub(1).ok_or(Outcome::NoRow)?;
        let row = table.get(index as usize).ok_or(Outcome::NoRow)?;
        // A row whose enums hold no variant does not count.
        Ok((index, row.try_load().map_err(|_| Outcome::NoRow)?))
    }
}

impl OtherSide for Memfds {
    type Table = Arc<Mapping>;

    fn table(&self, rows: u32) -> Result<(Arc<Mapping>, Arc<Mapping>)> {
        let here = Mapping::memfd(rows as usize * size_of::<Row>())?;
        let there = Mapping::from_memfd(here.fd().ok_or("no memfd")?)?;
        Ok((there, here))
    }

    fn hand_over(&mut self, executable: u64, table: Arc<Mapping>, pages: &[(Page, Range)]) -> Result<()> {
        self.pages.extend(pages.iter().copied());
        self.tables.insert(executable, table.array_ro()?);
        Ok(())
    }

    fn report(&self) -> Result<Var<Report>> {
        Ok(self.report.clone())
    }

    fn search(&self, question: Question) -> Result<()> {
        self.report.pc.store(question.pc);
        let outcome = match self.find(question) {
            Ok((index, row)) => {
                self.report.row.store(row);
                self.report.index.store(index);
                Outcome::Found
            }
            Err(outcome) => outcome,
        };
        self.report.outcome.store(outcome);
        Ok(())
    }
}

#[cfg(feature = "libbpf")]
mod kernel {
    use libbpf_rs::libbpf_sys::{BPF_F_INNER_MAP, BPF_F_MMAPABLE, bpf_map_create_opts};
    use libbpf_rs::{MapCore, MapFlags, MapHandle, MapType};
    use std::os::fd::{AsFd, AsRawFd};

    use super::{Arc, MapValue, Mapping, OtherSide, Page, Question, Range, Report, Result, Row, Var, check};
    use mapvalue_examples::programs::Programs;

    pub(super) static OBJECT: &[u8] = aya::include_bytes_aligned!("../bpf/lightswitch.bpf.o");

    impl OtherSide for Programs {
        type Table = MapHandle;

        fn table(&self, rows: u32) -> Result<(MapHandle, Arc<Mapping>)> {
            let options = bpf_map_create_opts {
                sz: size_of::<bpf_map_create_opts>() as u64,
                map_flags: BPF_F_MMAPABLE | BPF_F_INNER_MAP,
                ..Default::default()
            };
            let (key_size, value_size) = (size_of::<u32>().try_into()?, size_of::<Row>().try_into()?);
            let table = MapHandle::create(MapType::Array, Some("rows"), key_size, value_size, rows, &options)?;
            let mapping = Mapping::from_map(&table)?;
            Ok((table, mapping))
        }

        fn hand_over(&mut self, executable: u64, table: MapHandle, pages: &[(Page, Range)]) -> Result<()> {
            let map = self.map("pages")?;
            for (page, range) in pages {
                map.update(&page.to_bytes(), &range.to_bytes(), MapFlags::ANY)?;
            }
            let table = table.as_fd().as_raw_fd();
            // The map of maps keeps the table, so the descriptor can be closed.
            Ok(self.map("tables")?.update(&executable.to_bytes(), &table.to_bytes(), MapFlags::ANY)?)
        }

        fn report(&self) -> Result<Var<Report>> {
            Ok(self.mapping("reports")?.var(0)?)
        }

        fn search(&self, question: Question) -> Result<()> {
            let mut packet = [0; 64];
            question.write_bytes(&mut packet[..size_of::<Question>()])?;
            check(self.run("unwind", &packet, 1)? == 2, "the program lets the packet pass")
        }
    }
}
