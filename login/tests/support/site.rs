//! A login server with specimen persons, in this process on a free port, and a browser that talks to it.
#![allow(dead_code, unreachable_pub)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rda_login::{Config, Server};

/// 2026-11-22 00:00 UTC.
pub const START: u64 = 1_795_305_600;
pub const PASSWORD: &str = "specimen password";

pub struct Site {
    pub origin: String,
    pub address: std::net::SocketAddr,
    pub dir: Arc<tempfile::TempDir>,
    pub clock: Arc<AtomicU64>,
    pub trust: protocol::trust::TrustedServer,
    operations: Option<std::net::SocketAddr>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

pub const REGISTER: &str = r#"specimen = true
[[person]]
bsn = "999990019"
birth = "1965-03-10"
[[person.document]]
kind = "passport"
issuing_state = "UTO"
number = "L898902C3"
expiry = "2034-04-15"
[[person.document]]
kind = "identity-card"
issuing_state = "UTO"
number = "D23145890"
expiry = "2033-04-15"
[[person]]
bsn = "999990020"
birth = "1970-00-00"
[[person.document]]
kind = "passport"
issuing_state = "UTO"
number = "SPEC12345"
expiry = "2033-04-15"
indication = "V"
[[person]]
bsn = "999990032"
birth = "1980-01-01"
"#;

impl Site {
    pub fn start() -> Self {
        Self::with(REGISTER, "")
    }

    /// `settings` are further lines of the configuration.
    pub fn with(register: &str, settings: &str) -> Self {
        // Nobody here waits for logins that a test has left under way.
        Self::serve(Self::laid_out(
            register,
            &format!("drain_seconds = 0\n{settings}"),
        ))
    }

    /// The files of such a server in a folder, with nothing that serves them.
    pub fn laid_out(register: &str, settings: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("csca")).unwrap();
        let anchors = "[[csca]]\nkind = \"passport\"\nissuing_state = \"UTO\"\nfolder = \"csca\"\n";
        let users = [
            ("anna", "999990019"),
            ("bob", "999990020"),
            ("carla", "999990032"),
        ];
        Self::configure(
            dir.path(),
            &users,
            register,
            &format!("{settings}\n{anchors}"),
        );
        dir
    }

    /// A server that knows the holders of the simulated chips: each has an account under the name of the profile.
    pub fn specimens(settings: &str) -> Self {
        Self::specimens_changed(settings, |text| text)
    }

    /// As [`Site::specimens`], with the register and the accounts changed.
    pub fn specimens_changed(settings: &str, change: impl Fn(String) -> String) -> Self {
        use icao::simulator::{Profile, csca_certificates};
        let dir = tempfile::tempdir().unwrap();
        let (mut anchors, mut kinds) = (
            settings.to_owned() + "\n",
            std::collections::BTreeSet::new(),
        );
        for (index, csca) in csca_certificates().unwrap().iter().enumerate() {
            let kind = kind_name(csca.kind);
            let folder = dir.path().join("csca").join(kind);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(format!("{index}.der")), &csca.der).unwrap();
            if kinds.insert(kind) {
                let state = csca.issuing_state;
                anchors += &format!(
                    "[[csca]]\nkind = \"{kind}\"\nissuing_state = \"{state}\"\nfolder = \"csca/{kind}\"\n"
                );
            }
        }
        let users: Vec<_> = Profile::ALL
            .iter()
            .map(|profile| (profile.name(), profile.holder().bsn))
            .collect();
        let settings = format!("drain_seconds = 0\n{anchors}");
        Self::configure(dir.path(), &users, &change(specimen_register()), &settings);
        let accounts = dir.path().join("accounts.toml");
        std::fs::write(
            &accounts,
            change(std::fs::read_to_string(&accounts).unwrap()),
        )
        .unwrap();
        Self::serve(dir)
    }

    fn configure(dir: &Path, users: &[(&str, &str)], register: &str, settings: &str) {
        rda_login::keys::Keys::create(&dir.join("keys.toml")).unwrap();
        let hash = rda_login::password::hash(PASSWORD).unwrap();
        let accounts: String = users
            .iter()
            .map(|(user, bsn)| {
                format!("[[account]]\nuser=\"{user}\"\npassword=\"{hash}\"\nbsn=\"{bsn}\"\n")
            })
            .collect();
        std::fs::write(dir.join("accounts.toml"), accounts).unwrap();
        std::fs::write(dir.join("register.toml"), register).unwrap();
        let config = format!(
            "id = \"specimen-login\"\nservice = {{ nl = \"Voorbeelddienst\", en = \"Example service\" }}\ntest = true\n\
             listen = \"127.0.0.1:0\"\norigin = \"http://127.0.0.1:0\"\nkeys = \"keys.toml\"\n\
             accounts = \"accounts.toml\"\nregister = \"register.toml\"\naudit = \"audit.jsonl\"\n{settings}"
        );
        std::fs::write(dir.join("login.toml"), config).unwrap();
    }

    /// Serves the configuration `login.toml` of a folder.
    pub fn serve(dir: tempfile::TempDir) -> Self {
        Self::serve_again(Arc::new(dir))
    }

    /// Stops, and starts with the files as they are now.
    pub fn restart(self) -> Self {
        Self::serve_again(self.into_dir())
    }

    /// Stops, and leaves the files.
    pub fn into_dir(self) -> Arc<tempfile::TempDir> {
        Arc::clone(&self.dir)
    }

    fn serve_again(dir: Arc<tempfile::TempDir>) -> Self {
        let config = Config::open(&dir.path().join("login.toml")).unwrap();
        let clock = Arc::new(AtomicU64::new(START));
        let time = Arc::clone(&clock);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (ready, started) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let clock = Arc::new(move || time.load(Ordering::SeqCst));
                let server = Server::bind_with_clock(config, clock).await.unwrap();
                ready
                    .send((
                        server.origin().as_str().to_owned(),
                        server.local_addr(),
                        server.trust_file().unwrap(),
                        server.operations_addr(),
                    ))
                    .unwrap();
                server
                    .run(async {
                        let _ = stopped.await;
                    })
                    .await
                    .unwrap();
            });
        });
        let (origin, address, trust, operations) = started.recv().unwrap();
        Self {
            origin,
            address,
            dir,
            clock,
            trust,
            operations,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub fn wait(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.origin)
    }

    pub fn audit(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.dir.path().join("audit.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// How many requests are under way, as the server tells its operator: needs the setting `operations`.
    pub fn under_way(&self) -> usize {
        let mut operator = Browser::new(&format!("http://{}", self.operations.unwrap()));
        let metrics = operator.get("/metrics").body;
        let count = metrics
            .lines()
            .find_map(|line| line.strip_prefix("rda_login_requests_under_way "));
        count.unwrap().parse().unwrap()
    }

    pub fn edit_register(&self, change: impl FnOnce(String) -> String) {
        let path = self.dir.path().join("register.toml");
        std::fs::write(&path, change(std::fs::read_to_string(&path).unwrap())).unwrap();
    }
}

/// How configuration and messages name a kind of document.
pub fn kind_name(kind: icao::pki::DocumentKind) -> &'static str {
    match kind {
        icao::pki::DocumentKind::TravelDocument => "passport",
        icao::pki::DocumentKind::IdentityCard => "identity-card",
        icao::pki::DocumentKind::DrivingLicence => "driving-licence",
    }
}

/// The genuine document of every holder of the simulator.
fn specimen_register() -> String {
    use icao::simulator::Profile;
    let date = |text: &str| [&text[..2], &text[2..4], &text[4..]].join("-");
    let mut register = "specimen = true\n".to_owned();
    for profile in Profile::ALL {
        if matches!(profile, Profile::Clone | Profile::Tampered) {
            continue;
        }
        let (holder, kind) = (profile.holder(), kind_name(profile.kind()));
        register += &format!(
            "[[person]]\nbsn = \"{}\"\nbirth = \"19{}\"\n[[person.document]]\nkind = \"{kind}\"\n\
             issuing_state = \"NLD\"\nnumber = \"{}\"\nexpiry = \"20{}\"\n",
            holder.bsn,
            date(holder.date_of_birth),
            holder.document_number,
            date(holder.date_of_expiry),
        );
        if kind == "driving-licence" {
            register += &format!(
                "licence_line = \"{}\"\n",
                holder.mrz_information(profile.form())
            );
        }
    }
    register
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body))
    }

    /// The value of an attribute such as `name="token" value=` or `data-token=`.
    pub fn value(&self, before: &str) -> String {
        let start = format!("{before}\"");
        self.body
            .split(&start)
            .nth(1)
            .unwrap_or_else(|| panic!("no {before}"))
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    }
}

/// Cookies, Origin and Sec-Fetch-Site as a browser would send them. Follows no redirect by itself.
#[derive(Clone)]
pub struct Browser {
    pub origin: String,
    pub cookies: std::collections::BTreeMap<String, String>,
    pub headers: Vec<(&'static str, String)>,
}

/// A new one for each call: an agent keeps cookies of its own, and these tests look after theirs.
fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .new_agent()
}

impl Browser {
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            cookies: Default::default(),
            headers: vec![
                ("origin", origin.to_owned()),
                ("sec-fetch-site", "same-origin".into()),
            ],
        }
    }

    fn keep(&mut self, mut response: ureq::http::Response<ureq::Body>) -> Answer {
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }

    fn cookie_header(&self) -> String {
        self.cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    pub fn get(&mut self, path: &str) -> Answer {
        let mut request = agent()
            .get(format!("{}{path}", self.origin))
            .header("cookie", self.cookie_header());
        for (name, value) in self
            .headers
            .iter()
            .filter(|(name, _)| !["origin", "sec-fetch-site"].contains(name))
        {
            request = request.header(*name, value);
        }
        let response = request.call().unwrap();
        self.keep(response)
    }

    pub fn post(&mut self, path: &str, kind: &str, body: &str) -> Answer {
        let mut request = agent()
            .post(format!("{}{path}", self.origin))
            .header("cookie", self.cookie_header())
            .header("content-type", kind);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.send(body).unwrap();
        self.keep(response)
    }

    pub fn form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let escape = |text: &str| {
            text.bytes()
                .map(|b| format!("%{b:02X}"))
                .collect::<String>()
        };
        let body = fields
            .iter()
            .map(|(n, v)| format!("{n}={}", escape(v)))
            .collect::<Vec<_>>()
            .join("&");
        self.post(path, "application/x-www-form-urlencoded", &body)
    }

    pub fn log_in(&mut self, user: &str, password: &str) -> Answer {
        let token = self.get("/login").value("name=\"token\" value=");
        self.form(
            "/login",
            &[("token", &token), ("user", user), ("password", password)],
        )
    }

    /// Calls the interface of the document page.
    pub fn api(&mut self, name: &str, body: &serde_json::Value) -> Answer {
        let token = self.get("/document").value("data-token=");
        self.api_with(&token, name, body)
    }

    /// Sends headers, and the body only after `meanwhile`, which runs once the server has looked at the headers and asks for
    /// the body (RFC 9110 10.1.1). The status and the body of the answer.
    pub fn api_held(
        &self,
        token: &str,
        name: &str,
        body: &serde_json::Value,
        meanwhile: impl FnOnce(),
    ) -> (String, String) {
        let mut stream = self.open(token, name, &body.to_string());
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        meanwhile();
        stream.write_all(body.to_string().as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }

    /// Sends a whole call, and goes away without waiting for the answer.
    pub fn api_left(&self, token: &str, name: &str, body: &serde_json::Value) {
        let mut stream = self.open(token, name, &body.to_string());
        stream.read_exact(&mut [0; 25]).unwrap();
        stream.write_all(body.to_string().as_bytes()).unwrap();
    }

    /// A connection on which the headers of a call have been sent.
    pub fn open(&self, token: &str, name: &str, body: &str) -> TcpStream {
        let authority = self.origin.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(authority).unwrap();
        let head = format!(
            "POST /api/rda/{name} HTTP/1.1\r\nhost: {authority}\r\norigin: {}\r\nsec-fetch-site: same-origin\r\n\
             cookie: {}\r\nrda-token: {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             expect: 100-continue\r\nconnection: close\r\n\r\n",
            self.origin,
            self.cookie_header(),
            body.len(),
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    pub fn api_with(&mut self, token: &str, name: &str, body: &serde_json::Value) -> Answer {
        self.headers.push(("rda-token", token.to_owned()));
        let answer = self.post(
            &format!("/api/rda/{name}"),
            "application/json",
            &body.to_string(),
        );
        self.headers.retain(|(name, _)| *name != "rda-token");
        answer
    }
}
