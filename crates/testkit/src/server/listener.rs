//! What connections come from.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::net::{UnixListener, UnixStream};

/// How many connections may wait to be accepted: those of a test with a thousand players come in the same moment.
const BACKLOG: u32 = 4_096;

/// Listens at an address of the network.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What connections come from.
pub(super) trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection.
    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Whether the first request of a connection may be for a path with this beginning, by the bytes that come first.
    fn may_begin_with(stream: &Self::Stream, path: &str) -> impl Future<Output = bool> + Send;

    /// Makes the close of a connection look as if nobody answered here.
    fn reset(stream: &Self::Stream);
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        self.accept().await.map(|(stream, _)| stream)
    }

    async fn may_begin_with(stream: &TcpStream, path: &str) -> bool {
        let mut first = [0; 64];
        let Ok(length) = stream.peek(&mut first).await else { return false };
        // Method, space, path: small as they are, they come together.
        let line = first.get(..length).unwrap_or_default();
        let asked = line.split(|byte| *byte == b' ').nth(1);
        asked.is_some_and(|asked| asked.starts_with(path.as_bytes()))
    }

    fn reset(stream: &TcpStream) {
        // Where the system cannot do that, the close is an orderly one, which is no answer either.
        let _best_effort = stream.set_zero_linger();
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }

    /// What comes here shows only when it is read: a request is refused by itself then.
    async fn may_begin_with(_: &UnixStream, _: &str) -> bool {
        true
    }

    /// Such a connection has no other close than this one.
    fn reset(_: &UnixStream) {}
}
