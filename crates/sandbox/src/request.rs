//! One request, taken apart: the path in pieces, the query in pairs, the body as it came.

use percent_encoding::percent_decode_str;

use super::json::Json;

/// A request whose body was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path as it came.
    pub path: String,
    /// The path's segments, decoded; a slash at the end adds none.
    pub segments: Vec<String>,
    /// The query's pairs, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The header `Accept`.
    pub accept: String,
    /// The header `Content-Type`.
    pub content_type: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// The body, if it is JSON; an empty one is an empty object.
    body: Option<Json>,
    /// There was no body.
    empty: bool,
}

impl Request {
    /// Takes path and query apart.
    pub(crate) fn at(method: &str, path: &str, query: &str) -> Request {
        let mut segments: Vec<_> = path.split('/').skip(1).map(|s| decode(s, false)).collect();
        while segments.last().is_some_and(String::is_empty) {
            segments.pop();
        }
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name, true), decode(value, true))
            })
            .collect();
        Request { method: method.to_owned(), path: path.to_owned(), segments, query, ..Request::default() }
    }

    /// The first value of a parameter, or the empty text.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.query.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// Every value of a parameter.
    pub(crate) fn parameters(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    /// A parameter as a number; nothing when it is absent or none.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.parameter(name).parse().ok()
    }

    /// The same with a body.
    pub(crate) fn with_body(mut self, body: &[u8]) -> Request {
        self.empty = body.iter().all(u8::is_ascii_whitespace);
        self.body = match self.empty {
            true => Some(Json::object([])),
            false => Json::parse(body).ok(),
        };
        self
    }

    /// The body as JSON; an empty one is an empty object. Nothing when it is not JSON or is not said to be.
    pub(crate) fn json(&self) -> Option<&Json> {
        let said = self.content_type.trim_start().starts_with("application/json");
        self.body.as_ref().filter(|_| said || self.empty)
    }

    /// The body as JSON, whatever it is said to be; an empty one is an empty object.
    pub(crate) fn any_json(&self) -> Option<&Json> {
        self.body.as_ref()
    }

    /// The request asks for a change.
    pub(crate) fn is_write(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }
}

/// Undoes percent signs, and plus signs in a query; what is not valid stays.
fn decode(text: &str, plus: bool) -> String {
    let text = if plus { text.replace('+', " ") } else { text.to_owned() };
    percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_query_are_decoded() {
        let request = Request::at("GET", "/api/datasources/name/Bad%20uid/", "query=a+b%26&tag=x&tag=%zz&flag");
        assert_eq!(request.segments, ["api", "datasources", "name", "Bad uid"]);
        assert_eq!(request.parameter("query"), "a b&");
        assert_eq!(request.parameters("tag"), ["x", "%zz"]);
        assert_eq!(request.parameter("flag"), "");
    }
}
