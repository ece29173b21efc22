//! The shell and its guard, asked as a browser would.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt as _;
use maud::html;
use tower::ServiceExt as _;
use web::{Page, PageError, Shell, Submitted, check, guarded};

fn portal() -> Router {
    portal_at("http://portal.example")
}

fn portal_at(url: &str) -> Router {
    let shell = Shell {
        service: "Fivebar at St Example’s".to_owned(),
        notices: vec!["Something everybody must know.".to_owned()],
        links: vec![("Help".to_owned(), "/help".to_owned())],
        ..Shell::default()
    };
    let every = shell.clone();
    let page = move || {
        let shell = shell.clone();
        async move { shell.respond(&Page::new("A page", html! { h1 .govuk-heading-l { "A page <&>" } })) }
    };
    let form = async |form: Submitted| -> Response { form.text("words").to_owned().into_response() };
    let broken = async || -> Result<(), PageError> { Err(PageError::unexpected("the disk is full")) };
    let routes = Router::new().route("/", get(page)).route("/form", post(form)).route("/broken", get(broken));
    let own =
        web::OwnAddress { url: url.to_owned(), is_own: std::sync::Arc::new(|address| address.is_loopback()) };
    guarded(
        routes,
        own,
        std::sync::Arc::new(move || every.clone()),
        std::sync::Arc::new(words::Words::built_in),
    )
}

async fn ask(request: Request<Body>) -> (StatusCode, axum::http::HeaderMap, String) {
    let response = portal().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
}

fn form(headers: &[(&str, &str)], body: String) -> Request<Body> {
    let mut request = Request::post("/form").header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn a_page_has_one_nonce_and_a_policy_without_unsafe_inline() {
    let mut nonces = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let (status, headers, body) = ask(Request::get("/").body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(check::page(&body), Vec::<String>::new());
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert_eq!(body.matches("<script").count(), body.matches(&format!("nonce=\"{nonce}\"")).count());
        assert!(body.contains("A page &lt;&amp;&gt;"));
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], value);
        }
        assert!(nonces.insert(nonce.to_owned()), "a nonce came twice");
    }
}

#[tokio::test]
async fn browsers_that_came_over_tls_are_told_to_stay_with_it_and_no_others_are() {
    for (url, encrypted, stays) in [
        ("https://portal.example", true, true),
        ("https://portal.example", false, false),
        ("http://portal.example", true, false),
    ] {
        let mut request = Request::get("/").body(Body::empty()).unwrap();
        if encrypted {
            request.extensions_mut().insert(web::Encrypted);
        }
        let answer = portal_at(url).oneshot(request).await.unwrap();
        let said = answer.headers().get("strict-transport-security").map(|value| value.to_str().unwrap());
        assert_eq!(said, stays.then_some("max-age=31536000; includeSubDomains"), "{url} {encrypted}");
    }
}

#[tokio::test]
async fn a_form_from_another_site_is_refused_with_a_page() {
    for (headers, status) in [
        (vec![("sec-fetch-site", "same-origin")], StatusCode::OK),
        (vec![("host", "portal.example"), ("origin", "http://portal.example")], StatusCode::OK),
        (vec![("sec-fetch-site", "cross-site")], StatusCode::FORBIDDEN),
        (vec![("host", "portal.example"), ("origin", "http://games.example")], StatusCode::FORBIDDEN),
    ] {
        let (answer, _, body) = ask(form(&headers, "words=two+words".to_owned())).await;
        assert_eq!(answer, status, "{headers:?}");
        if status == StatusCode::OK {
            assert_eq!(body, "two words");
        } else {
            assert_eq!(check::page(&body), Vec::<String>::new());
            assert!(body.contains("Something everybody must know."), "{body}");
        }
    }
}

#[tokio::test]
async fn a_name_that_leads_here_and_is_not_ours_is_told_the_right_one_and_nothing_else() {
    for (host, status) in [
        ("portal.example", StatusCode::OK),
        ("127.0.0.1:8080", StatusCode::OK),
        ("localhost:8080", StatusCode::OK),
        ("rebound.example", StatusCode::MISDIRECTED_REQUEST),
        ("192.0.2.1", StatusCode::MISDIRECTED_REQUEST),
    ] {
        for path in ["/", "/nowhere"] {
            let (answer, _, body) =
                ask(Request::get(path).header("host", host).body(Body::empty()).unwrap()).await;
            assert_eq!(answer == StatusCode::MISDIRECTED_REQUEST, status != StatusCode::OK, "{host} {path}");
            if status != StatusCode::OK {
                assert!(
                    body.contains("Open http://portal.example instead.") && !body.contains(host),
                    "{body}"
                );
                assert_eq!(check::page(&body), Vec::<String>::new());
            }
        }
        let sent = form(&[("host", host), ("origin", &format!("http://{host}"))], "words=two".to_owned());
        assert_eq!(ask(sent).await.0, status, "{host}");
    }
    let both = Request::get("http://rebound.example/").header("host", "portal.example").body(Body::empty());
    assert_eq!(ask(both.unwrap()).await.0, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn what_cannot_be_taken_gets_a_page_that_says_so() {
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let not_a_form = Request::post("/form").header("content-type", "application/json").body(Body::from("{}"));
    for (request, status, says) in [
        (get("/nowhere"), StatusCode::NOT_FOUND, "Page not found"),
        (get("/assets/../Cargo.toml"), StatusCode::NOT_FOUND, "Page not found"),
        (get("/assets/other.css"), StatusCode::NOT_FOUND, "Page not found"),
        (get("/assets/%ff"), StatusCode::NOT_FOUND, "Page not found"),
        (get("/form"), StatusCode::METHOD_NOT_ALLOWED, "cannot be done here"),
        (not_a_form.unwrap(), StatusCode::BAD_REQUEST, "cannot be read"),
        (form(&[], format!("words={}", "x".repeat(70_000))), StatusCode::PAYLOAD_TOO_LARGE, "too long"),
        (get("/broken"), StatusCode::INTERNAL_SERVER_ERROR, "tell the network manager"),
    ] {
        let (answer, headers, body) = ask(request).await;
        assert_eq!(answer, status);
        assert!(body.contains(says), "{body}");
        assert!(
            body.contains("Something everybody must know.") && body.contains("Fivebar at St Example"),
            "{body}"
        );
        assert_eq!(check::page(&body), Vec::<String>::new());
        assert!(headers.contains_key("content-security-policy") && headers["cache-control"] == "no-store");
        assert!(!body.contains("disk is full"), "the inside of an error is for the log");
    }
}

#[tokio::test]
async fn assets_are_kept_by_browsers_because_their_names_carry_their_content() {
    for file in [web::assets::STYLE, web::assets::SCRIPT] {
        let (status, headers, body) =
            ask(Request::get(format!("/assets/{file}")).body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
        assert!(body.len() > 10_000);
    }
}

/// What a browser makes of a packed answer.
fn unpacked(body: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(body), &mut text).unwrap();
    text
}

#[tokio::test]
async fn a_page_is_packed_for_whoever_takes_it_and_where_nobody_else_can_put_words_beside_secrets() {
    let long = "Words that a school writes on its pages. ".repeat(60);
    let routes = || {
        let (shell, words) = (Shell::default(), long.clone());
        let page = move || {
            let page =
                Page::new("A page", html! { h1 .govuk-heading-l { "A page" } p .govuk-body { (words) } });
            async move { shell.respond(&page) }
        };
        let own = web::OwnAddress {
            url: "http://portal.example".to_owned(),
            is_own: std::sync::Arc::new(|address| address.is_loopback()),
        };
        guarded(
            Router::new().route("/", get(page)),
            own,
            std::sync::Arc::new(Shell::default),
            std::sync::Arc::new(words::Words::built_in),
        )
    };
    let asked = async |uri: &str, coding: Option<&str>| {
        let mut request = Request::get(uri);
        if let Some(coding) = coding {
            request = request.header("accept-encoding", coding);
        }
        let answer = routes().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        (parts.headers, body.collect().await.unwrap().to_bytes())
    };
    let (headers, plain) = asked("/", None).await;
    assert!(!headers.contains_key("content-encoding"));
    let (headers, packed) = asked("/", Some("gzip, br")).await;
    assert_eq!(
        (headers["content-encoding"].to_str().unwrap(), headers["vary"].to_str().unwrap()),
        ("gzip", "Accept-Encoding")
    );
    assert!(packed.len() < plain.len() / 2 && unpacked(&packed).contains(&long));
    assert_eq!(headers["cache-control"], "no-store", "and what guards a page stays");
    assert!(headers.contains_key("content-security-policy"));
    // Words in the address could stand on the page: how long it is when it is packed would tell of what stands beside them.
    assert!(!asked("/?words=secret", Some("gzip")).await.0.contains_key("content-encoding"));
    assert!(!asked("/", Some("gzip;q=0")).await.0.contains_key("content-encoding"));
}
