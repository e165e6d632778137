//! A small machine with the memory order of arm64, which runs a litmus test in every order that its
//! rules allow.
//!
//! A thread does its steps in any order, except where one of these holds a
//! step back (`Machine::held`):
//!
//! - a register that an earlier step loads is its address, its value, or the condition of its store;
//! - both are at the same address. (A load may take the value of a store that is
//!   still to be done.)
//! - an earlier load acquires, or it is itself a store that releases;
//! - a fence between them: `acq` holds all steps behind the loads before it, `rel` holds the stores
//!   behind all steps before it, `full` holds everything;
//! - the place of an earlier step is not known yet, and this one stores.
//!
//! A store reaches all other threads at once (arm64 is "multi-copy atomic", Arm ARM B2.3). A
//! read-modify-write is a load and a store, each with its own place in the order, between which no
//! other thread stores there: so a load behind an exchange may be done before the exchange stores.
//! Where Arm gives more (a release followed by an acquire, `dmb` as a release fence), the machine
//! gives only what the language promises. What it leaves out is the forwarding of a store whose
//! condition is still open; no test here loads what it stored on a condition.

use std::collections::{BTreeMap, HashSet};

/// Memory orders of a step: the order, and whether the test needs it (no `~` behind it).
#[derive(Clone, Debug, PartialEq)]
struct Orders(Vec<(String, bool)>);

impl Orders {
    fn has(&self, order: &str) -> bool {
        self.0.iter().any(|(name, _)| name == order)
    }
}

#[derive(Clone, Debug)]
enum Does {
    Load,
    Store,
    /// A read-modify-write: `cas` with the value that is expected, `swap`, `add`.
    Cas(Operand),
    Swap,
    Add,
    Fence,
}

/// A number, the address of a place (`&x`), or what is in a register; as a place, `x` or `*r`.
#[derive(Clone, Debug)]
enum Operand {
    Number(u8),
    Register(usize),
}

#[derive(Clone, Debug)]
struct Step {
    does: Does,
    /// The register that is loaded.
    to: Option<usize>,
    /// The address.
    place: Operand,
    value: Operand,
    /// The store is done only if the register holds the number.
    only_if: Option<(usize, u8)>,
    orders: Orders,
}

/// How much of a step is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Done {
    No,
    /// The load of a read-modify-write.
    Half,
    Yes,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Load,
    Store,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    memory: Vec<u8>,
    registers: Vec<Option<u8>>,
    done: Vec<Vec<Done>>,
}

/// A litmus test. `Machine::of` says how it is written.
#[derive(Clone)]
pub(super) struct Machine {
    threads: Vec<Vec<Step>>,
    memory: Vec<u8>,
    registers: usize,
    /// Outcomes that must not be: in each, registers and places with what they hold at the end.
    never: Vec<Vec<(Operand, u8)>>,
}

/// Addresses are told from small numbers.
const ADDRESS: u8 = 100;

#[derive(Default)]
struct Names {
    places: Vec<String>,
    registers: Vec<String>,
}

impl Names {
    fn index(names: &mut Vec<String>, name: &str) -> usize {
        names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        })
    }
    fn address(&mut self, name: &str) -> u8 {
        ADDRESS + u8::try_from(Self::index(&mut self.places, name)).expect("few places")
    }
    fn register(&mut self, name: &str) -> usize {
        Self::index(&mut self.registers, name)
    }
    fn number(&mut self, word: &str) -> u8 {
        word.strip_prefix('&').map_or_else(|| word.parse().expect(word), |name| self.address(name))
    }
    fn place(&mut self, word: &str) -> Operand {
        match word.strip_prefix('*') {
            Some(register) => Operand::Register(self.register(register)),
            None => Operand::Number(self.address(word)),
        }
    }
    fn value(&mut self, word: &str) -> Operand {
        let is_number = word.starts_with(|first: char| first == '&' || first.is_ascii_digit());
        if is_number { Operand::Number(self.number(word)) } else { Operand::Register(self.register(word)) }
    }

    fn step(&mut self, text: &str) -> Step {
        let mut words: Vec<_> = text.split_whitespace().collect();
        let mut only_if = None;
        if words[0] == "if" {
            let (register, number) = words[1].split_once('=').expect(text);
            only_if = Some((self.register(register), self.number(number)));
            words.drain(..2);
        }
        let orders = |word: &str| {
            let mut parts = word.split('.');
            let name = parts.next().expect("a word").to_owned();
            (name, Orders(parts.map(|part| (part.trim_end_matches('~').to_owned(), !part.ends_with('~'))).collect()))
        };
        let none = Operand::Number(0);
        let (does, to, place, value, orders) = match *words {
            [fence] => (Does::Fence, None, none.clone(), none, orders(fence).1),
            [place, ":=", value] => {
                let (place, orders) = orders(place);
                (Does::Store, None, self.place(&place), self.value(value), orders)
            }
            [to, "=", place] => {
                let (place, orders) = orders(place);
                (Does::Load, Some(self.register(to)), self.place(&place), none, orders)
            }
            [to, "=", does, place, ref rest @ ..] => {
                let (name, orders) = orders(does);
                let does = match &*name {
                    "cas" => Does::Cas(self.value(rest[0])),
                    "swap" => Does::Swap,
                    "add" => Does::Add,
                    _ => panic!("{text}"),
                };
                let value = self.value(rest.last().expect(text));
                (does, Some(self.register(to)), self.place(place), value, orders)
            }
            _ => panic!("{text}"),
        };
        assert!(only_if.is_none() || matches!(does, Does::Store), "only a store has a condition: {text}");
        Step { does, to, place, value, only_if, orders }
    }
}

impl Machine {
    /// Reads a test:
    ///
    /// ```text
    /// start next=&end          what memory holds at first, where it is not 0
    /// x := 1      | r = y.acq  a step of each thread; a load, with its order
    /// y.rel := 1  | s = x      a store, with its order; `*p` is the place whose address is in p
    /// r = cas.acq.rel x 0 1    compare and exchange; also `swap`, `add`. `r` is what was there
    /// fence.full               `acq`, `rel`, `full`
    /// if r=1 x := 2            a store on a condition
    /// never r=1 s=0 | r=2      what must not be at the end: registers and places
    /// ```
    ///
    /// A `~` behind an order says that arm64 does not need it here; the language does.
    pub(super) fn of(text: &str) -> Self {
        let mut names = Names::default();
        let (mut start, mut threads, mut never) = (BTreeMap::new(), Vec::<Vec<Step>>::new(), Vec::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let equations = |names: &mut Names, text: &str| -> Vec<(String, u8)> {
                let pairs = text.split_whitespace().map(|pair| pair.split_once('=').expect(text));
                pairs.map(|(name, number)| (name.to_owned(), names.number(number))).collect()
            };
            if let Some(text) = line.strip_prefix("start ") {
                for (name, number) in equations(&mut names, text) {
                    start.insert(names.address(&name), number);
                }
            } else if let Some(text) = line.strip_prefix("never ") {
                never.extend(text.split('|').map(|outcome| equations(&mut names, outcome)));
            } else {
                for (i, step) in line.split('|').enumerate() {
                    threads.resize_with(threads.len().max(i + 1), Vec::new);
                    if !step.trim().is_empty() {
                        threads[i].push(names.step(step));
                    }
                }
            }
        }
        let outcome = |(name, number): (String, u8)| {
            if let Some(register) = names.registers.iter().position(|known| *known == name) {
                return (Operand::Register(register), number);
            }
            let place = names.places.iter().position(|known| *known == name).expect("a place or a register");
            (Operand::Number(ADDRESS + u8::try_from(place).expect("few places")), number)
        };
        let never = never.into_iter().map(|outcomes| outcomes.into_iter().map(outcome).collect()).collect();
        let memory = (ADDRESS..).take(names.places.len()).map(|at| start.get(&at).copied().unwrap_or(0)).collect();
        Self { threads, memory, registers: names.registers.len(), never }
    }

    /// The tests that this one becomes when one order is left out: where it is, whether it is
    /// needed, and the test.
    pub(super) fn weakened(&self) -> Vec<(String, bool, Self)> {
        let mut all = Vec::new();
        for (t, steps) in self.threads.iter().enumerate() {
            for (s, step) in steps.iter().enumerate() {
                for (o, (order, is_needed)) in step.orders.0.iter().enumerate() {
                    let mut weak = self.clone();
                    weak.threads[t][s].orders.0.remove(o);
                    all.push((format!("`{order}` in step {} of thread {}", s + 1, t + 1), *is_needed, weak));
                }
            }
        }
        all
    }

    /// Whether one of the outcomes that must not be can be reached.
    pub(super) fn can_fail(&self) -> bool {
        let done = |step: &Step| if matches!(step.does, Does::Fence) { Done::Yes } else { Done::No };
        let first = State {
            memory: self.memory.clone(),
            registers: vec![None; self.registers],
            done: self.threads.iter().map(|steps| steps.iter().map(done).collect()).collect(),
        };
        let (mut seen, mut open, mut ends) = (HashSet::from([first.clone()]), vec![first], 0);
        while let Some(state) = open.pop() {
            if state.done.iter().flatten().all(|done| *done == Done::Yes) {
                ends += 1;
                let holds = |(name, number): &(Operand, u8)| match name {
                    Operand::Register(register) => state.registers[*register] == Some(*number),
                    Operand::Number(address) => state.memory[usize::from(address - ADDRESS)] == *number,
                };
                if self.never.iter().any(|outcome| outcome.iter().all(holds)) {
                    return true;
                }
                continue;
            }
            for (t, steps) in self.threads.iter().enumerate() {
                let next = (0..steps.len()).filter_map(|s| self.after(&state, t, s));
                open.extend(next.filter(|next| seen.insert(next.clone())));
            }
        }
        assert!(ends > 0, "the threads come to an end");
        false
    }

    /// The state after the next part of a step, if that can be done now.
    fn after(&self, state: &State, t: usize, s: usize) -> Option<State> {
        let (step, done) = (&self.threads[t][s], state.done[t][s]);
        let part = match (&step.does, done) {
            (_, Done::Yes) => return None,
            (Does::Store, _) | (_, Done::Half) => Part::Store,
            _ => Part::Load,
        };
        let mut next = state.clone();
        if let Some((register, number)) = step.only_if
            && state.registers[register]? != number
        {
            next.done[t][s] = Done::Yes;
            return Some(next);
        }
        let place = state.read(&step.place)?;
        let value = state.read(&step.value)?;
        let at = usize::from(place.checked_sub(ADDRESS)?);
        if (0..s).any(|earlier| self.held(state, t, earlier, s, part)) {
            return None;
        }
        if !matches!(step.does, Does::Load) && self.is_locked(state, t, place) {
            return None;
        }
        // A later load that was done at this place before its address was known is done again: that
        // is another of the orders.
        let overtook = |later: usize| {
            let loaded = matches!(self.threads[t][later].does, Does::Load) && state.done[t][later] == Done::Yes;
            loaded && state.read(&self.threads[t][later].place) == Some(place)
        };
        if matches!(step.place, Operand::Register(_)) && (s + 1..state.done[t].len()).any(overtook) {
            return None;
        }
        if part == Part::Load {
            let own = (0..s).rev().find(|i| self.is_pending_store(state, t, *i, place));
            let found = own.map_or(Some(state.memory[at]), |own| state.read(&self.threads[t][own].value))?;
            next.registers[step.to?] = Some(found);
            let ends = match &step.does {
                Does::Cas(expected) => state.read(expected)? != found,
                does => matches!(does, Does::Load),
            };
            next.done[t][s] = if ends { Done::Yes } else { Done::Half };
        } else {
            let before = step.to.and_then(|to| state.registers[to]).unwrap_or(0);
            next.memory[at] = if matches!(step.does, Does::Add) { before + value } else { value };
            next.done[t][s] = Done::Yes;
        }
        Some(next)
    }

    /// Whether a step that is not done holds back a part of a later one.
    fn held(&self, state: &State, t: usize, earlier: usize, later: usize, part: Part) -> bool {
        let (first, second) = (&self.threads[t][earlier], &self.threads[t][later]);
        let (loads, stores) = match (&first.does, state.done[t][earlier]) {
            (_, Done::Yes) => return false,
            (Does::Load, _) => (true, false),
            (Does::Store, _) | (_, Done::Half) => (false, true),
            _ => (true, true),
        };
        let fenced = |step: &Step| {
            let orders = &step.orders;
            let by_kind = orders.has("acq") && loads || orders.has("rel") && part == Part::Store;
            matches!(step.does, Does::Fence) && (orders.has("full") || by_kind)
        };
        let by_order = first.orders.has("acq") && loads || second.orders.has("rel") && part == Part::Store;
        let same = match (state.read(&first.place), state.read(&second.place)) {
            (Some(a), Some(b)) if a == b => {
                let forwards = matches!(first.does, Does::Store) && matches!(second.does, Does::Load);
                let is_known = state.read(&first.value).is_some() && first.only_if.is_none();
                !(forwards && is_known)
            }
            (None, _) => part == Part::Store && (loads || stores),
            _ => false,
        };
        let is_full = first.orders.has("full") || second.orders.has("full");
        is_full || by_order || same || self.threads[t][earlier..later].iter().any(fenced)
    }

    fn is_pending_store(&self, state: &State, t: usize, s: usize, place: u8) -> bool {
        let step = &self.threads[t][s];
        matches!(step.does, Does::Store) && state.done[t][s] == Done::No && state.read(&step.place) == Some(place)
    }

    /// Whether another thread is in the middle of a read-modify-write of this place.
    fn is_locked(&self, state: &State, t: usize, place: u8) -> bool {
        let half = |other: usize, s: usize| {
            state.done[other][s] == Done::Half && state.read(&self.threads[other][s].place) == Some(place)
        };
        (0..self.threads.len()).any(|other| other != t && (0..self.threads[other].len()).any(|s| half(other, s)))
    }
}

impl State {
    fn read(&self, operand: &Operand) -> Option<u8> {
        match operand {
            Operand::Number(number) => Some(*number),
            Operand::Register(register) => self.registers[*register],
        }
    }
}
