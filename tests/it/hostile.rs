//! What answers is no Grafana, or one that answers badly: one clear message, the right exit status, few requests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::{Does, Proxy, Ran, World, dashboard, every, on, prometheus};
use amgctl::sandbox::Version;

/// A server that gives every request one answer, byte for byte, and closes the connection.
struct Fake {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Fake {
    /// Answers with a head and a body, the body repeated so many times.
    fn saying(head: &'static str, body: &'static str, times: usize) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let count = Arc::clone(&count);
                std::thread::spawn(move || drop(answer(stream, &count, head, body, times)));
            }
        });
        Fake { url, requests }
    }

    /// Runs a command against it; claims the status, and that there is one message, said in few requests.
    #[track_caller]
    fn meets(&self, arguments: &str, code: i32, told: &str, most: usize) -> Ran {
        let world = World::new(Version::V12_4);
        world.json("home.json", &dashboard("home", "Home"));
        let mut command = world.command(arguments);
        command.env("AMGCTL_URL", &self.url);
        let ran = world.run(arguments, command);
        ran.exits(code).says(told);
        assert_eq!(ran.err.matches("error:").count(), 1, "wanted one message\n{ran}");
        let requests = self.requests.load(Ordering::SeqCst);
        assert!(requests <= most, "{requests} requests, not {most}\n{ran}");
        ran
    }
}

fn answer(mut stream: TcpStream, count: &AtomicUsize, head: &str, body: &str, times: usize) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.windows(4).any(|w| w == b"\r\n\r\n") {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            n => request.extend_from_slice(&piece[..n]),
        }
    }
    count.fetch_add(1, Ordering::SeqCst);
    stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes())?;
    for _ in 0..times {
        stream.write_all(body.as_bytes())?;
    }
    stream.shutdown(std::net::Shutdown::Write)
}

const COMMANDS: [&str; 3] = ["plan stack", "apply stack -auto-approve", "destroy stack -auto-approve"];

#[test]
fn a_web_page_is_no_grafana() {
    for command in COMMANDS {
        let fake = Fake::saying("200 OK\r\nContent-Type: text/html", "<html>Welcome</html>", 1);
        fake.meets(command, 1, "this does not look like the address of a Grafana", 1)
            .says("a web page instead of JSON");
    }
}

#[test]
fn a_login_page_is_no_grafana() {
    for command in COMMANDS {
        let fake = Fake::saying("302 Found\r\nLocation: https://login.example/sso\r\nContent-Length: 0", "", 1);
        fake.meets(command, 1, "redirects to `https://login.example/sso`", 1);
    }
}

#[test]
fn an_answer_that_ends_in_the_middle_is_asked_for_again_and_then_told() {
    let whole = "200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000";
    Fake::saying(whole, "{\"dashboards:read\":[", 1).meets("plan stack", 1, "the workspace's answer was lost", 5);
    let short = "200 OK\r\nContent-Type: application/json";
    Fake::saying(short, "{\"dashboards:read\":[", 1).meets("plan stack", 1, "is not JSON", 5);
}

#[test]
fn an_answer_of_another_type_is_told() {
    let fake = Fake::saying("200 OK\r\nContent-Type: text/plain", "pong", 1);
    fake.meets("plan stack", 1, "is not JSON", 5);
}

#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    const BLANKS: &str = match std::str::from_utf8(&[b' '; 1 << 16]) {
        Ok(blanks) => blanks,
        Err(_) => "",
    };
    let head = "200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000000000";
    Fake::saying(head, BLANKS, 6_000)
        .meets("plan stack", 1, "the workspace's answer is too large", 1)
        .says("hint: see what answers at that address");
}

#[test]
fn a_refused_token_costs_one_request() {
    for command in COMMANDS {
        let head = "401 Unauthorized\r\nContent-Type: application/json";
        let fake = Fake::saying(head, "{\"message\":\"Invalid API key\"}", 1);
        fake.meets(command, 6, "Grafana refused the token (401, Invalid API key)", 1);
    }
}

#[test]
fn an_empty_refusal_is_told_as_one() {
    for command in COMMANDS {
        let fake = Fake::saying("403 Forbidden\r\nContent-Length: 0", "", 1);
        fake.meets(command, 6, "something before the workspace refused this machine: 403", 1);
    }
}

#[test]
fn nobody_listens_there() {
    let world = World::new(Version::V12_4);
    let mut command = world.command("plan stack");
    command.env("AMGCTL_URL", "http://127.0.0.1:9");
    world.run("plan stack", command).exits(1).says("the workspace could not be reached");
}

/// A stack of some objects of every kind.
fn stack(world: &World) {
    world.write("amgctl.yaml", "stack: demo\n");
    for n in 0..12 {
        let board = dashboard(&format!("d{n}"), &format!("Dashboard {n}"));
        world.json(&format!("F{}/d{n}.json", n % 3), &board);
    }
    world.json("prom.json", &prometheus("prom", "Prom"));
}

/// Runs an apply through a proxy.
fn through(world: &World, proxy: &Proxy) -> Ran {
    let mut command = world.command("apply stack -auto-approve -parallelism 4");
    command.env("AMGCTL_URL", &proxy.url);
    world.run("apply stack -auto-approve -parallelism 4", command)
}

#[test]
fn a_token_that_runs_out_in_the_middle_costs_what_was_in_flight_and_one_message() {
    every(|world| {
        stack(world);
        for after in [1, 2, 4, 6, 9, 13] {
            let (refused, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
            let (counts, out) = (Arc::clone(&refused), Arc::clone(&told));
            let proxy = Proxy::before(&world.sandbox.running().url, move |request| {
                if request.is_write() && request.write > after {
                    out.store(true, Ordering::SeqCst);
                }
                if !out.load(Ordering::SeqCst) {
                    return Does::Pass;
                }
                counts.fetch_add(1, Ordering::SeqCst);
                Does::Answer(401, "application/json", r#"{"message":"Expired API key"}"#.into(), None)
            });
            let ran = through(world, &proxy);
            if !told.load(Ordering::SeqCst) {
                continue;
            }
            ran.exits(6).says("Grafana refused the token in the middle of the run (401, Expired API key)");
            assert_eq!(ran.err.matches("error:").count(), 1, "wanted one message\n{ran}");
            // Four writes and as many reads may be in flight when the first is refused; then one read asks whether that
            // is true, and nothing else is sent.
            let sent = refused.load(Ordering::SeqCst);
            assert!(sent <= 8 + 1, "{sent} requests were refused after {after} writes\n{ran}");
        }
        world.apply().exits(0);
        world.is_settled();
    });
}

#[test]
fn after_the_first_refusal_arrived_at_most_three_more_requests_are_sent() {
    const REFUSED: &str = r#"{"message":"Expired API key"}"#;
    every(|world| {
        stack(world);
        let (refusing, after) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (arrived, sent) = (Arc::clone(&refusing), Arc::clone(&after));
        let proxy = Proxy::before(&world.sandbox.running().url, move |request| {
            if arrived.load(Ordering::SeqCst) {
                sent.fetch_add(1, Ordering::SeqCst);
                return Does::Answer(401, "application/json", REFUSED.into(), None);
            }
            if request.saves_an_object() { Does::HoldAnswer(401, "application/json", REFUSED) } else { Does::Pass }
        });
        let child = world.begin_at(&proxy, "apply stack -auto-approve -parallelism 4");
        // All that may be in flight at once is there and waits, so what comes from now on was sent after a refusal.
        for _ in 0..4 {
            proxy.holds();
        }
        refusing.store(true, Ordering::SeqCst);
        proxy.release();
        let ran = child.ends();
        ran.exits(6).says("Grafana refused the token in the middle of the run (401, Expired API key)");
        assert_eq!(ran.err.matches("error:").count(), 1, "wanted one message\n{ran}");
        let sent = after.load(Ordering::SeqCst);
        assert!((1..=3).contains(&sent), "{sent} requests were sent after the first refusal arrived\n{ran}");
        world.apply().exits(0);
        world.is_settled();
    });
}

#[test]
fn a_refusal_that_is_not_true_stops_nothing() {
    every(|world| {
        stack(world);
        let proxy = Proxy::before(&world.sandbox.running().url, |request| match request.write {
            3 | 6 if request.is_write() => {
                Does::Answer(401, "application/json", r#"{"message":"Unauthorized"}"#.into(), None)
            }
            5 | 8 if request.is_write() => Does::Answer(403, "text/plain", String::new(), None),
            _ => Does::Pass,
        });
        through(world, &proxy).exits(0).says("16 added, 0 changed, 0 destroyed");
        world.is_settled();
    });
}

#[test]
fn an_empty_refusal_of_one_object_is_told_and_the_others_go_on() {
    on(Version::V12_4, |world| {
        stack(world);
        let proxy = Proxy::before(&world.sandbox.running().url, |request| {
            match request.is_write() && request.path == "/api/datasources" {
                true => Does::Answer(403, "text/plain", String::new(), None),
                false => Does::Pass,
            }
        });
        let ran = through(world, &proxy);
        ran.exits(5).says("15 added, 0 changed, 0 destroyed; 1 failed").says("datasource.prom").says("(403)");
        world.apply().exits(0).says("1 added");
    });
}
