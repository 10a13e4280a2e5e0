//! GET `/api/search`: which folders and dashboards are found, and in which order.

use serde_json::json;

use super::access::{EDIT, Role, VIEW};
use super::answer::Answer;
use super::call::Call;
use super::rules::Rules;
use super::slug::slug;

const MOST: i64 = 5000;

/// Something found.
struct Hit<'a> {
    id: i64,
    uid: &'a str,
    title: &'a str,
    folder: &'a str,
    tags: &'a [String],
    is_folder: bool,
    level: i64,
}

impl Call<'_> {
    /// GET `/api/search`.
    pub(crate) fn search(&self) -> Answer {
        let request = self.request;
        let limit = request.number("limit").filter(|n| *n > 0).unwrap_or(1000);
        if limit > MOST {
            let told = "Limit is above maximum allowed (5000), use page parameter to access hits beyond limit";
            return Answer::message(422, told);
        }
        let uids: Vec<_> = [request.parameters("dashboardUIDs"), request.parameters("dashboardUID")].concat();
        let ids: Vec<i64> = request.parameters("dashboardIds").iter().filter_map(|id| id.parse().ok()).collect();
        if !uids.is_empty() && !ids.is_empty() {
            return self.rules.error(400, "search supports UIDs or IDs, not both");
        }
        let wanted = request.parameter("type");
        if self.rules.resource_api && !matches!(wanted, "" | "dash-db" | "dash-folder") {
            return Answer::message(500, "Search failed");
        }
        if self.rules.resource_api && request.parameter("deleted") == "true" && !self.who.is_admin() {
            return Answer::message(401, "Unauthorized");
        }
        if request.parameter("starred") == "true" || request.parameter("deleted") == "true" {
            return Answer::json(200, json!([]));
        }
        let mut hits = self.hits();
        let least = if request.parameter("permission") == "Edit" { EDIT } else { VIEW };
        let tags = request.parameters("tag");
        let folder_ids: Vec<i64> =
            request.parameters("folderIds").iter().filter_map(|id| id.parse().ok()).collect();
        let folder_uids = if self.rules.search.by_folder { request.parameters("folderUIDs") } else { Vec::new() };
        let query = request.parameter("query");
        hits.retain(|hit| {
            hit.level >= least
                && (wanted != "dash-db" || !hit.is_folder)
                && (wanted != "dash-folder" || hit.is_folder)
                && (uids.is_empty() || uids.contains(&hit.uid))
                && (ids.is_empty() || ids.contains(&hit.id))
                && tags.iter().all(|tag| tag.is_empty() || hit.tags.iter().any(|t| t == tag))
                && (folder_ids.is_empty() || folder_ids.contains(&self.folder_id(hit.folder)))
                && (folder_uids.is_empty()
                    || folder_uids.iter().any(|f| *f == hit.folder || *f == "general" && hit.folder.is_empty()))
                && matches(self.rules, hit.title, query)
        });
        let sort = request.parameter("sort");
        let sorted = matches!(sort, "alpha-asc" | "alpha-desc");
        // Classic servers let the database sort, which minds capitals.
        let title = |hit: &Hit<'_>| match self.rules.classic {
            true => hit.title.to_owned(),
            false => hit.title.to_lowercase(),
        };
        hits.sort_by_key(|hit| (title(hit), self.tie(hit.id)));
        if sort == "alpha-desc" {
            hits.reverse();
        }
        let page = request.number("page").filter(|n| *n > 0).unwrap_or(1);
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let skip = usize::try_from((page - 1).saturating_mul(limit)).unwrap_or(usize::MAX);
        let mut hits: Vec<_> = hits.into_iter().skip(skip).take(size).collect();
        if !sorted {
            hits.sort_by_key(|hit| (!hit.is_folder, hit.title.to_lowercase()));
        }
        let body: Vec<_> = hits.iter().map(|hit| self.hit(hit, sorted)).collect();
        Answer::json(200, serde_json::Value::Array(body))
    }

    /// The order of equal titles.
    fn tie(&self, id: i64) -> i64 {
        if self.rules.newer_first { -id } else { id }
    }

    fn folder_id(&self, uid: &str) -> i64 {
        self.state.folders.get(uid).map_or(0, |f| f.about.id)
    }

    fn hits(&self) -> Vec<Hit<'_>> {
        let folders = self.state.folders.values().map(|f| Hit {
            id: f.about.id,
            uid: &f.uid,
            title: &f.title,
            folder: if self.rules.search.folder_parents { &f.parent } else { "" },
            tags: &[],
            is_folder: true,
            level: self.state.folder_level(&self.who, &f.uid),
        });
        let dashboards = self.state.dashboards.values().map(|d| Hit {
            id: d.about.id,
            uid: &d.uid,
            title: &d.title,
            folder: &d.folder,
            tags: &d.tags,
            is_folder: false,
            level: self.state.dashboard_level(&self.who, d),
        });
        folders.chain(dashboards).collect()
    }

    fn hit(&self, hit: &Hit<'_>, sorted: bool) -> serde_json::Value {
        let slug_of = |title: &str| slug(title, self.rules.slugs);
        let url = match self.state.folders.get(hit.uid).filter(|_| hit.is_folder) {
            Some(folder) => self.folder_url(folder),
            None => self.dashboard_url(hit.uid, hit.title),
        };
        let mut tags = hit.tags.to_vec();
        if !sorted {
            tags.sort();
        }
        if self.rules.query_hits_lack_tags && !self.request.parameter("query").is_empty() {
            tags.clear();
        }
        let mut body = json!({
            "id": hit.id, "uid": hit.uid, "title": hit.title, "uri": format!("db/{}", slug_of(hit.title)), "url": url,
            "slug": "", "type": if hit.is_folder { "dash-folder" } else { "dash-db" }, "tags": tags,
            "isStarred": false, "sortMeta": 0,
        });
        if self.rules.resource_api {
            body["orgId"] = 1.into();
            body["isDeleted"] = false.into();
        }
        if !hit.folder.is_empty() {
            body["folderUid"] = hit.folder.into();
            match self.state.folders.get(hit.folder) {
                Some(folder) => {
                    body["folderTitle"] = folder.title.as_str().into();
                    let plain = self.rules.search.plain_folder_urls;
                    if !(plain && hit.is_folder) {
                        body["folderId"] = folder.about.id.into();
                        body["folderUrl"] = match plain {
                            true => format!("/dashboards/f/{}/{}", folder.uid, folder.title).into(),
                            false => self.folder_url(folder).into(),
                        };
                    }
                }
                None => {
                    body["folderUrl"] = format!("/dashboards/f/{}/{}", hit.folder, slug_of("")).into();
                }
            }
        }
        body
    }

    /// GET `/api/search/sorting`.
    pub(crate) fn sort_options(&self) -> Answer {
        if self.who.role == Role::None {
            return Answer::json(200, json!({ "sortOptions": [] }));
        }
        let option = |name: &str, shown: &str, way: &str| {
            json!({
                "name": name, "displayName": format!("Alphabetically ({shown})"), "meta": "",
                "description": format!("Sort results in an alphabetically {way} order"),
            })
        };
        let options =
            [option("alpha-asc", "A\u{2013}Z", "ascending"), option("alpha-desc", "Z\u{2013}A", "descending")];
        Answer::json(200, json!({ "sortOptions": options }))
    }
}

/// The older servers look for the text anywhere in a title; the newer ones for words that begin so.
fn matches(rules: &Rules, title: &str, query: &str) -> bool {
    let (title, query) = (title.to_lowercase(), query.to_lowercase());
    if title.contains(&query) {
        return true;
    }
    if !rules.resource_api {
        return false;
    }
    let words = |text: &str| {
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let in_title = words(&title);
    let wanted = words(&query);
    !wanted.is_empty() && wanted.iter().all(|w| in_title.iter().any(|t| t.starts_with(w.as_str())))
}
