//! What is to be written, as `mail_draft` and `mail_send` take it.

use axum::body::Bytes;
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use domain::{MessageRef, Problem, UploadId};
use engine::outgoing::{Composition, FileSource, Follows};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    arguments::invalid,
    files::{Attachable, HandOver},
};

/// Octets that may come as base64, all files of a call together.
const MOST_OCTETS: usize = 1_000_000;

/// Agents pad, or do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Composed {
    /// A message's id
    pub(super) reply_to: Option<String>,
    pub(super) reply_all: Option<String>,
    pub(super) forward: Option<String>,
    /// One of the person's addresses
    from: Option<String>,
    to: Option<Vec<String>>,
    cc: Option<Vec<String>>,
    bcc: Option<Vec<String>>,
    subject: Option<String>,
    /// Markdown
    body: Option<String>,
    html: Option<String>,
    /// Each from one source
    attachments: Option<Vec<Attached>>,
    #[serde(default = "yes")]
    signature: bool,
    account: Option<String>,
}

// one flat object for all sources, since many clients know no others; what belongs together is checked below
#[derive(Default, Deserialize, JsonSchema)]
struct Attached {
    /// A message's id; whole without `index`
    from_message: Option<String>,
    #[schemars(range(min = 1))]
    index: Option<usize>,
    /// From POST /files
    file: Option<String>,
    /// Below POSTROOM_FILES_DIR (stdio)
    path: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    media_type: Option<String>,
    /// Needs `name`
    base64: Option<String>,
    /// For `cid:` in `html`
    content_id: Option<String>,
}

fn yes() -> bool {
    true
}

impl Composed {
    /// The account that is named.
    pub(super) fn account(&self) -> Option<String> {
        self.account.clone()
    }

    /// Names of the arguments that say something about a message.
    pub(super) fn said(&self) -> Vec<&'static str> {
        let is_some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        let said = [
            ("reply_to", self.reply_to.is_some()),
            ("reply_all", self.reply_all.is_some()),
            ("forward", self.forward.is_some()),
            ("from", self.from.is_some()),
            ("to", is_some(&self.to)),
            ("cc", is_some(&self.cc)),
            ("bcc", is_some(&self.bcc)),
            ("subject", self.subject.is_some()),
            ("body", self.body.is_some()),
            ("html", self.html.is_some()),
            ("attachments", self.attachments.as_ref().is_some_and(|files| !files.is_empty())),
        ];
        said.into_iter().filter(|(_, is_said)| *is_said).map(|(name, _)| name).collect()
    }

    /// The messages that it is about, for the audit trail. What is no message's id may be an address.
    pub(super) fn targets(&self) -> Vec<String> {
        let followed = [&self.reply_to, &self.reply_all, &self.forward].into_iter().flatten();
        let taken = self.attachments.iter().flatten().filter_map(|file| file.from_message.as_ref());
        let is_id = |id: &&String| id.parse::<MessageRef>().is_ok();
        followed.chain(taken).filter(is_id).cloned().collect()
    }

    fn follows(&self) -> Result<Option<Follows>, Problem> {
        let mut named: Vec<Follows> = Vec::new();
        named.extend(self.reply_to.clone().map(Follows::Reply));
        named.extend(self.reply_all.clone().map(Follows::ReplyAll));
        named.extend(self.forward.clone().map(Follows::Forward));
        let follows = named.pop();
        if named.is_empty() {
            return Ok(follows);
        }
        let told = "`reply_to`, `reply_all` and `forward` exclude each other.".to_owned();
        Err(invalid(told).hint("Give the id of the one message that is answered or handed on."))
    }

    /// The same for the engine, files opened. An empty list clears what a draft has; elsewhere it says nothing.
    pub(super) async fn composition(
        self,
        files: &HandOver,
        replaces_draft: bool,
    ) -> Result<Composition, Problem> {
        let follows = self.follows()?;
        let kept = |list: Option<Vec<String>>| list.filter(|list| replaces_draft || !list.is_empty());
        let attachments = match self.attachments {
            Some(attached) if replaces_draft || !attached.is_empty() => Some(sources(attached, files).await?),
            _ => None,
        };
        Ok(Composition {
            account: self.account,
            follows,
            from: self.from,
            to: kept(self.to),
            cc: kept(self.cc),
            bcc: kept(self.bcc),
            subject: self.subject,
            body: self.body,
            html: self.html,
            attachments,
            signature: self.signature,
        })
    }
}

async fn sources(attached: Vec<Attached>, files: &HandOver) -> Result<Vec<FileSource>, Problem> {
    let mut room = MOST_OCTETS;
    let mut sources = Vec::with_capacity(attached.len());
    for (at, one) in attached.into_iter().enumerate() {
        let source = one.source(files, &mut room).await.map_err(|mut problem| {
            problem.message = format!("`attachments`, number {}: {}", at + 1, problem.message);
            problem
        });
        sources.push(source?);
    }
    Ok(sources)
}

impl Attached {
    async fn source(self, files: &HandOver, room: &mut usize) -> Result<FileSource, Problem> {
        self.check()?;
        let Self { from_message, index, file, path, name, media_type, base64, content_id } = self;
        let named = || name.clone().unwrap_or_default();
        let media_type = media_type.unwrap_or_default();
        if let Some(message) = from_message {
            Ok(FileSource::FromMessage { message, index })
        } else if let Some(file) = file {
            let upload = UploadId::from_text(file);
            if upload.to_bytes().is_none() {
                let told = "that is not the `file` of an upload.".to_owned();
                return Err(invalid(told).hint("Copy it from the answer of `POST /files`, as `upl_…`."));
            }
            Ok(FileSource::Upload(upload))
        } else if let Some(path) = path {
            let Attachable { name: own, size, file } = files.attach(&path).await?;
            let name = name.unwrap_or(own);
            Ok(FileSource::Opened { name, media_type, size, file })
        } else {
            let octets = decode(&base64.unwrap_or_default(), room)?;
            Ok(FileSource::Octets { name: named(), media_type, content_id, octets })
        }
    }

    /// One source, and nothing beside it that belongs to another.
    fn check(&self) -> Result<(), Problem> {
        let sources = [
            ("from_message", self.from_message.is_some()),
            ("file", self.file.is_some()),
            ("path", self.path.is_some()),
            ("base64", self.base64.is_some()),
        ];
        let mut given = sources.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name);
        let (Some(source), None) = (given.next(), given.next()) else {
            let told = "a file needs exactly one of `from_message`, `file`, `path` and `base64`.".to_owned();
            return Err(invalid(told));
        };
        let beside = [
            ("index", self.index.is_some(), &["from_message"][..]),
            ("name", self.name.is_some(), &["path", "base64"]),
            ("type", self.media_type.is_some(), &["path", "base64"]),
            ("content_id", self.content_id.is_some(), &["base64"]),
        ];
        for (name, is_given, belongs) in beside {
            if is_given && !belongs.contains(&source) {
                return Err(invalid(format!(
                    "`{name}` belongs to `{}`, not to `{source}`.",
                    belongs.join("` or `")
                )));
            }
        }
        if source == "base64" && self.name.is_none() {
            return Err(invalid("`base64` needs a `name`.".to_owned()));
        }
        Ok(())
    }
}

/// The octets, as long as there is room for them.
fn decode(text: &str, room: &mut usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let told = format!("files as `base64` may have {MOST_OCTETS} octets together.");
        let hint = "Upload larger ones with `POST /files`, or give a `path` or a `from_message`.";
        Problem::new(domain::Code::TooLarge, told).hint(hint)
    };
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    // before the work is done: four digits for three octets
    if digits.len() / 4 * 3 > room.saturating_add(3) {
        return Err(too_large());
    }
    let octets = BASE64.decode(digits).map_err(|_| invalid("`base64` is not base64.".to_owned()))?;
    *room = room.checked_sub(octets.len()).ok_or_else(too_large)?;
    Ok(octets.into())
}

#[cfg(test)]
mod tests {
    use domain::Code;
    use serde_json::{Value, json};

    use super::*;

    fn composed(json: Value) -> Composed {
        serde_json::from_value(json).unwrap()
    }

    async fn files(json: Value) -> Result<Vec<FileSource>, Problem> {
        let composition =
            composed(json!({ "attachments": json })).composition(&HandOver::Nowhere, false).await;
        composition.map(|composition| composition.attachments.unwrap_or_default())
    }

    #[tokio::test]
    async fn each_file_comes_from_one_source_and_a_wrong_one_is_told_by_its_number() {
        let upload = UploadId::from_random([7; 16]);
        let good = files(json!([
            {"from_message": "home/@inbox:1@a", "index": 2},
            {"from_message": "<1@x>"},
            {"file": upload.as_str()},
            {"base64": "aGk", "name": "hi.txt", "type": "text/plain", "content_id": "a"},
            {"base64": "aG\nk=", "name": "hi.txt"},
        ]));
        let good = good.await.unwrap();
        assert!(matches!(&good[0], FileSource::FromMessage { index: Some(2), .. }));
        assert!(matches!(&good[1], FileSource::FromMessage { index: None, .. }));
        assert!(matches!(&good[2], FileSource::Upload(id) if *id == upload));
        assert!(matches!(&good[3], FileSource::Octets { octets, content_id: Some(_), .. } if octets == "hi"));
        assert!(matches!(&good[4], FileSource::Octets { octets, .. } if octets == "hi"));
        for (wrong, told) in [
            (json!({}), "exactly one of"),
            (json!({"name": "a"}), "exactly one of"),
            (json!({"file": upload.as_str(), "path": "a"}), "exactly one of"),
            (json!({"file": "upl_1"}), "not the `file` of an upload"),
            (
                json!({"file": upload.as_str(), "name": "a"}),
                "`name` belongs to `path` or `base64`, not to `file`",
            ),
            (json!({"base64": "aGk", "name": "a", "index": 1}), "`index` belongs to `from_message`"),
            (json!({"path": "a", "content_id": "b"}), "`content_id` belongs to `base64`"),
            (json!({"base64": "aGk"}), "`base64` needs a `name`"),
            (json!({"base64": "a!", "name": "a"}), "`base64` is not base64"),
        ] {
            let problem = files(json!([{"from_message": "<1@x>"}, wrong])).await.unwrap_err();
            assert_eq!(problem.code, Code::InvalidInput);
            assert!(problem.message.starts_with("`attachments`, number 2: "), "{problem}");
            assert!(problem.message.contains(told), "{problem}");
        }
        let nowhere = files(json!([{"path": "a"}])).await.unwrap_err();
        assert_eq!(nowhere.code, Code::NotSupported);
        assert!(nowhere.hint.contains("POSTROOM_FILES_DIR"), "{nowhere}");
    }

    #[tokio::test]
    async fn octets_in_a_call_are_bounded_together() {
        let of = |octets: usize| json!({"name": "a", "base64": BASE64.encode(vec![0; octets])});
        assert_eq!(files(json!([of(400_000), of(600_000)])).await.unwrap().len(), 2);
        for sizes in [vec![of(400_000), of(600_001)], vec![of(5_000_000)]] {
            assert_eq!(files(json!(sizes)).await.unwrap_err().code, Code::TooLarge);
        }
    }

    #[tokio::test]
    async fn a_message_follows_one_other_at_most() {
        let several = composed(json!({"reply_to": "<1@x>", "forward": "<2@x>"}));
        let problem = several.composition(&HandOver::Nowhere, false).await.unwrap_err();
        assert!(problem.message.contains("exclude each other"), "{problem}");
        let one =
            composed(json!({"reply_all": "<1@x>"})).composition(&HandOver::Nowhere, false).await.unwrap();
        assert_eq!(one.follows, Some(Follows::ReplyAll("<1@x>".into())));
        assert!(one.signature);
    }

    #[tokio::test]
    async fn an_empty_list_clears_a_draft_and_says_nothing_elsewhere() {
        let sent = || composed(json!({"to": [], "cc": ["a@x.org"], "attachments": []}));
        let draft = sent().composition(&HandOver::Nowhere, true).await.unwrap();
        assert_eq!(
            (draft.to.map(|to| to.len()), draft.attachments.map(|files| files.len())),
            (Some(0), Some(0))
        );
        let new = sent().composition(&HandOver::Nowhere, false).await.unwrap();
        assert!(new.to.is_none() && new.attachments.is_none() && new.cc.is_some());
    }

    #[test]
    fn the_audit_trail_gets_ids_and_never_an_address() {
        let sent = composed(json!({
            "reply_to": "ann@example.org", "to": ["bob@example.org"], "forward": "home/@inbox:1@a",
            "attachments": [{"from_message": "home/@inbox:2@a"}, {"from_message": "<1@x>"}],
        }));
        assert_eq!(sent.targets(), ["home/@inbox:1@a", "home/@inbox:2@a"]);
    }
}
