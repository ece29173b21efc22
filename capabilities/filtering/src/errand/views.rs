//! How an errand is offered, and what is said of one that runs or ran.

use ::store::Tx;
use kit::{Private, Zone};
use maud::{Markup, Render, html};
use people::account::SignedIn;
use web::component::{Button, InsetText, WarningText};
use web::page::moment;
use web::speech::say;
use web::{PageError, filled};

use super::{Errand, Ran};
use crate::naming;
use crate::portal::Portal;

/// For so long it is said what came of one.
const SAID_FOR_MS: i64 = 86_400_000;

/// An errand, as whoever looks at its page is told of it.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// How it goes, or went.
    pub ran: Option<Ran>,
    /// Who began it.
    pub by: Private<String>,
    /// Whether they may send the hub.
    pub may: bool,
}

/// What is offered of an errand to whoever looks.
pub(crate) async fn offer(
    tx: &mut Tx,
    portal: &Portal,
    who: &SignedIn,
    errand: &Errand,
    may: bool,
) -> Result<Offer, PageError> {
    let said =
        |ran: &Ran| ran.ended.as_ref().is_none_or(|ended| ended.at.plus_millis(SAID_FOR_MS) > who.at());
    let ran = portal.errands.of(errand).filter(said);
    let by = match &ran {
        Some(ran) => naming::by(tx, &ran.by, Some(who.standing().actor())).await?,
        None => Private::default(),
    };
    Ok(Offer { ran, by, may })
}

/// The words and the place of an errand's form.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// Where it is sent to.
    pub action: &'a str,
    /// The page that says how it goes.
    pub page: &'a str,
    /// What it does, and how long that takes.
    pub about: &'a str,
    /// What the button says.
    pub button: &'a str,
}

impl Offer {
    /// What is said of it, and the form that begins it, with whatever fields it has, where it is not under way.
    pub fn shown(&self, form: &Form<'_>, fields: impl Render, zone: &Zone) -> Markup {
        let by = self.by.reveal();
        html! {
            @if let Some(Ran { begun_at, ended, .. }) = &self.ran {
                @match ended {
                    None => (InsetText::new(html! {
                        (filled!("errand.it-began-at", when = moment(*begun_at, zone), by)) " "
                        a .govuk-link href=(form.page) { (say("errand.look-again")) }
                    })),
                    Some(ended) => @match &ended.why_not {
                        None => (InsetText::new(filled!("errand.it-ended-at", when = moment(*begun_at, zone), by, whenb = moment(ended.at, zone)))),
                        Some(why) => (WarningText::new(filled!("errand.it-could-not-be", when = moment(*begun_at, zone), by, why))),
                    },
                }
            }
            @if self.may && self.ran.as_ref().is_none_or(|ran| ran.ended.is_some()) {
                form method="post" action=(form.action) novalidate {
                    p .govuk-body { (form.about) }
                    (fields.render())
                    (Button { once: Some(true), ..Button::new(form.button) })
                }
            }
        }
    }
}
