//! One-time codes in the person's settings: set up an app, switch off, make recovery codes anew. Only for who proved
//! lately who they are.

use access::{CodesState, FEW_RECOVERY_CODES};
use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::Response,
    routing::{get, post},
};
use domain::Secret;
use qrcode::{Color, EcLevel, QrCode};

use crate::{
    frame::{Answer, Error, Frame, Notice, Person, Posted, Section, Site, day, see_other, show},
    pages::code::told,
};

const HERE: &str = "/settings/codes";

/// The routes of this page.
pub(super) fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/codes", get(look))
        .route("/settings/codes/begin", post(begin))
        .route("/settings/codes/confirm", post(confirm))
        .route("/settings/codes/recovery", post(renew))
        .route("/settings/codes/off", post(switch_off))
}

/// What the settings say about a person's codes.
pub(super) struct CodesCard {
    pub(super) is_on: bool,
    pub(super) since: String,
    /// Recovery codes that are left.
    pub(super) left: u64,
    pub(super) is_few: bool,
}

impl CodesCard {
    pub(super) async fn of(site: &Site, person: &Person) -> Result<Self, access::Error> {
        Ok(match site.access.codes_state(&person.signed_in).await? {
            CodesState::On { since, recovery } => Self {
                is_on: true,
                since: day(since),
                left: recovery,
                is_few: recovery <= FEW_RECOVERY_CODES,
            },
            CodesState::Off | CodesState::Waiting => {
                Self { is_on: false, since: String::new(), left: 0, is_few: false }
            }
        })
    }
}

#[derive(Template)]
#[template(path = "codes.html")]
struct Page {
    frame: Frame,
    codes: CodesCard,
    /// What the app needs, while it is set up.
    setup: Option<Setup>,
    error: String,
}

struct Setup {
    picture: Picture,
    /// The secret in groups of four letters.
    secret: String,
}

/// A QR code: squares of one unit within a frame, as the path of an SVG.
struct Picture {
    side: usize,
    path: String,
}

#[derive(Template)]
#[template(path = "recovery.html")]
struct Recovery {
    frame: Frame,
    codes: Vec<Secret>,
    /// Whether these are the first ones.
    is_first: bool,
}

impl Page {
    async fn of(site: &Site, person: &Person, error: String) -> Result<Self, Error> {
        let setup = site.access.codes_setup(&person.signed_in).await?.map(|setup| Setup {
            picture: Picture::of(setup.uri.expose()),
            secret: in_groups(setup.secret.expose()),
        });
        let codes = CodesCard::of(site, person).await?;
        Ok(Self { frame: person.frame(Section::Settings), codes, setup, error })
    }
}

async fn look(State(site): State<Site>, person: Person) -> Answer {
    person.proven(&site, HERE)?;
    show(&Page::of(&site, &person, String::new()).await?)
}

async fn begin(State(site): State<Site>, form: Posted) -> Answer {
    form.person.proven(&site, HERE)?;
    let is_begun = site.access.codes_begin(&form.person.signed_in).await?;
    Ok(see_other(HERE, if is_begun { None } else { Some(Notice::NothingToDo) }))
}

async fn confirm(State(site): State<Site>, form: Posted) -> Answer {
    let Posted { person, fields } = form;
    person.proven(&site, HERE)?;
    let fault = match site.access.codes_confirm(&person.signed_in, fields.text("code")).await {
        Ok(codes) => return recovery(&person, codes, true),
        Err(access::CodeFault::Used) => return Ok(see_other(HERE, Some(Notice::NothingToDo))),
        Err(fault) => fault,
    };
    let (status, wait, error) = told(fault)?;
    let mut response = show(&Page::of(&site, &person, error).await?)?;
    *response.status_mut() =
        if status == StatusCode::FORBIDDEN { StatusCode::UNPROCESSABLE_ENTITY } else { status };
    if let Some(seconds) = wait {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

async fn renew(State(site): State<Site>, form: Posted) -> Answer {
    form.person.proven(&site, HERE)?;
    match site.access.recovery_new(&form.person.signed_in).await? {
        Some(codes) => recovery(&form.person, codes, false),
        None => Ok(see_other(HERE, Some(Notice::NothingToDo))),
    }
}

async fn switch_off(State(site): State<Site>, form: Posted) -> Answer {
    form.person.proven(&site, HERE)?;
    let was_on = site.access.codes_off(&form.person.signed_in).await?;
    Ok(see_other("/settings", Some(if was_on { Notice::CodesOff } else { Notice::NothingToDo })))
}

fn recovery(person: &Person, codes: Vec<Secret>, is_first: bool) -> Result<Response, Error> {
    show(&Recovery { frame: person.frame(Section::Settings), codes, is_first })
}

impl Picture {
    /// The picture of a text; an empty one if it is too long for any, which no secret of ours is.
    fn of(text: &str) -> Self {
        // units around it that cameras need to find it
        const FRAME: usize = 4;
        let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
            return Self { side: 0, path: String::new() };
        };
        let width = code.width();
        let squares = code.to_colors().into_iter().enumerate().filter(|(_, color)| *color == Color::Dark);
        let path: Vec<String> = squares
            .map(|(place, _)| format!("M{} {}h1v1h-1z", place % width + FRAME, place / width + FRAME))
            .collect();
        Self { side: width + 2 * FRAME, path: path.concat() }
    }
}

fn in_groups(secret: &str) -> String {
    let groups: Vec<&str> =
        secret.as_bytes().chunks(4).map(|group| str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(" ")
}
