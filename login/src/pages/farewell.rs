//! The ends of a session: logged out, cancelled, left alone for too long; and the word that somebody is still there.

use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{forbidden, set_cookie};
use crate::api::TOKEN_HEADER;
use crate::audit::Event;
use crate::cookies::Cookie;
use crate::visit::Visit;

/// Body of the forms that end a session.
#[derive(Deserialize)]
pub struct TokenForm {
    token: String,
}

/// `POST /logout`.
pub async fn logout(visit: Visit, Form(form): Form<TokenForm>) -> Response {
    end(
        &visit,
        &form,
        &Event::SessionEnded,
        "/login?notice=logged-out",
    )
}

/// `POST /cancel`: the citizen has had enough of this login.
pub async fn cancel(visit: Visit, Form(form): Form<TokenForm>) -> Response {
    end(&visit, &form, &Event::Cancelled, "/login?notice=cancelled")
}

/// `POST /expired`: nobody answered whether somebody is still there.
pub async fn expired(visit: Visit, Form(form): Form<TokenForm>) -> Response {
    end(&visit, &form, &Event::SessionEnded, "/login?notice=expired")
}

fn end(visit: &Visit, form: &TokenForm, event: &Event, then: &str) -> Response {
    let app = visit.app();
    let Some((id, _)) = &visit.session else {
        return Redirect::to("/login?notice=expired").into_response();
    };
    if !visit.token_matches(&form.token) {
        return forbidden(visit);
    }
    app.end_session(id);
    if let Err(error) = app.audit.record(visit.now, &visit.origin(), event) {
        tracing::error!(%error, "the end of a session is not in the audit log");
    }
    let mut response = Redirect::to(then).into_response();
    set_cookie(&mut response, &app.jar.clear(Cookie::Session));
    response
}

/// `POST /stay`: somebody is still there. Looking the session up was its use.
pub async fn stay(visit: Visit) -> StatusCode {
    match (&visit.session, visit.header(TOKEN_HEADER)) {
        (None, _) => StatusCode::UNAUTHORIZED,
        (Some(_), Some(token)) if visit.token_matches(token) => StatusCode::NO_CONTENT,
        _ => StatusCode::FORBIDDEN,
    }
}
