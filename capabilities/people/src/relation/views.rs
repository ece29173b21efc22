//! What those pages say.

use engine::PersonNo;
use maud::html;
use web::component::{BackLink, Button, Hint, Legend, Radio, Radios};
use web::{Mistakes, Page, Submitted};

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
    let title = "Parental responsibility and contact";
    let radios = |id: &'static str, question: &str, hint: &str, answers: &[(&str, &str)]| {
        let answers = answers.iter().map(|(value, label)| Radio::new(*value, *label)).collect();
        let mut radios = Radios::new(id, Legend::new(question), answers, form.text(id));
        radios.hint = Some(Hint::new(hint));
        radios.error = mistakes.beside(id);
        radios
    };
    let content = html! {
        h1 .govuk-heading-l { (title) }
        p .govuk-body { (parent.name.reveal()) ", " (parent.relation) " of " (name) "." }
        form method="post" action={ "/staff/roll/" (pupil.0) "/adults/" (parent.person.0) } novalidate {
            (radios(
                "responsibility", "Do they have parental responsibility?",
                "As a birth certificate, an agreement or a court’s order says it.",
                &[("yes", "Yes"), ("no", "No"), ("unknown", "Not known")],
            ))
            (radios(
                "restricted", "Does a court restrict their contact with the child?",
                "Whoever may see it is told on the child’s page. Nothing is blocked or sent by it. Keep the order itself with the child’s file.",
                &[("yes", "Yes, contact is restricted"), ("no", "No")],
            ))
            (Button::new("Save"))
        }
    };
    Page::new(title, content)
        .before(BackLink::new(format!("/staff/roll/{}", pupil.0)))
        .problems(mistakes.summary())
}
