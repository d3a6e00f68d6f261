//! Health, readiness and metrics, on an address of their own that no citizen reaches.
//!
//! Counts and times only: no account, document, address or session is in them.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::server::App;

/// `/live`: the process answers. `/ready`: logins can be begun. `/metrics`: counts, in the text format of Prometheus.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/live", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(Arc::clone(app))
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    if app.draining.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    let asked = Arc::clone(&app);
    let reachable = tokio::task::spawn_blocking(move || asked.register.is_reachable()).await;
    if reachable.unwrap_or(false) {
        "ready\n".into_response()
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the register cannot be reached\n",
        )
            .into_response()
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut text = format!(
        "# HELP rda_login_info The version that runs.\n# TYPE rda_login_info gauge\nrda_login_info{{version=\"{}\"}} 1\n\
         # HELP rda_login_sessions Sessions in memory.\n# TYPE rda_login_sessions gauge\nrda_login_sessions {}\n\
         # HELP rda_login_requests_under_way Requests for a document that are not decided.\n# TYPE rda_login_requests_under_way gauge\nrda_login_requests_under_way {}\n\
         # HELP rda_login_draining Whether the server was told to stop.\n# TYPE rda_login_draining gauge\nrda_login_draining {}\n",
        env!("CARGO_PKG_VERSION"),
        app.sessions.count(),
        app.proceedings.under_way((app.clock)()),
        u8::from(app.draining.load(Ordering::SeqCst)),
    );
    if let Some(generation) = app.rules.generation() {
        let _ = writeln!(
            text,
            "# HELP rda_login_trust_store_generation How often the trust store in use has been replaced.\n\
             # TYPE rda_login_trust_store_generation gauge\nrda_login_trust_store_generation {generation}"
        );
    }
    text.push_str(
        "# HELP rda_login_events_total Lines of the audit log, by action and reason.\n# TYPE rda_login_events_total counter\n",
    );
    for ((action, reason), count) in app.audit.counts() {
        // Both are names of this program's own, without a character that would need escaping.
        let _ = writeln!(
            text,
            "rda_login_events_total{{action=\"{action}\",reason=\"{reason}\"}} {count}"
        );
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, text).into_response()
}
