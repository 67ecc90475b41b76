//! One folding of text for everything that compares, searches or sorts.
//!
//! The stored folded columns, the values of segment rules, `q` and the test's evaluator all go through
//! [`fold`]; SQL then compares bytes (`COLLATE "C"`). The database's own `lower` and `unaccent` depend on
//! the cluster's locale and are not used.

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The longest text, in bytes, that goes into an index key.
const KEY_BYTES: usize = 500;

/// Text as it is compared: compatibility decomposed (NFKD), combining marks dropped, case folded.
///
/// `Liège` and `LIEGE` fold to `liege`, `straße` to `strasse`. Letters that Unicode does not decompose stay
/// themselves: `Łukasz` folds to `łukasz`, not to `lukasz`. Folding what is folded changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = fold_once(text);
    // A case folding may yield something that decomposes again.
    loop {
        let again = fold_once(&folded);
        if again == folded {
            return folded;
        }
        folded = again;
    }
}

/// The words of a text, folded: what `q` is searched by.
pub fn folded_words(text: &str) -> Vec<String> {
    fold(text).split_whitespace().map(str::to_owned).collect()
}

/// The folded text cut to 500 bytes on a character boundary: what an index key holds, because a B-tree entry
/// has no room for long texts. Two texts with the same key may still differ; compare the full texts too.
pub fn fold_key(text: &str) -> String {
    let mut key = fold(text);
    key.truncate(key.floor_char_boundary(KEY_BYTES));
    key
}

fn fold_once(text: &str) -> String {
    text.nfkd().filter(|&letter| !is_combining_mark(letter)).default_case_fold().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_what_people_type_in_many_ways_to_one_form() {
        for (text, folded) in [
            ("Liège", "liege"),
            ("LIE\u{300}GE", "liege"),
            ("straße", "strasse"),
            ("STRAẞE", "strasse"),
            ("İstanbul", "istanbul"),
            ("ﬁnley", "finley"),
            ("Łukasz", "łukasz"),
            ("𝕱𝖗𝖆𝖐", "frak"),
            ("山田", "山田"),
            ("ﾔﾏﾀﾞ", "ヤマタ"),
            ("Σίσυφος", "σισυφοσ"),
            ("Ꭰ", "Ꭰ"),
            ("", ""),
            ("\u{301}", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn every_character_folds_to_something_stable() {
        for letter in '\0'..=char::MAX {
            let folded = fold(&letter.to_string());
            assert_eq!(fold(&folded), folded, "U+{:04X}", letter as u32);
        }
    }

    #[test]
    fn a_key_is_cut_on_a_character_boundary() {
        let key = fold_key(&"é山".repeat(300));
        assert!(key.len() <= 500 && key.len() > 496);
        assert!(fold(&"é山".repeat(300)).starts_with(&key));
        assert_eq!(fold_key("Liège"), "liege");
        assert!(fold_key(&"\u{fdfa}".repeat(100)).len() <= 500);
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn case_does_not_matter(text in "[a-zA-ZàéîõüßÀÉÎÕÜ ]{0,40}") {
            prop_assert_eq!(fold(&text.to_uppercase()), fold(&text.to_lowercase()));
        }
    }
}
