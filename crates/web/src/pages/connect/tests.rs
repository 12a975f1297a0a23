//! The page of steps, and the mark that waits for an agent.
