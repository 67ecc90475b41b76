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
    pub fn rate(&self, now: Instant) -> Option<f64> {
        let ((first, before), (_, after)) = (self.heard.front()?, self.heard.back()?);
        let took = now.duration_since(*first).as_secs_f64();
        let done = u32::try_from(after - before.min(after)).unwrap_or(u32::MAX);
        (done > 0 && took > 0.0).then(|| f64::from(done) / took)
    }

    /// How long the rest will take at this pace.
    pub fn time_left(&self, now: Instant, rest: u64) -> Option<Duration> {
        let rest = f64::from(u32::try_from(rest).unwrap_or(u32::MAX));
        self.rate(now).and_then(|rate| Duration::try_from_secs_f64(rest / rate).ok())
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
        assert_eq!(pace.rate(after(2)), Some(1_000.0));
        assert_eq!(pace.rate(after(4)), Some(500.0), "a pause slows it down");
        assert_eq!(pace.time_left(after(2), 3_000), Some(Duration::from_secs(3)));
        pace.note(after(20), 8_000);
        pace.note(after(30), 9_000);
        assert_eq!(pace.rate(after(30)), Some(100.0), "from the 20th second on");
    }
}
