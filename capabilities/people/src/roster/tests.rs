//! Every form, and everything that can be wrong with one.

use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use zip::write::SimpleFileOptions;

use super::*;

fn read(files: &[(&str, &str)]) -> Result<Roster, Vec<String>> {
    read_with(files, &Options::default())
}

fn read_with(files: &[(&str, &str)], options: &Options) -> Result<Roster, Vec<String>> {
    let said = |complaints: Vec<Complaint>| complaints.iter().map(ToString::to_string).collect();
    Roster::read(&Files::of_texts(files), options).map_err(said)
}

fn year(number: i64) -> Option<YearGroup> {
    YearGroup::of_number(number)
}

const MANIFEST_11: &str = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.1\nfile.users,bulk\nfile.classes,bulk\nfile.enrollments,bulk\nfile.demographics,bulk\nfile.results,absent\n";
const USERS_11: &str = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n\
    p1,,,true,s1,student,ada,,Ada,Example,,,,,,g1,07,secret\n\
    p2,,,true,s1,student,bo,,Bo,Example,,,,,,,KG,\n\
    t1,,,true,s1,teacher,cy,,Cy,Example,,,,,,,,\n\
    g1,,,false,s1,guardian,di,,Di,Example,,,,,,p1,,\n";
const CLASSES_11: &str = "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n\
    c1,,,7B Maths,07,k,,scheduled,Room 3,s1,t,,,\n";
const ENROLMENTS_11: &str = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n\
    e1,,,c1,s1,p1,student,,,\ne2,,,c1,s1,t1,teacher,true,,\n";
const BORN_11: &str = "sourcedId,status,dateLastModified,birthDate\np1,,,2015-03-02\n";

fn oneroster_11() -> Vec<(&'static str, &'static str)> {
    vec![
        ("manifest.csv", MANIFEST_11),
        ("users.csv", USERS_11),
        ("classes.csv", CLASSES_11),
        ("enrollments.csv", ENROLMENTS_11),
        ("demographics.csv", BORN_11),
    ]
}

#[test]
fn oneroster_1_1_tells_people_classes_and_family() {
    let roster = read(&oneroster_11()).unwrap();
    assert_eq!(roster.shape, Shape::OneRoster11);
    let ada = &roster.people["p1"];
    assert_eq!((ada.name.as_str(), ada.kind, ada.year), ("Ada Example", Some(Kind::Pupil), year(7)));
    assert_eq!(ada.born_on.as_deref(), Some("2015-03-02"));
    assert_eq!(roster.people["p2"].year, year(0));
    assert_eq!((roster.people["t1"].kind, roster.people["g1"].kind), (Some(Kind::Staff), Some(Kind::Parent)));
    let class = &roster.classes.as_ref().unwrap()["c1"];
    assert_eq!(
        (class.name.as_str(), class.room.as_deref(), class.year),
        ("7B Maths", Some("Room 3"), year(7))
    );
    assert!(class.teachers.contains("t1") && class.pupils.contains("p1") && class.pupils.len() == 1);
    assert!(roster.relations.as_ref().unwrap().contains_key(&("p1".to_owned(), "g1".to_owned())));
    assert_eq!(roster.complaints.len(), 1, "one is not enabled: {:?}", roster.complaints);
    let written = serde_json::to_string(&roster.complaints).unwrap();
    assert!(!written.contains("secret") && !written.contains("Example"), "{written}");
}

#[test]
fn oneroster_1_2_has_roles_with_days_in_a_file_of_their_own() {
    let manifest = "propertyName,value\noneroster.version,1.2\nfile.users,Bulk\nfile.roles,bulk\n";
    let users = "sourcedId,status,enabledUser,username,givenName,familyName,grades,preferredGivenName,password\n\
        p1,,true,ada,Adelaide,Example,9,Ada,\nt1,,true,cy,Cy,Example,,,\nx1,,true,ex,Ex,Example,,,\nz1,,true,ze,Ze,Example,,,\n";
    let roles = "sourcedId,status,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId\n\
        r1,,p1,primary,student,2026-09-01,2027-07-21,s1\n\
        r2,,t1,secondary,aide,,,s1\nr3,,t1,primary,teacher,2020-01-06,,s1\n\
        r4,tobedeleted,x1,primary,student,,,s1\nr5,,z1,primary,wizard,,,s1\n";
    let files = [("manifest.csv", manifest), ("users.csv", users), ("roles.csv", roles)];
    let roster = read(&files).unwrap();
    assert_eq!(roster.shape, Shape::OneRoster12);
    let ada = &roster.people["p1"];
    assert_eq!(
        (ada.name.as_str(), ada.first_on.as_deref(), ada.last_on.as_deref()),
        ("Ada Example", Some("2026-09-01"), Some("2027-07-21"))
    );
    assert_eq!(roster.people["t1"].first_on.as_deref(), Some("2020-01-06"), "the primary role");
    assert!(!roster.people.contains_key("x1") && !roster.people.contains_key("z1"));
    assert!(roster.unread.contains("z1"), "whose role nobody knows stays as they are");
    assert_eq!(roster.complaints.iter().map(|one| one.line).collect::<Vec<_>>(), [6]);
    let other = Options { school: Some("s2".to_owned()), ..Options::default() };
    assert!(read_with(&files, &other).unwrap().people.is_empty());
}

#[test]
fn what_is_not_whole_is_refused_before_anybody_would_leave() {
    let delta = MANIFEST_11.replace("users,bulk", "users,delta");
    let cases: [(Vec<(&str, &str)>, &str); 7] = [
        (
            vec![("manifest.csv", &delta), ("classes.csv", "sourcedId,title\n")],
            "users.csv: the manifest names this file",
        ),
        (
            vec![("manifest.csv", MANIFEST_11), ("users.csv", USERS_11)],
            "classes.csv: the manifest names this file",
        ),
        (
            vec![("manifest.csv", "propertyName,value\noneroster.version,3.0\n"), ("users.csv", USERS_11)],
            "not one that is known",
        ),
        (vec![("users.csv", USERS_11)], "manifest.csv is missing"),
        (vec![("student.csv", "SIS ID,Username\n1,a\n")], "teacher.csv: the file is missing"),
        (vec![("users.csv", "sourcedId,username\n1,a\n")], "the column orgSourcedIds is missing"),
        (vec![("a.csv", "a\n1\n"), ("b.csv", "b\n1\n")], "no form that is known"),
    ];
    for (files, says) in cases {
        let said = read(&files).unwrap_err().join("; ");
        assert!(said.contains(says), "{says}: {said}");
    }
}

#[test]
fn a_bad_row_is_named_by_its_line_and_nobody_is_lost_by_it() {
    let users = "sourcedId,orgSourcedIds,givenName,familyName,username,password,role,grade\n\
        1,s,Ada,Example,ada,,Student,6\n\
        2,s,Bo,Example,bo,,wizard,6\n\
        3,s,=cmd(),Example,cy,,Student,6\n\
        4,s,Di,Example,di,,Student,99\n\
        1,s,Eve,Example,eve,,Student,6\n\
        5,s,Fay,Example,fay,,Student\n\
        ,s,Gus,Example,gus,,Student,6\n\
        6,s,\"Hal\nHal\",Example,hal,,Student,6\n";
    let roster = read(&[("users.csv", users)]).unwrap();
    assert_eq!(roster.people.keys().collect::<Vec<_>>(), ["1"]);
    assert_eq!(roster.unread.iter().collect::<Vec<_>>(), ["1", "2", "3", "4", "5", "6"]);
    let lines: Vec<u64> = roster.complaints.iter().map(|one| one.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8, 9], "{:?}", roster.complaints);
    let said = roster.complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for (word, times) in [
        ("formula", 1),
        ("no kind", 1),
        ("no year", 1),
        ("already", 1),
        ("more or fewer", 1),
        ("empty", 1),
        ("quotation", 1),
    ] {
        assert_eq!(said.matches(word).count(), times, "{word}: {said}");
    }
    for personal in ["Bo", "cmd", "Hal", "Eve"] {
        assert!(!said.contains(personal), "{personal}: {said}");
    }
}

#[test]
fn school_data_sync_v1_in_both_forms_and_with_guardians() {
    let uk = [
        (
            "student.csv",
            "ID,School DfE Number,First Name,Last Name,Username,Grade,Status,Birthdate\n1,9,Ada,Example,ada,7,Active,13/02/2014\n2,9,Bo,Example,bo,8,Inactive,01/02/2013\n",
        ),
        ("teacher.csv", "ID,School DfE Number,Username\n5,9,cy\n"),
        ("section.csv", "ID,School DfE Number,Section Name\n70,9,7B\n"),
        ("studentenrollment.csv", "Section ID,ID\n70,1\n70,2\n71,1\n"),
        ("teacherroster.csv", "Section ID,ID\n70,5\n"),
        ("user.csv", "Email,First Name,Last Name,Phone,SIS ID\nDi@home.example,Di,Example,,\n"),
        ("guardianrelationship.csv", "SIS ID,Email,Role\n1,di@home.example,Guardian\n2,di@home.example,\n"),
    ];
    let roster = read(&uk).unwrap();
    assert_eq!(roster.people.keys().collect::<Vec<_>>(), ["1", "5", "di@home.example"]);
    assert_eq!(roster.people["1"].born_on.as_deref(), Some("2014-02-13"));
    assert_eq!(roster.people["5"].name, "cy", "where no name is told, what they sign in by");
    let class = &roster.classes.as_ref().unwrap()["70"];
    assert_eq!((class.pupils.len(), class.teachers.len()), (1, 1));
    let relations = roster.relations.as_ref().unwrap();
    assert_eq!(relations.len(), 1, "who is not on the roll has no family there");
    assert_eq!(relations[&("1".to_owned(), "di@home.example".to_owned())].relation, "guardian");
    assert_eq!(roster.complaints.len(), 2, "of who is not active, and of no class: {:?}", roster.complaints);
}

#[test]
fn a_table_is_read_by_its_header_or_as_it_is_said() {
    let text = "\u{feff}Adno;Surname;Forename;Year;Reg;DOB;Shoe size\n\
        101;Example;Ada;Year 7;7B;13/02/2015;4\n102;Example;Bo;R;RE;;2\n";
    let pupils = Options { kind: Some(Kind::Pupil), ..Options::default() };
    let roster = read_with(&[("export.csv", text)], &pupils).unwrap();
    assert_eq!(roster.columns.unused, ["Shoe size"]);
    assert_eq!(roster.columns.read["born"], "DOB");
    let ada = &roster.people["101"];
    assert_eq!(
        (ada.name.as_str(), ada.year, ada.born_on.as_deref()),
        ("Ada Example", year(7), Some("2015-02-13"))
    );
    assert!(roster.classes.as_ref().unwrap()["7b"].pupils.contains("101"));
    let said = read(&[("export.csv", text)]).unwrap_err().join("; ");
    assert!(said.contains("what each person is"), "{said}");

    // `Example, Ada` under a word that nobody knows.
    let odd = "Key,Who,Job\n9,\"Example, Ada\",Teacher\n";
    let columns = [("id", "Key"), ("name", "who"), ("kind", "Job")];
    let columns = columns.map(|(id, header)| (id.to_owned(), header.to_owned())).into();
    let roster = read_with(&[("a.csv", odd)], &Options { columns, ..Options::default() }).unwrap();
    let ada = &roster.people["9"];
    assert_eq!(
        (ada.name.as_str(), ada.family.as_deref(), ada.kind),
        ("Ada Example", Some("Example"), Some(Kind::Staff))
    );
}

#[test]
fn a_table_of_parents_tells_responsibility_and_what_a_court_restricts() {
    let text = "id,name,kind,children,relationship,parental responsibility,court order\n\
        1,Ada Example,pupil,,,,\n2,Bo Example,pupil,,,,\n\
        7,Di Example,parent,1;2,Mother,yes,\n8,Ed Example,parent,1,Father,no,yes\n9,Flo Example,parent,1,,maybe,\n";
    let roster = read(&[("a.csv", text)]).unwrap();
    let relations = roster.relations.as_ref().unwrap();
    let of = |pupil: &str, adult: &str| relations[&(pupil.to_owned(), adult.to_owned())].clone();
    assert_eq!((of("1", "7").responsibility, of("2", "7").restricted), (Some(true), None));
    assert_eq!((of("1", "8").responsibility, of("1", "8").restricted), (Some(false), Some(true)));
    assert_eq!(relations.len(), 3);
    assert!(
        roster.complaints[0]
            .to_string()
            .contains("line 6: the cell under parental responsibility is neither"),
        "{:?}",
        roster.complaints
    );
}

#[test]
fn what_is_no_text_in_utf_8_says_how_to_save_it() {
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("id,name".bytes().flat_map(|byte| [byte, 0])).collect();
    for (bytes, says) in [
        (utf16, "UTF-16"),
        (b"id,name\n1,Zo\xeb\n".to_vec(), "line 2: a letter is not in UTF-8"),
        (b"id,name\n1,\0\n".to_vec(), "no text"),
        (b"\n\n".to_vec(), "empty"),
        (b",,\n".to_vec(), "empty"),
    ] {
        let files = Files::of("a.csv", bytes).unwrap();
        let said = Roster::read(&files, &Options::default()).unwrap_err();
        assert!(said[0].to_string().contains(says), "{says}: {said:?}");
    }
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn an_archive_is_unpacked_within_bounds_and_never_led_out_of() {
    let files = oneroster_11();
    let packed: Vec<(String, &[u8])> =
        files.iter().map(|(name, text)| (format!("Export/{name}"), text.as_bytes())).collect();
    let packed: Vec<(&str, &[u8])> = packed.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let roster =
        Roster::read(&Files::of("export.zip", zipped(&packed)).unwrap(), &Options::default()).unwrap();
    assert_eq!(roster.people.len(), 4);

    let refused = |bytes: Vec<u8>| Files::of("a.zip", bytes).unwrap_err().to_string();
    for name in ["../users.csv", "a/../../users.csv", "/etc/users.csv", "..\\users.csv", "C:\\users.csv"] {
        assert!(refused(zipped(&[(name, b"a")])).contains("leads out"), "{name}");
    }
    assert!(
        refused(zipped(&[("a/users.csv", b"a"), ("b/Users.csv", b"a")]))
            .contains("two files are called users.csv")
    );
    assert!(refused(zipped(&[("readme.md", b"a")])).contains("no CSV"));
    let many: Vec<String> = (0..201).map(|number| format!("{number}.csv")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"a"[..])).collect();
    assert!(refused(zipped(&many)).contains("more than"));
    // A hundred megabytes of nothing, in a tenth of one.
    let bomb = zipped(&[("users.csv", &vec![b','; 100 * 1024 * 1024])]);
    assert!(bomb.len() < 1024 * 1024, "{}", bomb.len());
    assert!(refused(bomb).contains("more than"));
    let mut cut = zipped(&packed);
    cut.truncate(cut.len() / 2);
    assert!(refused(cut).contains("cannot be unpacked"));
}

/// The files of the roster data, where they are.
fn data() -> Option<PathBuf> {
    let given = std::env::var_os("FIVEBAR_DATA").map(PathBuf::from);
    let place =
        given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let place = place.join("roster/microsoft-sds");
    place.is_dir().then_some(place)
}

#[test]
fn every_shape_that_microsoft_publishes_is_read_whole() {
    let Some(data) = data() else {
        println!("skipped: there is no roster data");
        return;
    };
    let mut read = 0;
    for (folder, shape, people, classes, relations) in [
        ("SDS_v2.1", Shape::SdsV21, 8, 2, 3),
        ("SDS_v2", Shape::SdsV2, 29, 4, 0),
        ("SDS_Format/100_Users", Shape::SdsV1, 98, 28, 0),
        ("SDS_Format/25_Users", Shape::SdsV1, 24, 2, 0),
        ("SDS_Format/Min_Required_Attributes", Shape::SdsV1, 24, 2, 0),
        ("UK_Format/100_Users", Shape::SdsV1, 98, 28, 0),
        ("UK_Format/25_Users", Shape::SdsV1, 24, 28, 0),
        ("UK_Format/Min_Required_Attributes", Shape::SdsV1, 24, 28, 0),
    ] {
        let files = Files::open(&data.join(folder)).unwrap();
        let roster = Roster::read(&files, &Options::default()).unwrap();
        let said: Vec<String> = roster.complaints.iter().map(ToString::to_string).collect();
        assert_eq!(roster.shape, shape, "{folder}");
        let found = (
            roster.people.len(),
            roster.classes.as_ref().map_or(0, BTreeMap::len),
            roster.relations.as_ref().map_or(0, BTreeMap::len),
        );
        assert_eq!(found, (people, classes, relations), "{folder}: {said:?}");
        println!("{folder}: {said:?}");
        read += 1;
    }
    assert_eq!(read, 8);
}

#[test]
fn a_table_without_a_column_of_ids_goes_by_name_and_birthday_where_somebody_says_so() {
    let table = "Pupil;Yr Grp;DOB\nExample, Ada;5;2016-03-02\nExample, Ada;5;2016-04-02\nExample, Ada;6;2016-03-02\nBo Example;wrong;\n;5;\n";
    let refused = read(&[("pupils.csv", table)]).unwrap_err();
    assert!(refused[0].contains("or that there is none"), "{refused:?}");
    let said = [("id", ""), ("name", "Pupil"), ("year", "Yr Grp")];
    let columns = said.map(|(id, heading)| (id.to_owned(), heading.to_owned())).into();
    let options = Options { columns, kind: Some(Kind::Pupil), ..Options::default() };
    let roster = read_with(&[("pupils.csv", table)], &options).unwrap();
    let ids: Vec<&String> = roster.people.keys().collect();
    assert_eq!(ids, ["ada example 2016-03-02", "ada example 2016-04-02"]);
    // The second of one name and birthday, and whose year cannot be read, stay as they are; whoever has no name is named by the line.
    assert!(roster.unread.contains("bo example"), "{:?}", roster.unread);
    assert_eq!(roster.complaints.len(), 3, "{:?}", roster.complaints);
}
