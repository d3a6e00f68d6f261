//! A service of somebody else, which puts the login on a page of its own: the page of the documentation, and the little server
//! behind it.

use anyhow::{Context as _, Result, anyhow};
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use getrandom::SysRng;
use p256::SecretKey;
use p256::ecdsa::SigningKey;
use p256::elliptic_curve::Generate as _;
use protocol::encoding::encode;
use protocol::evidence::Evidence;
use protocol::jwe;
use protocol::jwk::PublicJwk;
use protocol::jws::KeyId;
use protocol::request::{Claims, MAX_LIFE, Request};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

const SDK: &str = include_str!("../../../login/sdk/rda.js");
const DOCUMENTATION: &str = include_str!("../../../docs/sdk.md");

/// A running service.
pub(crate) struct Integrator {
    /// The origin of its page.
    pub(crate) origin: String,
    shared: Arc<Shared>,
}

struct Shared {
    origin: String,
    /// Whose requests it shows: its own, or those that somebody else signed for another origin.
    audience: String,
    document: &'static str,
    access: String,
    page: String,
    key: SigningKey,
    enc: SecretKey,
    issued: Mutex<Option<Request>>,
    taken: Mutex<Vec<Evidence>>,
}

impl Integrator {
    /// Serves the page of the documentation on a loopback port of its own. `access` is the digest that opens the document;
    /// `audience` is the origin in its requests, its own where none is given.
    pub(crate) fn start(
        id: &str,
        daemon_port: u16,
        document: &'static str,
        access: [u8; 20],
        audience: Option<&str>,
    ) -> Result<Self> {
        let (_, rest) = DOCUMENTATION
            .split_once("```html\n")
            .context("no example in the documentation")?;
        let (example, _) = rest.split_once("```").context("an example without end")?;
        let asked = "new RdaLogin()";
        if !example.contains(asked) {
            return Err(anyhow!("the example makes no login"));
        }
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{id}</title><link rel=\"icon\" href=\"data:,\">{}",
            example.replace(
                asked,
                &format!("new RdaLogin({{ ports: [{daemon_port}] }})")
            )
        );
        let listener = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        let origin = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            audience: audience.unwrap_or(&origin).to_owned(),
            origin: origin.clone(),
            document,
            access: encode(&access),
            page,
            key: SigningKey::try_generate_from_rng(&mut SysRng).map_err(|_| anyhow!("no key"))?,
            enc: SecretKey::try_generate_from_rng(&mut SysRng).map_err(|_| anyhow!("no key"))?,
            issued: Mutex::default(),
            taken: Mutex::default(),
        });
        let routes = Router::new()
            .route("/", get(page_of))
            .route("/framed", get(framed))
            .route("/rda.js", get(sdk))
            .route("/request", post(request))
            .route("/evidence", post(evidence))
            .with_state(Arc::clone(&shared));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                axum::serve(tokio::net::TcpListener::from_std(listener)?, routes).await
            })
        });
        Ok(Self { origin, shared })
    }

    /// Puts the trust file of this service into a folder, with the origins that it lists.
    pub(crate) fn trusted(&self, folder: &Path, id: &str, origins: &[&str]) -> Result<()> {
        let jwk = serde_json::to_value(PublicJwk::from(self.shared.key.verifying_key()))?;
        let part = |name: &str| jwk[name].as_str().unwrap_or_default().to_owned();
        let text = format!(
            "id = \"{id}\"\norigins = {origins:?}\ntest = true\nname = {{ en = \"Somebody else\" }}\n\
             [[keys]]\nkid = \"1\"\njwk = {{ kty = \"EC\", crv = \"P-256\", x = \"{}\", y = \"{}\" }}\n",
            part("x"),
            part("y")
        );
        Ok(std::fs::write(folder.join(format!("{id}.toml")), text)?)
    }

    /// What the page has brought so far, opened.
    pub(crate) fn taken(&self) -> usize {
        let taken = self.shared.taken.lock();
        taken.unwrap_or_else(PoisonError::into_inner).len()
    }
}

async fn page_of(State(shared): State<Arc<Shared>>) -> Html<String> {
    Html(shared.page.clone())
}

/// The same page in a frame of another origin (`localhost` in place of the address), which passes no permission on.
async fn framed(State(shared): State<Arc<Shared>>) -> Html<String> {
    Html(format!(
        "<!doctype html><title>A frame</title><iframe src=\"{}/\"></iframe>",
        shared.origin
    ))
}

async fn sdk() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript")], SDK).into_response()
}

async fn request(State(shared): State<Arc<Shared>>) -> Result<String, String> {
    issue(&shared).map_err(|error| format!("{error:#}"))
}

fn issue(shared: &Shared) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut jti = [0; 32];
    getrandom::fill(&mut jti).map_err(|error| anyhow!("{error}"))?;
    let claims: Claims = serde_json::from_value(json!({
        "ver": 1, "iss": "somebody-else", "aud": shared.audience, "jti": encode(&jti), "iat": now, "exp": now + MAX_LIFE,
        "service": { "en": "Somebody else" }, "document": shared.document,
        "enc": PublicJwk::from(shared.enc.public_key()), "access": [{ "mrz_digest": shared.access }],
        "read": ["identity_file"],
    }))?;
    let kid = KeyId::try_from("1".to_owned()).map_err(|_| anyhow!("no key id"))?;
    let (compact, request) = Request::issue(claims, &kid, &shared.key)?;
    *shared.issued.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
    Ok(json!({ "request": compact }).to_string())
}

async fn evidence(State(shared): State<Arc<Shared>>, sealed: String) -> String {
    let opened = shared
        .issued
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .and_then(|request| jwe::open::<Evidence>(&sealed, &shared.enc, request.hash()).ok());
    let accepted = opened.is_some();
    shared
        .taken
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(opened);
    json!({ "outcome": if accepted { "accepted" } else { "refused" } }).to_string()
}
