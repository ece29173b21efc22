//! What those pages say.

use engine::PersonNo;
use maud::html;
use web::component::{BackLink, Button, Hint, Legend, Radio, Radios};
use web::speech::say;
use web::{Mistakes, Page, Submitted, marked};

use crate::intake::Parent;

/// What is known, as the form shows it.
pub fn as_it_is(parent: &Parent) -> Submitted {
    let responsibility = match parent.responsibility {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    Submitted::of([
        ("responsibility", responsibility),
        ("restricted", if parent.restricted { "yes" } else { "no" }),
    ])
}

/// Marking what an adult is to a pupil.
pub fn mark(pupil: PersonNo, name: &str, parent: &Parent, form: &Submitted, mistakes: &Mistakes) -> Page {
    let title = &say("relation.parental-responsibility-and-contact");
    let radios = |id: &'static str, question: &str, hint: &str, answers: &[(&str, &str)]| {
        let answers = answers.iter().map(|(value, label)| Radio::new(*value, *label)).collect();
        let mut radios = Radios::new(id, Legend::new(question), answers, form.text(id));
        radios.hint = Some(Hint::new(hint));
        radios.error = mistakes.beside(id);
        radios
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { (marked!("relation.of", name = parent.name.reveal(), relation = parent.relation, nameb = name)) }
        form method="post" action={ "/staff/roll/" (pupil.0) "/adults/" (parent.person.0) } novalidate {
            (radios(
                "responsibility", &say("relation.do-they-have-parental"),
                &say("relation.as-a-birth-certificate"),
                &[("yes", &say("relation.yes")), ("no", &say("relation.no")), ("unknown", &say("common.not-known"))],
            ))
            (radios(
                "restricted", &say("relation.does-a-court-restrict"),
                &say("relation.whoever-may-see-it"),
                &[("yes", &say("relation.yes-contact-is-restricted")), ("no", &say("relation.no"))],
            ))
            (Button::new(say("relation.save")))
        }
    };
    Page::new(title, content)
        .before(BackLink::new(format!("/staff/roll/{}", pupil.0)))
        .problems(mistakes.summary())
}
