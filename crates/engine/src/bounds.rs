//! What one call may spend. Every bound is a value that a test can lower; the defaults are the contract's.

use std::time::Duration;

/// The bounds of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// UIDs that a costly search looks at in one go, newest first.
    pub window: u32,
    /// Rows fetched at a time where we filter ourselves.
    pub batch: usize,
    /// How long a call may filter.
    pub filter_time: Duration,
    /// How many candidates a call may filter, for each account.
    pub filter_candidates: usize,
    /// Octets of text that one page of a thread reads; one message is read in any case.
    pub page_text: u64,
    /// How long a Message-ID is looked for.
    pub look_up: Duration,
    /// How long an account's server may take for its part of a call; then its connections are given up.
    pub answer: Duration,
    /// What sending may spend, and how long it goes on.
    pub sending: SendingBounds,
}

impl Default for Bounds {
    /// Windows of 5,000, batches of 100, 10 s and 2,000 candidates, 8 MB of text, 3 s for a look-up, 60 s in all.
    fn default() -> Self {
        Self {
            window: 5_000,
            batch: 100,
            filter_time: Duration::from_secs(10),
            filter_candidates: 2_000,
            page_text: 8 << 20,
            look_up: Duration::from_secs(3),
            answer: Duration::from_mins(1),
            sending: SendingBounds::default(),
        }
    }
}

/// How long waits are, one after the other; the last one stays.
pub type Steps = [Duration; 5];

/// The bounds of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingBounds {
    /// Octets of one message as it is stored.
    pub message: u64,
    /// Messages that a grant sends in an hour, where it says nothing of its own.
    pub sends_an_hour: u32,
    /// Recipients that a grant writes to in a day.
    pub recipients_a_day: u64,
    /// Recipients in a day to whom the person never wrote.
    pub new_recipients_a_day: u64,
    /// Octets that a grant sends in a day.
    pub octets_a_day: u64,
    /// How far ahead a message may be scheduled.
    pub ahead: Duration,
    /// How far back a time may lie that still means at once; before that it is a mistake.
    pub late: Duration,
    /// How long a message waits that finds no room in its grant's caps when it is to leave.
    pub put_off: Duration,
    /// How long a person may take to answer.
    pub approval: Duration,
    /// How long the same content to the same people counts as the same sending, where no key is given.
    pub same_content: Duration,
    /// How long a call waits for the submission server before it answers that it is under way.
    pub patience: Duration,
    /// How long a call waits besides for the copy in Sent: it answers at once, and says how that stands.
    pub copy_patience: Duration,
    /// How long a submission server is waited for.
    pub submission: mail::smtp::Patience,
    /// How long one attempt may take in all.
    pub attempt: Duration,
    /// After which waits an attempt is repeated.
    pub retries: Steps,
    /// How long attempts are repeated.
    pub retry_for: Duration,
    /// How long a claim holds that is not renewed.
    pub lease: Duration,
    /// How often claims are renewed.
    pub renew: Duration,
    /// How often the outbox is looked through for what is due.
    pub poll: Duration,
    /// How often it is looked through for what a dead process left, and for what has expired.
    pub sweep: Duration,
    /// How many messages the outbox hands over at the same time, one for each account, besides those that
    /// calls wait for.
    pub at_once: usize,
    /// How many copies it sees to at the same time, likewise.
    pub copies_at_once: usize,
    /// How long after sending the copy is looked for in Sent, where it is not known who files it.
    pub looks: [Duration; 3],
    /// After which waits a copy that failed is tried again.
    pub copy_retries: Steps,
    /// How long one try of a copy may take, and how long it is left alone if the process dies meanwhile.
    pub copy_attempt: Duration,
    /// How often a copy is tried.
    pub copy_tries: u32,
    /// How long what is under way may take when the process stops.
    pub farewell: Duration,
}

impl Default for SendingBounds {
    /// 25 MB; 30 an hour; 500 recipients, 50 new ones and 200 MB a day; a year and a day ahead; a day to
    /// answer and to try.
    fn default() -> Self {
        let (seconds, minutes) = (Duration::from_secs, Duration::from_mins);
        Self {
            message: 25 << 20,
            sends_an_hour: 30,
            recipients_a_day: 500,
            new_recipients_a_day: 50,
            octets_a_day: 200 << 20,
            ahead: Duration::from_hours(366 * 24),
            late: minutes(5),
            put_off: minutes(5),
            approval: Duration::from_hours(24),
            same_content: minutes(15),
            patience: seconds(25),
            copy_patience: Duration::ZERO,
            submission: mail::smtp::Patience::default(),
            attempt: minutes(20),
            retries: [seconds(10), minutes(1), minutes(5), minutes(15), minutes(60)],
            retry_for: Duration::from_hours(24),
            lease: minutes(1),
            renew: seconds(15),
            poll: Duration::from_millis(1_500),
            sweep: seconds(10),
            at_once: 16,
            copies_at_once: 8,
            looks: [seconds(5), seconds(20), seconds(60)],
            copy_retries: [minutes(1), minutes(5), minutes(15), minutes(30), minutes(60)],
            copy_attempt: minutes(5),
            copy_tries: 10,
            farewell: seconds(10),
        }
    }
}
