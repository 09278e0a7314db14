//! Schedules against CPython's own: a recorded table of its answers, and fresh ones if there is a python3 of the version
//! whose behaviour is kept.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use chrono::NaiveTime;
use rotascope::clock::{ClockSetting, Schedule, SchedulePlan, SessionClock, When};
use serde::Deserialize;

/// A row as `tests/data/schedules.py` prints it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Row {
    Rollover(Kind, String, String, u32, bool, Option<NaiveTime>, i64, i64, i64, String, i64),
    Delete(Kind, String, String, u32, Vec<String>, Vec<String>),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Rollover,
    Delete,
}

fn when(text: &str) -> When {
    match text {
        "S" => When::Second,
        "M" => When::Minute,
        "H" => When::Hour,
        "D" => When::Day,
        "midnight" => When::Midnight,
        day => When::Weekday(day.strip_prefix('W').unwrap().parse().unwrap()),
    }
}

fn schedule(plan: SchedulePlan, zone: &str) -> Schedule {
    let setting = ClockSetting { zone: Some(zone.to_owned()), ..ClockSetting::wall() };
    Schedule::new(plan, &SessionClock::new(setting))
}

/// Compares every row, and says how many there were of each kind and how many files were picked.
fn compare(table: &str) -> (usize, usize, usize) {
    let (mut rollovers, mut folders, mut picked_files) = (0, 0, 0);
    for line in table.lines() {
        match serde_json::from_str(line).unwrap() {
            Row::Rollover(kind, zone, unit, interval, utc, at_time, start, first, now, suffix, next) => {
                assert_eq!(kind, Kind::Rollover);
                rollovers += 1;
                let schedule = schedule(SchedulePlan { when: when(&unit), interval, utc, at_time }, &zone);
                let archive = schedule.archive_path(Path::new("logs/a1.log"), first, now);
                let found = (schedule.first_rollover(start), archive, schedule.next_rollover(now));
                assert_eq!(found, (first, format!("logs/a1.log.{suffix}").into(), next), "{line}");
            }
            Row::Delete(kind, base, unit, keep, names, picked) => {
                assert_eq!(kind, Kind::Delete);
                folders += 1;
                picked_files += picked.len();
                let plan = SchedulePlan { when: when(&unit), ..SchedulePlan::default() };
                assert_eq!(schedule(plan, "UTC").to_delete(&base, names, keep), picked, "{line}");
            }
        }
    }
    (rollovers, folders, picked_files)
}

#[test]
fn as_cpython_answered_when_the_table_was_recorded() {
    let (rollovers, folders, picked_files) = compare(include_str!("data/schedules.jsonl"));
    assert_eq!((rollovers, folders), (1200, 300));
    assert!(picked_files > 100);
}

#[test]
fn as_the_python_of_this_machine_answers() {
    let version = Command::new("python3").args(["-c", "import sys; print(sys.version_info[:2])"]).output();
    if !version.is_ok_and(|output| output.stdout.starts_with(b"(3, 11)")) {
        eprintln!("no python3 of version 3.11 here: only the recorded table was compared");
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/schedules.py");
    let seed = std::process::id().to_string();
    let output = Command::new("python3").args([script, "4000", "300", &seed]).output().unwrap();
    assert!(output.status.success(), "seed {seed}: {}", String::from_utf8_lossy(&output.stderr));
    eprintln!("seed {seed}");
    let (rollovers, folders, _) = compare(&String::from_utf8(output.stdout).unwrap());
    assert_eq!((rollovers, folders), (4000, 300));
}

#[test]
fn no_number_of_archives_to_keep_means_all() {
    let schedule = schedule(SchedulePlan::default(), "UTC");
    assert!(schedule.to_delete("a1.log", vec!["a1.log.2026-05-09_10".to_owned()], 0).is_empty());
}

#[test]
fn the_longest_intervals_stay_in_the_calendar() {
    for unit in [When::Second, When::Midnight, When::Weekday(6)] {
        let plan = SchedulePlan { when: unit, interval: u32::MAX, ..SchedulePlan::default() };
        let schedule = schedule(plan, "Europe/Berlin");
        let now = 1_800_000_000;
        assert!(schedule.next_rollover(now) > now);
        assert!(schedule.archive_path(Path::new("a"), schedule.first_rollover(now), now).as_os_str().len() > 5);
    }
}

/// The machine's own zone is whatever TZ says when a process starts, so the comparing is done by a second one.
#[test]
fn the_machines_own_zone_is_reckoned_like_one_with_a_name() {
    const INNER: &str = "ROTASCOPE_TEST_ZONE";
    let Ok(zone) = std::env::var(INNER) else {
        for zone in ["Europe/Berlin", "America/St_Johns"] {
            let mut again = Command::new(std::env::current_exe().unwrap());
            again.args(["--exact", "the_machines_own_zone_is_reckoned_like_one_with_a_name"]);
            assert!(again.env("TZ", zone).env(INNER, zone).output().unwrap().status.success(), "{zone}");
        }
        return;
    };
    let plan = SchedulePlan { when: When::Weekday(0), ..SchedulePlan::default() };
    let machine = Schedule::new(plan, &SessionClock::new(ClockSetting::wall()));
    let named = schedule(plan, &zone);
    for week in 0..300 {
        let now = 1_500_000_000 + week * 603_000;
        assert_eq!(machine.next_rollover(now), named.next_rollover(now), "{zone} {now}");
    }
}
