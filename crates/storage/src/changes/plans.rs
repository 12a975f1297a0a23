//! Changes that wait to be confirmed: each for one grant, to be carried out once.

use domain::{GrantId, PlanId, Timestamp};

use crate::{Result, Store, Value, home::HomeKey};

/// How many plans of one grant are kept; the oldest make room.
const PLANS: u32 = 50;

/// What was found of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenPlan {
    /// It holds, and is used up now.
    Plan(Vec<u8>),
    /// It was confirmed before.
    Used,
    /// It is too old.
    Expired,
    /// There is none of this grant.
    Absent,
}

impl Store {
    /// Keeps a change that waits to be confirmed.
    pub async fn plan_add(
        &self,
        id: &PlanId,
        grant: &GrantId,
        body: &[u8],
        expires: Timestamp,
    ) -> Result<()> {
        const ADD: &str = "INSERT INTO plans (id, grant_id, body, expires) VALUES ($1, $2, $3, $4)";
        const MAKE_ROOM: &str = "DELETE FROM plans WHERE grant_id = $1 AND id NOT IN \
            (SELECT id FROM plans WHERE grant_id = $1 ORDER BY expires DESC, id LIMIT $2)";
        let sealed = self.plan_key(grant).seal(&[id.as_str()], body);
        let values: [Value; 4] = [id.as_str().into(), grant.as_str().into(), sealed.into(), expires.into()];
        let mut transaction = self.database.begin().await?;
        transaction.execute(MAKE_ROOM, &[grant.as_str().into(), (PLANS - 1).into()]).await?;
        transaction.execute(ADD, &values).await?;
        transaction.commit().await
    }

    /// Takes a plan to be carried out, once.
    pub async fn plan_take(&self, grant: &GrantId, id: &PlanId) -> Result<TakenPlan> {
        const TAKE: &str = "UPDATE plans SET is_used = 1 \
            WHERE id = $1 AND grant_id = $2 AND is_used = 0 AND expires > $3 AND body IS NOT NULL \
            RETURNING body";
        const EMPTY: &str = "UPDATE plans SET body = NULL WHERE id = $1";
        const LOOK: &str = "SELECT is_used FROM plans WHERE id = $1 AND grant_id = $2";
        let mut transaction = self.database.begin().await?;
        let values = [id.as_str().into(), grant.as_str().into(), self.now().into()];
        let Some(row) = transaction.fetch_optional(TAKE, &values).await? else {
            let found = transaction.fetch_optional(LOOK, &values[..2]).await?;
            return Ok(match found.map(|row| row.flag("is_used")).transpose()? {
                Some(true) => TakenPlan::Used,
                Some(false) => TakenPlan::Expired,
                None => TakenPlan::Absent,
            });
        };
        transaction.execute(EMPTY, &[id.as_str().into()]).await?;
        transaction.commit().await?;
        let opened = self.plan_key(grant).open(&[id.as_str()], row.bytes("body")?)?;
        Ok(TakenPlan::Plan(opened.to_vec()))
    }

    fn plan_key(&self, grant: &GrantId) -> HomeKey {
        let (sealer, owner) = (self.sealer.clone(), grant.as_str().to_owned());
        HomeKey::Master { sealer, purpose: "plan", owner }
    }
}
