//! The server: everything put together, and the routes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};
use base64ct::{Base64UrlUnpadded, Encoding};
use icao::pki::Fingerprint;
use protocol::error::Code;
use protocol::origin::Origin;
use protocol::request::Document;
use protocol::trust::{TrustError, TrustedServer};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tower_http::timeout::TimeoutLayer;

use crate::accounts::{Accounts, AccountsError, UserName};
use crate::anchors::CurrentRules;
use crate::audit::{self, Audit, AuditError, Event};
use crate::config::{AccessRelease, Config};
use crate::connection::{LimitedListener, Limits, Peer};
use crate::cookies::Jar;
use crate::date::Date;
use crate::guard::{Guard, guard};
use crate::history::{History, Use};
use crate::keys::{Keys, KeysError};
use crate::level::{Level, LevelError, Levels, Means};
use crate::password::{PasswordError, Passwords};
use crate::rda::Proceedings;
use crate::register::{Bsn, FileRegister, FileRegisterError, Register, RegisteredDocument};
use crate::release::{AccessNeeded, Limit};
use crate::request::{Issuer, IssuerError};
use crate::session::{Achieved, MemorySessions, Session, SessionId, SessionStore};
use crate::texts::{Texts, TextsError};
use crate::visit::keep_language;
use crate::{api, operations, pages};

/// Where the server has its time from: seconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The clock of the system.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    })
}

/// Requests under way at once.
const MAX_PROCEEDINGS: usize = 20_000;
/// Longest body: a sealed message of 60 KiB in its JSON.
const MAX_BODY: usize = 64 * 1024;
/// Longest time for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A file named in the configuration cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The file of accounts.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The register.
    #[error(transparent)]
    Register(#[from] FileRegisterError),
    /// The table of levels.
    #[error(transparent)]
    Levels(#[from] LevelError),
    /// The texts.
    #[error(transparent)]
    Texts(#[from] TextsError),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The file of past logins.
    #[error("{path}: {source}")]
    History {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A trust anchor of the simulator, whose private keys are public.
    #[error("an anchor of the simulator, which needs `test = true`: {0}")]
    Simulated(Fingerprint),
    /// A trust anchor or revocation list.
    #[error("{path}: {reason}")]
    Csca {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The configured name or origin cannot stand in requests.
    #[error(transparent)]
    Names(#[from] IssuerError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// Time between two looks at whether the last login has ended.
const DRAIN_LOOK_EVERY: Duration = Duration::from_millis(200);

/// Time between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// Everything that handlers share.
pub struct App {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) keys: Keys,
    pub(crate) passwords: Arc<Passwords>,
    pub(crate) register: Box<dyn Register>,
    pub(crate) sessions: Box<dyn SessionStore>,
    pub(crate) proceedings: Proceedings,
    pub(crate) releases: Limit,
    pub(crate) requests: Limit,
    pub(crate) levels: Levels,
    pub(crate) texts: Texts,
    pub(crate) audit: Audit,
    history: History,
    pub(crate) issuer: Issuer,
    pub(crate) rules: CurrentRules,
    pub(crate) jar: Jar,
    /// Told to stop: logins under way are finished, balancers send nobody new.
    pub(crate) draining: AtomicBool,
}

impl App {
    fn new(config: Config, port: u16, clock: Clock) -> Result<Self, StartError> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).map_err(|source| StartError::Read {
                path: path.clone(),
                source,
            })
        };
        let issuer = Issuer::new(&config, port)?;
        let levels = match &config.levels {
            Some(path) => Levels::parse(&read(path)?)?,
            None => Levels::builtin()?,
        };
        let history =
            History::open(&config.history, clock()).map_err(|source| StartError::History {
                path: config.history.clone(),
                source,
            })?;
        Ok(Self {
            clock,
            history,
            keys: Keys::open(&config.keys)?,
            passwords: Arc::new(Passwords::new(Accounts::parse(&read(&config.accounts)?)?)?),
            register: Box::new(FileRegister::open(&config.register)?),
            sessions: Box::new(MemorySessions::new(config.max_sessions)),
            proceedings: Proceedings::new(MAX_PROCEEDINGS),
            releases: Limit::of_releases(),
            requests: Limit::of_requests(),
            levels,
            texts: Texts::builtin()?,
            audit: Audit::open(&config.audit, config.id.as_str())?,
            jar: Jar::new(!issuer.origin.is_plain_http()),
            issuer,
            rules: CurrentRules::open(&config)?,
            draining: AtomicBool::new(false),
            config,
        })
    }

    /// Whether the session needs no document any more.
    pub(crate) fn at_document_level(&self, session: &Session) -> bool {
        session.achieved.level >= self.levels.of(Means::Document)
    }

    /// What this session must give before a document can be opened.
    pub(crate) fn access_needed(&self, session: &Session) -> Option<AccessNeeded> {
        match self.config.access_release {
            AccessRelease::Typed => Some(AccessNeeded::Typed),
            AccessRelease::Digest if session.known_browser => None,
            AccessRelease::Digest => Some(AccessNeeded::LastFour),
        }
    }

    /// The person's documents, of the kinds that are offered, that may be used today.
    pub(crate) async fn usable_documents(
        self: &Arc<Self>,
        bsn: Bsn,
        now: u64,
    ) -> Result<Vec<RegisteredDocument>, Code> {
        let app = Arc::clone(self);
        let documents = tokio::task::spawn_blocking(move || app.register.documents(&bsn))
            .await
            .map_err(|_| Code::ServerFailed)?
            .map_err(|_| Code::RegisterUnreachable)?;
        let today = Date::at(now);
        let mut objections = Vec::new();
        let mut usable = Vec::new();
        for document in documents {
            match document.standing(today) {
                Ok(()) => usable.push(document),
                Err(objection) => objections.push(objection),
            }
        }
        if usable.is_empty() {
            objections.dedup();
            // One reason for all documents can be told; several would puzzle.
            return Err(match objections.as_slice() {
                [objection] => (*objection).into(),
                _ => Code::DocumentUnknown,
            });
        }
        Ok(usable)
    }

    /// Keeps that an account was used, for its citizen to look back on.
    pub(crate) fn note_use(&self, user: &UserName, achieved: &Achieved) {
        self.note(user, achieved.at, achieved.level, achieved.document, false);
    }

    /// Keeps that a check of a document was begun: the request says how to open it.
    pub(crate) fn note_begun(&self, session: &Session, kind: Document, now: u64) {
        let level = session.achieved.level;
        self.note(&session.user, now, level, Some(kind), true);
    }

    fn note(
        &self,
        user: &UserName,
        at: u64,
        level: Level,
        document: Option<Document>,
        begun: bool,
    ) {
        let used = Use {
            at,
            service: self.config.id.clone(),
            level,
            document,
            begun,
        };
        if let Err(error) = self.history.note(&self.account(user), used) {
            tracing::error!(%error, "a login is not in the history");
        }
    }

    /// The last uses of an account, the latest first.
    pub(crate) fn uses(&self, user: &UserName) -> Vec<Use> {
        self.history.of(&self.account(user))
    }

    /// An account as the audit log names it.
    pub(crate) fn audited_account(&self, user: &UserName) -> String {
        self.keys.reference("account", user.as_str().as_bytes())
    }

    fn account(&self, user: &UserName) -> String {
        self.keys.reference("history", user.as_str().as_bytes())
    }

    /// Ends a session and the request it had under way.
    pub(crate) fn end_session(&self, id: &SessionId) {
        if let Some(jti) = self.sessions.remove(id).and_then(|session| session.request) {
            self.proceedings.remove(&jti);
        }
    }

    /// Wipes everything whose time is over: sessions with the requests that they had under way, and requests.
    pub(crate) fn sweep(&self, now: u64) {
        for session in self.sessions.sweep(now) {
            if let Some(jti) = session.request {
                self.proceedings.remove(&jti);
            }
            let origin = audit::Origin {
                address: None,
                browser: String::new(),
                account: Some(self.audited_account(&session.user)),
                session: Some(session.reference),
            };
            if let Err(error) = self.audit.record(now, &origin, &Event::SessionExpired) {
                tracing::error!(%error, "the end of a session is not in the audit log");
            }
        }
        self.proceedings.sweep(now);
    }

    /// The token that forms and scripts of a session show: a keyed hash of what only the cookie holds.
    pub(crate) fn session_token(&self, id: &SessionId) -> String {
        Base64UrlUnpadded::encode_string(&self.keys.mac("session form", &[id.as_bytes()]))
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

/// A login server that is bound to its address.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    operations: Option<TcpListener>,
    app: Arc<App>,
}

impl Server {
    /// Reads all files, checks them, and binds the address.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn bind(config: Config) -> Result<Self, StartError> {
        Self::bind_with_clock(config, system_clock()).await
    }

    /// As [`Server::bind`], with a clock of the caller's.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn bind_with_clock(config: Config, clock: Clock) -> Result<Self, StartError> {
        let listener = listen(config.listen).await?;
        Self::serving(listener, config, clock).await
    }

    /// As [`Server::bind`], on a socket that listens already, as systemd hands it over: it stays open while one server
    /// ends and the next begins, and nobody is refused meanwhile.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn with_listener(
        listener: std::net::TcpListener,
        config: Config,
    ) -> Result<Self, StartError> {
        let address = config.listen;
        let fail = |source| StartError::Listen { address, source };
        listener.set_nonblocking(true).map_err(fail)?;
        let listener = TcpListener::from_std(listener).map_err(fail)?;
        Self::serving(listener, config, system_clock()).await
    }

    async fn serving(
        listener: TcpListener,
        config: Config,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let address = config.listen;
        let address = listener
            .local_addr()
            .map_err(|source| StartError::Listen { address, source })?;
        let operations = match config.operations {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        Ok(Self {
            listener,
            address,
            operations,
            app: Arc::new(App::new(config, address.port(), clock)?),
        })
    }

    /// Reads all files that the configuration names and checks them, and listens nowhere.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn check(config: Config) -> Result<(), StartError> {
        let port = config.listen.port();
        App::new(config, port, system_clock()).map(drop)
    }

    /// Where health, readiness and metrics are served, if anywhere.
    pub fn operations_addr(&self) -> Option<SocketAddr> {
        self.operations.as_ref()?.local_addr().ok()
    }

    /// The address that is listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The origin of the pages.
    pub fn origin(&self) -> &Origin {
        &self.app.issuer.origin
    }

    /// The trust file that makes daemons take requests of this server.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn trust_file(&self) -> Result<TrustedServer, TrustError> {
        self.app.issuer.trust_file(&self.app.keys)
    }

    /// Serves until `shutdown` is ready; then, for as long as the configuration says, until no login is under way.
    ///
    /// # Errors
    /// Fails where accepting connections fails.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let routes = router(&self.app).into_make_service_with_connect_info::<Peer>();
        let app = Arc::clone(&self.app);
        // Secrets go in time even where nobody asks anything.
        let sweeper = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(SWEEP_EVERY);
            loop {
                ticks.tick().await;
                app.sweep((app.clock)());
                let looking = Arc::clone(&app);
                let look = move || looking.rules.refresh(&looking.config);
                // A panic there is told by its own message, and leaves the rules as they are.
                let _ = tokio::task::spawn_blocking(look).await;
            }
        });
        let operations = self.operations.map(|listener| {
            let routes = operations::router(&self.app);
            tokio::spawn(async move {
                let listener = LimitedListener::new(listener, Limits::operations());
                axum::serve(listener, routes).await
            })
        });
        let app = Arc::clone(&self.app);
        let drained = async move {
            shutdown.await;
            app.draining.store(true, Ordering::SeqCst);
            let end = Instant::now() + Duration::from_secs(app.config.drain_seconds);
            while app.proceedings.under_way((app.clock)()) > 0 && Instant::now() < end {
                tokio::time::sleep(DRAIN_LOOK_EVERY).await;
            }
        };
        let served = axum::serve(
            LimitedListener::new(self.listener, Limits::default()),
            routes,
        )
        .with_graceful_shutdown(drained)
        .await;
        sweeper.abort();
        if let Some(operations) = operations {
            operations.abort();
        }
        served
    }
}

fn router(app: &Arc<App>) -> Router {
    let origin = app.issuer.origin.as_str();
    let authority = origin
        .split_once("://")
        .map_or(origin, |(_, authority)| authority);
    let rules = Guard::new(
        origin,
        authority,
        !app.issuer.origin.is_plain_http(),
        &app.config.daemon_ports,
    );
    let whole = || axum::middleware::from_fn(api::to_the_end);
    Router::new()
        .route("/", get(pages::home))
        .route("/login", get(pages::login_form).post(pages::login))
        .route("/document", get(pages::document))
        .route("/result", get(pages::result))
        .route("/history", get(pages::history))
        .route("/help", get(pages::help))
        .route("/logout", post(pages::logout))
        .route("/cancel", post(pages::cancel))
        .route("/expired", post(pages::expired))
        .route("/stay", post(pages::stay))
        .route("/texts/{file}", get(pages::texts))
        .route("/assets/{name}", get(pages::asset))
        .route("/sdk/{name}", get(pages::asset))
        .route("/api/rda/start", post(api::start))
        .route("/api/rda/evidence", post(api::evidence).layer(whole()))
        .route(
            "/api/rda/chip-authentication-result",
            post(api::chip_authentication_result).layer(whole()),
        )
        .route("/api/rda/cancel", post(api::cancel))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            ANSWER_WITHIN,
        ))
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(app),
            keep_language,
        ))
        .layer(axum::middleware::from_fn_with_state(Arc::new(rules), guard))
        .with_state(Arc::clone(app))
}
