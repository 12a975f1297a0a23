//! Who gets what: every route of the binary against nobody, somebody else, an agent that may too little, one whose
//! time is over, and the right one. A route without a row fails.

mod callers;
mod forms;
pub(crate) mod sources;
pub(crate) mod surfer;

use std::collections::BTreeSet;

use testkit::{Maildir, Options, require_submission, sample};

use self::callers::{CALLERS, Callers};
use crate::reading::NOW;

/// What each caller is answered: a status, or `login` for being led to the page to sign in.
///
/// `nobody` has nothing to show. `stranger` is bob, who is no administrator: with his own session, and as an agent
/// with his own token. `narrow` is an agent of alice's that may list folders only; to pages it shows its token, too.
/// `over` shows a session or token that ended. `right` is alice, an administrator, or an agent that she let in. Who
/// posts a form has a token of their own session for it. Nobody can be set up where somebody is; from the row in which
/// alice disables bob he is out; and to sign out leads to the page to sign in.
const TABLE: &str = "
    method path                                           nobody stranger narrow over  right
    get    /health                                        200    200      200    200   200
    get    /ready                                         200    200      200    200   200
    get    /metrics                                       401    401      401    401   200
    get    /static/{name}                                 200    200      200    200   200
    get    /favicon.ico                                   200    200      200    200   200
    get    /oauth/page.css                                200    200      200    200   200
    get    /.well-known/oauth-protected-resource          200    200      200    200   200
    get    /.well-known/oauth-protected-resource/mcp      200    200      200    200   200
    get    /.well-known/oauth-authorization-server        200    200      200    200   200
    get    /.well-known/oauth-authorization-server/mcp    200    200      200    200   200
    any    /mcp                                           401    404      403    401   200
    post   /files                                         401    201      403    401   201
    get    /files/{token}                                 404    404      404    404   200
    post   /oauth/register                                201    201      201    201   201
    get    /oauth/authorize                               login  303      login  login 303
    post   /oauth/token                                   400    400      400    400   200
    get    /login                                         200    303      200    200   303
    get    /setup                                         200    200      200    200   200
    get    /invite/{code}                                 404    404      404    404   200
    get    /                                              login  200      login  login 200
    get    /accounts                                      login  200      login  login 200
    get    /accounts/new                                  login  200      login  login 200
    get    /accounts/new/port                             login  200      login  login 200
    get    /accounts/{name}                               login  404      login  login 200
    get    /accounts/{name}/remove                        login  404      login  login 200
    get    /agents                                        login  200      login  login 200
    get    /agents/{id}                                   login  404      login  login 200
    get    /approvals                                     login  200      login  login 200
    get    /approvals/{id}                                login  404      login  login 200
    get    /approvals/{id}/body                           login  404      login  login 200
    get    /approvals/{id}/files/{number}                 login  404      login  login 200
    get    /outbox                                        login  200      login  login 200
    get    /outbox/{id}                                   login  404      login  login 200
    get    /connect                                       login  200      login  login 200
    get    /connect/mark                                  login  200      login  login 200
    get    /activity                                      login  200      login  login 200
    get    /activity/export                               login  200      login  login 200
    get    /activity/delete                               login  200      login  login 200
    post   /activity/undo                                 login  404      login  login 404
    post   /activity/check                                login  303      login  login 303
    post   /activity/delete                               login  422      login  login 422
    get    /consent/{id}                                  login  404      login  login 200
    get    /settings                                      login  200      login  login 200
    get    /settings/passkeys                             login  200      login  login 200
    get    /prove                                         login  303      login  login 303
    get    /admin                                         login  404      login  login 200
    get    /settings/data                                 login  200      login  login 200
    get    /settings/data/delete                          login  200      login  login 200
    get    /admin/people/{name}                           login  404      login  login 200
    get    /admin/storage                                 login  404      login  login 200
    get    /admin/health                                  login  404      login  login 200
    post   /login                                         403    403      403    403   303
    post   /setup                                         403    403      403    403   403
    post   /invite/{code}                                 403    403      403    403   303
    post   /accounts/new                                  login  422      login  login 422
    post   /accounts/new/provider                         login  200      login  login 200
    post   /accounts/{name}                               login  404      login  login 422
    post   /accounts/{name}/test                          login  404      login  login 200
    post   /accounts/{name}/default                       login  404      login  login 303
    post   /agents/{id}                                   login  404      login  login 422
    post   /agents/{id}/pause                             login  404      login  login 303
    post   /agents/{id}/resume                            login  404      login  login 303
    post   /agents/{id}/families/{family}/end             login  404      login  login 303
    post   /agents/{id}/revoke                            login  404      login  login 303
    post   /approvals/{id}/approve                        login  404      login  login 422
    post   /approvals/{id}/deny                           login  404      login  login 303
    post   /approvals/{id}/deny-and-pause                 login  404      login  login 303
    post   /outbox/{id}/cancel                                 login  404      login  login 303
    post   /outbox/{id}/now                                    login  404      login  login 303
    post   /outbox/{id}/look                                   login  404      login  login 303
    post   /outbox/{id}/sent                                   login  404      login  login 303
    post   /outbox/{id}/again                                  login  404      login  login 303
    post   /outbox/{id}/copy                                   login  404      login  login 303
    post   /outbox/{id}/forget                                 login  404      login  login 303
    post   /oauth/revoke                                  401    401      401    401   200
    post   /consent/{id}                                  login  404      login  login 303
    post   /settings/password                             login  422      login  login 422
    post   /settings/passkeys                             login  422      login  login 422
    post   /settings/passkeys/begin                       login  200      login  login 200
    post   /settings/passkeys/rename                      login  404      login  login 404
    post   /settings/passkeys/remove                      login  404      login  login 404
    post   /prove                                         login  403      login  login 403
    post   /prove/passkey/begin                           login  404      login  login 404
    post   /prove/passkey                                 login  403      login  login 403
    post   /login/passkey/begin                           403    403      403    403   200
    post   /login/passkey                                 403    403      403    403   403
    post   /settings/sessions/end                         login  303      login  login 303
    post   /settings/sessions/end-others                  login  303      login  login 303
    get    /login/code                                    login  303      login  login 303
    post   /login/code                                    403    403      403    403   403
    get    /login/provider                                404    303      404    404   303
    post   /login/provider                                403    403      403    403   403
    get    /login/provider/callback                       404    404      404    404   404
    post   /prove/provider                                login  404      login  login 404
    get    /settings/codes                                login  200      login  login 200
    post   /settings/codes/begin                          login  303      login  login 303
    post   /settings/codes/confirm                        login  422      login  login 422
    post   /settings/codes/recovery                       login  303      login  login 303
    post   /settings/codes/off                            login  303      login  login 303
    post   /settings/provider                             login  404      login  login 404
    post   /settings/provider/remove                      login  303      login  login 303
    post   /accounts/{name}/remove                        login  404      login  login 303
    post   /admin/invitations                             login  404      login  login 200
    post   /admin/invitations/withdraw                    login  404      login  login 303
    post   /admin/users/reset                             login  404      login  login 200
    post   /settings/data/wishes                          login  400      login  login 400
    post   /settings/data/export                          login  200      login  login 200
    post   /settings/data/delete                          login  303      login  login 303
    post   /admin/users/end-codes                         login  404      login  login 303
    post   /admin/users/unmake-admin                      login  404      login  login 303
    post   /admin/users/delete                            login  404      login  login 303
    post   /admin/users/disable                           login  404      login  login 303
    post   /admin/users/enable                            login  login    login  login 303
    post   /admin/users/make-admin                        login  login    login  login 303
    post   /logout                                        login  login    login  login login
";

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE.lines().map(|line| line.split_whitespace().collect()).filter(|row: &Vec<_>| row.len() == 7).skip(1)
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let with_row: BTreeSet<(String, String)> =
        rows().map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
    let routes = sources::routes();
    assert!(routes.len() > 40, "{routes:?}");
    let without: Vec<_> = routes.symmetric_difference(&with_row).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn every_route_answers_each_caller_as_the_table_says() {
    let Some(submission) = require_submission(Options::default()) else { return };
    sample::fill(&Maildir::of(&submission, "alice").unwrap(), NOW).unwrap();
    let callers = Callers::at(&submission);
    let mut wrong = Vec::new();
    for row in rows() {
        for (caller, expected) in CALLERS.iter().zip(&row[2..]) {
            let answer = callers.ask(*caller, row[0], row[1]);
            let location = answer.header("location");
            let is_login = answer.status == 303 && location.starts_with("/login");
            let got = if is_login { "login".to_owned() } else { answer.status.to_string() };
            if got != *expected {
                wrong.push(format!("{} {} {caller:?}: {got}, not {expected}", row[0], row[1]));
            }
            if answer.status >= 500 || (row[1] != "/consent/{id}" && location.contains("://")) {
                wrong.push(format!("{} {} {caller:?}: {} {location}", row[0], row[1], answer.status));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
