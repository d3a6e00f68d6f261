//! What to do where a browser holds the connection to the daemon back.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Page, render};
use crate::visit::Visit;

/// Browsers with a part of their own on the page: id, name, and what their user agent string has in it and others have not,
/// the most telling first. Brave calls itself Chrome; a script of the page knows better.
const BROWSERS: [(&str, &str, &str); 5] = [
    ("edge", "Edge", "Edg/"),
    ("firefox", "Firefox", "Firefox/"),
    ("chrome", "Chrome", "Chrom"),
    ("safari", "Safari", "Safari/"),
    ("brave", "Brave", "Brave/"),
];

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    page: Page,
    browsers: Vec<Browser>,
}

struct Browser {
    id: &'static str,
    name: &'static str,
    open: bool,
    intro: String,
    steps: Vec<String>,
}

/// `GET /help`.
pub async fn help(visit: Visit) -> Response {
    let page = Page::of_session(&visit);
    let agent = visit.header("user-agent").unwrap_or_default();
    let own = BROWSERS.iter().find(|(_, _, mark)| agent.contains(mark));
    let mut browsers: Vec<_> = BROWSERS
        .iter()
        .map(|(id, name, _)| Browser {
            id,
            name,
            open: own.is_some_and(|(own, _, _)| own == id),
            intro: page.t(&format!("help-{id}")),
            steps: (1..)
                .map(|step| format!("help-{id}-{step}"))
                .take_while(|key| page.app.texts.has(page.language, key))
                .map(|key| page.t(&key))
                .collect(),
        })
        .collect();
    browsers.sort_by_key(|browser| browser.name);
    render(StatusCode::OK, &HelpPage { page, browsers })
}
