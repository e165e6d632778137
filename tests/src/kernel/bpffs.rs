//! A place to pin to.

use std::env;
use std::ffi::CString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A BPF file system that only this thread and the processes that it starts see. It ends with them.
#[derive(Debug)]
pub struct PrivateBpffs(PathBuf);

impl PrivateBpffs {
    /// Mounts the file system.
    ///
    /// # Panics
    ///
    /// If the process is not root.
    pub fn mount() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("mapvalue-bpffs-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("make a folder");
        let path = c_path(&folder);
        let none = ptr::null();
        // SAFETY: it takes an integer, and changes only which mounts this thread sees.
        checked(unsafe { libc::unshare(libc::CLONE_NEWNS) }, "unshare");
        let private = libc::MS_REC | libc::MS_PRIVATE;
        // SAFETY: takes C strings and nulls.
        checked(unsafe { libc::mount(none, c"/".as_ptr(), none, private, ptr::null()) }, "make mounts private");
        // SAFETY: takes C strings.
        checked(unsafe { libc::mount(c"bpf".as_ptr(), path.as_ptr(), c"bpf".as_ptr(), 0, ptr::null()) }, "mount bpffs");
        Self(folder)
    }

    /// The path at which to pin something under a name.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The number of pins.
    ///
    /// # Panics
    ///
    /// If this thread does not see the file system.
    pub fn count(&self) -> usize {
        fs::read_dir(&self.0).expect("the folder is there").count()
    }
}

impl Drop for PrivateBpffs {
    fn drop(&mut self) {
        let path = c_path(&self.0);
        // SAFETY: takes a C string.
        unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) };
        let _ = fs::remove_dir(&self.0);
    }
}

fn c_path(path: &std::path::Path) -> CString {
    CString::new(path.to_str().expect("a path in UTF-8")).expect("a path without zeros")
}

fn checked(result: libc::c_int, what: &str) {
    assert_eq!(result, 0, "{what}: {}", io::Error::last_os_error());
}
