//! Which processes hold which files open for writing. The system tells it without root of one's own processes only;
//! of others' nothing is said, not even that they were passed over. It never tells of other containers' from within one.
//! Linux alone tells it at all.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::FileId;

/// A descriptor through which a process can write to a regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFile {
    /// The process.
    pub pid: u32,
    /// Its number there.
    pub descriptor: i32,
    /// Which file.
    pub file_id: FileId,
    /// Size in bytes at this look.
    pub size: u64,
    /// The name by which it was opened, wherever it has been moved since; the last one if it has none now.
    pub path: PathBuf,
    /// Whether that name is gone.
    pub unlinked: bool,
}

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessFacts {
    /// The program's short name, as `ps` shows it.
    pub name: String,
    /// Its command line, words separated by blanks.
    pub command: String,
}

/// Whether any process can write to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// One can.
    Yes,
    /// None can.
    No,
    /// None of those that may be looked at; there are others.
    Unknown,
}

/// Every descriptor of these processes, or of all but this one, through which a regular file can be written to.
///
/// # Errors
/// `Unsupported` where the system does not tell. A process that ends during the look, or that belongs to another user,
/// is no error.
#[cfg(target_os = "linux")]
pub fn open_for_writing(processes: Option<&[u32]>) -> io::Result<Vec<OpenFile>> {
    use procfs::process::{Process, all_processes};
    let own = std::process::id();
    let mut found = Vec::new();
    match processes {
        Some(pids) => {
            for pid in pids {
                if let Some(process) = i32::try_from(*pid).ok().and_then(|pid| Process::new(pid).ok()) {
                    look_at(&process, &mut found);
                }
            }
        }
        None => {
            let others = all_processes().map_err(io::Error::other)?.flatten();
            for process in others.filter(|process| process.pid() as u32 != own) {
                look_at(&process, &mut found);
            }
        }
    }
    Ok(found)
}

/// Whether any process of this machine, this one included, can write to these files.
#[cfg(target_os = "linux")]
pub fn written_to(files: &[FileId]) -> HashMap<FileId, Written> {
    use procfs::process::all_processes;
    let Ok(all) = all_processes() else { return all_of(files, Written::Unknown) };
    let mut found = Vec::new();
    let mut unseen = !is_all_shown();
    for process in all.flatten() {
        unseen |= look_at(&process, &mut found) == Seen::Closed;
    }
    let mut written = all_of(files, if unseen { Written::Unknown } else { Written::No });
    for one in found {
        written.entry(one.file_id).and_modify(|written| *written = Written::Yes);
    }
    written
}

/// Whether `/proc` can show every process. In a container it shows that container's alone, and others may write to a
/// volume that they share; and where the first process is hidden, so are those of other users.
#[cfg(target_os = "linux")]
fn is_all_shown() -> bool {
    // The number that the kernel gives to the first namespace, on every machine. Asked of this process: the first one's
    // is kept from whoever may do less than that.
    const FIRST: &str = "pid:[4026531836]";
    let namespace = std::fs::read_link("/proc/self/ns/pid");
    namespace.is_ok_and(|namespace| namespace.as_os_str() == FIRST) && procfs::process::Process::new(1).is_ok()
}

/// Whether processes of other machines may write to a file, which no machine tells of another.
#[cfg(target_os = "linux")]
pub fn is_on_network(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|found| is_network(found.f_type as u32))
}

/// The file systems that several machines can have mounted, by their numbers in `statfs`.
#[cfg(target_os = "linux")]
fn is_network(kind: u32) -> bool {
    const NUMBERS: [u32; 21] = [
        0x0000_6969, // NFS
        0x0000_517b, // SMB
        0xff53_4d42, // CIFS
        0xfe53_4d42, // SMB 2
        0x5346_414f, // AFS
        0x6b41_4653, // AFS of the kernel
        0x7375_7245, // Coda
        0x0000_564c, // NCP
        0x00c3_6400, // Ceph
        0x0bd0_0bd0, // Lustre
        0x1983_0326, // BeeGFS
        0x4750_4653, // GPFS
        0xaad7_aaea, // PanFS
        0xbeef_dead, // StorNext
        0x6163_6673, // ACFS
        0x0116_1970, // GFS2
        0x7461_636f, // OCFS2
        0x0102_1997, // 9p
        0x6573_5546, // FUSE: sshfs, GlusterFS, folders shared with a virtual machine
        0x786f_4256, // VirtualBox
        0xbacb_acbc, // VMware
    ];
    NUMBERS.contains(&kind)
}

/// The same where the system does not tell of any process.
#[cfg(not(target_os = "linux"))]
pub fn is_on_network(_: &File) -> bool {
    false
}

/// The same where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn written_to(files: &[FileId]) -> HashMap<FileId, Written> {
    all_of(files, Written::Unknown)
}

fn all_of(files: &[FileId], written: Written) -> HashMap<FileId, Written> {
    files.iter().map(|file| (*file, written)).collect()
}

/// Whether a process let itself be looked at. One that has ended has nothing to hide.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Open,
    Closed,
}

/// The same question where the system has no answer.
#[cfg(not(target_os = "linux"))]
pub fn open_for_writing(_: Option<&[u32]>) -> io::Result<Vec<OpenFile>> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(target_os = "linux")]
fn look_at(process: &procfs::process::Process, found: &mut Vec<OpenFile>) -> Seen {
    use procfs::process::{FDPermissions, FDTarget};
    // Whoever may not look gets no list at all.
    let descriptors = match process.fd() {
        Ok(descriptors) => descriptors,
        Err(procfs::ProcError::PermissionDenied(_)) => return Seen::Closed,
        Err(_) => return Seen::Open,
    };
    let pid = process.pid() as u32;
    for one in descriptors.flatten() {
        let FDTarget::Path(path) = &one.target else { continue };
        if !one.mode().contains(FDPermissions::WRITE) || is_device(path) {
            continue;
        }
        // Through the descriptor, so that it is this very file, with or without a name.
        let Ok(metadata) = std::fs::metadata(descriptor_path(pid, one.fd)) else { continue };
        if !metadata.is_file() {
            continue;
        }
        let file_id = super::file_id(&metadata);
        let (path, unlinked) = named(path, super::links(&metadata), file_id);
        found.push(OpenFile { pid, descriptor: one.fd, file_id, size: metadata.len(), path, unlinked });
    }
    Seen::Open
}

/// Most of what is open for writing are terminals and the like: they are told by their names, without a call. Files in
/// memory are found among the devices.
#[cfg(target_os = "linux")]
fn is_device(path: &std::path::Path) -> bool {
    path.starts_with("/proc") || (path.starts_with("/dev") && !path.starts_with("/dev/shm"))
}

/// The name, and whether it is gone: the system appends ` (deleted)` to it then. A file may really be called that.
#[cfg(target_os = "linux")]
fn named(shown: &std::path::Path, links: u64, file_id: FileId) -> (PathBuf, bool) {
    use std::os::unix::ffi::OsStrExt;
    let Some(bare) = shown.as_os_str().as_bytes().strip_suffix(b" (deleted)") else {
        return (shown.to_owned(), false);
    };
    let stands = links > 0 && std::fs::symlink_metadata(shown).is_ok_and(|found| super::file_id(&found) == file_id);
    if stands { (shown.to_owned(), false) } else { (PathBuf::from(std::ffi::OsStr::from_bytes(bare)), true) }
}

/// The path by which another process's descriptor can be opened anew, with this process's own position. Linux only.
pub fn descriptor_path(pid: u32, descriptor: i32) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/fd/{descriptor}"))
}

/// Who a process is; none if it has ended or the system does not tell.
#[cfg(target_os = "linux")]
pub fn process_facts(pid: u32) -> Option<ProcessFacts> {
    let process = procfs::process::Process::new(i32::try_from(pid).ok()?).ok()?;
    let name = process.stat().ok()?.comm;
    let command = process.cmdline().unwrap_or_default().join(" ");
    Some(ProcessFacts { command: if command.is_empty() { name.clone() } else { command }, name })
}

/// The same where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn process_facts(_: u32) -> Option<ProcessFacts> {
    None
}

/// The processes whose environment holds this, `NAME=value`: whoever was started with it and all that came of them,
/// wherever they have moved in the tree of processes. Those of other users are not among them.
#[cfg(target_os = "linux")]
pub fn processes_with(variable: &str) -> Vec<u32> {
    let Ok(all) = procfs::process::all_processes() else { return Vec::new() };
    all.flatten().filter(|process| has(process, variable)).map(|process| process.pid() as u32).collect()
}

/// Whether the environment of this process holds `NAME=value`; one that has ended holds nothing.
#[cfg(target_os = "linux")]
pub fn process_has(pid: u32, variable: &str) -> bool {
    let process = i32::try_from(pid).ok().and_then(|pid| procfs::process::Process::new(pid).ok());
    process.is_some_and(|process| has(&process, variable))
}

#[cfg(target_os = "linux")]
fn has(process: &procfs::process::Process, variable: &str) -> bool {
    let Some((name, value)) = variable.split_once('=') else { return false };
    process.environ().is_ok_and(|environ| environ.get(std::ffi::OsStr::new(name)).is_some_and(|set| set == value))
}

/// The same where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn process_has(_: u32, _: &str) -> bool {
    false
}

/// The same where the system does not tell: nobody.
#[cfg(not(target_os = "linux"))]
pub fn processes_with(_: &str) -> Vec<u32> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    /// A process that writes to nothing but holds a file open.
    struct Holder(Child);

    impl Holder {
        fn of(file: File, environment: &str) -> Holder {
            // The tests' own output may be a file: it is not to be inherited.
            let mut command = Command::new("sleep");
            command.arg("60").stdout(file).stdin(Stdio::null()).stderr(Stdio::null());
            command.env("ROTASCOPE_TEST_MARK", environment);
            Holder(command.spawn().unwrap())
        }
    }

    impl Drop for Holder {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn until(mut so: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !so() {
            assert!(Instant::now() < end, "it did not come to be so");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn a_holder_is_found_with_its_file_before_and_after_that_loses_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("a (deleted)");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"12345").unwrap();
        let file_id = super::super::file_id(&file.metadata().unwrap());
        let holder = Holder::of(file, "a");
        let pid = holder.0.id();
        let of = |list: Vec<OpenFile>| list.into_iter().filter(|one| one.file_id == file_id).collect::<Vec<_>>();
        let expected = OpenFile { pid, descriptor: 1, file_id, size: 5, path: path.clone(), unlinked: false };
        // Between fork and exec it holds what its parent does.
        until(|| of(open_for_writing(None).unwrap()) == [expected.clone()]);
        assert_eq!(of(open_for_writing(Some(&[pid])).unwrap()), std::slice::from_ref(&expected));
        assert_eq!(written_to(&[file_id])[&file_id], Written::Yes);
        fs::remove_file(&path).unwrap();
        let unlinked = OpenFile { unlinked: true, ..expected };
        assert_eq!(of(open_for_writing(None).unwrap()), [unlinked]);
        assert_eq!(fs::read(descriptor_path(pid, 1)).unwrap(), b"12345");
    }

    #[test]
    fn who_only_reads_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, "1").unwrap();
        let holder = Holder::of(File::open(&path).unwrap(), "b");
        until(|| process_facts(holder.0.id()).is_some_and(|facts| facts.name == "sleep"));
        assert_eq!(open_for_writing(Some(&[holder.0.id()])).unwrap(), []);
        let file_id = super::super::file_id(&fs::metadata(&path).unwrap());
        let all_seen = rustix::process::geteuid().is_root() && is_all_shown();
        let known = if all_seen { Written::No } else { Written::Unknown };
        assert_eq!(written_to(&[file_id])[&file_id], known);
    }

    #[test]
    fn in_a_container_nobody_knows_who_else_writes() {
        const CHILD: &str = "ROTASCOPE_TEST_IN_CONTAINER";
        const NAME: &str = "platform::open_files::tests::in_a_container_nobody_knows_who_else_writes";
        let container = || {
            let mut unshare = Command::new("unshare");
            unshare.args(["--user", "--map-root-user", "--fork", "--pid", "--mount-proc"]);
            unshare
        };
        if std::env::var_os(CHILD).is_some() {
            let file_id = super::super::file_id(&tempfile::tempfile().unwrap().metadata().unwrap());
            assert!(open_for_writing(None).is_ok());
            assert_eq!(written_to(&[file_id])[&file_id], Written::Unknown);
            return;
        }
        if !container().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            println!("skipped {NAME}: no namespaces of its own can be made here");
            return;
        }
        let mut again = container();
        again.arg(std::env::current_exe().unwrap()).args(["--exact", NAME, "--nocapture"]).env(CHILD, "1");
        let output = again.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }

    #[test]
    fn other_machines_may_write_to_what_is_on_a_network() {
        let of = |text: &[u8; 4]| u32::from_be_bytes(*text);
        assert!([0x6969, of(b"kAFS"), of(b"esUF"), 0xff00_0000 | of(b"\0SMB")].into_iter().all(is_network));
        assert!(![0xef53, of(b"XFSB"), 0x9123_683e, 0x0102_1994].into_iter().any(is_network));
        assert!(!is_on_network(&tempfile::tempfile().unwrap()));
    }

    #[test]
    fn processes_are_known_by_name_and_by_what_they_were_started_with() {
        let holder = Holder::of(File::open("/dev/null").unwrap(), "c d");
        until(|| processes_with("ROTASCOPE_TEST_MARK=c d") == [holder.0.id()]);
        let facts = process_facts(holder.0.id()).unwrap();
        assert_eq!((facts.name.as_str(), facts.command.as_str()), ("sleep", "sleep 60"));
        assert!(processes_with("ROTASCOPE_TEST_MARK=c").is_empty());
    }

    #[test]
    fn files_in_memory_are_no_devices() {
        assert!(is_device(Path::new("/dev/pts/3")) && is_device(Path::new("/proc/self/mem")));
        assert!(!is_device(Path::new("/dev/shm/app.log")) && !is_device(Path::new("/devices/app.log")));
    }
}
