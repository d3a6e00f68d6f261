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
    /// Time without a byte from the browser after which a connection ends.
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
            silence: Box::pin(tokio::time::sleep_until(now + self.limits.idle)),
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

/// A connection that ends after silence, and at the latest at the end of its life.
pub struct Connection {
    stream: TcpStream,
    idle: Duration,
    end: Instant,
    silence: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.silence.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if polled.is_ready() {
            let next = (Instant::now() + self.idle).min(self.end);
            self.silence.as_mut().reset(next);
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
        Pin::new(&mut self.stream).poll_write(cx, bytes)
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
        let idle = Duration::from_millis(100);
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
    fn who_talks_for_ever_is_left_too() {
        let life = Duration::from_millis(200);
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
