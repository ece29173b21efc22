//! Service bindings (RFC 9460): what a device may learn of them.

use front_dns::wire::answer;
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::svcb::{Alpn, EchConfigList, IpHint, Mandatory, SvcParamKey, SvcParamValue};
use hickory_proto::rr::rdata::{A, HTTPS, SVCB};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::ground::{HERE, question, question_end, read, record, respond};

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn binding(priority: u16, with_ech: bool, insists: bool) -> RData {
    let keys = if insists { vec![SvcParamKey::Alpn, SvcParamKey::EchConfigList] } else { Vec::new() };
    speaking(priority, &["http/1.1", "h2"], keys, false, with_ech)
}

/// A binding that offers those protocols, and insists on those keys.
fn speaking(
    priority: u16,
    protocols: &[&str],
    insists: Vec<SvcParamKey>,
    only_these: bool,
    with_ech: bool,
) -> RData {
    let mut parameters = Vec::new();
    if !insists.is_empty() {
        parameters.push((SvcParamKey::Mandatory, SvcParamValue::Mandatory(Mandatory(insists))));
    }
    let alpn = Alpn(protocols.iter().map(|protocol| (*protocol).to_owned()).collect());
    parameters.push((SvcParamKey::Alpn, SvcParamValue::Alpn(alpn)));
    if only_these {
        parameters.push((SvcParamKey::NoDefaultAlpn, SvcParamValue::NoDefaultAlpn));
    }
    let hint = IpHint(vec![A([192, 0, 2, 7].into())]);
    parameters.push((SvcParamKey::Ipv4Hint, SvcParamValue::Ipv4Hint(hint)));
    if with_ech {
        let keys = EchConfigList(vec![0, 4, 0xfe, 0x0d, 0, 0]);
        parameters.push((SvcParamKey::EchConfigList, SvcParamValue::EchConfigList(keys)));
    }
    RData::HTTPS(HTTPS(SVCB::new(priority, name("svc.example.org."), parameters)))
}

/// What is kept of an answer with those bindings.
fn kept(bindings: Vec<RData>) -> (answer::Answer, Message) {
    let mut message = Message::new(1, MessageType::Response, OpCode::Query);
    message.metadata.authentic_data = true;
    message.add_query(Query::query(name("www.example.org."), RecordType::HTTPS));
    for binding in bindings {
        message.add_answer(Record::from_rdata(name("www.example.org."), 300, binding));
    }
    let bytes = message.to_vec().unwrap();
    let kept = answer::read(&bytes, 12 + 17 + 4, true).unwrap();
    let message = read(&kept.image);
    (kept, message)
}

fn keys(data: &RData) -> Vec<SvcParamKey> {
    match data {
        RData::HTTPS(HTTPS(binding)) => binding.svc_params.iter().map(|(key, _)| *key).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rfc9848_keys_by_which_a_device_hides_a_host_are_taken_out_and_the_rest_stays() {
    let (answer, message) = kept(vec![binding(1, true, false), binding(2, false, false)]);
    assert_eq!(message.answers.len(), 2);
    for record in &message.answers {
        assert_eq!(keys(&record.data), [SvcParamKey::Alpn, SvcParamKey::Ipv4Hint]);
    }
    // What is left is not what was signed.
    assert!(!message.metadata.authentic_data);
    assert_eq!((answer.life_s, answer.lives_at.len()), (300, 2));
    // Its facts are judged as ever.
    assert_eq!(answer.addresses, ["192.0.2.7".parse::<std::net::IpAddr>().unwrap(); 2]);
    assert_eq!(answer.chain.len(), 1);
    // Where there are no such keys, nothing is touched.
    let (_, message) = kept(vec![binding(1, false, false)]);
    assert!(message.metadata.authentic_data);
}

#[test]
fn rfc9460_8_a_binding_of_no_use_without_them_goes_whole() {
    let (_, message) = kept(vec![binding(1, true, true), binding(2, true, false)]);
    assert_eq!(message.answers.len(), 1);
    assert_eq!(keys(&message.answers[0].data), [SvcParamKey::Alpn, SvcParamKey::Ipv4Hint]);
    // With none left there is no data, and the name still exists.
    let (answer, message) = kept(vec![binding(1, true, true)]);
    assert!(message.answers.is_empty());
    assert_eq!(message.metadata.response_code, hickory_proto::op::ResponseCode::NoError);
    assert_eq!(answer.life_s, 0);
}

/// The protocols that a binding offers.
fn protocols(data: &RData) -> Vec<String> {
    let RData::HTTPS(HTTPS(binding)) = data else { panic!("{data:?}") };
    let alpn = binding.svc_params.iter().find_map(|(_, value)| match value {
        SvcParamValue::Alpn(alpn) => Some(alpn.0.clone()),
        _ => None,
    });
    alpn.unwrap_or_default()
}

#[test]
fn rfc9460_7_1_an_offer_of_http3_is_taken_out_and_the_rest_stays() {
    for (offered, left) in [
        (&["h3", "h2"][..], &["h2"][..]),
        (&["h2", "h3", "h3-29", "http/1.1"], &["h2", "http/1.1"]),
        // None left is the usual one.
        (&["h3"], &[]),
        (&["h2", "h33", "xh3"], &["h2", "h33", "xh3"]),
    ] {
        let (answer, message) = kept(vec![speaking(1, offered, Vec::new(), false, false)]);
        assert_eq!(protocols(&message.answers[0].data), left, "{offered:?}");
        assert_eq!(message.metadata.authentic_data, offered == left, "{offered:?}");
        assert_eq!((answer.life_s, answer.lives_at.len(), answer.addresses.len()), (300, 1, 1));
    }
}

#[test]
fn rfc9460_8_a_binding_of_no_use_without_http3_goes_whole() {
    for (offered, insists, only_these, stays) in [
        (&["h3"][..], vec![SvcParamKey::Alpn], false, false),
        (&["h3"], vec![], true, false),
        (&["h3", "h2"], vec![SvcParamKey::Alpn], true, true),
        (&["h3"], vec![SvcParamKey::Ipv4Hint], false, true),
    ] {
        let (answer, message) = kept(vec![speaking(1, offered, insists, only_these, false)]);
        assert_eq!(message.answers.len(), usize::from(stays), "{offered:?} {only_these}");
        // What is left out leads nowhere.
        assert_eq!((answer.chain.len(), answer.addresses.len()), (usize::from(stays), usize::from(stays)));
    }
}

#[test]
fn rfc9460_2_2_a_binding_whose_keys_are_out_of_order_or_twice_is_left_out() {
    let alpn: &[u8] = &[0, 1, 0, 3, 2, b'h', b'2'];
    let hint: &[u8] = &[0, 4, 0, 4, 192, 0, 2, 7];
    let port: &[u8] = &[0, 3, 0, 2, 1, 187];
    for (parameters, stays) in [
        (&[alpn, port, hint][..], true),
        (&[hint, alpn], false),
        (&[alpn, hint, port], false),
        (&[alpn, alpn], false),
        // Only these protocols, and none.
        (&[&[0, 1, 0, 0], &[0, 2, 0, 0]], false),
    ] {
        let good = [&[0, 1, 0][..], alpn].concat();
        let odd = [&[0, 2, 0][..], &parameters.concat()].concat();
        let asked = question("www.example.org", 65);
        let message = respond(&asked, 0, &[record(HERE, 65, 300, &good), record(HERE, 65, 300, &odd)]);
        let kept = answer::read(&message, question_end(&message), true).unwrap();
        assert_eq!(read(&kept.image).answers.len(), 1 + usize::from(stays), "{parameters:?}");
    }
}
