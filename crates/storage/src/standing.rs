//! How a grant stands now: the grant itself, and whatever of its user decides what it is worth. Asked for
//! by a bearer's hash (`tokens.rs`) or by the grant's id. What follows from it is decided in `access`.

use domain::{AccountId, AccountName, Grant, GrantId};

use crate::{Error, Result, Row, Store, grants};

/// A grant, live or not, with its user and the user's accounts.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The grant.
    pub grant: Grant,
    /// Whether it was revoked.
    pub is_revoked: bool,
    /// Whether the person paused it.
    pub is_paused: bool,
    /// The user's name.
    pub user_name: String,
    /// Whether the user is disabled.
    pub is_user_disabled: bool,
    /// All accounts of the user, granted or not, in the order of their names.
    pub accounts: Vec<HeldAccount>,
}

/// One account of a grant's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAccount {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: AccountName,
    /// Whether it is the user's default.
    pub is_default: bool,
}

/// The parts of a query for it, one row an account: what is selected, and what is joined to the grants `g`.
macro_rules! of_a_grant {
    (columns) => {
        "g.id AS grant_id, g.user_id, g.label, g.scopes, g.accounts, g.limits, g.created, g.expires, \
         g.revoked AS grant_revoked, g.paused AS grant_paused, u.name AS user_name, u.is_disabled, \
         a.id AS account_id, a.name AS account_name, a.is_default"
    };
    (joins) => {
        "JOIN users u ON u.id = g.user_id LEFT JOIN accounts a ON a.user_id = u.id"
    };
}
pub(crate) use of_a_grant;

impl Store {
    /// How the grant of that id stands, if there ever was one.
    pub async fn find_standing(&self, grant: &GrantId) -> Result<Option<Standing>> {
        const FIND: &str = concat!(
            "SELECT ",
            of_a_grant!(columns),
            " FROM grants g ",
            of_a_grant!(joins),
            " WHERE g.id = $1 ORDER BY a.name"
        );
        let rows = self.database.look(FIND, &[grant.as_str().into()]).await?;
        rows.first().map(|row| read(row, &rows)).transpose()
    }
}

/// Reads the columns of [`of_a_grant`]; `row` is the first of `rows`.
pub(crate) fn read(row: &Row, rows: &[Row]) -> Result<Standing> {
    Ok(Standing {
        grant: grants::read(row)?,
        is_revoked: !row.is_null("grant_revoked")?,
        is_paused: !row.is_null("grant_paused")?,
        user_name: row.text("user_name")?.to_owned(),
        is_user_disabled: row.flag("is_disabled")?,
        accounts: rows.iter().filter_map(|row| read_account(row).transpose()).collect::<Result<_>>()?,
    })
}

fn read_account(row: &Row) -> Result<Option<HeldAccount>> {
    let Some(id) = row.optional_text("account_id")? else { return Ok(None) };
    Ok(Some(HeldAccount {
        id: AccountId::from_text(id),
        name: row.text("account_name")?.parse().map_err(|_| Error::Unreadable("account name"))?,
        is_default: row.flag("is_default")?,
    }))
}
