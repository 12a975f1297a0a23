//! Changes that wait to be confirmed: kept for ten minutes, for one grant, to be carried out once.
//!
//! Kept in the database; where there is none, in memory. What is planned is not known here.

use domain::{Code, Principal, Problem};
use serde::{Serialize, de::DeserializeOwned};

use crate::Engine;

impl Engine {
    /// Keeps what is planned; answers the text by which it is confirmed.
    pub(crate) async fn keep_plan<T: Serialize + Sync>(
        &self,
        _principal: &Principal,
        _planned: &T,
    ) -> Result<String, Problem> {
        Err(Problem::new(Code::NotSupported, "Not yet."))
    }

    /// Takes what was planned, once. A plan of another grant answers like one that never was.
    pub(crate) async fn take_plan<T: DeserializeOwned>(
        &self,
        _principal: &Principal,
        _confirm: &str,
    ) -> Result<T, Problem> {
        Err(Problem::new(Code::NotSupported, "Not yet."))
    }
}
