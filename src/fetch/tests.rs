//! What becomes of contents whose servers move them, are slow, broken or hostile.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::model::{Place, Spot};
use crate::source::content::{Fetched as Named, LARGEST_CONTENT};

/// What a server answers.
enum Reply {
    /// These bytes.
    Bytes(Vec<u8>),
    /// These bytes, then zeros for ever.
    Endless(Vec<u8>),
    /// These bytes, then nothing for ever.
    Silent(Vec<u8>),
    /// These bytes, then one more every few milliseconds for ever.
    Trickling(Vec<u8>),
}

fn ok(headers: &str, body: &[u8]) -> Reply {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Reply::Bytes([head.as_bytes(), body].concat())
}

fn status(line: &str, headers: &str) -> Reply {
    Reply::Bytes(format!("HTTP/1.1 {line}\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n").into_bytes())
}

fn to(location: &str) -> Reply {
    status("302 Found", &format!("location: {location}\r\n"))
}

/// A server on this machine, and the heads of the requests that came.
struct Server {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(reply: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let (seen, reply) = (heads.clone(), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, reply) = (seen.clone(), reply.clone());
                tokio::spawn(async move { answer(stream, &seen, &*reply).await });
            }
        });
        Server { url, heads }
    }

    fn heads(&self) -> Vec<String> {
        std::mem::take(&mut *self.heads.lock().unwrap())
    }
}

async fn answer(mut stream: TcpStream, seen: &Mutex<Vec<String>>, reply: &(impl Fn(&str, usize) -> Reply + Sync)) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let before = {
        let mut seen = seen.lock().unwrap();
        seen.push(head);
        seen.len() - 1
    };
    match reply(&path, before) {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
        }
        Reply::Endless(bytes) => {
            let _ = stream.write_all(&bytes).await;
            while stream.write_all(&[b'0'; 65536]).await.is_ok() {}
        }
        Reply::Trickling(bytes) => {
            let _ = stream.write_all(&bytes).await;
            while stream.write_all(b"0").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        Reply::Silent(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.read_u8().await;
        }
    }
}

fn request(requests: &mut ContentRequests, wanted: Wanted, fresh_for: Option<Duration>) {
    requests.add(&Named { wanted, fresh_for }, Spot::bare(Place::file("d.yaml")));
}

fn of_url(url: &str) -> Wanted {
    Wanted::Url { url: url.into(), login: None }
}

fn com(id: u64, revision: Option<u64>) -> Wanted {
    Wanted::GrafanaCom { id, revision }
}

fn secret(key: &KeyRef) -> Option<Secret> {
    (key.name == "s").then(|| Secret::new(format!("value-of-{}", key.key)))
}

fn sources<'a>(root: &'a Path, lock: &'a Lock) -> Sources<'a> {
    Sources {
        root,
        map: UrlMap::default(),
        reach: Reach::Network,
        cache: None,
        path: None,
        lock,
        pins: Pins::Kept,
        config_map: &|_| None,
        secret: &secret,
    }
}

/// Gets one content within a time; its text, or why there is none.
async fn got(
    wanted: Wanted,
    fresh_for: Option<Duration>,
    sources: &Sources<'_>,
    ms: u64,
) -> Result<String, String> {
    let mut requests = ContentRequests::default();
    request(&mut requests, wanted.clone(), fresh_for);
    let fetched = fetch_within(
        Bounds { patience: Duration::from_millis(ms), bytes_of_all: LARGEST_OF_ALL },
        &requests,
        sources,
    )
    .await;
    match fetched.contents.get(&wanted) {
        Some(Ok(content)) => Ok(content.text.clone()),
        Some(Err(failure)) => Err(failure.message.clone()),
        None => Err("not asked for".into()),
    }
}

async fn plainly(url: &str) -> Result<String, String> {
    let lock = Lock::default();
    got(of_url(url), None, &sources(Path::new("."), &lock), 20_000).await
}

#[tokio::test]
async fn contents_are_asked_for_once_each_and_have_their_digests() {
    let server = Server::start(|path, _| ok("", format!("\u{feff}{{\"path\": \"{path}\"}}").as_bytes())).await;
    let (lock, mut requests) = (Lock::default(), ContentRequests::default());
    let wanted: Vec<Wanted> = (0..20).map(|i| of_url(&format!("{}/{i}", server.url))).collect();
    for wanted in wanted.iter().chain(&wanted) {
        request(&mut requests, wanted.clone(), None);
    }
    let fetched = fetch(&requests, &sources(Path::new("."), &lock)).await;
    for (i, wanted) in wanted.iter().enumerate() {
        let content = fetched.contents.get(wanted).unwrap().as_ref().unwrap();
        assert_eq!(content.text, format!("{{\"path\": \"/{i}\"}}"));
        assert_eq!(content.digest, Digest::of_bytes(format!("\u{feff}{}", content.text).as_bytes()));
    }
    assert_eq!(server.heads().len(), 20);
}

#[tokio::test]
async fn a_redirect_is_followed_and_never_into_another_network_or_scheme() {
    let server = Server::start(|path, _| match path {
        "/here" => to("there?x=1"),
        "/there?x=1" => ok("", b"{}"),
        "/loop" => to("/loop"),
        "/nowhere" => status("302 Found", ""),
        "/gone" => to("/missing"),
        "/missing" => status("404 Not Found", ""),
        path => to(&path[1..]),
    })
    .await;
    let of = async |path: &str| plainly(&format!("{}/{path}", server.url)).await;
    assert_eq!(of("here").await, Ok("{}".into()));
    server.heads();
    assert_eq!(of("loop").await.unwrap_err(), "was redirected 10 times, and once more");
    assert_eq!(server.heads().len(), 11);
    assert_eq!(of("nowhere").await.unwrap_err(), "answers 302 and says not where it moved");
    assert_eq!(of("gone").await.unwrap_err(), format!("answers 404, redirected to `{}/missing`", server.url));
    server.heads();
    for (location, told) in [
        (
            "http://169.254.169.254/latest/meta-data/",
            "169.254.169.254, an address of this machine or of the network",
        ),
        ("http://[::ffff:a9fe:a9fe]/", "::ffff:169.254.169.254, an address of"),
        ("http://10.0.0.1/", "10.0.0.1, an address of"),
        ("http://[fd00:ec2::254]/", "fd00:ec2::254, an address of"),
        ("file:///etc/passwd", "is redirected to another scheme, `file:`"),
        ("https://example.com/", "is redirected to another scheme, `https:`"),
        ("http://:x", "is redirected to what is not a URL"),
    ] {
        let failed = of(location).await.unwrap_err();
        assert!(failed.contains(told), "{location}: {failed}");
        assert_eq!(server.heads().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn the_addresses_of_clouds_are_not_even_asked_first() {
    for url in ["http://169.254.169.254/latest/", "http://169.254.170.2/", "http://[fe80::1]/"] {
        let failed = plainly(url).await.unwrap_err();
        assert!(failed.starts_with("was not asked for: "), "{failed}");
    }
    assert_eq!(plainly("https://u:p@localhost/").await.unwrap_err(), "holds a user name or a password");
    assert!(plainly("https://").await.unwrap_err().starts_with("is no URL"));
}

#[tokio::test]
async fn what_never_ends_is_cut_off() {
    let endless = Server::start(|path, _| match path {
        "/body" => Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        "/said" => ok("content-length: 99999999999\r\n", b""),
        "/head" => Reply::Trickling(b"HTTP/1.1 200 OK\r\nx: ".to_vec()),
        "/drop" => Reply::Trickling(b"HTTP/1.1 200 OK\r\n\r\n{".to_vec()),
        _ => Reply::Silent(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec()),
    })
    .await;
    assert_eq!(plainly(&format!("{}/body", endless.url)).await.unwrap_err(), "has more than 16 MiB");
    let lock = Lock::default();
    // What comes byte by byte is never idle: the time of the whole counts.
    for path in ["slow", "head", "drop"] {
        let slow = of_url(&format!("{}/{path}", endless.url));
        let failed = got(slow, None, &sources(Path::new("."), &lock), 100).await.unwrap_err();
        assert_eq!(failed, "did not come within 0 s", "{path}");
    }
}

#[tokio::test]
async fn what_is_packed_is_unpacked_as_far_as_it_may_be() {
    let packed = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let (small, bomb) = (packed(b"{}"), packed(&vec![b' '; 4 * LARGEST_CONTENT]));
    let server = Server::start(move |path, _| {
        ok("content-encoding: gzip\r\n", if path == "/small" { &small } else { &bomb })
    })
    .await;
    assert_eq!(plainly(&format!("{}/small", server.url)).await, Ok("{}".into()));
    assert_eq!(plainly(&format!("{}/bomb", server.url)).await.unwrap_err(), "has more than 16 MiB");
}

#[tokio::test]
async fn what_may_pass_is_asked_for_again() {
    let server = Server::start(|path, before| match (path, before) {
        ("/busy", 0) => status("503 Service Unavailable", ""),
        ("/busy", 1) => status("429 Too Many Requests", "retry-after: 0\r\n"),
        ("/busy", 2) => Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec()),
        ("/busy", _) => ok("", b"{}"),
        ("/down", _) => status("500 Internal Server Error", "retry-after: 0\r\n"),
        ("/page", _) => ok("", b"\n<!DOCTYPE html>"),
        ("/bytes", _) => ok("", b"\xff"),
        ("/closed", _) => status("403 Forbidden", ""),
        _ => status("404 Not Found", ""),
    })
    .await;
    let of = async |path: &str| plainly(&format!("{}/{path}", server.url)).await;
    assert_eq!(of("busy").await, Ok("{}".into()));
    assert_eq!(server.heads().len(), 4);
    for (path, told, times) in [
        ("down", "answers 500", 4),
        ("missing", "answers 404", 1),
        ("closed", "answers 403: it is not for everybody", 1),
        ("page", "is a web page", 1),
        ("bytes", "is not UTF-8 text", 1),
    ] {
        assert_eq!(of(path).await.unwrap_err(), told);
        assert_eq!(server.heads().len(), times, "{path}");
    }
}

#[tokio::test]
async fn a_password_is_sent_to_its_own_host_only() {
    let other = Server::start(|_, _| ok("", b"{}")).await;
    let location = format!("{}/x", other.url);
    let server = Server::start(move |path, _| if path == "/x" { to("/y") } else { to(&location) }).await;
    let key = |name: &str, key: &str| KeyRef { namespace: "ops".into(), name: name.into(), key: key.into() };
    let with = |url: &str, name: &str| Wanted::Url {
        url: url.into(),
        login: Some(Login { username: key(name, "u"), password: key(name, "p") }),
    };
    let (root, lock) = (tempfile::tempdir().unwrap(), Lock::default());
    let sources = Sources { cache: Some(root.path().to_owned()), ..sources(root.path(), &lock) };
    let here = format!("{}/x", server.url);
    assert_eq!(got(with(&here, "s"), None, &sources, 20_000).await, Ok("{}".into()));
    let sent = |heads: Vec<String>| heads.iter().filter(|head| head.contains("authorization: Basic ")).count();
    assert_eq!((sent(server.heads()), sent(other.heads())), (2, 0));
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0, "nothing is left lying about");
    let failed = got(with(&here, "unknown"), None, &sources, 20_000).await.unwrap_err();
    assert_eq!(failed, "needs `u` of `ops/unknown`, a Secret that is not known");
    let failed = got(with("http://192.0.2.1/x", "s"), None, &sources, 20_000).await.unwrap_err();
    assert_eq!(failed, "was not asked for: its password would be sent unencrypted");
}

#[tokio::test]
async fn a_copy_is_used_while_it_is_true() {
    let server = Server::start(|path, before| match (path, before) {
        ("/tagged", 1) => status("304 Not Modified", ""),
        ("/tagged", _) => ok("etag: \"1\"\r\n", format!("{{\"n\": {before}}}").as_bytes()),
        ("/kept", _) => ok("last-modified: Thu, 01 Jan 1970 00:01:00 GMT\r\ncache-control: no-store\r\n", b"{}"),
        _ => ok("", format!("{{\"n\": {before}}}").as_bytes()),
    })
    .await;
    let (root, lock) = (tempfile::tempdir().unwrap(), Lock::default());
    let sources = Sources { cache: Some(root.path().join("cache")), ..sources(root.path(), &lock) };
    let hour = Some(Duration::from_secs(3600));
    let of =
        async |path: &str, fresh| got(of_url(&format!("{}/{path}", server.url)), fresh, &sources, 20_000).await;
    let n = |n: usize| Ok(format!("{{\"n\": {n}}}"));
    assert_eq!(of("tagged", None).await, n(0));
    assert_eq!(of("tagged", None).await, n(0));
    assert!(server.heads.lock().unwrap()[1].contains("if-none-match: \"1\""));
    assert_eq!(of("tagged", Some(Duration::ZERO)).await, n(2));
    assert!(!server.heads()[2].contains("if-none-match"));
    // Without anything to compare by, only time says whether it is true.
    assert_eq!(of("plain", None).await, n(0));
    assert_eq!(of("plain", hour).await, n(1));
    assert_eq!(of("plain", hour).await, n(1));
    assert_eq!(of("plain", None).await, n(2));
    server.heads();
    for _ in 0..2 {
        assert_eq!(of("kept", hour).await, Ok("{}".into()));
    }
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_directory_answers_for_a_prefix_and_without_the_network_nothing_else_does() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("x.json"), "{}").unwrap();
    let lock = Lock::default();
    let mut sources = Sources { reach: Reach::Machine, ..sources(root.path(), &lock) };
    sources.map.add("https://host/a", Path::new("."), root.path()).unwrap();
    let of = async |wanted| got(wanted, None, &sources, 20_000).await;
    assert_eq!(of(of_url("https://host/a/x.json")).await, Ok("{}".into()));
    for wanted in [of_url("https://host/b/x.json"), com(1, Some(2)), com(1, None)] {
        assert_eq!(of(wanted).await.unwrap_err(), "not asked for");
    }
    assert!(of(of_url("https://host/a/y.json")).await.unwrap_err().contains("which is not there"));
}

#[tokio::test]
async fn an_open_revision_is_the_pinned_one_and_the_newest_where_none_is() {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("revisions.json", r#"{"items":[{"revision":1},{"revision":2}]}"#),
        ("revisions/1/download", r#"{"title":"one"}"#),
        ("revisions/2/download", r#"{"title":"two"}"#),
    ] {
        let path = root.path().join("api/dashboards/7").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut map = UrlMap::default();
    map.add("https://grafana.com", Path::new("."), root.path()).unwrap();
    let mut requests = ContentRequests::default();
    request(&mut requests, com(7, None), None);
    let of = async |lock: &Lock, pins| {
        let sources = Sources { map: map.clone(), reach: Reach::Machine, pins, ..sources(root.path(), lock) };
        let fetched = fetch(&requests, &sources).await;
        let content = fetched.contents.get(&com(7, None)).unwrap().clone();
        (content.map(|content| content.text).map_err(|failure| failure.message), fetched.pins)
    };
    let lock = |revision, text: &str| {
        let sha256 = Digest::of_bytes(text.as_bytes()).as_str().to_owned();
        Lock([(7, Pin { revision, sha256 })].into())
    };
    let (one, two) = (r#"{"title":"one"}"#, r#"{"title":"two"}"#);
    assert_eq!(of(&Lock::default(), Pins::Kept).await, (Ok(two.into()), lock(2, two)));
    assert_eq!(of(&lock(1, one), Pins::Kept).await, (Ok(one.into()), lock(1, one)));
    assert_eq!(of(&lock(1, one), Pins::Renewed).await, (Ok(two.into()), lock(2, two)));
    let (moved, _) = of(&lock(1, two), Pins::Kept).await;
    assert!(moved.unwrap_err().starts_with("is another one than amgctl.lock pins"));
}

#[tokio::test]
async fn a_program_gets_its_variables_or_is_not_run() {
    let key = KeyRef { namespace: "ops".into(), name: "c".into(), key: "k".into() };
    let program = |variable| Wanted::Jsonnet {
        program: "{}".into(),
        variables: [("X".to_owned(), variable)].into(),
        directory: String::new(),
    };
    let lock = Lock::default();
    let sources = sources(Path::new("."), &lock);
    let failed = got(program(Variable::ConfigMap(key.clone())), None, &sources, 20_000).await.unwrap_err();
    assert_eq!(failed, "needs `k` of `ops/c`, a ConfigMap that the directory does not have");
    let failed = got(program(Variable::Text("x".into())), None, &sources, 20_000).await.unwrap_err();
    assert_eq!(failed, "cannot be evaluated: there is no `jsonnet` on this machine");
    let sources = Sources { reach: Reach::Machine, ..sources };
    let failed = got(program(Variable::Secret(key)), None, &sources, 20_000).await.unwrap_err();
    assert_eq!(failed, "not asked for");
}

#[tokio::test]
async fn all_contents_together_have_a_bound_and_what_comes_after_it_is_not_asked_for() {
    let server = Server::start(|_, _| ok("", &[b'x'; 1000])).await;
    let (lock, mut requests) = (Lock::default(), ContentRequests::default());
    let wanted: Vec<Wanted> = (0..100).map(|i| of_url(&format!("{}/{i:02}", server.url))).collect();
    for wanted in &wanted {
        request(&mut requests, wanted.clone(), None);
    }
    let bounds = Bounds { patience: Duration::from_secs(20), bytes_of_all: 5000 };
    let fetched = fetch_within(bounds, &requests, &sources(Path::new("."), &lock)).await;
    let (had, refused): (Vec<_>, Vec<_>) =
        wanted.iter().map(|wanted| fetched.contents.get(wanted).unwrap()).partition(|content| content.is_ok());
    assert_eq!(had.len(), 5);
    for failure in refused {
        let failure = failure.as_ref().unwrap_err();
        assert_eq!(failure.message, "is one too many: all contents of a run have 5000 bytes at most");
    }
    // Those that were under way when it was reached, and no more.
    assert!(server.heads().len() <= 5 + 1 + AT_ONCE, "{}", server.heads().len());
}
