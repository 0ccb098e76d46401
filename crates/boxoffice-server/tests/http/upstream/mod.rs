//! The services of others, which are mocks that fail on command.

mod calls;
