//! Code that the examples share.

#![forbid(unsafe_code)]

#[cfg(feature = "libbpf")]
pub mod programs;

use std::error::Error;
use std::io;

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
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            let none = matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported);
            return none.then(|| error.to_string());
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
