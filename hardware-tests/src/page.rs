//! Plays the login page and its browser, without one: password, signed request, carrying messages between the daemon and
//! the login server, and looking at the verdict. It decides nothing, just as the page decides nothing.

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::{HeaderValue, header};
use tungstenite::{Message, WebSocket};

const PATIENCE: Duration = Duration::from_secs(120);

/// What the page sees on the way, for those who want to tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The daemon has taken the request.
    Accepted,
    /// A state of the daemon: its name, progress in per cent, and the hint if it pauses.
    State(String, u64, Option<String>),
    /// So many bytes of evidence or of results went to the login server, and its answer came after so long: one round trip.
    RoundTrip(usize, Duration),
    /// The login server's command for the chip went to the daemon.
    ChipAuthentication,
}

/// How a login ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The verdict.
    pub verdict: Verdict,
    /// Round trips to the login server between the daemon's start and the verdict.
    pub round_trips: usize,
    /// The steps of the verification, in order, as a login server for tests tells them.
    pub steps: Vec<Value>,
}

/// The verdict, by whom it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The login server raised the session to this level.
    Raised(u8),
    /// The login server refused, for this reason.
    Refused(String),
    /// The daemon gave up with this code of the error taxonomy before the login server could judge.
    Stopped(String),
}

/// What the citizen types on the page for the document.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The last four characters of the document number, where the server asks for them.
    pub last_four: Option<String>,
    /// `{document_number, date_of_birth, date_of_expiry}` or `{can}`, where the server releases nothing.
    pub access: Option<Value>,
}

/// A session at the login server, after the password.
pub struct Page {
    agent: ureq::Agent,
    origin: String,
    token: String,
    ports: Vec<u16>,
    latency: Duration,
}

impl Page {
    /// Logs in with user name and password at the login server at `origin`.
    ///
    /// # Errors
    /// If the server refuses, or answers otherwise than its pages do.
    pub fn log_in(origin: &str, user: &str, password: &str) -> Result<Self> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .new_agent();
        let form = agent
            .get(format!("{origin}/login"))
            .call()?
            .body_mut()
            .read_to_string()?;
        let token =
            after(&form, "name=\"token\" value=\"").context("the login form has no token")?;
        let mut answer = agent
            .post(format!("{origin}/login"))
            .header("Origin", origin)
            .send_form([("token", token), ("user", user), ("password", password)])?;
        if !answer.status().is_success() {
            bail!("the login server refuses the password: {}", answer.status());
        }
        let page = answer.body_mut().read_to_string()?;
        let token = after(&page, "data-token=\"")
            .context("the document page has no token")?
            .to_owned();
        let ports = after(&page, "data-ports=\"").context("the document page names no ports")?;
        let ports = ports
            .split(',')
            .map(str::parse)
            .collect::<Result<Vec<u16>, _>>()?;
        Ok(Self {
            agent,
            origin: origin.to_owned(),
            token,
            ports,
            latency: Duration::ZERO,
        })
    }

    /// As if the way to the login server and back took so long: each of the page's requests after the password waits for it.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The signed request for a document of this kind (`passport`, `identity-card`, `driving-licence`).
    ///
    /// # Errors
    /// If the server gives none; the error holds its answer.
    pub fn request(&self, document: &str, typed: &Typed) -> Result<String> {
        let mut body = json!({ "document": document });
        if let Some(last_four) = &typed.last_four {
            body["last_four"] = json!(last_four);
        }
        let answer = self.call("start", &body)?;
        match answer["request"].as_str() {
            Some(request) => Ok(request.to_owned()),
            None => Err(anyhow!("no request: {answer}")),
        }
    }

    /// Connects to the daemon as this page.
    ///
    /// # Errors
    /// If no daemon listens, or it turns the page away.
    pub fn connect(&self) -> Result<Socket> {
        let mut last = anyhow!("no ports");
        for port in &self.ports {
            match Socket::connect(*port, &self.origin) {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error,
            }
        }
        Err(last.context("no daemon"))
    }

    /// Carries one login from the signed request to the verdict.
    ///
    /// # Errors
    /// Where one side breaks the protocol or the connection.
    pub fn check(
        &self,
        document: &str,
        typed: &Typed,
        tell: &mut dyn FnMut(&Event),
    ) -> Result<Ending> {
        let request = self.request(document, typed)?;
        let mut socket = self.connect()?;
        socket.send(&json!({
            "type": "start", "request": request, "access": typed.access, "language": "en",
        }))?;
        let mut round_trips = 0;
        let mut steps = Vec::new();
        let outcome = loop {
            let message = socket.receive()?;
            let kind = text(&message, "type")?;
            let begun = Instant::now();
            let answer = match kind {
                "accepted" => {
                    tell(&Event::Accepted);
                    continue;
                }
                "state" => {
                    let hint = message["hint"].as_str().map(str::to_owned);
                    let progress = message["progress"].as_u64().unwrap_or_default();
                    tell(&Event::State(
                        text(&message, "state")?.to_owned(),
                        progress,
                        hint,
                    ));
                    continue;
                }
                "error" => {
                    let verdict = Verdict::Stopped(text(&message, "code")?.to_owned());
                    return Ok(Ending {
                        verdict,
                        round_trips,
                        steps,
                    });
                }
                "evidence" => self.carry("evidence", &message)?,
                "chip_authentication_result" => {
                    self.carry("chip-authentication-result", &message)?
                }
                other => bail!("the daemon sent a message `{other}`"),
            };
            round_trips += 1;
            tell(&Event::RoundTrip(
                text(&message, "sealed")?.len(),
                begun.elapsed(),
            ));
            steps.extend(answer["steps"].as_array().cloned().unwrap_or_default());
            // A login server for tests counts too.
            if answer["round_trips"]
                .as_u64()
                .is_some_and(|counted| counted != round_trips as u64)
            {
                bail!("the login server counts other round trips: {answer}");
            }
            match answer["chip_authentication"].as_str() {
                Some(command) => {
                    tell(&Event::ChipAuthentication);
                    socket.send(&json!({ "type": "chip_authentication", "command": command }))?;
                }
                None => break text(&answer, "outcome")?.to_owned(),
            }
        };
        socket.send(&json!({ "type": "finish", "outcome": outcome }))?;
        Ok(Ending {
            verdict: self.verdict(&outcome)?,
            round_trips,
            steps,
        })
    }

    /// The verdict as the server's own page shows it, which must agree with what it told the script.
    fn verdict(&self, outcome: &str) -> Result<Verdict> {
        std::thread::sleep(self.latency);
        let page = self
            .agent
            .get(format!("{}/result", self.origin))
            .call()?
            .body_mut()
            .read_to_string()?;
        match (
            outcome,
            after(&page, "data-level=\""),
            after(&page, "data-reason=\""),
        ) {
            ("accepted", Some(level), None) => Ok(Verdict::Raised(level.parse()?)),
            ("refused", None, Some(reason)) => Ok(Verdict::Refused(reason.to_owned())),
            _ => Err(anyhow!(
                "outcome `{outcome}`, but the result page says otherwise"
            )),
        }
    }

    fn carry(&self, name: &str, message: &Value) -> Result<Value> {
        self.call(name, &json!({ "sealed": text(message, "sealed")? }))
    }

    /// Calls the login server as the page's script does.
    ///
    /// # Errors
    /// If it answers with an error status.
    pub fn call(&self, name: &str, body: &Value) -> Result<Value> {
        std::thread::sleep(self.latency);
        let mut answer = self
            .agent
            .post(format!("{}/api/rda/{name}", self.origin))
            .header("Origin", &self.origin)
            .header("RDA-Token", &self.token)
            .send_json(body)?;
        if !answer.status().is_success() {
            bail!("the login server answers `{name}` with {}", answer.status());
        }
        Ok(answer.body_mut().read_json()?)
    }

    /// The origin of the page.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// A connection to the daemon.
pub struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Connects to the daemon on a loopback port, as a page of `origin`.
    ///
    /// # Errors
    /// If nothing listens there, or the upgrade is refused.
    pub fn connect(port: u16, origin: &str) -> Result<Self> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = format!("ws://127.0.0.1:{port}/").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin)?);
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static("rda.v1"),
        );
        let (socket, answer) =
            tungstenite::client(request, stream).map_err(|error| anyhow!("{error}"))?;
        if answer
            .headers()
            .get(header::SEC_WEBSOCKET_PROTOCOL)
            .is_none_or(|chosen| chosen != "rda.v1")
        {
            bail!("port {port} speaks no rda.v1");
        }
        Ok(Self(socket))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn send(&mut self, message: &Value) -> Result<()> {
        Ok(self.0.send(Message::text(message.to_string()))?)
    }

    /// Reads on until the daemon has closed the connection.
    pub fn until_closed(mut self) {
        while self.0.read().is_ok() {}
    }

    /// The next message.
    ///
    /// # Errors
    /// If the connection is closed (the error names code and reason), or what comes is no JSON text.
    pub fn receive(&mut self) -> Result<Value> {
        loop {
            match self.0.read()? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Close(Some(frame)) => bail!(
                    "closed by the daemon: {} {}",
                    u16::from(frame.code),
                    frame.reason
                ),
                _ => bail!("closed by the daemon"),
            }
        }
    }
}

fn text<'a>(message: &'a Value, field: &str) -> Result<&'a str> {
    message[field]
        .as_str()
        .ok_or_else(|| anyhow!("a message without `{field}`"))
}

/// What stands in `html` between `start` and the next quotation mark.
fn after<'a>(html: &'a str, start: &str) -> Option<&'a str> {
    let (_, rest) = html.split_once(start)?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes() {
        let html = r#"<p data-token="abc" data-ports="1,2">"#;
        assert_eq!(after(html, "data-token=\""), Some("abc"));
        assert_eq!(after(html, "data-ports=\""), Some("1,2"));
        assert_eq!(after(html, "data-level=\""), None);
        assert_eq!(after("data-token=\"abc", "data-token=\""), None);
    }
}
