//! What the script of the document page calls: JSON, same origin, with the token of the session.

use std::sync::Arc;

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use getrandom::SysRng;
use protocol::encoding;
use protocol::error::Code;
use protocol::evidence::sealed_hash;
use protocol::request::Document;
use rand_core::UnwrapErr;
use serde::{Deserialize, Serialize};

use crate::audit::{Event, RULES};
use crate::browser::{KnownBrowser, Success};
use crate::confidential::confidential;
use crate::cookies::Cookie;
use crate::keys::random;
use crate::level::Means;
use crate::pages::set_cookie;
use crate::rda::{CommandSent, Jti, StepError};
use crate::register::RegisteredDocument;
use crate::release::{AccessNeeded, as_printed, with_last_four};
use crate::session::{Achieved, Session, SessionId};
use crate::verification::{Progress, Refusal, Report, StepRecord};
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
    let typed = body.last_four.as_deref();
    if needed == Some(AccessNeeded::LastFour) && typed.is_none() {
        return ask(AccessNeeded::LastFour, None);
    }
    // A request takes one of the places for those under way.
    if !app.requests.count(&session.user, visit.now) {
        return Err(StatusCode::TOO_MANY_REQUESTS);
    }
    let released = release.then(|| {
        let what = format!(
            "{:?} {}",
            body.document,
            as_printed(typed.unwrap_or_default())
        );
        app.keys.reference("release", what.as_bytes())
    });
    // Counted before it is looked at: a guess costs as much as a release. What this session was given before is no guess, and
    // gives nothing new away: a document may be laid down as often as it takes.
    let counts = released
        .as_ref()
        .is_some_and(|released| !session.released.contains(released));
    if counts && !app.releases.count(&session.user, visit.now) {
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
        session.asked = Some(body.document);
        session.refused = None;
        session.released.extend(released.clone().filter(|_| counts));
        true
    });
    // One request for a session: a second page of the same browser takes it over from the first.
    if let Some(old) = superseded {
        app.proceedings.remove(&old);
    }
    if !bound {
        app.proceedings.remove(&jti);
        return Err(StatusCode::UNAUTHORIZED);
    }
    app.note_begun(session, body.document, visit.now);
    let access_needed = (!release).then(|| AccessNeeded::Typed.name());
    Ok(Started {
        request: Some(compact),
        access_needed,
        ..Started::default()
    })
}

/// Body of the two messages of a login.
#[derive(Deserialize)]
pub struct Sealed {
    sealed: String,
}

/// Answer to them: a command for the chip, or the outcome.
#[derive(Default, Serialize)]
pub struct Answer {
    /// Signed command.
    #[serde(skip_serializing_if = "Option::is_none")]
    chip_authentication: Option<String>,
    /// `accepted` or `refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    /// Text key of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    text_key: Option<String>,
    /// Every step of the verification: at test servers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<StepRecord>>,
    /// Messages of the daemon that reached the server, this one included: at test servers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trips: Option<u8>,
}

/// `POST /api/rda/evidence`: the first message of the daemon.
pub async fn evidence(visit: Visit, Json(body): Json<Sealed>) -> Response {
    take_evidence(visit, body.sealed)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// `POST /api/rda/chip-authentication-result`: the second.
pub async fn chip_authentication_result(visit: Visit, Json(body): Json<Sealed>) -> Response {
    take_result(visit, body.sealed)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

/// A task of its own takes a step to its end, from the first byte of the message on: a browser that goes away leaves no
/// verification without its record.
pub async fn to_the_end(step: Request, next: Next) -> Response {
    tokio::spawn(next.run(step))
        .await
        .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn take_evidence(mut visit: Visit, sealed: String) -> Result<Response, StatusCode> {
    visit.read_clock();
    let app = Arc::clone(visit.app());
    let jti = session(&visit)?.1.request;
    let taken = jti
        .ok_or(StepError::Unknown)
        .and_then(|jti| Ok((jti, app.proceedings.take_issued(&jti, visit.now)?)));
    let (jti, issued) = match taken {
        Ok(taken) => taken,
        Err(error) => return conclude(&visit, jti, refused_at_step_1(error), 1),
    };
    let now = visit.now;
    let worker = Arc::clone(&app);
    let answered = sealed_hash(&sealed);
    let (progress, issued) = confidential(move || {
        let mut rng = UnwrapErr(SysRng);
        (
            worker
                .rules
                .get()
                .evidence(worker.register.as_ref(), &issued, &sealed, now, &mut rng),
            issued,
        )
    })
    .await
    .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    match progress {
        Progress::Decided(report) => conclude(&visit, Some(jti), report, 1),
        Progress::Command(command, pending) => {
            let signed =
                app.issuer
                    .command(&app.keys, issued.request.claims(), &command, answered, now);
            let signed = signed.map_err(|error| {
                tracing::error!(%error, "no command was made");
                StatusCode::INTERNAL_SERVER_ERROR
            })?;
            let sent = CommandSent {
                issued,
                pending,
                at: now,
            };
            match app.proceedings.command_sent(&jti, sent) {
                Ok(()) => Ok(Json(Answer {
                    chip_authentication: Some(signed),
                    ..Answer::default()
                })
                .into_response()),
                Err(error) => conclude(&visit, Some(jti), refused_at_step_1(error), 1),
            }
        }
    }
}

async fn take_result(mut visit: Visit, sealed: String) -> Result<Response, StatusCode> {
    visit.read_clock();
    let app = Arc::clone(visit.app());
    let jti = session(&visit)?.1.request;
    let taken = jti
        .ok_or(StepError::Unknown)
        .and_then(|jti| Ok((jti, app.proceedings.take_command_sent(&jti, visit.now)?)));
    let (jti, sent) = match taken {
        Ok(taken) => taken,
        Err(error) => return conclude(&visit, jti, refused_at_step_1(error), 2),
    };
    let now = visit.now;
    let report = confidential(move || {
        let rules = app.rules.get();
        rules.result(app.register.as_ref(), sent, &sealed, now)
    })
    .await
    .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    conclude(&visit, Some(jti), report, 2)
}

fn refused_at_step_1(error: StepError) -> Report {
    let code = match error {
        StepError::Unknown | StepError::Full => Code::LoginExpired,
        StepError::Expired => Code::RequestExpired,
        StepError::Repeated => Code::EvidenceRepeated,
    };
    Report::refused(
        1,
        "request of this session, in time, for the first time",
        error,
        code,
    )
}

/// Step 10: decides the request, writes the record, and raises the session that asked, if it still is that session.
fn conclude(
    visit: &Visit,
    jti: Option<Jti>,
    mut report: Report,
    round_trips: u8,
) -> Result<Response, StatusCode> {
    let app = visit.app();
    let (id, session) = session(visit)?;
    let in_turn = report
        .outcome
        .map_or_else(|refusal| refusal.step > 1, |()| true);
    // It may have ended meanwhile (cancelled, superseded): then there is nothing to raise.
    let still_open = in_turn && jti.is_some_and(|jti| app.proceedings.decide(&jti));
    if report.outcome.is_ok() && !still_open {
        report.outcome = Err(Refusal {
            step: 10,
            code: Code::LoginExpired,
        });
    }
    record(
        visit,
        &Event::Decided {
            jti: jti.map(|jti| encoding::encode(&jti)).unwrap_or_default(),
            rules: RULES,
            policy: app.config.policy.name(),
            failed_step: report.outcome.err().map(|refusal| refusal.step),
            reason: report.outcome.err().map(|refusal| refusal.code.symbol()),
            signer: report.signer.take(),
            deviations: std::mem::take(&mut report.deviations),
            document: report
                .document
                .map(|hash| app.keys.reference("document", &hash)),
        },
    )?;
    let mut cookies = Vec::new();
    if report.outcome.is_ok() {
        cookies = raise(visit, id, session, jti)?;
        if cookies.is_empty() {
            report.outcome = Err(Refusal {
                step: 10,
                code: Code::LoginExpired,
            });
        }
    }
    if let Err(refusal) = report.outcome {
        app.sessions.update(id, visit.now, &mut |session| {
            session.refused = Some(refusal.code);
            true
        });
    }
    if report
        .outcome
        .map_or_else(|refusal| refusal.step == 10, |()| true)
    {
        report.decided(report.outcome.is_ok());
    }
    let test = app.config.test;
    let mut response = Json(Answer {
        outcome: Some(if report.outcome.is_ok() {
            "accepted"
        } else {
            "refused"
        }),
        text_key: report.outcome.err().map(|refusal| refusal.code.text_key()),
        steps: test.then_some(report.steps),
        round_trips: test.then_some(round_trips),
        ..Answer::default()
    })
    .into_response();
    for cookie in cookies {
        set_cookie(&mut response, &cookie);
    }
    Ok(response)
}

/// Raises the session under a new id; the cookies to set, or none where the session is no longer the one that asked.
fn raise(
    visit: &Visit,
    id: &SessionId,
    session: &Session,
    jti: Option<Jti>,
) -> Result<Vec<String>, StatusCode> {
    let app = visit.app();
    let internal = |_| StatusCode::INTERNAL_SERVER_ERROR;
    let (means, level) = (Means::Document, app.levels.of(Means::Document));
    let known = visit.known_browser(&session.user);
    let browser_id = known
        .map_or_else(random, |browser| Ok(browser.id))
        .map_err(internal)?;
    let browser = KnownBrowser {
        id: browser_id,
        success: Success::Document,
    };
    let new = SessionId::from_bytes(random().map_err(internal)?);
    let mut recorded = Ok(());
    let mut achieved = None;
    let raised = app.sessions.rotate(id, &new, visit.now, &mut |session| {
        if session.request != jti || jti.is_none() {
            return false;
        }
        // Here nothing but the log can keep the level from rising, and what is not in the log does not happen.
        recorded = record(visit, &Event::LevelRaised { level, means });
        if recorded.is_err() {
            return false;
        }
        session.achieved = Achieved {
            level,
            at: visit.now,
            means,
            document: session.asked,
        };
        achieved = Some(session.achieved.clone());
        session.request = None;
        session.refused = None;
        session.known_browser = true;
        true
    });
    recorded?;
    if !raised {
        record(visit, &Event::LevelNotRaised)?;
        return Ok(Vec::new());
    }
    if let Some(achieved) = achieved {
        app.note_use(&session.user, &achieved);
    }
    Ok(vec![
        app.jar
            .set(Cookie::Session, &encoding::encode(new.as_bytes())),
        app.jar.set(
            Cookie::Browser,
            &browser.to_cookie(&app.keys, &session.user),
        ),
    ])
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
