//! What every request must show before anything looks at it, and what every answer carries.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The rules for one origin.
pub struct Guard {
    origin: String,
    authority: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Guard {
    /// `origin` and `authority` of the pages; `daemon_ports` the pages may connect to.
    pub fn new(origin: &str, authority: &str, secure: bool, daemon_ports: &[u16]) -> Self {
        let mut connect = "'self'".to_owned();
        for port in daemon_ports {
            connect.push_str(&format!(" ws://127.0.0.1:{port}"));
        }
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {connect}; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
             trusted-types 'none'"
        );
        let mut headers = vec![
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            // Not `no-referrer`: with that, browsers send `Origin: null` from our own forms.
            (
                header::REFERRER_POLICY,
                HeaderValue::from_static("same-origin"),
            ),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                HeaderValue::from_static("same-origin"),
            ),
            (
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("same-origin"),
            ),
            (
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static(
                    "loopback-network=(self), camera=(), microphone=(), geolocation=()",
                ),
            ),
        ];
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.push((header::CONTENT_SECURITY_POLICY, policy));
        }
        if secure {
            let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
            headers.push((header::STRICT_TRANSPORT_SECURITY, year));
        }
        Self {
            origin: origin.to_owned(),
            authority: authority.to_owned(),
            headers,
        }
    }

    /// Whether a request may go on.
    fn admits(&self, method: &Method, headers: &HeaderMap) -> Result<(), StatusCode> {
        // A foreign name that resolves to this machine is not this server.
        if only(headers, &header::HOST) != Some(&self.authority) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        match *method {
            Method::GET | Method::HEAD => Ok(()),
            Method::POST => {
                // Every browser in use sends Origin with a POST; Sec-Fetch-Site is missing in a few old ones.
                let site = HeaderName::from_static("sec-fetch-site");
                let own_site =
                    !headers.contains_key(&site) || only(headers, &site) == Some("same-origin");
                let own_origin = only(headers, &header::ORIGIN) == Some(&self.origin);
                if own_site && own_origin {
                    Ok(())
                } else {
                    Err(StatusCode::FORBIDDEN)
                }
            }
            _ => Err(StatusCode::METHOD_NOT_ALLOWED),
        }
    }
}

/// The value of a header that must come exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The middleware around all routes.
pub async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.admits(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(status) => status.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in &guard.headers {
        headers.insert(name.clone(), value.clone());
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn admits(method: Method, pairs: &[(&'static str, &str)]) -> Result<(), StatusCode> {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect();
        Guard::new("https://login.example", "login.example", true, &[9303])
            .admits(&method, &headers)
    }

    #[test]
    fn the_host_must_be_ours() {
        assert_eq!(admits(Method::GET, &[("host", "login.example")]), Ok(()));
        for host in [
            "",
            "evil.example",
            "login.example.evil.example",
            "login.example:80",
            "127.0.0.1",
            "LOGIN.example",
        ] {
            assert_eq!(
                admits(Method::GET, &[("host", host)]),
                Err(StatusCode::MISDIRECTED_REQUEST),
                "{host}"
            );
        }
        assert!(admits(Method::GET, &[]).is_err());
    }

    #[test]
    fn a_post_must_come_from_our_own_pages() {
        let post = |origin: Option<&str>, site: Option<&str>| {
            let mut pairs = vec![("host", "login.example")];
            pairs.extend(origin.map(|o| ("origin", o)));
            pairs.extend(site.map(|s| ("sec-fetch-site", s)));
            admits(Method::POST, &pairs)
        };
        assert_eq!(
            post(Some("https://login.example"), Some("same-origin")),
            Ok(())
        );
        assert_eq!(post(Some("https://login.example"), None), Ok(()));
        for (origin, site) in [
            (None, None),
            (None, Some("same-origin")),
            (Some("null"), Some("same-origin")),
            (Some("http://login.example"), None),
            (Some("https://login.example:8443"), None),
            (Some("https://login.example.evil.example"), None),
            (Some("https://evil.example"), Some("same-origin")),
            (Some("https://login.example"), Some("same-site")),
            (Some("https://login.example"), Some("cross-site")),
            (Some("https://login.example"), Some("none")),
        ] {
            assert_eq!(
                post(origin, site),
                Err(StatusCode::FORBIDDEN),
                "{origin:?} {site:?}"
            );
        }
    }

    #[test]
    fn other_methods_are_not_served() {
        for method in [
            Method::PUT,
            Method::DELETE,
            Method::OPTIONS,
            Method::TRACE,
            Method::CONNECT,
            Method::PATCH,
        ] {
            assert_eq!(
                admits(method, &[("host", "login.example")]),
                Err(StatusCode::METHOD_NOT_ALLOWED)
            );
        }
    }
}
