//! Connections of browsers, of which there are only so many, and none of which may idle or stay for ever: whoever opens
//! sockets and says nothing, or says it slowly, holds few of them for a short time.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// How many connections, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; further ones wait in the backlog of the system.
    pub connections: usize,
    /// Time after which a connection ends on which no request began, or a request that began was not answered: whoever sends
    /// one octet after the other gains nothing.
    pub idle: Duration,
    /// Time after which a connection ends however busy it is; browsers open another.
    pub life: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            idle: Duration::from_secs(30),
            life: Duration::from_secs(600),
        }
    }
}

impl Limits {
    /// For health and metrics, which a few programs ask for every few seconds.
    pub fn operations() -> Self {
        Self {
            connections: 64,
            ..Self::default()
        }
    }
}

/// A listener that keeps to limits.
pub struct LimitedListener {
    listener: TcpListener,
    limits: Limits,
    free: Arc<Semaphore>,
}

impl LimitedListener {
    /// Puts limits on a listener.
    pub fn new(listener: TcpListener, limits: Limits) -> Self {
        Self {
            listener,
            limits,
            free: Arc::new(Semaphore::new(limits.connections)),
        }
    }
}

impl Listener for LimitedListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The semaphore is never closed; without a permit the connection would only go uncounted.
        let permit = Arc::clone(&self.free).acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        let now = Instant::now();
        let connection = Connection {
            stream,
            idle: self.limits.idle,
            end: now + self.limits.life,
            over: Box::pin(tokio::time::sleep_until(now + self.limits.idle)),
            answered: true,
            _permit: permit,
        };
        (connection, peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// The peer of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, LimitedListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, LimitedListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A connection that ends when nothing comes of it, and at the latest at the end of its life.
pub struct Connection {
    stream: TcpStream,
    idle: Duration,
    end: Instant,
    over: Pin<Box<Sleep>>,
    /// Whether what was asked is answered: then the next octet begins a request.
    answered: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn go_on(&mut self) {
        let next = (Instant::now() + self.idle).min(self.end);
        self.over.as_mut().reset(next);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if polled.is_ready() && std::mem::take(&mut self.answered) {
            self.go_on();
        }
        polled
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if polled.is_ready() {
            self.answered = true;
            self.go_on();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::Router;
    use axum::routing::get;
    use std::io::{Read, Write};

    fn serve(limits: Limits) -> SocketAddr {
        let (send, receive) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                send.send(listener.local_addr().unwrap()).unwrap();
                let app = Router::new().route("/", get(|| async { "here" }));
                axum::serve(LimitedListener::new(listener, limits), app)
                    .await
                    .unwrap();
            });
        });
        receive.recv().unwrap()
    }

    #[test]
    fn who_says_nothing_is_left_and_makes_room() {
        let idle = Duration::from_secs(1);
        let address = serve(Limits {
            connections: 1,
            idle,
            life: Duration::from_secs(600),
        });
        let mut silent = std::net::TcpStream::connect(address).unwrap();
        silent.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
        // Waits behind the first, and is served once that has been ended.
        let mut next = std::net::TcpStream::connect(address).unwrap();
        next.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        next.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        let mut rest = Vec::new();
        assert!(silent.read_to_end(&mut rest).is_ok_and(|_| rest.is_empty()) || rest.is_empty());
    }

    #[test]
    fn who_sends_a_request_by_the_octet_is_left() {
        let idle = Duration::from_secs(1);
        let address = serve(Limits {
            connections: 1,
            idle,
            life: Duration::from_secs(600),
        });
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(10)))
            .unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
        let mut octets = 0;
        // Waiting in vain for an answer is what makes the sender slow.
        while stream.write_all(b"x").is_ok()
            && stream.read(&mut [0; 64]).is_err_and(|error| {
                matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                )
            })
        {
            octets += 1;
            assert!(octets < 1000, "still there");
        }
        assert!(octets > 0);
    }

    #[test]
    fn who_talks_for_ever_is_left_too() {
        let life = Duration::from_secs(1);
        let address = serve(Limits {
            connections: 1,
            idle: life,
            life,
        });
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let started = std::time::Instant::now();
        let mut sent = 0u32;
        // Every answered request would keep an idle connection alive.
        while stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .is_ok()
        {
            if !matches!(stream.read(&mut [0; 512]), Ok(1..)) {
                break;
            }
            sent += 1;
            assert!(started.elapsed() < Duration::from_secs(20));
        }
        assert!(sent > 0);
    }
}
