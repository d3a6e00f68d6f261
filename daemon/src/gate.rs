//! The gate: who may ask this daemon to read a document.
//!
//! Three questions at the WebSocket upgrade: is `Host` the literal loopback address and port that was connected to
//! (DNS rebinding brings a name here), is `Origin` listed by a trusted server, and does the peer's socket belong to
//! this operating-system user. One at the first message: did the server that lists the origin sign this request for
//! it. All questions about what a caller says are computed before their one answer, so that neither bytes nor order of
//! work tell a stranger which of them failed; another user of this computer, who knows that he is one, is turned away
//! before he says anything. Only who passed all four hears of clocks, used requests and other logins.

pub mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;

use protocol::error::Code;
use protocol::request::{DaemonVersion, Presented, Refusal, Request};
use protocol::trust::TrustedServer;

use crate::replay::{ReplayError, UsedRequests};
use crate::trust::TrustFolders;
use peer_user::PeerUsers;
use upgrade::Upgrade;

/// Seconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The system's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(|| {
        // A clock before 1970 gives 0, which every request refuses as a wrong clock.
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    })
}

/// Decides who comes in.
pub struct Gate {
    trust: TrustFolders,
    used: UsedRequests,
    version: DaemonVersion,
    clock: Clock,
    /// `None` where the kernel does not tell: nobody is let in.
    peers: Option<PeerUsers>,
}

/// A connection whose other end belongs to the user of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnUser {
    local: SocketAddr,
}

/// An `Origin` that a trusted server lists, of this user, over loopback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AdmittedOrigin(String);

impl AdmittedOrigin {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Gate {
    /// A gate before these trust folders.
    #[must_use]
    pub fn new(
        trust: TrustFolders,
        used: UsedRequests,
        version: DaemonVersion,
        clock: Clock,
    ) -> Self {
        Self {
            trust,
            used,
            version,
            clock,
            peers: PeerUsers::open().inspect_err(peers_unknown).ok(),
        }
    }

    /// The question of the user, asked first and once: the kernel's tables are long. Not knowing counts as no.
    pub(crate) fn own_user(&self, local: SocketAddr, peer: SocketAddr) -> Option<OwnUser> {
        let peers = self.peers.as_ref()?;
        let own = peers
            .is_same_user(local, peer)
            .inspect_err(peers_unknown)
            .unwrap_or(false);
        // A socket on a loopback address has no other peers; the tables might have.
        let loopback =
            local.ip().to_canonical().is_loopback() & peer.ip().to_canonical().is_loopback();
        (own & loopback).then_some(OwnUser { local })
    }

    /// Seconds since 1970, by the clock of the gate.
    pub(crate) fn now(&self) -> u64 {
        (self.clock)()
    }

    /// The two other questions of the upgrade. `None` is a stranger.
    pub(crate) fn admit(&self, upgrade: Option<&Upgrade>, user: OwnUser) -> Option<AdmittedOrigin> {
        let nothing = Upgrade::default();
        let request = upgrade.unwrap_or(&nothing);
        let here = SocketAddr::new(user.local.ip().to_canonical(), user.local.port());
        // Compared as text: there is one spelling of an address literal, and every other way to write it, or a name
        // that leads to it, is a page that was not served for this address.
        let host = request.host == here.to_string();
        let origin = self.trust.current().lists_origin(&request.origin);
        if upgrade.is_some() & host & origin {
            Some(AdmittedOrigin(request.origin.clone()))
        } else {
            // Booleans only: what a stranger sent stays out of the log.
            tracing::debug!(
                request = upgrade.is_some(),
                host,
                origin,
                "stranger refused"
            );
            None
        }
    }

    /// The fourth question, and after it what only the server's own page may know.
    ///
    /// # Errors
    /// The code for the page: [`Code::RequestRefused`] for everything that no trusted server made for this origin.
    pub(crate) fn check(
        &self,
        origin: &AdmittedOrigin,
        compact: &str,
    ) -> Result<(Request, TrustedServer), Code> {
        let trust = self.trust.current();
        let presented = Presented {
            origin: origin.as_str(),
            now: self.now(),
            version: self.version,
        };
        let (request, server) = Request::verify(compact, &presented, |iss| trust.server(iss))
            .inspect_err(|refusal: &Refusal| tracing::info!(%refusal, "request refused"))
            .map_err(Refusal::code)?;
        if self
            .used
            .contains(request.claims(), self.now())
            .map_err(internal)?
        {
            return Err(Code::RequestUsed);
        }
        Ok((request, server.clone()))
    }

    /// Marks a request as used, before anything is sent to a chip for it.
    ///
    /// # Errors
    /// [`Code::RequestUsed`] when another got there first, [`Code::Internal`] when it cannot be recorded.
    pub(crate) fn mark_used(&self, request: &Request) -> Result<(), Code> {
        match self.used.insert(request.claims(), self.now()) {
            Ok(()) => Ok(()),
            Err(ReplayError::Used) => Err(Code::RequestUsed),
            Err(error) => Err(internal(error)),
        }
    }

    /// The daemon's version.
    pub(crate) fn version(&self) -> DaemonVersion {
        self.version
    }
}

fn peers_unknown(error: &std::io::Error) {
    tracing::warn!(%error, "the kernel's socket table cannot be read: nobody is let in");
}

fn internal(error: ReplayError) -> Code {
    tracing::error!(%error, "used requests cannot be recorded: no login");
    Code::Internal
}
