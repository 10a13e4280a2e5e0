//! Data sources, as `/api/datasources` has them.

use serde_json::json;

use super::access::Role;
use super::answer::Answer;
use super::bind;
use super::call::{Call, uid_fault};
use super::json::Json;
use super::rules::BodyUid;
use super::state::{Datasource, Key, Text};

/// Types that the servers know under another name too: short name, plugin id.
const ALIASES: &[(&str, &str)] = &[
    ("postgres", "grafana-postgresql-datasource"),
    ("testdata", "grafana-testdata-datasource"),
    ("phlare", "grafana-pyroscope-datasource"),
];

/// Types whose plugin is part of the server: id, name.
const TYPES: &[(&str, &str)] = &[
    ("alertmanager", "Alertmanager"),
    ("cloudwatch", "CloudWatch"),
    ("elasticsearch", "Elasticsearch"),
    ("grafana-azure-monitor-datasource", "Azure Monitor"),
    ("grafana-postgresql-datasource", "PostgreSQL"),
    ("grafana-pyroscope-datasource", "Grafana Pyroscope"),
    ("grafana-testdata-datasource", "TestData"),
    ("graphite", "Graphite"),
    ("influxdb", "InfluxDB"),
    ("jaeger", "Jaeger"),
    ("loki", "Loki"),
    ("mssql", "Microsoft SQL Server"),
    ("mysql", "MySQL"),
    ("opentsdb", "OpenTSDB"),
    ("parca", "Parca"),
    ("phlare", "Phlare"),
    ("postgres", "PostgreSQL"),
    ("prometheus", "Prometheus"),
    ("stackdriver", "Google Cloud Monitoring"),
    ("tempo", "Tempo"),
    ("testdata", "TestData DB"),
    ("zipkin", "Zipkin"),
];

/// Types whose plugin has to have a URL.
const NEED_URL: &[&str] = &["elasticsearch", "graphite", "influxdb", "loki", "opentsdb", "prometheus", "tempo"];

/// How a data source is looked for.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    /// By uid.
    Uid(&'a str),
    /// By name.
    Name(&'a str),
    /// By number.
    Id(&'a str),
}

impl Call<'_> {
    fn find_datasource(&self, by: By<'_>) -> Option<&Datasource> {
        self.state.datasources.values().find(|d| match by {
            By::Uid(uid) => d.uid == uid,
            By::Name(name) => d.name == name,
            By::Id(id) => d.id.to_string() == id,
        })
    }

    fn datasource_type<'k>(&self, kind: &'k str) -> &'k str {
        let alias = ALIASES.iter().find(|(short, _)| *short == kind && self.rules.datasources.types_are_plugin_ids);
        alias.map_or(kind, |(_, id)| id)
    }

    fn datasource_fields(&self, d: &Datasource) -> Json {
        let kind = self.datasource_type(&d.kind);
        let mut body = Json::from(json!({
            "id": d.id, "uid": d.uid, "orgId": 1, "name": d.name, "type": kind, "typeLogoUrl": logo(kind),
            "access": d.access, "url": d.url, "user": d.user, "database": d.database, "basicAuth": d.basic_auth,
            "isDefault": d.default, "readOnly": false,
        }));
        if let Json::Object(members) = &mut body {
            members.insert("jsonData".to_owned(), Json::Raw(d.settings.0.clone()));
        }
        body
    }

    fn datasource_body(&self, d: &Datasource) -> Json {
        let mut body = self.datasource_fields(d);
        if let Json::Object(members) = &mut body {
            let set =
                d.secrets.iter().filter(|(_, v)| !v.is_empty()).map(|(k, _)| (k.clone(), true.into())).collect();
            members.insert("secureJsonFields".to_owned(), Json::Object(set));
            members.insert("basicAuthUser".to_owned(), d.basic_auth_user.as_str().into());
            members.insert("withCredentials".to_owned(), d.with_credentials.into());
            members.insert("version".to_owned(), d.version.into());
            if self.rules.datasources.api_version {
                members.insert("apiVersion".to_owned(), "".into());
            }
        }
        body
    }

    /// GET `/api/datasources`.
    pub(crate) fn list_datasources(&self) -> Answer {
        let mut found: Vec<_> = self.state.datasources.values().collect();
        found.sort_by_key(|d| (d.name.to_lowercase(), d.name.clone()));
        let items = found.into_iter().map(|d| {
            let mut item = self.datasource_fields(d);
            if let Json::Object(members) = &mut item {
                let kind = self.datasource_type(&d.kind);
                let name = TYPES.iter().find(|(id, _)| *id == kind).map_or(kind, |(_, name)| name);
                members.insert("typeName".to_owned(), name.into());
            }
            item
        });
        Answer::json(200, Json::Array(items.collect()))
    }

    /// A number that is none, if one was to be.
    fn not_a_number(&self, by: By<'_>) -> Option<Answer> {
        match by {
            By::Id(id) if id.parse::<i64>().is_err() => Some(Answer::message(400, "id is invalid")),
            By::Id(_) | By::Uid(_) | By::Name(_) => None,
        }
    }

    /// GET of one.
    pub(crate) fn get_datasource(&self, by: By<'_>) -> Answer {
        if let (Some(answer), true) = (self.not_a_number(by), self.who.is_admin()) {
            return answer;
        }
        if !self.who.is_admin() {
            return match self.find_datasource(by) {
                None if !matches!(by, By::Uid(_)) => {
                    let told = "data source not found";
                    self.rules.missing_to_the_weak(told, "datasources:read")
                }
                _ => Answer::denied("datasources:read"),
            };
        }
        self.find_datasource(by).map_or_else(datasource_missing, |d| Answer::json(200, self.datasource_body(d)))
    }

    /// GET `/api/datasources/id/NAME`.
    pub(crate) fn get_datasource_id(&self, name: &str) -> Answer {
        self.find_datasource(By::Name(name))
            .map_or_else(datasource_missing, |d| Answer::json(200, json!({ "id": d.id })))
    }

    /// GET `/api/datasources/uid/UID/health`.
    pub(crate) fn datasource_health(&self, uid: &str) -> Answer {
        if !self.rules.datasources.health {
            return self.rules.error(404, "Not found");
        }
        if uid_fault(uid).is_some() {
            return Answer::message(400, "UID is invalid");
        }
        let Some(d) = self.find_datasource(By::Uid(uid)) else {
            return self.rules.error(500, "Unable to load datasource metadata");
        };
        let host = d.url.split("://").nth(1).unwrap_or(&d.url).split('/').next().unwrap_or("");
        match (d.kind.as_str(), host.strip_prefix("localhost:")) {
            // Nothing listens anywhere in the embedded workspace.
            ("prometheus", Some(port)) => {
                let method = match d.settings.json().text("httpMethod") {
                    "GET" => "Get",
                    _ => "Post",
                };
                let told = format!(
                    "{method} \"{}/api/v1/query\": dial tcp 127.0.0.1:{port}: connect: connection refused - There was an error returned querying the Prometheus API.",
                    d.url.trim_end_matches('/')
                );
                Answer::json(400, json!({ "message": told, "status": "ERROR" }))
            }
            _ => Answer::unknown("the health of data sources"),
        }
    }

    /// POST `/api/datasources`.
    pub(crate) fn create_datasource(&mut self) -> Answer {
        if !self.who.is_admin() {
            return Answer::denied("datasources:create");
        }
        let body = match self.body(bind::DATASOURCE) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        self.make_datasource(body).unwrap_or_else(|answer| answer)
    }

    fn make_datasource(&mut self, body: &Json) -> Result<Answer, Answer> {
        let rules = self.rules.datasources;
        let mut wanted = self.read_datasource(body)?;
        if !wanted.url.is_empty() {
            self.check_url(&wanted)?;
        }
        if rules.uids_checked && uid_fault(&wanted.uid).is_some() {
            return Err(self.rules.refusal(400, "datasource.uidInvalid", "Invalid datasource UID."));
        }
        if rules.uids_checked && (wanted.name.chars().count() > 190 || wanted.url.chars().count() > 255) {
            let (what, most) = if wanted.name.chars().count() > 190 { ("name", 190) } else { ("url", 255) };
            let told = format!("datasource {what} is invalid, max length is {most}");
            return Err(Answer::message(400, &told));
        }
        if wanted.name.is_empty() {
            wanted.name = self.free_name(&wanted.kind);
        }
        if self.find_datasource(By::Name(&wanted.name)).is_some() {
            return Err(self.rules.error(409, "data source with the same name already exists"));
        }
        if self.find_datasource(By::Uid(&wanted.uid)).is_some() {
            return Err(self.rules.error(409, "data source with the same uid already exists"));
        }
        if wanted.uid.is_empty() {
            wanted.uid = super::random::short_uid();
        }
        wanted.default = wanted.default || rules.first_is_default && self.state.datasources.is_empty();
        self.state.counters.datasource += 1;
        wanted.id = self.state.counters.datasource;
        wanted.version = 1;
        Ok(self.put_datasource(wanted, "Datasource added"))
    }

    fn free_name(&self, kind: &str) -> String {
        let taken = |name: &str| self.find_datasource(By::Name(name)).is_some();
        if !taken(kind) {
            return kind.to_owned();
        }
        (1..).map(|n| format!("{kind}-{n}")).find(|name| !taken(name)).unwrap_or_default()
    }

    fn read_datasource(&self, body: &Json) -> Result<Datasource, Answer> {
        let (name, kind, access) = (body.text("name"), body.text("type"), body.text("access"));
        let nameless = name.is_empty() && !(self.rules.datasources.name_from_type && self.request.method == "POST");
        if nameless || kind.is_empty() || access.is_empty() {
            return Err(self.rules.bad_request_data());
        }
        let settings = body.get("jsonData").filter(|s| matches!(s, Json::Object(_))).cloned();
        let secrets = body.get("secureJsonData").and_then(Json::members);
        Ok(Datasource {
            id: 0,
            uid: body.text("uid").to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            access: access.to_owned(),
            url: body.text("url").to_owned(),
            user: body.text("user").to_owned(),
            database: body.text("database").to_owned(),
            basic_auth: body.flag("basicAuth"),
            basic_auth_user: body.text("basicAuthUser").to_owned(),
            with_credentials: body.flag("withCredentials"),
            default: body.flag("isDefault"),
            settings: Text::of(&settings.unwrap_or(Json::object([]))),
            secrets: secrets
                .into_iter()
                .flatten()
                .filter_map(|(k, v)| v.as_str().map(|v| (k.clone(), v.to_owned())))
                .collect(),
            version: 0,
        })
    }

    fn check_url(&self, d: &Datasource) -> Result<(), Answer> {
        let kind = self.datasource_type(&d.kind);
        let needed = NEED_URL.contains(&kind);
        let wrong = match d.url.as_str() {
            "" => needed,
            url => url.contains(|c: char| c.is_whitespace() || c.is_control()) || badly_escaped(url),
        };
        if wrong { Err(self.rules.error(400, "Validation error, invalid URL")) } else { Ok(()) }
    }

    fn put_datasource(&mut self, d: Datasource, message: &str) -> Answer {
        if d.default {
            let others: Vec<_> =
                self.state.datasources.values().filter(|o| o.default && o.id != d.id).map(|o| o.id).collect();
            for id in others {
                if let Some(other) = self.state.datasources.get_mut(&id) {
                    other.default = false;
                }
                self.state.touch(Key::Datasource(id));
            }
        }
        let body = Json::object([
            ("datasource", self.datasource_body(&d)),
            ("id", d.id.into()),
            ("message", message.into()),
            ("name", d.name.as_str().into()),
        ]);
        self.state.touch(Key::Datasource(d.id));
        self.state.datasources.insert(d.id, d);
        Answer::json(200, body)
    }

    /// PUT of one.
    pub(crate) fn update_datasource(&mut self, by: By<'_>) -> Answer {
        if !self.who.is_admin() {
            return Answer::denied("datasources:write");
        }
        let body = match self.body(bind::DATASOURCE) {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        self.change_datasource(by, body).unwrap_or_else(|answer| answer)
    }

    fn change_datasource(&mut self, by: By<'_>, body: &Json) -> Result<Answer, Answer> {
        let rules = self.rules.datasources;
        let mut wanted = self.read_datasource(body)?;
        self.check_url(&wanted)?;
        self.not_a_number(by).map_or(Ok(()), Err)?;
        let known = self.find_datasource(by).cloned().ok_or_else(datasource_missing)?;
        if wanted.uid.is_empty() {
            wanted.uid.clone_from(&known.uid);
        }
        let sent = body.integer("version").unwrap_or(0);
        let newer = known.version > sent;
        if sent != 0 && newer {
            let told = "Datasource has already been updated by someone else. Please reload and try again";
            return Err(self.rules.error(409, told));
        }
        match rules.body_uid {
            BodyUid::Fails if wanted.uid != known.uid => {
                return Err(Answer::message(500, "Failed to update datasource"));
            }
            BodyUid::Refused if wanted.uid != known.uid => {
                return Err(Answer::message(400, "the uid in the body does not match the one in the path"));
            }
            BodyUid::Renames | BodyUid::Fails | BodyUid::Refused => {}
        }
        let taken = |other: Option<&Datasource>| other.is_some_and(|o| o.id != known.id);
        if taken(self.find_datasource(By::Name(&wanted.name))) {
            let told = "Failed to update datasource: data source with the same name already exists";
            return Err(match rules.rename_conflict_told {
                true => self.rules.error(409, told),
                false => self.rules.error(500, "Failed to update datasource"),
            });
        }
        if taken(self.find_datasource(By::Uid(&wanted.uid))) {
            return Err(self.rules.error(500, "Failed to update datasource"));
        }
        wanted.id = known.id;
        // Without a version there is no check, and counting begins again.
        wanted.version = sent + 1;
        if wanted.url.is_empty() {
            wanted.url = known.url;
        }
        if wanted.basic_auth_user.is_empty() {
            wanted.basic_auth_user = known.basic_auth_user;
        }
        let mut secrets = known.secrets;
        secrets.extend(std::mem::take(&mut wanted.secrets));
        wanted.secrets = secrets;
        Ok(self.put_datasource(wanted, "Datasource updated"))
    }

    /// DELETE of one.
    pub(crate) fn delete_datasource(&mut self, by: By<'_>) -> Answer {
        if !self.who.is_admin() {
            return Answer::denied("datasources:delete");
        }
        if let Some(answer) = self.not_a_number(by) {
            return answer;
        }
        let Some(id) = self.find_datasource(by).map(|d| d.id) else {
            return datasource_missing();
        };
        self.state.datasources.remove(&id);
        self.state.touch(Key::Datasource(id));
        match by {
            By::Id(_) => Answer::message(200, "Data source deleted"),
            By::Uid(_) | By::Name(_) => Answer::json(200, json!({ "id": id, "message": "Data source deleted" })),
        }
    }

    /// The data sources as the front end's settings hold them, by name.
    pub(crate) fn frontend_datasources(&self) -> serde_json::Value {
        let mut all = serde_json::Map::new();
        if self.who.role >= Role::Viewer {
            for d in self.state.datasources.values() {
                let kind = self.datasource_type(&d.kind);
                let entry = json!({
                    "id": d.id, "uid": d.uid, "type": kind, "name": d.name, "isDefault": d.default, "access": d.access,
                    "url": format!("/api/datasources/proxy/uid/{}", d.uid), "readOnly": false,
                });
                all.insert(d.name.clone(), entry);
            }
        }
        all.into()
    }
}

fn logo(kind: &str) -> String {
    match TYPES.iter().any(|(id, _)| *id == kind) {
        true => format!("public/app/plugins/datasource/{kind}/img/logo.svg"),
        false => "public/img/icn-datasource.svg".to_owned(),
    }
}

fn badly_escaped(url: &str) -> bool {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = after.split(['/', '?', '#']).next().unwrap_or("");
    let port = host.rsplit_once('@').map_or(host, |(_, h)| h).rsplit_once(':').map_or("", |(_, port)| port);
    !port.ends_with(']') && !port.bytes().all(|b| b.is_ascii_digit()) || url.starts_with(':')
}

fn datasource_missing() -> Answer {
    Answer::message(404, "Data source not found")
}
