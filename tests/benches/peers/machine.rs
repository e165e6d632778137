//! The machine that the figures were measured on.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use crate::memory::Kind;

/// The crates that are measured beside this one.
const PEERS: [&str; 5] = ["aya", "libbpf-rs", "libmimalloc-sys", "vm-memory", "zerocopy"];

pub(crate) struct Machine {
    cpu: String,
    cpus: usize,
    kernel: String,
    rustc: String,
    /// Names with their versions.
    peers: Vec<String>,
    memory: &'static str,
}

impl Machine {
    pub(crate) fn describe(kind: Kind) -> Self {
        Self {
            cpu: cpu(),
            cpus: thread::available_parallelism().map_or(1, Into::into),
            kernel: read("/proc/sys/kernel/osrelease"),
            rustc: rustc(),
            peers: PEERS.iter().map(|name| format!("{name} {}", version(name))).collect(),
            memory: match kind {
                Kind::Maps => "BPF array maps",
                Kind::Memfds => "memfds, because BPF is out of reach",
            },
        }
    }

    /// Short enough for the picture.
    pub(crate) fn short(&self) -> String {
        format!("{}, Linux {}", self.cpu, self.kernel)
    }

    pub(crate) fn to_json(&self) -> Value {
        let Self { cpu, cpus, kernel, rustc, peers, memory } = self;
        json!({ "cpu": cpu, "cpus": cpus, "kernel": kernel, "rustc": rustc, "peers": peers, "memory": memory })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cpus, kernel, rustc, peers, memory } = self;
        write!(f, "{cpu}, {cpus} CPUs; Linux {kernel}; {rustc}; {}; memory: {memory}", peers.join(", "))
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|error| format!("unknown ({path}: {error})"), |text| text.trim().to_owned())
}

/// The model's name, or the architecture where /proc/cpuinfo has no such name (CPUs other than
/// x86).
fn cpu() -> String {
    let info = read("/proc/cpuinfo");
    let name =
        info.lines().find_map(|line| Some(line.strip_prefix("model name")?.trim_start_matches([' ', '\t', ':'])));
    name.unwrap_or(std::env::consts::ARCH).to_owned()
}

fn rustc() -> String {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    match Command::new(program).arg("--version").output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => format!("rustc unknown ({error})"),
    }
}

/// The version of a crate that this program was built with. Of several, it is the newest.
fn version(name: &str) -> &'static str {
    const LOCK: &str = include_str!("../../../Cargo.lock");
    let packages =
        LOCK.split("[[package]]\n").filter_map(|package| package.strip_prefix("name = \"")?.split_once("\"\n"));
    let versions = packages.filter(|(found, _)| *found == name);
    let numbers = versions.filter_map(|(_, rest)| rest.strip_prefix("version = \"")?.split('"').next());
    numbers.last().expect("the lock file names it")
}
