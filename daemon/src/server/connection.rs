//! One socket: the upgrade, the first message, and then messages both ways until one side ends.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use protocol::MAX_FRAME;
use protocol::error::{CloseCode, Code};
use protocol::messages::{DaemonMessage, PageMessage};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Join, Take};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::Shared;
use super::login::{Attachment, Login, Outgoing};
use super::visitors::Place;
use crate::gate::upgrade::{REFUSAL, Upgrade};
use crate::gate::{AdmittedOrigin, OwnUser};

/// From connecting to the first message.
const START_TIME: Duration = Duration::from_secs(5);
/// For one message to leave; a page that reads nothing for so long is gone.
const SEND_TIME: Duration = Duration::from_secs(10);
/// For the other side to take leave.
const CLOSE_TIME: Duration = Duration::from_secs(2);
/// Most frames of any kind that a page sends on one socket; a page needs five, some browsers send pings.
const MAX_FRAMES: usize = 128;
/// Most octets that a page sends on one socket after the upgrade. Pieces of a message are no frames that could be counted, and
/// an empty piece makes no message longer; but none is without octets.
const MAX_OCTETS: u64 = 4 * MAX_FRAME as u64;

type Socket = WebSocketStream<Join<Take<OwnedReadHalf>, OwnedWriteHalf>>;

/// How a socket ends: the last message to the page, if any, and the code and reason of the close frame.
pub(crate) struct End {
    pub(crate) message: Option<DaemonMessage>,
    pub(crate) code: CloseCode,
    pub(crate) reason: &'static str,
}

impl From<Code> for End {
    fn from(code: Code) -> Self {
        Self {
            message: Some(DaemonMessage::error(code)),
            code: code.close_code(),
            reason: code.symbol(),
        }
    }
}

/// How much one frame and one message may hold, and what waits for a page that does not read.
#[must_use]
pub fn frame_limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(8 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(4 * MAX_FRAME)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME))
}

/// Takes a connection: serves it on a task of its own, or turns it away.
pub(super) fn receive(stream: TcpStream, shared: &Arc<Shared>) {
    let start_by = Instant::now() + START_TIME;
    let (Ok(local), Ok(peer)) = (stream.local_addr(), stream.peer_addr()) else {
        return;
    };
    match shared.gate.own_user(local, peer) {
        Some(user) => {
            let place = shared.visitors.arrive();
            let shared = Arc::clone(shared);
            tokio::spawn(async move { serve(stream, &shared, user, place, start_by).await });
        }
        // Another user of this computer is told at once what every stranger is told, and takes no place of this user's.
        None => match shared.visitors.dismiss() {
            Some(permit) => {
                tokio::spawn(async move {
                    refuse(stream).await;
                    drop(permit);
                });
            }
            None => refuse_at_once(&stream),
        },
    }
}

/// Serves one connection to its end.
async fn serve(
    mut stream: TcpStream,
    shared: &Arc<Shared>,
    user: OwnUser,
    mut place: Place,
    start_by: Instant,
) {
    let admitted = tokio::select! {
        admitted = admit(&mut stream, shared, user, start_by) => admitted,
        () = place.displaced() => return refuse_at_once(&stream),
    };
    let admitted = admitted.zip(shared.visitors.admit());
    drop(place);
    let Some(((origin, upgrade), _permit)) = admitted else {
        match shared.visitors.dismiss() {
            Some(_permit) => refuse(stream).await,
            None => refuse_at_once(&stream),
        }
        return;
    };
    let acceptance = upgrade.acceptance();
    let Ok(Ok(())) = timeout_at(start_by, stream.write_all(acceptance.as_bytes())).await else {
        return;
    };
    // Messages are short and each waits for an answer.
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    let stream = tokio::io::join(reader.take(MAX_OCTETS), writer);
    let mut connection = Connection {
        socket: WebSocketStream::from_raw_socket(stream, Role::Server, Some(frame_limits())).await,
        frames: 0,
    };
    if let Some(end) = converse(&mut connection, shared, origin, start_by).await {
        connection.close(end).await;
    }
}

async fn admit(
    stream: &mut TcpStream,
    shared: &Shared,
    user: OwnUser,
    start_by: Instant,
) -> Option<(AdmittedOrigin, Upgrade)> {
    let upgrade = timeout_at(start_by, Upgrade::read(stream))
        .await
        .ok()?
        .ok()?;
    let origin = shared.gate.admit(upgrade.as_ref(), user);
    origin.zip(upgrade)
}

/// Says the one thing that is said to strangers.
async fn refuse(mut stream: TcpStream) {
    let refused = async {
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await?;
        // Closing with unread bytes resets the connection, and the answer might be lost on the way: what a stranger
        // still has to say is taken, up to a limit.
        let mut rest = [0u8; 1024];
        for _ in 0..64 {
            if stream.read(&mut rest).await? == 0 {
                break;
            }
        }
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(CLOSE_TIME, refused).await;
}

/// Says the same without waiting for anything: where there are so many strangers that waiting would be what they want.
fn refuse_at_once(stream: &TcpStream) {
    // A fresh socket has room for so few bytes.
    let _ = stream.try_write(REFUSAL);
}

/// The conversation; `None` when the page is gone and there is nobody to say anything to.
async fn converse(
    connection: &mut Connection,
    shared: &Arc<Shared>,
    origin: AdmittedOrigin,
    start_by: Instant,
) -> Option<End> {
    let first = match timeout_at(start_by, connection.receive()).await {
        Err(_) => return Some(Code::StartTimedOut.into()),
        Ok(Received::Message(message)) => message,
        Ok(Received::Bad(code)) => return Some(code.into()),
        Ok(Received::Gone) => return None,
    };
    let attached = match first {
        PageMessage::Start {
            request,
            access,
            language,
        } => Login::start(shared, &origin, &request, access, language).await,
        PageMessage::Resume { session } => shared.slot.resume(&origin, &session).await,
        _ => Err(Code::MessageUnexpected),
    };
    match attached {
        Ok(attachment) => relay(connection, attachment).await,
        Err(code) => Some(code.into()),
    }
}

/// Carries messages between the socket and the login.
async fn relay(connection: &mut Connection, mut login: Attachment) -> Option<End> {
    loop {
        tokio::select! {
            outgoing = login.receive() => match outgoing {
                Some(Outgoing::Message(message)) => connection.send(&message).await.ok()?,
                Some(Outgoing::End(end)) => return Some(end),
                // Another socket took the login over.
                None => return Some(Code::ConnectionLost.into()),
            },
            received = connection.receive() => match received {
                Received::Message(message) => login.send(message).await,
                Received::Bad(code) => {
                    login.fail(code).await;
                    return Some(code.into());
                }
                Received::Gone => return None,
            },
        }
    }
}

struct Connection {
    socket: Socket,
    frames: usize,
}

enum Received {
    Message(PageMessage),
    Bad(Code),
    Gone,
}

struct SendFailed;

impl Connection {
    /// The next message of the page. Pings are answered by the way.
    async fn receive(&mut self) -> Received {
        loop {
            let frame = match self.socket.next().await {
                Some(Ok(frame)) => frame,
                Some(Err(_)) if self.socket.get_ref().reader().limit() == 0 => {
                    return Received::Bad(Code::TooManyMessages);
                }
                // A socket that ends without taking leave: the page was closed or its network stumbled.
                Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                    return Received::Gone;
                }
                Some(Err(Error::Capacity(_) | Error::Protocol(_) | Error::Utf8(_))) => {
                    return Received::Bad(Code::MessageMalformed);
                }
                Some(Err(_)) => return Received::Gone,
                None => return Received::Gone,
            };
            self.frames += 1;
            if self.frames > MAX_FRAMES {
                return Received::Bad(Code::TooManyMessages);
            }
            return match frame {
                Message::Text(text) => match PageMessage::parse(&text) {
                    Ok(message) => Received::Message(message),
                    Err(error) => {
                        tracing::info!(%error, "message refused");
                        Received::Bad(Code::MessageMalformed)
                    }
                },
                Message::Binary(_) => Received::Bad(Code::MessageMalformed),
                Message::Close(_) => Received::Gone,
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            };
        }
    }

    async fn send(&mut self, message: &DaemonMessage) -> Result<(), SendFailed> {
        let text = message.to_json().map_err(|_| SendFailed)?;
        match timeout(SEND_TIME, self.socket.send(Message::text(text))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(SendFailed),
        }
    }

    /// Sends the last message and the close frame, and waits shortly for the other side's.
    async fn close(mut self, end: End) {
        let close = async {
            if let Some(message) = &end.message {
                self.send(message).await?;
            }
            let frame = CloseFrame {
                code: (end.code as u16).into(),
                reason: Utf8Bytes::from_static(end.reason),
            };
            self.socket
                .close(Some(frame))
                .await
                .map_err(|_| SendFailed)?;
            // Whatever still comes is not read as a message any more.
            while let Some(Ok(_)) = self.socket.next().await {}
            Ok::<_, SendFailed>(())
        };
        let _ = timeout(CLOSE_TIME, close).await;
    }
}
