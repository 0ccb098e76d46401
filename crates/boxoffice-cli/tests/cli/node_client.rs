//! A player's connection, kept open over many redemptions.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::http::Answer;
use crate::program::DEADLINE;

const REQUEST: &str = r#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"],"type":"temporary"}"#;

pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
}

/// What a player is told.
pub enum Outcome {
    Licence {
        request_id: String,
        connection: Option<Connection>,
    },
    /// The connection broke: nobody knows.
    Lost,
    Refused {
        code: i64,
        connection: Option<Connection>,
    },
    /// 503.
    Unavailable,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, address })
    }

    pub fn redeem(mut self, target: &str) -> Outcome {
        let Ok(answer) = self.ask(target) else { return Outcome::Lost };
        let request_id = answer.header("x-request-id").unwrap_or_default().to_owned();
        let closes = answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let code = answer.code();
        let connection = (!closes).then_some(self);
        match answer.status {
            200 => Outcome::Licence { request_id, connection },
            503 => Outcome::Unavailable,
            _ => Outcome::Refused { code: code.unwrap_or_default(), connection },
        }
    }

    fn ask(&mut self, target: &str) -> io::Result<Answer> {
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{REQUEST}",
            self.address,
            REQUEST.len()
        );
        self.stream.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        let mut part = [0; 4_096];
        loop {
            let read = self.stream.read(&mut part)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(&part[..read]);
            let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let answer = Answer::parse(&bytes);
            let length: usize = answer.header("content-length").unwrap_or("0").parse().unwrap();
            if bytes.len() >= head + 4 + length {
                return Ok(answer);
            }
        }
    }
}
