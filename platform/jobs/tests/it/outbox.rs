//! What is put in is carried out: at least once, never lost, never for ever.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use jobs::{Carrier, Carrying, Message, Outbox, Round, Taken, Undelivered};
use serde::{Deserialize, Serialize};
use testing::{MONDAY, clock, databases};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Postcard {
    number: u32,
}

impl Message for Postcard {
    const KIND: &'static str = "postcard";
}

/// Hands each message to a function, and keeps what it was given.
struct Hand<F> {
    given: Mutex<Vec<(jobs::MessageId, u32, Postcard)>>,
    answers: F,
}

impl<F: Fn(&Postcard, u32) -> Result<(), Undelivered> + Send + Sync> Hand<F> {
    fn new(answers: F) -> Arc<Self> {
        Arc::new(Self { given: Mutex::default(), answers })
    }

    fn given(&self) -> Vec<(jobs::MessageId, u32, Postcard)> {
        self.given.lock().unwrap().clone()
    }
}

impl<F: Fn(&Postcard, u32) -> Result<(), Undelivered> + Send + Sync> Carrier for Hand<F> {
    fn kind(&self) -> &'static str {
        Postcard::KIND
    }

    fn carry(&self, message: Taken) -> Carrying<'_> {
        Box::pin(async move {
            let card: Postcard = message.read()?;
            self.given.lock().unwrap().push((message.id, message.tries, card.clone()));
            (self.answers)(&card, message.tries)
        })
    }
}

#[tokio::test]
async fn what_is_put_in_is_carried_once_and_what_was_undone_never() {
    for test in databases().await {
        let hand = Hand::new(|_, _| Ok(()));
        let clock = clock();
        let outbox = Outbox { records: test.db.clone(), clock: clock.clone(), carriers: vec![hand.clone()] };
        let mut tx = test.db.begin().await.unwrap();
        jobs::put(&mut tx, &Postcard { number: 1 }, MONDAY, MONDAY).await.unwrap();
        tx.roll_back().await.unwrap();
        let mut tx = test.db.begin().await.unwrap();
        let now = jobs::put(&mut tx, &Postcard { number: 2 }, MONDAY, MONDAY).await.unwrap();
        let later = jobs::put(&mut tx, &Postcard { number: 3 }, MONDAY.plus_millis(5), MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(outbox.round().await.unwrap(), Round { carried: 1, ..Round::default() });
        assert_eq!(outbox.round().await.unwrap(), Round::default());
        clock.set(MONDAY.plus_millis(5));
        assert_eq!(outbox.round().await.unwrap(), Round { carried: 1, ..Round::default() });
        assert_eq!(outbox.round().await.unwrap(), Round::default());
        assert_eq!(hand.given(), [(now, 1, Postcard { number: 2 }), (later, 1, Postcard { number: 3 })]);
    }
}

#[tokio::test]
async fn a_key_is_taken_once_by_a_kind_and_messages_without_one_are_many() {
    for test in databases().await {
        let mut tx = test.db.begin().await.unwrap();
        let card = Postcard { number: 1 };
        let first = jobs::put_once(&mut tx, "monday", &card, MONDAY, MONDAY).await.unwrap();
        let again = jobs::put_once(&mut tx, "monday", &card, MONDAY, MONDAY).await.unwrap();
        let other = jobs::put_once(&mut tx, "tuesday", &card, MONDAY, MONDAY).await.unwrap();
        assert!(first.is_some() && again.is_none() && other.is_some(), "{first:?} {again:?} {other:?}");
        jobs::put(&mut tx, &card, MONDAY, MONDAY).await.unwrap();
        jobs::put(&mut tx, &card, MONDAY, MONDAY).await.unwrap();
        assert_eq!(jobs::seen(&mut tx, MONDAY).await.unwrap().waiting, 4);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_with_the_same_id_and_given_up_in_the_end() {
    for test in databases().await {
        let hand = Hand::new(|card, _| match card.number {
            1 => Err(Undelivered::Later("the relay is away")),
            _ => Err(Undelivered::Never("no such address")),
        });
        let clock = clock();
        let outbox = Outbox { records: test.db.clone(), clock: clock.clone(), carriers: vec![hand.clone()] };
        let mut tx = test.db.begin().await.unwrap();
        jobs::put(&mut tx, &Postcard { number: 1 }, MONDAY, MONDAY).await.unwrap();
        jobs::put(&mut tx, &Postcard { number: 2 }, MONDAY, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(outbox.round().await.unwrap(), Round { again: 1, given_up: 1, ..Round::default() });
        let mut tx = test.db.read().await.unwrap();
        let seen = jobs::seen(&mut tx, MONDAY).await.unwrap();
        assert_eq!((seen.waiting, seen.failing, seen.given_up), (1, 1, 1));
        assert_eq!(seen.problem.as_deref(), Some("the relay is away"));
        tx.roll_back().await.unwrap();
        let (mut at, mut tries) = (MONDAY, 1);
        while let Some(wait) = jobs::again_after_ms(tries) {
            clock.set(at.plus_millis(wait - 1));
            assert_eq!(outbox.round().await.unwrap(), Round::default(), "not before its time");
            at = at.plus_millis(wait);
            clock.set(at);
            let round = outbox.round().await.unwrap();
            tries += 1;
            let last = jobs::again_after_ms(tries).is_none();
            assert_eq!((round.again, round.given_up), (u32::from(!last), u32::from(last)), "try {tries}");
        }
        let given: Vec<_> = hand.given().into_iter().filter(|(_, _, card)| card.number == 1).collect();
        assert_eq!(given.len(), 7);
        assert!(given.iter().all(|(id, ..)| *id == given[0].0), "one id for all tries");
    }
}

#[tokio::test]
async fn what_was_not_tried_waits_and_keeps_its_tries() {
    for test in databases().await {
        let asked = AtomicU32::new(0);
        let hand = Hand::new(move |_, tries| {
            assert_eq!(tries, 1, "none of its tries is used");
            let rounds = asked.fetch_add(1, Ordering::SeqCst);
            if rounds < 20 { Err(Undelivered::NotYet("it is paused", 1_000)) } else { Ok(()) }
        });
        let clock = clock();
        let outbox = Outbox { records: test.db.clone(), clock: clock.clone(), carriers: vec![hand.clone()] };
        let mut tx = test.db.begin().await.unwrap();
        jobs::put(&mut tx, &Postcard { number: 1 }, MONDAY, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        for second in 0..20 {
            clock.set(MONDAY.plus_millis(second * 1_000));
            assert_eq!(outbox.round().await.unwrap(), Round { again: 1, ..Round::default() }, "{second}");
            assert_eq!(outbox.round().await.unwrap(), Round::default());
        }
        clock.set(MONDAY.plus_millis(20_000));
        assert_eq!(
            outbox.round().await.unwrap(),
            Round { carried: 1, ..Round::default() },
            "{}",
            test.engine
        );
        assert_eq!(hand.given().len(), 21);
    }
}

#[tokio::test]
async fn what_a_crash_left_held_is_carried_once_that_is_over() {
    for test in databases().await {
        let clock = clock();
        let stuck = Hand::new(|_, _| panic!("the carrier falls over"));
        let mut outbox =
            Outbox { records: test.db.clone(), clock: clock.clone(), carriers: vec![stuck.clone()] };
        let mut tx = test.db.begin().await.unwrap();
        let id = jobs::put(&mut tx, &Postcard { number: 1 }, MONDAY, MONDAY).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(outbox.round().await.unwrap(), Round::default());
        let hand = Hand::new(|_, _| Ok(()));
        outbox.carriers = vec![hand.clone()];
        assert_eq!(outbox.round().await.unwrap(), Round::default(), "it is held");
        clock.set(MONDAY.plus_millis(120_000));
        assert_eq!(outbox.round().await.unwrap(), Round { carried: 1, ..Round::default() });
        assert_eq!(hand.given(), [(id, 2, Postcard { number: 1 })]);
    }
}

#[tokio::test]
async fn two_hubs_on_one_database_carry_each_message_once() {
    for test in databases().await {
        let hand = Hand::new(|_, _| Ok(()));
        let outbox = Outbox { records: test.db.clone(), clock: clock(), carriers: vec![hand.clone()] };
        let mut tx = test.db.begin().await.unwrap();
        for number in 0..40 {
            jobs::put(&mut tx, &Postcard { number }, MONDAY, MONDAY).await.unwrap();
        }
        tx.commit().await.unwrap();
        for _ in 0..6 {
            let (one, other) = tokio::join!(outbox.round(), outbox.round());
            one.and(other).unwrap();
        }
        let mut numbers: Vec<_> = hand.given().into_iter().map(|(.., card)| card.number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..40).collect::<Vec<_>>());
    }
}
