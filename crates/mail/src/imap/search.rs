//! TEMP
use domain::{query::Expr, *};
#[derive(Debug, Clone)]
pub struct Argument;
impl Argument {
    pub fn write(&self, c: super::wire::Command) -> super::wire::Command {
        c
    }
}
pub struct Abilities {
    pub ascii_only: bool,
    pub text_search_works: bool,
    pub gmail: bool,
}
#[derive(PartialEq)]
pub enum Cost {
    Cheap,
    Costly,
}
pub struct Plan {
    pub criteria: Vec<Argument>,
    pub is_utf8: bool,
    pub residual: Option<Expr>,
    pub cost: Cost,
}
pub struct Candidate<'a> {
    pub summary: &'a Summary,
    pub body: Option<&'a str>,
    pub account: &'a AccountName,
    pub folder: &'a FolderName,
    pub role: Option<Role>,
    pub zone: time::UtcOffset,
}
pub fn compile(_: &Expr, _: &Abilities, _: time::UtcOffset) -> Plan {
    Plan { criteria: vec![], is_utf8: false, residual: None, cost: Cost::Cheap }
}
pub fn matches(_: &Expr, _: &Candidate<'_>) -> Option<bool> {
    Some(true)
}
