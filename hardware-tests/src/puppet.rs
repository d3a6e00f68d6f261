//! A daemon that reads no document and says what the test has it say, so that a page can be seen in every state.

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tungstenite::handshake::server::{Request, Response};
use tungstenite::http::{HeaderValue, header};
use tungstenite::{Message, WebSocket};

const PATIENCE: Duration = Duration::from_secs(60);

/// Listens where a page looks for the daemon.
pub struct Puppet {
    pages: Receiver<TcpStream>,
}

impl Puppet {
    /// Listens on a loopback port.
    ///
    /// # Errors
    /// If the port is taken.
    pub fn listen(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let (send, pages) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if send.send(stream).is_err() {
                    break;
                }
            }
        });
        Ok(Self { pages })
    }

    /// Waits for the next page that connects.
    ///
    /// # Errors
    /// If none does, or it speaks no `rda.v1`.
    pub fn page(&self) -> Result<Strings> {
        let stream = self
            .pages
            .recv_timeout(PATIENCE)
            .context("no page connects")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        #[expect(clippy::result_large_err, reason = "the shape is the library's")]
        let choose = |request: &Request, mut response: Response| {
            if request
                .headers()
                .get(header::SEC_WEBSOCKET_PROTOCOL)
                .is_some_and(|offered| offered == protocol::SUBPROTOCOL)
            {
                response.headers_mut().insert(
                    header::SEC_WEBSOCKET_PROTOCOL,
                    HeaderValue::from_static(protocol::SUBPROTOCOL),
                );
            }
            Ok(response)
        };
        let socket = tungstenite::accept_hdr(stream, choose).map_err(|error| anyhow!("{error}"))?;
        Ok(Strings(socket))
    }
}

/// A page's connection.
pub struct Strings(WebSocket<TcpStream>);

impl Strings {
    /// Waits for the page's request, accepts it, and gives it.
    ///
    /// # Errors
    /// If the page sends something else.
    pub fn accept(&mut self) -> Result<String> {
        let start = self.hear()?;
        let request = match (start["type"].as_str(), start["request"].as_str()) {
            (Some("start"), Some(request)) => request.to_owned(),
            _ => return Err(anyhow!("the page began with {start}")),
        };
        self.say(&json!({
            "type": "accepted", "version": "0.1.0", "session": "A".repeat(43),
            // What it plays takes longer than a login may.
            "expires_in": 3000,
        }))?;
        Ok(request)
    }

    /// Says something to the page.
    ///
    /// # Errors
    /// If it is gone.
    pub fn say(&mut self, message: &Value) -> Result<()> {
        Ok(self.0.send(Message::text(message.to_string()))?)
    }

    /// The next message of the page.
    ///
    /// # Errors
    /// If the page closes, or sends no JSON.
    pub fn hear(&mut self) -> Result<Value> {
        loop {
            match self.0.read()? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Ping(_) | Message::Pong(_) => {}
                _ => return Err(anyhow!("the page closed")),
            }
        }
    }

    /// Ends the connection as a cable would, without a word.
    pub fn cut(self) {
        // Closing the socket is all it takes.
        drop(self);
    }
}
