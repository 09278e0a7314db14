//! Who is who, on every file system that can be made here: the cases below run again with their files on each.
//! Which ran, and which did not, is printed.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use follow_common::{Scene, append, concat, numbered, stage};
use rotascope::follow::Target;
use rotascope::platform;

/// Names of the tests that are run on each file system.
const CASES: &str = "case_";

/// A file in the lower layer of an overlay.
const BELOW: &str = "below.log";

/// A file system of its own; gone with this.
struct Mount(PathBuf);

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: whoever still holds a file there must not keep the mount for ever.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn run(program: &str, arguments: &[&str], paths: &[&Path]) -> Result<(), String> {
    let told = |output: Output| {
        let text = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ");
        if output.status.success() { Ok(()) } else { Err(format!("{program}: {text}")) }
    };
    let output = Command::new(program).args(arguments).args(paths).output();
    output.map_err(|error| format!("{program}: {error}")).and_then(told)
}

/// Makes a file system in `folder/on` with what is needed for it beside that.
fn mount(kind: &str, folder: &Path) -> Result<Vec<Mount>, String> {
    let on = folder.join("on");
    fs::create_dir(&on).unwrap();
    match kind {
        "tmpfs" => run("mount", &["-t", "tmpfs", "-o", "size=64m", "none"], &[&on])?,
        "overlay" => {
            let base = folder.join("base");
            fs::create_dir(&base).unwrap();
            // What lies above must not be an overlay itself.
            run("mount", &["-t", "tmpfs", "-o", "size=64m", "none"], &[&base])?;
            let below = Mount(base.clone());
            let parts = ["lower", "upper", "work"].map(|part| base.join(part));
            parts.iter().for_each(|part| fs::create_dir(part).unwrap());
            fs::write(parts[0].join(BELOW), numbered("below", 0..30).concat()).unwrap();
            let [lower, upper, work] = parts.map(|part| part.display().to_string());
            let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
            run("mount", &["-t", "overlay", "-o", &options, "none"], &[&on])?;
            return Ok(vec![Mount(on), below]);
        }
        _ => {
            let image = folder.join("image");
            File::create(&image).unwrap().set_len(400 << 20).unwrap();
            let force = if kind == "ext4" { "-F" } else { "-f" };
            run(&format!("mkfs.{kind}"), &["-q", force], &[&image])?;
            run("mount", &["-o", "loop"], &[&image, &on])?;
        }
    }
    Ok(vec![Mount(on)])
}

/// Past what the test harness keeps to itself.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[test]
fn the_cases_hold_on_every_file_system() {
    for kind in ["ext4", "xfs", "btrfs", "tmpfs", "overlay"] {
        let folder = tempfile::tempdir().unwrap();
        let mounts = match mount(kind, folder.path()) {
            Ok(mounts) => mounts,
            Err(reason) => {
                say(&format!("followed on {kind}: did not run ({reason})"));
                continue;
            }
        };
        let again = Command::new(std::env::current_exe().unwrap())
            .args([CASES, "--nocapture"])
            .env("TMPDIR", folder.path().join("on"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&again.stdout).into_owned() + &String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success(), "{kind}: {text}");
        let told = text.lines().find(|line| line.contains("generation")).unwrap_or_default();
        say(&format!("followed on {kind}: ran; {told}"));
        drop(mounts);
    }
}

/// A log that came with the lower layer of an overlay, as with a container's image: with the first write it goes to the
/// upper one, and is the same file all the same.
#[test]
fn what_is_copied_up_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let mounts = match mount("overlay", folder.path()) {
        Ok(mounts) => mounts,
        Err(reason) => return say(&format!("copied up on an overlay: did not run ({reason})")),
    };
    let path = folder.path().join("on").join(BELOW);
    let mut scene = Scene::new(stage(), &[Target::Path(path.clone())], false);
    scene.wait_lines(30);
    for round in 0..3 {
        append(&path, &numbered(&format!("{round}"), 0..2));
        scene.wait_lines(32 + 2 * round);
        scene.catch_up();
    }
    let all = ["below", "0", "1", "2"].map(|name| numbered(name, 0..if name == "below" { 30 } else { 2 }));
    scene.assert_lines(&all.concat());
    scene.assert_kinds(&[]);
    say("copied up on an overlay: ran");
    drop(scene);
    drop(mounts);
}

/// Two files that have one inode number in turn are two files, however soon one comes after the other.
#[test]
fn case_one_inode_number_in_turn() {
    let dir = stage();
    let path = dir.path().join("P");
    let identity = || {
        let file = File::create_new(&path).unwrap();
        let id = platform::file_id(&file.metadata().unwrap());
        (id.dev, id.ino, id.born_ns, platform::generation(&file))
    };
    let mut before = identity();
    let (mut reused, generation) = (0, before.3.is_some());
    for _ in 0..50 {
        fs::remove_file(&path).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5)); // one tick of the file system's clock
        let next = identity();
        assert_ne!(before, next);
        reused += usize::from(before.1 == next.1);
        before = next;
    }
    assert!(before.2 > 0, "no time of birth");
    println!("inode number used again at once {reused} times in 50, generation {generation}");
}

#[test]
fn case_rotated_again_and_again() {
    let mut scene = Scene::of_path();
    let mut lines = Vec::new();
    for round in 0..20 {
        let two = numbered(&format!("r{round}"), 0..2);
        append(&scene.p(), &two);
        lines.extend(two);
        fs::rename(scene.p(), scene.path(&format!("P.{round}"))).unwrap();
    }
    append(&scene.p(), &numbered("end", 0..2));
    lines.extend(numbered("end", 0..2));
    scene.wait_lines(lines.len());
    scene.catch_up();
    scene.assert_lines(&lines);
}

#[test]
fn case_deleted_and_made_again() {
    let mut scene = Scene::of_path();
    let mut lines = Vec::new();
    for round in 0..20 {
        let some = numbered(&format!("{round}"), 0..round + 1);
        append(&scene.p(), &some);
        lines.extend(some);
        scene.wait_lines(lines.len());
        fs::remove_file(scene.p()).unwrap();
    }
    append(&scene.p(), &numbered("end", 0..2));
    lines.extend(numbered("end", 0..2));
    scene.wait_lines(lines.len());
    scene.catch_up();
    scene.assert_lines(&lines);
    let count = |kind: &str| scene.kinds().iter().filter(|one| **one == kind).count();
    assert_eq!((count("created"), count("deleted")), (21, 20), "{}", scene.report());
}

#[test]
fn case_replaced_truncated_and_refilled() {
    let mut scene = Scene::of_path();
    let mut lines = numbered("a", 0..6);
    append(&scene.p(), &lines);
    scene.wait_lines(6);
    for round in 0..5 {
        let (new, same) = (numbered(&format!("{round}n"), 0..9), numbered(&format!("{round}s"), 0..9));
        append(&scene.path("P.new"), &new);
        fs::rename(scene.path("P.new"), scene.p()).unwrap();
        scene.wait_lines(lines.len() + 9);
        fs::write(scene.p(), same.concat()).unwrap();
        scene.wait_lines(lines.len() + 18);
        lines = concat(&[&lines, &new, &same]);
    }
    scene.catch_up();
    scene.assert_lines(&lines);
    let count = |kind: &str| scene.kinds().iter().filter(|one| **one == kind).count();
    assert_eq!((count("replaced"), count("truncated")), (5, 5), "{}", scene.report());
}
