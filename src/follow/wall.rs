//! Jumps of the machine's clock. Nothing that is followed depends on it, but what others write bears its time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::state::{Ended, State};
use crate::event::FollowEvent;
use crate::platform;

/// Less is a clock being steered.
const LEAST: Duration = Duration::from_millis(500);
/// A comparison that took longer, because the machine was busy, is worth nothing.
const AT_ONCE_NS: u64 = 20_000_000;

/// The wall clock, held against one that nobody can set.
#[derive(Debug, Default)]
pub(super) struct Wall {
    /// How far the wall clock was ahead.
    ahead_ns: Option<i128>,
}

impl Wall {
    /// How far the clock has jumped since the last call.
    fn jump_ms(&mut self) -> Option<i64> {
        let before = platform::boot_ns();
        // A clock before 1970 has been set, too.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i128);
        let taken = platform::boot_ns().saturating_sub(before);
        if taken > AT_ONCE_NS {
            return None;
        }
        self.jump_to(wall - i128::from(before))
    }

    fn jump_to(&mut self, ahead_ns: i128) -> Option<i64> {
        let jump = ahead_ns - self.ahead_ns.replace(ahead_ns)?;
        (jump.unsigned_abs() >= LEAST.as_nanos()).then_some((jump / 1_000_000) as i64)
    }
}

impl State {
    pub(super) fn tell_clock(&mut self) -> Result<(), Ended> {
        let Some(jump_ms) = self.wall.jump_ms() else { return Ok(()) };
        // What is made from now on bears times of the clock as it is now.
        self.began = moved(self.began, jump_ms);
        for since in self.lives.values_mut().map(|life| &mut life.since) {
            *since = moved(*since, jump_ms);
        }
        for since in self.parked.values_mut().map(|parked| &mut parked.since) {
            *since = moved(*since, jump_ms);
        }
        self.say(FollowEvent::ClockJump { jump_ms })
    }
}

fn moved(time: SystemTime, by_ms: i64) -> SystemTime {
    let by = Duration::from_millis(by_ms.unsigned_abs());
    let moved = if by_ms < 0 { time.checked_sub(by) } else { time.checked_add(by) };
    moved.unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_is_told_once_and_steering_is_none() {
        let mut wall = Wall::default();
        let hour = 3_600_000_000_000;
        let told: Vec<Option<i64>> =
            [0, 400_000_000, -hour, -hour, 0].into_iter().map(|ahead| wall.jump_to(ahead)).collect();
        assert_eq!(told, [None, None, Some(-3_600_400), None, Some(3_600_000)]);
    }
}
