//! From what an agent wants said to a letter: who writes, to whom, the words, the files. Nothing is stored
//! and nothing leaves here; what is not given is computed, or kept of the draft that is replaced.

use domain::{Address, Code, Envelope, MessageRef, Principal, Problem, Timestamp};
use mail::mime::compose::{
    Answer, Body, FilePart, Letter, Own, body, forward_subject, html_to_text, lay_out, reply_recipients,
    reply_references, reply_subject,
};

use super::{
    Composition, Follows,
    files::{Attached, check},
    mark::Follow,
    originals::Followed,
    preview::asked_preview,
    recipients::{self, Lists},
    source::Source,
    spool::{MAX_SIZE, Spool},
    stored::Kept,
};
use crate::{Account, Engine, row};

/// Octets of what an agent writes, text and HTML each.
const MAX_WORDS: usize = 2 << 20;

/// Octets of words that are read where they come.
pub(super) const READ_AT_ONCE: usize = 32 << 10;

/// Characters of a subject.
const MAX_SUBJECT: usize = 1_000;

/// What the caller decides of a message.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// Its Message-ID in angle brackets.
    pub(crate) message_id: String,
    /// Its date, with the offset that is written.
    pub(crate) date: Timestamp,
    /// Further fields.
    pub(crate) extra: Vec<(String, String)>,
}

/// A message that can be written out.
pub(crate) struct Prepared {
    pub(crate) account: Account,
    pub(crate) letter: Letter,
    /// Of the letter's inline files, then of the others.
    pub(crate) files: Vec<Source>,
    /// The message that it follows, and whether it hands it on.
    pub(crate) follows: Option<(MessageRef, bool)>,
    /// The beginning of what its recipients will see, for the agent: codes stay masked.
    pub(crate) preview: String,
    /// The same for the person who is asked, with the codes that leave.
    pub(crate) asked_preview: String,
    /// What its recipients will see of its HTML, as text; empty if it has none.
    pub(super) seen: String,
    /// Names of the files.
    pub(crate) names: Vec<String>,
    /// The same as `follows`, as a draft keeps it.
    pub(super) follow: Option<Follow>,
}

/// The words of a message, and what ties it to others.
struct Words {
    text: String,
    html: Option<String>,
    /// What is seen of the HTML; empty without one.
    seen: String,
    subject: String,
    in_reply_to: Option<String>,
    references: Vec<String>,
}

/// What is written anew.
struct Written {
    body: Body,
    seen: String,
}

impl Engine {
    /// Resolves a composition. An error tells what the agent can change.
    pub(crate) async fn prepare(
        &self,
        principal: &Principal,
        composition: Composition,
        made: Made,
    ) -> Result<Prepared, Problem> {
        Box::pin(self.prepare_over(principal, composition, made, None)).await
    }

    /// Lays a prepared message out and fills a spool with it, of at most `limit` octets.
    pub(crate) async fn spool(&self, prepared: &mut Prepared, limit: u64) -> Result<Spool, Problem> {
        let mut seed = [0; 16];
        self.0.settings.random.fill(&mut seed);
        let letter = &prepared.letter;
        let layout = lay_out(letter, seed).map_err(|error| error.problem())?;
        let parts: Vec<FilePart> = letter.inline.iter().chain(&letter.files).cloned().collect();
        let files = std::mem::take(&mut prepared.files);
        Spool::fill(layout, &parts, files, limit.min(MAX_SIZE), &self.0.settings.random).await
    }

    /// The same over what is kept of a draft.
    pub(super) async fn prepare_over(
        &self,
        principal: &Principal,
        mut composition: Composition,
        made: Made,
        kept: Option<(Account, Kept)>,
    ) -> Result<Prepared, Problem> {
        check_words(&composition)?;
        let original = match &composition.follows {
            Some(Follows::Reply(id) | Follows::ReplyAll(id) | Follows::Forward(id)) => {
                Some(Box::pin(self.followed(principal, id)).await?)
            }
            None => None,
        };
        let (account, mut kept) = match (kept, &composition.account, &original) {
            (Some((account, kept)), ..) => (account, Some(kept)),
            (None, Some(name), _) => (self.account(principal, Some(name)).await?, None),
            // Who answers at the account that was written to does not have to name it.
            (None, None, Some(original)) => (original.account().clone(), None),
            (None, None, None) => (self.account(principal, None).await?, None),
        };
        if composition.follows.is_some() {
            // It follows another message now: nothing of before stays but its handle.
            kept = None;
        }
        let from = account.identity(composition.from.as_deref())?;
        if let (None, Some(kept)) = (&composition.from, &kept)
            && let Some(other) = kept.from.iter().find(|from| !account.is_identity(&from.email))
        {
            return Err(foreign_from(&account, other));
        }
        let lists = lists(&composition, &account, original.as_ref(), kept.as_mut())?;
        let mut files = match (composition.attachments.take(), &composition.follows, &mut kept) {
            (Some(sources), _, kept) => {
                let mut files = self.attach(principal, sources, original.as_ref()).await?;
                // Pictures of a text that stays belong to it.
                let stays = composition.body.is_none() && composition.html.is_none();
                if let (true, Some(kept)) = (stays, kept) {
                    files.splice(0..0, kept.take_inline());
                }
                files
            }
            (None, Some(Follows::Forward(_)), _) => match &original {
                Some(original) => self.attach_files_of(principal, original).await?,
                None => Vec::new(),
            },
            (None, _, Some(kept)) => std::mem::take(&mut kept.attached),
            (None, _, None) => Vec::new(),
        };
        check(&files)?;
        let follow = match (&composition.follows, &original, &kept) {
            (Some(follows), Some(original), _) => Some(Follow {
                of: original.id().to_string(),
                message_id: original.message.message_id.clone().unwrap_or_default(),
                is_forward: matches!(follows, Follows::Forward(_)),
            }),
            (_, _, Some(kept)) => kept.follow.clone(),
            _ => None,
        };
        let words = self.words(principal, &composition, &account, original, kept).await?;
        if words.subject.is_empty() && words.text.trim().is_empty() && files.is_empty() {
            return Err(Problem::new(Code::InvalidInput, "The message is empty.")
                .hint("Give a `subject`, a `body` or `attachments`."));
        }
        let html = words.html.as_deref().unwrap_or_default();
        let is_shown = |file: &Attached| {
            let id = file.part.content_id.as_deref();
            id.is_some_and(|id| !id.is_empty() && html.contains(&format!("cid:{id}")))
        };
        let inline: Vec<Attached> = files.extract_if(.., |file| is_shown(file)).collect();
        for file in &mut files {
            file.part.content_id = None;
        }
        let names = inline.iter().chain(&files).map(|file| file.part.name.clone()).collect();
        let mut sources = Vec::with_capacity(inline.len() + files.len());
        let mut parts = |files: Vec<Attached>| -> Vec<FilePart> {
            files
                .into_iter()
                .map(|file| {
                    sources.push(file.source);
                    file.part
                })
                .collect()
        };
        let (inline, files) = (parts(inline), parts(files));
        let Lists { to, cc, bcc } = lists;
        let letter = Letter {
            from,
            to,
            cc,
            bcc,
            reply_to: Vec::new(),
            subject: words.subject,
            date: made.date,
            message_id: made.message_id,
            in_reply_to: words.in_reply_to,
            references: words.references,
            extra: made.extra,
            text: words.text,
            html: words.html,
            calendar: None,
            inline,
            files,
        };
        // Mail programs show the HTML where there is one.
        let shown = if letter.html.is_some() { &words.seen } else { &letter.text };
        Ok(Prepared {
            preview: account.preview(shown),
            asked_preview: asked_preview(shown),
            seen: words.seen,
            follows: follow.as_ref().and_then(|follow| Some((follow.reference()?, follow.is_forward))),
            account,
            letter,
            files: sources,
            names,
            follow,
        })
    }

    async fn words(
        &self,
        principal: &Principal,
        composition: &Composition,
        account: &Account,
        original: Option<Followed>,
        kept: Option<Kept>,
    ) -> Result<Words, Problem> {
        let subject = composition.subject.as_deref().map(|subject| subject.trim().to_owned());
        let is_new = composition.body.is_some() || composition.html.is_some();
        let Some(kept) = kept else {
            let is_forward = matches!(composition.follows, Some(Follows::Forward(_)));
            let written = self.write(composition, account, original.as_ref(), is_forward).await?;
            let mut words = Words {
                text: written.body.text,
                html: Some(written.body.html),
                seen: written.seen,
                subject: subject.clone().unwrap_or_default(),
                in_reply_to: None,
                references: Vec::new(),
            };
            if let Some(original) = &original {
                let summary = &original.source.summary;
                let envelope = &summary.envelope;
                let id = envelope.message_id.as_deref();
                let tied = reply_references(id, &summary.references, &envelope.in_reply_to);
                (words.in_reply_to, words.references) = tied;
                if is_forward {
                    // It begins a thread of its own for those who get it, in that of before for the person.
                    words.in_reply_to = None;
                }
                let of = &original.message.subject;
                words.subject = subject
                    .unwrap_or_else(|| if is_forward { forward_subject(of) } else { reply_subject(of) });
            }
            return Ok(words);
        };
        let mut words = Words {
            text: kept.text,
            html: kept.html,
            seen: kept.seen,
            subject: subject.unwrap_or(kept.subject),
            in_reply_to: kept.in_reply_to,
            references: kept.references,
        };
        if is_new {
            // The quotation belongs to what was there before, so it is made again.
            let (original, is_forward) = match &kept.follow {
                Some(follow) => (Some(self.followed_again(principal, follow).await?), follow.is_forward),
                None => (None, false),
            };
            let written = self.write(composition, account, original.as_ref(), is_forward).await?;
            (words.text, words.html) = (written.body.text, Some(written.body.html));
            words.seen = written.seen;
        }
        Ok(words)
    }

    /// The message that a draft follows, also where it was moved since.
    async fn followed_again(&self, principal: &Principal, follow: &Follow) -> Result<Followed, Problem> {
        let found = self.followed(principal, &follow.of).await;
        match found {
            Err(problem) if is_gone(&problem) && follow.message_id.len() > 2 => {
                self.followed(principal, &follow.message_id).await.map_err(|later| {
                    if !is_gone(&later) {
                        return later;
                    }
                    Problem::new(
                        Code::NotFound,
                        "The message that the draft follows is gone, so it cannot be quoted again.",
                    )
                    .hint("Leave `body` out to keep the draft's text, or write a new message.")
                })
            }
            found => found,
        }
    }

    /// Both forms of the body; both say the same, also where an agent gave each of them.
    async fn write(
        &self,
        composition: &Composition,
        account: &Account,
        original: Option<&Followed>,
        is_forward: bool,
    ) -> Result<Written, Problem> {
        let markdown = composition.body.clone();
        let html = composition.html.clone();
        let signature = Some(account.signature.clone())
            .filter(|signature| composition.signature && !signature.trim().is_empty());
        let quoted = original.map(Followed::quoted);
        let length = [&markdown, &html].into_iter().flatten().map(String::len).sum::<usize>()
            + quoted.as_ref().map_or(0, |quoted| quoted.text.len());
        let write = move || {
            let markdown = markdown.as_deref();
            let own = match &html {
                Some(html) => Own::Html { html, text: markdown },
                None => Own::Markdown(markdown.unwrap_or_default()),
            };
            let original = quoted.as_ref().map(super::originals::Quoted::original);
            let answer = match &original {
                None => Answer::New,
                Some(original) if is_forward => Answer::Forward(original),
                Some(original) => Answer::Reply(original),
            };
            let body = body(own, answer, signature.as_deref(), None);
            Written { seen: html_to_text(&body.html), body }
        };
        if length <= READ_AT_ONCE { Ok(write()) } else { account.opened.apart.run("The text", write).await }
    }
}

/// Recipients: as given, else those of an answer, else those of before.
fn lists(
    composition: &Composition,
    account: &Account,
    original: Option<&Followed>,
    kept: Option<&mut Kept>,
) -> Result<Lists, Problem> {
    let mut lists = kept.map(|kept| std::mem::take(&mut kept.lists)).unwrap_or_default();
    if let (Some(Follows::Reply(_) | Follows::ReplyAll(_)), Some(original)) = (&composition.follows, original)
    {
        let mut own = account.identities();
        own.extend(original.account().identities());
        let all = matches!(composition.follows, Some(Follows::ReplyAll(_)));
        let found = reply_recipients(&shown(&original.source.summary.envelope), &own, all);
        (lists.to, lists.cc) = (found.to, found.cc);
    }
    for (given, list) in [
        (&composition.to, &mut lists.to),
        (&composition.cc, &mut lists.cc),
        (&composition.bcc, &mut lists.bcc),
    ] {
        if let Some(given) = given {
            *list = recipients::read(given)?;
        }
    }
    lists.checked()
}

/// The envelope as an agent sees it: what nobody would see of an address must not be written to.
fn shown(envelope: &Envelope) -> Envelope {
    let clean = |list: &[Address]| list.iter().map(row::address).collect();
    Envelope {
        from: clean(&envelope.from),
        sender: clean(&envelope.sender),
        reply_to: clean(&envelope.reply_to),
        to: clean(&envelope.to),
        cc: clean(&envelope.cc),
        bcc: clean(&envelope.bcc),
        ..envelope.clone()
    }
}

fn check_words(composition: &Composition) -> Result<(), Problem> {
    let subject = composition.subject.as_deref().unwrap_or_default().trim();
    if subject.chars().any(|c| c.is_control() && c != '\t') || subject.contains(['\u{2028}', '\u{2029}']) {
        return Err(Problem::new(
            Code::InvalidInput,
            "The subject holds a line break or a control character.",
        )
        .hint("A subject is a single line."));
    }
    if subject.chars().count() > MAX_SUBJECT {
        let told = format!("A subject has at most {MAX_SUBJECT} characters.");
        return Err(Problem::new(Code::TooLarge, told).hint("Say it in the body."));
    }
    let words = [&composition.body, &composition.html];
    if words.into_iter().flatten().any(|words| words.len() > MAX_WORDS) {
        let told = "A text has at most 2 MB.";
        return Err(Problem::new(Code::TooLarge, told).hint("Attach it as a file."));
    }
    Ok(())
}

/// A draft was edited so that it comes from somebody else.
pub(super) fn foreign_from(account: &Account, from: &Address) -> Problem {
    let told = format!(
        "The draft is from `{}`, which is no identity of account `{}`.",
        row::address(from).email,
        account.name
    );
    Problem::new(Code::InvalidInput, told)
        .hint(format!("Replace the draft with `from` of: {}.", account.identities().join(", ")))
}

fn is_gone(problem: &Problem) -> bool {
    matches!(problem.code, Code::NotFound | Code::StaleId | Code::FolderNotFound)
}
