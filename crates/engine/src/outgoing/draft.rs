//! Drafts: an agent's message in the person's own Drafts folder, under a handle that outlives its UIDs.

use domain::{ApprovalReason, Code, DraftId, Principal, Problem, Scope};
use mail::{
    imap::write::Placed,
    mime::compose::{message_id, wire_address},
};
use sha2::{Digest, Sha256};

use super::{
    DraftRequest, Drafted,
    drafts_folder::Version,
    mark::{FIELD, Mark, Seen, hex},
    prepare::{Made, Prepared},
    spool::MAX_SIZE,
};
use crate::{Account, Engine, leaving::Shown, outbox::message_id as recognised};

impl Engine {
    /// Makes or replaces a draft.
    ///
    /// What another program edited since we wrote it is never replaced: the person's words would be lost,
    /// and nobody can tell which of both was meant.
    pub async fn draft(&self, principal: &Principal, request: DraftRequest) -> Result<Drafted, Problem> {
        if !principal.may(Scope::Draft) {
            return Err(Problem::new(Code::ScopeMissing, "Writing drafts needs `mail:draft`.")
                .hint("Ask the person for it."));
        }
        let DraftRequest { replaces, composition } = request;
        let held = match &replaces {
            Some(draft) => {
                let account = composition.account.as_deref();
                Some(Box::pin(self.find_draft(principal, draft, account)).await?)
            }
            None => None,
        };
        let kept = match &held {
            Some(held) => {
                let with_files = composition.attachments.is_none();
                let kept = Box::pin(self.kept(held, with_files)).await?;
                if !kept.is_ours(&held.newest().mark.fingerprint) {
                    return Err(edited());
                }
                // What stays of it is shown again, and may quote anybody.
                let shown = Shown { account: held.account.name.clone(), senders: Vec::new() };
                self.expose(principal, vec![shown]).await?;
                Some((held.account.clone(), kept))
            }
            None => None,
        };
        let version = hex(&self.random_bytes(), 8);
        let made = Made { message_id: String::new(), date: self.now(), extra: Vec::new() };
        let mut prepared = Box::pin(self.prepare_over(principal, composition, made, kept)).await?;
        let account = prepared.account.clone();
        let folder = match &held {
            Some(held) => held.folder.clone(),
            None => account.drafts_made().await?,
        };
        let address = wire_address(&account.address).map_err(|error| error.problem())?.text;
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let draft = replaces.unwrap_or_else(|| DraftId::from_random(self.random_bytes()));
        prepared.letter.message_id = self.draft_message_id(principal, &account, &draft, domain).await?;
        let mark = Mark {
            draft,
            version,
            fingerprint: Seen::of(&prepared.letter, &prepared.seen).fingerprint(),
            follow: prepared.follow.clone(),
        };
        prepared.letter.extra.push((FIELD.to_owned(), mark.to_text()));
        let spool = Box::pin(self.spool(&mut prepared, MAX_SIZE)).await?;
        let placed = Box::pin(account.store_draft(folder, &spool, &mark, held.as_ref())).await?;
        self.drafted(principal, prepared, &mark, placed).await
    }

    /// The Message-ID of a draft. Where messages can be sent it is recognised as an agent's, so that the draft
    /// makes nobody known if it ever stands in Sent.
    async fn draft_message_id(
        &self,
        principal: &Principal,
        account: &Account,
        draft: &DraftId,
        domain: &str,
    ) -> Result<String, Problem> {
        let Some(store) = &self.0.settings.store else {
            return Ok(message_id(&self.random_bytes(), domain));
        };
        let key = format!("draft {draft}");
        let made = recognised::make(store, &account.home, &principal.grant, &key, domain).await;
        made.map_err(|error| {
            tracing::error!(%error, "the account's key cannot be had");
            Problem::new(Code::Internal, "The draft's Message-ID cannot be made.")
        })
    }

    async fn drafted(
        &self,
        principal: &Principal,
        prepared: Prepared,
        mark: &Mark,
        placed: Placed,
    ) -> Result<Drafted, Problem> {
        let Prepared { account, letter, preview, .. } = prepared;
        let recipients: Vec<String> = [&letter.to, &letter.cc, &letter.bcc]
            .into_iter()
            .flatten()
            .map(|address| address.email.clone())
            .collect();
        let needs_approval = if principal.may(Scope::Send) && !recipients.is_empty() {
            self.needs_approval(principal, &account, recipients).await
        } else {
            Vec::new()
        };
        Ok(Drafted {
            draft: mark.draft.clone(),
            expect: expect(mark, placed),
            from: letter.from,
            to: letter.to,
            cc: letter.cc,
            bcc: letter.bcc,
            subject: letter.subject,
            preview,
            needs_approval,
        })
    }

    /// The recipients for whom the person would be asked. Where that cannot be said, or the grant never
    /// writes to one of them, only the person can send the draft, so all are told.
    async fn needs_approval(
        &self,
        principal: &Principal,
        account: &Account,
        recipients: Vec<String>,
    ) -> Vec<String> {
        let wire = |email: &String| wire_address(email).map_or_else(|_| email.clone(), |wire| wire.text);
        let on_the_wire: Vec<String> = recipients.iter().map(wire).collect();
        let Ok(judgement) = self.judge(principal, account, &on_the_wire).await else { return recipients };
        if judgement.reasons.contains(&ApprovalReason::Always) {
            return recipients;
        }
        let asked = |email: &String| {
            judgement
                .reasons
                .iter()
                .filter_map(ApprovalReason::address)
                .any(|of| of.eq_ignore_ascii_case(email))
        };
        let both = recipients.into_iter().zip(on_the_wire);
        both.filter(|(email, wire)| asked(email) || asked(wire)).map(|(email, _)| email).collect()
    }

    pub(super) fn random_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.settings.random.fill(&mut bytes);
        bytes
    }
}

impl Version {
    /// What an agent must expect of this version.
    pub(super) fn expect(&self) -> String {
        expect(&self.mark, self.placed())
    }
}

/// A short name for one version. A stored message never changes, so whoever edits a draft stores another,
/// under another UID (RFC 9051 section 2.3.1.1). Octets would be no better a name: some servers write what
/// they store anew.
fn expect(mark: &Mark, placed: Placed) -> String {
    let Placed { validity, uid } = placed;
    hex(&Sha256::digest(format!("{}\n{}\n{validity}\n{uid}", mark.draft, mark.version)), 8)
}

fn edited() -> Problem {
    Problem::new(Code::Conflict, "The draft was edited in another program, so it is not replaced.")
        .hint("Send it as it is with mail_send, or leave it to the person and write a new one.")
}
