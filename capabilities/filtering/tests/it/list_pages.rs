//! Lists are held and released at the portal, and what waits is taken there by the hub.

use axum::http::StatusCode;
use filtering::desk;
use filtering::errand::Errand;
use filtering::list::{self, State};
use store::{Actor, trail};
use testing::{MONDAY, TestDatabase, databases};

use crate::errands::until_it_ended;
use crate::house::House;
use crate::publishing::Folders;
use crate::school::Answer;
use crate::web_lists::{asked, fetcher, import, names, update};
use crate::web_server::{Server, ok};

const LIST: &str = "/staff/lists/of/127.0.0.1/games";

fn said(answer: &Answer) -> String {
    answer.words("main").join(" ")
}

async fn now(test: &TestDatabase) -> (State, Option<String>) {
    let mut tx = test.db.read().await.unwrap();
    let one = list::status(&mut tx).await.unwrap().remove(0);
    tx.roll_back().await.unwrap();
    (one.list.state, one.note)
}

/// A list of 300 names from the web; where it waits, its server has one of 4,000 now.
async fn listed(test: &TestDatabase, waits: bool) {
    let (folders, server) = (Folders::of(test), Server::start().await);
    let mut tx = test.db.begin().await.unwrap();
    server.says([ok("", &names(300)), ok("", &names(4_000))]);
    let outcomes = import(&mut tx, &folders, &asked(&server.url("games.txt"))).await;
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()), "{outcomes:?}");
    if waits {
        update(&mut tx, &folders, &fetcher(), MONDAY.plus_millis(60_000)).await;
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_list_is_held_and_released_with_a_reason_that_stands_on_its_page() {
    for test in databases().await {
        listed(&test, false).await;
        let house = House::new(&test, &[(2, "leader"), (6, "network-manager")]).await;
        let manager = house.sign_in(6).await;
        let all = manager.get("/staff/lists").await;
        assert!(all.body.contains(&format!("href=\"{LIST}\"")), "{}", said(&all));
        let no_reason = manager.post("/staff/lists/hold", "list=127.0.0.1%2Fgames&then=hold&why=").await;
        assert_eq!(no_reason.words("#why-error"), ["Error: Enter why, for whoever looks back"]);
        let held = manager.post("/staff/lists/hold", "list=127.0.0.1%2Fgames&why=It+closed+maths.").await;
        assert_eq!((held.status, held.location()), (StatusCode::SEE_OTHER, LIST), "{}", held.body);
        assert_eq!(now(&test).await, (State::Held, Some("It closed maths.".into())));
        let page = manager.get(LIST).await;
        assert!(
            said(&page).contains("It closed maths.") && said(&page).contains("Release it"),
            "{}",
            said(&page)
        );
        // Twice is once.
        let again = manager.post("/staff/lists/hold", "list=127.0.0.1%2Fgames&why=Again.").await;
        assert_eq!((again.location(), now(&test).await.1.as_deref()), (LIST, Some("It closed maths.")));
        manager.post("/staff/lists/release", "list=127.0.0.1%2Fgames&why=It+was+mended.").await;
        assert_eq!(now(&test).await, (State::Active, Some("It was mended.".into())));
        let nothing = manager.post("/staff/lists/hold", "list=no%2Fsuch&why=x").await;
        assert_eq!(nothing.status, StatusCode::NOT_FOUND);
        assert_eq!(manager.get("/staff/lists/of/no/such").await.status, StatusCode::NOT_FOUND);
        // Whoever reads lists holds none.
        let leader = house.sign_in(2).await;
        assert_eq!(leader.get(LIST).await.words("main form").len(), 0);
        for path in ["/staff/lists/hold", "/staff/lists/release", "/staff/lists/take", "/staff/lists/removal"]
        {
            let refused = leader.post(path, "list=127.0.0.1%2Fgames&why=x").await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
        }
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 20).await.unwrap();
        tx.roll_back().await.unwrap();
        let of_list =
            entries.iter().filter(|entry| entry.subject_kind == "list" && entry.actor == "person:6");
        let verbs: Vec<&str> = of_list.map(|entry| entry.verb.as_str()).collect();
        assert_eq!(verbs, ["list.release", "list.hold"]);
    }
}

#[tokio::test]
async fn what_waits_is_taken_by_the_hub_once_and_only_while_it_waits() {
    for test in databases().await {
        listed(&test, true).await;
        let house = House::new(&test, &[(6, "network-manager")]).await;
        let manager = house.sign_in(6).await;
        let page = manager.get(LIST).await;
        assert!(
            said(&page).contains("from 300 entries to 4000"),
            "what it would change is shown: {}",
            said(&page)
        );
        let take = "list=127.0.0.1%2Fgames&then=take&why=We+looked+at+it.";
        let unsaid = manager.post("/staff/lists/take", "list=127.0.0.1%2Fgames&then=take&why=").await;
        assert_eq!(unsaid.words("form[action='/staff/lists/take'] #why-error").len(), 1, "{}", unsaid.body);
        for _ in 0..2 {
            assert_eq!(manager.post("/staff/lists/take", take).await.location(), LIST);
        }
        let sent = (Errand::Take("127.0.0.1/games".into()), Actor::Person(6));
        assert_eq!(house.hub.asked(), [sent]);
        let page = manager.get(LIST).await;
        assert!(
            said(&page).contains("It began at 09:00 on Monday 23 November 2026, by: You"),
            "{}",
            said(&page)
        );
        assert_eq!(page.words("form[action='/staff/lists/take']").len(), 0);
        *house.hub.why_not.lock().unwrap() = Some("the server did not answer".into());
        let page = until_it_ended(&house, &manager, LIST).await;
        assert!(said(&page).contains("could not be done: the server did not answer"), "{}", said(&page));
        assert_eq!(now(&test).await, (State::Active, Some("We looked at it.".into())));
        // What is held is not taken, whatever waits.
        manager.post("/staff/lists/hold", "list=127.0.0.1%2Fgames&why=Not+this+one.").await;
        assert_eq!(manager.post("/staff/lists/take", take).await.location(), LIST);
        assert_eq!(house.hub.asked().len(), 1);
    }
}

async fn in_use(test: &TestDatabase) -> usize {
    let mut tx = test.db.read().await.unwrap();
    let all = list::in_use(&mut tx).await.unwrap();
    tx.roll_back().await.unwrap();
    all.len()
}

#[tokio::test]
async fn a_list_is_taken_out_of_use_by_two_people_and_by_no_one_alone() {
    for test in databases().await {
        listed(&test, false).await;
        let house = House::new(&test, &[(1, "online-safety-lead"), (2, "governor"), (6, "head")]).await;
        let (lead, head) = (house.sign_in(1).await, house.sign_in(6).await);
        let propose = "list=127.0.0.1%2Fgames&then=remove&why=It+repeats+another.";
        let unsaid = lead.post("/staff/lists/removal", "list=127.0.0.1%2Fgames&then=remove&why=").await;
        assert_eq!(
            unsaid.words("form[action='/staff/lists/removal'] #why-error").len(),
            1,
            "{}",
            unsaid.body
        );
        let page = lead.post("/staff/lists/removal", propose).await.location().to_owned();
        assert!(page.starts_with("/staff/lists/removals/approval_"), "{page}");
        assert_eq!(in_use(&test).await, 1, "nothing has changed yet");
        // Twice is once; and nobody is the second person of their own.
        let again = lead.post("/staff/lists/removal", propose).await;
        assert!(said(&again).contains("Somebody has proposed this already"), "{}", said(&again));
        let shown = head.get(&format!("{page}/agreement")).await;
        assert!(
            said(&shown).contains("It repeats another.") && said(&shown).contains("Tess Example"),
            "{}",
            said(&shown)
        );
        let proposal = shown.value("input[name=proposal]").unwrap();
        let words = format!("proposal={proposal}&agreement=I+looked.&disagreement=Not+this+one.");
        let own = lead.post(&format!("{page}/agreement"), &words).await;
        assert_eq!(
            (own.status, in_use(&test).await),
            (StatusCode::UNPROCESSABLE_ENTITY, 1),
            "{}",
            said(&own)
        );
        // It is somebody's task, and stands among the lists.
        assert!(head.get("/staff/lists").await.body.contains(&format!("href=\"{page}\"")));
        let mut tx = test.db.read().await.unwrap();
        let facts = desk::facts::facts(&mut tx, MONDAY).await.unwrap();
        tx.roll_back().await.unwrap();
        let task = facts.iter().find(|fact| fact.kind == "second-person").unwrap();
        assert_eq!((task.path.as_str(), task.not_by.as_deref()), (page.as_str(), Some("person:1")));

        // Not agreed to, taken back, and proposed again: what was shown before is answered no more.
        assert_eq!(head.post(&format!("{page}/disagreement"), &words).await.location(), LIST);
        let page = lead.post("/staff/lists/removal", propose).await.location().to_owned();
        assert_eq!(lead.post(&format!("{page}/withdrawal"), "").await.location(), LIST);
        let page = lead.post("/staff/lists/removal", propose).await.location().to_owned();
        let old = head.post(&format!("{page}/agreement"), &words).await;
        assert!(said(&old).contains("What is proposed has changed"), "{}", said(&old));
        assert_eq!(in_use(&test).await, 1);
        let shown = head.get(&format!("{page}/agreement")).await.value("input[name=proposal]").unwrap();
        let agreed =
            head.post(&format!("{page}/agreement"), &format!("proposal={shown}&agreement=I+looked.")).await;
        assert_eq!((agreed.location(), in_use(&test).await), ("/staff/lists", 0), "{}", agreed.body);
        let all = head.get("/staff/lists").await;
        assert!(said(&all).contains("It repeats another."), "why stands there: {}", said(&all));
        assert_eq!(head.get(&page).await.location(), "/staff/lists", "nothing waits any more");
        let governor = house.sign_in(2).await;
        assert_eq!(governor.get(&page).await.status, StatusCode::NOT_FOUND);
        let mut tx = test.db.read().await.unwrap();
        let entries = trail::newest(&mut tx, None, 50).await.unwrap();
        tx.roll_back().await.unwrap();
        let removed: Vec<_> = entries.iter().filter(|entry| entry.verb == "list.remove").collect();
        assert_eq!((removed.len(), removed[0].actor.as_str()), (1, "person:6"));
    }
}
