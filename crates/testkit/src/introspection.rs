//! The OAuth side of XOAUTH2 and OAUTHBEARER: answers Dovecot's introspection requests (RFC 7662)
//! from a fixed list of tokens. Not an authorization server.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// Starts the endpoint on a free loopback port and returns the port. `tokens` maps bearer to user name.
pub fn start(tokens: BTreeMap<String, String>) -> io::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let tokens = Arc::new(tokens);
    thread::Builder::new().name("introspection".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let tokens = Arc::clone(&tokens);
            let _ = thread::Builder::new().spawn(move || answer(&stream, &tokens));
        }
    })?;
    Ok(port)
}

fn answer(stream: &TcpStream, tokens: &BTreeMap<String, String>) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<u64>().unwrap_or(0).min(65_536);
            }
        }
        let mut form = String::new();
        (&mut lines).take(length).read_to_string(&mut form)?;
        let token = form.split('&').find_map(|field| field.strip_prefix("token=")).map(decode);
        let json = match token.and_then(|token| tokens.get(&token)) {
            Some(user) => serde_json::json!({ "active": true, "username": user }),
            None => serde_json::json!({ "active": false }),
        }
        .to_string();
        write!(
            out,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
            json.len()
        )?;
    }
}

/// Undoes the percent-encoding of a form field.
fn decode(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let text = String::from_utf8_lossy(&digits).into_owned();
                bytes.push(u8::from_str_radix(&text, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
