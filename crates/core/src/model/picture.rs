//! What is needed to draw a change: where the parts of an object stand before and after it, and which queries differ.
//!
//! Made by [`crate::kinds`] beside the delta, where it is asked for; drawn outside of this crate. It holds texts as they may
//! be shown, and no bodies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most tiles of one side. Of a side with more, those with queries are kept, and none has a place.
pub const TILES: usize = 400;
/// The most queries of one change.
pub const QUERIES: usize = 60;
/// The most characters of the texts of all queries of one change.
pub const TEXT: usize = 64 * 1024;

/// A dashboard's layout before and after a change, no larger than what can be looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Picture {
    /// Before, in the order of the document.
    pub before: Vec<Tile>,
    /// After.
    pub after: Vec<Tile>,
    /// How many queries that differ were left out, since there are too many or they are too long.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A panel or a row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Tile {
    /// Its title; may be empty.
    pub title: String,
    /// Its type, as `timeseries`.
    pub kind: String,
    /// Where it stands; none where the document does not say.
    pub grid: Option<Grid>,
    /// What it is to the others.
    pub role: TileRole,
    /// The variable that it is repeated for; empty for none.
    pub repeat: String,
    /// What becomes of it.
    pub change: TileChange,
    /// Its queries that differ, come or go; of a panel that is on both sides they stand on the later one only.
    pub queries: Vec<Query>,
}

/// A place on the grid of 24 columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Grid {
    /// The column.
    pub x: i64,
    /// The line.
    pub y: i64,
    /// How many columns wide.
    pub w: i64,
    /// How many lines high.
    pub h: i64,
}

/// What a tile is to the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TileRole {
    /// A panel.
    Panel,
    /// A row that shows what is in it.
    Row,
    /// A row that hides what is in it.
    CollapsedRow,
    /// A panel in a collapsed row, by the row's place in the same list.
    Hidden(usize),
}

/// What becomes of a tile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TileChange {
    /// Nothing.
    Same,
    /// It is new.
    Added,
    /// It goes.
    Removed,
    /// Something in it differs.
    Changed,
    /// Only its place or its size differs.
    Moved,
}

/// A query on both sides.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Query {
    /// Its name in the panel, as `A`.
    pub name: String,
    /// What it was; none where it is new.
    pub before: Option<String>,
    /// What it becomes; none where it goes.
    pub after: Option<String>,
}
