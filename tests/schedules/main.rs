//! Random file actions against a model in memory: what must be read of every incarnation, byte for byte, and that what
//! was at the path is read before what came after it.
//!
//! `ROTASCOPE_SCHEDULES=100000 cargo test --test schedules` runs that many; `ROTASCOPE_MINUTES=60` runs them for an
//! hour (with `-- --nocapture` one sees how far it is); `ROTASCOPE_FIRST=5000` begins with that seed; `ROTASCOPE_SEED=17`
//! runs one.
//! Not in the generator yet: cuts to more than nothing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod action;
mod model;
mod run;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use action::{Action, Random};
use run::Named;

const SCHEDULES: u64 = 2000;
const TOLD_EVERY: u64 = 1000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_is_done_to_the_files_every_byte_is_read_once() {
    if let Some(seed) = number("ROTASCOPE_SEED") {
        return judge(seed);
    }
    let first = number("ROTASCOPE_FIRST").unwrap_or(1);
    let count = number("ROTASCOPE_SCHEDULES");
    let end = number("ROTASCOPE_MINUTES").map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let is_over = |seed: u64| match (count, end) {
        (Some(count), _) => seed >= first + count,
        (None, Some(end)) => Instant::now() >= end,
        (None, None) => seed >= first + SCHEDULES,
    };
    let (next, done) = (AtomicU64::new(first), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if is_over(seed) {
                        return;
                    }
                    judge(seed);
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if done.is_multiple_of(TOLD_EVERY) {
                        println!("{done} schedules by seed {seed}");
                    }
                }
            });
        }
    });
    let done = done.into_inner();
    println!("{done} schedules, seeds {first} to {}", first + done - 1);
}

/// Each way of being wrong is caught: the schedules can fail.
#[cfg(debug_assertions)]
#[test]
fn a_follower_that_is_broken_on_purpose_is_caught() {
    for sabotage in ["refill", "shorter", "unlinked", "middles", "gates", "first_byte"] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "whatever_is_done_to_the_files_every_byte_is_read_once"])
            .env("ROTASCOPE_SABOTAGE", sabotage)
            .env("ROTASCOPE_SCHEDULES", "60")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains("shrunk to"), "{sabotage} goes unnoticed: {told}");
    }
}

fn judge(seed: u64) {
    let schedule = schedule(seed);
    // Links that lead out of a followed folder are watched only where they were asked for by name.
    let linked = schedule.iter().flatten().any(|action| matches!(action, Action::Retarget(_)));
    let named = if seed.is_multiple_of(4) && !linked { Named::Pattern } else { Named::Path };
    if let Err(reason) = run::run(&schedule, named) {
        let (short, reason) = shrink(schedule, reason, named);
        panic!("seed {seed}, by {named:?}: {reason}\nshrunk to {short:#?}");
    }
}

/// Groups of actions; the follower looks only between two of them. Now and then it pauses, and misses a lot.
fn schedule(seed: u64) -> Vec<Vec<Action>> {
    let mut random = Random(seed);
    let groups = 3 + random.below(8);
    (0..groups)
        .map(|_| {
            let pauses = random.below(6) == 0;
            let actions = if pauses { 4 + random.below(8) } else { 1 + random.below(4).saturating_sub(1) };
            (0..actions).map(|_| Action::any(&mut random)).collect()
        })
        .collect()
}

/// Leaves out what is not needed for a failure.
fn shrink(mut schedule: Vec<Vec<Action>>, mut reason: String, named: Named) -> (Vec<Vec<Action>>, String) {
    let mut at = 0;
    while at < schedule.iter().map(Vec::len).sum() {
        let mut shorter = schedule.clone();
        let mut left = at;
        for group in &mut shorter {
            if left < group.len() {
                group.remove(left);
                break;
            }
            left -= group.len();
        }
        shorter.retain(|group| !group.is_empty());
        match run::run(&shorter, named) {
            Err(other) => (schedule, reason) = (shorter, other),
            Ok(()) => at += 1,
        }
    }
    (schedule, reason)
}
