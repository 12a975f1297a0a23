//! What is ticked beforehand, and what a posted form allows.

use domain::{AccountId, AccountSettings, Endpoint, GrantId, TlsMode, UserId};
use time::macros::datetime;

use super::*;

fn account(name: &str, is_default: bool) -> Account {
    Account {
        id: AccountId::from_text(name),
        user: UserId::from_text("usr"),
        name: name.parse().unwrap(),
        settings: AccountSettings {
            address: format!("{name}@example.org"),
            display_name: String::new(),
            imap: Endpoint {
                host: "imap.example.org".to_owned(),
                port: 993,
                tls: TlsMode::Tls,
                username: name.to_owned(),
            },
            smtp: None,
            allowed_folders: Vec::new(),
            signature: String::new(),
            writing_style: String::new(),
        },
        is_default,
        has_smtp_password: false,
        created: datetime!(2026-01-01 00:00 UTC),
    }
}

fn accounts() -> Vec<Account> {
    vec![account("home", false), account("work", true)]
}

fn grant(scopes: &str) -> Grant {
    Grant {
        id: GrantId::from_text("gra"),
        user: UserId::from_text("usr"),
        label: "Claude".to_owned(),
        scopes: Scopes::parse(scopes).unwrap(),
        accounts: GrantedAccounts::Only(vec!["home".parse().unwrap()]),
        limits: Limits { shows_codes: true, ..Limits::default() },
        created: datetime!(2026-01-01 00:00 UTC),
        expires: Some(datetime!(2027-01-02 03:04 UTC)),
    }
}

fn ticked(form: &PermissionForm) -> Vec<&'static str> {
    form.groups.iter().flat_map(|group| &group.boxes).filter(|b| b.is_ticked).map(|b| b.name).collect()
}

const REST: [(&str, &str); 3] = [("approval", "always"), ("place", "page"), ("ending", "never")];

fn read(fields: &[(&str, &str)], offered: &str, before: Option<&Grant>) -> Result<Permission, Vec<Slip>> {
    let all: Vec<_> = fields.iter().chain(&REST).copied().collect();
    Permission::read(&Fields::of(&all), Scopes::parse(offered).unwrap(), &accounts(), before)
}

#[test]
fn send_delete_and_manage_are_never_ticked_for_somebody_new() {
    let form = PermissionForm::fresh(Scopes::all(), &accounts(), ApprovalRule::default());
    assert_eq!(ticked(&form), ["mail:folders", "mail:search", "mail:read", "mail:draft", "mail:modify"]);
    let grave = PermissionForm::fresh(GRAVE.into_iter().collect(), &accounts(), ApprovalRule::default());
    assert!(ticked(&grave).is_empty());
    assert_eq!(grave.groups.len(), 1, "groups without a scope are left out");
}

#[test]
fn only_the_default_account_is_ticked_for_somebody_new() {
    let form = PermissionForm::fresh(Scopes::all(), &accounts(), ApprovalRule::Always);
    let chosen: Vec<_> = form.accounts.iter().filter(|a| a.is_ticked).map(|a| a.name.as_str()).collect();
    assert_eq!((form.is_all, chosen), (false, vec!["work"]));
    assert_eq!(form.limits.approval, "always");
    assert!(!form.is_unfolded());
}

#[test]
fn an_agent_that_is_in_already_has_ticked_what_it_has_and_nothing_more() {
    let form = PermissionForm::asked_again(
        &grant("read send modify"),
        Scopes::parse("read send draft").unwrap(),
        &accounts(),
    );
    assert_eq!(ticked(&form), ["mail:read", "mail:send"]);
    assert_eq!(form.besides, [Scope::Modify.lets_an_agent()]);
    let more: Vec<_> =
        form.groups.iter().flat_map(|g| &g.boxes).filter(|b| b.is_more).map(|b| b.name).collect();
    assert_eq!(more, ["mail:draft"]);
    assert!(form.accounts[0].is_ticked && !form.accounts[1].is_ticked);
    assert!(form.is_unfolded(), "limits that are set are seen");
    assert_eq!(form.endings()[0], ("keep", "On 2 January 2027, as before".to_owned()));
}

#[test]
fn what_was_not_offered_cannot_be_ticked() {
    let fields = [("scope", "mail:read"), ("scope", "mail:send"), ("scope", "nonsense"), ("account", "work")];
    let allowed = read(&fields, "folders read", None).unwrap();
    assert_eq!(allowed.scopes.to_string(), "mail:read");
    assert_eq!(allowed.accounts, GrantedAccounts::Only(vec!["work".parse().unwrap()]));
    assert_eq!(allowed.ending, Ending::Never);
}

#[test]
fn all_accounts_means_later_ones_too() {
    let fields = [("scope", "mail:read"), ("account", "home"), ("account", "all")];
    assert_eq!(read(&fields, "read", None).unwrap().accounts, GrantedAccounts::All);
}

#[test]
fn nothing_ticked_is_told_and_an_account_of_nobody_is_not_there() {
    let fields = |slips: Vec<Slip>| slips.iter().map(|slip| slip.field).collect::<Vec<_>>();
    assert_eq!(fields(read(&[], "read", None).unwrap_err()), ["scope", "account"]);
    let foreign = [("scope", "mail:read"), ("account", "work"), ("account", "boss")];
    assert_eq!(fields(read(&foreign, "read", None).unwrap_err()), ["account"]);
}

#[test]
fn an_end_is_kept_only_where_there_was_one() {
    let post = |ending: &str, before: Option<&Grant>| {
        let fields = [("ending", ending), ("scope", "mail:read"), ("account", "work")];
        read(&fields, "read", before).map(|allowed| allowed.ending)
    };
    assert_eq!(post("keep", Some(&grant("read"))), Ok(Ending::Kept));
    assert_eq!(post("30d", None), Ok(Ending::After(Duration::days(30))));
    assert!(post("keep", None).is_err() && post("10000000d", None).is_err());
}

#[test]
fn a_form_with_slips_is_shown_as_it_was_filled_in() {
    let fields =
        Fields::of(&[("scope", "mail:send"), ("account", "home"), ("calls", "lots"), ("ending", "7d")]);
    let slips = Permission::read(&fields, Scopes::all(), &accounts(), None).unwrap_err();
    let form =
        PermissionForm::fresh(Scopes::all(), &accounts(), ApprovalRule::default()).typed(&fields, slips);
    assert_eq!(ticked(&form), ["mail:send"]);
    assert!(form.accounts[0].is_ticked && !form.accounts[1].is_ticked);
    assert_eq!((form.limits.calls.as_str(), form.ending.as_str()), ("lots", "7d"));
    assert!(form.slip("calls").is_some() && form.slip("scope").is_none());
    assert!(form.is_unfolded());
}
