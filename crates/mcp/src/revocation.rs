//! A call that takes long is let in once, but its person may take that back while it runs: then it ends.

use std::time::Duration;

use domain::Principal;
use tokio::time::sleep;

use crate::gate::Gate;

/// Returns when the principal's grant does not hold any more; it is looked at again and again, `every` so long.
pub(crate) async fn revoked(gate: &dyn Gate, principal: &Principal, every: Duration) {
    loop {
        sleep(every).await;
        if !gate.holds(principal).await {
            return;
        }
    }
}
