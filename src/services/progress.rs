//! Live progress: who watches a bulk action hears of every change of it, however many they are.
//!
//! Each watched action has one channel, keyed by account and id, that holds its latest state alone: a slow listener piles
//! nothing up. One loop of the process (`workers::progress`) feeds all of them by one statement; a listener costs a
//! connection to the database only as the first of its action, for one read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::Services;
use crate::domain::actor::{AccountId, Actor};
use crate::domain::error::{Error, Result};
use crate::domain::progress::Progress;
use crate::repository::progress;

/// Nobody is told of progress more often than this.
pub const LEAST_GAP: Duration = Duration::from_millis(200);

/// A watched action.
pub type Watched = (AccountId, Uuid);

/// The channels of the actions that somebody watches at this process.
#[derive(Clone, Default)]
pub struct ProgressHub {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    channels: Mutex<Channels>,
    /// An action has got its first listener.
    first_listener: Notify,
}

#[derive(Default)]
struct Channels {
    by_action: HashMap<Watched, watch::Sender<Progress>>,
    closed: bool,
}

impl ProgressHub {
    fn channels(&self) -> MutexGuard<'_, Channels> {
        self.shared.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens to an action that others watch already.
    fn join(&self, watched: Watched) -> Option<watch::Receiver<Progress>> {
        self.channels().by_action.get(&watched).map(watch::Sender::subscribe)
    }

    /// Listens to an action that was just read. Of one that has ended, or when the hub is closed, this state is the last.
    fn listen(&self, account: AccountId, latest: Progress) -> watch::Receiver<Progress> {
        let mut channels = self.channels();
        if channels.closed || latest.status.ended() {
            return watch::channel(latest).1;
        }
        match channels.by_action.entry((account, latest.id)) {
            Entry::Occupied(channel) => {
                tell(channel.get(), latest);
                channel.get().subscribe()
            }
            Entry::Vacant(place) => {
                let receiver = place.insert(watch::Sender::new(latest)).subscribe();
                self.shared.first_listener.notify_waiters();
                receiver
            }
        }
    }

    /// What is watched now. Channels that nobody listens to any more are dropped.
    pub fn watched(&self) -> Vec<Watched> {
        let mut channels = self.channels();
        channels.by_action.retain(|_, channel| channel.receiver_count() > 0);
        channels.by_action.keys().copied().collect()
    }

    /// Returns once something is watched.
    pub async fn listener(&self) {
        loop {
            let notified = self.shared.first_listener.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if !self.watched().is_empty() {
                return;
            }
            notified.await;
        }
    }

    /// Tells the listeners what was found of their action, if that is news. The end, or that there is no such action any
    /// more, closes its channel.
    pub fn publish(&self, watched: Watched, found: Option<Progress>) {
        let mut channels = self.channels();
        let is_over = found.as_ref().is_none_or(|progress| progress.status.ended());
        if let (Some(progress), Some(channel)) = (found, channels.by_action.get(&watched)) {
            tell(channel, progress);
        }
        if is_over {
            channels.by_action.remove(&watched);
        }
    }

    /// Lets go of all listeners, and of those to come: the process stops.
    pub fn close(&self) {
        let mut channels = self.channels();
        channels.closed = true;
        channels.by_action.clear();
    }
}

/// Tells the listeners of a channel of this state, if it is news.
fn tell(channel: &watch::Sender<Progress>, progress: Progress) {
    channel.send_if_modified(|latest| {
        let news = progress.position() > latest.position();
        if news {
            *latest = progress;
        }
        news
    });
}

/// Listens to an action: its latest state at once, and each later one until it has ended. `seen` is the position that the
/// listener knows, maybe from another node that is ahead of this one: then the action is read.
///
/// # Errors
/// `NotFound` when there is none that the actor may see.
pub async fn watch(
    services: &Services,
    actor: &Actor,
    id: Uuid,
    seen: Option<i64>,
) -> Result<watch::Receiver<Progress>> {
    let joined = services.progress.join((actor.account, id));
    let is_ahead = |latest: &Progress| seen.is_none_or(|seen| seen <= latest.position());
    let receiver = if let Some(receiver) = joined.filter(|receiver| is_ahead(&receiver.borrow())) {
        receiver
    } else {
        let found = services.db.read(actor.account, move |read| progress::find(read, id)).await?;
        services.progress.listen(actor.account, found.ok_or(Error::NotFound)?)
    };
    let visible = actor.may_see_action_of(&receiver.borrow().requested_by);
    if visible { Ok(receiver) } else { Err(Error::NotFound) }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use chrono::DateTime;

    use super::*;
    use crate::domain::bulk_action::{Action, ActionStatus, Counts, Options};
    use crate::domain::entity::BinKind;

    const ACCOUNT: AccountId = AccountId(Uuid::from_u128(1));
    const OTHER: AccountId = AccountId(Uuid::from_u128(2));

    fn progress(status: ActionStatus, chunks_done: i32) -> Progress {
        Progress {
            id: Uuid::nil(),
            action: Action::Delete,
            entity: BinKind::Contact,
            options: Options::default(),
            status,
            counts: Counts::default(),
            chunks_done,
            chunks_total: 4,
            requested_by: "ann".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            started_at: None,
            finished_at: None,
            failure: None,
        }
    }

    #[test]
    fn a_channel_tells_news_alone_and_closes_with_the_end() {
        let hub = ProgressHub::default();
        let action = (ACCOUNT, Uuid::nil());
        let mut first = hub.listen(ACCOUNT, progress(ActionStatus::Running, 2));
        let mut late = hub.join(action).expect("it is watched");
        for (done, news) in [(2, false), (1, false), (3, true)] {
            hub.publish(action, Some(progress(ActionStatus::Running, done)));
            assert_eq!(late.has_changed().expect("open"), news, "{done}");
        }
        assert_eq!(late.borrow_and_update().chunks_done, 3);
        hub.publish(action, Some(progress(ActionStatus::Cancelled, 3)));
        for receiver in [&mut first, &mut late] {
            assert_eq!(receiver.borrow_and_update().status, ActionStatus::Cancelled);
            assert!(receiver.has_changed().is_err(), "nothing can follow");
        }
        assert_eq!(hub.watched(), []);
    }

    #[test]
    fn the_same_id_of_another_account_is_another_channel() {
        let hub = ProgressHub::default();
        let ours = hub.listen(ACCOUNT, progress(ActionStatus::Queued, 0));
        assert!(hub.join((OTHER, Uuid::nil())).is_none());
        hub.publish((OTHER, Uuid::nil()), Some(progress(ActionStatus::Running, 1)));
        assert!(!ours.has_changed().expect("open"));
    }

    #[test]
    fn what_nobody_listens_to_or_has_gone_is_not_watched() {
        let hub = ProgressHub::default();
        let listener = hub.listen(ACCOUNT, progress(ActionStatus::Queued, 0));
        assert_eq!(hub.watched(), [(ACCOUNT, Uuid::nil())]);
        drop(listener);
        assert_eq!(hub.watched(), []);
        let listener = hub.listen(ACCOUNT, progress(ActionStatus::Queued, 0));
        hub.publish((ACCOUNT, Uuid::nil()), None);
        assert!(listener.has_changed().is_err());
    }

    #[test]
    fn nothing_is_looked_at_until_somebody_listens() {
        let hub = ProgressHub::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting = pin!(hub.listener());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        let _listener = hub.listen(ACCOUNT, progress(ActionStatus::Queued, 0));
        assert!(waiting.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn a_closed_hub_keeps_nobody() {
        let hub = ProgressHub::default();
        let before = hub.listen(ACCOUNT, progress(ActionStatus::Queued, 0));
        hub.close();
        let after = hub.listen(ACCOUNT, progress(ActionStatus::Queued, 0));
        assert!(before.has_changed().is_err() && after.has_changed().is_err());
        assert_eq!(hub.watched(), []);
    }
}
