//! Who a run is to the workspace, and what AWS must allow for that.

pub mod policy;
