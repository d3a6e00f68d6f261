//! The daemon's socket: a WebSocket listener on both loopback addresses, behind the gate.

mod connection;
mod login;
mod visitors;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::gate::Gate;
use crate::session::Worker;
use login::LoginSlot;
use visitors::Visitors;

pub use connection::frame_limits;

/// How many ports are tried for port 0, where the second address may find the first one's port taken.
const ANY_PORT_ATTEMPTS: usize = 16;

/// Listens, and serves one login at a time.
pub struct Server {
    listeners: Vec<TcpListener>,
    shared: Shared,
    idle_exit: Option<Duration>,
}

/// What all sockets share.
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    pub(crate) worker: Arc<dyn Worker>,
    pub(crate) slot: Arc<LoginSlot>,
    visitors: Visitors,
    /// Whether the desktop shows who asks.
    notify: bool,
}

/// The daemon cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Every port is taken.
    #[error("ports {0:?} are all in use")]
    PortsInUse(Vec<u16>),
    /// A socket that was handed over does not listen on a loopback address.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// No socket was handed over.
    #[error("nothing to listen on")]
    Nothing,
    /// Any other failure of the system.
    #[error("cannot listen: {0}")]
    Io(#[from] io::Error),
}

impl Server {
    /// Listens on 127.0.0.1 and, where the system has it, ::1: on the first of these ports that is free on both.
    /// Port 0 stands for any. To be called within a tokio runtime.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(ports: &[u16], gate: Gate, worker: Arc<dyn Worker>) -> Result<Self, BindError> {
        for &port in ports {
            let attempts = if port == 0 { ANY_PORT_ATTEMPTS } else { 1 };
            for _ in 0..attempts {
                match bind_pair(port) {
                    Ok(listeners) => return Self::from_listeners(listeners, gate, worker),
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Err(BindError::PortsInUse(ports.to_vec()))
    }

    /// Serves sockets that already listen, as systemd hands them over.
    ///
    /// # Errors
    /// [`BindError::NotLoopback`] for a socket that others than this computer could reach.
    pub fn from_listeners(
        listeners: Vec<std::net::TcpListener>,
        gate: Gate,
        worker: Arc<dyn Worker>,
    ) -> Result<Self, BindError> {
        if listeners.is_empty() {
            return Err(BindError::Nothing);
        }
        let listeners = listeners
            .into_iter()
            .map(|listener| {
                let address = listener.local_addr()?;
                if !address.ip().to_canonical().is_loopback() {
                    return Err(BindError::NotLoopback(address));
                }
                listener.set_nonblocking(true)?;
                Ok(TcpListener::from_std(listener)?)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            listeners,
            shared: Shared {
                gate,
                worker,
                slot: Arc::default(),
                visitors: Visitors::new(),
                notify: false,
            },
            idle_exit: None,
        })
    }

    /// Makes [`Server::run`] return after this long without a socket or a login; for socket activation.
    #[must_use]
    pub fn with_idle_exit(mut self, quiet: Duration) -> Self {
        self.idle_exit = Some(quiet);
        self
    }

    /// Shows the citizen who asks for the document, by the desktop's notifications.
    #[must_use]
    pub fn with_notifications(mut self) -> Self {
        self.shared.notify = true;
        self
    }

    /// The addresses it listens on.
    #[must_use]
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect()
    }

    /// Serves until `shutdown` is ready, or until it was idle for long enough. A login under way is cancelled; its
    /// worker ends on its own thread.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let mut shutdown = pin!(shutdown);
        let shared = Arc::new(self.shared);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = accept_any(&self.listeners) => accepted,
                // After it: who has come is served, also at the moment when the wait ends.
                () = quiet(self.idle_exit) => {
                    if shared.visitors.is_empty() && shared.slot.is_free() {
                        tracing::info!("leaving: nobody is here");
                        break;
                    }
                    continue;
                }
            };
            match accepted {
                Ok(stream) => connection::receive(stream, &shared),
                // Out of file descriptors, or a peer that left: neither is a reason to stop listening.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        shared.slot.cancel().await;
    }
}

async fn quiet(idle_exit: Option<Duration>) {
    match idle_exit {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

async fn accept_any(listeners: &[TcpListener]) -> io::Result<TcpStream> {
    let accepts: Vec<_> = listeners
        .iter()
        .map(|listener| Box::pin(listener.accept()))
        .collect();
    let (accepted, _, _) = futures_util::future::select_all(accepts).await;
    accepted.map(|(stream, _)| stream)
}

/// Both addresses on one port. A system without IPv6 gives the first alone; a port that somebody else has on either
/// address is not ours, for a page that dials the other one would meet the wrong program.
fn bind_pair(port: u16) -> io::Result<Vec<std::net::TcpListener>> {
    let v4 = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = v4.local_addr()?.port();
    match std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(v6) => Ok(vec![v4, v6]),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
        Err(error) => {
            tracing::info!(%error, "listening on 127.0.0.1 only");
            Ok(vec![v4])
        }
    }
}
