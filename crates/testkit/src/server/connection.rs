//! From connections to answers.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::body::{Cut, ReplyBody};
use super::fault::{Fault, TransportFault};
use super::listener::Listener;
use super::{Received, Reply, Role, Shared, control};

/// The longest request that is read, in bytes: far more than any that is right.
const REQUEST_LIMIT: usize = 1024 * 1024;

/// Accepts connections until the task is aborted, which ends them too.
pub(super) async fn accept<R: Role, L: Listener>(
    listener: L,
    tls: Option<Arc<ServerConfig>>,
    shared: Arc<Shared<R>>,
) {
    let mut connections = JoinSet::new();
    let acceptor = tls.map(TlsAcceptor::from);
    loop {
        tokio::select! {
            accepted = listener.next() => {
                // A connection that went away before it was accepted is no concern of anybody.
                let Ok(stream) = accepted else { continue };
                connections.spawn(connect::<R, L>(stream, acceptor.clone(), Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect<R: Role, L: Listener>(
    stream: L::Stream,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared<R>>,
) {
    // Whoever plans the faults is not refused: how else could he take one back?
    if shared.faults.refuses()
        && (acceptor.is_some() || !L::may_begin_with(&stream, control::PREFIX).await)
        && shared.faults.take_refusal()
    {
        L::reset(&stream);
        return;
    }
    match acceptor {
        None => serve(stream, shared).await,
        // A client that refuses our certificate has its own error to report.
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => serve(stream, shared).await,
            Err(_refused) => {}
        },
    }
}

async fn serve<R: Role>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    shared: Arc<Shared<R>>,
) {
    let service = service_fn(move |request| respond(request, Arc::clone(&shared)));
    // Connections break here because they are told to; the client is the one to tell.
    let _broken = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn respond<R: Role>(
    request: Request<Incoming>,
    shared: Arc<Shared<R>>,
) -> Result<Response<ReplyBody>, Cut> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, REQUEST_LIMIT).collect().await else {
        return Ok(whole(Reply::text(StatusCode::PAYLOAD_TOO_LARGE, "the request is too long")));
    };
    let received = Received {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    if received.path.starts_with(control::PREFIX) {
        return Ok(whole(control::answer(&received, &shared)));
    }
    *shared.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(received.clone());
    let (fault, mut releases) = shared.faults.take();
    // After the fault is taken: whoever waits for this count may release what it holds.
    shared.received.send_modify(|received| *received += 1);
    let role_fault = match fault {
        None => None,
        Some(Fault::Role(fault)) => Some(fault),
        Some(Fault::Transport(fault)) => match fault {
            TransportFault::Delay(time) => {
                tokio::time::sleep(time).await;
                None
            }
            TransportFault::Hold => {
                // The plan outlives the connection; were it gone, nothing would be held any more.
                let _released = releases.changed().await;
                None
            }
            TransportFault::Refuse => return Err(Cut),
            TransportFault::Redirect => return Ok(redirect(&received)),
            TransportFault::Status(status) => return Ok(whole(Reply::text(status, "broken on request"))),
            TransportFault::TooManyRequests(seconds) => return Ok(too_many(seconds)),
            TransportFault::BrokenJson | TransportFault::Endless | TransportFault::Half => {
                return Ok(broken(answer(received, shared, None).await, &fault));
            }
        },
    };
    Ok(whole(answer(received, shared, role_fault).await))
}

async fn answer<R: Role>(received: Received, shared: Arc<Shared<R>>, fault: Option<R::Fault>) -> Reply {
    if received.method != Method::POST {
        return Reply::text(StatusCode::METHOD_NOT_ALLOWED, "POST alone is known here");
    }
    let answered = tokio::task::spawn_blocking(move || shared.role.answer(&received, fault.as_ref())).await;
    answered.unwrap_or_else(|error| Reply::text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()))
}

fn whole(reply: Reply) -> Response<ReplyBody> {
    response(reply.status, reply.content_type, ReplyBody::Whole(Some(reply.body.into())))
}

fn broken(reply: Reply, fault: &TransportFault) -> Response<ReplyBody> {
    let promised = u64::try_from(reply.body.len()).expect("memory is smaller than 2^64 bytes");
    let mut bytes = Bytes::from(reply.body);
    let half = bytes.split_to(bytes.len() / 2);
    let body = match fault {
        TransportFault::Endless => ReplyBody::Endless(Some(half)),
        TransportFault::Half => ReplyBody::Broken { part: Some(half), promised },
        _ => ReplyBody::Whole(Some(half)),
    };
    response(reply.status, reply.content_type, body)
}

fn redirect(received: &Received) -> Response<ReplyBody> {
    let mut answer = whole(Reply::text(StatusCode::TEMPORARY_REDIRECT, "broken on request"));
    let location = format!("{}?redirected", received.path);
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

fn too_many(seconds: Option<u32>) -> Response<ReplyBody> {
    let mut answer = whole(Reply::text(StatusCode::TOO_MANY_REQUESTS, "broken on request"));
    if let Some(seconds) = seconds {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

fn response(status: StatusCode, content_type: &'static str, body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}
