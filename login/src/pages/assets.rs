//! What the pages load: style, drawings, scripts, the page SDK, and the texts of the scripts.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use protocol::error::{Code, Layer};

use crate::language::Language;
use crate::server::App;

/// `GET /texts/{language}.json`: what the page script says.
pub async fn texts(State(app): State<Arc<App>>, Path(file): Path<String>) -> Response {
    let Some(language) = file.strip_suffix(".json").and_then(|tag| {
        Language::ALL
            .into_iter()
            .find(|language| language.tag() == tag)
    }) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let prefixes = [
        "state-",
        "hint-",
        "cause-",
        "error-",
        "document-reader",
        "document-last-four-",
    ];
    let mut texts = app
        .texts
        .with_prefixes(language, &prefixes, &[("reader", "{reader}")]);
    texts.retain(|key, _| !is_for_pages_only(key));
    let mut response = axum::Json(texts).into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Refusals of the server stand on a page of the server's own, all but the one that says that no answer came from it.
fn is_for_pages_only(key: &str) -> bool {
    let key = key.split('.').next().unwrap_or(key);
    Code::from_text_key(key)
        .is_ok_and(|code| code.layer() == Layer::Server && code != Code::ServerFailed)
}

/// `GET /assets/{name}` and `GET /sdk/rda.js`.
pub async fn asset(Path(name): Path<String>) -> Response {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    const STYLE: &str = "text/css; charset=utf-8";
    const SVG: &str = "image/svg+xml";
    let (kind, body) = match name.as_str() {
        "rda.js" => (SCRIPT, include_str!("../../sdk/rda.js")),
        "document.js" => (SCRIPT, include_str!("../../assets/document.js")),
        "help.js" => (SCRIPT, include_str!("../../assets/help.js")),
        "session.js" => (SCRIPT, include_str!("../../assets/session.js")),
        "times.js" => (SCRIPT, include_str!("../../assets/times.js")),
        "style.css" => (STYLE, include_str!("../../assets/style.css")),
        "icon.svg" => (SVG, include_str!("../../assets/icon.svg")),
        "passport.svg" => (SVG, include_str!("../../assets/passport.svg")),
        "card.svg" => (SVG, include_str!("../../assets/card.svg")),
        "licence.svg" => (SVG, include_str!("../../assets/licence.svg")),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], body).into_response()
}
