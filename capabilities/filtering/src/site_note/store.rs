//! The columns that the two tables share.

use ::store::orm::QueryResult;
use ::store::{Actor, StoreError, Tx};
use engine::PersonNo;
use kit::address::place_of;
use kit::{Private, Timestamp};

use super::{MOST_OPEN, MOST_OPEN_OF_MANY};
use crate::asker::Asker;
use crate::reference::Reference;
use crate::rows;
use crate::site::Site;

/// So many waiting addresses are looked at.
const MOST_READ: i64 = 10 * MOST_OPEN_OF_MANY;

/// What both hold.
pub(crate) struct Note<'a> {
    pub id: String,
    pub reference: &'a Reference,
    pub site: &'a Site,
    pub words: &'a Private<String>,
    pub asker: &'a Asker,
    pub created_at: Timestamp,
    /// The value of the table's own column.
    pub own: &'static str,
}

/// An answer, as a row holds it.
pub(crate) struct Answer<'a> {
    pub state: &'static str,
    pub words: &'a str,
    pub at: Timestamp,
    pub ends_at: Option<Timestamp>,
}

/// One of the two tables, which share all columns but one.
pub(crate) struct Notes {
    /// The table.
    pub table: &'static str,
    /// The column that only this table has.
    pub own: &'static str,
}

impl Notes {
    fn columns(&self) -> String {
        format!(
            "id, reference, host, path, person, device, address, signed_in, words, {}, state, answered_at, answer, ends_at, created_at",
            self.own
        )
    }

    pub async fn insert(&self, tx: &mut Tx, note: Note<'_>) -> Result<(), StoreError> {
        let [person, device, address, signed_in] = note.asker.values();
        let sql = format!(
            "INSERT INTO {} (id, reference, host, path, person, device, address, signed_in, words, {}, state, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11)",
            self.table, self.own
        );
        let values = vec![
            note.id.into(),
            note.reference.to_string().into(),
            note.site.host.clone().into(),
            note.site.path.clone().into(),
            person,
            device,
            address,
            signed_in,
            note.words.reveal().clone().into(),
            note.own.into(),
            note.created_at.as_millis().into(),
        ];
        rows::change(tx, &sql, values).await.map(|_| ())
    }

    /// Writes down the answer of one that was open. `false` where somebody else was first.
    pub async fn answer(
        &self,
        tx: &mut Tx,
        id: String,
        answer: Answer<'_>,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        let sql = format!(
            "UPDATE {} SET state = $1, answer = $2, answered_at = $3, answered_by = $4, ends_at = $5 \
             WHERE id = $6 AND state = 'open'",
            self.table
        );
        let values = vec![
            answer.state.into(),
            answer.words.to_owned().into(),
            answer.at.as_millis().into(),
            actor.to_string().into(),
            answer.ends_at.map(Timestamp::as_millis).into(),
            id.into(),
        ];
        Ok(rows::change(tx, &sql, values).await? == 1)
    }

    /// Takes one that is open out. `false` where it was answered meanwhile.
    pub async fn remove_open(&self, tx: &mut Tx, id: String) -> Result<bool, StoreError> {
        let sql = format!("DELETE FROM {} WHERE id = $1 AND state = 'open'", self.table);
        Ok(rows::change(tx, &sql, vec![id.into()]).await? == 1)
    }

    pub async fn by_reference(
        &self,
        tx: &mut Tx,
        reference: &Reference,
    ) -> Result<Option<QueryResult>, StoreError> {
        let sql = format!("SELECT {} FROM {} WHERE reference = $1", self.columns(), self.table);
        rows::one(tx, &sql, vec![reference.to_string().into()]).await
    }

    /// Those that somebody is the asker of, signed in or by their device, since a moment; newest first.
    pub async fn lately_of(
        &self,
        tx: &mut Tx,
        person: PersonNo,
        since: Timestamp,
        at_most: u32,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let sql = format!(
            "SELECT {} FROM {} WHERE (person = $1 OR signed_in = $1) AND created_at >= $2 \
             ORDER BY created_at DESC, id DESC LIMIT {at_most}",
            self.columns(),
            self.table
        );
        rows::read(tx, &sql, vec![i64::from(person.0).into(), since.as_millis().into()]).await
    }

    /// Newest first; only those that wait for an answer where asked.
    pub async fn newest(
        &self,
        tx: &mut Tx,
        only_open: bool,
        at_most: u32,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let only = if only_open { "WHERE state = 'open'" } else { "" };
        let sql = format!(
            "SELECT {} FROM {} {only} ORDER BY created_at DESC, id DESC LIMIT {at_most}",
            self.columns(),
            self.table
        );
        rows::read(tx, &sql, Vec::new()).await
    }

    /// What somebody wrote who was signed in, newest first.
    pub async fn of_person(
        &self,
        tx: &mut Tx,
        person: PersonNo,
        at_most: u32,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let sql = format!(
            "SELECT {} FROM {} WHERE signed_in = $1 ORDER BY created_at DESC, id DESC LIMIT {at_most}",
            self.columns(),
            self.table
        );
        rows::read(tx, &sql, vec![i64::from(person.0).into()]).await
    }

    /// Whether the asker's address has as many waiting as it may have. Those of whom nothing is kept share a longer queue, and so do those
    /// of one /64 of IPv6, in which a device takes as many addresses as it likes, but a whole school may be too.
    pub async fn too_many_from(&self, tx: &mut Tx, asker: &Asker) -> Result<bool, StoreError> {
        if asker.address.to_canonical().is_ipv6() && self.too_many_in(tx, place_of(asker.address)).await? {
            return Ok(true);
        }
        let [_, _, address, _] = asker.values();
        let sql =
            format!("SELECT count(*) AS open FROM {} WHERE state = 'open' AND address = $1", self.table);
        let row = rows::one(tx, &sql, vec![address]).await?;
        let open: i64 = row.map(|row| row.try_get("", "open")).transpose()?.unwrap_or(0);
        Ok(open >= if asker.is_nobody() { MOST_OPEN_OF_MANY } else { MOST_OPEN })
    }

    /// Whether a /64 has as many waiting as it may have. Cost: the newest addresses of what waits from IPv6.
    async fn too_many_in(&self, tx: &mut Tx, place: String) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT address FROM {} WHERE state = 'open' AND address LIKE '%:%' ORDER BY created_at DESC LIMIT {MOST_READ}",
            self.table
        );
        let mut open = 0;
        for row in rows::read(tx, &sql, Vec::new()).await? {
            let address: String = row.try_get("", "address")?;
            open += i64::from(address.parse().is_ok_and(|address| place_of(address) == place));
        }
        Ok(open >= MOST_OPEN_OF_MANY)
    }
}

/// One row of either table, read a part at a time.
pub(crate) struct Row<'a> {
    pub row: &'a QueryResult,
    pub table: &'static str,
}

impl Row<'_> {
    pub fn text(&self, column: &'static str) -> Result<String, StoreError> {
        Ok(self.row.try_get("", column)?)
    }

    pub fn parsed<T: std::str::FromStr>(
        &self,
        column: &'static str,
        why: &'static str,
    ) -> Result<T, StoreError> {
        self.text(column)?.parse().map_err(|_| self.unreadable(column, why))
    }

    pub fn moment(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        let millis: Option<i64> = self.row.try_get("", column)?;
        millis.map(Timestamp::from_millis).ok_or_else(|| self.unreadable(column, "no time"))
    }

    pub fn site(&self) -> Result<Site, StoreError> {
        Ok(Site { host: self.text("host")?, path: self.row.try_get("", "path")? })
    }

    pub fn words(&self) -> Result<Private<String>, StoreError> {
        self.text("words").map(Private::new)
    }

    pub fn asker(&self) -> Result<Asker, StoreError> {
        Asker::read(self.row, self.table)
    }

    /// What was answered and when, of one that is not open.
    pub fn answered(&self) -> Result<(String, Timestamp), StoreError> {
        let answer: Option<String> = self.row.try_get("", "answer")?;
        let answer = answer.ok_or_else(|| self.unreadable("answer", "no answer"))?;
        Ok((answer, self.moment("answered_at")?))
    }

    pub const fn unreadable(&self, column: &'static str, why: &'static str) -> StoreError {
        rows::unreadable(self.table, column, why)
    }
}
