//! Service bindings (RFC 9460): what a device may learn of them.

use front_dns::wire::answer;
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::rdata::svcb::{Alpn, EchConfigList, IpHint, Mandatory, SvcParamKey, SvcParamValue};
use hickory_proto::rr::rdata::{A, HTTPS, SVCB};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::ground::read;

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn binding(priority: u16, with_ech: bool, insists: bool) -> RData {
    let mut parameters = Vec::new();
    if insists {
        let keys = vec![SvcParamKey::Alpn, SvcParamKey::EchConfigList];
        parameters.push((SvcParamKey::Mandatory, SvcParamValue::Mandatory(Mandatory(keys))));
    }
    let alpn = Alpn(vec!["h3".to_owned(), "h2".to_owned()]);
    parameters.push((SvcParamKey::Alpn, SvcParamValue::Alpn(alpn)));
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
