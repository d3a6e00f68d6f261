//! The simulated desk in a page: choose a document, lay it down, lift it, slide it. For the demonstration.
//!
//! A page without scripts, of a server that answers on loopback only and takes forms of its own page only.

use crate::desk::Desk;
use crate::site::{self, OBJECTIONS, PASSWORD, SEVERAL};
use anyhow::Result;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use icao::simulator::Profile;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// A page over a desk.
pub struct Panel {
    listener: TcpListener,
    shared: Arc<Shared>,
}

struct Shared {
    origin: String,
    login: String,
    desk: Mutex<Now>,
}

struct Now {
    desk: Desk,
    lying: Option<Profile>,
    askew: bool,
    trouble: Option<String>,
}

impl Panel {
    /// Binds a loopback address for the page about `desk`, on which `lying` lies; `login` is the address of the login pages.
    ///
    /// # Errors
    /// If nothing can be listened on.
    pub async fn bind(desk: Desk, lying: Option<Profile>, login: &str) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let shared = Arc::new(Shared {
            origin: format!("http://{}", listener.local_addr()?),
            login: login.to_owned(),
            desk: Mutex::new(Now {
                desk,
                lying,
                askew: false,
                trouble: None,
            }),
        });
        Ok(Self { listener, shared })
    }

    /// The address of the page.
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// Serves until `shutdown` is ready.
    ///
    /// # Errors
    /// If accepting connections fails.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let routes = Router::new()
            .route("/", get(page).post(act))
            .route("/style.css", get(style))
            .with_state(self.shared);
        axum::serve(self.listener, routes)
            .with_graceful_shutdown(shutdown)
            .await?;
        Ok(())
    }
}

/// A click: what to do, and with which document.
#[derive(serde::Deserialize)]
struct Click {
    act: String,
}

async fn act(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(click): Form<Click>,
) -> Response {
    let origin = headers.get(header::ORIGIN);
    if origin.is_none_or(|origin| origin != shared.origin.as_str()) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut now = shared.desk.lock().unwrap_or_else(PoisonError::into_inner);
    let done = match click.act.as_str() {
        "lift" => {
            now.lying = None;
            now.desk.lift()
        }
        "slide" => {
            now.askew = now.lying.is_some();
            now.desk.slide()
        }
        name => match Profile::from_name(name) {
            Some(profile) => {
                (now.lying, now.askew) = (Some(profile), false);
                now.desk.lay(profile)
            }
            None => return StatusCode::BAD_REQUEST.into_response(),
        },
    };
    now.trouble = done.err().map(|error| format!("{error:#}"));
    Redirect::to("/").into_response()
}

const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

async fn page(State(shared): State<Arc<Shared>>) -> Response {
    let now = shared.desk.lock().unwrap_or_else(PoisonError::into_inner);
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Html(html(&shared.login, &now))).into_response()
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css")], STYLE).into_response()
}

const STYLE: &str = "
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { max-width: 56rem; margin: 0 auto; padding: 1rem; }
ul { padding: 0; list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .75rem; }
li { border: 1px solid; border-radius: .5rem; padding: .75rem; }
li[aria-current] { outline: .2rem solid; }
button { font: inherit; min-height: 2.75rem; padding: .25rem 1rem; }
code { font-size: 1.05em; }
";

/// What a document is good for in a demonstration.
fn description(profile: Profile) -> &'static str {
    match profile {
        Profile::NlPassport2011 => {
            "Passport of 2011: opens by BAC, proves itself by Active Authentication only."
        }
        Profile::NlId2014 => "Identity card of 2014: both proofs.",
        Profile::NlPassport2024 => "Passport of 2024: opens by PACE only, both proofs.",
        Profile::Clone => "A copy of the passport of 2024 without its keys: must be refused.",
        Profile::Tampered => "The passport of 2024 with another name: must be refused.",
        Profile::PaceP256 => "Passport with smaller keys: both proofs.",
        Profile::NlLicence2014 => "Driving licence of 2014.",
        Profile::NlLicence2020 => "Driving licence of 2020.",
        _ => "Another document.",
    }
}

fn html(login: &str, now: &Now) -> String {
    let (place, lies) = match now.lying {
        Some(profile) if now.askew => (
            "beside",
            format!(
                "{} has slid to where the reader does not reach it.",
                profile.name()
            ),
        ),
        Some(profile) => ("reader", format!("{} lies on the reader.", profile.name())),
        None => ("away", "The reader is empty.".to_owned()),
    };
    let mut documents = String::new();
    for profile in Profile::ALL {
        let current = if now.lying == Some(profile) {
            " aria-current=\"true\""
        } else {
            ""
        };
        // Writing to a text does not fail.
        let _ = write!(
            documents,
            "<li{current}><h3>{name}</h3><p>{about}</p><p>User name <code>{name}</code>, last four characters <code>{four}</code></p>\
             <button name=\"act\" value=\"{name}\" aria-label=\"Lay down {name}\">Lay down</button></li>",
            name = profile.name(),
            about = description(profile),
            four = site::last_four(profile),
        );
    }
    let others = OBJECTIONS
        .iter()
        .map(|(user, _, code)| format!("<code>{user}</code> ({code})"))
        .collect::<Vec<_>>()
        .join(", ");
    let trouble = now.trouble.as_deref().unwrap_or_default();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>The simulated desk</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body><main>\
         <h1>The simulated desk</h1>\
         <p>Log in at <a href=\"{login}/\" target=\"login\">{login}/</a> with a user name below and the password <code>{PASSWORD}</code>. \
         Lay, lift and slide documents here meanwhile.</p>\
         <p role=\"status\"><strong id=\"lies\" data-place=\"{place}\">{lies}</strong> {trouble}</p>\
         <form method=\"post\" action=\"/\"><p><button name=\"act\" value=\"lift\">Lift</button> \
         <button name=\"act\" value=\"slide\">Slide</button></p><h2>Documents</h2><ul>{documents}</ul></form>\
         <h2>Other persons</h2><p><code>{SEVERAL}</code> has a passport (that of 2024) and an identity card. \
         The only document of these may not be used: {others}.</p></main></body></html>"
    )
}
