//! The smallest objects that are worth planning.

use serde_json::{Value, json};

/// A dashboard of one panel.
pub fn dashboard(uid: &str, title: &str) -> Value {
    json!({
        "uid": uid, "title": title, "schemaVersion": 39, "tags": [], "time": { "from": "now-6h", "to": "now" },
        "panels": [{
            "id": 1, "type": "timeseries", "title": "load", "gridPos": { "x": 0, "y": 0, "w": 12, "h": 8 },
            "targets": [],
        }],
    })
}

/// A data source without secrets.
pub fn prometheus(uid: &str, name: &str) -> Value {
    json!({ "uid": uid, "name": name, "type": "prometheus", "access": "proxy", "url": "http://prometheus:9090" })
}
