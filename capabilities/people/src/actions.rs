//! What is done to the roll.

use kit::Timestamp;
use serde_json::json;
use store::{Actor, StoreError, Subject, Tx, trail};

use crate::model::{Changes, Difference};
use crate::roll_file::RollFile;
use crate::store as tables;

/// Makes the roll what the file says, as one change with one entry in the access trail, which holds numbers only. A
/// file that changes nothing leaves no entry. Whoever began the transaction commits it, and publishes the roll anew.
pub async fn import(
    tx: &mut Tx,
    actor: &Actor,
    file: &RollFile,
    at: Timestamp,
) -> Result<Changes, StoreError> {
    let now = tables::listed(tx).await?;
    let difference = Difference::between(&now, file);
    let changes = difference.changes();
    if changes.is_nothing() {
        return Ok(changes);
    }
    tables::put(tx, &difference, at).await?;
    for one in &difference.people.removed {
        crate::leaving::leave(tx, actor, one.number, at).await?;
    }
    trail::changed(tx, actor, "roll.import", &Subject::new("roll", "school"), &json!(changes), at).await?;
    Ok(changes)
}
