//! Keeps the table of known admins true to the tokens that come in, without a query for each request.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::actor::Actor;
use crate::domain::error::Result;
use crate::repository::db::Db;
use crate::repository::known_admins;

/// What a token says is written down again after so long.
const EVERY: Duration = Duration::from_hours(24);
/// More callers than this a day are written down more than once: a bound on memory, of some megabytes.
const MOST_REMEMBERED: usize = 200_000;

/// What callers this process has written down since when.
pub struct SeenCallers {
    hasher: RandomState,
    seen: Mutex<Seen>,
}

struct Seen {
    since: Instant,
    callers: HashSet<u64>,
}

impl Default for SeenCallers {
    fn default() -> Self {
        Self { hasher: RandomState::new(), seen: Mutex::new(Seen { since: Instant::now(), callers: HashSet::new() }) }
    }
}

impl SeenCallers {
    /// Whether this caller, with just these claims, has not been seen today; from now on it has.
    pub fn is_news(&self, actor: &Actor) -> bool {
        let caller = self.fingerprint(actor);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.since.elapsed() >= EVERY || seen.callers.len() >= MOST_REMEMBERED {
            *seen = Seen { since: Instant::now(), callers: HashSet::new() };
        }
        seen.callers.insert(caller)
    }

    /// Lets the next request of this caller be news again.
    fn forget(&self, actor: &Actor) {
        let caller = self.fingerprint(actor);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).callers.remove(&caller);
    }

    fn fingerprint(&self, actor: &Actor) -> u64 {
        let Actor { account, user_id, email, name, locale, .. } = actor;
        self.hasher.hash_one((account, user_id, actor.is_admin(), email, name, locale))
    }

    /// Writes a caller who is news down: an admin with an address is known from now on, a member is no known admin.
    pub async fn write_down(&self, db: &Db, actor: Actor) {
        if let Err(error) = write(db, actor.clone()).await {
            tracing::warn!(%error, "whether a caller is an admin could not be written down");
            self.forget(&actor);
        }
    }
}

async fn write(db: &Db, actor: Actor) -> Result<()> {
    db.write(actor.account, move |tx| match &actor.email {
        _ if !actor.is_admin() => known_admins::forget(tx, &actor.user_id),
        Some(email) => known_admins::note(tx, &actor, email),
        None => Ok(()),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::{AccountId, Role};

    #[test]
    fn a_caller_is_news_once_a_day_and_whenever_the_token_says_something_new() {
        let seen = SeenCallers::default();
        let ann = Actor {
            account: AccountId(uuid::Uuid::from_u128(1)),
            user_id: "ann".to_owned(),
            role: Role::Admin,
            email: Some("ann@example.com".to_owned()),
            name: None,
            locale: None,
        };
        assert_eq!([seen.is_news(&ann), seen.is_news(&ann)], [true, false]);
        let demoted = Actor { role: Role::Member, ..ann.clone() };
        let moved = Actor { email: Some("ann@example.org".to_owned()), ..ann.clone() };
        let elsewhere = Actor { account: AccountId(uuid::Uuid::from_u128(2)), ..ann.clone() };
        for other in [&demoted, &moved, &elsewhere] {
            assert_eq!([seen.is_news(other), seen.is_news(other)], [true, false], "{other:?}");
        }
        seen.forget(&ann);
        assert!(seen.is_news(&ann));
        seen.seen.lock().unwrap().since = Instant::now().checked_sub(EVERY).unwrap();
        assert!(seen.is_news(&ann));
    }
}
