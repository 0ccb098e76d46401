//! The few requests that are made outside of the load: HTTP/1.1, one a connection.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::chore::Failure;

/// Sends a request and gives the body of its answer, which has to be a 200.
pub fn ask(address: SocketAddr, method: &str, target: &str, body: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or("the answer has no head")?;
    let (head, body) = answer.split_at(end + 4);
    if !head.starts_with(b"HTTP/1.1 200 ") {
        let said = String::from_utf8_lossy(&answer);
        return Err(format!("{method} {target} was answered {said}").into());
    }
    Ok(body.to_vec())
}
