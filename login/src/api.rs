//! What the script of the document page calls: JSON, same origin, with the token of the session.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use protocol::encoding;
use protocol::error::Code;
use protocol::request::Document;
use serde::{Deserialize, Serialize};

use crate::audit::Event;
use crate::cookies::Cookie;
use crate::pages::set_cookie;
use crate::rda::StepError;
use crate::register::RegisteredDocument;
use crate::release::{AccessNeeded, with_last_four};
use crate::session::{Session, SessionId};
use crate::visit::Visit;

/// Header in which the script shows the token of the session.
pub const TOKEN_HEADER: &str = "rda-token";

/// The session of a call, if its token is right. 401: log in again.
fn session(visit: &Visit) -> Result<(&SessionId, &Session), StatusCode> {
    let Some((id, session)) = &visit.session else {
        return Err(StatusCode::UNAUTHORIZED);
    };
    if !visit
        .header(TOKEN_HEADER)
        .is_some_and(|token| visit.token_matches(token))
    {
        return Err(StatusCode::FORBIDDEN);
    }
    Ok((id, session))
}

/// Body of `POST /api/rda/start`.
#[derive(Deserialize)]
pub struct Start {
    document: Document,
    last_four: Option<String>,
}

/// Answer of `POST /api/rda/start`.
#[derive(Default, Serialize)]
pub struct Started {
    /// The signed request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    /// What the citizen must give: with a request, what goes to the daemon; without, what goes into the next call.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_needed: Option<&'static str>,
    /// A text to show beside the field.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_key: Option<&'static str>,
    /// `refused` where no request is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
}

/// `POST /api/rda/start`: signs a request for this session.
pub async fn start(visit: Visit, Json(body): Json<Start>) -> Response {
    match issue(&visit, body).await {
        Ok(started) => Json(started).into_response(),
        Err(status) => status.into_response(),
    }
}

async fn issue(visit: &Visit, body: Start) -> Result<Started, StatusCode> {
    let app = visit.app();
    let (id, session) = session(visit)?;
    let refuse = |code: Code| {
        app.sessions.update(id, visit.now, &mut |session| {
            session.refused = Some(code);
            true
        });
        Ok(Started {
            outcome: Some("refused"),
            ..Started::default()
        })
    };
    let ask = |needed: AccessNeeded, text_key| {
        Ok(Started {
            access_needed: Some(needed.name()),
            text_key,
            ..Started::default()
        })
    };
    if app.at_document_level(session) {
        return Err(StatusCode::CONFLICT);
    }
    let usable = match app.usable_documents(session.bsn.clone(), visit.now).await {
        Ok(usable) => usable,
        Err(code) => return refuse(code),
    };
    let mut candidates: Vec<RegisteredDocument> = usable
        .into_iter()
        .filter(|document| document.kind == body.document)
        .collect();
    if candidates.is_empty() {
        return refuse(Code::DocumentUnknown);
    }
    let needed = app.access_needed(session);
    let release = needed != Some(AccessNeeded::Typed);
    if release {
        let typed = body.last_four.as_deref();
        if needed == Some(AccessNeeded::LastFour) && typed.is_none() {
            return ask(AccessNeeded::LastFour, None);
        }
        // Counted before it is looked at: a guess costs as much as a release.
        if !app.releases.count(&session.user, visit.now) {
            record(visit, &Event::AccessRefused)?;
            return refuse(Code::TooManyAttempts);
        }
        if needed == Some(AccessNeeded::LastFour) {
            candidates = with_last_four(candidates, typed.unwrap_or_default());
            if candidates.is_empty() {
                record(visit, &Event::AccessRefused)?;
                return ask(AccessNeeded::LastFour, Some("document-last-four-wrong"));
            }
        }
    }
    let (compact, issued) = app
        .issuer
        .issue(&app.keys, body.document, candidates, release, visit.now)
        .map_err(|error| {
            tracing::error!(%error, "no request was made");
            StatusCode::INTERNAL_SERVER_ERROR
        })?;
    let jti = *issued.request.claims().jti.as_array();
    record(
        visit,
        &Event::RequestIssued {
            jti: encoding::encode(&jti),
            document: body.document,
            access: if release { "digest" } else { "typed" },
        },
    )?;
    app.proceedings
        .issue(issued, visit.now)
        .map_err(|_: StepError| StatusCode::SERVICE_UNAVAILABLE)?;
    let mut superseded = None;
    let bound = app.sessions.update(id, visit.now, &mut |session| {
        superseded = session.request.replace(jti);
        session.refused = None;
        true
    });
    // One request for a session: a second page of the same browser takes it over from the first.
    if let Some(old) = superseded {
        app.proceedings.decide(&old);
    }
    if !bound {
        app.proceedings.decide(&jti);
        return Err(StatusCode::UNAUTHORIZED);
    }
    let access_needed = (!release).then(|| AccessNeeded::Typed.name());
    Ok(Started {
        request: Some(compact),
        access_needed,
        ..Started::default()
    })
}

/// `POST /api/rda/cancel`: ends the request and the session.
pub async fn cancel(visit: Visit) -> Response {
    let app = Arc::clone(visit.app());
    let id = match session(&visit) {
        Ok((id, _)) => id,
        Err(status) => return status.into_response(),
    };
    app.end_session(id);
    if let Err(status) = record(&visit, &Event::Cancelled) {
        return status.into_response();
    }
    let mut response = Json(serde_json::json!({ "outcome": "cancelled" })).into_response();
    set_cookie(&mut response, &app.jar.clear(Cookie::Session));
    response
}

/// Writes to the audit log; what cannot be written does not happen.
fn record(visit: &Visit, event: &Event) -> Result<(), StatusCode> {
    visit
        .app()
        .audit
        .record(visit.now, &visit.origin(), event)
        .map_err(|error| {
            tracing::error!(%error, "the audit log cannot be written");
            StatusCode::SERVICE_UNAVAILABLE
        })
}
