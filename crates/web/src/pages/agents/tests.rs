//! The list of agents and the page of one, and who may touch them.
