//! Who reads a pipe, and where that goes on: the other programs of a shell's pipeline. Linux alone tells it.

use std::fs::File;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

/// What tells one pipe from every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PipeId(u64);

/// The pipe that an open file is an end of.
pub fn pipe_id(file: &File) -> Option<PipeId> {
    let metadata = file.metadata().ok()?;
    metadata.file_type().is_fifo().then(|| PipeId(metadata.ino()))
}

/// How many bytes wait in a pipe to be read, asked at either end of it.
#[cfg(target_os = "linux")]
pub fn bytes_in_pipe(pipe: &File) -> Option<u64> {
    rustix::io::ioctl_fionread(pipe).ok()
}

/// The same where it can't be asked at both ends.
#[cfg(not(target_os = "linux"))]
pub fn bytes_in_pipe(_: &File) -> Option<u64> {
    None
}

/// The programs that have one of these pipes as their standard input, and those behind them in turn. A program that
/// reads the output of another one that it started does so elsewhere, and is none of them. Of other users' programs
/// nothing is said.
#[cfg(target_os = "linux")]
pub fn pipeline_behind(pipes: &[PipeId]) -> Vec<u32> {
    let Ok(all) = procfs::process::all_processes() else { return Vec::new() };
    let own = std::process::id();
    let mut waiting = Vec::new();
    for process in all.flatten().filter(|process| process.pid() as u32 != own) {
        // A link is read and nothing is asked of what it leads to, which might not answer.
        let input = process.fd_from_fd(0).ok().and_then(|input| pipe_of(&input));
        waiting.extend(input.map(|pipe| (pipe, process)));
    }
    let mut reached = pipes.to_vec();
    let mut found = Vec::new();
    while let Some(at) = waiting.iter().position(|(pipe, _)| reached.contains(pipe)) {
        let (_, process) = waiting.swap_remove(at);
        reached.extend(written_pipes(&process));
        found.push(process.pid() as u32);
    }
    found
}

#[cfg(target_os = "linux")]
fn written_pipes(process: &procfs::process::Process) -> Vec<PipeId> {
    let descriptors = process.fd().into_iter().flatten().flatten();
    let written = descriptors.filter(|one| one.mode().contains(procfs::process::FDPermissions::WRITE));
    written.filter_map(|one| pipe_of(&one)).collect()
}

#[cfg(target_os = "linux")]
fn pipe_of(descriptor: &procfs::process::FDInfo) -> Option<PipeId> {
    match descriptor.target {
        procfs::process::FDTarget::Pipe(inode) => Some(PipeId(inode)),
        _ => None,
    }
}

/// The same where the system does not tell: nobody.
#[cfg(not(target_os = "linux"))]
pub fn pipeline_behind(_: &[PipeId]) -> Vec<u32> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::OwnedFd;
    use std::process::{Child, Command, Stdio};

    fn started(program: &str, input: impl Into<Stdio>, output: impl Into<Stdio>) -> Child {
        Command::new(program).stdin(input).stdout(output).stderr(Stdio::null()).spawn().unwrap()
    }

    #[test]
    fn a_pipeline_is_followed_to_its_end() {
        let (first, to_first) = std::io::pipe().unwrap();
        let (second, to_second) = std::io::pipe().unwrap();
        let (other, to_other) = std::io::pipe().unwrap();
        let mut children = vec![
            started("cat", OwnedFd::from(first), OwnedFd::from(to_second)),
            started("cat", OwnedFd::from(second), Stdio::null()),
            started("cat", OwnedFd::from(other), Stdio::null()),
        ];
        let pipe = pipe_id(&File::from(OwnedFd::from(to_first.try_clone().unwrap()))).unwrap();
        let mut found = pipeline_behind(&[pipe]);
        found.sort_unstable();
        let mut wanted = vec![children[0].id(), children[1].id()];
        wanted.sort_unstable();
        drop((to_first, to_other));
        for child in &mut children {
            child.wait().unwrap();
        }
        assert_eq!(found, wanted);
    }

    #[test]
    fn whoever_reads_what_it_started_is_no_part_of_a_pipeline() {
        let (reader, writer) = std::io::pipe().unwrap();
        let pipe = pipe_id(&File::from(OwnedFd::from(writer))).unwrap();
        assert!(pipeline_behind(&[pipe]).is_empty());
        drop(reader);
    }

    #[test]
    fn what_waits_in_a_pipe_is_known_at_its_other_end() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut writer = File::from(OwnedFd::from(writer));
        writer.write_all(b"12345").unwrap();
        assert_eq!(bytes_in_pipe(&writer), Some(5));
        reader.read_exact(&mut [0; 2]).unwrap();
        assert_eq!(bytes_in_pipe(&writer), Some(3));
        assert_eq!(pipe_id(&tempfile::tempfile().unwrap()), None);
    }
}
