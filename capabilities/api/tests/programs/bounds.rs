//! What is sent wrongly, too large or too often.

use axum::body::Body;
use axum::http::StatusCode;
use serde_json::json;
use testing::{MONDAY, databases};

use crate::house::{HERE, House};

#[tokio::test]
async fn what_is_not_described_is_refused() {
    for test in databases().await {
        let house = House::new(&test, &[(1, "head")]).await;
        let reference = house.request("chess.example.org").await;
        let program =
            house.program(1, &["requests.read", "requests.answer", "devices.write", "devices.read"]).await;
        let refusal = format!("/requests/{reference}/refusal");
        for body in [
            json!({ "reason": "No", "because": "x" }),
            json!({ "reason": "" }),
            json!({ "reason": " \u{200b} " }),
            json!({ "reason": "a\u{0}b" }),
            json!({ "reason": 3 }),
            json!({}),
            json!([]),
        ] {
            let answer = program.post(&refusal, body.clone()).await;
            assert_eq!(answer.problem(), (400, "unreadable".into()), "{body}");
        }
        let unknown = program.post(&refusal, json!({ "reason": "No", "because": "Ada" })).await;
        assert!(unknown.body.contains("because") && !unknown.body.contains("Ada"), "{}", unknown.body);
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", ""]
        {
            let request = program.request("POST", &refusal).header("content-type", kind);
            let answer = house.ask(HERE, request.body(Body::from("{\"reason\":\"No\"}")).unwrap()).await;
            assert_eq!(answer.problem(), (415, "wrong-type".into()), "{kind}");
        }
        let huge = format!("{{\"reason\":\"{}\"}}", "a".repeat(70 * 1024));
        let request = program.request("POST", &refusal).header("content-type", "application/json");
        let answer = house.ask(HERE, request.body(Body::from(huge)).unwrap()).await;
        assert_eq!(answer.problem(), (413, "too-large".into()));
        for path in [
            "/requests?limit=0",
            "/requests?limit=201",
            "/requests?limit=+5",
            "/requests?limit=5&limit=6",
            "/requests?state=any",
            "/requests?other=1",
            "/requests/R-7KQ4M2HX?limit=1",
        ] {
            assert_eq!(program.get(path).await.problem(), (400, "unreadable".into()), "{path}");
        }
        for path in [
            "/requests/..%2f..%2fstaff",
            "/requests/%2e%2e",
            "/requests/R-7KQ4M2HX%00",
            "/requests/r-7kq4m2hx",
            "/requests/R-7KQ4M2HX",
            "/requests/%ff",
            "/devices/device_1",
            "/devices/1",
            "/devices/device_0123456789abcdef",
            "/nothing",
            "/requests/R-7KQ4M2HX/refusal/x",
        ] {
            assert_eq!(program.get(path).await.problem(), (404, "not-found".into()), "{path}");
        }
        let answer = program.with("DELETE", "/requests", json!(null), &[]).await;
        assert_eq!(answer.problem(), (405, "wrong-method".into()));
        assert!(answer.headers["allow"].to_str().unwrap().contains("GET"));
        let answer = program.with("POST", &format!("/requests/{reference}/withdrawal"), json!({}), &[]).await;
        assert_eq!(answer.problem(), (400, "unreadable".into()), "it takes no message");
        let open = program.get(&format!("/requests/{reference}")).await.json();
        assert_eq!(open["state"], "open", "nothing of all this did anything");
    }
}

#[tokio::test]
async fn a_token_that_asks_too_often_waits_for_the_next_minute_and_others_do_not() {
    for test in databases().await {
        let house = House::with(&test, &[(1, "head")], Some(3)).await;
        let head = house.sign_in(1).await;
        let (busy, calm) = (head.program(&["health.read"]).await, head.program(&["health.read"]).await);
        for _ in 0..3 {
            assert_eq!(busy.get("/token").await.status, StatusCode::OK);
        }
        let answer = busy.get("/token").await;
        assert_eq!(answer.problem(), (429, "too-many".into()));
        assert_eq!(answer.headers["retry-after"], "60");
        assert_eq!(calm.get("/token").await.status, StatusCode::OK);
        house.clock.set(MONDAY.plus_millis(60_000));
        assert_eq!(busy.get("/token").await.status, StatusCode::OK);
    }
}
