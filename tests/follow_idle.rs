//! Idle means idle. A program of its own: it counts the wake-ups of all its threads.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use follow_common::{Scene, append, numbered, stage};
use rotascope::follow::Target;

/// With nothing to do the follower's threads wake up at most about once a second.
#[test]
fn idle_is_idle() {
    let dir = stage();
    for number in 0..5 {
        append(&dir.path().join(format!("{number}.log")), &numbered("a", 0..10));
    }
    let target = Target::Folder(dir.path().to_owned());
    let mut scene = Scene::new(dir, &[target], false);
    scene.pass(Duration::from_millis(1500));
    let before = switches();
    let seen = scene.seen.len();
    scene.pass(Duration::from_secs(3));
    let wakes: u64 = switches().iter().map(|(name, count)| count - before.get(name).copied().unwrap_or(0)).sum();
    assert!(wakes <= 5, "{wakes} wake-ups in 3 s: {:?} {:?}", before, switches());
    assert_eq!(scene.seen.len(), seen, "{}", scene.report());
}

/// Voluntary context switches of the follower's thread and the notifications' one, by thread id.
fn switches() -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir("/proc/self/task").unwrap().flatten() {
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let count = field("voluntary_ctxt_switches:").and_then(|count| count.parse().ok());
        if let (Some("follower" | "deputy ear"), Some(count)) = (field("Name:"), count) {
            found.insert(entry.file_name().to_string_lossy().into_owned(), count);
        }
    }
    found
}
