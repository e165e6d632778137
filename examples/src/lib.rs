//! Code that the examples share.

#![forbid(unsafe_code)]

#[cfg(feature = "libbpf")]
pub mod programs;

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;

use mapvalue::{Arena, ArenaFlags};

/// The result of an example.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Returns an error that names the fact, unless it holds.
///
/// # Errors
///
/// If `holds` is false.
pub fn check(holds: bool, what: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(format!("it does not hold that {what}").into()) }
}

/// Returns the kernel's reason if an error means that this process may not use BPF, or that the
/// kernel has none. An example then shows its point on a memfd. Any other error is a failure.
pub fn no_bpf_reason(error: &(dyn Error + 'static)) -> Option<String> {
    use mapvalue::ArenaError::{System, Unsupported};
    use mapvalue::SystemError::{KernelTooOld, PermissionDenied};

    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let none = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported);
            return none.then(|| error.to_string());
        }
        if let Some(System(PermissionDenied { .. } | KernelTooOld { .. }) | Unsupported) = error.downcast_ref() {
            return Some(error.to_string());
        }
        if error.is::<TooOld>() {
            return Some(error.to_string());
        }
        #[cfg(feature = "libbpf")]
        if let Some(error) = error.downcast_ref::<libbpf_rs::Error>() {
            use libbpf_rs::ErrorKind::{PermissionDenied, Unsupported};
            return matches!(error.kind(), PermissionDenied | Unsupported).then(|| error.to_string());
        }
        cause = error.source();
    }
    None
}

/// The running kernel is older than the BPF programs of an example need.
#[derive(Debug)]
pub struct TooOld {
    needs: &'static str,
    release: String,
}

impl Error for TooOld {}

impl fmt::Display for TooOld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the programs need Linux {}, and this is {}", self.needs, self.release)
    }
}

/// Returns an error before Linux 5.12, whose verifier refuses atomic instructions that return a
/// value with the words "`BPF_STX` uses reserved fields".
///
/// # Errors
///
/// [`TooOld`], which [`no_bpf_reason`] knows.
pub fn has_atomic_fetch() -> Result<()> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_string();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < (5, 12) { Err(TooOld { needs: "5.12", release }.into()) } else { Ok(()) }
}

/// Returns the error that says which kernels have arenas, where this one has none. A loader only
/// says "Invalid argument".
///
/// # Errors
///
/// [`mapvalue::ArenaError`], for some of which [`no_bpf_reason`] gives the reason.
pub fn has_arenas() -> Result<()> {
    Ok(Arena::create(1, ArenaFlags::default()).map(drop)?)
}

/// Whether the example was called with `--memfd`: then it does not use the kernel's BPF.
pub fn memfd_asked_for() -> bool {
    std::env::args().skip(1).any(|argument| argument == "--memfd")
}

/// An Ethernet frame with an IPv4 packet from `source`, an address as C sees it in a packet.
pub fn packet(source: u32) -> [u8; 64] {
    let mut packet = [0; 64];
    packet[12..14].copy_from_slice(&0x0800_u16.to_be_bytes());
    packet[14] = 0x45;
    packet[26..30].copy_from_slice(&source.to_ne_bytes());
    packet
}
