//! How much is kept, for whoever runs the server: rows and octets, in all and of each person, never what they say.

use crate::{OutgoingState, Result, Row, Store};

/// How much there is of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSum {
    /// What it is, in a word.
    pub what: &'static str,
    /// How many.
    pub rows: u64,
    /// Octets of what they hold; of activity about so many.
    pub octets: u64,
}

/// How much there is of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptOf {
    /// Their name.
    pub name: String,
    /// Rows of activity.
    pub activity: u64,
    /// Octets of mail in the outbox and of files that were handed over.
    pub octets: u64,
}

impl Store {
    /// Octets of the database, as it tells itself.
    pub async fn database_octets(&self) -> Result<u64> {
        let row = self.database.fetch_optional(self.database.dialect().size, &[]).await?;
        row.map_or(Ok(0), |row| row.count("octets"))
    }

    /// What it is made of.
    pub async fn kept_sums(&self) -> Result<Vec<KeptSum>> {
        const SUMS: &[(&str, &str)] = &[
            (
                "Activity",
                // There may be millions: chains know how many, and each person's newest stand for the rest.
                "SELECT CAST(COALESCE(sum(rows), 0) AS BIGINT) AS rows, \
                    CAST(COALESCE(sum(rows * size), 0) AS BIGINT) AS octets FROM ( \
                    SELECT c.seq - c.first_seq AS rows, ( \
                        SELECT COALESCE(avg(length(targets) + length(tool) + length(outcome) \
                            + length(client) + 150), 0) FROM audit a \
                        WHERE a.user_name = c.user_name AND a.seq > c.seq - 20) AS size \
                    FROM audit_chains c) AS of_each",
            ),
            (
                "Outbox",
                "SELECT (SELECT count(*) FROM outbox) AS rows, \
                    CAST(COALESCE(sum(length(content)), 0) AS BIGINT) AS octets FROM outbox_pieces",
            ),
            (
                "Files handed over",
                "SELECT (SELECT count(*) FROM uploads) AS rows, \
                    CAST(COALESCE(sum(length(content)), 0) AS BIGINT) AS octets FROM upload_pieces",
            ),
            (
                "Changes that can be taken back",
                "SELECT (SELECT count(*) FROM changes) AS rows, \
                    CAST(COALESCE(sum(length(body)), 0) AS BIGINT) AS octets FROM change_steps",
            ),
            (
                "Messages that were moved",
                "SELECT count(*) AS rows, \
                    CAST(COALESCE(sum(length(target) + length(place)), 0) AS BIGINT) AS octets FROM moved",
            ),
        ];
        let mut sums = Vec::with_capacity(SUMS.len());
        for (what, sql) in SUMS {
            if let Some(row) = self.database.fetch_optional(sql, &[]).await? {
                sums.push(KeptSum { what, rows: row.count("rows")?, octets: row.count("octets")? });
            }
        }
        Ok(sums)
    }

    /// How much there is of each person, in the order of their names.
    pub async fn kept_of_people(&self) -> Result<Vec<KeptOf>> {
        const LIST: &str = "SELECT u.name, \
            COALESCE((SELECT c.seq - c.first_seq FROM audit_chains c WHERE c.user_name = u.name), 0) AS activity, \
            CAST(COALESCE((SELECT sum(length(p.content)) FROM outbox o \
                JOIN outbox_pieces p ON p.outbox_id = o.id WHERE o.user_name = u.name), 0) \
            + COALESCE((SELECT sum(f.size) FROM uploads f JOIN grants g ON g.id = f.grant_id \
                WHERE g.user_id = u.id), 0) AS BIGINT) AS octets \
            FROM users u ORDER BY u.name";
        let read = |row: &Row| {
            Ok(KeptOf {
                name: row.text("name")?.to_owned(),
                activity: row.count("activity")?,
                octets: row.count("octets")?,
            })
        };
        self.database.fetch(LIST, &[]).await?.iter().map(read).collect()
    }

    /// How many messages of all people are in which state; states that none is in are left out.
    pub async fn outbox_counts(&self) -> Result<Vec<(OutgoingState, u64)>> {
        const COUNT: &str = "SELECT state, count(*) AS messages FROM outbox GROUP BY state";
        let mut counts = Vec::new();
        for row in self.database.fetch(COUNT, &[]).await? {
            if let Ok(state) = row.text("state")?.parse() {
                counts.push((state, row.count("messages")?));
            }
        }
        Ok(counts)
    }
}
