//! Pages that need a mail server behind them, through the binary, as a browser without a screen meets them.

mod accounts;
mod approvals;
mod blind;
mod chain;
mod files;
mod leaving;
pub(crate) mod outbox;
mod outbox_by_hand;
mod revoking;
mod undoing;
