//! When the account was used.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::{Page, render, to_login};
use crate::history::Use;
use crate::register::kind_name;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    page: Page,
    uses: Vec<Row>,
}

/// One use, in words.
pub(super) struct Row {
    pub(super) time: String,
    pub(super) time_text: String,
    service: String,
    level: String,
    pub(super) means: String,
}

impl Row {
    pub(super) fn new(page: &Page, used: Use) -> Self {
        let (time, time_text) = crate::date::timestamps(used.at);
        let means = match used.document {
            Some(kind) if used.begun => {
                let kind = page.t(&format!("document-{}", kind_name(kind)));
                let texts = &page.app.texts;
                texts.format(page.language, "history-begun", &[("document", &kind)])
            }
            Some(kind) => page.t(&format!("success-means-{}", kind_name(kind))),
            None => page.t("success-means-password"),
        };
        Self {
            time,
            time_text,
            // Another service of the same file has no name here.
            service: if used.service == page.app.config.id {
                page.service().to_owned()
            } else {
                used.service.into()
            },
            level: page.level_name(used.level).to_owned(),
            means,
        }
    }
}

/// `GET /history`.
pub async fn history(visit: Visit) -> Response {
    let Some((_, session)) = &visit.session else {
        return Redirect::to(to_login(&visit)).into_response();
    };
    let page = Page::of_session(&visit);
    let uses = visit.app().uses(&session.user);
    let uses = uses.into_iter().map(|used| Row::new(&page, used)).collect();
    render(StatusCode::OK, &HistoryPage { page, uses })
}
