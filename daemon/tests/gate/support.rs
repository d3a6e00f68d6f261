//! A daemon on free ports with trust and runtime folders of its own, and what a page and a login server need to
//! talk to it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer;
use protocol::encoding::encode;
use protocol::jwk::PublicJwk;
use protocol::messages::DaemonMessage;
use protocol::request::DaemonVersion;
use rda::gate::Gate;
use rda::replay::UsedRequests;
use rda::server::Server;
use rda::session::{AcceptedRequest, Inbox, Outbox, Worker};
use rda::trust::TrustFolders;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

pub(crate) const NOW: u64 = 1_795_305_600;
pub(crate) const ORIGIN: &str = "https://login.example";
/// The second origin of the same server.
pub(crate) const SECOND_ORIGIN: &str = "https://login2.example";
/// Of a test server.
pub(crate) const TEST_ORIGIN: &str = "http://127.0.0.1:8080";
/// The one answer to a stranger at the upgrade.
pub(crate) const REFUSAL: &str =
    "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// Long enough for a loaded machine; only a daemon that hangs takes it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Text that a name may be: to a shell a command, to a formatter a format, to a desktop markup, to a log another field.
pub(crate) const HOSTILE_NAMES: [&str; 9] = [
    "$(touch pwned)",
    "`touch pwned`; touch /tmp/pwned | touch pwned",
    "\"; touch pwned; \"",
    "../../../../tmp/pwned",
    "%s%n%x%1$s{}{0}",
    "<b>bold</b> & <a href='https://evil.example'>",
    "\\u001b[2J\\nINFO login accepted",
    "x\" origin=https://bank.example files=\"none",
    "' OR 1=1 --",
];

/// Text that no name may be: it begins a line, moves a cursor, or turns the direction of writing.
pub(crate) const HOSTILE_CONTROLS: [&str; 6] = [
    "line\nINFO login accepted",
    "line\r\n$(touch pwned)",
    "\u{1b}[2Jcleared",
    "\u{202e}reversed",
    "line\u{2028}paragraph",
    "\u{0}",
];

type Script = Box<dyn Fn(AcceptedRequest, Inbox, Outbox) + Send + Sync>;

struct ScriptedWorker {
    runs: AtomicUsize,
    script: Script,
}

impl Worker for ScriptedWorker {
    fn run(&self, request: AcceptedRequest, from_page: Inbox, to_page: Outbox) {
        self.runs.fetch_add(1, Ordering::SeqCst);
        (self.script)(request, from_page, to_page);
    }
}

pub(crate) struct TestDaemon {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) folder: Arc<TempDir>,
    worker: Arc<ScriptedWorker>,
    clock: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Waits for the end of the login and does nothing else.
pub(crate) fn idle(_: AcceptedRequest, from_page: Inbox, _: Outbox) {
    let _ = from_page.receive();
}

impl TestDaemon {
    pub(crate) fn new(
        script: impl Fn(AcceptedRequest, Inbox, Outbox) + Send + Sync + 'static,
    ) -> Self {
        Self::in_folder(trusting_folder(), script)
    }

    /// One that shows notifications, on the bus that the environment names.
    #[cfg(all(target_os = "linux", feature = "simulator"))]
    pub(crate) fn with_notifications(
        script: impl Fn(AcceptedRequest, Inbox, Outbox) + Send + Sync + 'static,
    ) -> Self {
        Self::begin(trusting_folder(), script, Server::with_notifications)
    }

    pub(crate) fn in_folder(
        folder: Arc<TempDir>,
        script: impl Fn(AcceptedRequest, Inbox, Outbox) + Send + Sync + 'static,
    ) -> Self {
        Self::begin(folder, script, |server| server)
    }

    fn begin(
        folder: Arc<TempDir>,
        script: impl Fn(AcceptedRequest, Inbox, Outbox) + Send + Sync + 'static,
        set_up: fn(Server) -> Server,
    ) -> Self {
        let worker = Arc::new(ScriptedWorker {
            runs: AtomicUsize::new(0),
            script: Box::new(script),
        });
        let clock = Arc::new(AtomicU64::new(NOW));
        let gate = {
            let clock = Arc::clone(&clock);
            let path = |name: &str| folder.path().join(name);
            Gate::new(
                TrustFolders::new(Some(path("system")), Some(path("user"))),
                UsedRequests::new(path("runtime")),
                DaemonVersion::parse("0.1.0").unwrap(),
                Arc::new(move || clock.load(Ordering::SeqCst)),
            )
        };
        let (stop, stopped) = oneshot::channel();
        let (bound, addresses) = mpsc::channel();
        let thread = {
            let worker: Arc<ScriptedWorker> = Arc::clone(&worker);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let server = set_up(Server::bind(&[0], gate, worker).unwrap());
                    bound.send(server.local_addrs()).unwrap();
                    server
                        .run(async {
                            let _ = stopped.await;
                        })
                        .await;
                });
            })
        };
        Self {
            addresses: addresses.recv().unwrap(),
            folder,
            worker,
            clock,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn runs(&self) -> usize {
        self.worker.runs.load(Ordering::SeqCst)
    }

    pub(crate) fn set_clock(&self, now: u64) {
        self.clock.store(now, Ordering::SeqCst);
    }

    pub(crate) fn v4(&self) -> SocketAddr {
        let v4 = self
            .addresses
            .iter()
            .find(|address| address.ip() == Ipv4Addr::LOCALHOST);
        *v4.unwrap()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.v4())
    }

    /// Sends octets on a fresh socket, and gives all that comes back.
    pub(crate) fn exchange(&self, octets: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(octets).unwrap();
        // Whose a socket is, the daemon asks the kernel when it accepts it, who knows that of open ones only: a caller who has hung
        // up by then is refused as nobody's, whatever he says.
        if octets.ends_with(b"\r\n\r\n") {
            let _ = stream.peek(&mut [0]);
        } else {
            // Sockets are taken in the order in which they came.
            self.page();
        }
        // No more will come: also what looks like the beginning of something is to be answered.
        let _ = stream.shutdown(Shutdown::Write);
        read_all(stream)
    }

    /// Goes on after the answer to its upgrade, whatever it is, as if it were let in: with a request.
    pub(crate) fn insist(&self, head: &str, request: &str) -> Vec<u8> {
        let mut stream = self.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream.peek(&mut [0]).unwrap();
        let _ = stream.write_all(&text_frame(&start(request)));
        let _ = stream.shutdown(Shutdown::Write);
        read_all(stream)
    }

    /// A page of the good origin.
    pub(crate) fn page(&self) -> Page {
        self.page_of(ORIGIN)
    }

    pub(crate) fn page_of(&self, origin: &str) -> Page {
        Page::open(self.v4(), origin)
    }
}

impl Drop for TestDaemon {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Two trusted servers: one of the administrator's, and a test server of the user's.
fn trusting_folder() -> Arc<TempDir> {
    let folder = Arc::new(TempDir::new().unwrap());
    write_trust(
        &folder.path().join("system"),
        &trust_file("login.example", 1, &[ORIGIN, SECOND_ORIGIN], false),
    );
    write_trust(
        &folder.path().join("user"),
        &trust_file("test.example", 5, &[TEST_ORIGIN], true),
    );
    folder
}

/// All files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// None of the files that a hostile text would have made is there: below this folder, in the folder of the tests, or in /tmp.
#[track_caller]
pub(crate) fn nothing_is_pwned(folder: &Path) {
    let found = files_below(folder);
    assert!(
        !found.iter().any(|path| path.ends_with("pwned")),
        "{found:?}"
    );
    for place in ["pwned", "/tmp/pwned"] {
        assert!(!Path::new(place).exists(), "{place}");
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All octets until the end, also where the end is a reset.
pub(crate) fn read_all(mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return answer,
            Ok(length) => answer.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return answer,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The head of the answer that opens the WebSocket, and not an octet more.
pub(crate) fn read_acceptance(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        answer.extend(octet);
    }
    assert!(
        answer.starts_with(b"HTTP/1.1 101 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    answer
}

/// A browser's upgrade request.
pub(crate) fn head(host: &str, origin: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: {origin}\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: rda.v1\r\nUser-Agent: Mozilla/5.0 (specimen)\r\n\r\n"
    )
}

/// A masked text frame (RFC 6455 5.2); masked with zeros, so that it can be read.
pub(crate) fn text_frame(text: &str) -> Vec<u8> {
    frame(0x81, text.as_bytes())
}

pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=65535 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend_from_slice(payload);
    frame
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

pub(crate) fn trust_file(id: &str, seed: u8, origins: &[&str], test: bool) -> Value {
    json!({
        "id": id,
        "test": test,
        "name": {"en": format!("Specimen {id}")},
        "origins": origins,
        "keys": [{"kid": "k", "jwk": PublicJwk::from(key(seed).verifying_key())}],
    })
}

pub(crate) fn write_trust(folder: &Path, file: &Value) {
    std::fs::create_dir_all(folder).unwrap();
    let name = format!("{}.toml", file["id"].as_str().unwrap());
    std::fs::write(folder.join(name), toml::to_string(file).unwrap()).unwrap();
}

pub(crate) fn claims(id: u8) -> Value {
    json!({
        "ver": 1,
        "iss": "login.example",
        "aud": ORIGIN,
        "jti": encode(&[id; 32]),
        "iat": NOW,
        "exp": NOW + 300,
        "service": {"en": "Specimen service"},
        "document": "passport",
        "enc": PublicJwk::from(key(4).verifying_key()),
    })
}

pub(crate) fn sign(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let input = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let signature: p256::ecdsa::Signature = key.sign(input.as_bytes());
    format!("{input}.{}", encode(&signature.to_bytes()))
}

pub(crate) fn header(typ: &str) -> Value {
    json!({"alg": "ES256", "typ": typ, "kid": "k"})
}

/// A good request; its `jti` is made of this octet.
pub(crate) fn request(id: u8) -> String {
    sign(&header("rda-request+jwt"), &claims(id), &key(1))
}

pub(crate) fn start(request: &str) -> String {
    json!({"type": "start", "request": request}).to_string()
}

/// A page on an open WebSocket.
pub(crate) struct Page {
    socket: WebSocket<TcpStream>,
}

impl Page {
    pub(crate) fn open(address: SocketAddr, origin: &str) -> Self {
        let request = tungstenite::http::Request::builder()
            .uri(format!("ws://{address}/"))
            .header("Host", address.to_string())
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Origin", origin)
            .header("Sec-WebSocket-Version", "13")
            .header(
                "Sec-WebSocket-Key",
                tungstenite::handshake::client::generate_key(),
            )
            .header("Sec-WebSocket-Protocol", "rda.v1")
            .body(())
            .unwrap();
        let (socket, response) = tungstenite::client(request, connect(address)).unwrap();
        assert_eq!(response.headers()["Sec-WebSocket-Protocol"], "rda.v1");
        Self { socket }
    }

    pub(crate) fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
    }

    pub(crate) fn start(&mut self, request: &str) {
        self.send(&start(request));
    }

    /// Ends the login; the worker has returned when this does.
    pub(crate) fn cancel(&mut self) {
        self.send(r#"{"type":"cancel"}"#);
        assert_eq!(self.receive(), DaemonMessage::Finished);
    }

    pub(crate) fn send_ping(&mut self) {
        // The daemon may have had enough already.
        let _ = self.socket.send(Message::Ping(tungstenite::Bytes::new()));
    }

    /// The next message of the daemon, or nothing for a frame that is none.
    pub(crate) fn receive_any(&mut self) -> Option<DaemonMessage> {
        match self.socket.read().unwrap() {
            Message::Text(text) => Some(serde_json::from_str(&text).unwrap()),
            _ => None,
        }
    }

    /// The next message of the daemon.
    pub(crate) fn receive(&mut self) -> DaemonMessage {
        match self.socket.read().unwrap() {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The session of `accepted`, which has to come next.
    pub(crate) fn accepted(&mut self) -> String {
        match self.receive() {
            DaemonMessage::Accepted { session, .. } => encode(session.as_array()),
            other => panic!("{other:?}"),
        }
    }

    /// The code and reason of the close frame, which has to come next.
    pub(crate) fn closed(&mut self) -> (u16, String) {
        match self.socket.read().unwrap() {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("{other:?}"),
        }
    }

    /// An error, which has to come next, and the close frame after it.
    pub(crate) fn failed(&mut self) -> (String, u16) {
        let DaemonMessage::Error(error) = self.receive() else {
            panic!("no error");
        };
        let (code, reason) = self.closed();
        assert_eq!(reason, error.code.symbol());
        (reason, code)
    }
}
