//! When the account was used.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::{Page, render, to_login};
use crate::register::kind_name;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    page: Page,
    uses: Vec<Row>,
}

struct Row {
    time: String,
    time_text: String,
    service: String,
    level: String,
    means: String,
}

/// `GET /history`.
pub async fn history(visit: Visit) -> Response {
    let Some((_, session)) = &visit.session else {
        return Redirect::to(to_login(&visit)).into_response();
    };
    let page = Page::of_session(&visit);
    let app = visit.app();
    let uses = app.uses(&session.user).into_iter().map(|used| {
        let (time, time_text) = crate::date::timestamps(used.at);
        let means = used.document.map_or("password", kind_name);
        Row {
            time,
            time_text,
            // Another service of the same file has no name here.
            service: if used.service == app.config.id {
                page.service().to_owned()
            } else {
                used.service.into()
            },
            level: page.level_name(used.level).to_owned(),
            means: page.t(&format!("success-means-{means}")),
        }
    });
    let uses = uses.collect();
    render(&visit, StatusCode::OK, &HistoryPage { page, uses })
}
