//! Standard codes: countries (ISO 3166-1 alpha-2), languages (ISO 639-1) and currencies (ISO 4217).
//!
//! The lists are sorted; the crates behind them answer for one code, a rule editor wants them all.

use std::sync::LazyLock;

use iso_currency::Currency;
use isolang::Language;

/// All country codes, upper case.
pub fn countries() -> &'static [&'static str] {
    static COUNTRIES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let mut codes = rust_iso3166::ALL_ALPHA2.to_vec();
        codes.sort_unstable();
        codes
    });
    &COUNTRIES
}

/// All two-letter language codes, lower case.
pub fn languages() -> &'static [&'static str] {
    static LANGUAGES: LazyLock<Vec<&str>> =
        LazyLock::new(|| pairs('a'..='z').filter_map(|code| Language::from_639_1(&code)?.to_639_1()).collect());
    &LANGUAGES
}

/// All currency codes, upper case.
pub fn currencies() -> &'static [&'static str] {
    static CURRENCIES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        ('A'..='Z')
            .flat_map(|first| pairs('A'..='Z').map(move |rest| format!("{first}{rest}")))
            .filter_map(|code| Currency::from_code(&code).map(|currency| currency.code()))
            .collect()
    });
    &CURRENCIES
}

fn pairs(letters: std::ops::RangeInclusive<char>) -> impl Iterator<Item = String> {
    letters.clone().flat_map(move |first| letters.clone().map(move |second| format!("{first}{second}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole_and_sorted() {
        for (codes, members, stranger, at_least) in [
            (countries(), ["BE", "GB", "NL"], "XX", 249),
            (languages(), ["de", "fr", "nl"], "xx", 180),
            (currencies(), ["EUR", "USD", "JPY"], "ABC", 150),
        ] {
            assert!(codes.is_sorted() && codes.len() >= at_least, "{} codes", codes.len());
            assert!(members.iter().all(|code| codes.binary_search(code).is_ok()), "{members:?}");
            assert!(codes.binary_search(&stranger).is_err());
        }
    }
}
