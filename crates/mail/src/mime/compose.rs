//! What an agent wrote → the parts of a message: bodies in both forms, quotations, recipients of a reply.

mod answer;
mod flowed;
mod language;
mod markdown;
mod quotation;
mod references;
mod reply;
mod reply_subject;
mod safe_html;

pub use answer::{Answer, Body, Own, body};
pub use flowed::flow;
pub use language::Language;
pub use markdown::{markdown_to_html, markdown_to_text};
pub use quotation::{Original, quotable};
pub use references::reply_references;
pub use reply::{Recipients, reply_recipients};
pub use reply_subject::{forward_subject, reply_subject};
pub use safe_html::{html_to_text, safe_html};
