//! An answer to an invite as a message that can be written out: a line for people, a calendar for programs.

use domain::{Principal, Problem, Timestamp};
use mail::mime::compose::Letter;

use super::{InviteAnswer, prepare::Prepared, preview::asked_preview, recipients::Lists};
use crate::Engine;

impl Engine {
    /// Resolves an answer, with neither Message-ID nor a date of its own yet.
    pub(crate) async fn prepare_answer(
        &self,
        principal: &Principal,
        answer: InviteAnswer,
        now: Timestamp,
    ) -> Result<Prepared, Problem> {
        let account = self.account(principal, Some(answer.account.as_str())).await?;
        let Lists { to, cc, bcc } = Lists { to: vec![answer.to], ..Lists::default() }.checked()?;
        let letter = Letter {
            from: account.identity(None)?,
            to,
            cc,
            bcc,
            reply_to: Vec::new(),
            subject: answer.subject,
            date: now,
            message_id: String::new(),
            in_reply_to: answer.in_reply_to,
            references: answer.references,
            extra: Vec::new(),
            text: answer.text,
            html: None,
            calendar: Some(answer.calendar),
            inline: Vec::new(),
            files: Vec::new(),
        };
        Ok(Prepared {
            preview: account.preview(&letter.text),
            asked_preview: asked_preview(&letter.text),
            seen: String::new(),
            files: Vec::new(),
            names: Vec::new(),
            follows: Some((answer.follows, false)),
            follow: None,
            account,
            letter,
        })
    }
}
