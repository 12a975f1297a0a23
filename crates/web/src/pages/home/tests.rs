//! What a person is told to do next, and what they see when all is done.
