//! The pages a citizen sees.

mod assets;
mod farewell;
mod help;
mod history;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Query};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use base64ct::{Base64UrlUnpadded, Encoding};
use protocol::error::Code;
use serde::Deserialize;
use zeroize::Zeroizing;

pub use assets::{asset, texts};
pub use farewell::{cancel, expired, logout, stay};
pub use help::help;
pub use history::history;

use crate::accounts::UserName;
use crate::audit::Event;
use crate::browser::{KnownBrowser, Success};
use crate::cookies::Cookie;
use crate::keys::random;
use crate::language::Language;
use crate::level::Means;
use crate::password::{MAX_PASSWORD, PasswordError};
use crate::server::App;
use crate::session::{Achieved, INACTIVITY, Session, SessionId};
use crate::visit::{Visit, form_token};

/// What every page needs.
struct Page {
    app: Arc<App>,
    language: Language,
    logged_in: bool,
    test: bool,
    token: String,
}

impl Page {
    fn new(visit: &Visit, token: String) -> Self {
        let app = Arc::clone(visit.app());
        let (logged_in, test) = (visit.session.is_some(), app.config.test);
        Self {
            app,
            language: visit.language,
            logged_in,
            test,
            token,
        }
    }

    fn of_session(visit: &Visit) -> Self {
        Self::new(visit, visit.token().unwrap_or_default())
    }

    fn t(&self, key: &str) -> String {
        self.app.texts.get(self.language, key)
    }

    fn title(&self, key: &str) -> String {
        self.app
            .texts
            .format(self.language, key, &[("service", self.service())])
    }

    fn service(&self) -> &str {
        self.app.config.service.get(self.language)
    }

    fn language(&self) -> &'static str {
        self.language.tag()
    }

    fn is(&self, tag: &str) -> bool {
        self.language() == tag
    }

    /// Seconds without use after which the session ends.
    fn inactivity(&self) -> u64 {
        INACTIVITY
    }

    fn level_name(&self, level: crate::level::Level) -> &str {
        self.app
            .levels
            .name(level)
            .map_or("", |name| name.get(self.language))
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    page: Page,
    notice: Option<String>,
    failed: bool,
}

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    page: Page,
    intro: String,
    ports: String,
    access: &'static str,
    choices: Vec<Choice>,
}

struct Choice {
    name: &'static str,
    label: String,
}

#[derive(Template)]
#[template(path = "success.html")]
struct SuccessPage {
    page: Page,
    level_code: u8,
    level_name: String,
    means: String,
    time: String,
    time_text: String,
    /// How the account was used before this session, so that its citizen notices somebody else.
    previous: Option<history::Row>,
    with_document: bool,
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct RefusalPage {
    page: Page,
    title: String,
    reason: String,
    text: String,
    action: String,
    level: String,
    /// Text key of the way on, if there is one.
    again: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "forbidden.html")]
struct ForbiddenPage {
    page: Page,
}

fn render(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page does not render");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Adds a Set-Cookie header.
pub fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

fn forbidden(visit: &Visit) -> Response {
    render(
        StatusCode::FORBIDDEN,
        &ForbiddenPage {
            page: Page::of_session(visit),
        },
    )
}

/// `/`: where the citizen is.
pub async fn home(visit: Visit) -> Redirect {
    Redirect::to(match &visit.session {
        Some((_, session)) if visit.app().at_document_level(session) => "/result",
        Some(_) => "/document",
        None => to_login(&visit),
    })
}

/// The login page; for a browser whose session has ended meanwhile with the notice that says so.
fn to_login(visit: &Visit) -> &'static str {
    if visit.had_session() {
        "/login?notice=expired"
    } else {
        "/login"
    }
}

/// Query of the login page.
#[derive(Deserialize)]
pub struct Notice {
    notice: Option<String>,
}

/// `GET /login`.
pub async fn login_form(visit: Visit, Query(query): Query<Notice>) -> Response {
    if visit.session.is_some() {
        return Redirect::to("/").into_response();
    }
    let notice = match query.notice.as_deref() {
        Some("cancelled") => Some("login-cancelled"),
        Some("expired") => Some("login-expired"),
        Some("logged-out") => Some("login-logged-out"),
        _ => None,
    };
    let notice = notice.map(|key| visit.app().texts.get(visit.language, key));
    login_page(&visit, StatusCode::OK, notice, false)
}

fn login_page(visit: &Visit, status: StatusCode, notice: Option<String>, failed: bool) -> Response {
    let app = visit.app();
    let nonce = match visit.form_nonce().map_or_else(random::<16>, Ok) {
        Ok(nonce) => nonce,
        Err(error) => return internal(&error),
    };
    let page = Page::new(visit, form_token(app, &nonce));
    let mut response = render(
        status,
        &LoginPage {
            page,
            notice,
            failed,
        },
    );
    set_cookie(
        &mut response,
        &app.jar
            .set(Cookie::Form, &Base64UrlUnpadded::encode_string(&nonce)),
    );
    response
}

fn internal(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "a request cannot be served");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

/// Body of `POST /login`.
#[derive(Deserialize)]
pub struct LoginForm {
    token: String,
    user: String,
    #[serde(deserialize_with = "wiped")]
    password: Zeroizing<String>,
}

fn wiped<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// `POST /login`.
pub async fn login(visit: Visit, Form(form): Form<LoginForm>) -> Response {
    let app = Arc::clone(visit.app());
    let fail = |status, key: &str, values: &[(&str, &str)]| {
        login_page(
            &visit,
            status,
            Some(app.texts.format(visit.language, key, values)),
            true,
        )
    };
    let token = visit.form_nonce().map(|nonce| form_token(&app, &nonce));
    let matches = token.is_some_and(|own| {
        subtle::ConstantTimeEq::ct_eq(own.as_bytes(), form.token.as_bytes()).into()
    });
    if !matches {
        return fail(StatusCode::FORBIDDEN, "login-form-expired", &[]);
    }
    let Some(user) = UserName::parse(&form.user).filter(|_| form.password.len() <= MAX_PASSWORD)
    else {
        return fail(StatusCode::FORBIDDEN, "login-wrong", &[]);
    };
    let known = visit.known_browser(&user);
    let checked = app
        .passwords
        .check(
            user.clone(),
            form.password,
            visit.address,
            known.map(|b| b.id),
            visit.now,
        )
        .await;
    if let Err(error) = checked {
        let reason = match error {
            PasswordError::Wrong => "wrong",
            PasswordError::Wait { .. } => "throttled",
            PasswordError::Busy | PasswordError::Internal => "busy",
        };
        let mut origin = visit.origin();
        origin.account = Some(app.audited_account(&user));
        let refused = Event::PasswordRefused { reason };
        if let Err(error) = app.audit.record(visit.now, &origin, &refused) {
            return internal(&error);
        }
        return match error {
            PasswordError::Wrong => fail(StatusCode::FORBIDDEN, "login-wrong", &[]),
            PasswordError::Wait { seconds } => {
                let mut response = fail(
                    StatusCode::TOO_MANY_REQUESTS,
                    "login-wait",
                    &[("seconds", &seconds.to_string())],
                );
                response
                    .headers_mut()
                    .insert("retry-after", HeaderValue::from(seconds));
                response
            }
            PasswordError::Busy | PasswordError::Internal => {
                fail(StatusCode::SERVICE_UNAVAILABLE, "login-busy", &[])
            }
        };
    }
    match begin_session(&visit, user, known) {
        Ok(response) => response,
        Err(error) => internal(error.as_ref()),
    }
}

/// A new session under a new id, whatever the browser held before.
fn begin_session(
    visit: &Visit,
    user: UserName,
    known: Option<KnownBrowser>,
) -> Result<Response, Box<dyn std::error::Error>> {
    let app = visit.app();
    let bsn = app.passwords.person(&user).ok_or("the account has gone")?;
    let id = SessionId::from_bytes(random()?);
    let browser = match known {
        Some(browser) => browser,
        None => KnownBrowser {
            id: random()?,
            success: Success::Password,
        },
    };
    let cookie = browser.to_cookie(&app.keys, &user);
    let level = app.levels.of(Means::Password);
    let session = Session {
        reference: app.keys.reference("session", id.as_bytes()),
        user,
        bsn,
        achieved: Achieved {
            level,
            at: visit.now,
            means: Means::Password,
            document: None,
        },
        request: None,
        asked: None,
        released: Vec::new(),
        refused: None,
        known_browser: browser.success == Success::Document,
        started: visit.now,
        used: visit.now,
    };
    let mut origin = visit.origin();
    origin.session = Some(session.reference.clone());
    origin.account = Some(app.audited_account(&session.user));
    if let Some((old, _)) = &visit.session {
        app.end_session(old);
        app.audit
            .record(visit.now, &visit.origin(), &Event::SessionEnded)?;
    }
    app.audit
        .record(visit.now, &origin, &Event::SessionStarted { level })?;
    app.sweep(visit.now);
    app.note_use(&session.user, &session.achieved);
    app.sessions.create(&id, session)?;
    let mut response = Redirect::to("/document").into_response();
    set_cookie(
        &mut response,
        &app.jar.set(
            Cookie::Session,
            &Base64UrlUnpadded::encode_string(id.as_bytes()),
        ),
    );
    set_cookie(&mut response, &app.jar.set(Cookie::Browser, &cookie));
    set_cookie(&mut response, &app.jar.clear(Cookie::Form));
    Ok(response)
}

/// `GET /document`: the page that drives the daemon.
pub async fn document(visit: Visit) -> Response {
    let app = Arc::clone(visit.app());
    let Some((_, session)) = &visit.session else {
        return Redirect::to(to_login(&visit)).into_response();
    };
    if app.at_document_level(session) {
        return Redirect::to("/result").into_response();
    }
    let usable = match app.usable_documents(session.bsn.clone(), visit.now).await {
        Ok(usable) => usable,
        // Nothing that could be tried.
        Err(code) => {
            let again = (code == Code::RegisterUnreachable).then_some("refusal-retry");
            return refusal(&visit, session, code, again);
        }
    };
    let page = Page::of_session(&visit);
    let mut choices: Vec<Choice> = Vec::new();
    for document in usable {
        let name = crate::register::kind_name(document.kind);
        if choices.iter().all(|choice| choice.name != name) {
            choices.push(Choice {
                name,
                label: page.t(&format!("document-{name}")),
            });
        }
    }
    let level = page.level_name(app.levels.of(Means::Document));
    let intro = app
        .texts
        .format(visit.language, "document-intro", &[("level", level)]);
    let access = match app.access_needed(session) {
        Some(needed) => needed.name(),
        None => "none",
    };
    let ports = app
        .config
        .daemon_ports
        .iter()
        .map(u16::to_string)
        .collect::<Vec<_>>()
        .join(",");
    render(
        StatusCode::OK,
        &DocumentPage {
            page,
            intro,
            ports,
            access,
            choices,
        },
    )
}

/// `GET /result`: the level reached, or why it was not.
pub async fn result(visit: Visit) -> Response {
    let app = visit.app();
    let Some((_, session)) = &visit.session else {
        return Redirect::to(to_login(&visit)).into_response();
    };
    if let Some(code) = session.refused {
        let again = match code.is_retryable() {
            true => "refusal-retry",
            // The same document would be refused again.
            false => "refusal-start-over",
        };
        return refusal(&visit, session, code, Some(again));
    }
    let page = Page::of_session(&visit);
    let achieved = &session.achieved;
    let means = match (achieved.means, achieved.document) {
        (Means::Document, Some(kind)) => crate::register::kind_name(kind),
        _ => "password",
    };
    let uses = app.uses(&session.user);
    let previous = uses.into_iter().find(|used| used.at < session.started);
    let (time, time_text) = crate::date::timestamps(achieved.at);
    let template = SuccessPage {
        level_code: achieved.level.0,
        level_name: page.level_name(achieved.level).to_owned(),
        means: app
            .texts
            .get(visit.language, &format!("success-means-{means}")),
        time,
        time_text,
        previous: previous.map(|used| history::Row::new(&page, used)),
        with_document: achieved.means == Means::Document,
        page,
    };
    render(StatusCode::OK, &template)
}

/// The page that says why not; `again` is the text of the way on, if there is one.
fn refusal(visit: &Visit, session: &Session, code: Code, again: Option<&'static str>) -> Response {
    let page = Page::of_session(visit);
    let key = code.text_key();
    let level = page.level_name(session.achieved.level);
    let level = visit
        .app()
        .texts
        .format(visit.language, "refusal-level", &[("level", level)]);
    let template = RefusalPage {
        title: page.t(&format!("{key}.title")),
        reason: code.symbol().to_owned(),
        text: page.t(&key),
        action: page.t(&format!("{key}.action")),
        level,
        again,
        page,
    };
    render(StatusCode::OK, &template)
}
