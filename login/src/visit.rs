//! One request of one browser: who it is, as far as cookies tell, and from where.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::Uri;
use axum::http::header::{ACCEPT_LANGUAGE, HeaderMap, USER_AGENT};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use base64ct::{Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;

use crate::accounts::UserName;
use crate::audit::Origin;
use crate::browser::KnownBrowser;
use crate::connection::Peer;
use crate::cookies::Cookie;
use crate::language::Language;
use crate::pages::set_cookie;
use crate::server::App;
use crate::session::{Session, SessionId};

/// A request with what is known about its sender.
pub struct Visit {
    /// Seconds since 1970: when the headers came, or when [`Visit::read_clock`] was last called.
    pub now: u64,
    /// Address of the browser.
    pub address: IpAddr,
    /// Language of the pages.
    pub language: Language,
    /// The live session.
    pub session: Option<(SessionId, Session)>,
    headers: HeaderMap,
    app: Arc<App>,
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let now = (app.clock)();
        let peer = parts
            .extensions
            .get::<ConnectInfo<Peer>>()
            .map(|info| info.0.0.ip());
        let session = app
            .jar
            .bytes(&parts.headers, Cookie::Session)
            .map(SessionId::from_bytes)
            .and_then(|id| {
                let session = app.sessions.touch(&id, now)?;
                Some((id, session))
            });
        let language = chosen_language(&parts.uri)
            .or_else(|| {
                app.jar
                    .get(&parts.headers, Cookie::Language)
                    .and_then(Language::from_tag)
            })
            .unwrap_or_else(|| {
                let header = parts
                    .headers
                    .get(ACCEPT_LANGUAGE)
                    .and_then(|value| value.to_str().ok());
                header.map(Language::negotiate).unwrap_or_default()
            });
        Ok(Self {
            now,
            address: address(peer, &parts.headers, &app.config.trusted_proxies),
            language,
            session,
            headers: parts.headers.clone(),
            app: Arc::clone(app),
        })
    }
}

/// The language that an address asks for.
fn chosen_language(uri: &Uri) -> Option<Language> {
    uri.query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .find_map(|pair| pair.strip_prefix("lang="))
        .and_then(Language::from_tag)
}

/// The middleware that keeps a language once it was chosen: whatever the answer is, also one that leads to another page.
pub async fn keep_language(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let chosen = chosen_language(request.uri());
    let mut response = next.run(request).await;
    if let Some(language) = chosen {
        set_cookie(
            &mut response,
            &app.jar.set(Cookie::Language, language.tag()),
        );
    }
    response
}

/// The address of the browser: the peer, or what a trusted proxy says the peer was. Only the last element of
/// X-Forwarded-For is the proxy's own; those before it are whatever the browser sent.
fn address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let peer = peer.map_or(IpAddr::from([0, 0, 0, 0]), |ip| ip.to_canonical());
    if !trusted.contains(&peer) {
        return peer;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(',').next())
        .and_then(|last| parse_address(last.trim()))
        .map_or(peer, |ip| ip.to_canonical())
}

/// An address, which some proxies write with the port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port)
}

impl Visit {
    /// The server.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Takes the time anew. A sender can hold the body back behind its headers, so a handler that judges a deadline by what
    /// the body holds calls this first.
    pub fn read_clock(&mut self) {
        self.now = (self.app.clock)();
    }

    /// For the audit log.
    pub fn origin(&self) -> Origin {
        let browser = self
            .headers
            .get(USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        Origin {
            address: Some(self.address),
            browser: browser.chars().take(200).collect(),
            session: self
                .session
                .as_ref()
                .map(|(_, session)| session.reference.clone()),
            account: self
                .session
                .as_ref()
                .map(|(_, session)| self.app.audited_account(&session.user)),
        }
    }

    /// The cookie of a browser in which this account has succeeded before.
    pub fn known_browser(&self, user: &UserName) -> Option<KnownBrowser> {
        let bytes = self.app.jar.bytes(&self.headers, Cookie::Browser)?;
        KnownBrowser::from_cookie(&bytes, &self.app.keys, user)
    }

    /// The nonce of the login form that this browser holds.
    pub fn form_nonce(&self) -> Option<[u8; 16]> {
        self.app.jar.bytes(&self.headers, Cookie::Form)
    }

    /// The token that a form or script of this visit's session must show: a keyed hash of what only the cookie holds.
    pub fn token(&self) -> Option<String> {
        self.session
            .as_ref()
            .map(|(id, _)| self.app.session_token(id))
    }

    /// Whether a token is that of the session, compared in constant time.
    pub fn token_matches(&self, token: &str) -> bool {
        self.token()
            .is_some_and(|own| own.as_bytes().ct_eq(token.as_bytes()).into())
    }

    /// Whether this browser still holds the cookie of a session that has ended without its doing.
    pub fn had_session(&self) -> bool {
        self.session.is_none()
            && self
                .app
                .jar
                .bytes::<{ SessionId::LEN }>(&self.headers, Cookie::Session)
                .is_some()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// The token of a login form.
pub fn form_token(app: &App, nonce: &[u8; 16]) -> String {
    Base64UrlUnpadded::encode_string(&app.keys.mac("login form", &[nonce]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_element() {
        let proxy: IpAddr = "192.0.2.9".parse().unwrap();
        let browser: IpAddr = "198.51.100.7".parse().unwrap();
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            headers
        };
        let spoofed = headers(&["203.0.113.1, 198.51.100.7"]);
        assert_eq!(address(Some(proxy), &spoofed, &[proxy]), browser);
        assert_eq!(address(Some(browser), &spoofed, &[proxy]), browser);
        assert_eq!(
            address(
                Some(proxy),
                &headers(&["203.0.113.1", "198.51.100.7"]),
                &[proxy]
            ),
            browser
        );
        assert_eq!(address(Some(proxy), &headers(&["junk"]), &[proxy]), proxy);
        assert_eq!(address(Some(proxy), &headers(&[]), &[proxy]), proxy);
    }
}
