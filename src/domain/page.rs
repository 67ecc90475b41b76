//! Pages of a list: keyset cursors, opaque to the caller and bound to the list's sort and filter.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::error::{Error, Result};

pub const DEFAULT_LIMIT: i64 = 50;
pub const MAX_LIMIT: i64 = 200;

/// Which page of a list is asked for. `K` is the sort key of the last row seen, which ends in the row's id.
#[derive(Debug, Clone)]
pub struct PageRequest<K> {
    /// 1..=200
    pub limit: i64,
    pub after: Option<K>,
    pub with_total: bool,
    fingerprint: String,
}

#[derive(Debug, Clone)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub next_cursor: Option<String>,
    pub total: Option<i64>,
}

/// Where the next page starts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PageInfo {
    /// Give it back as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
    /// All matches, when `with_total=true` was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl<K: Serialize + DeserializeOwned> PageRequest<K> {
    /// `query` is whatever decides which rows come in which order: a cursor only fits the one it was made for.
    ///
    /// # Errors
    /// `Invalid` for a limit outside 1..=200, `InvalidCursor` for a cursor that is not of this list.
    pub fn new(limit: Option<i64>, cursor: Option<&str>, with_total: bool, query: &impl Serialize) -> Result<Self> {
        let limit = limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::field("?limit", "must be a whole number from 1 to 200"));
        }
        let fingerprint = fingerprint(query)?;
        let after = cursor.map(|cursor| decode(cursor, &fingerprint)).transpose()?;
        Ok(Self { limit, after, with_total, fingerprint })
    }

    /// A part of a whole list, of any size, which hands out no cursors.
    pub fn part(limit: i64, after: Option<K>) -> Self {
        Self { limit, after, with_total: false, fingerprint: String::new() }
    }

    /// The number of rows to fetch: one more than shown, which tells whether a next page exists.
    pub fn fetch(&self) -> i64 {
        self.limit + 1
    }

    /// Cuts the surplus row off and makes the cursor from the last row shown.
    pub fn page<T>(&self, mut rows: Vec<T>, total: Option<i64>, key: impl Fn(&T) -> K) -> Result<Page<T>> {
        let shown = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next_cursor = match rows.last() {
            Some(last) if more => Some(encode(&key(last), &self.fingerprint)?),
            _ => None,
        };
        Ok(Page { data: rows, next_cursor, total })
    }
}

fn fingerprint(query: &impl Serialize) -> Result<String> {
    let text = serde_json::to_vec(query).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..6]))
}

fn encode(key: &impl Serialize, fingerprint: &str) -> Result<String> {
    let text = serde_json::to_vec(&(fingerprint, key)).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(text))
}

fn decode<K: DeserializeOwned>(cursor: &str, fingerprint: &str) -> Result<K> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| Error::InvalidCursor)?;
    let (made_for, key): (String, K) = serde_json::from_slice(&bytes).map_err(|_| Error::InvalidCursor)?;
    if made_for == fingerprint { Ok(key) } else { Err(Error::InvalidCursor) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_fits_its_list_only() {
        let request = PageRequest::<(String, i64)>::new(Some(1), None, false, &"a").expect("valid");
        let page = request.page(vec![1, 2], None, |row| ("x".to_owned(), *row)).expect("page");
        assert_eq!(page.data, [1]);
        let cursor = page.next_cursor.expect("a second row exists");
        let next = PageRequest::<(String, i64)>::new(None, Some(&cursor), false, &"a").expect("its own cursor");
        assert_eq!(next.after, Some(("x".to_owned(), 1)));
        assert!(matches!(
            PageRequest::<(String, i64)>::new(None, Some(&cursor), false, &"b"),
            Err(Error::InvalidCursor)
        ));
        assert!(matches!(PageRequest::<(String, i64)>::new(None, Some("%%"), false, &"a"), Err(Error::InvalidCursor)));
    }
}
