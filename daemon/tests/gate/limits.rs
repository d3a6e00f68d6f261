//! Too much, too long, too slow.

use std::io::Write;
use std::net::TcpStream;

use crate::support::*;

/// A raw socket after a good upgrade.
fn upgraded(daemon: &TestDaemon) -> TcpStream {
    let mut stream = daemon.connect();
    stream
        .write_all(head(&daemon.v4().to_string(), ORIGIN).as_bytes())
        .unwrap();
    read_acceptance(&mut stream);
    stream
}

/// Sends frames after a good upgrade, and gives the code of the close frame that ends what comes back.
fn close_code(daemon: &TestDaemon, frames: &[Vec<u8>]) -> Option<u16> {
    close_code_after(daemon, frames, Leave::AtOnce)
}

#[derive(PartialEq)]
enum Leave {
    AtOnce,
    Never,
}

fn close_code_after(daemon: &TestDaemon, frames: &[Vec<u8>], leave: Leave) -> Option<u16> {
    let mut stream = upgraded(daemon);
    for frame in frames {
        // The daemon may have had enough already.
        if stream.write_all(frame).is_err() {
            break;
        }
    }
    if leave == Leave::AtOnce {
        // Spares the wait for a close frame in return.
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let mut rest = read_all(stream).into_iter().peekable();
    let mut code = None;
    while let Some(first) = rest.next() {
        let length = match rest.next()? {
            126 => usize::from(u16::from_be_bytes([rest.next()?, rest.next()?])),
            length => usize::from(length),
        };
        let payload: Vec<u8> = rest.by_ref().take(length).collect();
        if first == 0x88 {
            code = Some(u16::from_be_bytes([payload[0], payload[1]]));
        }
    }
    code
}

#[test]
fn frames_and_messages_of_more_than_64_kib() {
    let daemon = TestDaemon::new(idle);
    let limit = protocol::MAX_FRAME;
    let text = |length: usize| "x".repeat(length).into_bytes();
    // The largest is looked at, and is no message.
    assert_eq!(
        close_code(&daemon, &[frame(0x81, &text(limit))]),
        Some(4400)
    );
    // Of the next only the header is looked at: it says how long it is going to be.
    let header_only = frame(0x81, &text(limit + 1))[..14].to_vec();
    assert_eq!(close_code(&daemon, &[header_only]), Some(4400));
    let mut endless = vec![0x81, 0x80 | 127];
    endless.extend(u64::MAX.to_be_bytes());
    endless.extend([0; 4]);
    assert_eq!(close_code(&daemon, &[endless]), Some(4400));
    // Pieces count together: this one, put together, would be a good message.
    let mut long = start(&request(1)).into_bytes();
    long.resize(limit + 1, b' ');
    let (one, two) = long.split_at(limit / 2);
    let pieces = [frame(0x01, one), frame(0x80, two)];
    assert_eq!(close_code(&daemon, &pieces), Some(4400));
    assert_eq!(daemon.runs(), 0);
}

#[test]
fn frames_of_other_kinds() {
    let daemon = TestDaemon::new(idle);
    let good = start(&request(1));
    assert_eq!(
        close_code(&daemon, &[frame(0x82, good.as_bytes())]),
        Some(4400),
        "binary"
    );
    assert_eq!(
        close_code(&daemon, &[frame(0x81, &[0xff, 0xfe])]),
        Some(4400),
        "not UTF-8"
    );
    assert_eq!(
        close_code(&daemon, &[frame(0x83, b"x")]),
        Some(4400),
        "reserved opcode"
    );
    assert_eq!(
        close_code(&daemon, &[frame(0xc1, b"x")]),
        Some(4400),
        "reserved bit"
    );
    assert_eq!(
        close_code(&daemon, &[frame(0x80, b"x")]),
        Some(4400),
        "nothing to continue"
    );
    let mut unmasked = vec![0x81, good.len().min(125) as u8];
    unmasked.extend(&good.as_bytes()[..good.len().min(125)]);
    assert_eq!(close_code(&daemon, &[unmasked]), Some(4400), "unmasked");
    assert_eq!(
        close_code(&daemon, &vec![frame(0x89, b"ping"); 129]),
        Some(4400),
        "129 pings"
    );
    assert_eq!(daemon.runs(), 0);
}

/// A message that begins and does not end: empty pieces make it no longer, and still there is an end to them.
#[test]
fn pieces_without_octets() {
    let daemon = TestDaemon::new(idle);
    let mut stream = upgraded(&daemon);
    stream.write_all(&text_frame(&start(&request(1)))).unwrap();
    stream.write_all(&frame(0x01, b"")).unwrap();
    // Sixty times what the daemon takes: the system has room for some of it.
    let many = frame(0x00, b"").repeat(10_000);
    let taken = (0..260).take_while(|_| stream.write_all(&many).is_ok());
    assert!(taken.count() < 260, "still listening");
    // Its login has ended too.
    let mut page = daemon.page();
    page.start(&request(2));
    page.accepted();
}

/// A message in pieces is one message.
#[test]
fn a_start_in_pieces() {
    let daemon = TestDaemon::new(|_, _, _| {});
    let message = start(&request(1));
    let (one, two) = message.as_bytes().split_at(100);
    let frames = [frame(0x01, one), frame(0x89, b"between"), frame(0x80, two)];
    assert_eq!(
        close_code_after(&daemon, &frames, Leave::Never),
        Some(4499),
        "the worker ran, and returned at once"
    );
    assert_eq!(daemon.runs(), 1);
}

/// Sockets that say nothing, or one octet and no more, are told so after five seconds; meanwhile and afterwards
/// others are served.
#[test]
fn slow_callers() {
    let daemon = TestDaemon::new(idle);
    let silent: Vec<_> = (0..20).map(|_| daemon.connect()).collect();
    let mut slow = daemon.connect();
    slow.write_all(b"G").unwrap();
    let mut mute = daemon.page();
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    for stream in silent.into_iter().chain([slow]) {
        assert_eq!(String::from_utf8_lossy(&read_all(stream)), REFUSAL);
    }
    assert_eq!(mute.failed(), ("start_timed_out".into(), 4408));
}

/// More sockets than are served at a time: they wait in the queue, and go as they end. A page comes through.
#[test]
fn many_callers() {
    let daemon = TestDaemon::new(idle);
    for _ in 0..10 {
        let crowd: Vec<_> = (0..150).map(|_| daemon.connect()).collect();
        drop(crowd);
    }
    let mut page = daemon.page();
    page.start(&request(1));
    page.accepted();
    let refused = daemon.exchange(head("evil.example", ORIGIN).as_bytes());
    assert_eq!(String::from_utf8_lossy(&refused), REFUSAL);
}
