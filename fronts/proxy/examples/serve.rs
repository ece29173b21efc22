//! A proxy on its own, for measuring: `serve PORT LIST [UPSTREAM]`.
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use engine::{
    Activity, ActivitySink, Decider, Decision, Fact, Host, Identity, Obligations, Reason, Request, RuleRef,
    Saying, Step, Verdict,
};
use front_proxy::{Config, Opening};
use kit::{Clock, Timestamp};

struct Listed(HashSet<String>);
impl Decider for Listed {
    fn identify(&self, _: IpAddr) -> Identity {
        Identity::default()
    }
    fn decide(&self, request: &Request<'_>, _: Timestamp) -> Decision {
        let listed = match request.host {
            Host::Name(name) => {
                let mut rest = name.as_str();
                loop {
                    if self.0.contains(rest) {
                        break true;
                    }
                    match rest.split_once('.') {
                        Some((_, up)) => rest = up,
                        None => break false,
                    }
                }
            }
            Host::Address(_) => false,
        };
        Decision {
            verdict: if listed { Verdict::Block } else { Verdict::Allow },
            reason: Reason {
                step: Step::PermittedUse,
                rule: RuleRef(0),
                fact: Fact::Host,
                category: None,
                list: None,
                group: None,
                beside: None,
            },
            obligations: Obligations::default(),
        }
    }
    fn say(&self, _: &Decision) -> Saying {
        Saying { reason: "It is on a list.".into(), category: None, may_ask: true, offer_help: false }
    }
    fn generation(&self, _: Timestamp) -> u64 {
        1
    }
}
struct Nowhere;
impl ActivitySink for Nowhere {
    fn record(&self, _: &Activity<'_>) {}
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let list = std::fs::read_to_string(&args[2]).unwrap_or_default().lines().map(str::to_owned).collect();
    let config = Config {
        listen: vec![format!("127.0.0.1:{}", args[1]).parse().unwrap()],
        threads: 1,
        upstreams: vec![args.get(3).map_or("127.0.0.1:53", |up| up).parse().unwrap()],
        connect_ports: (1..=65535).collect(),
        allow_private: vec![Opening { network: "127.0.0.0/8".parse().unwrap(), ports: vec![] }],
        portal: "http://portal.school.example".into(),
        ..Config::default()
    };
    let running =
        front_proxy::start(config, Arc::new(Listed(list)), Arc::new(Nowhere), Clock::System).unwrap();
    println!("{:?}", running.addresses());
    loop {
        std::thread::park();
    }
}
