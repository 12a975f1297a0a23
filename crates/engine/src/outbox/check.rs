//! Whether a message may leave at this moment: its grant, its account, its recipients and the caps as they
//! are now, not as they were when it was frozen.

use domain::{ApprovalId, Code, Principal, Problem, Scope, Timestamp};
use mail::mime::compose::wire_address;
use storage::{ApprovalState, NewApproval, Outgoing, Store};

use super::{attempt::no_submission, retry::End, stored_badly, told};
use crate::{Account, Engine};

/// What is to be done with a message that was claimed.
pub(super) enum Check {
    /// It leaves from there.
    Go(Box<Account>),
    /// The person is asked.
    Ask(NewApproval),
    /// There is no room for it in the grant's caps now.
    PutOff(Problem),
    /// It does not leave, now or ever.
    End(End),
    /// The grant does not reach so far any more.
    Cancel,
}

impl Engine {
    /// Whether the message may leave at this moment.
    pub(super) async fn check(&self, store: &Store, principal: &Principal, row: &Outgoing) -> Check {
        if !principal.may(Scope::Send) || principal.grant != row.grant {
            return Check::Cancel;
        }
        let account = match self.account(principal, Some(row.account_name.as_str())).await {
            Ok(account) if account.home == row.account => account,
            Err(problem) if problem.code == Code::Internal => return Check::End(End::again(&problem)),
            _ => return Check::Cancel,
        };
        if !writes_as(&account, &row.frozen.from) {
            return Check::End(End::failed(&foreign(&account)));
        }
        let judgement = match self.judge(principal, &account, &row.frozen.recipients).await {
            Ok(judgement) => judgement,
            Err(problem) if problem.code == Code::RecipientNotAllowed => {
                return Check::End(End::failed(&problem));
            }
            Err(problem) => return Check::End(End::again(&problem)),
        };
        let is_approved =
            row.approval.as_ref().is_some_and(|approval| approval.state == ApprovalState::Approved);
        if !judgement.reasons.is_empty() && !is_approved {
            return Check::Ask(self.new_approval(principal, &judgement));
        }
        if account.submission.is_none() {
            return Check::End(End::failed(&no_submission(&account)));
        }
        match self.over_caps(store, principal, row).await {
            Ok(None) => Check::Go(Box::new(account)),
            Ok(Some(problem)) => Check::PutOff(problem),
            Err(error) => Check::End(End::again(&stored_badly(&error))),
        }
    }

    /// A question to the person.
    pub(super) fn new_approval(
        &self,
        principal: &Principal,
        judgement: &crate::leaving::Judgement,
    ) -> NewApproval {
        let expires = self.now() + self.0.bounds.sending.approval;
        let reasons = judgement.reasons.clone();
        let is_to_be_told = !told::is_asked_in_client(principal);
        NewApproval { id: ApprovalId::from_random(self.random_id()), reasons, expires, is_to_be_told }
    }

    /// What the message would pass of the caps as they are now: many that were scheduled, approved or tried
    /// again may come together.
    async fn over_caps(
        &self,
        store: &Store,
        principal: &Principal,
        row: &Outgoing,
    ) -> storage::Result<Option<Problem>> {
        let bounds = &self.0.bounds.sending;
        let now: Timestamp = self.now();
        let limit = principal.limits.sends_per_hour.unwrap_or(bounds.sends_an_hour);
        let hour = store.outbox_sums_before(&row.id, now - time::Duration::HOUR).await?;
        if hour.messages >= u64::from(limit) {
            return Ok(Some(full(&format!("at most {limit} messages an hour"))));
        }
        let day = store.outbox_sums_before(&row.id, now - time::Duration::DAY).await?;
        let caps = [
            (day.recipients, row.frozen.recipients.len() as u64, bounds.recipients_a_day, "recipients"),
            (day.new_recipients, row.new_recipients.into(), bounds.new_recipients_a_day, "new recipients"),
            (day.octets, row.frozen.size, bounds.octets_a_day, "octets"),
        ];
        let passed =
            caps.iter().find(|(was, adds, limit, _)| *adds > 0 && was.saturating_add(*adds) > *limit);
        Ok(passed.map(|(_, _, limit, what)| full(&format!("at most {limit} {what} a day"))))
    }
}

/// Whether the account still writes from that address of an envelope.
pub(super) fn writes_as(account: &Account, from: &str) -> bool {
    let is_it = |email: &String| wire_address(email).is_ok_and(|wire| wire.text.eq_ignore_ascii_case(from));
    account.identities().iter().any(is_it)
}

/// The problem of an account that does not any more.
pub(super) fn foreign(account: &Account) -> Problem {
    let told = format!("Account `{}` does not write from the message's address any more.", account.name);
    Problem::new(Code::Conflict, told)
        .hint("Nothing has left. Write the message anew, from the address that the account has now.")
}

fn full(what: &str) -> Problem {
    Problem::new(Code::RateLimited, format!("The grant sends {what}; the message leaves when there is room."))
        .hint("Wait, or have the person raise the grant's limit.")
}
