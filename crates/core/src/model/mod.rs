//! The words of the program as types: addresses, places, problems, digests, and what is declared, live and recorded.
//!
//! Pure data; nothing here reads a file, the clock, the environment or the network. How an object of one kind is
//! compared or written stands in [`crate::kinds`], what is to be done about it in [`crate::plan`].

pub mod address;
pub mod count;
pub mod declared;
pub mod delta;
pub mod digest;
pub mod hiding;
pub mod live;
pub mod picture;
pub mod place;
pub mod problem;
pub mod recorded;
pub mod request;
pub mod secret;
pub mod server;
pub mod slug;

pub use address::{Address, FolderPath, Key, KeyForm, KindName, StackName, Uid};
pub use count::counted;
pub use declared::{
    BodyRef, Declared, DeclaredFolder, DeclaredSecret, FetchedContent, Headline, Kept, Parent, Reference, Target,
    TextRef, UidFrom,
};
pub use delta::{Delta, Entry, Mark};
pub use digest::{Digest, Fingerprint, NormalDigest};
pub use hiding::hide;
pub use live::{Found, Guard, Identity, Limit, Listed, LiveBody, Marks, Observed, Saved};
pub use picture::Picture;
pub use place::Place;
pub use problem::{Problem, Severity, Spot, has_error};
pub use recorded::{Ledger, Owned, Pending, RecordState, Recorded, Stamp};
pub use request::{Method, Request, Response};
pub use secret::Secret;
pub use server::Server;
