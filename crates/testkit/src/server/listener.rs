//! What connections come from.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::net::{UnixListener, UnixStream};

/// What connections come from.
pub(super) trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection.
    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Makes the close of a connection look as if nobody answered here.
    fn reset(stream: &Self::Stream);
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        self.accept().await.map(|(stream, _)| stream)
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

    /// Such a connection has no other close than this one.
    fn reset(_: &UnixStream) {}
}
