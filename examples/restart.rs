//! Shows that a pinned arena outlives the process that used it, even one that is killed in the
//! middle of a change.
//!
//! Five hundred jobs wait in a list, or are done and have their result in a table. An agent does
//! jobs, and takes done ones up again. It is killed at some moment, five times. Each time a new
//! agent opens the arena by its pin, looks at everything, repairs what was left half done, and goes
//! on. That takes three rules:
//!
//! - Each change is ordered so that it can be cut short: first into the new place, then out of the
//!   old one. A job that is in both places is one whose change was cut short.
//! - Lists and tables can be walked, whatever moment a writer died at. A back pointer may be wrong:
//!   `repair` corrects it.
//! - Nothing that matters is known only in the process. Here, each job has memory of its own.
//!
//! The arena is the kernel's, pinned in a BPF file system that we mount (as root). Without the
//! privilege for that, it is a memfd, which we keep open for the agents.

#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

use mapvalue::arena::{ListEntry, TableEntry};
use mapvalue::{Arena, ArenaFlags, ArenaHashMap, ArenaList, ArenaPtr};
use mapvalue_examples::{Result, check, no_bpf_reason};

type Waiting = ArenaList<ListEntry<u32>>;
type Results = ArenaHashMap<u32, u64>;

const PAGES: u64 = 16;
const JOBS: u32 = 500;
/// The places in the arena: both heads, the buckets of the table, and memory for each job in the
/// list and in the table.
const WAITING: u64 = 64;
const RESULTS: u64 = 128;
const BUCKETS: u64 = 0x1000;
const WAITING_JOBS: u64 = 0x2000;
const DONE_JOBS: u64 = 0x8000;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, place] = arguments.as_slice()
        && role == "--agent"
    {
        return agent(Path::new(place));
    }
    let place = Place::new()?;
    for moment in [1, 5, 2, 9, 4] {
        let mut agent = Command::new(std::env::current_exe()?)
            .args([Path::new("--agent"), place.path()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(agent.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
        print!("{line}");
        thread::sleep(Duration::from_millis(moment));
        check(agent.try_wait()?.is_none(), "the agent works until it is killed")?;
        agent.kill()?;
        agent.wait()?;
        println!("  ... and is killed after {moment} ms (SIGKILL)");
    }
    let (jobs, found) = Jobs::open(&place.open()?)?;
    println!("{found}");
    while let Some(job) = jobs.first_waiting()? {
        jobs.finish(job)?;
    }
    check(jobs.results.len()? == JOBS as usize, "all jobs are done in the end")?;
    println!("All {JOBS} jobs are done, and none was lost.");
    Ok(())
}

/// An agent's life. It does not end by itself, unless its parent does.
fn agent(place: &Path) -> Result<()> {
    let parent = parent_id();
    let (jobs, found) = Jobs::open(&open(place)?)?;
    println!("{found}");
    for round in 0.. {
        // A few are done, and as many done ones are taken up again.
        for _ in 0..10 {
            if let Some(job) = jobs.first_waiting()? {
                jobs.finish(job)?;
            }
        }
        for job in (0..JOBS).filter(|job| job % 53 == round % 53) {
            jobs.take_up_again(job)?;
        }
        // The parent may die as well, and then nobody would kill this agent.
        if parent_id() != parent {
            break;
        }
    }
    Ok(())
}

struct Jobs {
    arena: Arena,
    waiting: Waiting,
    results: Results,
}

impl Jobs {
    /// All jobs wait.
    fn set_up(arena: &Arena) -> Result<()> {
        let waiting = Waiting::open(arena, arena.at(WAITING))?;
        Results::init(arena, arena.at(RESULTS), arena.at(BUCKETS), 64)?;
        for job in 0..JOBS {
            let element = Self::waiting_element(arena, job);
            arena.get(element)?.value.store(job);
            waiting.push_front(element)?;
        }
        Ok(())
    }

    /// The jobs as the last agent left them, repaired; and a line about the repairs.
    fn open(arena: &Arena) -> Result<(Self, String)> {
        let waiting = Waiting::open(arena, arena.at(WAITING))?;
        let results = Results::open(arena, arena.at(RESULTS))?;
        // First the back pointers: with a wrong one, an element cannot be removed.
        let mended = waiting.repair()? + results.repair()?;

        let (mut is_waiting, mut cut_short) = (vec![false; JOBS as usize], 0);
        for entry in &waiting {
            let job = entry?.value.load();
            *is_waiting.get_mut(job as usize).ok_or("a job that there is not")? = true;
        }
        for entry in &results {
            let entry = entry?;
            let job = entry.key.load();
            check(entry.value.load() == result_of(job), "a result is whole")?;
            let is_waiting = is_waiting.get_mut(job as usize).ok_or("a job that there is not")?;
            if *is_waiting {
                // It was on its way from one to the other. It will be done again.
                results.remove(&job)?;
                cut_short += 1;
            }
            *is_waiting = true;
        }
        check(is_waiting.iter().all(|found| *found), "each job is somewhere")?;
        let (waits, done) = (waiting.check()?, results.check()?);
        let found = format!(
            "An agent finds jobs waiting: {waits}, done: {done}, cut short: {cut_short}; back pointers mended: {mended}"
        );
        Ok((Self { arena: arena.clone(), waiting, results }, found))
    }

    fn waiting_element(arena: &Arena, job: u32) -> ArenaPtr<ListEntry<u32>> {
        arena.at(WAITING_JOBS + u64::from(job) * size_of::<ListEntry<u32>>() as u64)
    }

    fn done_element(&self, job: u32) -> ArenaPtr<TableEntry<u32, u64>> {
        self.arena.at(DONE_JOBS + u64::from(job) * size_of::<TableEntry<u32, u64>>() as u64)
    }

    fn first_waiting(&self) -> Result<Option<u32>> {
        Ok(self.waiting.first()?.map(|entry| entry.value.load()))
    }

    fn finish(&self, job: u32) -> Result<()> {
        self.results.insert(self.done_element(job), job, result_of(job))?;
        self.waiting.remove(Self::waiting_element(&self.arena, job))?;
        Ok(())
    }

    fn take_up_again(&self, job: u32) -> Result<()> {
        if self.results.get(&job)?.is_some() {
            self.waiting.push_front(Self::waiting_element(&self.arena, job))?;
            self.results.remove(&job)?;
        }
        Ok(())
    }
}

fn result_of(job: u32) -> u64 {
    u64::from(job).pow(2)
}

/// Where agents find the arena.
enum Place {
    /// A pin. The arena lives as long as the pin or any process that has opened the arena.
    Pinned(Pin),
    /// A path to the descriptor of a memfd in this process.
    Memfd(PathBuf, Arena),
}

/// Why an arena in our BPF file system is impossible here; any other error is a failure.
fn no_arena_reason(error: Box<dyn Error + Send + Sync>) -> Result<String> {
    if error.is::<NotMounted>() { Ok(error.to_string()) } else { no_bpf_reason(error.as_ref()).ok_or(error) }
}

/// The words of `mount`.
#[derive(Debug)]
struct NotMounted(String);

impl Error for NotMounted {}

impl fmt::Display for NotMounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no BPF file system can be mounted: {}", self.0.trim())
    }
}

impl Place {
    fn new() -> Result<Self> {
        match Pin::new() {
            Ok(pin) => {
                println!("The arena is the kernel's, pinned at {}.\n", pin.path.display());
                Ok(Self::Pinned(pin))
            }
            Err(error) => {
                let reason = no_arena_reason(error)?;
                println!("No kernel arena here ({reason}).\nThe arena is a memfd.\n");
                let arena = Arena::memfd(PAGES)?;
                Jobs::set_up(&arena)?;
                let number = arena.fd().ok_or("not a memfd")?.as_raw_fd();
                Ok(Self::Memfd(format!("/proc/{}/fd/{number}", process::id()).into(), arena))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Pinned(pin) => &pin.path,
            Self::Memfd(path, _) => path,
        }
    }

    fn open(&self) -> Result<Arena> {
        match self {
            Self::Pinned(pin) => Ok(Arena::from_pin(&pin.path)?),
            Self::Memfd(_, arena) => Ok(arena.clone()),
        }
    }
}

fn open(place: &Path) -> Result<Arena> {
    if place.starts_with("/proc") {
        let memfd = OpenOptions::new().read(true).write(true).open(place)?;
        return Ok(Arena::from_memfd(&memfd)?);
    }
    Ok(Arena::from_pin(place)?)
}

/// An arena that is pinned in a BPF file system of its own. Dropping this removes both. (A real
/// agent pins below /sys/fs/bpf, and leaves the pin there.)
struct Pin {
    folder: PathBuf,
    path: PathBuf,
}

impl Pin {
    fn new() -> Result<Self> {
        let arena = Arena::create(PAGES, ArenaFlags::default())?;
        // Before it is pinned, so that nobody finds it half done. After this function, only the pin
        // keeps it.
        Jobs::set_up(&arena)?;
        let folder = std::env::temp_dir().join(format!("mapvalue-restart-{}", process::id()));
        fs::create_dir(&folder)?;
        let pin = Self { path: folder.join("jobs"), folder };
        let mounted = Command::new("mount").args(["-t", "bpf", "mapvalue-restart"]).arg(&pin.folder).output()?;
        if !mounted.status.success() {
            return Err(NotMounted(String::from_utf8_lossy(&mounted.stderr).into()).into());
        }
        arena.pin(&pin.path)?;
        Ok(pin)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        // Whichever parts of it exist.
        let _ = fs::remove_file(&self.path);
        let _ = Command::new("umount").arg(&self.folder).output();
        let _ = fs::remove_dir(&self.folder);
    }
}
