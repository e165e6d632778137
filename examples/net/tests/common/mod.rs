//! Runs examples, and reads their output.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The path of an example. Cargo builds it for all tests of this package, but not for a test that
/// is run by name.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("where this test is");
    let path = test.ancestors().nth(2).expect("the folder of the profile").join("examples").join(name);
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    // The sources it was built from, as cargo lists them for make.
    let sources = fs::read_to_string(path.with_extension("d")).unwrap_or_default().replace("\\ ", "\0");
    let (_, sources) = sources.trim().split_once(": ").unwrap_or_default();
    let is_older = |source: &str| {
        changed(Path::new(&source.replace('\0', " ")))
            .is_ok_and(|source| changed(&path).is_ok_and(|built| source <= built))
    };
    let is_new = !sources.is_empty() && sources.split(' ').all(is_older);
    assert!(is_new, "{} is not there, or old: run `cargo build -p mapvalue-examples-net --examples`", path.display());
    Command::new(path)
}

/// Says that a test is skipped, and why; with `MAPVALUE_REQUIRE_KERNEL=1`, it fails instead.
pub(crate) fn skip(reason: &str) {
    let required = std::env::var_os("MAPVALUE_REQUIRE_KERNEL").is_some_and(|value| value == "1");
    assert!(!required, "MAPVALUE_REQUIRE_KERNEL=1, but {reason}");
    // Not `eprintln!`, which the test harness hides when a test passes.
    let _ = writeln!(io::stderr(), "{}: skipped: {reason}", thread::current().name().unwrap_or("a test"));
}

/// The line in which an example says why it runs without BPF.
pub(crate) fn no_bpf_reason(said: &str) -> Option<&str> {
    said.lines().find(|line| line.contains("No BPF here"))
}

/// A program and its output. Dropping this ends the program.
pub(crate) struct Running {
    child: Child,
    output: Receiver<Vec<u8>>,
    said: Vec<u8>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (sender, output) = channel();
        let stdout: Box<dyn Read + Send> = Box::new(child.stdout.take().unwrap());
        let stderr: Box<dyn Read + Send> = Box::new(child.stderr.take().unwrap());
        for mut stream in [stdout, stderr] {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    // When the test is over, nobody reads this.
                    let _ = sender.send(buffer[..length].to_vec());
                }
            });
        }
        Self { child, output, said: Vec::new() }
    }

    /// Waits until it has printed `what`. Returns all output.
    pub(crate) fn wait_for(&mut self, what: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = String::from_utf8_lossy(&self.said).into_owned();
            if said.contains(what) {
                return said;
            }
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(more) => self.said.extend(more),
                Err(error) => panic!("it does not say `{what}` ({error}), but\n{said}"),
            }
        }
    }

    /// Types something.
    #[allow(dead_code, reason = "not in all tests")]
    pub(crate) fn type_in(&mut self, keys: &str) {
        self.child.stdin.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until it ends well. Returns all output.
    #[allow(dead_code, reason = "not in all tests")]
    pub(crate) fn wait(mut self) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(more) = self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.said.extend(more);
        }
        assert!(Instant::now() < deadline, "it does not end");
        let status = self.child.wait().unwrap();
        let said = String::from_utf8_lossy(&self.said).into_owned();
        assert!(status.success(), "{status}:\n{said}");
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
