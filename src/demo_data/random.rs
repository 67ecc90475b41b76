//! A small generator of random numbers: the same seed gives the same numbers on every machine and in every version.

/// `SplitMix64` (Steele, Lea and Flood, 2014).
pub struct Random(u64);

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Random {
    /// The numbers of one row: they do not depend on how many rows there are.
    pub fn of_row(seed: u64, file: &str, row: u64) -> Self {
        let mut random = Self(seed);
        for byte in file.bytes() {
            random.0 = random.next() ^ u64::from(byte);
        }
        random.0 = random.next() ^ row;
        Self(random.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end` - 1; `end` is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A number from `first` to `last`.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// True in `share` of 1,000 cases.
    pub fn permille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        let end = u64::try_from(of.len()).unwrap_or(u64::MAX);
        of[usize::try_from(self.below(end)).unwrap_or_default()]
    }

    /// What `text` makes in `share` of 1,000 cases, else an empty cell.
    pub fn sometimes(&mut self, share: u64, text: impl FnOnce(&mut Self) -> String) -> String {
        if self.permille(share) { text(self) } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn numbers_are_those_of_the_published_generator() {
        let mut random = Random(1_234_567);
        let numbers = [random.next(), random.next(), random.next()];
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn rows_and_files_have_numbers_of_their_own() {
        let first = |file, row| Random::of_row(7, file, row).next();
        assert_eq!(first("deals", 1), first("deals", 1));
        assert_ne!(first("deals", 1), first("deals", 2));
        assert_ne!(first("deals", 1), first("invoices", 1));
    }
}
