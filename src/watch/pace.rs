//! How fast it goes, and how long it will take: by what was done in the last seconds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What lies further back says little of what is to come.
const WINDOW: Duration = Duration::from_secs(15);

/// Records done, by when that was heard.
#[derive(Debug, Default)]
pub struct Pace {
    heard: VecDeque<(Instant, u64)>,
}

impl Pace {
    pub fn note(&mut self, at: Instant, done: u64) {
        self.heard.push_back((at, done));
        while self.heard.len() > 2 && self.heard.front().is_some_and(|(first, _)| at.duration_since(*first) > WINDOW) {
            self.heard.pop_front();
        }
    }

    /// Records a second, up to now; none before anything was done.
    pub fn rate(&self, now: Instant) -> Option<u64> {
        self.lately(now).map(|(done, milliseconds)| done * 1000 / milliseconds.max(1))
    }

    /// How long the rest will take at this pace, in whole seconds, rounded up.
    pub fn time_left(&self, now: Instant, rest: u64) -> Option<Duration> {
        self.lately(now).map(|(done, milliseconds)| Duration::from_secs((rest * milliseconds).div_ceil(done * 1000)))
    }

    /// What was done in the window, if anything, and in how many milliseconds.
    fn lately(&self, now: Instant) -> Option<(u64, u64)> {
        let ((first, before), (_, after)) = (self.heard.front()?, self.heard.back()?);
        let milliseconds = u64::try_from(now.duration_since(*first).as_millis()).ok()?;
        let done = after.saturating_sub(*before);
        (done > 0).then_some((done, milliseconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_seconds() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();
        assert_eq!(pace.rate(after(1)), None);
        pace.note(start, 5_000);
        assert_eq!(pace.rate(after(1)), None, "what was done before is nobody's pace");
        pace.note(after(2), 7_000);
        assert_eq!(pace.rate(after(2)), Some(1_000));
        assert_eq!(pace.rate(after(4)), Some(500), "a pause slows it down");
        assert_eq!(pace.time_left(after(2), 3_000), Some(Duration::from_secs(3)));
        assert_eq!(pace.time_left(after(2), 1), Some(Duration::from_secs(1)));
        pace.note(after(20), 8_000);
        pace.note(after(30), 9_000);
        assert_eq!(pace.rate(after(30)), Some(100), "from the 20th second on");
    }
}
