//! The two loaders, behind one trait: whatever holds with one must hold with the other.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use aya::maps::{PerCpuArray, PerCpuHashMap};
use aya::programs::{SchedClassifier, TestRun, TestRunOptions, Xdp};
use libbpf_rs::{AsRawLibbpf, MapCore, MapFlags, ObjectBuilder, OpenMapMut, ProgramInput};
use mapvalue::{MapValue, PerCpu, Storable};

/// A loaded object, with its maps and programs. The programs are classifiers or XDP programs.
pub trait Loader: Send + Sync + Sized {
    /// The loader's type of a map.
    type Map<'a>: AsFd
    where
        Self: 'a;

    /// Loads the object with all of its programs.
    fn load(object: &[u8]) -> Self;

    /// The map of this name; for a section of globals, the name of the section.
    fn map(&self, name: &str) -> Self::Map<'_>;

    /// The descriptor of a program.
    fn with_program<R>(&self, program: &str, then: impl FnOnce(BorrowedFd<'_>) -> R) -> R;

    /// Each CPU's value for a key of a map of a `PERCPU` type with values of `SIZE` bytes, read
    /// through the loader's interface.
    fn per_cpu<T: MapValue, const SIZE: usize>(&self, map: &str, key: u32) -> PerCpu<T>;

    /// Runs a program `times` times on a packet (`BPF_PROG_TEST_RUN`). Returns the last verdict.
    fn run_on(&self, program: &str, packet: &[u8], times: u32) -> u32;

    /// Runs a program once on an empty packet.
    fn run(&self, program: &str) -> u32 {
        self.run_repeatedly(program, 1)
    }

    /// Runs a program `times` times on an empty packet. Returns the last verdict.
    fn run_repeatedly(&self, program: &str, times: u32) -> u32 {
        // The length of an Ethernet header, the least that the kernel accepts.
        self.run_on(program, &[0; 14], times)
    }
}

/// An object loaded by libbpf-rs.
pub struct Libbpf(libbpf_rs::Object);

impl Libbpf {
    /// Loads the object after `prepare` has seen one of its maps.
    ///
    /// # Panics
    ///
    /// If it has no map of this name, or cannot be loaded.
    pub fn load_with(object: &[u8], map: &str, prepare: impl FnOnce(OpenMapMut<'_>)) -> Self {
        let mut open = ObjectBuilder::default().open_memory(object).expect("libbpf opens the object");
        prepare(open.maps_mut().find(|found| found.name() == map).unwrap_or_else(|| panic!("no map `{map}`")));
        Self(open.load().expect("libbpf loads the object"))
    }

    /// The result of `bpf_map__initial_value` for a map.
    pub fn initial_value(&self, map: &str) -> *mut u8 {
        let mut size = 0usize;
        let map = self.map(map).as_libbpf_object();
        // SAFETY: the map is one of the object's, which lives as long as `self`; the call writes a
        // `size_t`.
        unsafe { libbpf_rs::libbpf_sys::bpf_map__initial_value(map.as_ptr(), (&raw mut size).cast()) }.cast()
    }

    /// Runs a program of type `syscall` once, with a context that it may change. Returns its
    /// result.
    ///
    /// # Panics
    ///
    /// If the kernel refuses.
    pub fn call<T: Storable>(&self, program: &str, context: &mut T) -> u32 {
        let mut bytes = context.to_bytes();
        let input = ProgramInput { context_in: Some(&mut bytes), ..ProgramInput::default() };
        let returned = self.program(program).test_run(input).expect("run a program").return_value;
        *context = T::from_bytes(&bytes).expect("the context as the program left it");
        returned
    }

    /// Pins a program at a path in a BPF file system.
    ///
    /// # Panics
    ///
    /// If the kernel refuses.
    pub fn pin_program(&self, program: &str, path: impl AsRef<Path>) {
        self.program(program).pin(path).expect("pin a program");
    }

    fn program(&self, name: &str) -> libbpf_rs::ProgramMut<'_> {
        self.0.progs_mut().find(|program| program.name() == name).unwrap_or_else(|| panic!("no program `{name}`"))
    }
}

impl Loader for Libbpf {
    type Map<'a> = libbpf_rs::Map<'a>;

    fn load(object: &[u8]) -> Self {
        let open = ObjectBuilder::default().open_memory(object).expect("libbpf opens the object");
        Self(open.load().expect("libbpf loads the object"))
    }

    fn map(&self, name: &str) -> libbpf_rs::Map<'_> {
        // The map of `.bss` itself has the object's name too: `OBJECT.bss`.
        let is = |map: &libbpf_rs::Map<'_>| map.name().to_str().is_some_and(|found| is_map(found, name));
        self.0.maps().find(is).unwrap_or_else(|| panic!("no map `{name}`"))
    }

    fn with_program<R>(&self, program: &str, then: impl FnOnce(BorrowedFd<'_>) -> R) -> R {
        then(self.program(program).as_fd())
    }

    fn per_cpu<T: MapValue, const SIZE: usize>(&self, map: &str, key: u32) -> PerCpu<T> {
        let map = self.map(map);
        assert_eq!(map.value_size() as usize, SIZE);
        let values = map.lookup_percpu(&key.to_ne_bytes(), MapFlags::ANY).expect("libbpf looks a key up");
        PerCpu::from_values(values.expect("the key is there")).expect("what libbpf gives is decoded")
    }

    fn run_on(&self, program: &str, packet: &[u8], times: u32) -> u32 {
        let input = ProgramInput { data_in: Some(packet), repeat: times, ..ProgramInput::default() };
        self.program(program).test_run(input).expect("run a program").return_value
    }
}

fn is_map(found: &str, name: &str) -> bool {
    found == name || name.starts_with('.') && found.ends_with(name)
}

impl fmt::Debug for Libbpf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Libbpf").field(&self.0.name()).finish()
    }
}

/// An object loaded by aya.
#[derive(Debug)]
pub struct Aya(aya::Ebpf);

impl Loader for Aya {
    type Map<'a> = &'a aya::maps::MapFd;

    fn load(object: &[u8]) -> Self {
        // Without the kernel's own BTF: no program here needs it, and it takes long to read.
        let mut loaded = aya::EbpfLoader::new().btf(None).load(object).expect("aya loads the object");
        for (name, program) in loaded.programs_mut() {
            match program {
                aya::programs::Program::SchedClassifier(program) => program.load(),
                aya::programs::Program::Xdp(program) => program.load(),
                _ => panic!("program `{name}` is of a type that these tests do not run"),
            }
            .expect("aya loads a program");
        }
        Self(loaded)
    }

    fn map(&self, name: &str) -> &aya::maps::MapFd {
        match self.0.map(name) {
            Some(
                aya::maps::Map::Array(data) | aya::maps::Map::PerCpuArray(data) | aya::maps::Map::PerCpuHashMap(data),
            ) => data.fd(),
            Some(_) => panic!("map `{name}` is of a type that these tests do not look into"),
            None => panic!("no map `{name}`"),
        }
    }

    fn with_program<R>(&self, program: &str, then: impl FnOnce(BorrowedFd<'_>) -> R) -> R {
        let found = self.0.program(program).unwrap_or_else(|| panic!("no program `{program}`"));
        then(found.fd().expect("the program is loaded").as_fd())
    }

    fn per_cpu<T: MapValue, const SIZE: usize>(&self, map: &str, key: u32) -> PerCpu<T> {
        let map = self.0.map(map).unwrap_or_else(|| panic!("no map `{map}`"));
        let values = match map {
            aya::maps::Map::PerCpuArray(_) => {
                PerCpuArray::<_, [u8; SIZE]>::try_from(map).expect("values of this size").get(&key, 0)
            }
            _ => PerCpuHashMap::<_, u32, [u8; SIZE]>::try_from(map).expect("values of this size").get(&key, 0),
        };
        PerCpu::from_values(values.expect("aya looks a key up").iter()).expect("what aya gives is decoded")
    }

    fn run_on(&self, program: &str, packet: &[u8], times: u32) -> u32 {
        let options = TestRunOptions { data_in: Some(packet), repeat: times, ..TestRunOptions::new() };
        let found = self.0.program(program).unwrap_or_else(|| panic!("no program `{program}`"));
        let result = if let Ok(classifier) = <&SchedClassifier>::try_from(found) {
            classifier.test_run(options)
        } else {
            <&Xdp>::try_from(found).expect("a classifier or an XDP program").test_run(options)
        };
        result.expect("run a program").return_value
    }
}
