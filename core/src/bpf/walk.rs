//! Walks over all keys or all elements of a map, while others may insert and remove some.
//!
//! The kernel gives the key after a given one. If the given one is gone, the kernel begins anew, so
//! a walk beside a busy writer might never end. Each walk therefore counts its steps, and gives up.
//! In batches (Linux 5.6), a walk over a hash table continues from a bucket, and never begins anew.

use crate::bpf::elements::{Elements, Fetched};
use crate::error::ElementError;

/// The bytes of elements that one call fetches.
const BATCH_BYTES: usize = 1 << 16;

/// The bytes of a key and of its value.
type Entry<'a> = (&'a [u8], &'a [u8]);

/// The steps that a walk may still take.
#[derive(Debug)]
struct Steps {
    left: u64,
    all: u64,
}

impl Steps {
    /// Allows twice as many as the map can have elements, and 64. An undisturbed walk takes half.
    fn of(elements: &Elements) -> Self {
        // A map of cgroups' storage says 0: it has one element for each cgroup.
        let most = Some(elements.info.max_entries).filter(|most| *most > 0).unwrap_or(u32::MAX);
        let all = 2 * u64::from(most) + 64;
        Self { left: all, all }
    }

    fn take(&mut self, steps: usize, elements: &Elements) -> Result<(), ElementError> {
        let left = self.left.checked_sub(steps.max(1) as u64);
        self.left = left.ok_or(ElementError::Changing { map: elements.map(), steps: self.all })?;
        Ok(())
    }
}

/// A walk over the keys.
#[derive(Debug)]
pub(crate) struct KeyWalk<'a> {
    elements: &'a Elements,
    key: Vec<u8>,
    begun: bool,
    steps: Steps,
}

impl<'a> KeyWalk<'a> {
    pub(crate) fn new(elements: &'a Elements) -> Self {
        Self { elements, key: vec![0; elements.key_size()], begun: false, steps: Steps::of(elements) }
    }

    pub(crate) fn step(&mut self) -> Result<Option<&[u8]>, ElementError> {
        self.steps.take(1, self.elements)?;
        let found = self.elements.next_key(self.begun, &mut self.key)?;
        self.begun = true;
        Ok(found.then_some(&self.key))
    }
}

/// A walk over keys and values.
#[derive(Debug)]
pub(crate) struct ElementWalk<'a> {
    elements: &'a Elements,
    /// Whether it removes what it fetches.
    take: bool,
    /// The walk by single keys, if the kernel has no batches for the map.
    single: Option<KeyWalk<'a>>,
    cursor: Vec<u8>,
    begun: bool,
    more: bool,
    /// A batch of keys, and the batch of their values.
    keys: Vec<u8>,
    values: Vec<u8>,
    /// How many elements of the batch are filled, and the index of the next one.
    filled: usize,
    next: usize,
    steps: Steps,
}

impl<'a> ElementWalk<'a> {
    pub(crate) fn new(elements: &'a Elements, take: bool) -> Self {
        let key = elements.key_size();
        let max = usize::try_from(elements.info.max_entries).unwrap_or(usize::MAX);
        let batch = BATCH_BYTES.checked_div(key + elements.stride()).unwrap_or(1).clamp(1, max.max(1));
        Self {
            elements,
            take,
            single: None,
            cursor: vec![0; elements.cursor_len()],
            begun: false,
            more: true,
            keys: vec![0; batch * key],
            values: vec![0; batch * elements.room()],
            filled: 0,
            next: 0,
            steps: Steps::of(elements),
        }
    }

    pub(crate) fn step(&mut self) -> Result<Option<Entry<'_>>, ElementError> {
        while self.next == self.filled && self.more && self.single.is_none() {
            self.fetch()?;
        }
        let (key, value) = (self.elements.key_size(), self.elements.stride());
        if let Some(keys) = &mut self.single {
            let room = &mut self.values[..self.elements.room()];
            loop {
                // What is taken is gone: the next key is the first one again.
                keys.begun &= !self.take;
                let Some(key) = keys.step()? else { return Ok(None) };
                // A key that was removed since then has no value, and is passed over.
                let found = if self.take { self.elements.take(key, room) } else { self.elements.lookup(key, room) };
                if found? {
                    return Ok(Some((&keys.key, &room[..value])));
                }
            }
        }
        if self.next == self.filled {
            return Ok(None);
        }
        let at = self.next;
        self.next += 1;
        Ok(Some((&self.keys[at * key..][..key], &self.values[at * value..][..value])))
    }

    /// Returns whether keys may be removed now without the walk beginning anew: between two batches
    /// of a hash table.
    pub(crate) fn is_between(&self) -> bool {
        self.next == self.filled && self.single.is_none() && self.elements.is_hash()
    }

    fn fetch(&mut self) -> Result<(), ElementError> {
        let batch =
            self.elements.lookup_batch(self.take, self.begun, &mut self.cursor, &mut self.keys, &mut self.values)?;
        match batch {
            Fetched::Elements { count, more } => {
                self.steps.take(count, self.elements)?;
                (self.begun, self.more, self.filled, self.next) = (true, more, count, 0);
            }
            // One bucket of the hash table has more elements than that, but never more than the
            // whole table can have.
            Fetched::TooSmall => {
                let batch = (self.keys.len() / self.elements.key_size().max(1)) as u64;
                self.steps.take(if batch > self.steps.all { usize::MAX } else { 1 }, self.elements)?;
                self.keys.resize(2 * self.keys.len(), 0);
                self.values.resize(2 * self.values.len(), 0);
            }
            Fetched::NoBatches => self.single = Some(KeyWalk::new(self.elements)),
        }
        Ok(())
    }
}
