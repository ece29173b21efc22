//! Traffic for measurements. Every command works on 127.0.0.1 alone and prints one line of `key=value`.

mod batch;
mod dns;
mod names;
mod reflect;
mod tunnel;

use std::process::ExitCode;

const HELP: &str = "fivebar-load names FOLDER COUNT          lists and a stream of queries, always the same
fivebar-load echo PORT                   sends every datagram back: the limit of this machine
fivebar-load upstream PORT               answers every question at once, as a resolver would
fivebar-load dns PORT STREAM closed WINDOW SECONDS [SKIP]    as many queries as the server takes
fivebar-load dns PORT STREAM open RATE SECONDS [SKIP]        a steady rate, whatever the server does
fivebar-load tunnels PROXY-PORT HOST:PORT CLIENTS SECONDS    CONNECT, one small GET, close, again";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("fivebar-load: {problem}\n{HELP}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), String> {
    match *words {
        ["names", folder, count] => names::write(folder, number(count)?).map_err(|error| error.to_string()),
        ["echo", port] => reflect::echo(number(port)?),
        ["upstream", port] => reflect::upstream(number(port)?),
        ["dns", port, stream, mode, value, seconds, ref rest @ ..] => {
            let skip = rest.first().map_or(Ok(0), |skip| number(skip))?;
            let pace = match mode {
                "closed" => dns::Pace::Closed { window: number(value)? },
                "open" => dns::Pace::Open { rate: number(value)? },
                other => return Err(format!("'{other}' is neither closed nor open")),
            };
            let stream = dns::Stream::read(stream, skip).map_err(|error| format!("{stream}: {error}"))?;
            println!("{}", dns::load(number(port)?, &stream, pace, number(seconds)?)?);
            Ok(())
        }
        ["tunnels", proxy, origin, clients, seconds] => {
            println!("{}", tunnel::load(number(proxy)?, origin, number(clients)?, number(seconds)?));
            Ok(())
        }
        _ => Err("the command was not understood".to_owned()),
    }
}

fn number<T: std::str::FromStr>(word: &str) -> Result<T, String> {
    word.parse().map_err(|_| format!("'{word}' is no number that fits here"))
}
