//! The system's clocks, and whether the machine's own time zone saves daylight.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of the system's monotonic clock; comparable between processes.
pub fn monotonic_ns() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// What [`monotonic_ns`] was at the system's last tick, which comes every 1 to 10 ms. It costs a fraction of the exact
/// time. Where the system has no such clock it is the exact time.
pub fn monotonic_tick_ns() -> u64 {
    #[cfg(target_os = "linux")]
    let clock = ClockId::MonotonicCoarse;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    nanoseconds(clock)
}

/// Nanoseconds of a clock that nobody can set and that goes on while the machine sleeps.
pub fn boot_ns() -> u64 {
    #[cfg(target_os = "linux")]
    let clock = ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = ClockId::Monotonic;
    nanoseconds(clock)
}

/// Nanoseconds of processor time that the calling thread has used.
pub fn thread_cpu_ns() -> u64 {
    nanoseconds(ClockId::ThreadCPUTime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Whether daylight saving time is in force in the machine's own time zone, at this second since 1970.
pub fn saves_daylight(seconds: i64) -> bool {
    let mut local = std::mem::MaybeUninit::<libc::tm>::uninit();
    #[allow(clippy::unnecessary_cast, reason = "the type's width differs between systems")]
    let seconds = seconds as libc::time_t;
    // SAFETY: both pointers lead to a value of the right type that lives through the call; the function keeps neither.
    let filled = unsafe { libc::localtime_r(&raw const seconds, local.as_mut_ptr()) };
    // SAFETY: a pointer that is not null says that the whole value was filled.
    !filled.is_null() && unsafe { local.assume_init() }.tm_isdst > 0
}
