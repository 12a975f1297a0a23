//! What is planned, as it is kept until it is confirmed: exactly these messages, this action, this target.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use domain::{Code, FolderArg, Principal, Problem, Scope};
use mail::imap::wire::sequence;
use serde::{Deserialize, Serialize};

use super::{
    Meant, OrganizeRequest, Organized, Planned, Progress,
    chosen::{Chosen, Lot, SAMPLE},
    look::{Of, Rows},
    wish::Work,
};
use crate::{
    Engine, delete::DeleteRequest, fields::Fields, leaving::Shown, opened::Fresh, plan, read::gone,
    search::Row,
};

/// What a call said, as far as a confirming call must not say otherwise: a hash of each argument, none of
/// what was not given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Said {
    ids: Option<[u8; 32]>,
    query: Option<[u8; 32]>,
    folder: Option<[u8; 32]>,
    account: Option<[u8; 32]>,
    to: Option<[u8; 32]>,
    keywords: Option<[u8; 32]>,
}

impl Said {
    pub(super) fn of(request: &OrganizeRequest) -> Self {
        let Meant { ids, query, folder, account } = &request.meant;
        Self {
            query: query.as_deref().map(|query| hash_of(&[query.trim()])),
            to: request.to_folder.as_ref().map(hash_of_folder),
            keywords: list(&request.keywords),
            ..Self::of_meant(ids, folder.as_ref(), account.as_deref())
        }
    }

    pub(crate) fn of_deletion(request: &DeleteRequest) -> Self {
        Self::of_meant(&request.ids, request.folder.as_ref(), request.account.as_deref())
    }

    fn of_meant(ids: &[String], folder: Option<&FolderArg>, account: Option<&str>) -> Self {
        Self {
            ids: list(ids),
            folder: folder.map(hash_of_folder),
            account: account.map(|account| hash_of(&[account])),
            ..Self::default()
        }
    }

    /// The first argument that says otherwise than before. What is left out says nothing.
    fn differs(&self, before: &Self) -> Option<&'static str> {
        let pairs = [
            ("ids", self.ids, before.ids),
            ("query", self.query, before.query),
            ("folder", self.folder, before.folder),
            ("account", self.account, before.account),
            ("to_folder", self.to, before.to),
            ("keywords", self.keywords, before.keywords),
        ];
        pairs.into_iter().find(|(_, now, before)| now.is_some() && now != before).map(|(name, ..)| name)
    }
}

fn hash_of_folder(folder: &FolderArg) -> [u8; 32] {
    hash_of(&[&folder.to_string()])
}

/// In whatever order, and however often.
fn list(texts: &[String]) -> Option<[u8; 32]> {
    let mut texts: Vec<&str> = texts.iter().map(|text| text.trim()).collect();
    texts.sort_unstable();
    texts.dedup();
    (!texts.is_empty()).then(|| hash_of(&texts))
}

fn hash_of(texts: &[&str]) -> [u8; 32] {
    let mut fields = Fields::default();
    for text in texts {
        fields.add(text);
    }
    fields.hash()
}

/// A plan as it is kept.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    work: Work,
    said: Said,
    lots: Vec<KeptLot>,
}

/// Messages of one folder.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptLot {
    account: String,
    wire: Vec<u8>,
    key: String,
    validity: u32,
    uids: Vec<(u32, u32)>,
}

impl KeptLot {
    fn of(lot: &Lot) -> Self {
        Self {
            account: lot.account.name.to_string(),
            wire: lot.folder.wire_name.to_vec(),
            key: lot.folder.key().to_string(),
            validity: lot.validity,
            uids: sequence::compress(lot.uids.iter().copied()),
        }
    }

    /// The id that a message of it had.
    fn id(&self, uid: u32) -> String {
        let named = |account| domain::MessageRef {
            account,
            folder: FolderArg::parse(&self.key),
            uid,
            validity: self.validity,
        };
        self.account.parse().map(|account| named(account).to_string()).unwrap_or_default()
    }
}

impl Engine {
    /// Keeps what is planned, and tells it.
    pub(crate) async fn answer_plan(
        &self,
        principal: &Principal,
        work: Work,
        said: Said,
        chosen: Chosen,
    ) -> Result<Organized, Problem> {
        let Chosen { lots, failed, notes, .. } = chosen;
        let count = lots.iter().map(|lot| lot.uids.len() as u64).sum();
        if count == 0 {
            return Ok(failed.into_answer());
        }
        let mut notes = notes;
        let sample = if principal.may(Scope::Search) {
            self.sample(&lots).await.unwrap_or_else(|problem| {
                notes.push(format!("No sample can be shown ({}).", problem.code));
                Vec::new()
            })
        } else {
            Vec::new()
        };
        self.expose(principal, sample.iter().map(Shown::of_row).collect()).await?;
        let kept = Kept { work, said, lots: lots.iter().map(KeptLot::of).collect() };
        let confirm = self.keep_plan(principal, &kept).await?;
        let plan = Some(Planned { count, sample, confirm, note: notes.join(" ") });
        Ok(Organized { plan, ..failed.into_answer() })
    }

    /// A few of the newest messages, newest first.
    async fn sample(&self, lots: &[Lot]) -> Result<Vec<Row>, Problem> {
        let mut rows = Vec::new();
        for lots in Chosen::by_account(lots.to_vec()) {
            let of: Vec<Of<'_>> = lots.iter().map(|lot| Of { uids: &lot.newest, ..lot.of() }).collect();
            let Some(first) = lots.first() else { continue };
            let account = &first.account;
            let asked = account.opened.ask(Some(&first.folder.wire_name), &Rows(&of)).await;
            let seen = asked.map_err(|error| account.problem(&error))?;
            for (lot, seen) in lots.iter().zip(seen) {
                // What vanished meanwhile is no sample.
                let found = seen.ok().flatten().unwrap_or_default();
                rows.extend(found.iter().map(|row| account.row(&lot.folder, lot.validity, row, None)));
            }
        }
        rows.sort_by_key(|row| Reverse(row.date));
        rows.truncate(SAMPLE);
        Ok(rows)
    }

    /// Carries out a plan, if the call that confirms it does not say otherwise.
    pub(crate) async fn carry_out_plan(
        &self,
        principal: &Principal,
        confirm: &str,
        work: &Work,
        said: &Said,
        progress: &Progress,
    ) -> Result<Organized, Problem> {
        let kept: Kept = self.take_plan(principal, confirm).await?;
        if matches!(kept.work, Work::Delete) != matches!(work, Work::Delete) {
            return Err(plan::of_another_tool(Code::InvalidInput));
        }
        let other = if kept.work.is_like(work) { said.differs(&kept.said) } else { Some("do") };
        if let Some(name) = other {
            let told = format!("`{name}` differs from what was planned; nothing was done.");
            return Err(Problem::new(Code::InvalidInput, told)
                .hint("Ask for a new plan, and confirm it with the same arguments or with none."));
        }
        let mut chosen = Chosen::default();
        for kept in &kept.lots {
            match self.reopen(principal, kept).await {
                Ok(lot) => chosen.lots.push(lot),
                Err(problem) => {
                    for uid in sequence::numbers(&kept.uids) {
                        chosen.failed.fail(kept.id(uid), problem.clone());
                    }
                }
            }
        }
        // The grant may be narrower now than when it was planned.
        let chosen = self.young_enough(principal, chosen, false).await;
        self.carry_out(principal, &kept.work, chosen, progress).await
    }

    async fn reopen(&self, principal: &Principal, kept: &KeptLot) -> Result<Lot, Problem> {
        let account = self.account(principal, Some(&kept.account)).await?;
        let mut folder = None;
        for fresh in [Fresh::Known, Fresh::Now { counts: false }] {
            let folders = account.opened.folders(fresh).await.map_err(|error| account.problem(&error))?;
            folder = account.shown(&folders, &kept.wire).cloned();
            if folder.is_some() {
                break;
            }
        }
        let folder = folder.ok_or_else(gone)?;
        let uids = sequence::numbers(&kept.uids).collect();
        let (validity, given, followed) = (kept.validity, HashMap::new(), HashSet::new());
        Ok(Lot { account, folder, validity, uids, given, followed, newest: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organize::Action;

    fn request(ids: &[&str], query: Option<&str>) -> OrganizeRequest {
        OrganizeRequest {
            meant: Meant {
                ids: ids.iter().map(ToString::to_string).collect(),
                query: query.map(str::to_owned),
                ..Meant::default()
            },
            action: Action::Move,
            to_folder: Some(FolderArg::parse("Taxes")),
            keywords: Vec::new(),
            confirm: None,
        }
    }

    #[test]
    fn a_confirming_call_may_say_less_or_the_same_and_nothing_else() {
        let before = Said::of(&request(&["a", "b"], None));
        assert_eq!(Said::default().differs(&before), None);
        assert_eq!(Said::of(&request(&["b", "a", "a"], None)).differs(&before), None);
        assert_eq!(Said::of(&request(&["a"], None)).differs(&before), Some("ids"));
        assert_eq!(Said::of(&request(&["a", "b"], Some("x"))).differs(&before), Some("query"));
        let to = OrganizeRequest { to_folder: Some(FolderArg::parse("Trips")), ..request(&[], None) };
        assert_eq!(Said::of(&to).differs(&before), Some("to_folder"));
    }

    #[test]
    fn a_plan_of_twenty_thousand_messages_in_one_piece_is_short() {
        let lot = KeptLot {
            account: "work".into(),
            wire: b"INBOX".to_vec(),
            key: "@inbox".into(),
            validity: 7,
            uids: sequence::compress(1..=20_000),
        };
        let kept = Kept { work: Work::Delete, said: Said::default(), lots: vec![lot] };
        let written = serde_json::to_string(&kept).unwrap();
        assert!(written.len() < 400, "{written}");
        assert_eq!(serde_json::from_str::<Kept>(&written).unwrap(), kept);
    }
}
