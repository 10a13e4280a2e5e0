//! The stack's record of what is ours, kept in the workspace itself: one dashboard in the folder `amgctl`.
//!
//! [`record`] is what it says, [`lease`] what a save of it means for who may write, [`handover`] how it becomes another
//! stack's (all pure); [`store`] reads and saves it. Whose an object is, given a record, is decided in [`crate::plan`].

pub mod handover;
pub mod lease;
mod moment;
pub mod record;
pub mod shared;
pub mod store;

pub use moment::Moment;
pub use record::{Lease, Record, RunNote};
pub use store::{LoadError, Loaded, SaveError, Store};
