//! A proxy on its own with the real engine and one list, for measuring beside other proxies:
//! `serve PORT LIST [DNS-SERVER]`. Every site in the list (a name a line) is blocked for everyone.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a tool for measuring"
)]

use std::sync::Arc;

use engine::catalogue::Category;
use engine::{
    Activity, ActivitySink, Catalogue, Current, FilterPolicy, LiveDocument, PolicyDocument, Sealed,
};
use front_proxy::{Config, Opening};
use kit::Clock;
use lists::{Format, IndexBuilder, ListHead, ListIndex, Seed};

const POLICY: &str = "form = 1\ntitle = \"Measuring\"\nversion = 1\n\n[[use]]\nid = \"listed\"\nactivity = \"Listed\"\n\
categories = [\"listed\"]\n[use.cells]\neveryone = \"not-allowed\"\n";

struct Counted;
impl ActivitySink for Counted {
    fn record(&self, activity: &Activity<'_>) {
        std::hint::black_box(activity);
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (port, list) = (&args[1], &args[2]);
    let mut builder = IndexBuilder::new(Seed([3; 16]));
    let head = ListHead {
        id: "listed".into(),
        name: "Listed".into(),
        categories: vec!["listed".into()],
        ..ListHead::default()
    };
    let mut writer = builder.list(head).unwrap();
    lists::read(&std::fs::read(list).unwrap(), Format::Domains, &mut writer);
    let index = Arc::new(ListIndex::open(Arc::new(builder.build().unwrap())).unwrap());
    let listed = Category { id: "listed".into(), name: "Listed".into(), ..Category::default() };
    let catalogue = Catalogue { categories: vec![listed], ..Catalogue::default() };
    let document = PolicyDocument::parse(POLICY).unwrap();
    let policy =
        FilterPolicy::compile(&document, &Arc::new(catalogue), index, &Arc::new(Sealed::never_configured()))
            .unwrap();
    let (current, _) = Current::new(policy, &LiveDocument::default());
    let config = Config {
        listen: vec![format!("127.0.0.1:{port}").parse().unwrap()],
        threads: 1,
        upstreams: vec![args.get(3).map_or("127.0.0.1:53", |server| server).parse().unwrap()],
        connect_ports: (1..=u16::MAX).collect(),
        web_ports: (1..=u16::MAX).collect(),
        allow_private: vec![Opening { network: "127.0.0.0/8".parse().unwrap(), ports: Vec::new() }],
        portal: "http://portal.school.example".into(),
        ..Config::default()
    };
    let running = front_proxy::start(config, Arc::new(current), Arc::new(Counted), Clock::System).unwrap();
    println!("{:?}", running.addresses());
    loop {
        std::thread::park();
    }
}
