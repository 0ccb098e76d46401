//! Methods and paths.

use http::Method;

use crate::kit::{Lab, Request};

#[tokio::test]
async fn other_methods_than_get_and_post_are_405_on_token_paths() {
    let lab = Lab::start().await;
    for method in [Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
        let answer = lab.send(Request::new(method.clone(), "/hms/wv/token?errorFormat=json")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, POST"), "{method}");
        if method != Method::HEAD {
            assert_eq!(answer.json()["message"], "[405] Method Not Allowed");
        }
    }
    let page = lab.send(Request::new(Method::PUT, "/hms/wv/token/")).await;
    assert_eq!((page.status, page.header("content-type")), (405, "text/html; charset=utf-8"));
}

#[tokio::test]
async fn redemption_is_post_alone_and_its_405_is_json() {
    let lab = Lab::start().await;
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        let answer = lab.send(Request::new(method, "/hms/wv/rights/")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"));
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
}

#[tokio::test]
async fn any_other_path_is_404_in_both_formats() {
    let lab = Lab::start().await;
    for path in ["/", "/hms/wv/tokens", "/hms/WV/token", "/hms/wv/token//", "/hms/xx/token", "/hms"] {
        let page = lab.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"), "{path}");
        assert!(page.text().starts_with("<!DOCTYPE html>"));
        let answer = lab.get(format!("{path}?errorFormat=json")).await;
        assert_eq!(answer.json()["code"], 404);
        assert_eq!(answer.json()["message"], "[404] Not Found");
        let unknown = lab.get(format!("{path}?errorFormat=xml")).await;
        assert_eq!((unknown.status, unknown.header("content-type")), (404, "text/html; charset=utf-8"));
    }
}

#[tokio::test]
async fn a_page_speaks_the_language_of_its_reader() {
    let lab = Lab::start().await;
    for (accept, lang, word) in [
        ("zh-CN,zh;q=0.9", "zh-Hans", "请求被拒绝"),
        ("sv", "sv", "Begäran avvisades"),
        ("pt", "pt-BR", "Solicitação recusada"),
        ("it-IT", "it", "Richiesta rifiutata"),
        ("de", "en", "Request refused"),
    ] {
        let page = lab.send(Request::get("/hms/wv/token").header("accept-language", accept)).await;
        assert!(page.text().contains(&format!("<html lang=\"{lang}\">")), "{accept}");
        assert!(page.text().contains(word) && page.text().contains("-2017"), "{accept}");
    }
}
